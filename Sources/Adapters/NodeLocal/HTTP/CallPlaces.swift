// SPDX-License-Identifier: Apache-2.0

internal import NodeAgent
internal import Synchronization

/// Lets some calls go on at once and some more wait in line; others are refused. Whoever starts many processes on a node
/// must not have the agent open as many connections.
final class CallPlaces: Sendable {
    private struct State {
        var free: Int
        var line: [(number: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        var next = 0
    }

    private let longestLine: Int
    private let state: Mutex<State>

    init(_ count: Int, longestLine: Int = 256) {
        self.longestLine = longestLine
        state = Mutex(State(free: max(1, count)))
    }

    /// How many wait.
    var waiting: Int { state.withLock { $0.line.count } }

    /// Runs a call as soon as there is a place.
    /// - Throws: `AttestorError` when too many wait already; `CancellationError`; what the call throws.
    func use<Result>(_ call: () async throws -> Result) async throws -> Result {
        try await take()
        defer { give() }
        return try await call()
    }

    private func take() async throws {
        let number = state.withLock { state in
            state.next += 1
            return state.next
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
                    guard state.line.count < longestLine else {
                        return .failure(AttestorError("too many calls wait already"))
                    }
                    state.line.append((number, continuation))
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let left: CheckedContinuation<Void, any Error>? = state.withLock { state in
                guard let index = state.line.firstIndex(where: { $0.number == number }) else { return nil }
                return state.line.remove(at: index).continuation
            }
            left?.resume(throwing: CancellationError())
        }
    }

    private func give() {
        let next: CheckedContinuation<Void, any Error>? = state.withLock { state in
            guard !state.line.isEmpty else {
                state.free += 1
                return nil
            }
            return state.line.removeFirst().continuation
        }
        next?.resume()
    }
}
