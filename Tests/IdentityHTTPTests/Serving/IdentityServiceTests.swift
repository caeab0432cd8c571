// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkBytes
import LogTestKit
import Logging
import NIOHTTP1
import NIOSSL
import SPIFFE
import Testing
import WorkloadTestKit

@testable import IdentityHTTP

/// The HTTPS port of an issuer over real sockets.
@Suite(.timeLimit(.minutes(1)))
struct IdentityServiceTests {
    @discardableResult
    private static func serving<R: Sendable>(
        _ domain: TestTrustDomain, _ bundles: Current<TrustBundle?>, issuer: String = "https://id.example.org/td",
        identity: (any TLSIdentity)? = nil, _ body: (Int) async throws -> R
    ) async throws -> R {
        let service = IdentityService(
            bundle: BundleEndpoint(of: domain.trustDomain, from: bundles, logger: quiet),
            discovery: DiscoveryEndpoint(
                issuer: try #require(IssuerURL(issuer)), trustDomain: domain.trustDomain, from: bundles, logger: quiet),
            identity: try identity
                ?? SVIDTLSIdentity(
                    Current(domain.svid("/kelmark/issuer")), now: { TestTrustDomain.now }),
            port: 0, logger: quiet)
        return try await running(service) { try await body(try await service.boundPort()) }
    }

    @Test func bundleIsServedAtTheRootOnly() async throws {
        let domain = try TestTrustDomain()
        let bundle = try domain.bundle(sequence: 7)
        try await Self.serving(domain, Current(bundle)) { port in
            let answer = try await ask(port, "/")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == ["application/json"])
            let read = try BundleDocument(parsing: Array(answer.text.utf8), trustDomain: domain.trustDomain).bundle
            #expect(read.hasSameAuthorities(as: bundle))
            #expect(read.sequence == 7)
            #expect(read.refreshHint == 300)
            for path in ["/bundle", "//", "/index.html", "/td"] {
                #expect(try await ask(port, path).status == 404, "\(path)")
            }
            for method in ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"] {
                let refused = try await ask(port, "/", method: .init(rawValue: method))
                #expect(refused.status == 405, "\(method)")
                #expect(refused.headers["allow"] == ["GET"])
            }
        }
    }

    @Test func whoHasTheBundleIsToldSo() async throws {
        let domain = try TestTrustDomain()
        let bundles = Current<TrustBundle?>(try domain.bundle(sequence: 1))
        try await Self.serving(domain, bundles) { port in
            let first = try await ask(port, "/")
            let tag = try #require(first.headers.first(name: "etag"))
            for known in [tag, "W/\(tag)", "\"other\", \(tag) ", "*"] {
                let same = try await ask(port, "/", headers: ["If-None-Match": known])
                #expect(same.status == 304, "\(known)")
                #expect(same.text.isEmpty)
            }
            #expect(try await ask(port, "/", headers: ["If-None-Match": "\"other\""]).status == 200)
            bundles.value = try domain.bundle(sequence: 2)
            #expect(try await ask(port, "/", headers: ["If-None-Match": tag]).status == 200)
        }
    }

    @Test func theProofOfTheBundleIsMadeNowAndThen() async throws {
        let domain = try TestTrustDomain()
        let made = Current(0)
        let fails = Current(false)
        let proof = ProofEndpoint(freshness: .seconds(3600), logger: quiet) {
            made.value += 1
            return [UInt8](repeating: 7, count: made.value)
        }
        let failing = ProofEndpoint(freshness: .zero, logger: quiet) {
            if fails.value { throw CancellationError() }
            return [9]
        }
        for (endpoint, isFresh) in [(proof, false), (failing, true)] {
            fails.value = false
            let service = IdentityService(
                bundle: nil, discovery: nil, proof: endpoint,
                identity: SVIDTLSIdentity(Current(try domain.svid("/kelmark/issuer")), now: { TestTrustDomain.now }),
                port: 0, logger: quiet)
            try await running(service) {
                let port = try await service.boundPort()
                let first = try await ask(port, "/proof.kel")
                #expect(first.status == 200)
                #expect(first.headers["content-type"] == ["application/cesr"])
                let tag = try #require(first.headers.first(name: "etag"))
                #expect(try await ask(port, "/proof.kel", headers: ["If-None-Match": tag]).status == 304)
                #expect(try await ask(port, "/proof.kel", method: .POST).status == 405)
                #expect(try await ask(port, "/").status == 404)
                fails.value = true
                #expect(try await ask(port, "/proof.kel").status == (isFresh ? 503 : 200))
            }
        }
        #expect(made.value == 1)
    }

    /// An empty document would end all trust; no answer keeps it.
    @Test func withoutABundleNothingIsServed() async throws {
        let domain = try TestTrustDomain()
        try await Self.serving(domain, Current(nil)) { port in
            for path in ["/", "/td/keys", "/td/.well-known/openid-configuration"] {
                let answer = try await ask(port, path)
                #expect(answer.status == 503)
                #expect(answer.headers.first(name: "retry-after") != nil)
            }
        }
    }

    /// What is logged about a request names it, so that two at once can be told apart.
    @Test func requestsAreNamedInTheLog() async throws {
        let domain = try TestTrustDomain()
        let log = LineCollector()
        let service = IdentityService(
            bundle: BundleEndpoint(of: domain.trustDomain, from: Current<TrustBundle?>(nil), logger: log.logger),
            discovery: nil,
            proof: ProofEndpoint(logger: log.logger) { throw NoProof() },
            identity: SVIDTLSIdentity(Current(try domain.svid("/kelmark/issuer")), now: { TestTrustDomain.now }),
            port: 0, logger: quiet)
        try await running(service) {
            let port = try await service.boundPort()
            for path in ["/", "/proof.kel", "/"] { #expect(try await ask(port, path).status == 503) }
        }
        #expect(log.lines.map { $0.fields["request_id"] } == ["1-1", "2-1", "3-1"])
    }

    @Test func discoveryLeadsToKeysThatClientsTake() async throws {
        let domain = try TestTrustDomain()
        try await Self.serving(domain, Current(try domain.bundle())) { port in
            let configuration = try await ask(port, "/td/.well-known/openid-configuration")
            #expect(configuration.status == 200)
            let text = Array(configuration.text.utf8)
            let members = try #require(OrderedValue(parsingJSON: text.span, strictness: .interoperable).mapValue)
            #expect(members["issuer"]?.textValue == "https://id.example.org/td")
            #expect(members["jwks_uri"]?.textValue == "https://id.example.org/td/keys")
            #expect(members["id_token_signing_alg_values_supported"]?.listValue == ["ES256"])
            #expect(members["subject_types_supported"]?.listValue == ["public"])
            #expect(members["authorization_endpoint"] == nil)

            let keys = try await ask(port, "/td/keys")
            #expect(keys.headers.first(name: "cache-control") == "public, max-age=60")
            let set = try JWKSet(parsing: Array(keys.text.utf8))
            let key = try #require(set.keys.first)
            #expect(set.keys.count == 1)
            #expect(key.keyID == domain.tokenAuthority.keyID)
            #expect(key.use == "sig")
            #expect(key.algorithm == .es256)
            #expect(key.key == domain.tokenAuthority.key)
            #expect(try await ask(port, "/td/keys", method: .HEAD).status == 200)
            #expect(try await ask(port, "/td/keys", method: .POST).status == 405)
            #expect(try await ask(port, "/keys").status == 404)
            #expect(try await ask(port, "/.well-known/openid-configuration").status == 404)
        }
    }

    /// What a token of the issuer needs: its key by the `kid` of its header.
    @Test func tokensAreCheckedByTheServedKeys() async throws {
        let domain = try TestTrustDomain()
        let token = try await domain.token("/w", audiences: ["a"])
        try await Self.serving(domain, Current(try domain.bundle())) { port in
            let set = try JWKSet(parsing: Array(try await ask(port, "/td/keys").text.utf8))
            let jws = try UnverifiedJWS(compact: token)
            let id = try #require(jws.header.keyID)
            let key = try #require(set.key(id: id))
            #expect(throws: Never.self) { try jws.verified(by: key.key) }
        }
    }

    @Test func newSVIDIsShownToTheNextConnection() async throws {
        let domain = try TestTrustDomain()
        let own = Current(try domain.svid("/kelmark/issuer"))
        let identity = SVIDTLSIdentity(own, now: { TestTrustDomain.now })
        try await Self.serving(domain, Current(try domain.bundle()), identity: identity) { port in
            #expect(try await ask(port, "/").leaf == own.value.leaf.der)
            own.value = try domain.svid("/kelmark/issuer")
            #expect(try await ask(port, "/").leaf == own.value.leaf.der)
        }
    }

    @Test func expiredSVIDIsNotShown() async throws {
        let domain = try TestTrustDomain()
        let old = try domain.svid("/kelmark/issuer", from: TestTrustDomain.now.advanced(by: -7200), lifetime: 60)
        let identity = SVIDTLSIdentity(Current(old), now: { TestTrustDomain.now })
        try await Self.serving(domain, Current(try domain.bundle()), identity: identity) { port in
            await #expect(throws: (any Error).self) { try await ask(port, "/") }
        }
    }

    @Test func oldTLSIsRefused() async throws {
        let domain = try TestTrustDomain()
        try await Self.serving(domain, Current(try domain.bundle())) { port in
            let older = try await ask(port, "/", maximum: .tlsv12)
            #expect(older.status == 200)
            await #expect(throws: (any Error).self) { try await ask(port, "/", maximum: .tlsv11) }
            // Whoever does not speak TLS gets nothing.
            await #expect(throws: (any Error).self) {
                guard try await ask(port, "/", isTLS: false).status == 0 else { return }
                throw CancellationError()
            }
        }
    }
}

