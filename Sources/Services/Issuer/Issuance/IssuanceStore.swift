// SPDX-License-Identifier: Apache-2.0

public import Transparency

/// Where issuances are kept: the record, its leaf in the log and the audit record, together or not at all.
///
/// The log's tree (RFC 6962) grows in the same transaction: after every commit it is the tree of all leaves.
/// Nothing is handed to anybody before ``commit(_:)`` has returned.
public protocol IssuanceStore: Sendable {
    /// Appends a batch in one transaction, durable when this returns. Batches that come at the same time may share a
    /// synchronisation of the medium; each fails alone.
    /// - Returns: the index of each issuance's leaf, in order.
    /// - Throws: ``IssuerStoreError``.
    func commit(_ batch: IssuanceBatch) async throws -> [UInt64]
    /// How many leaves there are.
    /// - Throws: ``IssuerStoreError``.
    func leafCount() async throws -> UInt64
    /// Size and root of the log's tree. Nobody signs it yet: it binds whoever wrote it down, and nobody else.
    /// - Throws: ``IssuerStoreError``.
    func root() async throws -> TreeRoot
    /// Proves that the tree of now has a leaf at a place; nil when there is no such leaf. Reads as many hashes as the
    /// tree is high, not as many as there are leaves.
    /// - Throws: ``IssuerStoreError``.
    func inclusionProof(of index: UInt64) async throws -> ProvenIssuance?
    /// Proves that the tree of now begins with the first `size` leaves; nil for no leaves and for more than there are.
    /// - Throws: ``IssuerStoreError``.
    func consistencyProof(from size: UInt64) async throws -> ProvenGrowth?
    /// Places of the issuances with a serial number in hex, or with a `jti`; in order. May look at every issuance.
    /// - Throws: ``IssuerStoreError``.
    func leaves(named serial: String) async throws -> [UInt64]
    /// Issuances in the order of their leaves.
    /// - Throws: ``IssuerStoreError``.
    func issuances(from index: UInt64, limit: Int) async throws -> [StoredIssuance]
    /// Audit records in order.
    /// - Throws: ``IssuerStoreError``.
    func auditRecords(from index: UInt64, limit: Int) async throws -> [AuditRecord]
    /// Where the chain of audit records stands.
    /// - Throws: ``IssuerStoreError``.
    func auditHead() async throws -> AuditChain.Position
}

/// What is appended at once.
public struct IssuanceBatch: Sendable {
    /// The issuances, each with its audit event.
    public let issuances: [(record: IssuanceRecord, event: AuditEvent)]
    /// Further audit events, such as refusals.
    public let events: [AuditEvent]
    /// How leaves hide whom they name; nil where there are none.
    private let blinding: LeafBlinding?

    /// Joins the parts.
    public init(
        issuances: [(record: IssuanceRecord, event: AuditEvent)] = [], events: [AuditEvent] = [],
        blinding: LeafBlinding
    ) {
        self.issuances = issuances
        self.events = events
        self.blinding = blinding
    }

    /// Audit events alone.
    public init(events: [AuditEvent]) {
        issuances = []
        self.events = events
        blinding = nil
    }

    /// The leaf of one of the issuances at its place in the log.
    /// - Throws: ``IssuerError`` when the record can't be written.
    public func leaf(of record: IssuanceRecord, at index: UInt64) throws(IssuerError) -> [UInt8] {
        guard let blinding else { throw IssuerError(.internal, "issuance can't be recorded", detail: "no blinding") }
        return try record.leaf(at: index, blinding: blinding)
    }
}

/// An issuance with its place in the log.
public struct StoredIssuance: Hashable, Sendable {
    /// Index of the leaf.
    public let index: UInt64
    /// What was signed.
    public let record: IssuanceRecord
    /// The leaf.
    public let leaf: [UInt8]

    /// The hash of the leaf in the log's tree.
    public var leafHash: TreeHash { TreeHash.leaf(leaf) }

    /// Joins the parts.
    public init(index: UInt64, record: IssuanceRecord, leaf: [UInt8]) {
        self.index = index
        self.record = record
        self.leaf = leaf
    }
}
