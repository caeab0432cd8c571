// SPDX-License-Identifier: Apache-2.0

import CESR
import Crypto
import JOSE
import KERI
import KelmarkBytes
import SPIFFE
import Testing

@testable import TrustBinding

/// Which authorities of a bundle a proof file stands behind.
struct BundleProofTests {
    private func limits(_ types: [AuthorityStatement.Kind] = [.x509, .jwt]) throws -> AuthoritySample {
        AuthoritySample(
            limits: try AuthorityLimits(
                pathPrefixes: [.all], svidTypes: types, longestX509: 3600, longestJWT: 300, mostKeys: 2))
    }

    private func proof(
        _ scenario: ProofScenario, _ bytes: [UInt8]? = nil, root: AID? = nil, domain: TrustDomain = Sample.domain
    ) throws -> BundleProof {
        try BundleProof(
            try bytes ?? scenario.file(), root: root ?? scenario.organisation.aid, trustDomain: domain, at: Sample.now)
    }

    private func summary(_ finding: BundleProof.Finding) -> String {
        finding.verdict == .proven ? "proven" : "\(finding.verdict.rawValue) \(finding.reasons.first?.code ?? "")"
    }

    private func finding(
        _ scenario: ProofScenario, at time: CertificateTime = Sample.now, domain: TrustDomain = Sample.domain
    ) throws -> String {
        summary(
            try proof(scenario, domain: domain).finding(
                about: .x509(X509Authority(scenario.authority.certificate)), at: time))
    }

    /// A file with neither authority nor SVID.
    private func bare(
        _ scenario: ProofScenario, before: [UInt8] = [], fork: [UInt8] = []
    ) throws -> [UInt8] {
        var writer = ProofFileWriter()
        if !before.isEmpty { writer.append(keyEventLog: before) }
        writer.append(keyEventLog: scenario.organisation.log + fork)
        writer.append(keyEventLog: scenario.issuer.log)
        writer.append(registry: scenario.credential.registry.messages.flatMap { $0 })
        writer.append(credential: try scenario.credential.message())
        writer.append(schema: AuthoritySchema.bytes)
        for record in scenario.records { writer.append(record) }
        return try writer.finish()
    }

    private func refusal(_ body: () throws -> BundleProof) -> String {
        do {
            _ = try body()
            return ""
        } catch let error as BundleProof.Refusal {
            return "\(error.verdict.rawValue) \(error.reason.code)"
        } catch {
            return "\(error)"
        }
    }

    // MARK: Certificates

    @Test func `an authority that a statement names is proven, with or without itself in the file`() async throws {
        let scenario = try await ProofScenario()
        #expect(try finding(scenario) == "proven")
        #expect(try finding(try await ProofScenario(delegated: true)) == "proven")
        let proof = try proof(scenario, try bare(scenario))
        let authority = TrustAuthority.x509(X509Authority(scenario.authority.certificate))
        #expect(proof.finding(about: authority, at: Sample.now).verdict == .proven)
        #expect(proof.asOf.map(\.aid) == [scenario.organisation.aid.text, scenario.issuer.aid.text])
    }

