// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import IdentityHTTP
internal import KERI
internal import KelmarkBytes
internal import KelmarkCrypto
internal import Logging
internal import NodeAgent
internal import SPIFFE
internal import ServiceLifecycle

/// `kelmark agent`.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "agent", "The agent of one node: gives its workloads their identities.",
        examples: [
            CommandExample(
                "serve workloads, the first time with a join token",
                "kelmark agent serve --trust-domain acme.example --server issuer:8081 --trust-bundle bundle.pem "
                    + "--join-token-file token"),
            CommandExample(
                "a token for it, at the issuer", "kelmark token create --out token"),
            CommandExample("which agents there are, at the issuer", "kelmark node list"),
        ],
        subcommands: [
            AgentServeCommand.self, AgentAPICommand.self, AgentHealthCommand.self, AgentValidateCommand.self,
            AgentLoggerCommand.self, AgentDebugCommand.self,
        ] + NodeCommand.verbs)
}

/// `kelmark agent serve`.
struct AgentServeCommand: KelmarkCommand {
    static let path = "agent serve"
    static let configuration = CommandConfiguration.kelmark(
        "serve", "Serves the Workload API and Envoy's secret discovery on this machine.",
        about:
            "The agent proves to the issuer which node it is, follows the entries that are for it, and gives each process "
            + "that connects the SVIDs that its entries name; who a process is, the kernel says. What it has is kept, so "
            + "that it goes on while the issuer is away.",
        examples: [
            CommandExample(
                "the first time, with a join token",
                "kelmark agent serve --trust-domain acme.example --server issuer:8081 --trust-bundle bundle.pem "
                    + "--join-token-file token"),
            CommandExample(
                "again, from what it kept",
                "kelmark agent serve --trust-domain acme.example --server issuer:8081 --trust-bundle bundle.pem"),
            CommandExample(
                "bound to an organisation, on a node with a certificate",
                "kelmark agent serve --trust-domain acme.example --server issuer:8081 --root EJ…AID "
                    + "--proof https://issuer:8443/proof.kel --x509pop-certificate node.pem --x509pop-key node.key"),
            CommandExample(
                "with containers and programs as selectors",
                "kelmark agent serve --trust-domain acme.example --server issuer:8081 --trust-bundle bundle.pem "
                    + "--docker-socket /run/docker.sock --discover-workload-path"),
        ],
        aliases: [ServedCommand.alias])

