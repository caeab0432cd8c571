// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import Issuer
import NIOSSL
import SPIFFE
import Testing
import WorkloadTestKit

@testable import IdentityHTTP

/// Bundles fetched from endpoints that do as they should, and from others.
@Suite(.timeLimit(.minutes(1)))
struct BundleFetcherTests {
    private let foreign: TestTrustDomain
    /// Who issued web certificates.
    private let web: TestTrustDomain
    private let endpointID: SPIFFEID

    init() throws {
        foreign = try TestTrustDomain("foreign.test")
        web = try TestTrustDomain("web.test")
        endpointID = try SPIFFEID("spiffe://foreign.test/spire/server")
    }

    /// An endpoint with an identity of its own that answers as it is told.
    private func endpoint<R: Sendable>(
        _ identity: (any TLSIdentity)? = nil, answer: @escaping HTTPServer.Answer, _ body: (Int) async throws -> R
    ) async throws -> R {
        let identity = try identity ?? spiffe()
        let server = HTTPServer(
            port: 0, limits: .identity, tls: { try await identity.tlsContext() }, logger: quiet, answer: answer)
        return try await running(server) { try await body(try await server.boundPort()) }
    }

    private func spiffe(
        _ path: String = "/spire/server", of domain: TestTrustDomain? = nil
    ) throws -> SVIDTLSIdentity {
        SVIDTLSIdentity(Current(try (domain ?? foreign).svid(path)), now: { TestTrustDomain.now })
    }

    private func webIdentity(_ name: String = "localhost") throws -> StaticIdentity {
        let (certificate, pkcs8) = try web.webCertificate(name)
        return StaticIdentity(chain: certificate.der, pkcs8: pkcs8)
    }

    struct StaticIdentity: TLSIdentity {
        let chain: [UInt8]
        let pkcs8: [UInt8]

        func tlsContext() throws -> NIOSSLContext {
            try NIOSSLContext(
                configuration: .identityServer(
                    chain: [NIOSSLCertificate(bytes: chain, format: .der)],
                    key: NIOSSLPrivateKey(bytes: pkcs8, format: .der)))
        }
    }

    private func document() throws -> OutgoingResponse {
        OutgoingResponse(contentType: "application/json", BundleDocument.encode(try foreign.bundle(sequence: 3)))
    }

    private func fetch(
        _ port: Int, web isWeb: Bool = false, limits: FetchLimits = FetchLimits(), endpointBundle: X509Bundle? = nil,
        at time: CertificateTime = TestTrustDomain.now, host: String = "localhost"
    ) async throws -> TrustBundle {
        let root = try NIOSSLCertificate(bytes: web.certificate.der, format: .der)
        let fetcher = HTTPSBundleFetcher(limits: limits, webRoots: .certificates([root]), now: { time })
        let relationship = FederationRelationship(
            trustDomain: foreign.trustDomain, endpointURL: "https://\(host):\(port)/bundle?x=1",
            profile: isWeb ? .httpsWeb : .httpsSPIFFE(endpointID))
        let document = try await fetcher.fetch(relationship, authorities: endpointBundle ?? foreign.x509Bundle)
        return try BundleDocument(parsing: document, trustDomain: foreign.trustDomain).bundle
    }

