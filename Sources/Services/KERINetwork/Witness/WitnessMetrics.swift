// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What a witness has done since it started, as OpenMetrics text.
final class WitnessMetrics: Sendable {
    /// What a request for a receipt came to.
    enum Outcome: String, CaseIterable, Sendable { case receipted, repeated, waiting, refused }

    private struct Counts {
        var outcomes: [Outcome: Int] = [:]
        var buckets = [Int](repeating: 0, count: WitnessMetrics.bounds.count)
        var sum = 0.0
        var requests = 0
        var limited = 0
        var storeFailures = 0
    }

    /// Upper bounds of latency, in seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
    private let counts = Mutex(Counts())

    func countRequest() { counts.withLock { $0.requests += 1 } }
    func countLimited() { counts.withLock { $0.limited += 1 } }
    func countStoreFailure() { counts.withLock { $0.storeFailures += 1 } }

    func count(_ outcome: Outcome, after duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        counts.withLock { counts in
            counts.outcomes[outcome, default: 0] += 1
            counts.sum += seconds
            for (place, bound) in Self.bounds.enumerated() where seconds <= bound { counts.buckets[place] += 1 }
        }
    }

    /// The text that `GET /metrics` answers.
    var text: String {
        let counts = counts.withLock { $0 }
        let prefix = "kelmark_witness"
        var lines = ["# TYPE \(prefix)_receipts counter"]
        for outcome in Outcome.allCases {
            lines.append(
                "\(prefix)_receipts_total{outcome=\"\(outcome.rawValue)\"} \(counts.outcomes[outcome] ?? 0)")
        }
        lines.append("# TYPE \(prefix)_receipt_seconds histogram")
        for (bound, count) in zip(Self.bounds, counts.buckets) {
            lines.append("\(prefix)_receipt_seconds_bucket{le=\"\(bound)\"} \(count)")
        }
        let all = counts.outcomes.values.reduce(0, +)
        lines.append("\(prefix)_receipt_seconds_bucket{le=\"+Inf\"} \(all)")
        lines.append("\(prefix)_receipt_seconds_sum \(counts.sum)")
        lines.append("\(prefix)_receipt_seconds_count \(all)")
        for (name, value) in [
            ("requests", counts.requests), ("limited_requests", counts.limited),
            ("store_failures", counts.storeFailures),
        ] {
            lines.append("# TYPE \(prefix)_\(name) counter")
            lines.append("\(prefix)_\(name)_total \(value)")
        }
        return (lines + ["# EOF", ""]).joined(separator: "\n")
    }
}
