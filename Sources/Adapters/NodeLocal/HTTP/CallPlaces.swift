// SPDX-License-Identifier: Apache-2.0

internal import NodeAgent
internal import Synchronization

/// Lets some calls go on at once and some more wait; others are refused. Whoever starts many processes on a node must not
/// have the agent open as many connections, nor keep the processes of others waiting: each user has a line of his own, and
/// the lines take turns.
final class CallPlaces: Sendable {
    private typealias Waiter = (number: Int, continuation: CheckedContinuation<Void, any Error>)

    private struct State {
        var free: Int
        var lines: [UInt32: [Waiter]] = [:]
        /// Whose turn it is, and the next ones'.
        var turns: [UInt32] = []
        var last = 0

        mutating func next() -> CheckedContinuation<Void, any Error>? {
            guard !turns.isEmpty else { return nil }
            let caller = turns.removeFirst()
            guard let waiter = lines[caller]?.removeFirst() else { return nil }
            if lines[caller]?.isEmpty == false { turns.append(caller) } else { lines[caller] = nil }
            return waiter.continuation
        }

        mutating func remove(_ number: Int, of caller: UInt32) -> CheckedContinuation<Void, any Error>? {
            guard let index = lines[caller]?.firstIndex(where: { $0.number == number }) else { return nil }
            let waiter = lines[caller]?.remove(at: index)
            if lines[caller]?.isEmpty == true {
                lines[caller] = nil
                turns.removeAll { $0 == caller }
            }
            return waiter?.continuation
        }
    }

    private let longestLine: Int
    private let state: Mutex<State>

    init(_ count: Int, longestLine: Int = 256) {
        self.longestLine = longestLine
        state = Mutex(State(free: max(1, count)))
    }

    /// How many wait.
    var waiting: Int { state.withLock { $0.lines.values.reduce(0) { $0 + $1.count } } }

    /// Runs a call as soon as there is a place.
    /// - Parameter caller: the user for whose process the call is made.
    /// - Throws: `AttestorError` when too many of the same user wait already; `CancellationError`; what the call throws.
    func use<Result>(for caller: UInt32 = BlockingThreads.caller ?? 0, _ call: () async throws -> Result) async throws
        -> Result
    {
        try await take(for: caller)
        defer { give() }
        return try await call()
    }

    private func take(for caller: UInt32) async throws {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer: Swift.Result<Void, any Error>? = state.withLock { state in
                    // Asked under the lock that the handler below takes: it sees the line with us in it, or we see this.
                    guard !Task.isCancelled else { return .failure(CancellationError()) }
                    guard state.free == 0 else {
                        state.free -= 1
                        return .success(())
                    }
                    let length = state.lines[caller]?.count ?? 0
                    guard length < longestLine else {
                        return .failure(AttestorError("too many calls wait already"))
                    }
                    if length == 0 { state.turns.append(caller) }
                    state.lines[caller, default: []].append((number, continuation))
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let left = state.withLock { $0.remove(number, of: caller) }
            left?.resume(throwing: CancellationError())
        }
    }

    private func give() {
        let next: CheckedContinuation<Void, any Error>? = state.withLock { state in
            guard let next = state.next() else {
                state.free += 1
                return nil
            }
            return next
        }
        next?.resume()
    }
}
