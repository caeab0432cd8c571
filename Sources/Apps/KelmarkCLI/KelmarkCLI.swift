// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

/// The command line tool.
public enum KelmarkCLI {
    /// Parses the arguments behind the program's name, runs the command, and returns the exit code.
    public static func main(_ arguments: [String]) async -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        var configured: [ConfiguredArguments.Value] = []
        do {
            let whole = try ConfiguredArguments(
                try FlagValues.spelled(arguments), environment: ProcessInfo.processInfo.environment)
            configured = whole.values
            var command = try RootCommand.parseAsRoot(whole.arguments)
            switch command {
            case let ours as any KelmarkCommand: return await CommandRunner.run(ours, typed: arguments).rawValue
            case var other as any AsyncParsableCommand: try await other.run()
            default: try command.run()
            }
            return ExitStatus.ok.rawValue
        } catch {
            return explain(error, arguments: arguments, configured: configured)
        }
    }

    /// Prints a help text, or says what is wrong with the command line or with what the configuration added to it.
    private static func explain(
        _ error: any Error, arguments: [String], configured: [ConfiguredArguments.Value]
    ) -> Int32 {
        let isJSON = arguments.contains("--json")
        let console = Console(
            isJSON: isJSON, verbosity: .normal, environment: ProcessInfo.processInfo.environment)
        let words = arguments.prefix { !$0.hasPrefix("-") }.prefix(2).joined(separator: " ")
        if let failure = error as? CommandFailure {
            return CommandRunner.report(failure, of: words, on: console).rawValue
        }
        let exit = RootCommand.exitCode(for: error)
        let message = RootCommand.fullMessage(for: error)
        if exit == .success {
            if !message.isEmpty { console.output([message]) }
            return ExitStatus.ok.rawValue
        }
        if exit != .validationFailure, let status = ExitStatus(rawValue: exit.rawValue) { return status.rawValue }
        var cause = RootCommand.message(for: error)
        let places = ConfiguredArguments.places(of: configured, namedIn: cause)
        if !places.isEmpty { cause += " (\(places))" }
        let failure = CommandFailure(
            "KM-USAGE", cause.isEmpty ? "no command was given" : cause,
            next: "\(Product.command) \(words.isEmpty ? "" : words + " ")--help")
        return CommandRunner.report(failure, of: words, on: console).rawValue
    }
}
