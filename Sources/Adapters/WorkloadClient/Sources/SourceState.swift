// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What a source has, and who wants to hear of changes.
final class SourceState<Value: Sendable>: Sendable {
    enum Standing: Sendable {
        /// Nothing was ever heard but, perhaps, why not.
        case waiting(WorkloadAPIError?)
        case current(Value)
        /// What was there must not be used.
        case withdrawn(WorkloadAPIError)
        /// Nothing will ever be heard again.
        case ended(WorkloadAPIError)
    }

    private struct State {
        var standing = Standing.waiting(nil)
        var next = 0
        var readers: [Int: AsyncStream<Standing>.Continuation] = [:]
    }

    private let state = Mutex(State())

    var standing: Standing { state.withLock { $0.standing } }

    func receive(_ update: WorkloadUpdate<Value>) {
        change { standing in
            switch (update, standing) {
            case (.current(let value), _): .current(value)
            // Who waits for his first identity goes on waiting: it may not be registered yet.
            case (.withdrawn(let error), .waiting), (.interrupted(let error), .waiting): .waiting(error)
            case (.withdrawn(let error), _): .withdrawn(error)
            case (.interrupted, _): nil
            }
        }
    }

    func end(_ error: WorkloadAPIError) {
        change { _ in .ended(error) }
        let readers = state.withLock { state in
            defer { state.readers = [:] }
            return state.readers.values
        }
        for reader in readers { reader.finish() }
    }

    /// Yielding under the lock keeps the order of standings the same for all.
    private func change(_ next: (Standing) -> Standing?) {
        state.withLock { state in
            if case .ended = state.standing { return }
            guard let standing = next(state.standing) else { return }
            state.standing = standing
            for reader in state.readers.values { reader.yield(standing) }
        }
    }

    /// The standing now, then each newer one.
    func standings() -> AsyncStream<Standing> {
        let (stream, continuation) = AsyncStream.makeStream(of: Standing.self, bufferingPolicy: .bufferingNewest(1))
        let number: Int? = state.withLock { state in
            continuation.yield(state.standing)
            if case .ended = state.standing { return nil }
            state.next += 1
            state.readers[state.next] = continuation
            return state.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.leave(number) }
        return stream
    }

    private func leave(_ number: Int) { state.withLock { $0.readers[number] = nil } }

    /// What is there, waiting for the first at most for a while.
    /// - Throws: ``WorkloadAPIError``: why there is nothing.
    func value(within patience: Duration, _ clock: any WorkloadClock) async throws(WorkloadAPIError) -> Value {
        if let settled = Self.settled(standing) { return try settled.get() }
        let result: Result<Value, WorkloadAPIError> = await withTaskGroup { group in
            group.addTask { [self] in
                for await standing in standings() {
                    if let settled = Self.settled(standing) { return settled }
                }
                return .failure(WorkloadAPIError(.cancelled))
            }
            group.addTask { [self] in
                guard (try? await clock.sleep(for: patience)) != nil else {
                    return .failure(WorkloadAPIError(.cancelled))
                }
                if case .waiting(let error?) = standing { return .failure(error) }
                return .failure(WorkloadAPIError(.deadlineExceeded, "no identity yet"))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(WorkloadAPIError(.cancelled))
        }
        return try result.get()
    }

    private static func settled(_ standing: Standing) -> Result<Value, WorkloadAPIError>? {
        switch standing {
        case .waiting: nil
        case .current(let value): .success(value)
        case .withdrawn(let error), .ended(let error): .failure(error)
        }
    }
}
