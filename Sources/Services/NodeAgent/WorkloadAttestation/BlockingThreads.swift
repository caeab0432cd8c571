// SPDX-License-Identifier: Apache-2.0

private import Dispatch
private import Synchronization

/// A few threads for calls that wait for the disk or take long, so that the threads of tasks don't.
///
/// What callers cause has threads of its own, so that no number of callers keeps the agent from its own keys and record;
/// and each user of the node has a line of his own, whose calls take turns with those of the others.
public final class BlockingThreads: Sendable {
    /// The line is full.
    public struct Busy: Error, Hashable, Sendable {}

    /// The user for whose process the calls of a task are made; nil for the agent's own.
    @TaskLocal package static var caller: UInt32?

    private typealias Job = @Sendable () -> Void

    /// Some threads, and the lines before them.
    private struct Side {
        var running = 0
        var waiting = 0
        private var lines: [UInt32: [Job]] = [:]
        private var turns: [UInt32] = []

        /// Takes a place in a line; false when it is full. Whoever has no call waiting always finds one.
        mutating func queue(_ job: @escaping Job, of caller: UInt32, longest: Int) -> Bool {
            let length = lines[caller]?.count ?? 0
            guard length < longest, waiting < longest * 16 || length == 0 else { return false }
            if length == 0 { turns.append(caller) }
            lines[caller, default: []].append(job)
            waiting += 1
            return true
        }

        /// The first of the line whose turn it is; the line then goes behind the others.
        mutating func next() -> Job? {
            guard !turns.isEmpty else { return nil }
            let caller = turns.removeFirst()
            guard let job = lines[caller]?.removeFirst() else { return nil }
            waiting -= 1
            if lines[caller]?.isEmpty == false { turns.append(caller) } else { lines[caller] = nil }
            return job
        }
    }

    private struct State {
        var own = Side()
        var callers = Side()

        mutating func with<Result>(own isOwn: Bool, _ body: (inout Side) -> Result) -> Result {
            isOwn ? body(&own) : body(&callers)
        }
    }

    private let queue = DispatchQueue(label: "kelmark.agent.blocking", attributes: .concurrent)
    private let width: Int
    private let longestLine: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - width: how many calls run at once, of callers and of the agent each.
    ///   - longestLine: how many wait at most in one line.
    public init(width: Int = 4, longestLine: Int = 1024) {
        self.width = max(1, width)
        self.longestLine = max(0, longestLine)
    }

    /// How many calls wait.
    var waiting: Int { state.withLock { $0.own.waiting + $0.callers.waiting } }

    /// Runs a call there. A task that is cancelled waits no longer; the call itself runs to its end.
    /// - Throws: what it throws; ``Busy`` when too many wait already; `CancellationError`.
    package func run<Result: Sendable>(_ call: @escaping @Sendable () throws -> Result) async throws -> Result {
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

    private func take(_ job: @escaping Job, orRefuse refuse: () -> Void) {
        let caller = Self.caller
        let isOwn = caller == nil
        let place = state.withLock { state in
            state.with(own: isOwn) { side -> Place in
                if side.running < width {
                    side.running += 1
                    return .now
                }
                return side.queue(job, of: caller ?? 0, longest: longestLine) ? .later : .none
            }
        }
        switch place {
        case .now: queue.async { self.work(job, own: isOwn) }
        case .later: break
        case .none: refuse()
        }
    }

    private enum Place { case now, later, none }

    private func work(_ first: Job, own isOwn: Bool) {
        first()
        while true {
            let next: Job? = state.withLock { state in
                state.with(own: isOwn) { side in
                    let next = side.next()
                    if next == nil { side.running -= 1 }
                    return next
                }
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
