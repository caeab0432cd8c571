// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE
internal import Synchronization

/// Registrations in memory, for tests and for issuers that start anew each time.
public final class MemoryRegistrationStore: RegistrationStore {
    private let records = Mutex(MemoryRegistrations())

    /// A store without registrations.
    public init() {}

    /// As the protocol says.
    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any RegistrationView) throws -> R
    ) async throws -> R {
        try body(MemoryTransaction(records.withLock { $0 }))
    }

    /// As the protocol says.
    public func write<R: Sendable>(
        _ body: @escaping @Sendable (any RegistrationTransaction) throws -> R
    ) async throws -> R {
        try records.withLock { records in
            let transaction = MemoryTransaction(records)
            let result = try body(transaction)
            records = transaction.records
            return result
        }
    }
}

/// What makes two entries alike.
private struct EntryLikeness: Hashable {
    let spiffeID: SPIFFEID
    let parentID: SPIFFEID
    let selectors: Set<Selector>

    init(_ entry: RegistrationEntry) {
        spiffeID = entry.spiffeID
        parentID = entry.parentID
        selectors = entry.selectors
    }
}

private struct MemoryRegistrations {
    var lastPlace: Int64 = 0
    var entries: [String: StoredEntry] = [:]
    var likenesses: [EntryLikeness: String] = [:]
    var agents: [String: AttestedAgent] = [:]
    var tokens: [String: JoinToken] = [:]
    var bundles: [TrustDomain: TrustBundle] = [:]
    var relationships: [TrustDomain: FederationRelationship] = [:]
}

private final class MemoryTransaction: RegistrationTransaction {
    var records: MemoryRegistrations

    init(_ records: MemoryRegistrations) { self.records = records }

    // MARK: Entries

    func entry(_ id: String) -> StoredEntry? { records.entries[id] }

    func entry(like entry: RegistrationEntry) -> StoredEntry? {
        records.likenesses[EntryLikeness(entry)].flatMap { records.entries[$0] }
    }

    func entries(after place: Int64, limit: Int) -> [StoredEntry] {
        Array(records.entries.values.filter { $0.place > place }.sorted { $0.place < $1.place }.prefix(limit))
    }

    func entries(expiredAt seconds: Int64, limit: Int) -> [StoredEntry] {
        Array(
            records.entries.values.filter { $0.entry.isExpired(at: seconds) }.sorted { $0.place < $1.place }
                .prefix(limit))
    }

    func entries(federatingWith domain: TrustDomain) -> [StoredEntry] {
        records.entries.values.filter { $0.entry.federatesWith.contains(domain) }.sorted { $0.place < $1.place }
    }

    func insert(_ entry: RegistrationEntry) throws -> StoredEntry {
        guard records.entries[entry.id] == nil, self.entry(like: entry) == nil else {
            throw IssuerStoreError(.conflict, "another entry is like \(entry.id)")
        }
        records.lastPlace += 1
        let stored = StoredEntry(place: records.lastPlace, entry: entry)
        records.entries[entry.id] = stored
        records.likenesses[EntryLikeness(entry)] = entry.id
        return stored
    }

    func replace(_ entry: RegistrationEntry) throws -> StoredEntry {
        guard let former = records.entries[entry.id] else {
            throw IssuerStoreError(.conflict, "there is no entry \(entry.id)")
        }
        if let similar = self.entry(like: entry), similar.entry.id != entry.id {
            throw IssuerStoreError(.conflict, "another entry is like \(entry.id)")
        }
        let stored = StoredEntry(place: former.place, entry: entry)
        records.likenesses[EntryLikeness(former.entry)] = nil
        records.likenesses[EntryLikeness(entry)] = entry.id
        records.entries[entry.id] = stored
        return stored
    }

    func deleteEntry(_ id: String) -> Bool {
        guard let stored = records.entries.removeValue(forKey: id) else { return false }
        records.likenesses[EntryLikeness(stored.entry)] = nil
        return true
    }

    // MARK: Agents

    func agent(_ id: SPIFFEID) -> AttestedAgent? { records.agents[id.description] }

    func agents(after id: SPIFFEID?, limit: Int) -> [AttestedAgent] {
        let start = id?.description.utf8
        return Array(
            records.agents.values.filter { agent in
                start.map { $0.lexicographicallyPrecedes(agent.id.description.utf8) } ?? true
            }.sorted { $0.id.description.utf8.lexicographicallyPrecedes($1.id.description.utf8) }.prefix(limit))
    }

    func put(_ agent: AttestedAgent) { records.agents[agent.id.description] = agent }

    func deleteAgent(_ id: SPIFFEID) -> Bool { records.agents.removeValue(forKey: id.description) != nil }

    func insert(_ token: JoinToken) -> Bool {
        guard records.tokens[token.value] == nil else { return false }
        records.tokens[token.value] = token
        return true
    }

    func takeJoinToken(_ value: String) -> JoinToken? { records.tokens.removeValue(forKey: value) }

    func deleteJoinTokens(expiredBefore seconds: Int64) -> Int {
        let before = records.tokens.count
        records.tokens = records.tokens.filter { $0.value.expiresAt >= seconds }
        return before - records.tokens.count
    }

    // MARK: Federation

    func bundle(of domain: TrustDomain) -> TrustBundle? { records.bundles[domain] }

    func bundles(after domain: TrustDomain?, limit: Int) -> [TrustBundle] {
        Self.page(records.bundles, after: domain, limit)
    }

    func bundleCount() -> Int { records.bundles.count }

    func put(_ bundle: TrustBundle) { records.bundles[bundle.trustDomain] = bundle }

    func deleteBundle(of domain: TrustDomain) -> Bool { records.bundles.removeValue(forKey: domain) != nil }

    func relationship(with domain: TrustDomain) -> FederationRelationship? { records.relationships[domain] }

    func relationships(after domain: TrustDomain?, limit: Int) -> [FederationRelationship] {
        Self.page(records.relationships, after: domain, limit)
    }

    func put(_ relationship: FederationRelationship) { records.relationships[relationship.trustDomain] = relationship }

    func deleteRelationship(with domain: TrustDomain) -> Bool {
        records.relationships.removeValue(forKey: domain) != nil
    }

    private static func page<Value>(_ values: [TrustDomain: Value], after domain: TrustDomain?, _ limit: Int) -> [Value]
    {
        values.filter { entry in domain.map { $0 < entry.key } ?? true }.sorted { $0.key < $1.key }.prefix(limit)
            .map(\.value)
    }
}
