// SPDX-License-Identifier: Apache-2.0

/// How long to wait before the Workload API is asked again: 1 s, 2 s, 3 s … at most 30 s, as go-spiffe does, each shortened
/// by up to a fifth so that all workloads of a node do not come back at the same moment. Facts (SPIFFE) 8.4.
public struct Backoff: Hashable, Sendable {
    /// How much longer each wait is than the one before.
    public var step = Duration.seconds(1)
    /// The longest wait.
    public var longest = Duration.seconds(30)
    /// By which part a wait may be shortened, 0 to 1.
    public var spread = 0.2

    /// The standard waits.
    public init() {}

    /// The wait before an attempt, counted from 1 since something last worked.
    func wait(before attempt: Int, draw: Double) -> Duration {
        let whole = min(step * max(1, min(attempt, 1_000_000)), longest)
        return whole * (1 - max(0, min(spread, 1)) * max(0, min(draw, 1)))
    }
}
