// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// All registration entries at one moment, indexed in memory: what lists, counts and agents are answered from.
///
/// A value: who holds one sees no later change, and a change costs what it touches, not what there is.
public struct EntrySnapshot: Sendable {
    /// Counts the batches of changes that led here.
    public internal(set) var number: UInt64 = 0
    private var byID = PartedMap<String, PlacedEntry>()
    private var byParent = PartedMap<SPIFFEID, EntryOrder>()
    private var order = EntryOrder()
    /// Entries with rights at the issuer, by whom they name; few.
    private var privileged: [SPIFFEID: EntryOrder] = [:]
    /// Entries under the server itself, each under the least of its selectors: an agent looks up its own selectors.
    private var aliases = PartedMap<Selector, EntryOrder>()
    private let server: SPIFFEID

    /// A snapshot without entries. `server` is the parent of entries that name several nodes.
    init(server: SPIFFEID) { self.server = server }

    // MARK: Reading

    /// How many entries there are.
    public var count: Int { byID.count }

    /// The entry of an ID, expired ones too.
    public subscript(id: String) -> RegistrationEntry? { byID[id]?.entry }

    /// Hands out entries in the order of their creation until `body` says false.
    func forEach(after place: Int64 = .min, _ body: (PlacedEntry) -> Bool) { order.forEach(after: place, body) }

    /// Hands out the entries under one parent in the order of their creation until `body` says false.
    func forEach(under parent: SPIFFEID, after place: Int64 = .min, _ body: (PlacedEntry) -> Bool) {
        byParent[parent]?.forEach(after: place, body)
    }

    /// Whether an unexpired entry gives an identity the rights of an administrator, of a downstream server.
    public func rights(of id: SPIFFEID, at seconds: Int64) -> (isAdmin: Bool, isDownstream: Bool) {
        var rights = (isAdmin: false, isDownstream: false)
        privileged[id]?.forEach { placed in
            guard !placed.entry.isExpired(at: seconds) else { return true }
            if placed.entry.isAdmin { rights.isAdmin = true }
            if placed.entry.isDownstream { rights.isDownstream = true }
            return true
        }
        return rights
    }

    /// The entries that an agent may serve, in the order of their IDs.
    ///
    /// Those under the agent itself and under the names that its selectors earn it, then those under the SPIFFE ID of
    /// any entry found, and so on. Each ID is followed once, so circles end. Facts (SPIFFE) 11.2.
    public func authorizedEntries(
        of agent: SPIFFEID, selectors: Set<Selector>, at seconds: Int64
    ) -> [RegistrationEntry] {
        // References are sorted, since an entry has many parts; and IDs are ASCII, so that texts sort as their bytes do.
        var found: [PlacedEntry] = []
        _ = followed(from: names(of: agent, selectors, at: seconds), at: seconds) { found.append($0) }
        return found.sorted { $0.entry.id < $1.entry.id }.map(\.entry)
    }

    /// Those of some entries that an agent may serve, by their IDs.
    ///
    /// The agent's other entries are only looked at for one that is neither under the agent itself nor under a name that
    /// its selectors earn it.
    public func authorizedEntries(
        _ ids: Set<String>, of agent: SPIFFEID, selectors: Set<Selector>, at seconds: Int64
    ) -> [String: RegistrationEntry] {
        var wanted: [String: RegistrationEntry] = [:]
        for id in ids {
            guard let entry = self[id], !entry.isExpired(at: seconds) else { continue }
            wanted[id] = entry
        }
        var parents = names(of: agent, selectors, at: seconds)
        if !wanted.values.allSatisfy({ parents.contains($0.parentID) }) {
            parents = followed(from: parents, at: seconds) { _ in }
        }
        return wanted.filter { parents.contains($0.value.parentID) }
    }

    /// The agent's own ID, and what the entries under the server call a node like it.
    private func names(of agent: SPIFFEID, _ selectors: Set<Selector>, at seconds: Int64) -> Set<SPIFFEID> {
        var names: Set<SPIFFEID> = [agent]
        for selector in selectors {
            aliases[selector]?.forEach { placed in
                let alias = placed.entry
                if alias.matches(selectors), !alias.isExpired(at: seconds) { names.insert(alias.spiffeID) }
                return true
            }
        }
        return names
    }

    /// Follows names to the entries under them, and the names of those.
    /// - Returns: every name that was followed.
    private func followed(
        from names: Set<SPIFFEID>, at seconds: Int64, _ body: (PlacedEntry) -> Void
    ) -> Set<SPIFFEID> {
        var followed = names
        var waiting = Array(names)
        while let parent = waiting.popLast() {
            byParent[parent]?.forEach { placed in
                guard !placed.entry.isExpired(at: seconds) else { return true }
                body(placed)
                if followed.insert(placed.entry.spiffeID).inserted { waiting.append(placed.entry.spiffeID) }
                return true
            }
        }
        return followed
    }

    // MARK: Changing

    /// Takes a new or changed entry in.
    mutating func put(_ placed: PlacedEntry) {
        if let former = byID[placed.entry.id] { unlink(former) }
        byID[placed.entry.id] = placed
        order.put(placed)
        byParent.change(placed.entry.parentID) { $0 = Self.adding(placed, to: $0.take()) }
        if placed.entry.isAdmin || placed.entry.isDownstream {
            privileged[placed.entry.spiffeID] = Self.adding(
                placed, to: privileged.removeValue(forKey: placed.entry.spiffeID))
        }
        if placed.entry.parentID == server, let least = placed.entry.selectors.min() {
            aliases.change(least) { $0 = Self.adding(placed, to: $0.take()) }
        }
    }

    /// Takes an entry out, if it is there.
    mutating func remove(_ id: String) {
        guard let placed = byID[id] else { return }
        unlink(placed)
        order.remove(placed.place)
        byID[id] = nil
    }

    private mutating func unlink(_ placed: PlacedEntry) {
        byParent.change(placed.entry.parentID) { $0 = Self.removing(placed.place, from: $0.take()) }
        if let rest = privileged.removeValue(forKey: placed.entry.spiffeID) {
            privileged[placed.entry.spiffeID] = Self.removing(placed.place, from: rest)
        }
        if placed.entry.parentID == server, let least = placed.entry.selectors.min() {
            aliases.change(least) { $0 = Self.removing(placed.place, from: $0.take()) }
        }
    }

    private static func adding(_ placed: PlacedEntry, to order: consuming EntryOrder?) -> EntryOrder {
        var order = order ?? EntryOrder()
        order.put(placed)
        return order
    }

    private static func removing(_ place: Int64, from order: consuming EntryOrder?) -> EntryOrder? {
        guard var order else { return nil }
        order.remove(place)
        return order.isEmpty ? nil : order
    }
}
