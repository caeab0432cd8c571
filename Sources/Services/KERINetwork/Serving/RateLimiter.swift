// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import Synchronization

/// How often one source may ask: a bucket for each that fills with time and empties with requests.
public struct RequestRate: Sendable, Hashable {
    /// Requests a second in the long run.
    public var perSecond: Double
    /// Requests at once after a rest.
    public var burst: Double
    /// Most sources that are counted at a time; the one that rested longest is forgotten first.
    public var sources: Int

    /// Collects a rate.
    public init(perSecond: Double = 200, burst: Double = 2000, sources: Int = 16_384) {
        self.perSecond = perSecond
        self.burst = burst
        self.sources = sources
    }
}

/// Counts the requests of each source. A full bucket is the same as none, so only busy sources take memory.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Int64
    }

    private let rate: RequestRate
    private let buckets = Mutex<[String: Bucket]>([:])

    init(_ rate: RequestRate) { self.rate = rate }

    /// Takes one request of a source; false when it asked too often.
    func admits(_ source: String, at now: Timestamp) -> Bool {
        buckets.withLock { buckets in
            var bucket = buckets[source] ?? Bucket(tokens: rate.burst, at: now.microseconds)
            bucket.tokens = Self.refilled(bucket, rate, now)
            bucket.at = now.microseconds
            let isAdmitted = bucket.tokens >= 1
            if isAdmitted { bucket.tokens -= 1 }
            if buckets[source] == nil, buckets.count >= rate.sources { forget(&buckets, now) }
            buckets[source] = bucket
            return isAdmitted
        }
    }

    /// Drops the sources whose buckets are full again; when all are busy, the one that rested longest.
    private func forget(_ buckets: inout [String: Bucket], _ now: Timestamp) {
        buckets = buckets.filter { Self.refilled($0.value, rate, now) < rate.burst }
        guard buckets.count >= rate.sources, let oldest = buckets.min(by: { $0.value.at < $1.value.at }) else { return }
        buckets[oldest.key] = nil
    }

    /// A clock that was set back gives nothing and takes nothing.
    private static func refilled(_ bucket: Bucket, _ rate: RequestRate, _ now: Timestamp) -> Double {
        let seconds = Double(max(0, now.microseconds - bucket.at)) / 1_000_000
        return min(rate.burst, bucket.tokens + seconds * rate.perSecond)
    }
}
