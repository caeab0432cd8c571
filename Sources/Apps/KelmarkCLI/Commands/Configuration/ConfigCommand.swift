// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KelmarkBytes

/// `kelmark config`.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "config", "Shows the configuration.",
        examples: [
            CommandExample("the settings in force", "kelmark config show"),
            CommandExample("and where each comes from", "kelmark config show --origin"),
            CommandExample("for a script", "kelmark config show --json"),
        ],
        subcommands: [ConfigShowCommand.self])
}

/// `kelmark config show`.
struct ConfigShowCommand: KelmarkCommand {
    static let path = "config show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Prints the settings in force.",
        about: "Flags win over KELMARK_… variables, those over the configuration file, that over defaults.",
        examples: [
            CommandExample("the settings in force", "kelmark config show"),
            CommandExample("and where each comes from", "kelmark config show --origin"),
            CommandExample("those of one file", "kelmark config show --origin --config ./kelmark.yaml"),
        ])

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Also print where each value comes from.")
    var origin = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        let settings = context.settings.origins
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
}
