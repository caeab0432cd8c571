// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import SPIFFE
internal import TrustBinding

/// `kelmark authority`.
struct AuthorityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "authority", "Shows who may sign SVIDs, and ends it.",
        examples: [
            CommandExample("who may sign", "kelmark authority list"),
            CommandExample("end one signing key", "kelmark authority withdraw EK…SAID --yes"),
            CommandExample("end an issuer", "kelmark authority revoke EC…SAID --yes"),
        ],
        subcommands: [
            AuthorityListCommand.self, AuthoritySuspendCommand.self, AuthorityWithdrawCommand.self,
            AuthorityRevokeCommand.self,
        ])
}

/// `kelmark authority list`.
struct AuthorityListCommand: KelmarkCommand {
    static let path = "authority list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows authority credentials with their limits, and the signing keys under them.",
        examples: [
            CommandExample("all", "kelmark authority list"),
            CommandExample("of one trust domain", "kelmark authority list --trust-domain acme.example"),
            CommandExample("for a script", "kelmark authority list --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("Those of one trust domain.", valueName: "name"))
    var trustDomain: TrustDomainArgument?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let desk = try context.readingIssuing()
        let now = try context.certificateTime
        let book = AuthorityBook(desk: desk)
        let own = try desk.wallet.identifiers()
        var text: [String] = []
        var data: [OrderedValue] = []
        for entry in try book.entries() {
            let authority = entry.authority
            guard trustDomain.map({ $0.domain == authority.trustDomain }) ?? true else { continue }
            let issuer = own.first { $0.aid == authority.issuer }?.name
            let state = entry.verdict.state.rawValue
            text += [
                "\(authority.said)  \(state)", "  from    \(authority.organisation)",
                "  issuer  \(authority.issuer)\(issuer.map { " (\($0))" } ?? "")",
                "  domain  \(authority.trustDomain.name)", "  limits  \(authority.limits)",
            ]
            var keys: [OrderedValue] = []
            if let issuer {
                let service = try IssuerService(
                    desk, folder: IssuerFolder(path: context.home.issuers), name: issuer)
                let live = try Set(service.liveEntries(at: now).map(\.statement.said))
                for sealed in try service.sealedEntries()
                where sealed.statement.credential == authority.said.primitive {
                    let statement = sealed.statement
                    let word =
                        !entry.verdict.isValid
                        ? "fallen"
                        : live.contains(statement.said)
                            ? "live"
                            : now > statement.notAfter ? "ended" : now < statement.notBefore ? "later" : "withdrawn"
                    text.append("  key     \(statement.said.text)  \(word)  until \(statement.notAfter)")
                    keys.append([
                        "statement": .text(statement.said.text), "key": .text(statement.keyID),
                        "state": .text(word), "notBefore": .text(statement.notBefore.description),
                        "notAfter": .text(statement.notAfter.description),
                    ])
                }
            }
            data.append([
                "credential": .text(authority.said.text), "state": .text(state),
                "organisation": .text(authority.organisation.text), "registry": .text(authority.registry.text),
                "issuer": .text(authority.issuer.text), "trustDomain": .text(authority.trustDomain.name),
                "limits": .map(authority.limits.members), "keys": .list(keys),
            ])
        }
        return CommandResult(
            data: ["authorities": .list(data)], text: text.isEmpty ? ["no authority credentials"] : text)
    }
}

/// `kelmark authority revoke`.
struct AuthorityRevokeCommand: KelmarkCommand {
    static let path = "authority revoke"
    static let configuration = CommandConfiguration.kelmark(
        "revoke", "Revokes an authority credential: the issuer may sign no more, for good.",
        about:
            "The revocation is sealed in the organisation's log. Every SVID under the credential is contradicted from "
            + "that event on; what held before can still be proven (verify --as-of). Without --yes only what would end is "
            + "shown.",
        examples: [
            CommandExample("see what would end", "kelmark authority revoke EC…SAID"),
            CommandExample("end it", "kelmark authority revoke EC…SAID --yes"),
            CommandExample("decide but write nothing", "kelmark authority revoke EC…SAID --yes --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @OptionGroup var destructive: DestructiveOptions
    @Argument(help: "SAID of the credential.")
    var credential: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("Which of the organisation's keys sign, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard destructive.yes else {
            let desk = try context.readingIssuing()
            let authority = try AuthorityBook(desk: desk).entry(credential.id).authority
            throw CommandFailure(
                "KM-NEEDS-YES",
                "\(authority.issuer) would sign no more for \(authority.trustDomain.name), and what it signed would fall",
                next: "\(Product.command) authority revoke \(credential.id) --yes")
        }
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let authority = try AuthorityBook(desk: desk).entry(credential.id).authority
            let revoked = try await desk.issuing.revoke(
                credential.id, dated: context.now, signers: signWith?.numbers, now: context.now)
            var result = try await desk.result(
                of: revoked, what: "authority credential", publish: publish, in: context)
            result.data["issuer"] = .text(authority.issuer.text)
            result.data["trustDomain"] = .text(authority.trustDomain.name)
            return result
        }
    }
}
