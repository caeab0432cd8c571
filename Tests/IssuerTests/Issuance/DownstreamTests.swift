// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import SwiftASN1
import Testing
import X509

@testable import Issuer

/// Issuers below an issuer, and roots elsewhere.
@Suite struct DownstreamTests {
    @Test func anIssuerBelowSignsLeavesOnly() async throws {
        let fixture = try await IssuerFixture { $0.allowsDownstream = true }
        let root = try #require(fixture.authorities.state.x509.active?.certificate)
        #expect(root.pathLength == 1)
        let issued = try await fixture.issuing.newDownstreamAuthority(
            request: IssuerFixture.request(), for: IssuerFixture.requester)
        let below = issued.chain[0]
        #expect(issued.chain.count == 1)
        #expect(issued.roots == [root])
        #expect(below.pathLength == 0)
        #expect(below.uris == ["spiffe://example.org"])
        #expect(below.keyUsage == KeyUsage(keyCertSign: true, cRLSign: true))
        #expect(below.notAfter == root.notAfter)
        let subject = IssuerFixture.subject(of: below)
        #expect(subject[0...1] == ["C=US", "O=SPIFFE"])
        #expect(subject[2].hasPrefix("OU=DOWNSTREAM-"))
        let stored = try await fixture.issuanceStore.issuances(from: issued.leafIndex, limit: 1)
        #expect(stored.first?.record.kind == .downstream)
    }