    private func refused(
        _ code: BundleFetchError.Code, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> TrustBundle
    ) async {
        await #expect(sourceLocation: sourceLocation) { try await body() } throws: { error in
            (error as? BundleFetchError)?.code == code
        }
    }

    // MARK: Profiles

    @Test func endpointWithTheRightSVID() async throws {
        let asked = Current<[String]>([])
        let document = try document()
        try await endpoint(answer: { request in
            asked.value.append("\(request.method) \(request.path) \(request.parameters)")
            return document
        }) { port in
            let bundle = try await fetch(port)
            #expect(bundle.trustDomain == foreign.trustDomain)
            #expect(bundle.sequence == 3)
            #expect(try bundle.hasSameAuthorities(as: foreign.bundle()))
        }
        #expect(asked.value == ["GET /bundle x=1"])
    }

    @Test func endpointWithAnotherSVID() async throws {
        let document = try document()
        try await endpoint(try spiffe("/other"), answer: { _ in document }) { port in
            await refused(.untrusted) { try await fetch(port) }
        }
        try await endpoint(try spiffe(of: web), answer: { _ in document }) { port in
            await refused(.untrusted) { try await fetch(port) }
        }
        let impostor = try TestTrustDomain("foreign.test")
        try await endpoint(try spiffe(of: impostor), answer: { _ in document }) { port in
            await refused(.untrusted) { try await fetch(port) }
        }
        // A web certificate is no SVID, whoever issued it.
        try await endpoint(try webIdentity(), answer: { _ in document }) { port in
            await refused(.untrusted) { try await fetch(port) }
        }
    }

    @Test func endpointWithAnExpiredSVID() async throws {
        let document = try document()
        try await endpoint(answer: { _ in document }) { port in
            await refused(.untrusted) { try await fetch(port, at: TestTrustDomain.now.advanced(by: 7200)) }
        }
    }

    @Test func endpointOfWhichNothingIsKnown() async throws {
        await refused(.noEndpointBundle) { try await fetch(1, endpointBundle: web.x509Bundle) }
    }

    @Test func endpointOnTheWeb() async throws {
        let document = try document()
        try await endpoint(try webIdentity(), answer: { _ in document }) { port in
            let bundle = try await fetch(port, web: true)
            #expect(bundle.sequence == 3)
            // The certificate is for a name, not for this address.
            await refused(.untrusted) { try await fetch(port, web: true, host: "127.0.0.1") }
        }
        try await endpoint(try webIdentity("other.test"), answer: { _ in document }) { port in
            await refused(.untrusted) { try await fetch(port, web: true) }
        }
        // An SVID that is trusted elsewhere proves nothing on the web.
        try await endpoint(answer: { _ in document }) { port in
            await refused(.untrusted) { try await fetch(port, web: true) }
        }
    }

    // MARK: Answers

    @Test func answersThatAreNoBundle() async throws {
        let answers: [(OutgoingResponse, BundleFetchError.Code)] = [
            (OutgoingResponse(status: 404, contentType: "text/plain", Array("no".utf8)), .status),
            (OutgoingResponse(status: 204), .status),
            (OutgoingResponse(status: 304), .status),
            (
                OutgoingResponse(
                    status: 500, contentType: "application/json", BundleDocument.encode(try foreign.bundle())), .status
            ),
        ]
        for (answer, code) in answers {
            try await endpoint(answer: { _ in answer }) { port in await refused(code) { try await fetch(port) } }
        }
    }

    @Test func documentsAreBounded() async throws {
        let document = try document()
        var limits = FetchLimits()
        limits.documentBytes = 10
        try await endpoint(answer: { _ in document }) { port in
            await refused(.tooLarge) { try await fetch(port, limits: limits) }
        }
    }

    @Test func endpointsThatNeverEnd() async throws {
        var limits = FetchLimits()
        limits.exchange = .milliseconds(300)
        let slow = AsyncStream<[UInt8]> {
            try? await Task.sleep(for: .milliseconds(20))
            return Task.isCancelled ? nil : [0x20]
        }
        try await endpoint(answer: { _ in OutgoingResponse(status: 200, body: .stream(slow)) }) { port in
            await refused(.timedOut) { try await fetch(port, limits: limits) }
        }
    }

    @Test func nobodyThere() async throws {
        let port = try await endpoint(answer: { _ in OutgoingResponse(status: 404) }) { $0 }
        await refused(.unreachable) { try await fetch(port) }
    }

    // MARK: Redirects

    @Test func redirectsAreFollowedUnderTheSameRules() async throws {
        let document = try document()
        try await endpoint(answer: { _ in document }) { target in
            try await endpoint(answer: { request in
                switch request.path {
                case "/bundle": OutgoingResponse(status: 307, headers: [("Location", "/second")])
                case "/second":
                    OutgoingResponse(status: 302, headers: [("Location", "https://localhost:\(target)/third")])
                default: OutgoingResponse(status: 404)
                }
            }) { port in
                let bundle = try await fetch(port)
                #expect(bundle.sequence == 3)
            }
        }
        // The same, to one that is somebody else.
        try await endpoint(try spiffe("/other"), answer: { _ in document }) { target in
            try await endpoint(answer: { _ in
                OutgoingResponse(status: 307, headers: [("Location", "https://localhost:\(target)/")])
            }) { port in
                await refused(.untrusted) { try await fetch(port) }
            }
        }
    }

    @Test(arguments: [
        "http://localhost/", "https://u:p@localhost/", "//localhost/", "relative", "", "https://localhost/#x",
        "file:///etc/passwd",
    ])
    func redirectsElsewhereAreNot(_ location: String) async throws {
        try await endpoint(answer: { _ in OutgoingResponse(status: 307, headers: [("Location", location)]) }) { port in
            await refused(.redirect) { try await fetch(port) }
        }
    }

    @Test func redirectsEnd() async throws {
        let count = Current(0)
        try await endpoint(answer: { _ in
            count.value += 1
            return OutgoingResponse(status: 307, headers: [("Location", "/again")])
        }) { port in
            await refused(.redirect) { try await fetch(port) }
        }
        #expect(count.value == 6)
    }
}

extension IncomingRequest {
    fileprivate var parameters: String { query.map { "\($0.name)=\($0.value)" }.joined(separator: "&") }
}
