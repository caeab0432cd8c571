// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import Issuer

/// Token buckets for each source. Facts (SPIFFE) 15.3.
struct RateLimiterTests {
    static func caller(_ address: String) -> Caller { .remote(address: address, identity: nil) }

    @Test func waitsForItsTurn() async throws {
        let clock = SteppedClock()
        let limiter = RateLimiter(RateLimits(perSecond: [.attestation: 1, .jwtSigning: 4]), clock: clock)
        try await limiter.take(from: .attestation, for: Self.caller("192.0.2.1"))
        #expect(clock.slept == [])
        try await limiter.take(from: .attestation, for: Self.caller("192.0.2.1"))
        #expect(clock.slept == [.seconds(1)])
        // Others, and other buckets, do not wait.
        try await limiter.take(from: .attestation, for: Self.caller("192.0.2.2"))
        try await limiter.take(4, from: .jwtSigning, for: Self.caller("192.0.2.1"))
        #expect(clock.slept == [.seconds(1)])
        try await limiter.take(2, from: .jwtSigning, for: Self.caller("192.0.2.1"))
        #expect(clock.slept == [.seconds(1), .milliseconds(500)])
        clock.advance(by: .seconds(100))
        try await limiter.take(4, from: .jwtSigning, for: Self.caller("192.0.2.1"))
        #expect(clock.slept.count == 2, "a rest fills the bucket")
        try await limiter.take(1, from: .jwtSigning, for: Self.caller("192.0.2.1"))
        #expect(clock.slept.count == 3, "and no more than fills it")
    }

    @Test func refusesWhatComesTooLate() async throws {
        let clock = SteppedClock()
        let limiter = RateLimiter(
            RateLimits(perSecond: [.attestation: 1], longestWait: .seconds(3)), clock: FrozenClock(clock))
        let late = IssuerError(.resourceExhausted, "rate limit exceeded; the wait would be too long")
        for _ in 0..<2 { try await limiter.take(from: .attestation, for: Self.caller("a"), deadline: .seconds(1)) }
        await #expect(throws: late) {
            try await limiter.take(from: .attestation, for: Self.caller("a"), deadline: .seconds(1))
        }
        // Who was refused took nobody's turn.
        try await limiter.take(from: .attestation, for: Self.caller("a"), deadline: .seconds(2))
        try await limiter.take(from: .attestation, for: Self.caller("a"))
        await #expect(throws: late) { try await limiter.take(from: .attestation, for: Self.caller("a")) }
        await #expect(throws: late) {
            try await limiter.take(from: .attestation, for: Self.caller("a"), deadline: .seconds(1000))
        }
    }

    @Test func refusesMoreThanASecondAllows() async throws {
        let limiter = RateLimiter(RateLimits(perSecond: [.x509Signing: 500]), clock: SteppedClock())
        try await limiter.take(500, from: .x509Signing, for: Self.caller("a"))
        await #expect(throws: IssuerError(.resourceExhausted, "rate (501) exceeds burst size (500)")) {
            try await limiter.take(501, from: .x509Signing, for: Self.caller("b"))
        }
    }

    @Test func leavesLocalCallersAlone() async throws {
        let clock = SteppedClock()
        let limiter = RateLimiter(RateLimits(perSecond: [.attestation: 1]), clock: clock)
        for _ in 0..<10 {
            try await limiter.take(50, from: .attestation, for: .local(LocalPeer(pid: 1, uid: 1, gid: 1)))
        }
        let open = RateLimiter(RateLimits().without(attestation: true, signing: true), clock: clock)
        for bucket in [RateBucket.attestation, .x509Signing, .jwtSigning, .witSigning] {
            try await open.take(1_000_000, from: bucket, for: Self.caller("a"))
        }
        #expect(clock.slept == [])
    }

    @Test func remembersABoundedNumberOfSources() async throws {
        let clock = SteppedClock()
        let limiter = RateLimiter(RateLimits(perSecond: [.jwtSigning: 2], sources: 16), clock: FrozenClock(clock))
        for source in 0..<1000 { try await limiter.take(from: .jwtSigning, for: Self.caller("\(source)")) }
        #expect(limiter.count <= 16)
        // Those that are full again go first.
        clock.advance(by: .seconds(10))
        try await limiter.take(2, from: .jwtSigning, for: Self.caller("busy"))
        for source in 0..<8 { try await limiter.take(from: .jwtSigning, for: Self.caller("\(source)")) }
        await #expect(throws: IssuerError.self) {
            try await limiter.take(from: .jwtSigning, for: Self.caller("busy"), deadline: .zero)
        }
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8::1", "2001:db8:0:0::/64"),
        ("fe80::1%eth0", "fe80:0:0:0::/64"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("::1", "0:0:0:0::/64"),
    ])
    func countsNetworks(_ address: String, _ network: String) {
        #expect(RateLimiter.network(of: address) == network)
    }
}

/// Shows the time of another clock, and wakes sleepers at once without moving it.
struct FrozenClock: IssuerClock {
    let inner: SteppedClock
    init(_ inner: SteppedClock) { self.inner = inner }
    func now() -> CertificateTime { inner.now() }
    func uptime() -> Duration { inner.uptime() }
    func sleep(for duration: Duration) async throws(CancellationError) {}
}
