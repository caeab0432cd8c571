// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SPIFFE
import ServiceLifecycle
import Testing
import WorkloadClient
import WorkloadClientHummingbird
import WorkloadTestKit

@testable import WorkloadClientHTTP

/// A server of Hummingbird and a client of AsyncHTTPClient that know each other.
@Suite(.timeLimit(.minutes(1)))
struct MutualTLSHTTPTests {
    private let domain: TestTrustDomain
    private let bundles: Current<TrustBundle?>
    private let server: Current<X509SVID>
    private let client: Current<X509SVID>

    init() throws {
        domain = try TestTrustDomain()
        bundles = Current(try domain.bundle())
        server = Current(try domain.svid("/server"))
        client = Current(try domain.svid("/client"))
    }

    private func tls(_ own: Current<X509SVID>, _ peer: String) throws -> MutualTLS {
        MutualTLS(svids: own, bundles: bundles, authorizer: .exactly(try SPIFFEID("spiffe://example.org\(peer)")))
    }

    /// Serves the name of whoever calls.
    @discardableResult
    private func serving<Result: Sendable>(
        _ peer: String = "/client", _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let answer: HTTPChannelHandler.Responder = { _, writer, channel in
            let caller = await MutualTLS.peerID(of: channel)
            var body = try await writer.writeHead(HTTPResponse(status: .ok))
            try await body.write(ByteBuffer(string: caller?.path ?? "nobody"))
            try await body.finish(nil)
        }
        let service = try HTTPServerBuilder.mutualTLS(try tls(server, peer)).buildServer(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: 0)),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, responder: answer,
            onServerRunning: { found.yield($0.localAddress?.port ?? 0) })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            defer { group.cancelAll() }
            var iterator = ports.makeAsyncIterator()
            return try await body(try #require(await iterator.next()))
        }
    }

    private func ask(_ port: Int, _ peer: String = "/server") async throws -> String {
        let client = MutualTLSHTTPClient(try tls(client, peer))
        do {
            let answer = try await client.execute(
                HTTPClientRequest(url: "https://127.0.0.1:\(port)/"), timeout: .seconds(20))
            let text = String(buffer: try await answer.body.collect(upTo: 1000))
            try await client.shutdown()
            return text
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    @Test func bothKnowEachOther() async throws {
        try await serving { port in
            #expect(try await ask(port) == "/client")
            // The next connection shows the identity of then.
            client.value = try domain.svid("/other")
            await #expect(throws: (any Error).self) { try await ask(port) }
        }
    }

    @Test func whoIsNotAllowedIsNotSpokenWith() async throws {
        try await serving { port in await #expect(throws: (any Error).self) { try await ask(port, "/elsewhere") } }
        try await serving("/elsewhere") { port in await #expect(throws: (any Error).self) { try await ask(port) } }
    }

    @Test(arguments: ["http://host/", "host", "https://", "unix:///x", "HTTP://host/", "https+unix://%2Fx/"])
    func onlyHTTPSIsSent(_ url: String) {
        #expect(throws: MutualTLSHTTPError.notHTTPS) {
            try MutualTLSHTTPClient.withoutOuterTLS(HTTPClientRequest(url: url))
        }
    }

    @Test func theHostIsNamedAsItWasAsked() throws {
        let plain = try MutualTLSHTTPClient.withoutOuterTLS(HTTPClientRequest(url: "https://reports.internal/a?b=c"))
        #expect(plain.url == "http://reports.internal:443/a?b=c")
        #expect(plain.headers["Host"] == ["reports.internal"])
        let other = try MutualTLSHTTPClient.withoutOuterTLS(HTTPClientRequest(url: "HTTPS://reports.internal:8443/"))
        #expect(other.url == "http://reports.internal:8443/")
        #expect(other.headers["Host"] == ["reports.internal:8443"])
    }
}