/// A certificate in files.
@Suite(.timeLimit(.minutes(1)))
struct FileTLSIdentityTests {
    private let domain: TestTrustDomain
    private let directory: TestDirectory

    init() throws {
        domain = try TestTrustDomain()
        directory = try TestDirectory()
    }

    private func write() throws -> X509Certificate {
        let (certificate, pkcs8) = try domain.webCertificate()
        try directory.write("chain.pem", certificate.pem)
        try directory.write("key.pem", CertificateEncoding.pem(pkcs8: pkcs8))
        return certificate
    }

    @Test func newFilesAreShownAndBrokenOnesAreNot() async throws {
        let identity = FileTLSIdentity(
            chainPath: "\(directory.path)/chain.pem", keyPath: "\(directory.path)/key.pem", logger: quiet)
        await #expect(throws: (any Error).self) { try await identity.tlsContext() }
        let first = try write()
        let service = IdentityService(
            bundle: BundleEndpoint(of: domain.trustDomain, from: Current(try domain.bundle()), logger: quiet),
            discovery: nil, identity: identity, port: 0, logger: quiet)
        try await running(service) {
            let port = try await service.boundPort()
            #expect(try await ask(port, "/").leaf == first.der)
            #expect(try await ask(port, "/keys").status == 404)
            // A chain without its key, as for a moment while both are written.
            let (other, _) = try domain.webCertificate()
            try directory.write("chain.pem", other.pem)
            #expect(try await ask(port, "/").leaf == first.der)
            try directory.write("chain.pem", "nonsense")
            #expect(try await ask(port, "/").leaf == first.der)
            let second = try write()
            #expect(try await ask(port, "/").leaf == second.der)
        }
    }

