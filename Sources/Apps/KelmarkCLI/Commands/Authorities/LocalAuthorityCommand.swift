// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// `kelmark localauthority`.
struct LocalAuthorityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "localauthority", "Turns over the keys by which a running issuer signs.",
        about:
            "An issuer does it by itself in time. By hand, after a key may have leaked: prepare, activate, taint, and "
            + "when all SVIDs are renewed, revoke.",
        examples: [
            CommandExample("which keys there are", "kelmark localauthority x509 show"),
            CommandExample("make the next one", "kelmark localauthority x509 prepare"),
            CommandExample("the keys of tokens", "kelmark localauthority jwt show"),
        ],
        subcommands: [LocalAuthorityX509Command.self, LocalAuthorityJWTCommand.self])
}

/// The key that a command is about.
struct AuthorityNameOptions: ParsableArguments {
    @Argument(help: "Name of the key, as show prints it.")
    var id: String?
    @Option(
        name: .also("authority-id", as: "authorityID"), help: ArgumentHelp("The same as an option.", valueName: "id"))
    var authorityID: String?

    var authority: String {
        get throws { try Typed.only(id, authorityID, or: "name one key: as an argument or by --authority-id") }
    }
}

extension DestructiveOptions {
    /// Ends the command unless it was told `--yes`.
    /// - Parameters:
    ///   - consequence: what would happen.
    ///   - command: the command without `--yes`.
    func require(_ consequence: String, _ command: String) throws(CommandFailure) {
        guard !yes else { return }
        throw CommandFailure("KM-NEEDS-YES", consequence, next: "\(Product.command) \(command) --yes")
    }
}

/// `kelmark upstreamauthority`.
struct UpstreamAuthorityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "upstreamauthority", "Ends an authority above the issuer.",
        examples: [
            CommandExample("see what would happen", "kelmark upstreamauthority taint 402e05d9…"),
            CommandExample("have everything below it replaced", "kelmark upstreamauthority taint 402e05d9… --yes"),
            CommandExample("refuse everything below it", "kelmark upstreamauthority revoke 402e05d9… --yes"),
        ],
        subcommands: [UpstreamAuthorityTaintCommand.self, UpstreamAuthorityRevokeCommand.self])
}

/// The authority above the issuer that a command is about.
struct UpstreamAuthorityNameOptions: ParsableArguments {
    @Argument(help: "Its subject key identifier in hexadecimal.")
    var id: String?
    @Option(
        name: .also("subject-key-id", as: "subjectKeyID"),
        help: ArgumentHelp("The same as an option.", valueName: "id"))
    var subjectKeyID: String?

    var authority: String {
        get throws { try Typed.only(id, subjectKeyID, or: "name one authority: as an argument or by --subject-key-id") }
    }
}

/// `kelmark upstreamauthority taint`.
struct UpstreamAuthorityTaintCommand: KelmarkCommand {
    static let path = "upstreamauthority taint"
    static let configuration = CommandConfiguration.kelmark(
        "taint", "Has everything below an authority above the issuer replaced.",
        about: "It must not be the one under which the issuer signs now. Without --yes only what would happen is told.",
        examples: [
            CommandExample("see what would happen", "kelmark upstreamauthority taint 402e05d9…"),
            CommandExample("do it", "kelmark upstreamauthority taint 402e05d9… --yes"),
            CommandExample("for a script", "kelmark upstreamauthority taint 402e05d9… --yes --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var destructive: DestructiveOptions
    @OptionGroup var name: UpstreamAuthorityNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.authority
        try destructive.require(
            "everything below upstream authority \(id) would be replaced", "upstreamauthority taint \(id)")
        let done = try await context.administering(issuer) { try await $0.taintUpstreamAuthority(id) }
        return Answer(
            json: ["upstream_authority_subject_key_id": .text(done)],
            text: ["Tainted X.509 upstream authority:", printable("  Subject Key ID: \(done)")]
        ).result(issuer.form, in: context)
    }
}

/// `kelmark upstreamauthority revoke`.
struct UpstreamAuthorityRevokeCommand: KelmarkCommand {
    static let path = "upstreamauthority revoke"
    static let configuration = CommandConfiguration.kelmark(
        "revoke", "Takes an authority above the issuer out of the bundle.",
        about: "Taint it first, and give agents the time to renew. Without --yes only what would happen is told.",
        examples: [
            CommandExample("see what would happen", "kelmark upstreamauthority revoke 402e05d9…"),
            CommandExample("do it", "kelmark upstreamauthority revoke 402e05d9… --yes"),
            CommandExample("for a script", "kelmark upstreamauthority revoke 402e05d9… --yes --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var destructive: DestructiveOptions
    @OptionGroup var name: UpstreamAuthorityNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.authority
        try destructive.require(
            "everything below upstream authority \(id) would be refused", "upstreamauthority revoke \(id)")
        let done = try await context.administering(issuer) { try await $0.revokeUpstreamAuthority(id) }
        return Answer(
            json: ["upstream_authority_subject_key_id": .text(done)],
            text: ["Revoked X.509 upstream authority:", printable("  Subject Key ID: \(done)")]
        ).result(issuer.form, in: context)
    }
}
