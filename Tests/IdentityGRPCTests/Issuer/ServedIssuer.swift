// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import GRPCNIOTransportHTTP2Posix
import JOSE
import KelmarkCrypto
import LogTestKit
import Logging
import SPIFFE
import SPIREAPI
import ServiceLifecycle
import SwiftASN1
import SwiftProtobuf
import Testing
import X509

@testable import IdentityGRPC
@testable import Issuer

typealias TestClient = GRPCClient<HTTP2ClientTransport.Posix>

/// An issuer in memory, served at a Unix socket and at a TLS port.
struct ServedIssuer: Sendable {
    static let domain = try! TrustDomain("example.org")
    static func id(_ path: String) -> SPIFFEID { try! SPIFFEID(trustDomain: domain, path: path) }

    let clock = IssuerTestClock()
    let log = LineCollector()
    let folder: SocketFolder
    let issuances: any IssuanceStore
    let directory: RegistrationDirectory
    let authorities: AuthorityService
    let issuing: IssuingService
    let rotation: RotationService
    let levels = LogLevelSwitch(launch: .info)
    let facades: IssuerFacades
    let server: IssuerGRPCServer

    init(
        administrators: Set<SPIFFEID> = [], limits: RateLimits = RateLimits(),
        listeners: (inout ListenerLimits) -> Void = { _ in },
        issuances: any IssuanceStore = MemoryIssuanceStore(),
        configure: (inout IssuerConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = IssuerConfiguration(trustDomain: Self.domain)
        configure(&configuration)
        let logger = log.logger
        folder = try SocketFolder()
        self.issuances = issuances
        authorities = try await AuthorityService.open(
            configuration: configuration, keys: VaultAuthorityKeys.inMemory(), store: MemoryAuthorityStore(),
            gate: OpenGate(), audit: issuances, clock: clock, logger: logger)
        let blinding = try LeafBlinding(log: "log", salt: try SecretBytes.random(count: 32))
        issuing = IssuingService(authorities: authorities, store: issuances, blinding: blinding, logger: logger)
        rotation = RotationService(authorities: authorities, issuing: issuing, logger: logger)
        await rotation.look()
        directory = try await RegistrationDirectory.open(trustDomain: Self.domain, store: MemoryRegistrationStore())
        let limiter = RateLimiter(limits, clock: clock)
        let agents = AgentService(
            directory, attestors: [JoinTokenAttestor(directory, clock: clock)], signer: issuing, limiter: limiter,
            clock: clock)
        facades = IssuerFacades(
            issuing: issuing, authorities: authorities, entries: EntryService(directory, clock: clock),
            agents: agents, federation: FederationService(directory),
            authorization: CallAuthorization(directory, agents: agents, administrators: administrators, clock: clock),
            limiter: limiter, audit: AuditTrail(store: issuances, blinding: blinding), clock: clock, levels: levels,
            identity: { [rotation] in rotation.serverIdentity?.svid })
        var own = ListenerLimits()
        own.grace = .zero
        listeners(&own)
        server = IssuerGRPCServer(
            facades, local: .path(folder.socket, permissions: 0o770), remote: .init(host: "127.0.0.1", port: 0),
            administrators: administrators, localLimits: own, remoteLimits: own, logger: logger)
    }

    // MARK: Serving

    /// Runs the server for as long as `body` does; `body` gets the TLS port.
    func serve<R: Sendable>(_ body: @escaping @Sendable (_ port: Int) async throws -> R) async throws -> R {
        let group = ServiceGroup(services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: R?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask { [server] in
                do {
                    let port = try #require(try await server.ready())
                    let result = try await body(port)
                    await group.triggerGracefulShutdown()
                    return result
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
            }
            var result: R?
            for try await one in tasks where one != nil { result = one }
            return try #require(result)
        }
    }

    /// Serves, and runs `body` with a client of the Unix socket.
    func serveLocally<R: Sendable>(_ body: @escaping @Sendable (TestClient) async throws -> R) async throws -> R {
        try await serve { _ in try await local(body) }
    }

    /// A client of the Unix socket of a server that runs.
    func local<R: Sendable>(_ body: @Sendable (TestClient) async throws -> R) async throws -> R {
        try await withGRPCClient(
            transport: .http2NIOPosix(
                target: .unixDomainSocket(path: folder.socket), transportSecurity: .plaintext),
            handleClient: body)
    }

    /// A client of the TLS port of a server that runs, with a certificate or without one.
    func remote<R: Sendable>(
        _ port: Int, as peer: TestPeer? = nil, _ body: @Sendable (TestClient) async throws -> R
    ) async throws -> R {
        let security: HTTP2ClientTransport.Posix.TransportSecurity
        if let peer {
            security = .mTLS(
                certificateChain: peer.chain.map { .bytes($0, format: .der) },
                privateKey: .bytes(peer.key.pkcs8, format: .der)
            ) { $0.serverCertificateVerification = .noVerification }
        } else {
            security = .tls { $0.serverCertificateVerification = .noVerification }
        }
        return try await withGRPCClient(
            transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: security),
            handleClient: body)
    }

    // MARK: Peers

    /// Somebody with an SVID of this issuer: an administrator, a downstream server or a workload, by its entry.
    func peer(_ path: String, isAdmin: Bool = false, isDownstream: Bool = false) async throws -> TestPeer {
        if isAdmin || isDownstream {
            var draft = EntryDraft.sample(path, parent: "/node")
            draft.isAdmin = isAdmin
            draft.isDownstream = isDownstream
            let made = try await facades.entries.create([draft])
            #expect(made.allSatisfy { $0.refusal == nil })
        }
        let key = try PrivateKey(generating: .p256)
        let svid = try await issuing.newAgentSVID(
            Self.id(path), request: try TestRequest.der(key), for: Requester(name: "test"))
        return TestPeer(id: svid.id, chain: svid.chain.map(\.der), key: key)
    }

    /// An agent that has joined by a token.
    func agent(_ token: String = "token-1") async throws -> TestPeer {
        _ = try await facades.agents.createJoinToken(ttl: 600, value: token)
        let key = try PrivateKey(generating: .p256)
        var session = facades.agents.attestation(for: .unknown)
        let reply = try await session.receive(
            .parameters(type: "join_token", payload: Array(token.utf8), request: try TestRequest.der(key)))
        guard case .result(let svid, _) = reply else { throw TestFailure("no SVID: \(reply)") }
        return TestPeer(id: svid.id, chain: svid.chain, key: key)
    }

    /// The records of what callers changed.
    func audit() async throws -> [String] {
        try await issuances.auditRecords(from: 0, limit: 1000).map { String(decoding: $0.content, as: UTF8.self) }
    }
}

/// Somebody with a certificate.
struct TestPeer: Sendable {
    let id: SPIFFEID
    let chain: [[UInt8]]
    let key: PrivateKey
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

enum TestRequest {
    /// A PKCS#10 request of a key.
    static func der(
        _ key: PrivateKey? = nil, names: [GeneralName] = []
    ) throws -> [UInt8] {
        let key = try key ?? PrivateKey(generating: .p256)
        let content = CertificateRequestContent(
            subject: DistinguishedName(),
            publicKey: try Certificate.PublicKey(derEncoded: key.publicKey.subjectPublicKeyInfo), names: names)
        let body = try content.body()
        return try CertificateRequestContent.request(
            body: body, signature: try key.certificateSignature(over: body), algorithm: .ecdsaWithSHA256)
    }
}

extension PrivateKey {
    fileprivate func certificateSignature(over body: [UInt8]) throws -> [UInt8] {
        try signature(over: body, algorithm: .es256)
    }
}

extension EntryDraft {
    /// An entry of a workload under a parent.
    static func sample(_ path: String, parent: String, selector: String = "uid:1000") -> EntryDraft {
        var draft = EntryDraft()
        draft.spiffeID = IDDraft(ServedIssuer.id(path))
        draft.parentID = IDDraft(ServedIssuer.id(parent))
        draft.selectors = [SelectorDraft(type: "unix", value: selector)]
        return draft
    }
}

extension Spire_Api_Types_Entry {
    static func sample(_ path: String, parent: String, selector: String = "uid:1000") -> Spire_Api_Types_Entry {
        .with { entry in
            entry.spiffeID = Spire_Api_Types_SPIFFEID(ServedIssuer.id(path))
            entry.parentID = Spire_Api_Types_SPIFFEID(ServedIssuer.id(parent))
            entry.selectors = [
                .with {
                    $0.type = "unix"
                    $0.value = selector
                }
            ]
        }
    }
}

extension RPCError {
    /// The reason that an agent acts upon.
    var reason: Spire_Api_Types_PermissionDeniedDetails.Reason? {
        for value in metadata[binaryValues: Self.statusDetails] {
            guard let status = try? Google_Rpc_Status(serializedBytes: value), let packed = status.details.first
            else { continue }
            return try? Spire_Api_Types_PermissionDeniedDetails(unpackingAny: packed).reason
        }
        return nil
    }
}

/// The RPC error that a call ends with; nil when it ends well.
func failure(_ body: () async throws -> Void) async -> RPCError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RPCError
    }
}
