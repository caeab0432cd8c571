// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import IdentityHTTP
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
        subcommands: [AgentServeCommand.self] + NodeCommand.verbs)
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
                "with the paths and hashes of programs as selectors",
                "kelmark agent serve --trust-domain acme.example --server issuer:8081 --trust-bundle bundle.pem "
                    + "--discover-workload-path"),
        ])

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("The trust domain.", valueName: "name"))
    var trustDomain: TrustDomainArgument
    @Option(help: ArgumentHelp("Address and port of the issuer.", valueName: "host:port"))
    var server = NetworkPlace(host: "127.0.0.1", port: 8081)
    @Option(
        help: ArgumentHelp("The bundle under which the issuer is met first (PEM).", valueName: "file"),
        completion: .file())
    var trustBundle: String?
    @Flag(help: "Trust whoever answers at the first meeting. For trials only.")
    var insecureBootstrap = false
    @Option(
        help: ArgumentHelp("A file with the join token; not needed once the agent has attested.", valueName: "file"),
        completion: .file())
    var joinTokenFile: String?
    @Option(
        help: ArgumentHelp("Where the agent keeps what outlives a restart.", valueName: "path"), completion: .directory)
    var folder: String?
    @Option(
        name: [.customLong("socket-path"), .customLong("socketPath", withSingleDash: true)],
        help: ArgumentHelp("The Unix socket for workloads.", valueName: "path"), completion: .file())
    var socketPath: String?
    @Option(
        help: ArgumentHelp("The Unix socket for delegates; none unless given.", valueName: "path"), completion: .file())
    var adminSocketPath: String?
    @Option(help: ArgumentHelp("Address and port for health and metrics.", valueName: "host:port"))
    var healthListen = NetworkPlace(host: "127.0.0.1", port: 9465)
    @Flag(help: "Find out paths and hashes of programs; needs rights over the processes.")
    var discoverWorkloadPath = false
    @Flag(help: "Let every local process read bundles and validate tokens.")
    var allowUnauthenticatedVerifiers = false
    @Option(
        name: .customLong("authorized-delegate"),
        help: ArgumentHelp("An identity that may ask on behalf of others; may be repeated.", valueName: "spiffe-id"))
    var delegates: [SPIFFEIDArgument] = []

    func validate() throws {
        guard trustBundle == nil || !insecureBootstrap else {
            throw ValidationError("Choose one: --trust-bundle or --insecure-bootstrap.")
        }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let domain = trustDomain.domain
        let place = try context.servedFolder(folder, Product.HomeFile.agents, domain)
        let logger = ServiceRunner.logger("agent", in: context)
        let socket = try context.socketPath(socketPath, Product.Socket.workload)
        let host = try AgentHost(plan(domain, place), logger: logger)
        context.announce(
            command: Self.path,
            data: [
                "trustDomain": .text(domain.name), "socket": .text(socket), "server": .text(server.description),
            ],
            text: [
                "agent of \(domain.name)", "  workloads  unix://\(socket)", "  issuer     \(server)",
            ])
        let services =
            host.services(socket: socket, adminSocket: adminSocketPath)
            + [
                OperationsService(
                    health: host.health(), metrics: nil, host: healthListen.host, port: healthListen.port,
                    logger: logger)
            ]
        try await ServiceRunner.serve(services, logger: logger)
        return CommandResult()
    }

    private func plan(_ domain: TrustDomain, _ place: String) throws -> AgentHost.Plan {
        let bootstrap: BootstrapSource =
            if let trustBundle { .file(path: trustBundle, .pem) } else if insecureBootstrap { .anybody } else {
                .proven
            }
        var configuration = AgentConfiguration(
            trustDomain: domain, version: Product.version, bootstrap: bootstrap)
        configuration.policy.delegates = Set(delegates.map(\.id))
        configuration.policy.allowsUnauthenticatedVerifiers = allowUnauthenticatedVerifiers
        return AgentHost.Plan(
            configuration: configuration, server: server, folder: place,
            token: try joinTokenFile.flatMap { file in
                try SecretFile.firstLine(ofFile: file, .joinToken).withBytes { (bytes: Span<UInt8>) in
                    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
                }
            },
            program: UnixAttestor.ProgramPolicy(
                findsPath: discoverWorkloadPath, largestHashed: discoverWorkloadPath ? 256 << 20 : nil))
    }
}
