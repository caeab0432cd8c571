// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import NodeAgent

struct IssuerSyncTests {
    let authority = TestAuthority()
    let clock = TestClock()
    let issuer: ScriptedIssuer
    let cache = SVIDCache(capacity: 100)
    let tokens: TokenIssuance

    init() {
        issuer = ScriptedIssuer(authority, clock: clock)
        tokens = TokenIssuance(
            cache, issuer: issuer, clock: clock, policy: WorkloadPolicy(), news: Bell(), logger: Sample.silent)
    }

    private func sync(_ admission: any BundleAdmission = OpenBundleAdmission()) -> IssuerSync {
        IssuerSync(
            trustDomain: Sample.domain, cache: cache, tokens: tokens, issuer: issuer, admission: admission,
            clock: clock, logger: Sample.silent)
    }

    private var trust: TrustState { cache.read { $0.trust } ?? TrustState() }
    private var ids: [String] { cache.read { $0.revisions.map(\.id) } ?? [] }

    @Test func `a round brings bundle, entries and what they federate with`() async throws {
        let partner = TestAuthority(Sample.partner)
        await issuer.change { issuer in
            issuer.entries = [Sample.entry("a") { $0.federatesWith = [Sample.partner] }, Sample.entry("b")]
            issuer.federated[Sample.partner] = partner.bundle()
        }
        var kept: TrustBundle?
        try await sync().run { kept = $0 }
        #expect(kept == authority.bundle(sequence: 1))
        #expect(ids == ["a", "b"])
        #expect(trust.federated[Sample.partner] == partner.bundle())
        await issuer.change { $0.entries = [Sample.entry("b") { $0.revision = 1 }] }
        try await sync().run()
        #expect(ids == ["b"])
        #expect(cache.read { $0.revisions.first?.revision } == 1)
        #expect(trust.federated.isEmpty)
    }

    @Test func `a bundle of others stays until the issuer has none`() async throws {
        let partner = TestAuthority(Sample.partner)
        await issuer.change { issuer in
            issuer.entries = [Sample.entry("a") { $0.federatesWith = [Sample.partner] }]
            issuer.federated[Sample.partner] = partner.bundle()
        }
        try await sync().run()
        await issuer.fail(.federated, .unavailable)
        try await sync().run()
        #expect(trust.federated[Sample.partner] != nil)
        await issuer.change { $0.federated = [Sample.partner: authority.bundle()] }
        try await sync().run()
        #expect(trust.federated[Sample.partner] == partner.bundle())
        await issuer.fail(.federated, .notFound)
        try await sync().run()
        #expect(trust.federated[Sample.partner] == nil)
    }

