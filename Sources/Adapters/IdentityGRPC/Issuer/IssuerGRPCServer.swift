// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Glibc
internal import HTTPServing
internal import Issuer
internal import JOSE
package import Logging
package import SPIFFE
internal import SPIREAPI
internal import ServiceLifecycle

/// The issuer's gRPC services at a Unix socket, for operators, and at a TLS port, for agents and administrators; both
/// stand on one set of facades. Facts (SPIFFE) 15.1.
///
/// The port serves Agent, Bundle, Entry, SVID, TrustDomain and LocalAuthority; the socket Logger, Debug, Health and
/// reflection as well.
package final class IssuerGRPCServer: Service {
    /// Where the issuer listens for the network.
    package struct Port: Hashable, Sendable {
        /// An address of this machine.
        package var host: String
        /// 0 for a free one.
        package var port: Int
        /// A listening socket that was handed over, which is taken in place of both.
        package var descriptor: Int32?

        /// SPIRE's port at all addresses, unless said.
        package init(host: String = "0.0.0.0", port: Int = 8081, descriptor: Int32? = nil) {
            self.host = host
            self.port = port
            self.descriptor = descriptor
        }
    }

    /// Permissions of the socket file unless said: user and group.
    package static let socketPermissions: UInt32 = 0o770

    private let local: IdentityServer?
    private let remote: IdentityServer?

    /// A server that is not listening yet.
    /// - Parameters:
    ///   - facades: what it serves.
    ///   - local: the Unix socket; nil for none.
    ///   - remote: the TLS port; nil for none.
    ///   - administrators: the identities with rights by configuration, as the facades' authorization has them: peers of
    ///     their trust domains are let in, by the bundles of those.
    ///   - meters: count the calls of the socket and of the port; nil for nobody.
    ///   - logger: takes the access log too.
    ///   - accessLevel: at which level the log says who made which call. What changes something is recorded anyway.
    package init(
        _ facades: IssuerFacades, local: IdentityServer.LocalPlace?, remote: Port?,
        administrators: Set<SPIFFEID> = [], localLimits: ListenerLimits = .local,
        remoteLimits: ListenerLimits = .remote, meters: (local: CallMeter, remote: CallMeter)? = nil, logger: Logger,
        accessLevel: Logger.Level = .info
    ) {
        let log = AccessLog(logger: logger, level: accessLevel, trail: facades.audit, clock: facades.clock)
        let connections = remoteLimits.fitting(openFiles: OpenFiles.most).connections
        let interceptor = IssuerCallInterceptor(
            authorization: facades.authorization, log: log, anonymous: AnonymousCalls(connections: connections))
        let shared = Self.sharedServices(facades)
        let own = Self.localServices(facades)
        let served = Self.sharedDescriptors + Self.localDescriptors
        self.local = local.map { place in
            IdentityServer(
                at: place, services: shared + own + Reflection(of: served).registrable,
                interceptors: [
                    .apply(interceptor, to: .services(Set(served))),
                    // What is served is no secret from whoever may connect.
                    .apply(
                        RefusalInterceptor(logger: logger, now: { facades.clock.now() }) { context in
                            (context.transportSpecific as? IssuerPeer)?.caller.logged ?? LoggedCaller()
                        }, to: .services(Reflection.descriptors)),
                ], limits: localLimits,
                meter: meters?.local, logger: logger,
                identify: { credentials in
                    // The audit names a process and asks nothing of it.
                    defer { if let descriptor = credentials.processDescriptor { close(descriptor) } }
                    return IssuerPeer(caller: .local(LocalPeer(credentials)))
                })
        }
        self.remote = remote.map { place in
            IdentityServer(
                host: place.host, port: place.port, descriptor: place.descriptor,
                credentials: {
                    guard let identity = facades.identity() else {
                        throw IssuerError(.unavailable, "the issuer has no SVID of its own yet")
                    }
                    return TLSCredentials(chain: identity.chain, privateKey: identity.privateKey.pkcs8)
                }, trust: Self.trust(facades, administrators), services: shared,
                interceptors: [.apply(interceptor, to: .all)], limits: remoteLimits, meter: meters?.remote,
                logger: logger,
                identify: { peer in
                    IssuerPeer(caller: .remote(address: peer.address, identity: peer.svid.map { CallerIdentity($0) }))
                })
        }
    }

    /// Returns as soon as both listen: the port, nil without one.
    /// - Throws: ``ListenerError``.
    @discardableResult package func ready() async throws -> Int? {
        try await local?.ready()
        return try await remote?.ready()
    }

    /// Serves until graceful shutdown. When one listener fails, the other ends too.
    /// - Throws: ``ListenerError`` when a place can't be listened at.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in [local, remote] {
                if let server { group.addTask { try await server.run() } }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Parts

    private static func sharedServices(_ facades: IssuerFacades) -> [any RegistrableRPCService] {
        [
            AgentAPI(agents: facades.agents, clock: facades.clock),
            BundleAPI(bundles: facades.bundles, federation: facades.federation, limiter: facades.limiter),
            EntryAPI(entries: facades.entries, clock: facades.clock),
            SVIDAPI(issuing: facades.issuing, entries: facades.entries, limiter: facades.limiter),
            TrustDomainAPI(federation: facades.federation, refresh: facades.refreshBundle),
            LocalAuthorityAPI(authorities: facades.authorities),
        ]
    }

    private static func localServices(_ facades: IssuerFacades) -> [any RegistrableRPCService] {
        [
            LoggerAPI(levels: facades.levels), DebugAPI(facades),
            HealthService(isServing: facades.isHealthy),
        ]
    }

    private static let sharedDescriptors = [
        Spire_Api_Server_Agent_V1_Agent.descriptor, Spire_Api_Server_Bundle_V1_Bundle.descriptor,
        Spire_Api_Server_Entry_V1_Entry.descriptor, Spire_Api_Server_Svid_V1_SVID.descriptor,
        Spire_Api_Server_Trustdomain_V1_TrustDomain.descriptor,
        Spire_Api_Server_Localauthority_V1_LocalAuthority.descriptor,
    ]

    private static let localDescriptors = [
        Spire_Api_Server_Logger_V1_Logger.descriptor, Spire_Api_Server_Debug_V1_Debug.descriptor,
        Grpc_Health_V1_Health.descriptor,
    ]

    /// Peers of the own trust domain, and of those that administrators by configuration come from.
    private static func trust(_ facades: IssuerFacades, _ administrators: Set<SPIFFEID>) -> PeerTrust {
        let foreign = Set(administrators.map(\.trustDomain))
        return PeerTrust(
            bundle: { domain in
                let own = facades.bundles.bundle
                if domain == own.trustDomain { return own.x509Bundle }
                guard foreign.contains(domain) else { return nil }
                return try? await facades.federation.bundle(of: domain.name).x509Bundle
            }, now: { facades.clock.now() })
    }
}

extension LocalPeer {
    /// A process with the path of its program, which is told only while it runs. For the audit alone: the path decides
    /// nothing.
    init(_ credentials: PeerCredentials) {
        self.init(
            pid: credentials.pid, uid: credentials.uid, gid: credentials.gid,
            path: Self.program(of: credentials.pid))
    }

    private static func program(of pid: Int32) -> String? {
        guard pid > 0 else { return nil }
        let room = Int(PATH_MAX)
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            count = max(0, readlink("/proc/\(pid)/exe", start, room))
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
