// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix
import NIOSSL
import SPIFFE
import SPIREAPI
import Testing
import WorkloadTestKit

@testable import WorkloadClient

/// Two workloads that talk by TLS, and others that should not.
@Suite(.timeLimit(.minutes(1)))
struct MutualTLSTests {
    private let domain: TestTrustDomain
    private let clientSVID: Current<X509SVID>
    private let serverSVID: Current<X509SVID>
    /// Whom the server trusts.
    private let serverBundles: Current<TrustBundle?>
    private let clientBundles: Current<TrustBundle?>

    init() throws {
        domain = try TestTrustDomain()
        clientSVID = Current(try domain.svid("/client"))
        serverSVID = Current(try domain.svid("/server"))
        serverBundles = Current(try domain.bundle())
        clientBundles = Current(try domain.bundle())
    }

    private func server(_ authorizer: PeerAuthorizer = .any) -> MutualTLS {
        MutualTLS(svids: serverSVID, bundles: serverBundles, authorizer: authorizer)
    }

    private func client(
        _ authorizer: PeerAuthorizer = .any, clock: any WorkloadClock = SystemWorkloadClock()
    ) -> MutualTLS {
        MutualTLS(svids: clientSVID, bundles: clientBundles, authorizer: authorizer, clock: clock)
    }

