// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The open connections of one listener: how many, whose, and which of them nobody would miss.
///
/// Who opens connections and leaves them must not lock others out, not even others of the same source: where there is no
/// room, the connection that has been without a call for longest makes it. Calls that never end must not lock others out
/// either: when all is taken by them, the source that has most gives one up for a source that has fewer.
final class ConnectionRegistry: Sendable {
    /// Something that connections are counted by, and how many it may have.
    struct Share: Hashable, Sendable {
        let name: String
        let limit: Int
    }

    private struct Entry {
        let shares: [Share]
        let close: @Sendable () -> Void
        var calls = 0
        /// When it last became idle, by a count that only grows.
        var idleSince: UInt64
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var perShare: [String: Int] = [:]
        var next = 0
        var moment: UInt64 = 0
        var isDraining = false

        mutating func tick() -> UInt64 {
            moment += 1
            return moment
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// How many connections are open.
    var count: Int { state.withLock { $0.entries.count } }

    /// Takes a connection in, at the expense of an idle one where there is no room; nil where none is idle.
    func admit(_ shares: [Share], close: @escaping @Sendable () -> Void) -> Int? {
        let (number, dismissed): (Int?, [@Sendable () -> Void]) = state.withLock { state in
            guard !state.isDraining else { return (nil, []) }
            var dismissed: [@Sendable () -> Void] = []
            for share in shares where state.perShare[share.name, default: 0] >= share.limit {
                guard let idle = Self.longestIdle(state, of: share) else { return (nil, dismissed) }
                if let close = Self.remove(idle, from: &state) { dismissed.append(close) }
            }
            if state.entries.count >= limit {
                guard let number = Self.longestIdle(state, of: nil) ?? Self.oldest(state, ofMoreThan: shares.first)
                else { return (nil, dismissed) }
                if let close = Self.remove(number, from: &state) { dismissed.append(close) }
            }
            state.next += 1
            state.entries[state.next] = Entry(shares: shares, close: close, idleSince: state.tick())
            for share in shares { state.perShare[share.name, default: 0] += 1 }
            return (state.next, dismissed)
        }
        for close in dismissed { close() }
        return number
    }

    func callBegan(on number: Int) { state.withLock { $0.entries[number]?.calls += 1 } }

    func callEnded(on number: Int) {
        state.withLock { state in
            guard state.entries[number] != nil else { return }
            let moment = state.tick()
            state.entries[number]?.calls -= 1
            state.entries[number]?.idleSince = moment
        }
    }

    func remove(_ number: Int) { state.withLock { _ = Self.remove(number, from: &$0) } }

    /// Admits nobody any more.
    func drain() { state.withLock { $0.isDraining = true } }

    /// Closes what is open.
    func closeAll() {
        let all = state.withLock { $0.entries.values.map(\.close) }
        for close in all { close() }
    }

    private static func longestIdle(_ state: State, of share: Share?) -> Int? {
        var found: (number: Int, since: UInt64)?
        for (number, entry) in state.entries where entry.calls == 0 {
            if let share, !entry.shares.contains(where: { $0.name == share.name }) { continue }
            if let found, found.since < entry.idleSince { continue }
            found = (number, entry.idleSince)
        }
        return found?.number
    }

    /// The oldest connection of the source that has most, where that is more than the newcomer's would have then. A
    /// connection's source is its first share.
    private static func oldest(_ state: State, ofMoreThan newcomer: Share?) -> Int? {
        var counts: [String: Int] = [:]
        for entry in state.entries.values { counts[entry.shares.first?.name ?? "", default: 0] += 1 }
        let mine = counts[newcomer?.name ?? "", default: 0]
        guard let greediest = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key else { return nil }
        guard counts[greediest, default: 0] > mine + 1 else { return nil }
        return state.entries.filter { ($0.value.shares.first?.name ?? "") == greediest }.keys.min()
    }

    private static func remove(_ number: Int, from state: inout State) -> (@Sendable () -> Void)? {
        guard let entry = state.entries.removeValue(forKey: number) else { return nil }
        for share in entry.shares {
            let left = state.perShare[share.name, default: 1] - 1
            state.perShare[share.name] = left > 0 ? left : nil
        }
        return entry.close
    }
}
