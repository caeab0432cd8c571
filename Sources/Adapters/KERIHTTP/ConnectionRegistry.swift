// SPDX-License-Identifier: Apache-2.0

internal import KERINetwork
internal import Synchronization

/// The open connections of one server: how many, from where, and which may be closed at once.
final class ConnectionRegistry: Sendable {
    private struct Entry {
        let close: @Sendable () -> Void
        let source: String
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

    init(_ limits: ServerLimits) { self.limits = limits }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Takes a connection in; nil when there are too many. Addresses of one IPv6 network count as one source.
    func admit(from source: String, close: @escaping @Sendable () -> Void) -> Int? {
        let source = RateLimiter.network(of: source)
        return state.withLock { state in
            guard !state.isDraining, state.entries.count < limits.connections,
                state.perSource[source, default: 0] < limits.connectionsPerSource
            else { return nil }
            state.next += 1
            state.entries[state.next] = Entry(close: close, source: source)
            state.perSource[source, default: 0] += 1
            return state.next
        }
    }

    func remove(_ number: Int) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: number) else { return }
            Self.decrement(&state.perSource, entry.source)
        }
    }

    func set(_ number: Int, isAnswering: Bool) {
        state.withLock { $0.entries[number]?.isAnswering = isAnswering }
    }

    /// Counts an event stream, which shutdown does not wait for; false when the source has too many.
    func beginStream(_ number: Int, source: String) -> Bool {
        let source = RateLimiter.network(of: source)
        return state.withLock { state in
            guard state.streams[source, default: 0] < limits.streamsPerSource, !state.isDraining else { return false }
            state.streams[source, default: 0] += 1
            state.entries[number]?.isAnswering = false
            return true
        }
    }

    func endStream(source: String) {
        let source = RateLimiter.network(of: source)
        state.withLock { Self.decrement(&$0.streams, source) }
    }

    /// Admits nobody any more and closes every connection that is not being answered.
    func drain() {
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
