// SPDX-License-Identifier: Apache-2.0

public import KERI

/// The time of day and waiting, injected so that tests need neither.
public protocol NetworkClock: Sendable {
    /// The time of day.
    func now() -> Timestamp
    /// Waits; returns early by throwing when the task is cancelled.
    func sleep(for duration: Duration) async throws(CancellationError)
}
