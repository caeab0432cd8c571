// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What is counted apart from each other. Facts (SPIFFE) 15.3.
public enum RateBucket: Hashable, Sendable, CaseIterable {
    /// Attempts to attest a node.
    case attestation
    /// X.509-SVIDs and downstream authorities, renewals of agents included.
    case x509Signing
    /// JWT-SVIDs.
    case jwtSigning
    /// WIT-SVIDs.
    case witSigning
    /// Keys that downstream servers publish.
    case keyPublishing
    /// Status reports of agents.
    case statusPosting
}

/// How often one source may ask, and how many sources are told apart.
public struct RateLimits: Hashable, Sendable {
    /// A second in the long run, and at once after a rest; a bucket that is not named is not limited.
    public var perSecond: [RateBucket: Int]
    /// Most sources that are told apart at a time.
    public var sources: Int
    /// Longest wait for a turn, also when the caller would wait longer.
    public var longestWait: Duration

    /// SPIRE's limits: one attestation, ten reports, five hundred of everything else.
    public init(
        perSecond: [RateBucket: Int] = [
            .attestation: 1, .x509Signing: 500, .jwtSigning: 500, .witSigning: 500, .keyPublishing: 500,
            .statusPosting: 10,
        ], sources: Int = 16_384, longestWait: Duration = .seconds(30)
    ) {
        self.perSecond = perSecond
        self.sources = sources
        self.longestWait = longestWait
    }

    /// The same without limits for attestation, for signing.
    public func without(attestation: Bool = false, signing: Bool = false) -> RateLimits {
        var limits = self
        if attestation { limits.perSecond[.attestation] = nil }
        if signing {
            for bucket in [RateBucket.x509Signing, .jwtSigning, .witSigning] { limits.perSecond[bucket] = nil }
        }
        return limits
    }
}

/// Makes callers wait so that no source asks more often than it may: a token bucket for each source and kind.
///
/// A source is an IP address, or half of an IPv6 address, since whoever has one of those has 2^64. Callers over the
/// Unix socket are not limited. A caller whose turn would come too late is refused at once and takes no turn away.
public final class RateLimiter: Sendable {
    private struct Key: Hashable {
        let source: String
        let bucket: RateBucket
    }

    /// Tokens are counted in nanoseconds of waiting: the moment from which on the bucket is full again.
    private struct State {
        var fullAt: [Key: Duration] = [:]
    }

    private let limits: RateLimits
    private let clock: any IssuerClock
    private let state = Mutex(State())

    /// Limits by a clock's uptime.
    public init(_ limits: RateLimits = RateLimits(), clock: any IssuerClock) {
        self.limits = limits
        self.clock = clock
    }

    /// Takes `count` turns of a bucket for a caller, and waits until they have come.
    /// - Parameter deadline: how long the caller waits at most; nil when it named no time.
    /// - Throws: `resourceExhausted` when more is asked for at once than a second allows, or the turns come too late;
    ///   `deadlineExceeded` when the wait is cancelled.
    public func take(
        _ count: Int = 1, from bucket: RateBucket, for caller: Caller, deadline: Duration? = nil
    ) async throws(IssuerError) {
        guard case .remote(let address, _) = caller, let rate = limits.perSecond[bucket], count > 0 else { return }
        guard rate > 0, count <= rate else {
            throw IssuerError(.resourceExhausted, "rate (\(count)) exceeds burst size (\(rate))")
        }
        let patience = min(deadline ?? limits.longestWait, limits.longestWait)
        let key = Key(source: Self.network(of: address), bucket: bucket)
        let now = clock.uptime()
        let wait = state.withLock { state -> Duration? in
            let fullAt = max(state.fullAt[key] ?? now, now)
            let later = fullAt + .seconds(count) / rate
            // A full bucket lasts for one second of asking.
            let wait = later - now - .seconds(1)
            guard wait <= patience else { return nil }
            if state.fullAt[key] == nil, state.fullAt.count >= limits.sources { forget(&state, now) }
            state.fullAt[key] = later
            return wait
        }
        guard let wait else { throw IssuerError(.resourceExhausted, "rate limit exceeded; the wait would be too long") }
        guard wait > .zero else { return }
        do {
            try await clock.sleep(for: wait)
        } catch {
            throw IssuerError(.deadlineExceeded, "the caller left before its turn")
        }
    }

    /// How many sources and buckets are remembered.
    var count: Int { state.withLock { $0.fullAt.count } }

    /// Drops the buckets that are full again; when too many are not, those that are full soonest.
    private func forget(_ state: inout State, _ now: Duration) {
        state.fullAt = state.fullAt.filter { $0.value > now }
        guard state.fullAt.count >= limits.sources else { return }
        // An eighth at once, so that not every new source costs a search.
        for (key, _) in state.fullAt.sorted(by: { $0.value < $1.value }).prefix(max(1, limits.sources / 8)) {
            state.fullAt[key] = nil
        }
    }

    /// The network that is counted as one source.
    static func network(of address: String) -> String {
        guard address.contains(":"), !address.contains(".") else { return address }
        let plain = address.prefix { $0 != "%" }
        var groups = plain.split(separator: ":", omittingEmptySubsequences: true).map(String.init)
        if let gap = plain.firstRange(of: "::") {
            let left = plain[..<gap.lowerBound].split(separator: ":").map(String.init)
            let right = plain[gap.upperBound...].split(separator: ":").map(String.init)
            groups = left + Array(repeating: "0", count: max(0, 8 - left.count - right.count)) + right
        }
        return groups.prefix(4).joined(separator: ":") + "::/64"
    }
}
