// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The open connections of one server: how many, from where, and which may be closed at once.
package final class ConnectionRegistry: Sendable {
    private struct Entry {
        let close: @Sendable () -> Void
        let source: ConnectionSource
        var isAnswering = false
        var isStreaming = false
        /// Since when nothing is answered, by a count that only grows.
        var restingSince: UInt64
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var next = 0
        var perSource: [String: Int] = [:]
        var streams: [String: Int] = [:]
        var isDraining = false
        var moment: UInt64 = 0

        mutating func tick() -> UInt64 {
            moment += 1
            return moment
        }
    }

    private let limits: ServerLimits
    private let state = Mutex(State())

    package init(_ limits: ServerLimits) { self.limits = limits }

    package var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Takes a connection in; nil when there are too many. Addresses of one IPv6 network count as one source.
    ///
    /// Who opens connections and asks nothing must not lock others out: where there is no room, a connection that rests
    /// makes it, of the source that has most.
    package func admit(from source: ConnectionSource, close: @escaping @Sendable () -> Void) -> Int? {
        let (number, dismiss): (Int?, (@Sendable () -> Void)?) = state.withLock { state in
            guard !state.isDraining, state.perSource[source.network, default: 0] < limits.connectionsPerSource else {
                return (nil, nil)
            }
            var dismiss: (@Sendable () -> Void)?
            if state.entries.count >= limits.connections {
                guard let resting = Self.mostDispensable(state) else { return (nil, nil) }
                dismiss = Self.remove(resting, from: &state)
            }
            state.next += 1
            state.entries[state.next] = Entry(close: close, source: source, restingSince: state.tick())
            state.perSource[source.network, default: 0] += 1
            return (state.next, dismiss)
        }
        dismiss?()
        return number
    }

    package func remove(_ number: Int) { state.withLock { _ = Self.remove(number, from: &$0) } }

    package func set(_ number: Int, isAnswering: Bool) {
        state.withLock { state in
            let moment = state.tick()
            state.entries[number]?.isAnswering = isAnswering
            state.entries[number]?.restingSince = moment
        }
    }

    /// Counts an event stream, which shutdown does not wait for; false when the source has too many.
    package func beginStream(_ number: Int, source: ConnectionSource) -> Bool {
        state.withLock { state in
            guard state.streams[source.network, default: 0] < limits.streamsPerSource, !state.isDraining else {
                return false
            }
            state.streams[source.network, default: 0] += 1
            state.entries[number]?.isAnswering = false
            state.entries[number]?.isStreaming = true
            return true
        }
    }

    package func endStream(source: ConnectionSource) {
        state.withLock { Self.decrement(&$0.streams, source.network) }
    }

    /// Admits nobody any more and closes every connection that is not being answered.
    package func drain() {
        let idle = state.withLock { state in
            state.isDraining = true
            return state.entries.values.filter { !$0.isAnswering }.map(\.close)
        }
        for close in idle { close() }
    }

    /// The connection that nothing is answered on: of the source that has most, the one that has rested for longest.
    private static func mostDispensable(_ state: State) -> Int? {
        var found: (number: Int, share: Int, since: UInt64)?
        for (number, entry) in state.entries where !entry.isAnswering && !entry.isStreaming {
            let share = state.perSource[entry.source.network, default: 0]
            if let found, (found.share, entry.restingSince) >= (share, found.since) { continue }
            found = (number, share, entry.restingSince)
        }
        return found?.number
    }

    private static func remove(_ number: Int, from state: inout State) -> (@Sendable () -> Void)? {
        guard let entry = state.entries.removeValue(forKey: number) else { return nil }
        decrement(&state.perSource, entry.source.network)
        return entry.close
    }

    private static func decrement(_ counts: inout [String: Int], _ key: String) {
        let left = counts[key, default: 1] - 1
        counts[key] = left > 0 ? left : nil
    }
}
