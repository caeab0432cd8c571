// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// `kelmark workload`.
struct WorkloadCommand: AsyncParsableCommand {
    /// The verbs, which SPIRE's agent has below `api`.
    static let verbs: [any ParsableCommand.Type] = [
        WorkloadFetchCommand.self, WorkloadWatchCommand.self, WorkloadValidateCommand.self,
    ]
    static let configuration = CommandConfiguration.kelmark(
        "workload", "Asks the Workload API for identities, as a workload does.",
        examples: [
            CommandExample("who am I", "kelmark workload fetch x509"),
            CommandExample("a token for a service", "kelmark workload fetch jwt --audience db"),
            CommandExample("stay, and see what changes", "kelmark workload watch"),
        ],
        subcommands: verbs)
}

/// `kelmark workload fetch`.
struct WorkloadFetchCommand: AsyncParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = CommandConfiguration.kelmark(
            "fetch", "Fetches identities once.",
            examples: [
                CommandExample("certificates", "kelmark workload fetch x509"),
                CommandExample("into files", "kelmark workload fetch x509 --write svids"),
                CommandExample("tokens", "kelmark workload fetch jwt --audience db"),
            ],
            subcommands: [WorkloadFetchX509Command.self, WorkloadFetchJWTCommand.self])
        configuration.defaultSubcommand = WorkloadFetchX509Command.self
        return configuration
    }()
}

/// `kelmark workload fetch x509`.
struct WorkloadFetchX509Command: KelmarkCommand {
    static let path = "workload fetch x509"
    static let configuration = CommandConfiguration.kelmark(
        "x509", "Fetches X.509-SVIDs, with keys and bundles.",
        about: "With JSON output, private keys are printed, as SPIRE's agent does.",
        examples: [
            CommandExample("show them", "kelmark workload fetch x509"),
            CommandExample("into files", "kelmark workload fetch x509 --write svids"),
            CommandExample("at another socket", "kelmark workload fetch x509 --socket-path agent.sock"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var patience: PatienceOptions
    @Flag(name: .also("silent", as: "silent"), help: "Print nothing on stdout; with --write, files are enough.")
    var silent = false
    @Option(
        name: .also("write", as: "write"),
        help: ArgumentHelp("Folder for certificates, keys (mode 0600) and bundles.", valueName: "folder"),
        completion: .directory)
    var write: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let began = ContinuousClock.now
        let state = try await context.working(workload, patience: patience.duration) { try await $0.x509State() }
        var text = try WorkloadView.text(state, after: .now - began)
        if let write { text += try IdentityFiles(folder: write).write(state) }
        guard !silent else { return CommandResult() }
        return Answer(json: WorkloadView.json(state), text: text).result(workload.form, in: context)
    }
}

/// `kelmark workload fetch jwt`.
struct WorkloadFetchJWTCommand: KelmarkCommand {
    static let path = "workload fetch jwt"
    static let configuration = CommandConfiguration.kelmark(
        "jwt", "Fetches JWT-SVIDs, and the keys by which others judge them.",
        examples: [
            CommandExample("for a service", "kelmark workload fetch jwt --audience db"),
            CommandExample(
                "of one identity", "kelmark workload fetch jwt --audience db --spiffe-id spiffe://acme.example/web"),
            CommandExample("as SPIRE's agent prints it", "kelmark workload fetch jwt -audience db -output json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var patience: PatienceOptions
    @Option(
        name: .customLong("format", withSingleDash: true),
        help: ArgumentHelp("The same as -output, as older scripts around SPIRE's agent say it.", valueName: "form"))
    var format: OutputForm?
    @Option(
        name: .also("audience", as: "audience"),
        help: ArgumentHelp("Who shall accept the token; may be repeated.", valueName: "name"))
    var audience: [String] = []
    @Option(
        name: .also("spiffe-id", as: "spiffeID"),
        help: ArgumentHelp("Of one identity, where there are several.", valueName: "id"), transform: Typed.id)
    var spiffeID: IDRecord?

    func perform(in context: CommandContext) async throws -> CommandResult {
        // SPIRE's tool takes a list with commas too.
        let audience = audience.flatMap { $0.split(separator: ",").map(String.init) }
        guard !audience.isEmpty else { throw Typed.usage("an audience is required (--audience)") }
        let (tokens, bundles) = try await context.working(workload, patience: patience.duration) {
            (try await $0.tokens(audience: audience, id: spiffeID?.description ?? ""), try await $0.tokenBundles())
        }
        let (first, second) = (WorkloadView.json(tokens), WorkloadView.json(bundles: bundles))
        if format ?? workload.form.output == .json, !context.console.isJSON {
            return CommandResult(text: [OrderedValue.list([.map(first), .map(second)]).compactText])
        }
        return CommandResult(
            data: ["svids": first["svids"] ?? .null, "bundles": second["bundles"] ?? .null],
            text: WorkloadView.text(tokens, bundles: bundles))
    }
}