    /// The options whose sockets the service manager can open.
    static let sockets: [String: HandedOverSocket.Reach] = [
        "socket-path": .local, "admin-socket-path": .local, "health-listen": .network,
    ]

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("The trust domain.", valueName: "name"))
    var trustDomain: TrustDomainArgument
    @Option(help: ArgumentHelp("Address and port of the issuer.", valueName: "host:port"))
    var server = NetworkPlace(host: "127.0.0.1", port: 8081)
    @OptionGroup(title: "Whom it trusts") var trust: AgentTrustOptions
    @OptionGroup(title: "How the node proves itself") var node: NodeProofOptions
    @OptionGroup(title: "What it finds out about workloads") var workloads: WorkloadAttestorOptions
    @OptionGroup(title: "What it has for workloads") var offered: WorkloadOfferOptions
    @Option(
        help: ArgumentHelp("Where the agent keeps what outlives a restart.", valueName: "path"), completion: .directory)
    var folder: String?
    @Option(
        name: [.customLong("socket-path"), .customLong("socketPath", withSingleDash: true)],
        help: ArgumentHelp("The Unix socket for workloads.", valueName: "path"), completion: .file())
    var socketPath: String?
    @Option(
        help: ArgumentHelp(
            "The Unix socket for delegates, the log level and debugging, in a folder of its own; none unless given.",
            valueName: "path"),
        completion: .file())
    var adminSocketPath: String?
    @Option(help: ArgumentHelp("Address and port for health and metrics.", valueName: "host:port"))
    var healthListen = NetworkPlace(host: "127.0.0.1", port: 9465)

    func perform(in context: CommandContext) async throws -> CommandResult {
        let domain = trustDomain.domain
        let place = try context.servedFolder(folder, Product.HomeFile.agents, domain)
        let levels = LogLevelSwitch(launch: ServiceRunner.level(in: context))
        let logger = Logger(label: "agent") { SwitchedLogHandler(JSONLogHandler(component: $0, level: .trace), levels) }
        let sockets = try HandedOverSockets(for: Self.sockets, environment: context.environment)
        let socket = try sockets.local("socket-path", permissions: 0o666) {
            try context.socketPath(socketPath, Product.Socket.workload)
        }
        let delegates: IdentityServer.LocalPlace? =
            sockets["admin-socket-path"].map { .descriptor($0) }
            ?? adminSocketPath.map { .path($0, permissions: 0o600) }
        try judge(socket, delegates)
        let shown = (sockets["socket-path"] == nil ? "unix://" : "") + socket.shown
        let host = try await AgentHost.open(try await plan(domain, place, logger), levels: levels, logger: logger)
        var data: OrderedMap = [
            "trustDomain": .text(domain.name), "socket": .text(socket.shown), "server": .text(server.description),
        ]
        var text = ["agent of \(domain.name)", "  workloads  \(shown)", "  issuer     \(server)"]
        if let root = trust.root {
            data["root"] = .text(root.id.text)
            text.append("  root       \(root.id.text)")
        }
        context.announce(command: Self.path, data: data, text: text)
        let services =
            host.services(socket: socket, adminSocket: delegates, environment: context.environment)
            + [
                OperationsService(
                    health: host.health(), metrics: host.metrics().endpoint, host: healthListen.host,
                    port: healthListen.port, descriptor: sockets["health-listen"], logger: logger)
            ]
        try await ServiceRunner.serve(services, logger: logger)
        return CommandResult()
    }

    /// Refuses sockets at which nothing is served, or the wrong ones could ask.
    func judge(_ socket: IdentityServer.LocalPlace, _ delegates: IdentityServer.LocalPlace?) throws(CommandFailure) {
        // One that was handed over lies where it was bound.
        if let open = socket.file, let closed = delegates?.file,
            SocketFolder(of: closed).isWithin(SocketFolder(of: open))
        {
            // Who may mount or replace what workloads are given would have the other socket as well.
            throw CommandFailure(
                "KM-USAGE",
                "--admin-socket-path \(closed) is in the folder of the socket for workloads, \(open): name another folder",
                next: "\(Product.command) agent serve --help")
        }
        let offer = offered.offer
        guard offer.workloadAPI || offer.secrets != nil || delegates != nil else {
            throw CommandFailure(
                "KM-USAGE",
                "--disable-workload-api and --disable-sds-api leave nothing to serve: leave one out, or give "
                    + "--admin-socket-path for delegates", next: "\(Product.command) agent serve --help")
        }
    }

    /// The agent that the options make.
    func plan(_ domain: TrustDomain, _ place: String, _ logger: Logger) async throws -> AgentHost.Plan {
        let clock = SystemAgentClock()
        let (bootstrap, fetching) = trust.bootstrap(clock: clock)
        var configuration = AgentConfiguration(
            trustDomain: domain, version: Product.version, bootstrap: bootstrap)
        offered.configure(&configuration)
        let threads = BlockingThreads()
        let (attestors, beside) = try workloads.attestors(clock: clock, threads: threads)
        var plan = AgentHost.Plan(
            configuration: configuration, server: server, folder: place, clock: clock, threads: threads,
            attestors: attestors)
        plan.beside = beside + fetching
        plan.offer = offered.offer
        plan.logsSelectors = workloads.logSelectors
        if let (proof, services) = try await node.proof(threads: threads, logger: logger) {
            plan.nodeProof = proof
            plan.beside += services
        }
        if let (admission, services) = trust.admission(
            for: domain, folder: place, clock: clock, threads: threads, logger: logger)
        {
            plan.admission = admission
            plan.beside += services
        }
        return plan
    }
}
