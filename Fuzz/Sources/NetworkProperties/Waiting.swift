// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
public import KERI
public import KERINetwork

/// Runs asynchronous work to its end; libFuzzer calls us on a thread that nothing else needs.
public func wait(for body: @escaping @Sendable () async -> Void) {
    let done = DispatchSemaphore(value: 0)
    Task {
        await body()
        done.signal()
    }
    done.wait()
}

/// A clock that stands still; whoever waits is told to stop.
public struct StoppedClock: NetworkClock {
    /// Stands at the time of the seeds.
    public init() {}

    /// Always the same.
    public func now() -> Timestamp { Timestamp(seconds: 1_750_000_000) }
    /// Nobody waits.
    public func sleep(for duration: Duration) async throws(CancellationError) { throw CancellationError() }
}
