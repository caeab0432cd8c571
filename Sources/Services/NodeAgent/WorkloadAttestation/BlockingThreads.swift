// SPDX-License-Identifier: Apache-2.0

private import Dispatch
private import Synchronization

/// A few threads for calls that wait for the disk or take long, so that the threads of tasks don't.
public final class BlockingThreads: Sendable {
    /// The line is full.
    public struct Busy: Error, Hashable, Sendable {}

    private struct State {
        var running = 0
        var line: [@Sendable () -> Void] = []
    }

    private let queue = DispatchQueue(label: "kelmark.agent.blocking", attributes: .concurrent)
    private let width: Int
    private let longestLine: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - width: how many calls run at once.
    ///   - longestLine: how many wait at most.
    public init(width: Int = 4, longestLine: Int = 1024) {
        self.width = max(1, width)
        self.longestLine = max(0, longestLine)
    }

    /// How many calls wait.
    var waiting: Int { state.withLock { $0.line.count } }

    /// Runs a call there. A task that is cancelled waits no longer; the call itself runs to its end.
    /// - Throws: what it throws; ``Busy`` when too many wait already; `CancellationError`.
    func run<Result: Sendable>(_ call: @escaping @Sendable () throws -> Result) async throws -> Result {
        let answer = Answer<Result>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                answer.wait(by: continuation)
                take(
                    { answer.give(Swift.Result { try call() }) },
                    orRefuse: { answer.give(.failure(Busy())) })
            }
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }

    private func take(_ job: @escaping @Sendable () -> Void, orRefuse refuse: () -> Void) {
        let place = state.withLock { state -> Place in
            if state.running < width {
                state.running += 1
                return .now
            }
            guard state.line.count < longestLine else { return .none }
            state.line.append(job)
            return .later
        }
        switch place {
        case .now: queue.async { self.work(job) }
        case .later: break
        case .none: refuse()
        }
    }

    private enum Place { case now, later, none }

    private func work(_ first: @Sendable () -> Void) {
        first()
        while true {
            let next: (@Sendable () -> Void)? = state.withLock { state in
                guard !state.line.isEmpty else {
                    state.running -= 1
                    return nil
                }
                return state.line.removeFirst()
            }
            guard let next else { return }
            next()
        }
    }
}

/// What a call came to; the first answer counts, whoever gives it and whether or not somebody waits already.
private final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case early(Swift.Result<Value, any Error>)
        case given
    }

    private let state = Mutex(State.open)

    func wait(by continuation: CheckedContinuation<Value, any Error>) {
        let early: Swift.Result<Value, any Error>? = state.withLock { state in
            if case .early(let result) = state {
                state = .given
                return result
            }
            state = .awaited(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    func give(_ result: Swift.Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .open:
                state = .early(result)
                return nil
            case .awaited(let continuation):
                state = .given
                return continuation
            case .early, .given: return nil
            }
        }
        waiting?.resume(with: result)
    }
}
