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
package final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Int64
    }

    private let rate: RequestRate
    private let buckets = Mutex<[String: Bucket]>([:])

    init(_ rate: RequestRate) { self.rate = rate }

    /// Takes one request of a source; false when it asked too often.
    func admits(_ source: String, at now: Timestamp) -> Bool {
        change(source, now) { bucket in
            guard bucket.tokens >= 1 else { return false }
            bucket.tokens -= 1
            return true
        }
    }

    /// Takes more for a large answer, which may leave the source in debt.
    func charge(_ source: String, bytes: Int, at now: Timestamp) {
        let cost = Double(bytes / 4096)
        guard cost > 0 else { return }
        change(source, now) { $0.tokens = max(-rate.burst, $0.tokens - cost) }
    }

    private func change<R>(_ source: String, _ now: Timestamp, _ body: (inout Bucket) -> R) -> R {
        let source = Self.network(of: source)
        return buckets.withLock { buckets in
            var bucket = buckets[source] ?? Bucket(tokens: rate.burst, at: now.microseconds)
            bucket.tokens = Self.refilled(bucket, rate, now)
            bucket.at = now.microseconds
            let result = body(&bucket)
            if buckets[source] == nil, buckets.count >= rate.sources { forget(&buckets, now) }
            buckets[source] = bucket
            return result
        }
    }

    /// Drops the sources whose buckets are full again; when too many are busy, those that rested longest.
    private func forget(_ buckets: inout [String: Bucket], _ now: Timestamp) {
        buckets = buckets.filter { Self.refilled($0.value, rate, now) < rate.burst }
        guard buckets.count >= rate.sources else { return }
        // An eighth at once, so that not every new source costs a search.
        let oldest = buckets.sorted { $0.value.at < $1.value.at }.prefix(max(1, rate.sources / 8))
        for (key, _) in oldest { buckets[key] = nil }
    }

    /// A clock that was set back gives nothing and takes nothing.
    private static func refilled(_ bucket: Bucket, _ rate: RequestRate, _ now: Timestamp) -> Double {
        let seconds = Double(max(0, now.microseconds - bucket.at)) / 1_000_000
        return min(rate.burst, bucket.tokens + seconds * rate.perSecond)
    }

    /// Who has one address of IPv6 has 2^64 of them: such sources are counted by the first half of the address.
    package static func network(of source: String) -> String {
        guard source.contains(":"), !source.contains(".") else { return source }
        let address = source.prefix { $0 != "%" }
        var groups: [Substring]
        if let gap = address.firstRange(of: "::") {
            let left = address[..<gap.lowerBound].split(separator: ":")
            let right = address[gap.upperBound...].split(separator: ":")
            groups = left + Array(repeating: "0", count: max(0, 8 - left.count - right.count)) + right
        } else {
            groups = address.split(separator: ":")
        }
        groups = Array(groups.prefix(4))
        return groups.joined(separator: ":") + "::/64"
    }
}
