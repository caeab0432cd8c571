// SPDX-License-Identifier: Apache-2.0

/// Keeps a clock that jumps back and forth from making keys without end. Pure; it counts by uptime, which never jumps.
///
/// Rotation needs two or three keys in one lifetime of an authority. So many, and one more, are made without delay; each
/// further one waits twice as long as the one before it.
struct MintingPace: Hashable, Sendable {
    /// How many keys of one lifetime are made without delay.
    static let free = 4
    private static let firstDelay = Duration.seconds(10)
    private static let longestDelay = Duration.seconds(3_600)

    private let window: Duration
    private var made: [Duration] = []

    /// - Parameter lifetime: seconds that an authority lives.
    init(lifetime: Int64) { window = .seconds(lifetime) }

    /// Whether a key may be made now.
    func allows(at uptime: Duration) -> Bool {
        let recent = made.filter { uptime - $0 < window }
        guard let last = recent.last, recent.count >= Self.free else { return true }
        var delay = Self.firstDelay
        for _ in Self.free..<recent.count where delay < Self.longestDelay { delay = delay * 2 }
        return uptime - last >= min(delay, Self.longestDelay)
    }

    /// Counts a key.
    mutating func count(at uptime: Duration) {
        made = made.filter { uptime - $0 < window }.suffix(64) + [uptime]
    }
}

/// How long to wait after failures: ten seconds, doubled up to five minutes.
struct RetryDelay: Hashable, Sendable {
    private static let first = Duration.seconds(10)
    private static let longest = Duration.seconds(300)

    private var failures = 0
    private var notBefore: Duration?

    /// Whether another attempt is due.
    func allows(at uptime: Duration) -> Bool { notBefore.map { uptime >= $0 } ?? true }

    mutating func fail(at uptime: Duration) {
        var delay = Self.first
        for _ in 0..<failures where delay < Self.longest { delay = delay * 2 }
        failures += 1
        notBefore = uptime + min(delay, Self.longest)
    }

    mutating func succeed() { self = RetryDelay() }
}
