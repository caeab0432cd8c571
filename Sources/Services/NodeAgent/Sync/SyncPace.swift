// SPDX-License-Identifier: Apache-2.0

/// When to ask the issuer next. Pure. Facts (SPIFFE) 20.2.
struct SyncPace: Sendable {
    /// Time between two rounds while all is well.
    let interval: Duration
    private(set) var failures = 0

    /// Longest time between two rounds.
    static let longest = Duration.seconds(480)

    init(interval: Duration) { self.interval = max(interval, .milliseconds(1)) }

    mutating func succeeded() { failures = 0 }

    /// Each failure doubles the time, up to eight minutes and up to 48 intervals.
    mutating func failed() { failures = min(failures + 1, 16) }

    /// How long to wait, a tenth more or less.
    func pause(_ jitter: Jitter) -> Duration {
        let longest = min(Self.longest, interval * 48)
        let doubled = min(interval * (1 << failures), max(longest, interval))
        return doubled.scaled(by: jitter.factor(0.1))
    }
}