    @Test func aPathLengthOfZeroForbidsIssuersBelow() async throws {
        let fixture = try await IssuerFixture()
        await #expect(throws: IssuerError(.failedPrecondition, "this issuer may not certify another one")) {
            try await fixture.issuing.newDownstreamAuthority(
                request: IssuerFixture.request(), for: IssuerFixture.requester)
        }
    }

    @Test func theLimitsAreAskedAboutIssuersBelow() async throws {
        let authorizer = ScriptedAuthorizer { $0.kind == .downstream ? .refused(["none below"]) : .allowed() }
        let fixture = try await IssuerFixture(authorizer: authorizer) { $0.allowsDownstream = true }
        await #expect(
            throws: IssuerError(.permissionDenied, "issuance is outside the limits of this issuer: none below")
        ) {
            try await fixture.issuing.newDownstreamAuthority(
                request: IssuerFixture.request(), for: IssuerFixture.requester)
        }
    }

    /// An issuer that hangs from another one of ours: leaf, its certificate, and the root that only the bundle has.
    @Test func twoIssuersOneRoot() async throws {
        let upper = try await IssuerFixture { $0.allowsDownstream = true }
        let lower = try await IssuerFixture(clock: upper.clock, upstream: NestedAuthority(upper.issuing))
        let active = try #require(lower.authorities.state.x509.active)
        let root = try #require(upper.authorities.state.x509.active)
        #expect(active.upstreamAuthorityID == root.authorityID)
        #expect(lower.authorities.state.bundle.x509Authorities.map(\.certificate) == [try #require(root.certificate)])
        let issued = try await lower.issued()
        #expect(issued.chain.count == 2)
        #expect(issued.chain[1] == active.certificate)
        let outcome = X509SVIDOutcome.verifying(
            chain: issued.chain, against: upper.authorities.state.bundle.x509Bundle, at: upper.clock.now())
        #expect(outcome.svid?.id == IssuerFixture.web)
        #expect(lower.rotation.serverIdentity?.svid.chain.count == 2)
        // A third level would be below a path length of zero.
        await #expect(throws: IssuerError(.failedPrecondition, "this issuer may not certify another one")) {
            try await lower.issuing.newDownstreamAuthority(
                request: IssuerFixture.request(), for: IssuerFixture.requester)
        }
        let again = try await lower.restarted()
        #expect(again.authorities.state.x509.active == active)
    }

    @Test func rootsElsewhereAreEndedByTheirOwnNames() async throws {
        let upper = try await IssuerFixture { $0.allowsDownstream = true }
        let lower = try await IssuerFixture(clock: upper.clock, upstream: NestedAuthority(upper.issuing))
        let old = try #require(upper.authorities.state.x509.active).authorityID
        let own = try #require(lower.authorities.state.x509.active).authorityID
        await #expect(
            throws: IssuerError(
                .failedPrecondition, "local authority can't be tainted if there is an upstream authority")
        ) { try await lower.authorities.taint(.x509, own) }
        await #expect(
            throws: IssuerError(.invalidArgument, "unable to revoke upstream authority that is in use")
        ) { try await lower.authorities.revokeUpstream(old) }
        let next = try await upper.authorities.prepare(.x509)
        _ = try await upper.authorities.activate(.x509, next.authorityID)
        let prepared = try await lower.authorities.prepare(.x509)
        _ = try await lower.authorities.activate(.x509, prepared.authorityID)
        try await lower.authorities.taintUpstream(old)
        #expect(lower.authorities.ledger.bundle.isTainted(.x509, old) == true)
        try await lower.authorities.revokeUpstream(old)
        #expect(!lower.authorities.ledger.bundle.contains(.x509, old))
        await #expect(
            throws: IssuerError(
                .notFound, "failed to revoke X.509 authority: no root CA found with provided subject key ID")
        ) { try await lower.authorities.revokeUpstream(old) }
        await #expect(throws: IssuerError(.invalidArgument, "no subject key ID provided")) {
            try await lower.authorities.taintUpstream("")
        }
        await #expect(throws: IssuerError(.failedPrecondition, "upstream authority is not configured")) {
            try await upper.authorities.taintUpstream(old)
        }
    }

    /// A leaf of an issuer below may say what it likes: it counts no longer than the one who signed it.
    @Test func aCallerCountsNoLongerThanItsChain() async throws {
        let upper = try await IssuerFixture { $0.allowsDownstream = true }
        let key = try PrivateKey(generating: .p256)
        let below = try await upper.issuing.newDownstreamAuthority(
            request: IssuerFixture.request(key), ttl: 600, for: IssuerFixture.requester
        ).chain[0]
        let now = upper.clock.now()
        let content = try CertificateProfile.leaf(
            publicKey: try Certificate.PublicKey(
                derEncoded: PrivateKey(generating: .p256).publicKey.subjectPublicKeyInfo),
            id: IssuerFixture.web, dnsNames: [],
            subject: try CertificateProfile.subject(upper.authorities.configuration.subject),
            issuer: .init(
                name: below.certificate.subject, keyIdentifier: try #require(below.subjectKeyIdentifier),
                notBefore: below.notBefore, notAfter: below.notAfter),
            validity: .init(notBefore: now, notAfter: now.advanced(by: 6_000)), serial: try RandomSource.system.serial()
        )
        let body = try content.body(for: .ecdsaWithSHA256)
        let leaf = try CertificateContent.certificate(
            body: body, signature: try key.signature(over: body, algorithm: .es256), algorithm: .ecdsaWithSHA256)
        let outcome = X509SVIDOutcome.verifying(
            chain: [leaf, below], against: upper.bundles.bundle.x509Bundle, at: now)
        #expect(CallerIdentity(try #require(outcome.svid)).notAfter == below.notAfter)
    }

    @Test func answersOfAnUpstreamAreChecked() async throws {
        let upper = try await IssuerFixture { $0.allowsDownstream = true }
        func refuses(
            _ message: String, _ change: @escaping @Sendable (UpstreamCertificate) throws -> UpstreamCertificate
        ) async throws {
            let fixture = try await IssuerFixture(
                clock: upper.clock, upstream: NestedAuthority(upper.issuing, change: change), starts: false)
            await #expect(throws: IssuerError(.unavailable, message)) {
                try await fixture.authorities.prepare(.x509)
            }
            #expect(fixture.authorities.state.bundle.isEmpty)
        }
        let other = try await IssuerFixture(clock: upper.clock)
        let stranger = try #require(other.authorities.state.x509.active?.certificate)
        let wrong = "upstream authority answered with the wrong certificate"
        let unusable = "upstream authority answered with an unusable chain"
        try await refuses(wrong) { UpstreamCertificate(chain: [], roots: $0.roots) }
        try await refuses(wrong) { UpstreamCertificate(chain: [stranger], roots: $0.roots) }
        try await refuses(unusable) { UpstreamCertificate(chain: $0.chain, roots: []) }
        try await refuses(unusable) { UpstreamCertificate(chain: $0.chain, roots: [stranger]) }
        try await refuses(unusable) { UpstreamCertificate(chain: $0.chain + [stranger], roots: $0.roots) }
    }
}

/// Certifies by another issuer of ours.
struct NestedAuthority: UpstreamAuthority {
    let issuing: IssuingService
    let change: @Sendable (UpstreamCertificate) throws -> UpstreamCertificate

    init(
        _ issuing: IssuingService,
        change: @escaping @Sendable (UpstreamCertificate) throws -> UpstreamCertificate = { $0 }
    ) {
        self.issuing = issuing
        self.change = change
    }

    func certify(
        request: [UInt8], for trustDomain: TrustDomain, lifetime: Int64
    ) async throws -> UpstreamCertificate {
        let issued = try await issuing.newDownstreamAuthority(
            request: request, ttl: lifetime, for: Requester(name: "below"))
        return try change(UpstreamCertificate(chain: issued.chain, roots: issued.roots))
    }
}
