// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Time, injected, so that tests need none: the time of day, a clock that is never set, and waiting.
public protocol IssuerClock: Sendable {
    /// The time of day; an operator may set it back or forward at any moment.
    func now() -> CertificateTime
    /// How long some fixed moment is past; never runs backward.
    func uptime() -> Duration
    /// Waits; returns early by throwing when the task is cancelled.
    func sleep(for duration: Duration) async throws(CancellationError)
}
