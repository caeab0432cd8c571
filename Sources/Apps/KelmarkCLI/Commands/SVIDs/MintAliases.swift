// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

// `svid mint` under the names that it has in SPIRE's tools. Hidden: the reference has one name for each thing.

/// `kelmark x509`.
struct X509AliasCommand: AsyncParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = SVIDMintX509Command.configuration
        configuration.commandName = "x509"
        configuration.subcommands = [X509MintAliasCommand.self]
        configuration.shouldDisplay = false
        return configuration
    }()
}

/// `kelmark x509 mint`.
struct X509MintAliasCommand: KelmarkCommand {
    static let path = "x509 mint"
    static let configuration: CommandConfiguration = {
        var configuration = SVIDMintX509Command.configuration
        configuration.commandName = "mint"
        return configuration
    }()

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: X509MintOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await options.mint(issuer, in: context)
    }
}

/// `kelmark jwt`.
struct JWTAliasCommand: AsyncParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = SVIDMintJWTCommand.configuration
        configuration.commandName = "jwt"
        configuration.subcommands = [JWTMintAliasCommand.self]
        configuration.shouldDisplay = false
        return configuration
    }()
}

/// `kelmark jwt mint`.
struct JWTMintAliasCommand: KelmarkCommand {
    static let path = "jwt mint"
    static let configuration: CommandConfiguration = {
        var configuration = SVIDMintJWTCommand.configuration
        configuration.commandName = "mint"
        return configuration
    }()

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: JWTMintOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await options.mint(issuer, in: context)
    }
}
