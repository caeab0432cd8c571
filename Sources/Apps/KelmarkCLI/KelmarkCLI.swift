// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

/// The command line tool.
public enum KelmarkCLI {
    /// Parses the arguments behind the program's name, runs the command, and returns the exit code.
    public static func main(_ arguments: [String]) async -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try RootCommand.parseAsRoot(arguments)
            switch command {
            case let ours as any KelmarkCommand: return await CommandRunner.run(ours).rawValue
            case var other as any AsyncParsableCommand: try await other.run()
            default: try command.run()
            }
            return ExitStatus.ok.rawValue
        } catch {
            return explain(error, arguments: arguments)
        }
    }

    /// Prints a help text, or says what is wrong with the command line.
    private static func explain(_ error: any Error, arguments: [String]) -> Int32 {
        let isJSON = arguments.contains("--json")
        let console = Console(
            isJSON: isJSON, verbosity: .normal, environment: ProcessInfo.processInfo.environment)
        let exit = RootCommand.exitCode(for: error)
        let message = RootCommand.fullMessage(for: error)
        if exit == .success {
            if !message.isEmpty { console.output([message]) }
            return ExitStatus.ok.rawValue
        }
        if exit != .validationFailure, let status = ExitStatus(rawValue: exit.rawValue) { return status.rawValue }
        let words = arguments.prefix { !$0.hasPrefix("-") }.prefix(2).joined(separator: " ")
        let cause = RootCommand.message(for: error)
        let failure = CommandFailure(
            "KM-USAGE", cause.isEmpty ? "no command was given" : cause,
            next: "\(Product.command) \(words.isEmpty ? "" : words + " ")--help")
        return CommandRunner.report(failure, of: words, on: console).rawValue
    }
}
