// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import SwiftASN1
import Synchronization
import Testing
import X509

@testable import Issuer

/// Files of a test.
final class MemoryFiles: UpstreamFiles {
    struct Missing: Error {}

    private let files = Mutex<[String: [UInt8]]>([:])

    func set(_ path: String, _ text: String) { files.withLock { $0[path] = Array(text.utf8) } }

    func read(_ path: String, limit: Int) throws -> [UInt8] {
        guard let bytes = files.withLock({ $0[path] }), bytes.count <= limit else { throw Missing() }
        return bytes
    }
}

@Suite struct DiskUpstreamAuthorityTests {
    private let files = MemoryFiles()
    private let clock = ManualIssuerClock()

    private func authority(withBundle: Bool = false) -> DiskUpstreamAuthority {
        DiskUpstreamAuthority(
            files: files, certificatePath: "ca.pem", keyPath: "ca.key", bundlePath: withBundle ? "roots.pem" : nil,
            clock: clock)
    }

    private typealias Signer = (certificate: X509Certificate, key: PrivateKey)

    /// An authority, self-signed unless it is below another one.
    private func root(
        _ kind: PrivateKey.Kind = .p256, pathLength: Int = 1, lifetime: Int64 = 3_600, below upper: Signer? = nil
    ) throws -> Signer {
        let key = try PrivateKey(generating: kind)
        var content = try CertificateProfile.authority(
            publicKey: try Certificate.PublicKey(derEncoded: key.publicKey.subjectPublicKeyInfo),
            trustDomain: IssuerFixture.domain, names: SubjectNames(organization: "Elsewhere"), units: [],
            validity: .init(notBefore: clock.now().advanced(by: -60), notAfter: clock.now().advanced(by: lifetime)),
            serial: try RandomSource.system.serial(), pathLength: pathLength)
        let algorithm: CertificateContent.SignatureAlgorithm =
            switch kind {
            case .p384: .ecdsaWithSHA384
            case .rsa2048, .rsa4096: .rsaWithSHA256
            default: .ecdsaWithSHA256
            }
        if let upper { content.issuer = upper.certificate.certificate.subject }
        let body = try content.body(for: algorithm)
        let signature = try (upper?.key ?? key).signature(over: body, algorithm: .usual(for: key.publicKey.kind)!)
        return (try CertificateContent.certificate(body: body, signature: signature, algorithm: algorithm), key)
    }

    private func pem(_ key: PrivateKey) -> String {
        PEMDocument(type: "PRIVATE KEY", derBytes: key.pkcs8).pemString + "\n"
    }

    @Test(arguments: [PrivateKey.Kind.p256, .p384, .rsa2048])
    func svidsEndAtTheRootInTheFile(_ kind: PrivateKey.Kind) async throws {
        let root = try root(kind)
        files.set("ca.pem", root.certificate.pem)
        files.set("ca.key", pem(root.key))
        let fixture = try await IssuerFixture(clock: clock, upstream: authority())
        let issued = try await fixture.issued()
        #expect(issued.chain.count == 2)
        #expect(issued.leaf.notAfter <= root.certificate.notAfter)
        let outcome = X509SVIDOutcome.verifying(
            chain: issued.chain,
            against: X509Bundle(trustDomain: IssuerFixture.domain, authorities: [root.certificate]), at: clock.now())
        #expect(outcome.svid?.id == IssuerFixture.web)
        #expect(fixture.authorities.state.x509.active?.notAfter == root.certificate.notAfter)
        #expect(fixture.bundles.bundle.x509Authorities.map(\.certificate) == [root.certificate])
        try await authority().check()
    }

    @Test func filesAreReadAnewForEachCertificate() async throws {
        let first = try root()
        files.set("ca.pem", first.certificate.pem)
        files.set("ca.key", pem(first.key))
        let fixture = try await IssuerFixture(clock: clock, upstream: authority())
        let second = try root()
        files.set("ca.pem", second.certificate.pem)
        files.set("ca.key", pem(second.key))
        let prepared = try await fixture.authorities.prepare(.x509)
        #expect(prepared.upstreamAuthorityID == DomainBundle.authorityID(of: second.certificate))
        #expect(fixture.bundles.bundle.x509Authorities.count == 2)
    }

    @Test func rootsMayBeInAFileOfTheirOwn() async throws {
        let root = try root()
        files.set("ca.pem", root.certificate.pem)
        files.set("ca.key", pem(root.key))
        files.set("roots.pem", root.certificate.pem)
        let fixture = try await IssuerFixture(clock: clock, upstream: authority(withBundle: true))
        #expect(try await fixture.issued().chain.count == 2)
    }

    /// Each certificate is signed by the next one, and yet nobody would take what is signed below: the root allows less.
    @Test func anAuthorityWhoseSVIDsNobodyTakesIsNone() async throws {
        let root = try root(pathLength: 0)
        let middle = try self.root(below: root)
        files.set("ca.pem", middle.certificate.pem)
        files.set("ca.key", pem(middle.key))
        files.set("roots.pem", root.certificate.pem)
        let fixture = try await IssuerFixture(clock: clock, upstream: authority(withBundle: true), starts: false)
        await #expect(throws: IssuerError(.unavailable, "upstream authority answered with an unusable chain")) {
            try await fixture.authorities.prepare(.x509)
        }
        #expect(fixture.bundles.bundle.isEmpty)
    }

    @Test func filesThatDoNotFitAreRefused() async throws {
        func refuses(_ message: String = "upstream authority is not usable", withBundle: Bool = false) async throws {
            let request = try IssuerFixture.request()
            let authority = authority(withBundle: withBundle)
            await #expect(throws: IssuerError(.unavailable, message)) {
                try await authority.certify(request: request, for: IssuerFixture.domain, lifetime: 600)
            }
            await #expect(throws: IssuerError(.unavailable, message)) { try await authority.check() }
        }
        try await refuses("upstream authority can't be read")
        let one = try root()
        let other = try root()
        files.set("ca.pem", one.certificate.pem)
        try await refuses("upstream authority can't be read")
        files.set("ca.key", "nonsense")
        try await refuses()
        files.set("ca.key", pem(other.key))
        try await refuses()
        files.set("ca.key", pem(one.key))
        files.set("ca.pem", "")
        try await refuses()
        files.set("ca.pem", one.certificate.pem + pem(one.key))
        try await refuses()
        files.set("ca.pem", one.certificate.pem.replacing(" CERTIFICATE-", with: " TRUSTED CERTIFICATE-"))
        try await refuses()
        files.set("ca.pem", one.certificate.pem + other.certificate.pem)
        try await refuses()
        let short = try root(pathLength: 0)
        files.set("ca.pem", short.certificate.pem)
        files.set("ca.key", pem(short.key))
        try await refuses()
        let over = try root(lifetime: -1)
        files.set("ca.pem", over.certificate.pem)
        files.set("ca.key", pem(over.key))
        try await refuses()
        let fixture = try await IssuerFixture(clock: clock)
        let leafKey = try PrivateKey(generating: .p256)
        files.set("ca.pem", try await fixture.issued(request: IssuerFixture.request(leafKey)).leaf.pem)
        files.set("ca.key", pem(leafKey))
        try await refuses()
        files.set("ca.pem", one.certificate.pem)
        files.set("ca.key", pem(one.key))
        try await refuses("upstream authority can't be read", withBundle: true)
    }
}
