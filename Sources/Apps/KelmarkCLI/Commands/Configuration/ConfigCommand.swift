// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KelmarkBytes

/// `kelmark config`.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "config", "Shows and checks the configuration.",
        examples: [
            CommandExample("the settings in force", "kelmark config show"),
            CommandExample("and where each comes from", "kelmark config show --origin"),
            CommandExample("a file before a service reads it", "kelmark config check kelmark.yaml"),
        ],
        subcommands: [ConfigShowCommand.self, ConfigCheckCommand.self])
}

/// `kelmark config show`.
struct ConfigShowCommand: KelmarkCommand {
    static let path = "config show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Prints the settings in force.",
        about: "Flags win over KELMARK_… variables, those over the configuration file and its drop-ins, those over "
            + "defaults. The sections of commands that serve are what they would be started with.",
        examples: [
            CommandExample("the settings in force", "kelmark config show"),
            CommandExample("and where each comes from", "kelmark config show --origin"),
            CommandExample("those of one file", "kelmark config show --origin --config ./kelmark.yaml"),
        ])

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Also print where each value comes from.")
    var origin = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        var settings = context.settings.origins
        for command in ServedCommand.all { settings += try Self.values(of: command, in: context) }
        let width = settings.map(\.key.count).max() ?? 0
        var data = OrderedMap()
        for setting in settings {
            data[setting.key] = ["value": .text(setting.value), "origin": .text(setting.origin)]
        }
        return CommandResult(
            data: ["settings": .map(data)],
            text: settings.map { setting in
                let key = setting.key + String(repeating: " ", count: width - setting.key.count)
                let value = setting.value.isEmpty ? "(none)" : setting.value
                return "\(key)  \(value)" + (origin ? "  [\(setting.origin)]" : "")
            })
    }

    /// What a command that serves would be started with.
    private static func values(of command: ServedCommand, in context: CommandContext) throws -> [SettingValue] {
        let configured = try ConfiguredArguments.values(
            of: command, in: context.settings.files, environment: context.environment)
        return command.options.map { option in
            let key = command.key(option)
            if let found = configured.first(where: { $0.option == option }) {
                return SettingValue(key: key, value: found.values.joined(separator: ", "), origin: found.origin)
            }
            return SettingValue(
                key: key, value: option.defaultValue ?? "", origin: "default")
        }
    }
}

/// `kelmark config check`.
struct ConfigCheckCommand: KelmarkCommand {
    static let path = "config check"
    static let configuration = CommandConfiguration.kelmark(
        "check", "Says whether a configuration file is right, before anything reads it.",
        about:
            "The file is read with the drop-ins beside it (FILE.d/*.yaml). Every key must be known and every value one "
            + "that its setting takes; a section, such as issuer, must be enough to start its command without any flag.",
        examples: [
            CommandExample("a file", "kelmark config check kelmark.yaml"),
            CommandExample("all findings, for a script", "kelmark config check kelmark.yaml --json"),
            CommandExample("what would be in force with it", "kelmark config show --origin --config kelmark.yaml"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The configuration file.", valueName: "file"), completion: .file())
    var file: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let files = try ConfigurationFiles(path: file, isRequired: true)
        return ConfigurationCheck(files).result(of: file, files, by: Self.path)
    }
}

extension ConfigurationCheck {
    /// What a command that checks tells.
    /// - Parameters:
    ///   - file: as the user named it.
    ///   - path: the command.
    func result(of file: String, _ files: ConfigurationFiles, by path: String) -> CommandResult {
        let data: OrderedMap = [
            "files": .list(files.documents.map { .text($0.path) }),
            "sections": .list(sections.map { .text($0) }),
            "findings": .list(findings.map { ["code": .text($0.code), "cause": .text($0.cause)] }),
        ]
        guard let first = findings.first else {
            let enough = sections.isEmpty ? "" : ", enough to serve: " + sections.joined(separator: ", ")
            return CommandResult(data: data, text: ["\(file) is right" + enough])
        }
        let cause = findings.count == 1 ? first.cause : "\(first.cause); \(findings.count) findings in all"
        return CommandResult(
            data: data, text: findings.map { "\($0.code)  \($0.cause)" },
            concern: CommandFailure(first.code, cause, next: "\(Product.command) \(path) --help"))
    }
}
