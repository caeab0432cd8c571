// SPDX-License-Identifier: Apache-2.0

private import Synchronization
public import Transparency

/// Issuances in memory, for tests and for servers that may forget.
public final class MemoryIssuanceStore: IssuanceStore {
    private struct Content {
        var issuances: [StoredIssuance] = []
        var audit: [AuditRecord] = []
        var head = AuditChain.Position.start
        var tree = MemoryTree()
    }

    private let content = Mutex(Content())

    /// An empty store.
    public init() {}

    /// Appends a batch.
    public func commit(_ batch: IssuanceBatch) throws -> [UInt64] {
        try content.withLock { content in
            var issuances: [StoredIssuance] = []
            var audit: [AuditRecord] = []
            var head = content.head
            func append(_ event: AuditEvent) throws(IssuerError) {
                let record = AuditRecord(index: head.count, previous: head.digest, content: try event.encoded())
                audit.append(record)
                head = AuditChain.Position(count: record.index + 1, digest: record.digest)
            }
            for (record, event) in batch.issuances {
                let index = UInt64(content.issuances.count + issuances.count)
                let leaf = try batch.leaf(of: record, at: index)
                issuances.append(StoredIssuance(index: index, record: record, leaf: leaf))
                try append(event.placed(at: index))
            }
            for event in batch.events { try append(event) }
            for issuance in issuances { try content.tree.append(issuance.leaf) }
            content.issuances += issuances
            content.audit += audit
            content.head = head
            return issuances.map(\.index)
        }
    }

    /// How many leaves there are.
    public func leafCount() -> UInt64 { content.withLock { UInt64($0.issuances.count) } }

    /// Size and root of the log's tree.
    public func root() -> TreeRoot { content.withLock { $0.tree.frontier.treeRoot } }

    /// Proves that the tree of now has a leaf.
    public func inclusionProof(of index: UInt64) throws -> ProvenIssuance? {
        try content.withLock { content in
            let root = content.tree.frontier.treeRoot
            guard index < root.size else { return nil }
            return ProvenIssuance(
                issuance: content.issuances[Int(index)],
                proof: try InclusionProof(ofLeaf: index, size: root.size, from: content.tree), root: root.hash)
        }
    }

    /// Proves that the tree of now begins with the first `size` leaves.
    public func consistencyProof(from size: UInt64) throws -> ProvenGrowth? {
        try content.withLock { try ProvenGrowth(from: size, to: $0.tree.frontier.treeRoot, in: $0.tree) }
    }

    /// Places of the issuances with a serial number or `jti`.
    public func leaves(named serial: String) -> [UInt64] {
        content.withLock { content in content.issuances.filter { $0.record.serial == serial }.map(\.index) }
    }

    /// Issuances in the order of their leaves.
    public func issuances(from index: UInt64, limit: Int) -> [StoredIssuance] {
        content.withLock { content in
            Array(content.issuances.dropFirst(Int(clamping: index)).prefix(max(0, limit)))
        }
    }

    /// Audit records in order.
    public func auditRecords(from index: UInt64, limit: Int) -> [AuditRecord] {
        content.withLock { content in Array(content.audit.dropFirst(Int(clamping: index)).prefix(max(0, limit))) }
    }

    /// Where the chain of audit records stands.
    public func auditHead() -> AuditChain.Position { content.withLock { $0.head } }
}

extension AuditEvent {
    /// The event of an issuance, with the index of its leaf, which ties both chains together.
    package func placed(at leaf: UInt64) -> AuditEvent {
        AuditEvent(
            at: at, actor: actor, action: action, subject: subject, outcome: outcome,
            details: details.merging(["leaf": String(leaf)]) { $1 })
    }
}
