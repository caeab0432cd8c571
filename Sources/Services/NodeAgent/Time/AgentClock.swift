// SPDX-License-Identifier: Apache-2.0

private import Glibc
public import SPIFFE

/// The time of day and waiting, injected so that tests need neither.
public protocol AgentClock: Sendable {
    /// The time of day.
    func now() -> CertificateTime
    /// Waits; returns early by throwing when the task is cancelled.
    func sleep(for duration: Duration) async throws(CancellationError)
}

/// The clock of this machine.
public struct SystemAgentClock: AgentClock {
    /// There is only one.
    public init() {}

    /// The time of day, 1950 or 9999 where the machine's own says something beyond.
    public func now() -> CertificateTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return CertificateTime.earliest.advanced(by: Int64(time.tv_sec) - CertificateTime.earliest.seconds)
    }

    /// Waits by the clock that nobody sets.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        do {
            try await ContinuousClock().sleep(for: duration)
        } catch {
            throw CancellationError()
        }
    }
}

/// Numbers between 0 and 1 that spread what many agents would do at the same moment.
public struct Jitter: Sendable {
    private let next: @Sendable () -> Double

    /// Takes its numbers from `next`, each at least 0 and less than 1.
    public init(_ next: @escaping @Sendable () -> Double) { self.next = next }

    /// From the system's generator.
    public static let system = Jitter { Double.random(in: 0..<1) }

    /// A factor between `1 - part` and `1 + part`.
    func factor(_ part: Double) -> Double { 1 - part + 2 * part * next() }
}

extension Duration {
    /// Whole seconds, rounded down.
    var wholeSeconds: Int64 { components.seconds }

    /// The duration times a factor, to the millisecond.
    func scaled(by factor: Double) -> Duration {
        let milliseconds =
            Double(components.seconds) * 1000 + Double(components.attoseconds / 1_000_000_000_000_000)
        return .milliseconds(Int64(max(0, min(milliseconds * factor, 1e15))))
    }
}
