// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SPIFFE

/// Time, injected, so that tests need none.
public protocol WorkloadClock: Sendable {
    /// The time of day.
    func now() -> CertificateTime
    /// Waits; ends early by throwing when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// The clocks of the machine.
public struct SystemWorkloadClock: WorkloadClock {
    /// The clocks of the machine.
    public init() {}

    /// The time of day.
    public func now() -> CertificateTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        // A machine whose clock stands outside the years of certificates trusts nobody.
        return CertificateTime(seconds: Int64(time.tv_sec)) ?? .latest
    }

    /// Waits.
    public func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}
