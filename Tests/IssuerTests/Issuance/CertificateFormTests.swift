// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import Testing

@testable import Issuer

/// Every form of certificate that an issuer signs, judged by `openssl`. Facts (SPIFFE) 14.1.
@Suite struct CertificateFormTests {
    /// What one form must look like.
    private struct Form {
        var subject: String
        var names: String
        var isAuthority = false
        var pathLength = 0
        var algorithm = "ecdsa-with-SHA256"
    }

    private let openssl: OpenSSL

    init() throws { openssl = try OpenSSL() }

    /// - Parameter signer: nil for one that signed itself.
    private func check(_ certificate: X509Certificate, signer: X509Certificate?, _ form: Form) throws {
        let report = try openssl.report(certificate)
        #expect(report.field("Version") == "3 (0x2)")
        #expect(report.field("Signature Algorithm") == form.algorithm)
        // Positive, and at most 20 bytes as DER.
        #expect(report.serial.allSatisfy(\.isHexDigit) && report.serial.contains { $0 != "0" }, "\(report.serial)")
        #expect(report.serial.utf8.count < 40, "\(report.serial)")
        #expect(report.field("Subject")?.hasSuffix(form.subject) == true, "\(report.field("Subject") ?? "")")
        var extensions = report.extensions
        func take(_ name: String) -> String? { extensions.removeValue(forKey: name) }
        if form.isAuthority {
            #expect(take("Basic Constraints") == "critical CA:TRUE, pathlen:\(form.pathLength)")
            #expect(take("Key Usage") == "critical Certificate Sign, CRL Sign")
        } else {
            #expect(take("Basic Constraints") == "critical CA:FALSE")
            #expect(take("Key Usage") == "critical Digital Signature, Key Encipherment, Key Agreement")
            #expect(
                take("Extended Key Usage") == "TLS Web Server Authentication, TLS Web Client Authentication")
        }
        #expect(take("Subject Alternative Name") == form.names)
        #expect(Self.keyName(take("Subject Key Identifier")) == certificate.subjectKeyIdentifier)
        #expect(certificate.subjectKeyIdentifier?.count == 20)
        #expect(Self.keyName(take("Authority Key Identifier")) == signer?.subjectKeyIdentifier)
        #expect(extensions.isEmpty, "\(extensions)")
    }

    private static func keyName(_ text: String?) -> [UInt8]? {
        text.map { text in
            let hex = text.hasPrefix("keyid:") ? text.dropFirst("keyid:".count) : text[...]
            return hex.split(separator: ":").compactMap { UInt8($0, radix: 16) }
        }
    }

    private func fixture(
        _ algorithm: AuthorityKeyAlgorithm = .p256, allowsDownstream: Bool = false
    ) async throws -> (IssuerFixture, root: X509Certificate) {
        let fixture = try await IssuerFixture {
            $0.x509KeyAlgorithm = algorithm
            $0.allowsDownstream = allowsDownstream
            $0.signsTokens = false
        }
        return (fixture, try #require(fixture.authorities.state.x509.active?.certificate))
    }

    static let algorithms: [(AuthorityKeyAlgorithm, String)] = [
        (.p256, "ecdsa-with-SHA256"), (.p384, "ecdsa-with-SHA384"), (.rsa2048, "sha256WithRSAEncryption"),
    ]

    @Test(arguments: algorithms) func authorityAndLeafOfEachKey(
        _ algorithm: AuthorityKeyAlgorithm, _ name: String
    ) async throws {
        let (fixture, root) = try await self.fixture(algorithm)
        try check(
            root, signer: nil,
            Form(
                subject: ",O=SPIFFE,C=US", names: "URI:spiffe://example.org", isAuthority: true, algorithm: name))
        let leaf = try await fixture.issued().leaf
        try check(
            leaf, signer: root, Form(subject: "O=SPIRE,C=US", names: "URI:spiffe://example.org/web", algorithm: name))
        let now = fixture.clock.now()
        #expect(try openssl.complaint(about: [root], under: [root], at: now) == "")
        for purpose in ["sslserver", "sslclient"] {
            #expect(try openssl.complaint(about: [leaf], under: [root], at: now, ["-purpose", purpose]) == "")
        }
    }

    @Test func leafWithNames() async throws {
        let (fixture, root) = try await self.fixture()
        let leaf = try await fixture.issued(
            IssuerFixture.entry(dnsNames: ["web.example.org", "www.example.org"])
        ).leaf
        try check(
            leaf, signer: root,
            Form(
                subject: "CN=web.example.org,O=SPIRE,C=US",
                names: "DNS:web.example.org, DNS:www.example.org, URI:spiffe://example.org/web"))
        let now = fixture.clock.now()
        for name in ["web.example.org", "www.example.org"] {
            #expect(try openssl.complaint(about: [leaf], under: [root], at: now, ["-verify_hostname", name]) == "")
        }
        #expect(
            try openssl.complaint(about: [leaf], under: [root], at: now, ["-verify_hostname", "other.example.org"])
                .contains("hostname mismatch"))
    }

    @Test func agentAndServer() async throws {
        let (fixture, root) = try await self.fixture()
        let agent = try await fixture.issuing.newAgentSVID(
            IssuerFixture.agent, request: IssuerFixture.request(), for: IssuerFixture.requester
        ).leaf
        try check(
            agent, signer: root, Form(subject: "O=SPIRE,C=US", names: "URI:spiffe://example.org/spire/agent/one"))
        let server = try #require(fixture.rotation.serverIdentity?.svid.leaf)
        try check(server, signer: root, Form(subject: "O=SPIRE,C=US", names: "URI:spiffe://example.org/spire/server"))
        for leaf in [agent, server] {
            #expect(try openssl.complaint(about: [leaf], under: [root], at: fixture.clock.now()) == "")
        }
    }

    @Test func anIssuerBelow() async throws {
        let (upper, root) = try await self.fixture(allowsDownstream: true)
        try check(
            root, signer: nil,
            Form(subject: ",O=SPIFFE,C=US", names: "URI:spiffe://example.org", isAuthority: true, pathLength: 1))
        let lower = try await IssuerFixture(clock: upper.clock, upstream: NestedAuthority(upper.issuing)) {
            $0.signsTokens = false
        }
        let chain = try await lower.issued().chain
        #expect(chain.count == 2)
        try check(
            chain[1], signer: root,
            Form(subject: ",O=SPIFFE,C=US", names: "URI:spiffe://example.org", isAuthority: true))
        #expect(try openssl.report(chain[1]).field("Subject")?.contains("OU=DOWNSTREAM-") == true)
        try check(chain[0], signer: chain[1], Form(subject: "O=SPIRE,C=US", names: "URI:spiffe://example.org/web"))
        let now = upper.clock.now()
        #expect(try openssl.complaint(about: chain, under: [root], at: now) == "")
        #expect(
            try openssl.complaint(about: [chain[0]], under: [root], at: now)
                .contains("unable to get local issuer certificate"))
    }

    @Test func whatHasToBeRefused() async throws {
        let (fixture, root) = try await self.fixture()
        let (_, stranger) = try await self.fixture()
        let leaf = try await fixture.issued().leaf
        let now = fixture.clock.now()
        func complaint(_ roots: [X509Certificate], _ time: CertificateTime) throws -> String {
            try openssl.complaint(about: [leaf], under: roots, at: time)
        }
        #expect(try complaint([root], now) == "")
        #expect(try complaint([root, stranger], now) == "")
        #expect(try complaint([stranger], now).contains("error "))
        #expect(try complaint([root], leaf.notBefore.advanced(by: -1)).contains("certificate is not yet valid"))
        // The last second counts for OpenSSL as past.
        #expect(try complaint([root], leaf.notAfter.advanced(by: -1)) == "")
        #expect(try complaint([root], leaf.notAfter.advanced(by: 1)).contains("certificate has expired"))
        // A leaf is nobody's authority.
        #expect(try openssl.complaint(about: [leaf], under: [leaf], at: now).contains("error "))
    }
}
