// SPDX-License-Identifier: Apache-2.0

/// What the Workload API said last.
public enum WorkloadUpdate<Value: Sendable>: Sendable {
    /// The full state: it takes the place of all that was before.
    case current(Value)
    /// There is nothing for this process any more: what was before must not be used.
    case withdrawn(WorkloadAPIError)
    /// Nothing new can be heard for now; what was before still holds until it expires.
    case interrupted(WorkloadAPIError)
}

/// The newest state of a source, then each newer one; who reads slowly misses those between.
///
/// Interruptions are not told: they change nothing. It ends with its source.
public struct WorkloadUpdates<Value: Sendable>: AsyncSequence, Sendable {
    /// What is told.
    public typealias Element = WorkloadUpdate<Value>
    /// Nothing goes wrong here.
    public typealias Failure = Never

    /// Reads the updates.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var standings: AsyncStream<SourceState<Value>.Standing>.Iterator

        /// The next update; nil when the source has ended.
        public mutating func next() async -> WorkloadUpdate<Value>? { await next(isolation: #isolation) }

        /// The next update, on the caller's actor; nil when the source has ended.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> WorkloadUpdate<Value>? {
            while let standing = await standings.next(isolation: actor) {
                switch standing {
                case .waiting: continue
                case .current(let value): return .current(value)
                case .withdrawn(let error), .ended(let error): return .withdrawn(error)
                }
            }
            return nil
        }
    }

    let standings: AsyncStream<SourceState<Value>.Standing>

    /// Reads the updates.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(standings: standings.makeAsyncIterator()) }
}
