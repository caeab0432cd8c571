// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import NodeAgent
import Testing
import WorkloadTestKit

@testable import NodeLocal

/// Where a first bundle is fetched, and whom nobody vouches for. Facts (SPIFFE) 20.1.
@Suite(.timeLimit(.minutes(1)))
struct BundleLocationTests {
    let folder: TestDirectory

    init() throws { folder = try TestDirectory() }

    @Test(arguments: [
        "http://issuer.example/", "issuer.example", "https://", "https:///x", "https://a:b@issuer.example/",
        "https://issuer.example/#x", "https://issuer.example/a b", "ftp://issuer.example/", "",
    ])
    func `what nobody vouches for is no place`(text: String) {
        #expect(BundleLocation(text) == nil)
    }

    @Test func `at a socket it is plain HTTP`() {
        #expect(BundleLocation("https://issuer.example:8443/bundle?x=1") != nil)
        #expect(BundleLocation("http://issuer/bundle", socket: "/run/s") != nil)
        #expect(BundleLocation("https://issuer/bundle", socket: "/run/s") == nil)
        #expect(BundleLocation("http://issuer/bundle", socket: "run/s") == nil)
    }

    private func fetch(
        _ url: String, _ reply: @escaping @Sendable (ScriptedHTTP.Request) -> ScriptedHTTP.Reply
    ) async throws -> (result: [UInt8], requests: [ScriptedHTTP.Request]) {
        let path = "\(folder.path)/s"
        let location = try #require(BundleLocation(url, socket: path))
        return try await ScriptedHTTP.serving(at: .socket(path), reply) { _ in
            try await asking { try await location.fetch(by: $0) }
        }
    }

    @Test(arguments: [
        ("http://issuer/a/b?c=d", "/a/b?c=d"), ("http://issuer", "/"), ("http://issuer/", "/"),
        ("http://issuer?c", "/?c"),
    ])
    func `a document comes from the socket`(url: String, target: String) async throws {
        let (bytes, requests) = try await fetch(url) { _ in .answer(200, [1, 2]) }
        #expect(bytes == [1, 2])
        #expect(requests.map(\.target) == [target])
        #expect(requests.map { $0.headers["host"] } == [["issuer"]])
    }

    @Test(arguments: [204, 302, 404, 500]) func `another status is no document`(status: Int) async throws {
        await #expect(throws: AttestorError.self) {
            _ = try await fetch("http://issuer/") { _ in .answer(status, [], ["Location": "/x"]) }
        }
    }

    @Test func `a document has a size`() async throws {
        await #expect(throws: AttestorError.self) {
            _ = try await fetch("http://issuer/") { _ in
                .answer(200, [UInt8](repeating: 0x20, count: BundleLocation.largest + 1))
            }
        }
    }

    /// Unlike a proof, a bundle is believed: who serves it has to be who the URL says.
    @Test func `a server that no authority vouches for is not believed`() async throws {
        let server = try TestTrustDomain()
        let requests = try await ScriptedHTTP.serving(
            at: .port, tls: try server.webCertificate("127.0.0.1"), { _ in .answer(200, [7]) }
        ) { port in
            let location = try #require(BundleLocation("https://127.0.0.1:\(port)/"))
            try await asking { http in
                await #expect(throws: AttestorError.self) { _ = try await location.fetch(by: http) }
            }
        }.requests
        #expect(requests.isEmpty)
    }
}
