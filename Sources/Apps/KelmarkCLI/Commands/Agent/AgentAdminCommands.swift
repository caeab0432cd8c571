// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// Options of every command that administers a node agent.
struct AgentAdminOptions: ParsableArguments {
    @Option(
        name: .also("socket-path", as: "socketPath"),
        help: ArgumentHelp("The agent's admin socket, as agent serve --admin-socket-path has it.", valueName: "path"),
        completion: .file())
    var socketPath: String?
    @Option(name: SocketInstance.option, help: SocketInstance.agent.help)
    var instance: String?
    @OptionGroup var form: OutputOptions

    /// Where the agent's admin socket is.
    /// - Throws: ``CommandFailure`` when nothing says it.
    func path(_ environment: [String: String]) throws(CommandFailure) -> String {
        if let socketPath { return socketPath }
        guard let path = try SocketInstance.agent.path(of: instance, environment) else {
            throw Typed.usage("say where the agent's admin socket is (--socket-path)")
        }
        return path
    }
}

extension CommandContext {
    /// Runs `body` with a connection to the agent.
    fileprivate func administering<Result: Sendable>(
        _ options: AgentAdminOptions, _ body: (AgentAdministration) async throws -> Result
    ) async throws -> Result {
        let path = try options.path(environment)
        console.detail("asking the agent at \(path)")
        return try await AgentAdministration.connected(toSocket: path, body)
    }
}

/// `kelmark agent logger`.
struct AgentLoggerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "logger", "Shows and changes how much a running agent logs.",
        examples: [
            CommandExample("how much", "kelmark agent logger get --socket-path admin.sock"),
            CommandExample("more", "kelmark agent logger set --level debug --socket-path admin.sock"),
            CommandExample("as when it began", "kelmark agent logger reset --socket-path admin.sock"),
        ],
        subcommands: [AgentLoggerGetCommand.self, AgentLoggerSetCommand.self, AgentLoggerResetCommand.self])
}

/// `kelmark agent logger get`.
struct AgentLoggerGetCommand: KelmarkCommand {
    static let path = "agent logger get"
    static let configuration = CommandConfiguration.kelmark(
        "get", "Shows how much the agent logs.",
        examples: [
            CommandExample("now, and when it began", "kelmark agent logger get --socket-path admin.sock"),
            CommandExample(
                "as SPIRE's tool prints it", "kelmark agent logger get -socketPath admin.sock -output json"),
            CommandExample("for a script", "kelmark agent logger get --socket-path admin.sock --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var agent: AgentAdminOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        LoggerView.answer(try await context.administering(agent) { try await $0.logger() })
            .result(agent.form, in: context)
    }
}

/// `kelmark agent logger set`.
struct AgentLoggerSetCommand: KelmarkCommand {
    static let path = "agent logger set"
    static let configuration = CommandConfiguration.kelmark(
        "set", "Changes how much the agent logs, until it ends.",
        examples: [
            CommandExample("more", "kelmark agent logger set --level debug --socket-path admin.sock"),
            CommandExample("less", "kelmark agent logger set --level error --socket-path admin.sock"),
            CommandExample("as SPIRE's tool does", "kelmark agent logger set -level info -socketPath admin.sock"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var agent: AgentAdminOptions
    @Option(
        name: .also("level", as: "level"),
        help: ArgumentHelp("panic, fatal, error, warn, info, debug or trace.", valueName: "level"))
    var level: LogLevelRecord

    func perform(in context: CommandContext) async throws -> CommandResult {
        LoggerView.answer(try await context.administering(agent) { try await $0.setLogLevel(level) })
            .result(agent.form, in: context)
    }
}

/// `kelmark agent logger reset`.
struct AgentLoggerResetCommand: KelmarkCommand {
    static let path = "agent logger reset"
    static let configuration = CommandConfiguration.kelmark(
        "reset", "Has the agent log what it logged when it began.",
        examples: [
            CommandExample("do it", "kelmark agent logger reset --socket-path admin.sock"),
            CommandExample(
                "as SPIRE's tool prints it", "kelmark agent logger reset -socketPath admin.sock -output json"),
            CommandExample("for a script", "kelmark agent logger reset --socket-path admin.sock --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var agent: AgentAdminOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        LoggerView.answer(try await context.administering(agent) { try await $0.resetLogLevel() })
            .result(agent.form, in: context)
    }
}

/// `kelmark agent debug`.
struct AgentDebugCommand: AsyncParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = CommandConfiguration.kelmark(
            "debug", "Shows what a running agent tells of itself.",
            examples: [
                CommandExample("all of it", "kelmark agent debug --socket-path admin.sock"),
                CommandExample(
                    "as SPIRE's tool does", "kelmark agent debug getinfo -socketPath admin.sock -output json"),
                CommandExample("for a script", "kelmark agent debug --socket-path admin.sock --json"),
            ],
            subcommands: [AgentDebugInfoCommand.self])
        configuration.defaultSubcommand = AgentDebugInfoCommand.self
        return configuration
    }()
}

/// `kelmark agent debug getinfo`.
struct AgentDebugInfoCommand: KelmarkCommand {
    static let path = "agent debug getinfo"
    static let configuration = CommandConfiguration.kelmark(
        "getinfo", "Shows what a running agent holds, how long it runs, and its own certificates.",
        examples: [
            CommandExample("all of it", "kelmark agent debug getinfo --socket-path admin.sock"),
            CommandExample(
                "as SPIRE's tool prints it", "kelmark agent debug getinfo -socketPath admin.sock -output json"),
            CommandExample("for a script", "kelmark agent debug getinfo --socket-path admin.sock --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var agent: AgentAdminOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        Self.answer(try await context.administering(agent) { try await $0.info() }).result(agent.form, in: context)
    }

    static func answer(_ info: AgentInfo) -> Answer {
        var text = [
            "Agent Debug Info:",
            "  Uptime:                  \(SPIREText.duration(Int64(info.uptime)))",
            "  Cached X.509-SVIDs:      \(info.x509SVIDs)",
            "  Cached JWT-SVIDs:        \(info.jwtSVIDs)",
            "  Last Sync Success:       \(info.synchronisedAt == 0 ? "never" : SPIREText.stamp(info.synchronisedAt))",
            "  SVID Chain:",
        ]
        for (index, certificate) in info.chain.enumerated() {
            text += [
                "    [\(index)] SPIFFE ID:  \(printable(certificate.id.description))",
                "        Subject:    \(printable(certificate.subject))",
                "        Expires At: \(SPIREText.stamp(certificate.expiresAt))",
            ]
        }
        return Answer(
            json: [
                "cached_jwt_svids_count": OrderedValue(info.jwtSVIDs),
                "cached_x509_svids_count": OrderedValue(info.x509SVIDs),
                "last_sync_success": SPIREJSON.integer(info.synchronisedAt),
                "svid_chain": .list(
                    info.chain.map {
                        [
                            "expires_at": SPIREJSON.integer($0.expiresAt), "id": SPIREJSON.id($0.id),
                            "subject": .text($0.subject),
                        ]
                    }),
                "uptime": OrderedValue(info.uptime),
            ], text: text)
    }
}
