// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KelmarkBytes

// `config check` for one command that serves, by the name that it has in SPIRE's tools.

/// `kelmark issuer validate`.
struct IssuerValidateCommand: KelmarkCommand {
    static let path = "issuer validate"
    static let configuration = CommandConfiguration.kelmark(
        "validate", "Says whether a configuration is enough to serve the issuer.",
        about:
            "The file is the one that issuer serve would read: --config, else KELMARK_CONFIG, else the one in its place.",
        examples: [
            CommandExample("a file", "kelmark issuer validate --config kelmark.yaml"),
            CommandExample("as SPIRE's server does", "kelmark issuer validate -config kelmark.yaml"),
            CommandExample("the one in its place, for a script", "kelmark issuer validate --json"),
        ])

    @OptionGroup var global: GlobalOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try context.validated(for: IssuerServeCommand.path, by: Self.path)
    }
}

/// `kelmark agent validate`.
struct AgentValidateCommand: KelmarkCommand {
    static let path = "agent validate"
    static let configuration = CommandConfiguration.kelmark(
        "validate", "Says whether a configuration is enough to serve the agent.",
        about:
            "The file is the one that agent serve would read: --config, else KELMARK_CONFIG, else the one in its place.",
        examples: [
            CommandExample("a file", "kelmark agent validate --config kelmark.yaml"),
            CommandExample("as SPIRE's agent does", "kelmark agent validate -config kelmark.yaml"),
            CommandExample("the one in its place, for a script", "kelmark agent validate --json"),
        ])

    @OptionGroup var global: GlobalOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try context.validated(for: AgentServeCommand.path, by: Self.path)
    }
}

extension CommandContext {
    /// Judges the configuration that is in force for one command that serves.
    /// - Throws: ``CommandFailure`` when there is no file.
    fileprivate func validated(for served: String, by path: String) throws(CommandFailure) -> CommandResult {
        guard let file = settings.files.documents.first?.path else {
            throw CommandFailure(
                "KM-CONFIG-MISSING", "there is no configuration file; name one by --config",
                next: "\(Product.command) \(path) --help")
        }
        let section = served.split(separator: " ").first.map(String.init)
        return ConfigurationCheck(settings.files, for: section).result(of: file, settings.files, by: path)
    }
}
