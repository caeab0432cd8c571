// SPDX-License-Identifier: Apache-2.0

import Issuer
import Synchronization
import Transparency

/// A store in memory that counts commits and fails when a test says so.
final class CountingIssuanceStore: IssuanceStore {
    private let inner = MemoryIssuanceStore()
    private let state = Mutex<(commits: Int, failure: IssuerStoreError?)>((0, nil))

    var commits: Int { state.withLock { $0.commits } }
    func fails(with error: IssuerStoreError?) { state.withLock { $0.failure = error } }

    func commit(_ batch: IssuanceBatch) throws -> [UInt64] {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        state.withLock { $0.commits += 1 }
        return try inner.commit(batch)
    }

    func leafCount() -> UInt64 { inner.leafCount() }
    func root() -> TreeRoot { inner.root() }
    func inclusionProof(of index: UInt64) throws -> ProvenIssuance? { try inner.inclusionProof(of: index) }
    func consistencyProof(from size: UInt64) throws -> ProvenGrowth? { try inner.consistencyProof(from: size) }
    func leaves(named serial: String) -> [UInt64] { inner.leaves(named: serial) }
    func issuances(from index: UInt64, limit: Int) -> [StoredIssuance] { inner.issuances(from: index, limit: limit) }
    func auditRecords(from index: UInt64, limit: Int) -> [AuditRecord] {
        inner.auditRecords(from: index, limit: limit)
    }
    func auditHead() -> AuditChain.Position { inner.auditHead() }
}