    @Test func `another key, another certificate of the key, or another trust domain is not`() async throws {
        #expect(try finding(try await ProofScenario(authorityKey: 2)) == "undecidable statement-missing")
        #expect(
            try finding(try await ProofScenario(notAfter: Sample.now.advanced(by: 90_000)))
                == "contradicted authority-validity")
        #expect(try finding(try await ProofScenario(pathLength: 1)) == "contradicted authority-downstream")
        let other = try TrustDomain("other.test")
        #expect(
            try finding(try await ProofScenario(authorityDomain: other)) == "contradicted authority-names")
        #expect(try finding(try await ProofScenario(), domain: other).hasPrefix("contradicted credential"))
    }

    @Test func `nothing is proven before its statement holds, or after`() async throws {
        let scenario = try await ProofScenario()
        #expect(try finding(scenario, at: Sample.now.advanced(by: -3601)) == "contradicted statement-not-valid")
        #expect(try finding(scenario, at: Sample.now.advanced(by: 86_401)) == "contradicted statement-not-valid")
    }

    @Test func `what ended is proven no more`() async throws {
        let revoked = try await ProofScenario()
        try revoked.credential.revoke()
        #expect(try finding(revoked) == "contradicted credential-revoked")

        var withdrawn = try await ProofScenario()
        let withdrawal = try Withdrawal(
            author: withdrawn.issuer.aid.primitive, trustDomain: Sample.domain, subject: withdrawn.statement.said,
            reason: "rotated")
        withdrawn.records.append(.withdrawal(withdrawal))
        try withdrawn.issuer.seal(withdrawal.said)
        #expect(try finding(withdrawn) == "contradicted statement-withdrawn")

        #expect(try finding(try await ProofScenario(sealing: false)) == "undecidable statement-not-sealed")
        #expect(try finding(try await ProofScenario(issuing: false)) == "undecidable issuance-missing")
    }

    @Test func `a registry or an issuer of somebody else founds nothing`() async throws {
        let stranger = FakeController(seed: 40, store: MemoryKeyEventStore())
        try stranger.incept()
        #expect(
            try finding(try await ProofScenario(registryOwner: stranger.aid)) == "contradicted registry-of-another")
        let store = MemoryKeyEventStore()
        let delegator = FakeController(seed: 50, store: store)
        try delegator.incept()
        let scenario = try await ProofScenario(delegator: delegator, store: store)
        let bytes = try bare(scenario, before: delegator.log)
        let found = try proof(scenario, bytes).finding(
            about: .x509(X509Authority(scenario.authority.certificate)), at: Sample.now)
        #expect(summary(found) == "contradicted issuer-of-another")
    }

    // MARK: Tokens

    private func token(
        types: [AuthorityStatement.Kind] = [.x509, .jwt]
    ) async throws -> (scenario: ProofScenario, key: PublicKey) {
        let key = try PublicKey(
            subjectPublicKeyInfo: [UInt8](
                P256.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 60, count: 32)).publicKey
                    .derRepresentation))
        var scenario = try await ProofScenario(sample: limits(types))
        let statement = try AuthorityStatement.stating(
            .jwt, issuer: scenario.issuer.aid.primitive, trustDomain: Sample.domain, keyID: key.thumbprint,
            subjectPublicKeyInfo: key.subjectPublicKeyInfo, notBefore: Sample.now.advanced(by: -60),
            notAfter: Sample.now.advanced(by: 3600), credential: scenario.credential.said.primitive)
        try scenario.issuer.seal(statement.said)
        scenario.records.append(.statement(statement))
        return (scenario, key)
    }

    private func finding(
        _ scenario: ProofScenario, _ key: PublicKey, id: String? = nil, end: CertificateTime? = nil, wit: Bool = false
    ) throws -> String {
        let authority = try TokenAuthority(keyID: id ?? key.thumbprint, key: key, expiresAt: end?.seconds)
        return summary(
            try proof(scenario).finding(about: wit ? .wit(authority) : .jwt(authority), at: Sample.now))
    }

    @Test func `a key of tokens is proven by its own statement`() async throws {
        let (scenario, key) = try await token()
        #expect(try finding(scenario, key) == "proven")
        #expect(try finding(scenario, key, end: Sample.now.advanced(by: 3600)) == "proven")
        #expect(try finding(scenario, key, end: Sample.now.advanced(by: 3601)) == "contradicted authority-validity")
        #expect(try finding(scenario, key, id: "another") == "contradicted authority-key-id")
        #expect(try finding(scenario, key, wit: true) == "undecidable statement-missing")
        // The statement of a certificate's key says nothing of tokens.
        let signing = try PublicKey(subjectPublicKeyInfo: scenario.statement.subjectPublicKeyInfo)
        #expect(try finding(scenario, signing) == "undecidable statement-missing")
        #expect(try finding(try await token(types: [.x509]).scenario, key) == "contradicted limit-type")
    }

    // MARK: Files

    @Test func `a file that does not hold is refused`() async throws {
        let scenario = try await ProofScenario()
        let bytes = try scenario.file()
        #expect(refusal { try proof(scenario, []) } != "")
        #expect(refusal { try proof(scenario, Array(bytes.dropLast())) } == "undecidable file-truncated")
        let stranger = FakeController(seed: 40, store: MemoryKeyEventStore())
        try stranger.incept()
        #expect(refusal { try proof(scenario, root: stranger.aid) } == "undecidable organisation-log-missing")
        // A part that the manifest does not name.
        var parts = try ProofFile(bytes).parts
        parts.removeLast()
        let manifest = try ProofFileWriter.bytes(of: parts)
        #expect(refusal { try proof(scenario, manifest) } != "")
    }

    @Test func `an older file lacks what a newer one has`() async throws {
        let scenario = try await ProofScenario()
        let older = try scenario.file()
        try scenario.credential.revoke()
        let newer = try proof(scenario)
        let before = try proof(scenario, older)
        #expect(before.asOf.allSatisfy(newer.holds))
        #expect(!newer.asOf.allSatisfy(before.holds))
        let place = try #require(newer.asOf.first)
        #expect(!newer.holds(EventPosition(aid: place.aid, sn: place.sn, said: newer.asOf[1].said)))
        #expect(!newer.holds(EventPosition(aid: "x", sn: 0, said: place.said)))
    }

    @Test func `two histories of the organisation end everything`() async throws {
        let scenario = try await ProofScenario()
        let place = try #require(try scenario.organisation.state.sn.previous)
        let before = try #require(
            try scenario.store.read { try $0.trunkState(of: scenario.organisation.aid, through: place) })
        let fork = try EventBuilder.interaction(of: before, anchors: ["another story"])
        let message = try scenario.organisation.add(fork, generation: 0, keep: false)
        let found = try proof(scenario, try bare(scenario, fork: message))
        #expect(found.isDuplicitous)
        #expect(
            found.finding(about: .x509(X509Authority(scenario.authority.certificate)), at: Sample.now).verdict
                == .contradicted)
    }
}
