// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LogTestKit
import Logging
import NIOCore
import NIOSSL
import SPIFFE
import Synchronization
import Testing

@testable import IdentityGRPC

@Suite(.timeLimit(.minutes(2))) struct TLSListenerTests {
    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    /// What changes while the server runs.
    private final class World: Sendable {
        let server: Mutex<TLSCredentials>
        let bundles: Mutex<[TrustDomain: X509Bundle]>
        let now = Mutex(Authority.now)
        let hasCredentials = Mutex(true)

        init(_ server: TLSCredentials, _ bundles: [X509Bundle]) {
            self.server = Mutex(server)
            self.bundles = Mutex(Dictionary(bundles.map { ($0.trustDomain, $0) }) { first, _ in first })
        }
    }

    private let authority: Authority
    private let foreign: Authority
    private let world: World
    private let log = LineCollector()

    init() throws {
        authority = try Authority()
        foreign = try Authority("foreign.test")
        world = World(try authority.credentials("/spire/server"), [authority.bundle])
    }

    private func server() -> IdentityServer {
        var limits = ListenerLimits.remote
        limits.grace = .zero
        let trust = PeerTrust(
            bundle: { [world] domain in world.bundles.withLock { $0[domain] } },
            now: { [world] in world.now.withLock { $0 } })
        return IdentityServer(
            host: "127.0.0.1", port: 0,
            credentials: { [world] in
                guard world.hasCredentials.withLock({ $0 }) else { throw CancellationError() }
                return world.server.withLock { $0 }
            }, trust: trust, services: [Probe()], limits: limits, logger: log.logger
        ) { peer in
            ProbeCaller(text: "\(peer.address) \(peer.svid?.id.description ?? "nobody")")
        }
    }

    private func serving<Result: Sendable>(
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let server = server()
        return try await IdentityGRPCTests.serving(server) { try await body(try await server.ready()) }
    }

    private static func client<Result: Sendable>(
        _ port: Int, showing credentials: TLSCredentials?, seen: @escaping @Sendable ([UInt8]) -> Void = { _ in },
        _ body: @escaping @Sendable (Client) async throws -> Result
    ) async throws -> Result {
        let security = HTTP2ClientTransport.Posix.TransportSecurity.TLS.defaults { tls in
            tls.trustRoots = .certificates([])
            tls.serverCertificateVerification = .noHostnameVerification
            tls.customVerificationCallback = { presented, promise in
                seen((try? presented.first?.toDERBytes()) ?? [])
                promise.succeed(.certificateVerified(VerificationMetadata(NIOSSL.ValidatedCertificateChain(presented))))
            }
            if let credentials {
                tls.certificateChain = credentials.chain.map { .bytes($0.der, format: .der) }
                tls.privateKey = .bytes(credentials.privateKey, format: .der)
            }
        }
        return try await withGRPCClient(
            transport: .http2NIOPosix(
                target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .tls(security)),
            handleClient: body)
    }

    @Test func whoShowsNothingIsNobody() async throws {
        let answer = try await serving { port in
            try await Self.client(port, showing: nil) { try await $0.whoAmI() }
        }
        #expect(answer == "127.0.0.1 nobody [] 0")
    }

    @Test func whoShowsAnSVIDIsKnown() async throws {
        let agent = try authority.credentials("/spire/agent/x")
        let answer = try await serving { port in
            try await Self.client(port, showing: agent) { client in
                try await client.whoAmI(metadata: [CallerTable.header: "forged"])
            }
        }
        #expect(answer == "127.0.0.1 spiffe://example.org/spire/agent/x [] 0")
    }

    @Test func svidsOfUnknownDomainsAreRefused() async throws {
        let stranger = try foreign.credentials("/x")
        try await serving { port in
            // A client that gives up before its handshake says nothing of the server.
            repeat {
                await #expect(throws: RPCError.self) {
                    try await Self.client(port, showing: stranger) { try await $0.whoAmI(timeout: .seconds(3)) }
                }
            } while refusals.isEmpty
            // The listener goes on.
            let answer = try await Self.client(port, showing: nil) { try await $0.whoAmI() }
            #expect(answer.contains("nobody"))
        }
        let line = try #require(refusals.first)
        #expect(line["code"] == "unknown-trust-domain")
        #expect(line["caller_addr"] == "127.0.0.1")
        #expect(line["error"]?.contains("foreign.test") == true)
        #expect(line["request_id"]?.count == 36)
    }

    private var closings: [String] { log.lines.map(\.message).filter { $0.contains("connection") } }

    private var refusals: [[String: String]] {
        log.lines.filter { $0.message == "client certificate refused" }.map(\.fields)
    }

    @Test func whoMustCloseAllConnectionsSaysItOnce() async throws {
        let answer = try await serving { [world] port in
            world.hasCredentials.withLock { $0 = false }
            for _ in 0..<2 {
                repeat {
                    _ = await #expect(throws: RPCError.self) {
                        try await Self.client(port, showing: nil) { try await $0.whoAmI(timeout: .milliseconds(500)) }
                    }
                } while closings.isEmpty
            }
            world.hasCredentials.withLock { $0 = true }
            return try await Self.client(port, showing: nil) { try await $0.whoAmI() }
        }
        #expect(answer.contains("nobody"))
        #expect(closings == ["every connection is closed: there is nothing to show", "connections are taken again"])
    }

    @Test func refusalsAtTheDoorAreCounted() {
        let door = DoorLog(log.logger)
        for _ in 0..<30 { door.refused("192.0.2.1", "no-id", String(repeating: "x", count: 5000), at: Authority.now) }
        #expect(refusals.count == 20)
        #expect(refusals.first?["error"]?.utf8.count == String.longestLogged)
        door.refused("192.0.2.1", "no-id", "x", at: Authority.now.advanced(by: 1))
        #expect(refusals.last?["left_out"] == "10")
    }

    @Test func domainsAreNeverPooled() async throws {
        world.bundles.withLock { $0[foreign.trustDomain] = foreign.bundle }
        // Signed by an authority that is known, for a domain that is not its own.
        let liar = try Authority("example.org").credentials("/spire/agent/x")
        try await serving { port in
            _ = await #expect(throws: RPCError.self) {
                try await Self.client(port, showing: liar) { try await $0.whoAmI(timeout: .seconds(3)) }
            }
        }
    }

    @Test func expiredSVIDsAreRefusedAtTheDoor() async throws {
        let agent = try authority.credentials("/spire/agent/x", lifetime: 60)
        world.now.withLock { $0 = Authority.now.advanced(by: 61) }
        try await serving { port in
            _ = await #expect(throws: RPCError.self) {
                try await Self.client(port, showing: agent) { try await $0.whoAmI(timeout: .seconds(3)) }
            }
        }
    }

    @Test func anAuthorityThatIsRevokedCountsNoMoreOnOpenConnections() async throws {
        let agent = try authority.credentials("/spire/agent/x")
        let successor = try Authority()
        try await serving { [world, authority] port in
            try await Self.client(port, showing: agent) { client in
                _ = try await client.whoAmI()
                // A second authority changes nothing.
                world.bundles.withLock {
                    $0[authority.trustDomain] = X509Bundle(
                        trustDomain: authority.trustDomain, authorities: [authority.certificate, successor.certificate])
                }
                let still = try await client.whoAmI()
                #expect(still.contains("/spire/agent/x"))
                world.bundles.withLock { $0[authority.trustDomain] = successor.bundle }
                let error = await #expect(throws: RPCError.self) { try await client.whoAmI() }
                #expect(error?.code == .unauthenticated)
                world.bundles.withLock { $0 = [:] }
                let gone = await #expect(throws: RPCError.self) { try await client.whoAmI() }
                #expect(gone?.code == .unauthenticated)
            }
        }
        #expect(refusals.map { $0["code"] } == ["trusted-no-more", "trusted-no-more"])
        #expect(refusals.allSatisfy { $0["error"] == "spiffe://example.org/spire/agent/x" })
    }

    @Test func anSVIDThatExpiresOnAnOpenConnectionIsShownAsItIs() async throws {
        let agent = try authority.credentials("/spire/agent/x", lifetime: 60)
        let answer = try await serving { [world] port in
            try await Self.client(port, showing: agent) { client in
                _ = try await client.whoAmI()
                world.now.withLock { $0 = Authority.now.advanced(by: 61) }
                return try await client.whoAmI()
            }
        }
        // Whoever authorises calls sees its end and says so to the agent.
        #expect(answer.contains("/spire/agent/x"))
    }

    @Test func eachConnectionSeesTheNewestServerCertificate() async throws {
        let seen = Mutex<[[UInt8]]>([])
        let first = world.server.withLock { $0 }
        let second = try authority.credentials("/spire/server")
        try await serving { [world] port in
            for credentials in [first, second] {
                world.server.withLock { $0 = credentials }
                _ = try await Self.client(
                    port, showing: nil, seen: { leaf in seen.withLock { $0.append(leaf) } }
                ) { try await $0.whoAmI() }
            }
        }
        #expect(seen.withLock { $0 } == [first.chain[0].der, second.chain[0].der])
    }

    @Test func aTakenPortIsSaid() async throws {
        try await serving { port in
            let trust = PeerTrust(bundle: { _ in nil }, now: { Authority.now })
            let other = IdentityServer(
                host: "127.0.0.1", port: port, credentials: { throw CancellationError() }, trust: trust,
                services: [Probe()], logger: ScriptedAnswers.silent
            ) { _ in ProbeCaller(text: "") }
            let error = await #expect(throws: ListenerError.self) { try await other.run() }
            #expect(error?.code == .system)
        }
    }
}
