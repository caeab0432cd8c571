// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import IdentityHTTP
internal import Issuer
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import Logging
internal import SPIFFE
internal import ServiceLifecycle
internal import TrustBinding

/// `kelmark issuer serve`.
struct IssuerServeCommand: KelmarkCommand {
    static let path = "issuer serve"
    static let configuration = CommandConfiguration.kelmark(
        "serve", "Serves the issuer of a trust domain until it is told to stop.",
        about:
            "Node agents attest here and get SVIDs for their workloads; operators manage entries and nodes over the Unix "
            + "socket. Each signing key is stated by the issuer's AID, and the statement sealed and receipted, before it "
            + "signs anything (--issuer); --claimed serves a plain SPIFFE issuer that nothing stands behind. The wire "
            + "APIs are SPIRE's.",
        examples: [
            CommandExample(
                "with an organisation behind it", "kelmark issuer serve --trust-domain acme.example --issuer issuer"),
            CommandExample(
                "for agents on other machines",
                "kelmark issuer serve --trust-domain acme.example --issuer issuer --listen 0.0.0.0:8081"),
            CommandExample(
                "without an organisation", "kelmark issuer serve --trust-domain acme.example --claimed"),
            CommandExample(
                "below an authority elsewhere",
                "kelmark issuer serve --trust-domain acme.example --claimed --upstream-cert-file ca.pem "
                    + "--upstream-key-file ca.key"),
        ],
        aliases: [ServedCommand.alias])

