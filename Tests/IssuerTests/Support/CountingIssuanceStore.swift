// SPDX-License-Identifier: Apache-2.0

import Issuer
import Synchronization

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
    func issuances(from index: UInt64, limit: Int) -> [StoredIssuance] { inner.issuances(from: index, limit: limit) }
    func auditRecords(from index: UInt64, limit: Int) -> [AuditRecord] {
        inner.auditRecords(from: index, limit: limit)
    }
    func auditHead() -> AuditChain.Position { inner.auditHead() }
}
