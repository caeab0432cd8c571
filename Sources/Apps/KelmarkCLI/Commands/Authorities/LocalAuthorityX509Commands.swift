// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC

/// `kelmark localauthority x509`.
struct LocalAuthorityX509Command: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "x509", "Turns over the issuer's X.509 keys by hand.",
        examples: [
            CommandExample("which there are", "kelmark localauthority x509 show"),
            CommandExample("make the next one", "kelmark localauthority x509 prepare"),
            CommandExample("let it sign", "kelmark localauthority x509 activate 402e05d9…"),
        ],
        subcommands: [
            X509AuthorityShowCommand.self, X509AuthorityPrepareCommand.self, X509AuthorityActivateCommand.self,
            X509AuthorityTaintCommand.self, X509AuthorityRevokeCommand.self,
        ])
}

/// `kelmark localauthority x509 show`.
struct X509AuthorityShowCommand: KelmarkCommand {
    static let path = "localauthority x509 show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows which X.509 keys sign, will sign and have signed.",
        examples: [
            CommandExample("all", "kelmark localauthority x509 show"),
            CommandExample("as SPIRE's tool prints it", "kelmark localauthority x509 show -output json"),
            CommandExample("for a script", "kelmark localauthority x509 show --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let states = try await context.administering(issuer) { try await $0.authorityStates(.x509) }
        return LocalAuthorityView.states(.x509, states).result(issuer.form, in: context)
    }
}

/// `kelmark localauthority x509 prepare`.
struct X509AuthorityPrepareCommand: KelmarkCommand {
    static let path = "localauthority x509 prepare"
    static let configuration = CommandConfiguration.kelmark(
        "prepare", "Makes the next X.509 key and puts it into the bundle; it does not sign yet.",
        examples: [
            CommandExample("the next", "kelmark localauthority x509 prepare"),
            CommandExample("as SPIRE's tool prints it", "kelmark localauthority x509 prepare -output json"),
            CommandExample("for a script", "kelmark localauthority x509 prepare --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let authority = try await context.administering(issuer) { try await $0.prepareAuthority(.x509) }
        return LocalAuthorityView.done("prepared", .x509, authority).result(issuer.form, in: context)
    }
}

/// `kelmark localauthority x509 activate`.
struct X509AuthorityActivateCommand: KelmarkCommand {
    static let path = "localauthority x509 activate"
    static let configuration = CommandConfiguration.kelmark(
        "activate", "Lets the prepared X.509 key sign from now on.",
        examples: [
            CommandExample("the prepared one", "kelmark localauthority x509 activate 402e05d9…"),
            CommandExample("as SPIRE's tool does", "kelmark localauthority x509 activate -authorityID 402e05d9…"),
            CommandExample("for a script", "kelmark localauthority x509 activate 402e05d9… --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var name: AuthorityNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.authority
        let authority = try await context.administering(issuer) { try await $0.activateAuthority(.x509, id) }
        return LocalAuthorityView.done("activated", .x509, authority).result(issuer.form, in: context)
    }
}

/// `kelmark localauthority x509 taint`.
struct X509AuthorityTaintCommand: KelmarkCommand {
    static let path = "localauthority x509 taint"
    static let configuration = CommandConfiguration.kelmark(
        "taint", "Has everything that the old X.509 key signed replaced.",
        about: "The old key must have been replaced by activate. Agents renew what it signed as soon as they "
            + "hear of it. Without --yes only what would happen is told.",
        examples: [
            CommandExample("see what would happen", "kelmark localauthority x509 taint 402e05d9…"),
            CommandExample("do it", "kelmark localauthority x509 taint 402e05d9… --yes"),
            CommandExample("for a script", "kelmark localauthority x509 taint 402e05d9… --yes --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var destructive: DestructiveOptions
    @OptionGroup var name: AuthorityNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.authority
        try destructive.require(
            "everything that X.509 key \(id) signed would be replaced", "localauthority x509 taint \(id)")
        let authority = try await context.administering(issuer) { try await $0.taintAuthority(.x509, id) }
        return LocalAuthorityView.done("tainted", .x509, authority).result(issuer.form, in: context)
    }
}

/// `kelmark localauthority x509 revoke`.
struct X509AuthorityRevokeCommand: KelmarkCommand {
    static let path = "localauthority x509 revoke"
    static let configuration = CommandConfiguration.kelmark(
        "revoke", "Takes the old X.509 key out of the bundle: what it signed is refused from then on.",
        about: "Taint the key first, and give agents the time to renew. Without --yes only what would happen "
            + "is told.",
        examples: [
            CommandExample("see what would happen", "kelmark localauthority x509 revoke 402e05d9…"),
            CommandExample("do it", "kelmark localauthority x509 revoke 402e05d9… --yes"),
            CommandExample("for a script", "kelmark localauthority x509 revoke 402e05d9… --yes --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var destructive: DestructiveOptions
    @OptionGroup var name: AuthorityNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.authority
        try destructive.require(
            "everything that X.509 key \(id) signed would be refused", "localauthority x509 revoke \(id)")
        let authority = try await context.administering(issuer) { try await $0.revokeAuthority(.x509, id) }
        return LocalAuthorityView.done("revoked", .x509, authority).result(issuer.form, in: context)
    }
}
