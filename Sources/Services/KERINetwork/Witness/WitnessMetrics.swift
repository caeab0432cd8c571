// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What a witness has done since it started.
public struct WitnessMetrics: Sendable, Hashable {
    /// What a request for a receipt came to.
    public enum Outcome: String, CaseIterable, Sendable {
        /// A new receipt was made.
        case receipted
        /// The stored receipt was given again.
        case repeated
        /// The event waits for something.
        case waiting
        /// No receipt will be given.
        case refused
        /// The request could not be read.
        case malformed
    }

    /// Upper bounds of the buckets of latency, in seconds.
    public static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

    /// Requests for receipts by what they came to.
    public internal(set) var outcomes: [Outcome: UInt64] = [:]
    /// How many of them took at most as long as each of ``bounds`` says.
    public internal(set) var buckets = [UInt64](repeating: 0, count: Self.bounds.count)
    /// How long all of them took, in seconds.
    public internal(set) var seconds = 0.0
    /// Requests of every kind, and messages of streams.
    public internal(set) var requests: UInt64 = 0
    /// What was turned away because of a limit.
    public internal(set) var limited: UInt64 = 0
    /// How often the store did not work.
    public internal(set) var storeFailures: UInt64 = 0
    /// Event streams that are open.
    public internal(set) var streams = 0

    /// As OpenMetrics text.
    public var openMetrics: String {
        let prefix = "kelmark_witness"
        var lines = ["# TYPE \(prefix)_receipts counter"]
        for outcome in Outcome.allCases {
            lines.append("\(prefix)_receipts_total{outcome=\"\(outcome.rawValue)\"} \(outcomes[outcome] ?? 0)")
        }
        lines.append("# TYPE \(prefix)_receipt_seconds histogram")
        lines.append("# UNIT \(prefix)_receipt_seconds seconds")
        for (bound, count) in zip(Self.bounds, buckets) {
            lines.append("\(prefix)_receipt_seconds_bucket{le=\"\(bound)\"} \(count)")
        }
        let all = outcomes.values.reduce(0, +)
        lines.append("\(prefix)_receipt_seconds_bucket{le=\"+Inf\"} \(all)")
        lines.append("\(prefix)_receipt_seconds_sum \(seconds)")
        lines.append("\(prefix)_receipt_seconds_count \(all)")
        for (name, value) in [
            ("requests", requests), ("limited_requests", limited), ("store_failures", storeFailures),
        ] {
            lines.append("# TYPE \(prefix)_\(name) counter")
            lines.append("\(prefix)_\(name)_total \(value)")
        }
        lines.append("# TYPE \(prefix)_streams gauge")
        lines.append("\(prefix)_streams \(streams)")
        return (lines + ["# EOF", ""]).joined(separator: "\n")
    }
}

/// Counts what ``WitnessMetrics`` tells.
final class WitnessMeter: Sendable {
    private let counts = Mutex(WitnessMetrics())

    var value: WitnessMetrics { counts.withLock { $0 } }

    func countRequest() { counts.withLock { $0.requests += 1 } }
    func countLimited() { counts.withLock { $0.limited += 1 } }
    func countStoreFailure() { counts.withLock { $0.storeFailures += 1 } }

    func count(_ outcome: WitnessMetrics.Outcome, after duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        counts.withLock { counts in
            counts.outcomes[outcome, default: 0] += 1
            counts.seconds += seconds
            for (place, bound) in WitnessMetrics.bounds.enumerated() where seconds <= bound {
                counts.buckets[place] += 1
            }
        }
    }
}
