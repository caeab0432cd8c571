// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import IssuerTestKit
import Testing

@testable import KelmarkCLI

/// Runs commands as the tool does, up to what they would print.
enum CommandDrive {
    /// Parses a command line and performs the command.
    static func run(_ words: [String], environment: [String: String] = [:]) async throws -> CommandResult {
        guard let command = try RootCommand.parseAsRoot(FlagValues.spelled(words)) as? any KelmarkCommand else {
            throw CommandFailure("KM-USAGE", "no command of ours")
        }
        return try await perform(command, environment)
    }

    /// Performs a command against a server that answers what the test says; its socket is added to the words.
    static func run(_ words: String..., against methods: [any ScriptedMethod]) async throws -> CommandResult {
        let folder = try CommandFolder()
        return try await ScriptedServer.serving(methods, at: folder.socket) {
            try await run(words + ["--socket-path", folder.socket, "--quiet"])
        }
    }

    /// What a command without options sees.
    static func context(environment: [String: String]) throws -> CommandContext {
        guard let command = try RootCommand.parseAsRoot(["id", "list"]) as? any KelmarkCommand else {
            throw CommandFailure("KM-USAGE", "no command of ours")
        }
        return try context(of: command, environment)
    }

    private static func context(
        of command: some KelmarkCommand, _ environment: [String: String]
    ) throws -> CommandContext {
        let settings = try Settings.load(flags: command.global, environment: environment)
        return CommandContext(
            settings: settings,
            console: Console(isJSON: command.global.json, verbosity: .quiet, environment: environment),
            environment: environment, clock: { SystemTime.now },
            passphrase: PassphraseSource(global: command.global, settings: settings, environment: environment))
    }

    private static func perform(
        _ command: some KelmarkCommand, _ environment: [String: String]
    ) async throws -> CommandResult {
        try await command.perform(in: context(of: command, environment))
    }
}

/// A folder for one test, with a name short enough for sockets in it.
final class CommandFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "k" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var socket: String { path + "/s" }

    /// Writes a file, and gives its path.
    func file(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        return "\(path)/\(name)"
    }
}
