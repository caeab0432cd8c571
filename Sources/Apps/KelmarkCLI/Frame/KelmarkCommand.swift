// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI

/// A command of ours: it gets its surroundings, returns a result, and throws what the error catalogue can name.
protocol KelmarkCommand: AsyncParsableCommand {
    /// The words after `kelmark`, as in `id create`.
    static var path: String { get }
    /// The options of every command.
    var global: GlobalOptions { get }

    /// Does the work.
    func perform(in context: CommandContext) async throws -> CommandResult
}

extension KelmarkCommand {
    /// Runs the command as ArgumentParser would; ``KelmarkCLI/main(_:)`` calls the runner itself.
    mutating func run() async throws {
        let status = await CommandRunner.run(self)
        if status != .ok { throw ExitCode(status.rawValue) }
    }
}

/// What a command can see of the world.
struct CommandContext: Sendable {
    /// Settings with where each came from.
    let settings: Settings
    /// Where to talk to people.
    let console: Console
    /// Environment variables.
    let environment: [String: String]
    /// Reads the clock.
    let clock: @Sendable () -> Timestamp
    /// The options of every command.
    let passphrase: PassphraseSource

    /// The present.
    var now: Timestamp { clock() }
}

/// How a command is described: an abstract, a paragraph, and three examples at least.
struct CommandExample: Sendable {
    /// What it is good for.
    let purpose: String
    /// What to type.
    let line: String

    /// Joins the two.
    init(_ purpose: String, _ line: String) {
        self.purpose = purpose
        self.line = line
    }
}

extension CommandConfiguration {
    /// The configuration of one of our commands.
    static func kelmark(
        _ name: String, _ abstract: String, about: String = "", examples: [CommandExample],
        subcommands: [any ParsableCommand.Type] = [], aliases: [String] = []
    ) -> CommandConfiguration {
        var discussion = about.isEmpty ? "" : about + "\n\n"
        discussion += "EXAMPLES:"
        for example in examples { discussion += "\n  # \(example.purpose)\n  \(example.line)" }
        return CommandConfiguration(
            commandName: name, abstract: abstract, discussion: discussion, subcommands: subcommands, aliases: aliases)
    }
}
