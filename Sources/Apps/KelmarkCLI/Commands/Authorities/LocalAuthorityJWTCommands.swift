// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC

/// `kelmark localauthority jwt`.
struct LocalAuthorityJWTCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "jwt", "Turns over the issuer's JWT keys by hand.",
        examples: [
            CommandExample("which there are", "kelmark localauthority jwt show"),
            CommandExample("make the next one", "kelmark localauthority jwt prepare"),
            CommandExample("let it sign", "kelmark localauthority jwt activate 2quOnQKj…"),
        ],
        subcommands: [
            JWTAuthorityShowCommand.self, JWTAuthorityPrepareCommand.self, JWTAuthorityActivateCommand.self,
            JWTAuthorityTaintCommand.self, JWTAuthorityRevokeCommand.self,
        ])
}

/// `kelmark localauthority jwt show`.
struct JWTAuthorityShowCommand: KelmarkCommand {
    static let path = "localauthority jwt show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows which JWT keys sign, will sign and have signed.",
        examples: [
            CommandExample("all", "kelmark localauthority jwt show"),
            CommandExample("as SPIRE's tool prints it", "kelmark localauthority jwt show -output json"),
            CommandExample("for a script", "kelmark localauthority jwt show --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let states = try await context.administering(issuer) { try await $0.authorityStates(.jwt) }
        return LocalAuthorityView.states(.jwt, states).result(issuer.form, in: context)
    }
}

/// `kelmark localauthority jwt prepare`.
struct JWTAuthorityPrepareCommand: KelmarkCommand {
    static let path = "localauthority jwt prepare"
    static let configuration = CommandConfiguration.kelmark(
        "prepare", "Makes the next JWT key and puts it into the bundle; it does not sign yet.",
        examples: [
            CommandExample("the next", "kelmark localauthority jwt prepare"),
            CommandExample("as SPIRE's tool prints it", "kelmark localauthority jwt prepare -output json"),
            CommandExample("for a script", "kelmark localauthority jwt prepare --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let authority = try await context.administering(issuer) { try await $0.prepareAuthority(.jwt) }
        return LocalAuthorityView.done("prepared", .jwt, authority).result(issuer.form, in: context)
    }
}

/// `kelmark localauthority jwt activate`.
struct JWTAuthorityActivateCommand: KelmarkCommand {
    static let path = "localauthority jwt activate"
    static let configuration = CommandConfiguration.kelmark(
        "activate", "Lets the prepared JWT key sign from now on.",
        examples: [
            CommandExample("the prepared one", "kelmark localauthority jwt activate 2quOnQKj…"),
            CommandExample("as SPIRE's tool does", "kelmark localauthority jwt activate -authorityID 2quOnQKj…"),
            CommandExample("for a script", "kelmark localauthority jwt activate 2quOnQKj… --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var name: AuthorityNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.authority
        let authority = try await context.administering(issuer) { try await $0.activateAuthority(.jwt, id) }
        return LocalAuthorityView.done("activated", .jwt, authority).result(issuer.form, in: context)
    }
}

/// `kelmark localauthority jwt taint`.
struct JWTAuthorityTaintCommand: KelmarkCommand {
    static let path = "localauthority jwt taint"
    static let configuration = CommandConfiguration.kelmark(
        "taint", "Has everything that the old JWT key signed replaced.",
        about: "The old key must have been replaced by activate. Agents renew what it signed as soon as they "
            + "hear of it. Without --yes only what would happen is told.",
        examples: [
            CommandExample("see what would happen", "kelmark localauthority jwt taint 2quOnQKj…"),
            CommandExample("do it", "kelmark localauthority jwt taint 2quOnQKj… --yes"),
            CommandExample("for a script", "kelmark localauthority jwt taint 2quOnQKj… --yes --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var destructive: DestructiveOptions
    @OptionGroup var name: AuthorityNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.authority
        try destructive.require(
            "everything that JWT key \(id) signed would be replaced", "localauthority jwt taint \(id)")
        let authority = try await context.administering(issuer) { try await $0.taintAuthority(.jwt, id) }
        return LocalAuthorityView.done("tainted", .jwt, authority).result(issuer.form, in: context)
    }
}

/// `kelmark localauthority jwt revoke`.
struct JWTAuthorityRevokeCommand: KelmarkCommand {
    static let path = "localauthority jwt revoke"
    static let configuration = CommandConfiguration.kelmark(
        "revoke", "Takes the old JWT key out of the bundle: what it signed is refused from then on.",
        about: "Taint the key first, and give agents the time to renew. Without --yes only what would happen "
            + "is told.",
        examples: [
            CommandExample("see what would happen", "kelmark localauthority jwt revoke 2quOnQKj…"),
            CommandExample("do it", "kelmark localauthority jwt revoke 2quOnQKj… --yes"),
            CommandExample("for a script", "kelmark localauthority jwt revoke 2quOnQKj… --yes --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var destructive: DestructiveOptions
    @OptionGroup var name: AuthorityNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.authority
        try destructive.require(
            "everything that JWT key \(id) signed would be refused", "localauthority jwt revoke \(id)")
        let authority = try await context.administering(issuer) { try await $0.revokeAuthority(.jwt, id) }
        return LocalAuthorityView.done("revoked", .jwt, authority).result(issuer.form, in: context)
    }
}
