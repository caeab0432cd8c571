// SPDX-License-Identifier: Apache-2.0

public import KERI

/// How an accepted credential stands at the moment of asking, with everything that it builds upon. Nothing of it is kept:
/// a revocation, a recovery of the issuer or the revocation of a credential further down changes it.
public struct CredentialVerdict: Hashable, Sendable {
    /// How it stands. The raw values are stable codes.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Issued, not revoked, and so is everything that it builds upon.
        case valid
        /// Its issuer revoked it.
        case revoked
        /// The event that sealed its issuance was superseded by a recovery, and nothing else seals it.
        case unanchored
        /// Something that it builds upon was revoked.
        case edgeRevoked = "edge-revoked"
        /// Something that it builds upon does not fit.
        case edgeBroken = "edge-broken"
        /// Its issuer, or that of something that it builds upon, has signed two events for one place: nothing of it counts.
        case duplicitous
        /// Something that it builds upon is not here, or not known to stand.
        case undecided
        /// It is not here itself.
        case unknown
    }

    /// The credential.
    public let credential: SAID
    /// How it stands.
    public let state: State
    /// What its registry says of it, nil when nothing.
    public let status: CredentialStatus?
    /// What speaks against it, in words; empty when it is valid.
    public let reasons: [CredentialReason]
    /// What may change an undecided verdict.
    public let waitsFor: Set<CredentialArrival>
    /// The credentials that were looked at, this one first. One that is not here is among them.
    public let chain: [SAID]

    /// Whether it can be relied upon, as far as this store knows.
    public var isValid: Bool { state == .valid }
}

extension CredentialView {
    /// How an accepted credential stands now, as far as this store knows.
    /// - Throws: ``StoreError``.
    public func verdict(of said: SAID, limits: ChainLimits = .standard) throws -> CredentialVerdict {
        guard let credential = try credential(said) else {
            return CredentialVerdict(
                credential: said, state: .unknown, status: nil,
                reasons: [CredentialReason(.missingChain, said, "credential \(said) is not here")],
                waitsFor: [.credential(said)], chain: [said])
        }
        var found: CredentialStatus?
        if let registry = credential.registry { found = try status(of: said, in: registry) }
        var evaluator = ChainEvaluator(self, limits: limits)
        let standing = try evaluator.standing(of: said, depth: 0)
        let state: CredentialVerdict.State
        var reasons: [CredentialReason] = []
        var arrivals: Set<CredentialArrival> = []
        switch standing {
        case .holds:
            let missing = try evaluator.visited.compactMap { try announcement(about: $0) }
            let contradictions = try evaluator.visited.compactMap { try contradiction(about: $0) }
            state = !contradictions.isEmpty ? .duplicitous : missing.isEmpty ? .valid : .undecided
            reasons = contradictions + missing
            arrivals = Set(missing.map { .status($0.credential) })
        case .broken(let code, let against):
            state = found?.isRevoked == true ? .revoked : code == .edgeRevoked ? .edgeRevoked : .edgeBroken
            reasons = against
        case .exhausted(let reason):
            state = .edgeBroken
            reasons = [reason]
        case .unknown(let waiting, let missing):
            var stands = false
            if let found { stands = try isAnchored(found) }
            state = stands ? .undecided : .unanchored
            reasons = missing
            arrivals = waiting
        }
        return CredentialVerdict(
            credential: said, state: state, status: found, reasons: reasons, waitsFor: arrivals,
            chain: evaluator.visited)
    }

    /// Whether there is evidence that the issuer of a credential contradicts itself; nil when there is none.
    private func contradiction(about said: SAID) throws -> CredentialReason? {
        guard let credential = try credential(said), try !keyEvents.duplicities(of: credential.issuer).isEmpty else {
            return nil
        }
        return CredentialReason(
            CredentialVerdict.State.duplicitous.rawValue, said, edge: nil,
            "the issuer \(credential.issuer) has signed two events for one place of its log")
    }

    /// Whether the issuer's log seals an event of a credential that is not here, as a revocation whose message was lost or
    /// is kept back; nil when it does not.
    private func announcement(about said: SAID) throws -> CredentialReason? {
        guard let credential = try credential(said), let registry = credential.registry,
            let status = try status(of: said, in: registry),
            let start = try keyEvents.record(
                of: credential.issuer, at: status.issuanceAnchor.sn, said: status.issuanceAnchor.said)
        else { return nil }
        var ordinal = start.ordinal
        while true {
            // Events of every branch are looked at: a revocation counts wherever it was sealed.
            let records = try keyEvents.records(of: credential.issuer, from: ordinal, limit: 256)
            for record in records {
                for case .event(let seal)? in record.seals
                where seal.aid.primitive == said.primitive && seal.sn > status.sn {
                    return CredentialReason(
                        .outOfOrder, said,
                        "the log of \(credential.issuer) seals event \(seal.sn) of it, perhaps a revocation, which is not here"
                    )
                }
            }
            guard let last = records.last else { return nil }
            ordinal = last.ordinal + 1
        }
    }
}
