// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// `kelmark logger`.
struct LoggerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "logger", "Shows and changes how much a running issuer logs.",
        examples: [
            CommandExample("how much", "kelmark logger get"),
            CommandExample("more", "kelmark logger set --level debug"),
            CommandExample("as when it began", "kelmark logger reset"),
        ],
        subcommands: [LoggerGetCommand.self, LoggerSetCommand.self, LoggerResetCommand.self])
}

/// Log levels as SPIRE's tools print them.
enum LoggerView {
    static func answer(_ logger: LoggerRecord) -> Answer {
        Answer(
            json: ["current_level": name(logger.current), "launch_level": name(logger.launch)],
            text: [
                "Logger Level : \(logger.current?.shown ?? "unknown")",
                "Launch Level : \(logger.launch?.shown ?? "unknown")", "",
            ])
    }

    private static func name(_ level: LogLevelRecord?) -> OrderedValue {
        .text(level?.rawValue.uppercased() ?? "UNSPECIFIED")
    }
}

extension LogLevelRecord {
    /// As people read it.
    fileprivate var shown: String { self == .warn ? "warning" : rawValue }
}

/// `kelmark logger get`.
struct LoggerGetCommand: KelmarkCommand {
    static let path = "logger get"
    static let configuration = CommandConfiguration.kelmark(
        "get", "Shows how much the issuer logs.",
        examples: [
            CommandExample("now, and when it began", "kelmark logger get"),
            CommandExample("as SPIRE's tool prints it", "kelmark logger get -output json"),
            CommandExample("for a script", "kelmark logger get --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        LoggerView.answer(try await context.administering(issuer) { try await $0.logger() })
            .result(issuer.form, in: context)
    }
}

/// `kelmark logger set`.
struct LoggerSetCommand: KelmarkCommand {
    static let path = "logger set"
    static let configuration = CommandConfiguration.kelmark(
        "set", "Changes how much the issuer logs, until it ends.",
        examples: [
            CommandExample("more", "kelmark logger set --level debug"),
            CommandExample("less", "kelmark logger set --level error"),
            CommandExample("as SPIRE's tool does", "kelmark logger set -level info"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @Option(
        name: .also("level", as: "level"),
        help: ArgumentHelp("panic, fatal, error, warn, info, debug or trace.", valueName: "level"))
    var level: LogLevelRecord

    func perform(in context: CommandContext) async throws -> CommandResult {
        LoggerView.answer(try await context.administering(issuer) { try await $0.setLogLevel(level) })
            .result(issuer.form, in: context)
    }
}

/// `kelmark logger reset`.
struct LoggerResetCommand: KelmarkCommand {
    static let path = "logger reset"
    static let configuration = CommandConfiguration.kelmark(
        "reset", "Has the issuer log what it logged when it began.",
        examples: [
            CommandExample("do it", "kelmark logger reset"),
            CommandExample("as SPIRE's tool prints it", "kelmark logger reset -output json"),
            CommandExample("for a script", "kelmark logger reset --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        LoggerView.answer(try await context.administering(issuer) { try await $0.resetLogLevel() })
            .result(issuer.form, in: context)
    }
}