    @Test func `a failure keeps what there was`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        try await sync().run()
        await issuer.fail(.bundle, .unavailable)
        await #expect(throws: IssuerClientError(.unavailable)) { try await sync().run() }
        await issuer.fail(.entries, .deadline)
        await #expect(throws: IssuerClientError(.deadline)) { try await sync().run() }
        #expect(ids == ["a"])
        #expect(trust.own != nil)
    }

    @Test func `another trust domain's bundle and entries are refused`() async throws {
        await issuer.change { issuer in
            var foreign = Sample.entry("f")
            foreign.spiffeID = try! SPIFFEID("spiffe://partner.test/web")
            issuer.entries = [foreign, Sample.entry("a")]
        }
        try await sync().run()
        #expect(ids == ["a"])
        await issuer.change { $0.ownBundle = TestAuthority(Sample.partner).bundle() }
        let error = await #expect(throws: IssuerClientError.self) { try await sync().run() }
        #expect(error?.code == .malformedAnswer)
    }

    @Test func `only what is admitted is trusted`() async throws {
        let other = TestAuthority()
        await issuer.change { $0.ownBundle = authority.bundle(and: [other], sequence: 2) }
        try await sync(FakeAdmission { $0.certificate == authority.certificate ? .proven : nil }).run()
        #expect(trust.own?.x509Authorities.map(\.certificate) == [authority.certificate])
    }

    @Test func `a refused bundle leaves the last one, and is no first one`() async throws {
        let error = await #expect(throws: IssuerClientError.self) { try await sync(RefusingAdmission()).run() }
        #expect(error?.code == .untrustedIssuer)
        try await sync().run()
        await issuer.change { $0.ownBundle = TestAuthority().bundle(sequence: 2) }
        try await sync(RefusingAdmission()).run()
        #expect(trust.own == authority.bundle(sequence: 1))
    }

    @Test func `when nothing is admitted any more, workloads get a tombstone`() async throws {
        try await sync().run()
        await issuer.change { $0.ownBundle = authority.bundle(sequence: 2) }
        try await sync(FakeAdmission { _ in nil }).run()
        #expect(trust.own?.x509Authorities.isEmpty == true)
        #expect(trust.ownX509?.authorities.count == 1)
        #expect(trust.ownX509?.authorities != [authority.certificate])
    }

    @Test func `an answer that is older than the bundle is not what is decided about again`() async throws {
        let other = TestAuthority()
        await issuer.change { $0.ownBundle = authority.bundle(and: [other], sequence: 3) }
        try await sync().run()
        await issuer.change { $0.ownBundle = authority.bundle(sequence: 2) }
        try await sync().run()
        await sync(FakeAdmission { $0.certificate == other.certificate ? .proven : nil }).decideAgain()
        #expect(trust.own?.x509Authorities.map(\.certificate) == [other.certificate])
    }

    @Test func `while the issuer is away the last bundle is decided about again`() async throws {
        let other = TestAuthority()
        await issuer.change { $0.ownBundle = authority.bundle(and: [other], sequence: 2) }
        await sync().decideAgain()
        #expect(trust.own == nil)
        try await sync().run()
        let revoked = FakeAdmission { $0.certificate == authority.certificate ? .claimed : nil }
        var kept: TrustBundle?
        await sync(revoked).decideAgain { kept = $0 }
        #expect(kept?.x509Authorities.map(\.certificate) == [authority.certificate])
        #expect(trust.ownX509?.authorities == [authority.certificate])
        // What was refused comes back when it is admitted again: the bundle is kept as it came.
        await sync().decideAgain()
        #expect(trust.ownX509?.authorities.count == 2)
    }

    @Test func `an issuer's own tombstone is a bundle as any other`() async throws {
        let tombstone = try TombstoneAuthority.make(Sample.domain, at: Sample.now)
        await issuer.change { issuer in
            issuer.ownBundle = try! TrustBundle(
                trustDomain: Sample.domain, x509Authorities: [X509Authority(tombstone)], sequence: 9)
        }
        try await sync().run()
        #expect(trust.ownX509?.authorities == [tombstone])
    }

    @Test func `tokens of a tainted key are forgotten`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        try await sync().run()
        _ = try await tokens.token(for: Sample.entry("a"), audience: ["x"])
        try await sync().run()
        #expect(tokens.count == 1)
        await issuer.change { issuer in
            var key = authority.tokenAuthority
            key.isTainted = true
            issuer.ownBundle = try! TrustBundle(
                trustDomain: Sample.domain, x509Authorities: [X509Authority(authority.certificate)],
                jwtAuthorities: [key], sequence: 2)
        }
        try await sync().run()
        #expect(tokens.count == 0)
    }
}

struct SyncPaceTests {
    @Test func `failures double the pause up to the longest, success ends that`() {
        var pace = SyncPace(interval: .seconds(5))
        var pauses: [Duration] = []
        for _ in 0..<8 {
            pauses.append(pace.pause(Sample.steady))
            pace.failed()
        }
        #expect(pauses == [5, 10, 20, 40, 80, 160, 240, 240].map { .seconds($0) })
        pace.succeeded()
        #expect(pace.pause(Sample.steady) == .seconds(5))
        var slow = SyncPace(interval: .seconds(60))
        for _ in 0..<20 { slow.failed() }
        #expect(slow.pause(Sample.steady) == .seconds(480))
        var slower = SyncPace(interval: .seconds(600))
        slower.failed()
        #expect(slower.pause(Sample.steady) == .seconds(600))
    }

    @Test func `pauses differ by a tenth at most`() {
        let pace = SyncPace(interval: .seconds(5))
        #expect(pace.pause(Jitter { 0 }) == .milliseconds(4500))
        #expect(pace.pause(Jitter { 0.999_999 }) <= .milliseconds(5500))
    }
}

/// Admits certificates with the grade that a test gives them; nil refuses.
struct FakeAdmission: BundleAdmission {
    let grade: @Sendable (X509Authority) -> AdmissionGrade?

    func decide(on bundle: TrustBundle, replacing current: TrustBundle?) async -> BundleDecision {
        .admitting(
            bundle,
            by: bundle.authorities.map { authority in
                guard case .x509(let certificate) = authority else {
                    return AuthorityVerdict(authority, .admitted(.claimed), reason: "no certificate")
                }
                guard let grade = grade(certificate) else {
                    return AuthorityVerdict(authority, .refused, reason: "revoked")
                }
                return AuthorityVerdict(authority, .admitted(grade), reason: "known")
            })
    }
}

/// Admits nothing.
struct RefusingAdmission: BundleAdmission {
    func decide(on bundle: TrustBundle, replacing current: TrustBundle?) async -> BundleDecision {
        .refused(reason: "no proof")
    }
}