    /// A server that tells each peer who it is.
    @discardableResult
    private func serving<R: Sendable>(_ tls: MutualTLS, _ body: (Int) async throws -> R) async throws -> R {
        typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                tls.accept(channel) { try Connection(wrappingChannelSynchronously: $0) }
            }
        let port = listener.channel.localAddress?.port ?? 0
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await listener.executeThenClose { inbound in
                    try await withThrowingDiscardingTaskGroup { connections in
                        for try await connection in inbound {
                            connections.addTask {
                                try? await connection.executeThenClose { inbound, outbound in
                                    for try await _ in inbound {
                                        let peer = await MutualTLS.peerID(of: connection.channel)
                                        try await outbound.write(
                                            ByteBuffer(string: peer.map { "\($0.path)" } ?? "nobody"))
                                    }
                                }
                            }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(port)
        }
    }

    /// Whom server and client found each other to be.
    private func talk(_ tls: MutualTLS, _ port: Int) async throws -> (server: String, client: String) {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                tls.addClientHandler(to: channel).flatMapThrowing {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "who am I"))
            for try await chunk in inbound {
                let server = await MutualTLS.peerID(of: connection.channel)
                return (server?.path ?? "nobody", String(buffer: chunk))
            }
            throw ChannelError.eof
        }
    }

    @Test func bothKnowEachOther() async throws {
        let tls = server(.exactly(try SPIFFEID("spiffe://example.org/client")))
        try await serving(tls) { port in
            let found = try await talk(client(.exactly(try SPIFFEID("spiffe://example.org/server"))), port)
            #expect(found == ("/server", "/client"))
        }
    }

    @Test func whoSaysNothingIsNotWaitedForForEver() async throws {
        var tls = server()
        tls.handshakeTime = .milliseconds(50)
        try await serving(tls) { port in
            let silent = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port).get()
            // The time limit of the suite ends a wait in vain.
            try await silent.closeFuture.get()
        }
    }

    @Test func aConnectionOutlivesTheTimeOfItsHandshake() async throws {
        var tls = server()
        tls.handshakeTime = .seconds(6)
        try await serving(tls) { port in
            let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { [client = client()] channel in
                    client.addClientHandler(to: channel).flatMapThrowing {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await connection.executeThenClose { inbound, outbound in
                var chunks = inbound.makeAsyncIterator()
                try await outbound.write(ByteBuffer(string: "who am I"))
                #expect(try await chunks.next() != nil)
                try await Task.sleep(for: .seconds(6))
                try await outbound.write(ByteBuffer(string: "who am I"))
                #expect(try await chunks.next() != nil)
            }
        }
    }

    @Test func othersAreRefused() async throws {
        let nobody = PeerAuthorizer.exactly(try SPIFFEID("spiffe://example.org/other"))
        try await serving(server(nobody)) { port in
            await #expect(throws: (any Error).self) { try await talk(client(), port) }
        }
        try await serving(server()) { port in
            // It is the handshake that fails.
            await #expect(throws: NIOSSLError.self) { try await talk(client(nobody), port) }
            // An impostor has the name and no signature of the authority.
            clientSVID.value = try TestTrustDomain().svid("/client")
            await #expect(throws: (any Error).self) { try await talk(client(), port) }
            // Nothing is known of this one's trust domain.
            clientSVID.value = try TestTrustDomain("foreign.test").svid("/client")
            await #expect(throws: (any Error).self) { try await talk(client(), port) }
            clientSVID.value = try domain.svid("/client")
            #expect(try await talk(client(), port).client == "/client")
        }
    }

    @Test func whoShowsNothingIsRefused() async throws {
        try await serving(server()) { port in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = .none
            let context = try NIOSSLContext(configuration: configuration)
            let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            let answer = Current("")
            try? await connection.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "who am I"))
                for try await chunk in inbound { answer.value += String(buffer: chunk) }
            }
            #expect(answer.value == "")
        }
    }

    @Test func rotationIsSeenAtTheNextHandshake() async throws {
        let next = try TestTrustDomain()
        try await serving(server()) { port in
            #expect(try await talk(client(), port).client == "/client")
            // A new authority: only who has it in his bundle is taken.
            clientSVID.value = try next.svid("/new")
            await #expect(throws: (any Error).self) { try await talk(client(), port) }
            serverBundles.value = try domain.bundle(and: [next])
            #expect(try await talk(client(), port).client == "/new")
            serverSVID.value = try next.svid("/server2")
            await #expect(throws: (any Error).self) { try await talk(client(), port) }
            clientBundles.value = try next.bundle()
            #expect(try await talk(client(), port).server == "/server2")
            // The old authority is gone.
            serverBundles.value = try next.bundle()
            clientSVID.value = try domain.svid("/client")
            await #expect(throws: (any Error).self) { try await talk(client(), port) }
            serverBundles.value = nil
            clientSVID.value = try next.svid("/new")
            await #expect(throws: (any Error).self) { try await talk(client(), port) }
        }
    }

    /// An own identity that has expired is not shown, even by a source that still gives it.
    @Test func expiredIdentityIsNotShown() async throws {
        try await serving(server()) { port in
            let clock = ManualClock()
            clock.advance(by: 3700)
            await #expect(throws: (any Error).self) { try await talk(client(clock: clock), port) }
        }
        serverSVID.value = try domain.svid("/server", from: TestTrustDomain.now.advanced(by: -7200), lifetime: 60)
        try await serving(server()) { port in
            await #expect(throws: (any Error).self) { try await talk(client(), port) }
        }
    }

    @Test func expiredPeerIsRefused() async throws {
        serverSVID.value = try domain.svid("/server", from: TestTrustDomain.now.advanced(by: -10), lifetime: 60)
        let clock = ManualClock()
        try await serving(server()) { port in
            _ = try await talk(client(clock: clock), port)
            clock.advance(by: 120)
            await #expect(throws: (any Error).self) { try await talk(client(clock: clock), port) }
        }
    }

    /// Sources of a Workload API at both ends, and gRPC between them.
    @Test func callsByGRPC() async throws {
        let stage = try Stage()
        let first = try stage.publish("/first")
        let source = X509Source(stage.client, configuration: stage.configuration)
        try await stage.api.serving {
            try await source.whileRunning {
                let transport = MutualTLS(source, authorizer: .member(of: stage.domain.trustDomain))
                    .grpcServerTransport(host: "127.0.0.1", port: 0)
                let server = GRPCServer(transport: transport, services: [HealthService()])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await server.serve() }
                    let address = try #require(await transport.listeningAddress?.ipv4)
                    let right = MutualTLS(source, authorizer: .exactly(first.id))
                    #expect(try await check(right, address.port) == .serving)
                    let wrong = MutualTLS(
                        source, authorizer: .exactly(try SPIFFEID("spiffe://example.org/other")))
                    await #expect(throws: (any Error).self) { try await check(wrong, address.port) }
                    let impostor = try Stage().domain
                    let stranger = StaticSource(
                        svid: try impostor.svid("/first"), bundles: try BundleMap([stage.domain.bundle()]))
                    await #expect(throws: (any Error).self) {
                        try await check(MutualTLS(stranger, authorizer: .any), address.port)
                    }
                    // Rotated: the next connection shows and judges what is new.
                    let second = try stage.publish("/second")
                    _ = await source.updates().first { $0.value?.defaultSVID.leaf == second.leaf }
                    #expect(
                        try await check(MutualTLS(source, authorizer: .exactly(second.id)), address.port) == .serving)
                    await #expect(throws: (any Error).self) { try await check(right, address.port) }
                    server.beginGracefulShutdown()
                    try await group.waitForAll()
                }
            }
        }
    }

    private func gRPC<R>(
        _ tls: MutualTLS, _ body: (Int) async throws -> R
    ) async throws -> R {
        let transport = tls.grpcServerTransport(host: "127.0.0.1", port: 0)
        let server = GRPCServer(transport: transport, services: [HealthService()])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            let address = try #require(await transport.listeningAddress?.ipv4)
            defer { group.cancelAll() }
            return try await body(address.port)
        }
    }

    /// A connection that is old enough takes no further call; the next one is judged anew.
    @Test(arguments: [true, false]) func anOldConnectionOfGRPCIsCalledNoMore(_ isServerAged: Bool) async throws {
        var (serving, calling) = (server(), client())
        serving.connectionAge = isServerAged ? .seconds(6) : nil
        calling.connectionAge = isServerAged ? nil : .seconds(6)
        (serving.grace, calling.grace) = (.seconds(3600), .seconds(3600))
        try await gRPC(serving) { port in
            let (channels, found) = AsyncStream.makeStream(of: (any Channel).self)
            var config = HTTP2ClientTransport.Posix.Config.defaults
            config.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
                found.yield(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            let transport = try calling.grpcClientTransport(
                to: .ipv4(address: "127.0.0.1", port: port), config: config)
            try await withGRPCClient(transport: transport) { client in
                var connections = channels.makeAsyncIterator()
                let health = Grpc_Health_V1_Health.Client(wrapping: client)
                #expect(try await health.check(.init()).status == .serving)
                clientBundles.value = nil
                try await connections.next()?.closeFuture.get()
                await #expect(throws: (any Error).self) { try await health.check(.init()) }
            }
        }
    }

    @Test(arguments: [true, false]) func aCallIsNotCutByAge(_ isServerAged: Bool) async throws {
        var (serving, calling) = (server(), client())
        serving.connectionAge = isServerAged ? .seconds(6) : nil
        calling.connectionAge = isServerAged ? nil : .seconds(6)
        try await gRPC(serving) { port in
            let transport = try calling.grpcClientTransport(to: .ipv4(address: "127.0.0.1", port: port))
            try await withGRPCClient(transport: transport) { client in
                var slow = Grpc_Health_V1_HealthCheckRequest()
                slow.service = "slow"
                let answer = try await Grpc_Health_V1_Health.Client(wrapping: client).check(slow)
                #expect(answer.status == .serving)
            }
        }
    }

    /// Who did not agree to speak HTTP/2 is not spoken with.
    @Test func gRPCNegotiates() async throws {
        try await gRPC(server()) { port in
            let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { [client = client()] in client.addClientHandler(to: $0) }
                .connect(host: "127.0.0.1", port: port).get()
            try await connection.closeFuture.get()
        }
    }

    private func check(
        _ tls: MutualTLS, _ port: Int
    ) async throws -> Grpc_Health_V1_HealthCheckResponse.ServingStatus {
        let transport = try tls.grpcClientTransport(to: .ipv4(address: "127.0.0.1", port: port))
        return try await withGRPCClient(transport: transport) { client in
            try await Grpc_Health_V1_Health.Client(wrapping: client).check(.init()).status
        }
    }

    private struct HealthService: Grpc_Health_V1_Health.SimpleServiceProtocol {
        func check(
            request: Grpc_Health_V1_HealthCheckRequest, context: ServerContext
        ) async throws -> Grpc_Health_V1_HealthCheckResponse {
            if request.service == "slow" { try await Task.sleep(for: .seconds(7)) }
            var response = Grpc_Health_V1_HealthCheckResponse()
            response.status = .serving
            return response
        }

        func list(
            request: Grpc_Health_V1_HealthListRequest, context: ServerContext
        ) async throws -> Grpc_Health_V1_HealthListResponse { .init() }

        func watch(
            request: Grpc_Health_V1_HealthCheckRequest, response: RPCWriter<Grpc_Health_V1_HealthCheckResponse>,
            context: ServerContext
        ) async throws {
            throw RPCError(code: .unimplemented, message: "not offered")
        }
    }
}
