// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The open connections of one server: how many, from where, and which may be closed at once.
package final class ConnectionRegistry: Sendable {
    private struct Entry {
        let close: @Sendable () -> Void
        let source: ConnectionSource
        var isAnswering = false
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var next = 0
        var perSource: [String: Int] = [:]
        var streams: [String: Int] = [:]
        var isDraining = false
    }

    private let limits: ServerLimits
    private let state = Mutex(State())

    package init(_ limits: ServerLimits) { self.limits = limits }

    package var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Takes a connection in; nil when there are too many. Addresses of one IPv6 network count as one source.
    package func admit(from source: ConnectionSource, close: @escaping @Sendable () -> Void) -> Int? {
        state.withLock { state in
            guard !state.isDraining, state.entries.count < limits.connections,
                state.perSource[source.network, default: 0] < limits.connectionsPerSource
            else { return nil }
            state.next += 1
            state.entries[state.next] = Entry(close: close, source: source)
            state.perSource[source.network, default: 0] += 1
            return state.next
        }
    }

    package func remove(_ number: Int) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: number) else { return }
            Self.decrement(&state.perSource, entry.source.network)
        }
    }

    package func set(_ number: Int, isAnswering: Bool) {
        state.withLock { $0.entries[number]?.isAnswering = isAnswering }
    }

    /// Counts an event stream, which shutdown does not wait for; false when the source has too many.
    package func beginStream(_ number: Int, source: ConnectionSource) -> Bool {
        state.withLock { state in
            guard state.streams[source.network, default: 0] < limits.streamsPerSource, !state.isDraining else {
                return false
            }
            state.streams[source.network, default: 0] += 1
            state.entries[number]?.isAnswering = false
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

    private static func decrement(_ counts: inout [String: Int], _ key: String) {
        let left = counts[key, default: 1] - 1
        counts[key] = left > 0 ? left : nil
    }
}
