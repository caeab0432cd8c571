// SPDX-License-Identifier: Apache-2.0

import LogTestKit
import NIOCore
import NIOEmbedded
import NIOPosix
import NIOSSL
import NIOTLS
import SPIFFE
import Testing
import WorkloadTestKit

@testable import WorkloadClient

/// What may pass, and for how long.
@Suite(.timeLimit(.minutes(1)))
struct PeerGateTests {
    private let domain: TestTrustDomain
    private let now = TestTrustDomain.now

    init() throws { domain = try TestTrustDomain() }

    private func verified(_ path: String = "/peer") throws -> VerifiedX509SVID {
        try #require(
            X509SVIDOutcome.verifying(chain: domain.svid(path).chain, against: domain.x509Bundle, at: now).svid)
    }

    /// A channel with a gate of 10 seconds for the handshake, 100 of age and 5 to end in; what asks it to end is counted.
    private func stage() throws -> (channel: EmbeddedChannel, gate: PeerGate, ended: Tally) {
        let ended = Tally()
        let gate = PeerGate(
            handshakeTime: .seconds(10), grace: .seconds(5), ending: { _ in ended.add() },
            age: { own, peer in min(own, peer) == .earliest ? .seconds(1) : .seconds(100) })
        let channel = EmbeddedChannel(handler: gate)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
        return (channel, gate, ended)
    }

    private func complete(_ channel: EmbeddedChannel) {
        channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: nil))
    }

    @Test func nothingPassesBeforeTheHandshake() throws {
        for isSecure in [false, true] {
            let (channel, gate, _) = try stage()
            if isSecure { gate.secured(channel, until: .latest, isConnected: true) }
            _ = try? channel.writeInbound(ByteBuffer(string: "HTTP/1.1 200 OK\r\n"))
            #expect(try channel.readInbound(as: ByteBuffer.self) == nil)
            #expect(!channel.isActive)
            #expect(gate.fault == .clearText)
        }
    }

    @Test func aNameIsKnownOnceItIsProven() throws {
        let (channel, gate, _) = try stage()
        gate.secured(channel, until: .latest, isConnected: true)
        gate.judged = try verified()
        #expect(gate.peer == nil)
        complete(channel)
        #expect(gate.peer?.path == "/peer")
        try channel.writeInbound(ByteBuffer(string: "hello"))
        #expect(try channel.readInbound(as: ByteBuffer.self).map { String(buffer: $0) } == "hello")
        _ = try channel.finish()
    }

    @Test func whatWasNotJudgedOpensNothing() throws {
        let (channel, gate, _) = try stage()
        gate.secured(channel, until: .latest, isConnected: true)
        complete(channel)
        #expect(!channel.isActive)
        #expect(gate.peer == nil)
        // Nor does the handshake of somebody else's TLS, before ours is there.
        let (other, early, _) = try stage()
        early.judged = try verified()
        complete(other)
        #expect(!other.isActive)
    }

    @Test func theHandshakeHasATime() throws {
        let (channel, gate, _) = try stage()
        gate.secured(channel, until: .latest, isConnected: true)
        gate.judged = try verified()
        channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
        #expect(throws: MutualTLSError.timedOut) { try channel.throwIfErrorCaught() }
    }

    @Test func theTimeOfTheHandshakeEndsWithIt() throws {
        let (channel, gate, ended) = try stage()
        gate.secured(channel, until: .latest, isConnected: true)
        gate.judged = try verified()
        complete(channel)
        channel.embeddedEventLoop.advanceTime(by: .seconds(99))
        #expect(channel.isActive)
        #expect(ended.count == 0)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(ended.count == 1)
        #expect(channel.isActive)
        try channel.throwIfErrorCaught()
        channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(!channel.isActive)
        // An end that cuts something off must not look like the end of it.
        #expect(throws: MutualTLSError.tooOld) { try channel.throwIfErrorCaught() }
    }

    @Test func theOwnEndCounts() throws {
        let (channel, gate, ended) = try stage()
        gate.secured(channel, until: .earliest, isConnected: true)
        gate.judged = try verified()
        complete(channel)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(ended.count == 1)
        _ = try? channel.finish()
    }

    // MARK: Over the network

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private func tls(_ path: String, lifetime: Int64 = 3600) throws -> MutualTLS {
        MutualTLS(
            StaticSource(svid: try domain.svid(path, lifetime: lifetime), bundles: try BundleMap([domain.bundle()])),
            authorizer: .any)
    }

    private func listener(_ tls: MutualTLS) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { tls.addServerHandler(to: $0) }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private func connection(_ tls: MutualTLS, to listener: any Channel) async throws -> any Channel {
        let address = try #require(listener.localAddress)
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { tls.addClientHandler(to: $0) }.connect(to: address).get()
    }

    private func plainConnection(to listener: any Channel) async throws -> any Channel {
        let address = try #require(listener.localAddress)
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(to: address).get()
    }

    /// However young a connection is: whose identity has ended is heard no longer.
    @Test(arguments: [(20, 3600), (3600, 20)])
    func aConnectionEndsWithTheIdentities(_ lifetimes: (server: Int64, client: Int64)) async throws {
        // Only the server watches.
        var server = try tls("/server", lifetime: lifetimes.server)
        server.connectionAge = nil
        server.grace = .milliseconds(1)
        let listener = try await listener(server)
        var client = try tls("/client", lifetime: lifetimes.client)
        client.connectionAge = .seconds(3600)
        client.grace = .seconds(3600)
        let channel = try await connection(client, to: listener)
        try await channel.closeFuture.get()
        try await listener.close()
    }

    @Test func aJudgeThatNeverAnswersIsNotWaitedFor() async throws {
        var slow = MutualTLS(
            ScriptedSource(
                svid: try domain.svid("/slow"), trust: try domain.bundle(), beforeBundle: ScriptedSource.never),
            authorizer: .any)
        slow.handshakeTime = .seconds(6)
        let slowListener = try await listener(slow)
        try await connection(try tls("/client"), to: slowListener).closeFuture.get()
        let quickListener = try await listener(try tls("/server"))
        try await connection(slow, to: quickListener).closeFuture.get()
        try await slowListener.close()
        try await quickListener.close()
    }

    @Test func anIdentityThatNeverComesIsNotWaitedFor() async throws {
        var slow = MutualTLS(
            ScriptedSource(
                svid: try domain.svid("/slow"), trust: try domain.bundle(), beforeSVID: ScriptedSource.never),
            authorizer: .any)
        slow.handshakeTime = .milliseconds(100)
        let listener = try await listener(slow)
        try await plainConnection(to: listener).closeFuture.get()
        await #expect(throws: MutualTLSError.timedOut) { try await connection(slow, to: listener) }
        try await listener.close()
    }

    /// The name in a certificate is public: until the key is proven, nobody has it.
    @Test func nobodyHasANameWhileHeIsJudged() async throws {
        let (asked, answer) = (Door(), Door())
        let client = MutualTLS(
            ScriptedSource(
                svid: try domain.svid("/client"), trust: try domain.bundle(),
                beforeBundle: {
                    asked.open()
                    await answer.pass()
                }), authorizer: .any)
        let listener = try await listener(try tls("/server"))
        let channel = try await connection(client, to: listener)
        await asked.pass()
        #expect(await MutualTLS.peerID(of: channel) == nil)
        answer.open()
        try await channel.eventLoop.flatSubmit {
            // What is written waits for the handshake.
            channel.writeAndFlush(ByteBuffer(string: "x"))
        }.get()
        #expect(await MutualTLS.peerID(of: channel)?.path == "/server")
        try await channel.close()
        try await channel.closeFuture.get()
        #expect(await MutualTLS.peerID(of: channel) == nil)
        try await listener.close()
    }

    /// Who takes no more connections drops what comes of one that is being set up; that must not end the process.
    @Test func whatNobodyTakesIsKeptUntilItIsClosed() async throws {
        let (asked, answer) = (Door(), Door())
        var server = MutualTLS(
            ScriptedSource(
                svid: try domain.svid("/server"), trust: try domain.bundle(),
                beforeSVID: {
                    asked.open()
                    await answer.pass()
                }), authorizer: .any)
        server.handshakeTime = .seconds(2)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { [server] channel in
                server.accept(channel) { try Connection(wrappingChannelSynchronously: $0) }
            }
        let client = try await plainConnection(to: listener.channel)
        await asked.pass()
        try await listener.executeThenClose { connections in
            let taking = Task {
                for try await connection in connections { try await connection.executeThenClose { _, _ in } }
            }
            taking.cancel()
            _ = await taking.result
            answer.open()
            try await client.closeFuture.get()
        }
    }

    // MARK: Judging

    private func presented(_ certificates: [X509Certificate]) throws -> [NIOSSLCertificate] {
        try certificates.map { try NIOSSLCertificate(bytes: $0.der, format: .der) }
    }

    @Test func refusalsSayWhy() async throws {
        let tls = try tls("/self")
        let good = try domain.svid("/peer").leaf
        #expect(try await tls.verified(try presented([good])).id.path == "/peer")
        for bad in [
            [], Array(repeating: good, count: X509SVIDOutcome.longestChain + 1),
            [try domain.webCertificate().certificate],
            [try domain.certificate(uris: ["spiffe://example.org/a", "spiffe://example.org/b"])],
        ] {
            let bad = try presented(bad)
            await #expect(throws: PeerRefusal.noIdentity) { try await tls.verified(bad) }
        }
        let foreign = try presented([try TestTrustDomain("foreign.test").svid("/peer").leaf])
        await #expect(throws: PeerRefusal.unknownTrustDomain(try TrustDomain("foreign.test"))) {
            try await tls.verified(foreign)
        }
        let rule = PeerAuthorizer.nobody
        let closed = MutualTLS(
            StaticSource(svid: nil, bundles: try BundleMap([domain.bundle()])), authorizer: rule)
        let chain = try presented([good])
        await #expect(throws: PeerRefusal.notAllowed(try SPIFFEID("spiffe://example.org/peer"), rule.description)) {
            try await closed.verified(chain)
        }
    }

    @Test func whoIsRefusedAllTheTimeDoesNotFillTheLog() async throws {
        let clock = ManualClock()
        let log = LineCollector()
        let tls = MutualTLS(
            StaticSource(svid: nil, bundles: try BundleMap([domain.bundle()])), authorizer: .nobody, clock: clock,
            logger: log.logger)
        let chain = try presented([try domain.svid("/peer").leaf])
        for _ in 0..<25 { #expect(await tls.judge(chain) == nil) }
        #expect(log.lines.count == 20)
        clock.advance(by: 1)
        #expect(await tls.judge(chain) == nil)
        #expect(log.lines.last?.fields["left_out"] == "5")
    }

    @Test func whatHasExpiredIsNotShown() async throws {
        let clock = ManualClock()
        let source = StaticSource(svid: try domain.svid("/self"), bundles: try BundleMap([domain.bundle()]))
        let tls = MutualTLS(source, authorizer: .any, clock: clock)
        _ = try await tls.material()
        clock.advance(by: 3700)
        let error = await #expect(throws: WorkloadAPIError.self) { try await tls.material() }
        #expect(error?.code == .expired)
    }

    @Test func bothEndsAskForCertificatesAndTheTLSOfToday() async throws {
        let tls = try tls("/self")
        let material = try await tls.material()
        for configuration in [tls.serverConfiguration(material), tls.clientConfiguration(material)] {
            #expect(configuration.minimumTLSVersion == .tlsv12)
            #expect(configuration.certificateVerification == .noHostnameVerification)
            #expect(configuration.trustRoots == .certificates([]))
        }
    }
}
