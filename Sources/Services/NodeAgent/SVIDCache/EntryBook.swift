// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// The entries that the agent may serve, found by what attestation finds of a workload.
///
/// Each entry stands under its smallest selector only. Whoever has all selectors of an entry has that one, so looking
/// under each selector of a workload finds every entry that can match, and few others.
struct EntryBook: Sendable {
    private(set) var entries: [String: RegistrationEntry] = [:]
    private var ids: [Selector: Set<String>] = [:]

    /// Which state of which entries there is, in order of their ids.
    var revisions: [EntryRevision] { entries.values.map(EntryRevision.init(of:)).sorted { $0.id < $1.id } }

    /// The trust domains whose bundles some entry wants.
    var federatedDomains: Set<TrustDomain> {
        entries.values.reduce(into: []) { $0.formUnion($1.federatesWith) }
    }

    /// Takes an entry in, in place of one with the same id.
    mutating func put(_ entry: RegistrationEntry) {
        remove(entry.id)
        // An entry without selectors is for nobody; it is kept so that the issuer does not send it again and again.
        entries[entry.id] = entry
        if let key = entry.selectors.min() { ids[key, default: []].insert(entry.id) }
    }

    /// Removes an entry.
    mutating func remove(_ id: String) {
        guard let old = entries.removeValue(forKey: id), let key = old.selectors.min() else { return }
        ids[key]?.remove(id)
        if ids[key]?.isEmpty == true { ids[key] = nil }
    }

    /// The entries all of whose selectors are among the found ones.
    func matching(_ found: Set<Selector>) -> [RegistrationEntry] {
        found.flatMap { ids[$0] ?? [] }.compactMap { entries[$0] }.filter { $0.matches(found) }
    }

    /// Most entries that ``nearest(to:most:)`` looks at: a caller who is nobody must not cost more the more entries there
    /// are.
    static let mostCompared = 1_000

    /// The entries that lack fewest of the found selectors and share at least one with them, for who asks why there was
    /// none. Of many entries those are compared first that stand under a found selector.
    func nearest(to found: Set<Selector>, most: Int) -> [(entry: RegistrationEntry, missing: Set<Selector>)] {
        var compared = Set(found.lazy.flatMap { ids[$0] ?? [] }.prefix(Self.mostCompared))
        if compared.count < Self.mostCompared { compared.formUnion(entries.keys.prefix(Self.mostCompared)) }
        let close = compared.compactMap { id -> (entry: RegistrationEntry, missing: Set<Selector>)? in
            guard let entry = entries[id] else { return nil }
            let missing = entry.selectors.subtracting(found)
            return missing.count < entry.selectors.count ? (entry, missing) : nil
        }
        return Array(
            close.sorted { ($0.missing.count, $0.entry.id) < ($1.missing.count, $1.entry.id) }.prefix(most))
    }
}

/// The identities of one workload, in the order in which it gets them.
enum IdentityOrder {
    /// The oldest first, so that a new entry never takes the place of the default identity; equal ages by id.
    static func precedes(_ left: RegistrationEntry, _ right: RegistrationEntry) -> Bool {
        (left.createdAt, left.id) < (right.createdAt, right.id)
    }

    /// Sorts, and leaves out every entry whose hint an earlier one has. Facts (SPIFFE) 8.3.
    static func arranged(_ entries: [RegistrationEntry]) -> [RegistrationEntry] {
        var hints: Set<String> = []
        return entries.sorted(by: precedes).filter { $0.hint.isEmpty || hints.insert($0.hint).inserted }
    }
}
