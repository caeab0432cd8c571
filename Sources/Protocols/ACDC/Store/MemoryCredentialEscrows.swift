// SPDX-License-Identifier: Apache-2.0

internal import KERI

/// The escrows of a ``MemoryCredentialStore`` with the orders in which they are asked for.
struct MemoryCredentialEscrows {
    struct Item {
        /// The order of arrival.
        let arrival: UInt64
        let entry: CredentialEscrowEntry
    }

    private struct Quota: Hashable {
        let isVerified: Bool
        /// Nil for all.
        let issuer: AID?
    }

    private var items: [CredentialEscrowKey: Item] = [:]
    private var keys: [UInt64: CredentialEscrowKey] = [:]
    private var all = ArrivalList()
    private var waiting: [CredentialArrival: ArrivalList] = [:]
    private var quotas: [Quota: ArrivalList] = [:]

    subscript(_ key: CredentialEscrowKey) -> Item? { items[key] }

    /// Puts an item in the place of what is under its key, or removes that.
    mutating func set(_ item: Item?, under key: CredentialEscrowKey) {
        if let old = items.removeValue(forKey: key) {
            keys[old.arrival] = nil
            all.remove(old.arrival)
            for arrival in old.entry.waitsFor { Self.remove(old.arrival, of: arrival, from: &waiting) }
            for quota in Self.quotas(of: old.entry) { Self.remove(old.arrival, of: quota, from: &quotas) }
        }
        guard let item else { return }
        items[key] = item
        keys[item.arrival] = key
        all.insert(item.arrival)
        for arrival in item.entry.waitsFor { waiting[arrival, default: ArrivalList()].insert(item.arrival) }
        for quota in Self.quotas(of: item.entry) { quotas[quota, default: ArrivalList()].insert(item.arrival) }
    }

    private static func quotas(of entry: CredentialEscrowEntry) -> [Quota] {
        [
            Quota(isVerified: entry.isVerified, issuer: nil),
            Quota(isVerified: entry.isVerified, issuer: entry.issuer),
        ]
    }

    private static func remove<Key: Hashable>(
        _ arrival: UInt64, of key: Key, from lists: inout [Key: ArrivalList]
    ) {
        lists[key]?.remove(arrival)
        if lists[key]?.elements.isEmpty == true { lists[key] = nil }
    }

    // MARK: Orders

    func all(
        reason: CredentialEscrowReason?, subject: SAID?, after: UInt64?, limit: Int
    ) -> [(arrival: UInt64, entry: CredentialEscrowEntry)] {
        var found: [(arrival: UInt64, entry: CredentialEscrowEntry)] = []
        var place = after
        while found.count < limit, let arrival = all.first(after: place) {
            place = arrival
            guard let entry = entry(arrival), reason.map({ $0 == entry.key.reason }) ?? true,
                subject.map({ $0 == entry.key.subject }) ?? true
            else { continue }
            found.append((arrival, entry))
        }
        return found
    }

    func next(
        waitingFor arrival: CredentialArrival, after: UInt64?
    ) -> (arrival: UInt64, entry: CredentialEscrowEntry)? {
        guard let found = waiting[arrival]?.first(after: after), let entry = entry(found) else { return nil }
        return (found, entry)
    }

    func count(isVerified: Bool, issuer: AID?) -> Int {
        quotas[Quota(isVerified: isVerified, issuer: issuer)]?.elements.count ?? 0
    }

    func oldestUnverified(issuer: AID?) -> CredentialEscrowKey? {
        quotas[Quota(isVerified: false, issuer: issuer)]?.elements.first.flatMap { keys[$0] }
    }

    func keys(isVerified: Bool, before time: Timestamp, limit: Int) -> [CredentialEscrowKey] {
        let entries = (quotas[Quota(isVerified: isVerified, issuer: nil)]?.elements ?? []).compactMap(entry)
        let old = entries.filter { $0.since < time }.sorted { $0.since < $1.since }
        return Array(old.prefix(limit).map(\.key))
    }

    private func entry(_ arrival: UInt64) -> CredentialEscrowEntry? {
        keys[arrival].flatMap { items[$0]?.entry }
    }
}

/// Numbers in ascending order, each once.
private struct ArrivalList {
    private(set) var elements: [UInt64] = []

    mutating func insert(_ element: UInt64) {
        let found = place(behind: element)
        if found == 0 || elements[found - 1] != element { elements.insert(element, at: found) }
    }

    mutating func remove(_ element: UInt64) {
        let found = place(behind: element)
        if found > 0, elements[found - 1] == element { elements.remove(at: found - 1) }
    }

    func first(after element: UInt64?) -> UInt64? {
        let found = element.map { place(behind: $0) } ?? 0
        return found < elements.count ? elements[found] : nil
    }

    /// How many elements are not greater than one.
    private func place(behind element: UInt64) -> Int {
        guard let last = elements.last, last > element else { return elements.count }
        var (low, high) = (0, elements.count)
        while low < high {
            let middle = (low + high) / 2
            if elements[middle] <= element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
