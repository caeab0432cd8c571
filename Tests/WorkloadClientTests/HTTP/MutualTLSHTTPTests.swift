// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOTLS
import SPIFFE
import ServiceLifecycle
import Testing
import WorkloadClientHummingbird
import WorkloadTestKit

@testable import WorkloadClient
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

    private typealias Responder = HTTPChannelHandler.Responder

    /// Says who calls.
    private static let name: Responder = { _, writer, channel in
        let caller = await MutualTLS.peerID(of: channel)
        var body = try await writer.writeHead(HTTPResponse(status: .ok))
        try await body.write(ByteBuffer(string: caller?.path ?? "nobody"))
        try await body.finish(nil)
    }

    private func service(
        _ tls: MutualTLS, _ answer: @escaping Responder, onRunning: @escaping @Sendable (any Channel) -> Void
    ) throws -> any Service {
        try HTTPServerBuilder.mutualTLS(tls).buildServer(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: 0)),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, responder: answer,
            onServerRunning: onRunning)
    }

    /// Serves the name of whoever calls, or what is said.
    @discardableResult
    private func serving<Result: Sendable>(
        _ tls: MutualTLS, _ answer: @escaping Responder = name,
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let service = try service(tls, answer) { found.yield($0.localAddress?.port ?? 0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            defer { group.cancelAll() }
            var iterator = ports.makeAsyncIterator()
            return try await body(try #require(await iterator.next()))
        }
    }

    private func ask(_ client: MutualTLSHTTPClient, _ port: Int) async throws -> String {
        let answer = try await client.execute(
            HTTPClientRequest(url: "https://127.0.0.1:\(port)/"), timeout: .seconds(20))
        return String(buffer: try await answer.body.collect(upTo: 1000))
    }

    private func ask(_ port: Int, _ peer: String = "/server") async throws -> String {
        try await MutualTLSHTTPClient.with(try tls(client, peer)) { try await ask($0, port) }
    }

    /// A configuration that hands out the connections.
    private func watched() -> (HTTPClient.Configuration, AsyncStream<any Channel>) {
        let (channels, found) = AsyncStream.makeStream(of: (any Channel).self)
        var configuration = HTTPClient.Configuration()
        configuration.http1_1ConnectionDebugInitializer = { channel in
            found.yield(channel)
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        return (configuration, channels)
    }

    @Test func bothKnowEachOther() async throws {
        try await serving(try tls(server, "/client")) { port in
            #expect(try await ask(port) == "/client")
            // The next connection shows the identity of then.
            client.value = try domain.svid("/other")
            await #expect(throws: (any Error).self) { try await ask(port) }
        }
    }

    @Test(arguments: [("/client", "/elsewhere"), ("/elsewhere", "/server"), ("/client", "/server")])
    func whoIsNotAllowedIsNotSpokenWith(_ rules: (server: String, client: String)) async throws {
        let asked = Tally()
        let isRight = rules == ("/client", "/server")
        let counting: Responder = { request, writer, channel in
            asked.add()
            try await Self.name(request, writer, channel)
        }
        try await serving(try tls(server, rules.server), counting) { port in
            let answer = try? await ask(port, rules.client)
            #expect(answer == (isRight ? "/client" : nil))
        }
        #expect(asked.count == (isRight ? 1 : 0))
    }

    /// It would be followed to a server that nobody judges by its SPIFFE ID.
    @Test func redirectsAreNotFollowed() async throws {
        let asked = Tally()
        let elsewhere: Responder = { _, writer, _ in
            asked.add()
            var head = HTTPResponse(status: .found)
            head.headerFields[.location] = "https://127.0.0.1:1/"
            try await writer.writeHead(head).finish(nil)
        }
        try await serving(try tls(server, "/client"), elsewhere) { port in
            try await MutualTLSHTTPClient.with(try tls(client, "/server")) { client in
                let answer = try await client.execute(
                    HTTPClientRequest(url: "https://127.0.0.1:\(port)/"), timeout: .seconds(5))
                #expect(answer.status == .found)
            }
        }
        #expect(asked.count == 1)
    }

    @Test(arguments: [true, false])
    func anOldConnectionAsksNothingMore(_ isServerAged: Bool) async throws {
        var (serving, asking) = (try tls(server, "/client"), try tls(client, "/server"))
        serving.connectionAge = isServerAged ? .seconds(6) : nil
        asking.connectionAge = isServerAged ? nil : .seconds(6)
        (serving.grace, asking.grace) = (.seconds(3600), .seconds(3600))
        try await self.serving(serving) { [asking] port in
            let (configuration, channels) = watched()
            try await MutualTLSHTTPClient.with(asking, configuration: configuration) { client in
                var connections = channels.makeAsyncIterator()
                #expect(try await ask(client, port) == "/client")
                // What is trusted is gone: an open connection knows nothing of it.
                bundles.value = nil
                try await connections.next()?.closeFuture.get()
                await #expect(throws: (any Error).self) { try await ask(client, port) }
            }
        }
    }

    /// Whose turn it is to end, what was begun is finished.
    @Test(arguments: [true, false])
    func anAnswerIsNotCutByAge(_ isServerAged: Bool) async throws {
        var (serving, asking) = (try tls(server, "/client"), try tls(client, "/server"))
        serving.connectionAge = isServerAged ? .seconds(6) : nil
        asking.connectionAge = isServerAged ? nil : .seconds(6)
        let slow: Responder = { request, writer, channel in
            try await Task.sleep(for: .seconds(7))
            try await Self.name(request, writer, channel)
        }
        try await self.serving(serving, slow) { [asking] port in
            let (configuration, channels) = watched()
            try await MutualTLSHTTPClient.with(asking, configuration: configuration) { client in
                var connections = channels.makeAsyncIterator()
                #expect(try await ask(client, port) == "/client")
                try await connections.next()?.closeFuture.get()
            }
        }
    }

    // MARK: Pieces that fail

    private struct Empty: SVIDSource, BundleSource {
        let asked = Tally()
        func x509SVID() async throws -> X509SVID {
            asked.add()
            throw WorkloadAPIError(.notFound)
        }
        func bundle(of trustDomain: TrustDomain) async throws -> TrustBundle? { nil }
    }

    /// The pool must neither keep connections that nobody speaks for, nor hear of their end when it has forgotten them.
    @Test(arguments: [true, false]) func withoutIdentityNothingStaysOpen(_ closesAtOnce: Bool) async throws {
        let (accepted, found) = AsyncStream.makeStream(of: (any Channel).self)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                found.yield(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .childChannelOption(.autoRead, value: true)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = listener.localAddress?.port ?? 0
        let source = Empty()
        let closing = Task {
            var all: [any Channel] = []
            for await channel in accepted {
                all.append(channel)
                if closesAtOnce { channel.close(promise: nil) }
            }
            return all
        }
        try await MutualTLSHTTPClient.with(MutualTLS(source, authorizer: .any)) { client in
            await #expect(throws: (any Error).self) {
                try await client.execute(
                    HTTPClientRequest(url: "https://127.0.0.1:\(port)/"), timeout: .seconds(6))
            }
        }
        found.finish()
        let all = await closing.value
        #expect(source.asked.count > 1)
        #expect(!all.isEmpty)
        for channel in all { try await channel.closeFuture.get() }
        try await listener.close()
    }

    /// Speaks in clear first, then TLS, then HTTP over it.
    private final class Forger: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer
        let tls: MutualTLS
        /// What is said before the client has the connection in hand is heard by nobody.
        let isHeard: Door
        let hasSpoken: Door
        init(tls: MutualTLS, isHeard: Door, hasSpoken: Door) {
            (self.tls, self.isHeard, self.hasSpoken) = (tls, isHeard, hasSpoken)
        }

        func channelActive(context: ChannelHandlerContext) {
            let heard = context.eventLoop.makeFutureWithTask { [isHeard] in await isHeard.pass() }
            heard.whenSuccess { [tls, hasSpoken, channel = context.channel] in
                channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nX: "), promise: nil)
                tls.addServerHandler(to: channel).whenComplete { _ in hasSpoken.open() }
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(
                NIOAny(ByteBuffer(string: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")), promise: nil)
        }
    }

    @Test func clearTextForgesNoHead() async throws {
        let (isHeard, hasSpoken) = (Door(), Door())
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [tls = try tls(server, "/client")] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Forger(tls: tls, isHeard: isHeard, hasSpoken: hasSpoken))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        let port = listener.localAddress?.port ?? 0
        let slow = ScriptedSource(
            svid: client.value, trust: try domain.bundle(),
            beforeSVID: {
                isHeard.open()
                await hasSpoken.pass()
                // Long enough for what was said to be read; the wait ends with the connection.
                try await Task.sleep(for: .seconds(5))
            })
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        try await MutualTLSHTTPClient.with(MutualTLS(slow, authorizer: .any), configuration: configuration) { client in
            await #expect(throws: MutualTLSError.clearText) {
                try await client.execute(
                    HTTPClientRequest(url: "https://127.0.0.1:\(port)/"), timeout: .seconds(10))
            }
        }
        try await listener.close()
    }

    /// What is set up while the server ends is dropped by the server; that must not end the process.
    @Test func aServerMayEndDuringAHandshake() async throws {
        let (asked, answer) = (Door(), Door())
        var tls = MutualTLS(
            ScriptedSource(
                svid: server.value, trust: try domain.bundle(),
                beforeSVID: {
                    asked.open()
                    await answer.pass()
                }), authorizer: .any)
        tls.handshakeTime = .seconds(2)
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let service = try service(tls, Self.name) { found.yield($0.localAddress?.port ?? 0) }
        let group = ServiceGroup(
            services: [service], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port).get()
            await asked.pass()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            answer.open()
            try await client.closeFuture.get()
        }
    }

    @Test func aClientIsEndedWithItsBlock() async throws {
        let kept = Current<MutualTLSHTTPClient?>(nil)
        try await MutualTLSHTTPClient.with(try tls(client, "/server")) { kept.value = $0 }
        await #expect(throws: HTTPClientError.alreadyShutdown) { try await kept.value?.shutdown() }
        await #expect(throws: CancellationError.self) {
            try await MutualTLSHTTPClient.with(try tls(client, "/server")) {
                kept.value = $0
                throw CancellationError()
            }
        }
        await #expect(throws: HTTPClientError.alreadyShutdown) { try await kept.value?.shutdown() }
    }

    // MARK: What is negotiated

    /// Tells what TLS agreed upon.
    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = Any
        let found: AsyncStream<String>.Continuation
        init(_ found: AsyncStream<String>.Continuation) { self.found = found }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted(let name)? = event as? TLSUserEvent {
                found.yield(name ?? "nothing")
                context.close(promise: nil)
            }
        }
    }

    @Test func onlyWhatIsSpokenIsNegotiated() async throws {
        var (both, wrong) = (try tls(client, "/server"), try tls(server, "/client"))
        both.applicationProtocols = ["h2", "http/1.1"]
        wrong.applicationProtocols = ["h2"]
        try await serving(wrong) { [both] port in
            let (names, found) = AsyncStream.makeStream(of: String.self)
            var iterator = names.makeAsyncIterator()
            _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    both.addClientHandler(to: channel).flatMapThrowing {
                        try channel.pipeline.syncOperations.addHandler(Listener(found))
                    }
                }.connect(host: "127.0.0.1", port: port).get()
            #expect(await iterator.next() == "http/1.1")
        }
        let (names, found) = AsyncStream.makeStream(of: String.self)
        var iterator = names.makeAsyncIterator()
        both = try tls(server, "/client")
        both.applicationProtocols = ["h2", "http/1.1"]
        wrong = try tls(client, "/server")
        wrong.applicationProtocols = ["h2"]
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [both] channel in
                both.addServerHandler(to: channel).flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Listener(found))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        try await MutualTLSHTTPClient.with(wrong) { client in
            await #expect(throws: (any Error).self) { try await ask(client, listener.localAddress?.port ?? 0) }
        }
        #expect(await iterator.next() == "http/1.1")
        try await listener.close()
    }

    // MARK: Addresses

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

    @Test(arguments: [
        ("https://[::1]:8443/a", "http://[::1]:8443/a", "[::1]:8443"), ("https://[::1]/", "http://[::1]:443/", "[::1]"),
        ("https://me:secret@host/", "http://me:secret@host:443/", "host"),
    ])
    func addressesAndNamesOfUsers(_ url: String, _ plain: String, _ host: String) throws {
        let request = try MutualTLSHTTPClient.withoutOuterTLS(HTTPClientRequest(url: url))
        #expect(request.url == plain)
        #expect(request.headers["Host"] == [host])
    }

    @Test func aHostOfTheCallersIsKept() throws {
        var request = HTTPClientRequest(url: "https://10.0.0.1/")
        request.headers.add(name: "Host", value: "reports.internal")
        #expect(try MutualTLSHTTPClient.withoutOuterTLS(request).headers["Host"] == ["reports.internal"])
    }
}
