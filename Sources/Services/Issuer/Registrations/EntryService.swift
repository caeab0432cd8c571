// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Registration entries: make, change, remove, find, and say which an agent may serve. Facts (SPIFFE) 11, 15.4.
///
/// Batches are one transaction; each item has its own result, and a refused item keeps no other back.
public final class EntryService: Sendable {
    let directory: RegistrationDirectory
    private let clock: any IssuerClock
    private let random: RandomSource
    private let identifiers: IdentifierRules
    private let rules: EntryRules

    /// Serves the entries of a directory.
    /// - Parameter random: for the IDs of entries.
    public init(
        _ directory: RegistrationDirectory, clock: any IssuerClock, random: RandomSource = .system
    ) {
        self.directory = directory
        self.clock = clock
        self.random = random
        identifiers = IdentifierRules(trustDomain: directory.trustDomain)
        rules = EntryRules(identifiers: identifiers)
    }

    // MARK: Changing

    /// Makes entries. One that is like another (same identity, parent and selectors) is refused as `alreadyExists`,
    /// and the result carries the other. Facts (SPIFFE) 11.3.
    /// - Throws: `internal` when the store fails; nothing was kept then.
    public func create(_ drafts: [EntryDraft]) async throws(IssuerError) -> [ItemResult<RegistrationEntry>] {
        let now = clock.now().seconds
        let prepared = drafts.map { draft in
            Result { () throws(IssuerError) in
                var entry = try rules.entry(draft, id: try draft.id.isEmpty ? freshID() : rules.entryID(draft.id))
                entry.createdAt = now
                return entry
            }
        }
        return try await directory.change("create entries") { edit in
            try prepared.map { prepared in
                switch prepared {
                case .failure(let refusal): ItemResult(refusal)
                case .success(let entry): try Self.create(entry, edit)
                }
            }
        }
    }

    static func create(
        _ entry: RegistrationEntry, _ edit: RegistrationEdit
    ) throws -> ItemResult<RegistrationEntry> {
        if let similar = try edit.records.entry(like: entry) {
            return ItemResult(IssuerError(.alreadyExists, "similar entry already exists"), value: similar.entry)
        }
        if try edit.records.entry(entry.id) != nil {
            return ItemResult(IssuerError(.alreadyExists, "entry with this ID already exists"))
        }
        if let missing = try missingBundle(entry, edit.records) {
            return ItemResult(IssuerError(.internal, "failed to create entry: \(missing)"))
        }
        return ItemResult(try edit.insert(entry))
    }

    /// Changes entries: the members of `mask`, or without a mask all of them, also those that a draft leaves empty.
    /// - Throws: `internal` when the store fails; nothing was kept then.
    public func update(
        _ drafts: [EntryDraft], mask: EntryMask? = nil
    ) async throws(IssuerError) -> [ItemResult<RegistrationEntry>] {
        let rules = self.rules
        return try await directory.change("update entries") { edit in
            try drafts.map { draft in
                guard let stored = try edit.records.entry(draft.id) else {
                    return ItemResult(IssuerError(.notFound, "entry not found"))
                }
                var entry: RegistrationEntry
                do throws(IssuerError) {
                    entry = try rules.entry(
                        EntryDraft(stored.entry).taking(mask ?? .all, from: draft), id: stored.entry.id)
                } catch {
                    return ItemResult(error)
                }
                entry.createdAt = stored.entry.createdAt
                entry.revision = stored.entry.revision + 1
                if let similar = try edit.records.entry(like: entry), similar.entry.id != entry.id {
                    return ItemResult(
                        IssuerError(.alreadyExists, "similar entry already exists"), value: similar.entry)
                }
                if let missing = try Self.missingBundle(entry, edit.records) {
                    return ItemResult(IssuerError(.internal, "failed to update entry: \(missing)"))
                }
                return ItemResult(try edit.replace(entry))
            }
        }
    }

    /// Removes entries by their IDs.
    /// - Throws: `internal` when the store fails; nothing was removed then.
    public func delete(_ ids: [String]) async throws(IssuerError) -> [ItemResult<String>] {
        try await directory.change("delete entries") { edit in
            try ids.map { id in
                guard !id.isEmpty else {
                    return ItemResult(IssuerError(.invalidArgument, "missing entry ID"), value: id)
                }
                return try edit.deleteEntry(id)
                    ? ItemResult(id) : ItemResult(IssuerError(.notFound, "entry not found"), value: id)
            }
        }
    }

    /// Removes entries whose time is over, at most `limit`; says which.
    /// - Throws: `internal` when the store fails.
    public func removeExpired(limit: Int = 1000) async throws(IssuerError) -> [String] {
        let now = clock.now().seconds
        return try await directory.change("remove expired entries") { edit in
            let expired = try edit.records.entries(expiredAt: now, limit: limit).map(\.entry.id)
            for id in expired { _ = try edit.deleteEntry(id) }
            return expired
        }
    }

    // MARK: Finding

