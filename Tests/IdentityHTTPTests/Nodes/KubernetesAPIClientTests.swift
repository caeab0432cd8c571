// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import Issuer
import KelmarkBytes
import NIOSSL
import SPIFFE
import Testing
import WorkloadTestKit

@testable import IdentityHTTP

/// An API server that answers as it is told, over TLS, and the attestor that asks it.
@Suite(.timeLimit(.minutes(1))) struct KubernetesAPIClientTests {
    private let cluster: TestTrustDomain
    private let asked = Current<[String]>([])

    init() throws { cluster = try TestTrustDomain("cluster.test") }

    private static let review = "/apis/authentication.k8s.io/v1/tokenreviews"

    /// What a cluster says of the token, the pod and the node.
    private static let answers: [String: (Int, String)] = [
        review: (
            201,
            """
            {"status":{"authenticated":true,"audiences":["spire-server"],"user":{
            "username":"system:serviceaccount:prod:agent","extra":{
            "authentication.kubernetes.io/pod-name":["agent-1"],"authentication.kubernetes.io/pod-uid":["u-1"]}}}}
            """
        ),
        "/api/v1/namespaces/prod/pods/agent-1": (
            200, "{\"metadata\":{\"uid\":\"u-1\"},\"spec\":{\"nodeName\":\"n1\"},\"status\":{}}"
        ),
        "/api/v1/nodes/n1": (200, "{\"metadata\":{\"uid\":\"node-1\"}}"),
    ]

    private struct ServerIdentity: TLSIdentity {
        let chain: [UInt8]
        let pkcs8: [UInt8]

        func tlsContext() throws -> NIOSSLContext {
            try NIOSSLContext(
                configuration: .identityServer(
                    chain: [NIOSSLCertificate(bytes: chain, format: .der)],
                    key: NIOSSLPrivateKey(bytes: pkcs8, format: .der)))
        }
    }

    private func served<R: Sendable>(
        name: String = "localhost", answer: HTTPServer.Answer? = nil, _ body: (Int) async throws -> R
    ) async throws -> R {
        let (certificate, pkcs8) = try cluster.webCertificate(name)
        let identity = ServerIdentity(chain: certificate.der, pkcs8: pkcs8)
        let server = HTTPServer(
            port: 0, limits: .identity, tls: { try identity.tlsContext() }, logger: quiet,
            answer: answer ?? { [asked] request in
                asked.value.append(
                    "\(request.method) \(request.path) \(request.header("authorization") ?? "") "
                        + "\(request.header("content-type") ?? "") \(request.body.count)")
                let (status, text) = Self.answers[request.path] ?? (404, "{}")
                return OutgoingResponse(status: status, contentType: "application/json", Array(text.utf8))
            })
        return try await running(server) { try await body(try await server.boundPort()) }
    }

    private func client(
        _ port: Int, roots: TestTrustDomain? = nil, token: String = "t.o.k", limits: NodeRequestLimits = .init()
    ) throws -> KubernetesAPIClient {
        let pem = Array((roots ?? cluster).certificate.pem.utf8)
        return try KubernetesAPIClient(
            server: "https://localhost:\(port)", authorities: { pem }, token: { token }, limits: limits)
    }

    private func refused(
        _ code: NodeRequestError.Code, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        await #expect(sourceLocation: sourceLocation) { try await body() } throws: { error in
            (error as? NodeRequestError)?.code == code
        }
    }

    @Test func aNodeIsAttestedByTheWordOfItsCluster() async throws {
        try await served { port in
            let attestor = KubernetesPSATAttestor(
                trustDomain: cluster.trustDomain,
                clusters: ["main": .init(serviceAccounts: ["prod:agent"], transport: try client(port))])
            let payload = Array("{\"cluster\":\"main\",\"token\":\"projected\"}".utf8)
            guard case .attested(let node) = try await attestor.attest(payload, from: nil) else {
                Issue.record("a challenge")
                return
            }
            #expect(node.id.path == "/spire/agent/k8s_psat/main/node-1")
        }
        let lines = asked.value
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("POST \(Self.review) Bearer t.o.k application/json "))
        #expect(lines[1...].allSatisfy { $0.hasPrefix("GET /api/v1/") && $0.hasSuffix(" Bearer t.o.k  0") })
    }

    @Test func tokensAndAuthoritiesAreReadAnew() async throws {
        let token = Current("one")
        let roots = Current(Array(try TestTrustDomain("cluster.test").certificate.pem.utf8))
        try await served { port in
            let client = try KubernetesAPIClient(
                server: "https://localhost:\(port)", authorities: { roots.value }, token: { token.value })
            await refused(.unreachable) { _ = try await client.send(method: "GET", path: "/", body: nil) }
            roots.value = Array(cluster.certificate.pem.utf8)
            _ = try await client.send(method: "GET", path: "/a", body: nil)
            token.value = "two"
            _ = try await client.send(method: "GET", path: "/a", body: nil)
        }
        #expect(asked.value == ["GET /a Bearer one  0", "GET /a Bearer two  0"])
    }

    @Test func anotherServerGetsNoToken() async throws {
        try await served(name: "other.test") { port in
            await refused(.unreachable) { _ = try await client(port).send(method: "GET", path: "/", body: nil) }
        }
        #expect(asked.value.isEmpty)
    }

    @Test(arguments: ["", "two words", "line\r\nX-Evil: yes", "t\u{0}k", "schlüssel"])
    func aTokenThatIsNoneIsNotSent(_ token: String) async throws {
        try await served { port in
            let client = try client(port, token: token)
            await refused(.credentials) { _ = try await client.send(method: "GET", path: "/", body: nil) }
        }
        #expect(asked.value.isEmpty)
    }

    @Test func credentialsThatCanNotBeReadAreNamed() async throws {
        struct Missing: Error {}
        let pem = Array(cluster.certificate.pem.utf8)
        for client in [
            try KubernetesAPIClient(server: "https://localhost:1", authorities: { pem }, token: { throw Missing() }),
            try KubernetesAPIClient(server: "https://localhost:1", authorities: { throw Missing() }, token: { "t" }),
            try KubernetesAPIClient(server: "https://localhost:1", authorities: { [0x61] }, token: { "t" }),
        ] {
            await refused(.credentials) { _ = try await client.send(method: "GET", path: "/", body: nil) }
        }
    }

    @Test(arguments: ["http://localhost:1", "https://localhost:1/api", "https://localhost:1/?x", "localhost", ""])
    func anAddressThatIsNoneIsRefused(_ server: String) async {
        await refused(.address) {
            _ = try KubernetesAPIClient(server: server, authorities: { [] }, token: { "t" })
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        try await served(answer: { [asked] request in
            asked.value.append(request.path)
            return OutgoingResponse(status: 307, headers: [("Location", "/other")])
        }) { port in
            let answer = try await client(port).send(method: "GET", path: "/a", body: nil)
            #expect(answer.status == 307)
        }
        #expect(asked.value == ["/a"])
    }

    @Test func answersWithoutEndAreLeft() async throws {
        var limits = NodeRequestLimits()
        limits.exchange = .milliseconds(300)
        let slow = AsyncStream<[UInt8]> {
            try? await Task.sleep(for: .milliseconds(20))
            return Task.isCancelled ? nil : [0x20]
        }
        try await served(answer: { _ in OutgoingResponse(status: 200, body: .stream(slow)) }) { port in
            let client = try client(port, limits: limits)
            await refused(.timedOut) { _ = try await client.send(method: "GET", path: "/", body: nil) }
        }
    }

    @Test func largeAnswersAreLeft() async throws {
        let large = [UInt8](repeating: 0x20, count: KubernetesAPIClient.largestAnswer + 1)
        try await served(answer: { _ in OutgoingResponse(contentType: "application/json", large) }) { port in
            let client = try client(port)
            await refused(.tooLarge) { _ = try await client.send(method: "GET", path: "/", body: nil) }
        }
    }
}
