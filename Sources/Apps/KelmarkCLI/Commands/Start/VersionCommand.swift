// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KelmarkBytes

/// `kelmark version`.
struct VersionCommand: KelmarkCommand {
    static let path = "version"
    static let configuration = CommandConfiguration.kelmark(
        "version", "Prints the version and what it speaks.",
        examples: [
            CommandExample("the version", "kelmark version"),
            CommandExample("for a script", "kelmark version --json"),
            CommandExample("only the number", "kelmark version --short"),
        ])

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Print the number alone.")
    var short = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        let data: OrderedMap = [
            "version": .text(Product.version), "keri": "1.0", "cesr": "1.0", "reference": "keripy 1.1.17",
            "storeFormats": ["sqlite"], "vaultVersion": 1,
        ]
        let text =
            short
            ? [Product.version]
            : ["\(Product.name) \(Product.version)", "KERI 1.0, CESR 1.0 (reads CESR 2.0), reference keripy 1.1.17"]
        return CommandResult(data: data, text: text)
    }
}
