// SPDX-License-Identifier: Apache-2.0

import Crypto
import JOSE
import SPIFFE
import SwiftASN1
import Testing
import X509

@testable import Issuer

@Suite struct X509IssuanceTests {
    @Test func theLeafHasTheProfile() async throws {
        let fixture = try await IssuerFixture()
        let key = try PrivateKey(generating: .p256)
        let issued = try await fixture.issued(
            IssuerFixture.entry(dnsNames: ["web.example.org", "www.example.org"]),
            request: IssuerFixture.request(
                key,
                names: [.dnsName("other.example.org"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))],
                subject: try DistinguishedName { CommonName("other") }))
        let leaf = issued.leaf
        let authority = try #require(fixture.authorities.state.x509.active)
        let now = fixture.clock.now()
        #expect(issued.id == IssuerFixture.web)
        #expect(issued.chain.count == 1)
        #expect(leaf.subjectPublicKeyInfo == key.publicKey.subjectPublicKeyInfo)
        #expect(leaf.notBefore == now.advanced(by: -10))
        #expect(leaf.notAfter == now.advanced(by: 3_600))
        let extensions = leaf.certificate.extensions
        let names = try #require(try extensions.subjectAlternativeNames)
        #expect(
            Array(names) == [
                .dnsName("web.example.org"), .dnsName("www.example.org"),
                .uniformResourceIdentifier("spiffe://example.org/web"),
            ])
        #expect(IssuerFixture.subject(of: leaf) == ["C=US", "O=SPIRE", "CN=web.example.org"])
        #expect(leaf.certificate.issuer == authority.certificate?.certificate.subject)
        #expect(extensions.filter(\.critical).count == 2)
        #expect(extensions[oid: .X509ExtensionID.keyUsage]?.critical == true)
        #expect(extensions[oid: .X509ExtensionID.basicConstraints]?.critical == true)
        #expect(leaf.keyUsage == KeyUsage(digitalSignature: true, keyEncipherment: true, keyAgreement: true))
        #expect(leaf.extendedKeyUsages == [.serverAuth, .clientAuth])
        #expect(leaf.basicConstraints == .notCertificateAuthority)
        let issuer = try extensions.authorityKeyIdentifier?.keyIdentifier.map { Array($0) }
        #expect(issuer == authority.key.subjectKeyIdentifier)
        let outcome = X509SVIDOutcome.verifying(
            chain: issued.chain, against: fixture.authorities.state.bundle.x509Bundle, at: now)
        #expect(outcome.svid?.id == IssuerFixture.web)
    }

    @Test func serialsDiffer() async throws {
        let fixture = try await IssuerFixture()
        var serials: Set<Certificate.SerialNumber> = []
        for _ in 0..<8 { serials.insert(try await fixture.issued().leaf.certificate.serialNumber) }
        #expect(serials.count == 8)
    }

    @Test(arguments: [PrivateKey.Kind.p256, .p384, .rsa2048])
    func keysOfAllUsualKindsAreCertified(_ kind: PrivateKey.Kind) async throws {
        let key = try PrivateKey(generating: kind)
        let fixture = try await IssuerFixture()
        let issued = try await fixture.issued(request: IssuerFixture.request(key))
        #expect(issued.leaf.subjectPublicKeyInfo == key.publicKey.subjectPublicKeyInfo)
    }

    @Test func unitsOfABoundPathAreWritten() async throws {
        let authorizer = ScriptedAuthorizer { _ in
            .allowed(units: ["aid:\(IssuerFixture.aid)", "bind:\(IssuerFixture.statement)"])
        }
        let fixture = try await IssuerFixture(authorizer: authorizer)
        #expect(
            IssuerFixture.subject(of: try await fixture.issued().leaf)
                == ["C=US", "O=SPIRE", "OU=aid:\(IssuerFixture.aid)", "OU=bind:\(IssuerFixture.statement)"])
        let wild = try await IssuerFixture(
            authorizer: ScriptedAuthorizer {
                $0.id == IssuerFixture.web ? .allowed(units: ["line\nbreak"]) : .allowed()
            })
        await #expect(throws: IssuerError(.internal, "subject units are not usable")) { try await wild.issued() }
    }

    // MARK: Refusals

    @Test func requestsWithoutProofOfPossessionAreRefused() async throws {
        let fixture = try await IssuerFixture()
        let forged = try IssuerFixture.request(damagesSignature: true)
        await #expect(throws: IssuerError(.invalidArgument, "CSR is not signed by its key")) {
            try await fixture.issued(request: forged)
        }
        for wrong in [[0x30, 0x00], [UInt8](repeating: 0x30, count: 70_000)] {
            await #expect(throws: IssuerError(.invalidArgument, "malformed CSR")) {
                try await fixture.issued(request: wrong)
            }
        }
    }

    @Test func entriesThatAreMissingOrOverAreNotFound() async throws {
        let fixture = try await IssuerFixture()
        let missing = IssuerError(.notFound, "entry not found or not authorized")
        let over = IssuerFixture.entry(expiresAt: fixture.clock.now().seconds)
        let results = try await fixture.issuing.newX509SVIDs(
            [
                X509SVIDRequest(entry: nil, request: try IssuerFixture.request()),
                X509SVIDRequest(entry: over, request: try IssuerFixture.request()),
            ], for: IssuerFixture.requester)
        #expect(results.map(\.failure) == [missing, missing])
        for entry in [nil, over] {
            await #expect(throws: missing) {
                try await fixture.issuing.newJWTSVID(entry: entry, audiences: ["a"], for: IssuerFixture.requester)
            }
        }
    }

    @Test func foreignAndRootIDsAreRefused() async throws {
        let fixture = try await IssuerFixture()
        let error = IssuerError(.invalidArgument, "SPIFFE ID is no workload of trust domain example.org")
        for id in [try SPIFFEID("spiffe://other.org/web"), IssuerFixture.domain.id] {
            await #expect(throws: error) { try await fixture.issued(IssuerFixture.entry(id)) }
            await #expect(throws: error) {
                try await fixture.issuing.mintJWTSVID(id: id, audiences: ["a"], ttl: 0, for: IssuerFixture.requester)
            }
        }
    }

    @Test func dnsNamesAreChecked() async throws {
        let fixture = try await IssuerFixture()
        let error = IssuerError(.invalidArgument, "DNS names are not usable")
        for names in [["a b"], ["a.example", "a.example"], (0..<65).map { "h\($0).example" }, ["127.0.0.1"]] {
            await #expect(throws: error) { try await fixture.issued(IssuerFixture.entry(dnsNames: names)) }
        }
    }

    /// Whatever an entry may hold can be issued, or the workload would go without and nobody would know why.
    @Test func theNamesOfAnEntryAreIssued() async throws {
        let fixture = try await IssuerFixture()
        let names = ["*.example.org", "1.2-3.x"] + (0..<62).map { "h\($0).example" }
        var draft = EntryDraft(IssuerFixture.entry())
        draft.dnsNames = names
        let rules = EntryRules(identifiers: IdentifierRules(trustDomain: IssuerFixture.domain))
        let issued = try await fixture.issued(try rules.entry(draft, id: "entry-1"))
        #expect(issued.leaf.otherNames == names.map { .dnsName($0) })
        draft.dnsNames.append("one.more")
        #expect(
            throws: IssuerError(.invalidArgument, "failed to convert entry: too many DNS names, at most 64")
        ) { try rules.entry(draft, id: "entry-1") }
    }

    @Test func theLimitsOfTheIssuerAreAsked() async throws {
        let refusing = ScriptedAuthorizer { proposal in
            proposal.id.path.hasPrefix("/spire/") ? .allowed() : .refused(["limit-path: /web is not below /db"])
        }
        let fixture = try await IssuerFixture(authorizer: refusing)
        let error = IssuerError(
            .permissionDenied, "issuance is outside the limits of this issuer: limit-path: /web is not below /db")
        await #expect(throws: error) { try await fixture.issued() }
        await #expect(throws: error) {
            try await fixture.issuing.newJWTSVID(
                entry: IssuerFixture.entry(), audiences: ["a"], for: IssuerFixture.requester)
        }
        #expect(try await fixture.issuanceStore.leafCount() == 1)
    }

    /// Passing trouble is no refusal, at which agents give up what they have; and nothing is signed in it. What is for the
    /// log is not told.
    @Test func limitsThatCanNotBeReadAreUnavailable() async throws {
        let unsure = ScriptedAuthorizer { proposal in
            proposal.id.path.hasPrefix("/spire/") ? .allowed() : .undecided(detail: "disk of the test")
        }
        let fixture = try await IssuerFixture(authorizer: unsure)
        let error = IssuerError(.unavailable, "the limits of this issuer can't be read now")
        await #expect(throws: error) { try await fixture.issued() }
        await #expect(throws: error) {
            try await fixture.issuing.newJWTSVID(
                entry: IssuerFixture.entry(), audiences: ["a"], for: IssuerFixture.requester)
        }
        #expect(try await fixture.issuanceStore.leafCount() == 1)
    }

    @Test func whatIsForTheLogIsNotTold() async throws {
        let refusing = ScriptedAuthorizer { proposal in
            proposal.id.path.hasPrefix("/spire/") ? .allowed() : .refused(["it ended"], detail: "statement S")
        }
        let fixture = try await IssuerFixture(authorizer: refusing)
        await #expect { try await fixture.issued() } throws: { error in
            guard let error = error as? IssuerError else { return false }
            return error.message == "issuance is outside the limits of this issuer: it ended"
                && error.detail == "statement S"
        }
    }

    @Test func nothingIsSignedWithoutAnAuthority() async throws {
        let fixture = try await IssuerFixture(starts: false)
        await #expect(throws: IssuerError(.unavailable, "X.509 authority is not available for signing")) {
            try await fixture.issued()
        }
        await #expect(throws: IssuerError(.unavailable, "JWT authority is not available for signing")) {
            try await fixture.issuing.newJWTSVID(
                entry: IssuerFixture.entry(), audiences: ["a"], for: IssuerFixture.requester)
        }
    }

    @Test func nothingIsSignedByAnAuthorityThatHasEnded() async throws {
        let fixture = try await IssuerFixture()
        fixture.clock.advance(by: 86_400)
        await #expect(throws: IssuerError(.unavailable, "X.509 authority has ended")) { try await fixture.issued() }
        await #expect(throws: IssuerError(.unavailable, "JWT authority has ended")) {
            try await fixture.issuing.newJWTSVID(
                entry: IssuerFixture.entry(), audiences: ["a"], for: IssuerFixture.requester)
        }
    }

    /// A device that signs with another key is found before anybody gets the certificate.
    @Test func wrongSignaturesAreFound() async throws {
        let fixture = try await IssuerFixture()
        let active = try #require(fixture.authorities.state.x509.active)
        let keys = VaultAuthorityKeys.inMemory()
        let other = try await keys.generateCandidate(in: .x509A, algorithm: .p256)
        let content = try CertificateProfile.leaf(
            publicKey: try other.certificateKey(), id: IssuerFixture.web, dnsNames: [],
            subject: try CertificateProfile.subject(SubjectNames()),
            issuer: try fixture.issuing.issuer(active, try #require(active.certificate)),
            validity: .init(notBefore: fixture.clock.now(), notAfter: fixture.clock.now().advanced(by: 60)),
            serial: try RandomSource.system.serial())
        await #expect(throws: IssuerError(.failedPrecondition, "authority key is not there")) {
            try await CertificateSigner(keys: keys).sign(content, by: active.key)
        }
        let foreign = try await CertificateSigner(keys: keys).sign(content, by: other)
        #expect(throws: IssuerError(.internal, "certificate breaks its own profile")) {
            try fixture.issuing.checkAsPeersWould(
                [foreign], id: IssuerFixture.web, ownRoot: active.certificate, fixture.clock.now())
        }
    }

    // MARK: Batches

    @Test func aBatchIsCommittedOnceAndEachFailsAlone() async throws {
        let store = CountingIssuanceStore()
        let fixture = try await IssuerFixture(issuanceStore: store)
        let before = store.commits
        let other = IssuerFixture.entry(IssuerFixture.id("/db"))
        let results = try await fixture.issuing.newX509SVIDs(
            [
                X509SVIDRequest(entry: IssuerFixture.entry(), request: try IssuerFixture.request()),
                X509SVIDRequest(entry: nil, request: try IssuerFixture.request()),
                X509SVIDRequest(entry: IssuerFixture.entry(), request: [1]),
                X509SVIDRequest(entry: other, request: try IssuerFixture.request()),
            ], for: IssuerFixture.requester)
        #expect(results.map { $0.failure?.code } == [nil, .notFound, .invalidArgument, nil])
        #expect(try results[3].get().id == IssuerFixture.id("/db"))
        #expect(results.compactMap { try? $0.get().leafIndex } == [1, 2])
        #expect(store.commits == before + 1)
        let many = [X509SVIDRequest](repeating: X509SVIDRequest(entry: nil, request: []), count: 1_001)
        await #expect(throws: IssuerError(.resourceExhausted, "too many certificates in one request")) {
            try await fixture.issuing.newX509SVIDs(many, for: IssuerFixture.requester)
        }
    }

    @Test func nothingIsHandedOutThatWasNotRecorded() async throws {
        let store = CountingIssuanceStore()
        let fixture = try await IssuerFixture(issuanceStore: store)
        store.fails(with: IssuerStoreError(.full, "the disk is full"))
        let failed = IssuerError(.unavailable, "issuance can't be recorded")
        await #expect(throws: failed) { try await fixture.issued() }
        await #expect(throws: failed) {
            try await fixture.issuing.newJWTSVID(
                entry: IssuerFixture.entry(), audiences: ["a"], for: IssuerFixture.requester)
        }
        store.fails(with: IssuerStoreError(.corrupt, "damaged"))
        await #expect(throws: IssuerError(.internal, "issuance can't be recorded")) { try await fixture.issued() }
    }

    // MARK: Minting

    @Test func mintingCopiesNamesAndSubject() async throws {
        let fixture = try await IssuerFixture()
        let subject = try DistinguishedName {
            CountryName("DE")
            CommonName("job")
        }
        let request = try IssuerFixture.request(
            names: [.dnsName("a.example"), .uniformResourceIdentifier("spiffe://example.org/job")], subject: subject)
        let issued = try await fixture.issuing.mintX509SVID(request: request, ttl: 120, for: IssuerFixture.requester)
        #expect(issued.id == IssuerFixture.id("/job"))
        #expect(issued.leaf.otherNames == [.dnsName("a.example")])
        #expect(issued.leaf.certificate.subject == subject)
        #expect(issued.leaf.notAfter == fixture.clock.now().advanced(by: 120))
        let plain = try await fixture.issuing.mintX509SVID(
            request: IssuerFixture.request(names: [.uniformResourceIdentifier("spiffe://example.org/job")]), ttl: 0,
            for: IssuerFixture.requester)
        #expect(IssuerFixture.subject(of: plain.leaf) == ["C=US", "O=SPIRE"])
        #expect(plain.leaf.notAfter == fixture.clock.now().advanced(by: 3_600))
    }

    @Test func mintingNeedsExactlyOneIDOfAWorkload() async throws {
        let fixture = try await IssuerFixture()
        func refuses(_ message: String, _ names: [GeneralName], ttl: Int64 = 0) async throws {
            let request = try IssuerFixture.request(names: names)
            await #expect(throws: IssuerError(.invalidArgument, message)) {
                try await fixture.issuing.mintX509SVID(request: request, ttl: ttl, for: IssuerFixture.requester)
            }
        }
        let one = GeneralName.uniformResourceIdentifier("spiffe://example.org/a")
        try await refuses("CSR URI SAN is required", [])
        try await refuses(
            "only one URI SAN is expected", [one, .uniformResourceIdentifier("spiffe://example.org/b")])
        try await refuses(
            "CSR URI SAN is no workload SPIFFE ID", [.uniformResourceIdentifier("spiffe://example.org")])
        try await refuses(
            "SPIFFE ID is no workload of trust domain example.org", [.uniformResourceIdentifier("spiffe://other.org/a")]
        )
        for path in ["/spire", "/spire/server", "/spire/agent/join_token/x"] {
            try await refuses(
                "\"spiffe://example.org\(path)\" is not a workload in trust domain \"example.org\"; path is in the "
                    + "reserved namespace", [.uniformResourceIdentifier("spiffe://example.org\(path)")])
        }
        try await refuses("CSR has a name that is not supported", [one, .rfc822Name("a@example.org")])
        try await refuses("TTL is out of bounds", [one], ttl: -1)
        try await refuses("TTL is out of bounds", [one], ttl: .max)
    }

    @Test func agentsGetTheLifetimeOfAgents() async throws {
        let fixture = try await IssuerFixture { $0.agentTTL = 1_200 }
        let issued = try await fixture.issuing.newAgentSVID(
            IssuerFixture.agent, request: IssuerFixture.request(), for: IssuerFixture.requester)
        #expect(issued.id == IssuerFixture.agent)
        #expect(issued.leaf.notAfter == fixture.clock.now().advanced(by: 1_200))
    }
}

extension Result where Failure == IssuerError {
    var failure: IssuerError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
