// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import Synchronization
internal import Transparency

/// Counts what an issuer signs, and what it may not.
final class IssuanceMeter: Sendable {
    private struct Counts {
        var signed: [IssuanceRecord.Kind: UInt64] = [:]
        var refused: [IssuanceRecord.Kind: UInt64] = [:]
        var storeFailures: UInt64 = 0
    }

    private let counts = Mutex(Counts())

    /// How much was signed and recorded.
    func signed(_ kind: IssuanceRecord.Kind) -> UInt64 { counts.withLock { $0.signed[kind] ?? 0 } }
    /// How much the issuer's authority did not allow.
    func refused(_ kind: IssuanceRecord.Kind) -> UInt64 { counts.withLock { $0.refused[kind] ?? 0 } }
    /// How much could not be recorded.
    var storeFailures: UInt64 { counts.withLock { $0.storeFailures } }

    fileprivate func recorded(_ kinds: [IssuanceRecord.Kind]) {
        counts.withLock { counts in for kind in kinds { counts.signed[kind, default: 0] += 1 } }
    }

    fileprivate func refuse(_ kind: IssuanceRecord.Kind) { counts.withLock { $0.refused[kind, default: 0] += 1 } }

    fileprivate func fail(_ count: Int) { counts.withLock { $0.storeFailures += UInt64(count) } }
}

/// A store whose issuances are counted once they are durable.
struct MeteredIssuances: IssuanceStore {
    let store: any IssuanceStore
    let meter: IssuanceMeter

    func commit(_ batch: IssuanceBatch) async throws -> [UInt64] {
        do {
            let places = try await store.commit(batch)
            meter.recorded(batch.issuances.map(\.record.kind))
            return places
        } catch {
            meter.fail(batch.issuances.count)
            throw error
        }
    }

    func leafCount() async throws -> UInt64 { try await store.leafCount() }

    func root() async throws -> TreeRoot { try await store.root() }

    func inclusionProof(of index: UInt64) async throws -> ProvenIssuance? {
        try await store.inclusionProof(of: index)
    }

    func consistencyProof(from size: UInt64) async throws -> ProvenGrowth? {
        try await store.consistencyProof(from: size)
    }

    func leaves(named serial: String) async throws -> [UInt64] { try await store.leaves(named: serial) }

    func issuances(from index: UInt64, limit: Int) async throws -> [StoredIssuance] {
        try await store.issuances(from: index, limit: limit)
    }

    func auditRecords(from index: UInt64, limit: Int) async throws -> [AuditRecord] {
        try await store.auditRecords(from: index, limit: limit)
    }

    func auditHead() async throws -> AuditChain.Position { try await store.auditHead() }
}

/// An authorizer whose refusals are counted.
struct MeteredAuthorizer: IssuanceAuthorizer {
    let authorizer: any IssuanceAuthorizer
    let meter: IssuanceMeter

    func decide(about proposal: IssuanceProposal) async -> IssuanceDecision {
        let decision = await authorizer.decide(about: proposal)
        if case .refused = decision { meter.refuse(proposal.kind) }
        return decision
    }
}