    /// The entry of an ID.
    /// - Throws: `invalidArgument` for no ID, `notFound`.
    public func entry(_ id: String) throws(IssuerError) -> RegistrationEntry {
        guard !id.isEmpty else { throw IssuerError(.invalidArgument, "missing entry ID") }
        guard let entry = directory.snapshot[id] else { throw IssuerError(.notFound, "entry not found") }
        return entry
    }

    /// A page of the entries that pass a filter, in the order of their creation.
    /// - Parameters:
    ///   - pageSize: most entries of the page; 0 for all.
    ///   - pageToken: ``Page/nextToken`` of the page before; empty for the first.
    /// - Throws: `invalidArgument` for a filter that can't be read or a token that is none.
    public func list(
        _ filter: EntryFilter = EntryFilter(), pageSize: Int = 0, pageToken: String = ""
    ) throws(IssuerError) -> Page<RegistrationEntry> {
        var start = Int64.min
        if !pageToken.isEmpty {
            guard let place = Int64(pageToken), place >= 0, String(place) == pageToken else {
                throw IssuerError(.invalidArgument, "could not parse token '\(pageToken)'")
            }
            start = place
        }
        guard pageSize >= 0 else { throw IssuerError(.invalidArgument, "page size must not be negative") }
        var found: [RegistrationEntry] = []
        var last: Int64 = 0
        var isMore = false
        try forEach(filter, after: start) { placed in
            guard pageSize == 0 || found.count < pageSize else {
                isMore = true
                return false
            }
            found.append(placed.entry)
            last = placed.place
            return true
        }
        return Page(found, nextToken: isMore ? String(last) : "")
    }

    /// How many entries pass a filter.
    /// - Throws: `invalidArgument` for a filter that can't be read.
    public func count(_ filter: EntryFilter = EntryFilter()) throws(IssuerError) -> Int {
        var count = 0
        try forEach(filter, after: .min) { _ in
            count += 1
            return true
        }
        return count
    }

    private func forEach(
        _ filter: EntryFilter, after place: Int64, _ body: (PlacedEntry) -> Bool
    ) throws(IssuerError) {
        let conditions = try EntryConditions(filter, identifiers)
        let passing = { (placed: PlacedEntry) -> Bool in conditions.hold(for: placed.entry) ? body(placed) : true }
        let snapshot = directory.snapshot
        if let parent = conditions.parentID {
            snapshot.forEach(under: parent, after: place, passing)
        } else {
            snapshot.forEach(after: place, passing)
        }
    }

    // MARK: Agents

    /// The entries that an agent may serve now, in the order of their IDs.
    /// - Throws: `notFound` when there is no such agent, `internal` when the store fails.
    public func authorizedEntries(of agent: SPIFFEID) async throws(IssuerError) -> [RegistrationEntry] {
        let selectors = try await matchedSelectors(of: agent)
        return directory.snapshot.authorizedEntries(of: agent, selectors: selectors, at: clock.now().seconds)
    }

    /// The entry of an ID, if an agent may serve it.
    /// - Throws: `notFound` with one text for both: no such entry, or not the agent's. Facts (SPIFFE) 15.4.
    public func authorizedEntry(_ id: String, of agent: SPIFFEID) async throws(IssuerError) -> RegistrationEntry {
        guard let entry = try await authorizedEntries([id], of: agent)[id] else {
            throw IssuerError(.notFound, "entry not found or not authorized")
        }
        return entry
    }

    /// Those of some entries that an agent may serve, by their IDs; the others are left out.
    /// - Throws: `notFound` when there is no such agent, `internal` when the store fails.
    public func authorizedEntries(
        _ ids: Set<String>, of agent: SPIFFEID
    ) async throws(IssuerError) -> [String: RegistrationEntry] {
        let selectors = try await matchedSelectors(of: agent)
        return directory.snapshot.authorizedEntries(ids, of: agent, selectors: selectors, at: clock.now().seconds)
    }

    /// The conversation in which an agent brings its entries up to date; see ``EntrySync``.
    /// - Throws: `notFound` when there is no such agent, `internal` when the store fails.
    public func sync(for agent: SPIFFEID) async throws(IssuerError) -> EntrySync {
        EntrySync(entries: try await authorizedEntries(of: agent))
    }

    /// What was found of a node, and its own ID as agents that joined by a token are matched by it too.
    func matchedSelectors(of agent: SPIFFEID) async throws(IssuerError) -> Set<Selector> {
        let known = try await directory.read("read agent") { try $0.agent(agent) }
        guard let known else { throw IssuerError(.notFound, "agent not found") }
        return known.matchedSelectors
    }

    // MARK: Parts

    private static func missingBundle(_ entry: RegistrationEntry, _ records: any FederationView) throws -> String? {
        for domain in entry.federatesWith.sorted() where try records.bundle(of: domain) == nil {
            return "unable to find federated bundle \"\(domain.id)\""
        }
        return nil
    }

    private func freshID() throws(IssuerError) -> String { UUIDText.version4(try random.bytes(16)) }
}
