// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import Synchronization
import Testing

@testable import Issuer

/// An issuer above that is in the same process.
private struct NestedIssuer: UpstreamIssuer {
    struct Away: Error {}

    let upper: IssuerFixture
    let isAway = Mutable(false)

    final class Mutable: Sendable {
        private let state: Mutex<Bool>
        init(_ value: Bool) { state = Mutex(value) }
        var value: Bool {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    func certify(request: [UInt8], for trustDomain: TrustDomain, lifetime: Int64) async throws -> UpstreamCertificate {
        try await NestedAuthority(upper.issuing).certify(request: request, for: trustDomain, lifetime: lifetime)
    }

    func bundle() throws -> TrustBundle {
        guard !isAway.value else { throw Away() }
        return upper.bundles.bundle
    }

    func publish(_ key: TokenAuthority) async throws { _ = try await upper.bundles.publish(jwtAuthority: key) }
}

/// Two issuers with one bundle.
@Suite(.timeLimit(.minutes(1))) struct UpstreamSyncTests {
    private let upper: IssuerFixture
    private let nested: NestedIssuer
    private let lower: IssuerFixture
    private let sync: UpstreamSync

    init() async throws {
        upper = try await IssuerFixture { $0.allowsDownstream = true }
        nested = NestedIssuer(upper: upper)
        lower = try await IssuerFixture(clock: upper.clock, upstream: nested)
        sync = UpstreamSync(authorities: lower.authorities, upstream: nested, logger: lower.authorities.logger)
    }

    private func roots(_ fixture: IssuerFixture) -> Set<String> {
        Set(fixture.bundles.bundle.x509Authorities.map { DomainBundle.authorityID(of: $0.certificate) })
    }

    private func keys(_ fixture: IssuerFixture) -> Set<String> {
        Set(fixture.bundles.bundle.jwtAuthorities.map(\.keyID))
    }

    @Test func bothHaveOneBundleInTheEnd() async throws {
        await sync.look()
        #expect(keys(upper).count == 2)
        #expect(keys(lower) == keys(upper))
        let next = try await upper.authorities.prepare(.x509)
        await sync.look()
        #expect(roots(lower) == roots(upper))
        #expect(roots(lower).contains(next.authorityID))
        // Nothing new is nothing to tell.
        let sequence = lower.bundles.bundle.sequence
        await sync.look()
        #expect(lower.bundles.bundle.sequence == sequence)
        // A token of one is judged by the bundle of the other.
        let token = try await lower.issuing.newJWTSVID(
            entry: IssuerFixture.entry(), audiences: ["a"], for: IssuerFixture.requester)
        let outcome = JWTSVIDOutcome.verifying(token.token, audience: "a", at: upper.clock.now()) { _ in
            upper.bundles.bundle.jwtBundle
        }
        #expect(outcome.svid?.id == IssuerFixture.web)
    }

    @Test func aRootThatIsTaintedAboveIsLeft() async throws {
        let old = try #require(upper.authorities.state.x509.active).authorityID
        let next = try await upper.authorities.prepare(.x509)
        _ = try await upper.authorities.activate(.x509, next.authorityID)
        await sync.look()
        await lower.rotation.look()
        #expect(lower.authorities.state.x509.active?.upstreamAuthorityID == old)
        _ = try await upper.authorities.taint(.x509, old)
        await sync.look()
        await lower.rotation.look()
        #expect(lower.authorities.state.x509.active?.upstreamAuthorityID == next.authorityID)
        // Once: what hangs from the new root stays.
        let active = lower.authorities.state.x509.active
        lower.clock.advance(by: 10)
        await lower.rotation.look()
        #expect(lower.authorities.state.x509.active == active)
    }

    @Test func aRootThatIsRevokedAboveEndsWhatHangsFromIt() async throws {
        let old = try #require(upper.authorities.state.x509.active).authorityID
        let next = try await upper.authorities.prepare(.x509)
        _ = try await upper.authorities.activate(.x509, next.authorityID)
        _ = try await upper.authorities.revoke(.x509, old)
        await sync.look()
        #expect(roots(lower) == [next.authorityID])
        #expect(lower.authorities.state.x509.active == nil)
        await lower.rotation.look()
        #expect(lower.authorities.state.x509.active?.upstreamAuthorityID == next.authorityID)
        _ = try await lower.issued()
    }

    @Test func aKeyThatWasRevokedHereDoesNotComeBack() async throws {
        await sync.look()
        let old = try #require(lower.authorities.state.jwt.active).authorityID
        let next = try await lower.authorities.prepare(.jwt)
        _ = try await lower.authorities.activate(.jwt, next.authorityID)
        _ = try await lower.authorities.revoke(.jwt, old)
        await sync.look()
        #expect(!keys(lower).contains(old))
        #expect(keys(upper).contains(next.authorityID))
        // The journal of the next process does not know it any more, and the issuer above publishes it still.
        let again = try await lower.restarted(upstream: nested)
        #expect(!again.authorities.ledger.jwt.entries.contains { $0.authorityID == old })
        #expect(keys(upper).contains(old))
        _ = try await again.authorities.follow(nested)
        #expect(!keys(again).contains(old))
    }

    /// What was taken out is remembered as long as it could come back.
    @Test func endedKeysAreForgottenAfterTheirEnd() async throws {
        func end() async throws -> String {
            let old = try #require(lower.authorities.state.jwt.active).authorityID
            let next = try await lower.authorities.prepare(.jwt)
            _ = try await lower.authorities.activate(.jwt, next.authorityID)
            _ = try await lower.authorities.revoke(.jwt, old)
            return old
        }
        let first = try await end()
        #expect(Set(lower.authorities.ledger.endedKeys.keys) == [first])
        lower.clock.advance(by: 3 * 86_400)
        let second = try await end()
        #expect(Set(lower.authorities.ledger.endedKeys.keys) == [second])
    }

    /// It would come back with the next look.
    @Test func rootsAboveAreNotEndedHere() async throws {
        let old = try #require(upper.authorities.state.x509.active).authorityID
        let next = try await upper.authorities.prepare(.x509)
        _ = try await upper.authorities.activate(.x509, next.authorityID)
        await sync.look()
        let before = lower.authorities.state
        for end in [lower.authorities.taintUpstream, lower.authorities.revokeUpstream] {
            let error = await #expect(throws: IssuerError.self) { try await end(old, .issuer) }
            #expect(error?.code == .failedPrecondition)
        }
        #expect(lower.authorities.state == before)
    }

    @Test func whileItIsAwayEverythingStays() async throws {
        await sync.look()
        let before = lower.authorities.state
        nested.isAway.value = true
        await sync.look()
        #expect(lower.authorities.state == before)
        _ = try await lower.issued()
    }

    @Test func anIssuerOfAnotherDomainIsNotFollowed() async throws {
        let before = lower.authorities.state
        let stranger = Stranger(nested: nested, domain: try TrustDomain("other.test"))
        await #expect(throws: IssuerError.self) { _ = try await lower.authorities.follow(stranger) }
        #expect(lower.authorities.state == before)
    }

    private struct Stranger: UpstreamIssuer {
        let nested: NestedIssuer
        let domain: TrustDomain

        func certify(
            request: [UInt8], for trustDomain: TrustDomain, lifetime: Int64
        ) async throws -> UpstreamCertificate {
            try await nested.certify(request: request, for: trustDomain, lifetime: lifetime)
        }
        func bundle() throws -> TrustBundle { try TrustBundle(trustDomain: domain, sequence: 1) }
        func publish(_ key: TokenAuthority) async throws {}
    }
}