    @Test func largeFilesAreNotRead() async throws {
        _ = try write()
        try directory.write("chain.pem", String(repeating: "a", count: (1 << 20) + 1))
        let identity = FileTLSIdentity(
            chainPath: "\(directory.path)/chain.pem", keyPath: "\(directory.path)/key.pem", logger: quiet)
        await #expect(throws: TLSIdentityError.file("\(directory.path)/chain.pem", "too large")) {
            try await identity.tlsContext()
        }
    }
}

struct IssuerURLTests {
    @Test(arguments: [
        ("https://id.example.org", ""), ("https://id.example.org:8443", ""), ("https://[::1]:8443/a/b", "/a/b"),
    ])
    func pathIsKept(_ text: String, _ path: String) throws {
        #expect(try #require(IssuerURL(text)).path == path)
    }

    @Test(arguments: [
        "http://id.example.org", "https://", "https://id.example.org/", "https://id.example.org/a/",
        "https://u@id.example.org", "https://id.example.org?x", "https://id.example.org/a#b",
        "https://id.example.org:0", "https://id.example.org:x", "https://id example.org", "https://[::1",
        "https://id.example.org/%61", "https:/id.example.org", "",
    ])
    func othersAreRefused(_ text: String) {
        #expect(IssuerURL(text) == nil)
    }
}

private struct NoProof: Error {}