    /// The options whose sockets the service manager can open.
    static let sockets: [String: HandedOverSocket.Reach] = [
        "socket-path": .local, "listen": .network, "bundle-listen": .network, "health-listen": .network,
    ]

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("The trust domain.", valueName: "name"))
    var trustDomain: TrustDomainArgument
    @Option(help: ArgumentHelp("Name of the issuer's AID in the home folder.", valueName: "name"))
    var issuer: String?
    @Flag(help: "Serve keys that no AID states: what is signed can be claimed, not proven.")
    var claimed = false
    @Option(
        help: ArgumentHelp("Where the issuer keeps its file and its keys.", valueName: "path"), completion: .directory)
    var folder: String?
    @Option(
        name: [.customLong("socket-path"), .customLong("socketPath", withSingleDash: true)],
        help: ArgumentHelp("The Unix socket for operators.", valueName: "path"), completion: .file())
    var socketPath: String?
    @Option(help: ArgumentHelp("Address and port for agents.", valueName: "host:port"))
    var listen = NetworkPlace(host: "127.0.0.1", port: 8081)
    @Option(help: ArgumentHelp("Address and port for the bundle and OIDC discovery.", valueName: "host:port"))
    var bundleListen = NetworkPlace(host: "127.0.0.1", port: 8443)
    @OptionGroup(title: "The port of the bundle") var bundlePort: BundlePortOptions
    @Option(help: ArgumentHelp("Address and port for health and metrics.", valueName: "host:port"))
    var healthListen = NetworkPlace(host: "127.0.0.1", port: 9464)
    @Option(
        name: .customLong("admin-id"),
        help: ArgumentHelp("An identity that may administer over the network; may be repeated.", valueName: "spiffe-id")
    )
    var administrators: [SPIFFEIDArgument] = []
    @OptionGroup(title: "What it signs") var issuance: IssuanceOptions
    @OptionGroup(title: "Limits and forgetting") var calls: CallLimitOptions
    @OptionGroup(title: "Attestation of nodes") var nodes: NodeAttestationOptions
    @OptionGroup(title: "Upstream authority") var upstream: UpstreamOptions

    func validate() throws {
        guard claimed != (issuer != nil) else {
            throw ValidationError("Name the issuer's AID with --issuer, or say --claimed.")
        }
        guard issuer == nil || upstream.name == nil else {
            throw ValidationError(
                "Below an authority elsewhere nothing can be proven: --upstream-… goes with --claimed.")
        }
        guard issuer == nil || issuance.caKeyType == .p256 else {
            throw ValidationError(
                "An AID states P-256 keys for certificates: --ca-key-type ec-p256 goes with --issuer, others with --claimed."
            )
        }
        guard !issuance.allowDownstream || upstream.name == nil else {
            throw ValidationError("--allow-downstream is for issuers with roots of their own.")
        }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let domain = trustDomain.domain
        let clock = SystemIssuerClock()
        let sockets = try HandedOverSockets(for: Self.sockets, environment: context.environment)
        let place = try context.servedFolder(folder, Product.HomeFile.served, domain)
        let passphrase = try context.passphrase.read()
        let vault = try SealedFileVault.openOrCreate(at: place + "/keys.vault", passphrase: passphrase)
        let levels = LogLevelSwitch(launch: ServiceRunner.level(in: context))
        let logger = Logger(label: "issuer") {
            SwitchedLogHandler(JSONLogHandler(component: $0, level: .trace), levels)
        }
        var plan = try plan(domain, place, environment: context.environment)
        plan.upstream = try await upstream.authority(of: domain, clock: clock)
        if let issuer {
            let wallet = try SealedFileVault.open(at: context.home.vault, passphrase: passphrase)
            plan.gate = StatementGate(context: context, vault: wallet, issuer: issuer)
            plan.authorizer = AuthorityIssuance(context: context, issuer: issuer, clock: clock, logger: logger)
            try limit(&plan.configuration, in: context, issuer, logger)
        }
        let host = try await IssuerHost.open(
            plan, vault: vault, log: "log:\(domain.name)", levels: levels, logger: logger)
        var services = host.upkeep()
        if let issuer { services.append(keeper(of: host, context, issuer)) }
        let operators = try sockets.local("socket-path", permissions: IssuerGRPCServer.socketPermissions) {
            try context.socketPath(socketPath, Product.Socket.issuer)
        }
        let meters = (local: CallMeter(listener: "operators"), remote: CallMeter(listener: "agents"))
        let metrics = IssuerMetrics(
            host.facades, issuance: host.issuance, meters: [meters.local, meters.remote])
        let server = IssuerGRPCServer(
            host.facades, local: operators,
            remote: IssuerGRPCServer.Port(host: listen.host, port: listen.port, descriptor: sockets["listen"]),
            administrators: plan.administrators, meters: meters, logger: logger)
        let identity = IdentityService(
            bundle: BundleEndpoint(
                of: domain, from: OwnBundleSource(bundles: host.facades.bundles), logger: logger),
            discovery: issuance.jwtIssuer.flatMap { IssuerURL($0) }.map {
                DiscoveryEndpoint(
                    issuer: $0, trustDomain: domain, from: OwnBundleSource(bundles: host.facades.bundles),
                    logger: logger)
            }, proof: issuer.map { proof(of: $0, context, logger) },
            identity: bundlePort.identity(
                else: SVIDTLSIdentity(OwnSVIDSource(rotation: host.rotation), now: { clock.now() }), logger: logger),
            host: bundleListen.host, port: bundleListen.port, descriptor: sockets["bundle-listen"], logger: logger)
        let operations = OperationsService(
            health: host.health(), metrics: metrics.endpoint, host: healthListen.host, port: healthListen.port,
            descriptor: sockets["health-listen"], logger: logger)
        services += [
            server, host.notice(of: server), identity, operations,
            ManagerNotice(environment: context.environment, logger: logger) {
                try await server.ready()
                _ = try await (identity.boundPort(), operations.boundPort())
            },
        ]
        announce(host, operators.shown, sockets, in: context)
        try await ServiceRunner.serve(services, logger: logger)
        return CommandResult()
    }

    /// The issuer that the options make, without what stands behind it.
    func plan(_ domain: TrustDomain, _ place: String, environment: [String: String]) throws -> IssuerHost.Plan {
        var configuration = issuance.configuration(of: domain)
        configuration.refreshHint = bundlePort.bundleRefreshHint.seconds
        var plan = IssuerHost.Plan(
            configuration: configuration, folder: place, gate: OpenGate(), authorizer: OpenIssuance())
        plan.nodes = try nodes.plan(environment: environment)
        plan.administrators = Set(administrators.map(\.id))
        plan.limits = calls.limits
        plan.pruning = calls.pruning
        if issuer != nil {
            plan.standing = "keys are stated by an AID"
        } else if upstream.name != nil {
            plan.standing = "claimed, below an authority elsewhere"
        }
        return plan
    }

    /// The defaults stay below what the authority credential allows; dating back counts too.
    private func limit(
        _ configuration: inout IssuerConfiguration, in context: CommandContext, _ issuer: String, _ logger: Logger
    ) throws {
        let service = try IssuerService(
            context.readingIssuing(), folder: IssuerFolder(path: context.home.issuers), name: issuer)
        let limits = try service.book.standing(
            for: service.controller.aid, name: issuer, domain: trustDomain.domain
        ).authority.limits
        configuration.x509TTL = min(configuration.x509TTL, max(1, limits.longestX509 - 10))
        configuration.agentTTL = configuration.agentTTL.map { min($0, max(1, limits.longestX509 - 10)) }
        configuration.jwtTTL = min(configuration.jwtTTL, limits.longestJWT)
        configuration.signsTokens = configuration.signsTokens && limits.svidTypes.contains(.jwt)
        // A successor is made ready while its predecessor signs. With fewer, each would be made only when the one before
        // it has ended, and nothing could be signed in between.
        let needed = configuration.signsTokens ? 4 : 2
        if limits.mostKeys < needed {
            logger.warning(
                "the authority credential allows too few live keys: they can't be replaced without a gap",
                metadata: ["allowed": "\(limits.mostKeys)", "needed": "\(needed)"])
        }
    }

    /// What agents that are bound to the organisation judge the bundle by.
    private func proof(of issuer: String, _ context: CommandContext, _ logger: Logger) -> ProofEndpoint {
        ProofEndpoint(logger: logger) {
            try IssuerService(
                context.readingIssuing(), folder: IssuerFolder(path: context.home.issuers), name: issuer
            ).proveAuthorities(now: try context.certificateTime)
        }
    }

    /// Keeps the certificates of authorities beside their statements, for proofs.
    private func keeper(of host: IssuerHost, _ context: CommandContext, _ issuer: String) -> some Service {
        MaintenanceService {
            for await state in host.authorities.states() {
                for authority in state.bundle.x509Authorities {
                    do {
                        try await context.issuing(keys: false) { desk in
                            try IssuerService(desk, folder: IssuerFolder(path: context.home.issuers), name: issuer)
                                .keep(authority.certificate)
                        }
                    } catch {
                        host.logger.error(
                            "the certificate of an authority can't be kept",
                            metadata: ["reason": "\(ErrorTranslation.failure(for: error).cause)"])
                    }
                }
            }
        }
    }

    private func announce(
        _ host: IssuerHost, _ socket: String, _ sockets: HandedOverSockets, in context: CommandContext
    ) {
        let bundle = host.facades.bundles.bundle
        let agents = sockets.shown("listen", or: listen)
        let published = sockets.shown("bundle-listen", or: bundleListen)
        context.announce(
            command: Self.path,
            data: [
                "trustDomain": .text(trustDomain.domain.name), "socket": .text(socket),
                "listen": .text(agents), "bundle": .text(published),
                "authorities": OrderedValue(bundle.x509Authorities.count), "claimed": .boolean(claimed),
                "upstream": upstream.name.map { OrderedValue.text($0) } ?? .null,
            ],
            text: [
                "issuer of \(trustDomain.domain.name)\(claimed ? ", claimed" : "")",
                "  agents     \(agents)", "  operators  \(socket)", "  bundle     https://\(published)/",
            ] + (upstream.name.map { ["  upstream   \($0)"] } ?? []))
    }
}
