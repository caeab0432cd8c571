// SPDX-License-Identifier: Apache-2.0

/// The states of a workload as they change: each is complete, equal ones in a row come once, and who reads slowly gets
/// the newest. Ends by throwing ``WorkloadDenial``, or with the reader's task.
///
/// Nothing is buffered: the state is read when it is asked for.
public struct WorkloadUpdates<State: Sendable & Equatable>: AsyncSequence, Sendable {
    /// One full state.
    public typealias Element = State
    /// What ends the states.
    public typealias Failure = WorkloadDenial

    private let subscription: SVIDCache.Subscription
    private let read: @Sendable () -> CacheState.Reading<State>

    init(_ subscription: SVIDCache.Subscription, read: @escaping @Sendable () -> CacheState.Reading<State>) {
        self.subscription = subscription
        self.read = read
    }

    /// Reads from the current state on. One iterator at a time.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription, read) }

    /// Reads one state after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private let subscription: SVIDCache.Subscription
        private let read: @Sendable () -> CacheState.Reading<State>
        private var last: State?

        fileprivate init(
            _ subscription: SVIDCache.Subscription, _ read: @escaping @Sendable () -> CacheState.Reading<State>
        ) {
            self.subscription = subscription
            self.read = read
        }

        /// The next state that is not the last one; nil when the task is cancelled.
        public mutating func next() async throws(WorkloadDenial) -> State? {
            try await next(isolation: nil)
        }

        /// The next state that is not the last one; nil when the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(WorkloadDenial) -> State? {
            while !Task.isCancelled {
                switch read() {
                case .denied(let denial): throw denial
                case .ready(let state) where state != last:
                    last = state
                    return state
                case .ready, .pending: await subscription.bell.wait()
                }
            }
            return nil
        }
    }
}
