// SPDX-License-Identifier: Apache-2.0

/// The escrows of a ``MemoryKeyEventStore`` with the orders in which they are asked for.
struct MemoryEscrows {
    struct Item {
        /// The order of arrival.
        let arrival: UInt64
        let entry: EscrowEntry
    }

    private struct Age: Comparable {
        let since: Timestamp
        let arrival: UInt64

        static func < (one: Age, other: Age) -> Bool { (one.since, one.arrival) < (other.since, other.arrival) }
    }

    private var items: [EscrowKey: Item] = [:]
    private var keys: [UInt64: EscrowKey] = [:]
    private var countPerAID: [AID: Int] = [:]
    private var waiting: [AID: SortedList<EscrowPlace>] = [:]
    private var ages: [EscrowReason: SortedList<Age>] = [:]
    private var unverified: [EscrowReason: SortedList<UInt64>] = [:]
    private var unverifiedPerAID: [AID: SortedList<UInt64>] = [:]
    private(set) var unverifiedCount = 0

    var count: Int { items.count }

    subscript(_ key: EscrowKey) -> Item? { items[key] }

    func count(of aid: AID) -> Int { countPerAID[aid] ?? 0 }

    func unverifiedCount(of aid: AID) -> Int { unverifiedPerAID[aid]?.elements.count ?? 0 }

    /// Puts an item in the place of what is under its key, or removes that.
    mutating func set(_ item: Item?, under key: EscrowKey) {
        if let old = items.removeValue(forKey: key) { forget(old) }
        guard let item else { return }
        let entry = item.entry
        items[key] = item
        keys[item.arrival] = key
        countPerAID[key.aid, default: 0] += 1
        ages[key.reason, default: SortedList()].insert(Age(since: entry.since, arrival: item.arrival))
        if let position = entry.waitsFor {
            waiting[position.aid, default: SortedList()]
                .insert(EscrowPlace(sn: position.sn, arrival: item.arrival))
        }
        guard !entry.isVerified else { return }
        unverified[key.reason, default: SortedList()].insert(item.arrival)
        unverifiedPerAID[key.aid, default: SortedList()].insert(item.arrival)
        unverifiedCount += 1
    }

    private mutating func forget(_ item: Item) {
        let (key, entry) = (item.entry.key, item.entry)
        keys[item.arrival] = nil
        let left = (countPerAID[key.aid] ?? 1) - 1
        countPerAID[key.aid] = left > 0 ? left : nil
        ages[key.reason]?.remove(Age(since: entry.since, arrival: item.arrival))
        if let position = entry.waitsFor {
            waiting[position.aid]?.remove(EscrowPlace(sn: position.sn, arrival: item.arrival))
            if waiting[position.aid]?.elements.isEmpty == true { waiting[position.aid] = nil }
        }
        guard !entry.isVerified else { return }
        unverified[key.reason]?.remove(item.arrival)
        unverifiedPerAID[key.aid]?.remove(item.arrival)
        if unverifiedPerAID[key.aid]?.elements.isEmpty == true { unverifiedPerAID[key.aid] = nil }
        unverifiedCount -= 1
    }

    // MARK: Orders

    func entries(reason: EscrowReason?, aid: AID?, limit: Int) -> [EscrowEntry] {
        items.values
            .filter { item in reason.map { $0 == item.entry.key.reason } ?? true }
            .filter { item in aid.map { $0 == item.entry.key.aid } ?? true }
            .sorted { $0.arrival < $1.arrival }
            .prefix(limit).map(\.entry)
    }

    func next(waitingFor position: AwaitedPosition, after place: EscrowPlace?) -> (
        place: EscrowPlace, entry: EscrowEntry
    )? {
        guard let places = waiting[position.aid] else { return nil }
        guard let found = place.map({ places.first(after: $0) }) ?? places.elements.first, found.sn <= position.sn,
            let key = keys[found.arrival], let item = items[key]
        else { return nil }
        return (found, item.entry)
    }

    func oldestUnverified(reason: EscrowReason, aid: AID?) -> EscrowKey? {
        guard let aid else { return unverified[reason]?.elements.first.flatMap { keys[$0] } }
        for arrival in unverifiedPerAID[aid]?.elements ?? [] {
            if let key = keys[arrival], key.reason == reason { return key }
        }
        return nil
    }

    func keys(reason: EscrowReason, before time: Timestamp, limit: Int) -> [EscrowKey] {
        (ages[reason]?.elements ?? []).prefix(max(0, limit)).prefix { $0.since < time }.compactMap { keys[$0.arrival] }
    }
}

/// Elements in ascending order, each once.
private struct SortedList<Element: Comparable> {
    private(set) var elements: [Element] = []

    mutating func insert(_ element: Element) {
        if let last = elements.last, !(last < element) {
            let place = place { $0 < element }
            if elements[place] != element { elements.insert(element, at: place) }
        } else {
            elements.append(element)
        }
    }

    mutating func remove(_ element: Element) {
        let place = place { $0 < element }
        if place < elements.count, elements[place] == element { elements.remove(at: place) }
    }

    func first(after element: Element) -> Element? {
        let place = place { !(element < $0) }
        return place < elements.count ? elements[place] : nil
    }

    /// How many elements come before the first one that is not `below`.
    private func place(_ below: (Element) -> Bool) -> Int {
        var (low, high) = (0, elements.count)
        while low < high {
            let middle = (low + high) / 2
            if below(elements[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
