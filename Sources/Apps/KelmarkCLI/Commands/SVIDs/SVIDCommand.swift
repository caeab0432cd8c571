// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `kelmark svid`.
struct SVIDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "svid", "Has a running issuer sign SVIDs by hand.",
        examples: [
            CommandExample("a certificate", "kelmark svid mint x509 --spiffe-id spiffe://acme.example/db --write db"),
            CommandExample("a token", "kelmark svid mint jwt --spiffe-id spiffe://acme.example/db --audience web"),
            CommandExample("as SPIRE's tool does", "kelmark x509 mint -spiffeID spiffe://acme.example/db -write db"),
        ],
        subcommands: [SVIDMintCommand.self])
}

/// `kelmark svid mint`.
struct SVIDMintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "mint", "Signs an SVID for what no agent serves.",
        examples: [
            CommandExample("a certificate", "kelmark svid mint x509 --spiffe-id spiffe://acme.example/db --write db"),
            CommandExample("a token", "kelmark svid mint jwt --spiffe-id spiffe://acme.example/db --audience web"),
            CommandExample(
                "for a day", "kelmark svid mint x509 --spiffe-id spiffe://acme.example/db --ttl 1d --write db"),
        ],
        subcommands: [SVIDMintX509Command.self, SVIDMintJWTCommand.self])
}

/// `kelmark svid mint x509`.
struct SVIDMintX509Command: KelmarkCommand {
    static let path = "svid mint x509"
    static let configuration = CommandConfiguration.kelmark(
        "x509", "Makes a key, and has an X.509-SVID signed for it.",
        about: "The key is made here and never leaves the machine. With --write, key, chain and bundle go into files.",
        examples: [
            CommandExample("into files", "kelmark svid mint x509 --spiffe-id spiffe://acme.example/db --write db"),
            CommandExample(
                "with a DNS name",
                "kelmark svid mint x509 --spiffe-id spiffe://acme.example/db --dns db.acme.example --write db"),
            CommandExample("print all", "kelmark svid mint x509 --spiffe-id spiffe://acme.example/db --ttl 1h"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: X509MintOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await options.mint(issuer, in: context)
    }
}

/// `kelmark svid mint jwt`.
struct SVIDMintJWTCommand: KelmarkCommand {
    static let path = "svid mint jwt"
    static let configuration = CommandConfiguration.kelmark(
        "jwt", "Has a JWT-SVID signed.",
        examples: [
            CommandExample("print it", "kelmark svid mint jwt --spiffe-id spiffe://acme.example/db --audience web"),
            CommandExample(
                "into a file",
                "kelmark svid mint jwt --spiffe-id spiffe://acme.example/db --audience web --write token"),
            CommandExample(
                "for ten minutes",
                "kelmark svid mint jwt --spiffe-id spiffe://acme.example/db --audience web --ttl 10m"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: JWTMintOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await options.mint(issuer, in: context)
    }
}
