// SPDX-License-Identifier: Apache-2.0

/// Runs independent pieces of work, perhaps at the same time. Which threads do it is for the composition to say; this
/// module knows none.
public protocol ParallelExecutor: Sendable {
    /// Runs `body` once for each number in `0..<count` and returns when all have returned. Low numbers are begun first.
    func run(_ count: Int, _ body: @Sendable (Int) -> Void)
}

/// Runs one piece after the other on the calling thread.
public struct SerialExecutor: ParallelExecutor {
    /// Creates it.
    public init() {}

    /// As the protocol says.
    public func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
        for number in 0..<count { body(number) }
    }
}
