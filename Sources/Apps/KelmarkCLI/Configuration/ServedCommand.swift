// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

/// A command that serves until it is told to stop, and whose options may stand in the configuration as well: `ca-ttl` in
/// the section `issuer` is `--ca-ttl` of `issuer serve`.
///
/// The keys are read off the command's own description of itself, so that no option can be without one.
struct ServedCommand: Sendable {
    /// One option of the command.
    struct Option: Sendable, Hashable {
        /// The long name without its dashes, which is the key.
        let name: String
        /// As it may be typed, with dashes.
        let spellings: Set<String>
        /// Of these, the ones that take the flag back.
        let negations: Set<String>
        /// Whether it is there or not and takes nothing.
        let isFlag: Bool
        /// Of a flag that can be taken back, how; without dashes.
        let negation: String?
        /// Whether it may be repeated.
        let isRepeating: Bool
        /// What it is without configuration, of a flag `true` or `false`; nil for nothing.
        let defaultValue: String?

        /// A flag as it is typed; off and not to be taken back, it is not there.
        func typed(_ isOn: Bool) -> [String] { isOn ? ["--\(name)"] : negation.map { ["--\($0)"] } ?? [] }
    }

    /// Options of all commands that have another key, or can't have one: where the configuration itself is.
    private static let elsewhere: Set<String> = Set(["config", "help", "version"])
        .union(
            CommandDescription(of: GlobalOptions.self).names.intersection(SettingDefinition.all.compactMap(\.flagName)))

    /// Those that have a section.
    static let all = [ServedCommand(IssuerServeCommand.self), ServedCommand(AgentServeCommand.self)]

    /// The last word of all of them, by which they are known before they are described.
    static let verb = "serve"

    /// The same word in SPIRE's tools.
    static let alias = "run"

    /// The words after `kelmark`.
    let words: [String]
    /// Options with keys, in the order of the help.
    let options: [Option]
    /// Every option that can be typed.
    let spelled: [Option]
    private let reading: @Sendable ([String]) throws -> Void

    /// Describes a command.
    init<Command: KelmarkCommand & SendableMetatype>(_ command: Command.Type) {
        words = Command.path.split(separator: " ").map(String.init)
        spelled = CommandDescription(of: command).options
        options = spelled.filter { !Self.elsewhere.contains($0.name) }
        reading = { arguments in _ = try Command.parseAsRoot(arguments) }
    }

    /// The section of the configuration.
    var section: String { words[0] }

    /// The key of an option.
    func key(_ option: Option) -> String { section + "." + option.name }

    /// The environment variable of an option.
    func variable(_ option: Option) -> String { SettingDefinition.variable(key(option)) }

    /// Says whether the command could be started with these options.
    /// - Throws: what the command has against them, for ``message(for:)``.
    func check(_ arguments: [String]) throws { try reading(arguments) }

    /// The complaint of ``check(_:)`` in words.
    static func message(for error: any Error) -> String { RootCommand.message(for: error) }
}

extension SettingDefinition {
    /// The flag without its dashes.
    fileprivate var flagName: String? { flag.map { String($0.drop { $0 == "-" }) } }
}

/// What a command says of itself to programs.
struct CommandDescription {
    private struct Tool: Decodable {
        let command: Command
    }
    private struct Command: Decodable {
        let arguments: [Argument]?
    }
    private struct Argument: Decodable {
        let kind: String
        let isRepeating: Bool
        let names: [Name]?
        let defaultValue: String?
    }
    private struct Name: Decodable {
        let kind: String
        let name: String

        var spelling: String { (kind == "long" ? "--" : "-") + name }
    }

    let options: [ServedCommand.Option]

    var names: Set<String> { Set(options.map(\.name)) }

    init(of command: any ParsableArguments.Type) {
        // What the parser writes about a command of ours it can always read; a test looks at what comes of it.
        let tool = try? JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8))
        let named: [(name: String, argument: Argument)] = (tool?.command.arguments ?? []).compactMap { argument in
            guard argument.kind != "positional",
                let name = argument.names?.first(where: { $0.kind == "long" })?.name
            else { return nil }
            return (name, argument)
        }
        let flags = Dictionary(named.filter { $0.argument.kind == "flag" }.map { ($0.name, $0.argument) }) { $1 }
        options = named.compactMap { name, argument in
            // `--no-thing` beside `--thing` is the same option.
            if name.hasPrefix("no-"), flags[String(name.dropFirst(3))] != nil { return nil }
            let isFlag = argument.kind == "flag"
            let opposite = isFlag ? flags["no-" + name] : nil
            let negations = Set((opposite?.names ?? []).map(\.spelling))
            let isOn = opposite != nil && argument.defaultValue == "--" + name
            return ServedCommand.Option(
                name: name, spellings: negations.union((argument.names ?? []).map(\.spelling)), negations: negations,
                isFlag: isFlag, negation: opposite == nil ? nil : "no-" + name, isRepeating: argument.isRepeating,
                defaultValue: isFlag ? (isOn ? "true" : "false") : argument.defaultValue)
        }
    }
}
