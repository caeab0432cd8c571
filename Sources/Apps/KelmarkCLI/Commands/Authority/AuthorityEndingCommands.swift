// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import SPIFFE
internal import TrustBinding

/// A statement of one of our issuers that is to end.
struct EndingStatement {
    let service: IssuerService
    let statement: AuthorityStatement
    let organisation: AID

    /// The sealed statement with a SAID, whichever AID of ours is its issuer.
    init(_ said: SAID, in desk: IssuingDesk, home: HomeFolder) throws {
        let folder = IssuerFolder(path: home.issuers)
        for identifier in try desk.wallet.identifiers() {
            let service = try IssuerService(desk, folder: folder, name: identifier.name)
            guard let entry = try service.sealedEntries().first(where: { $0.statement.said == said.primitive }),
                let credential = SAID(entry.statement.credential)
            else { continue }
            self.service = service
            statement = entry.statement
            organisation = try service.book.entry(credential).authority.organisation
            return
        }
        throw CommandFailure(
            "KM-ISSUER-NO-STATEMENT", "no issuer of yours sealed a statement \(said)",
            next: "\(Product.command) authority list")
    }
}

/// `kelmark authority withdraw`.
struct AuthorityWithdrawCommand: KelmarkCommand {
    static let path = "authority withdraw"
    static let configuration = CommandConfiguration.kelmark(
        "withdraw", "Seals the withdrawal of a statement: that signing key counts no more, for good.",
        about:
            "The issuer or the organisation may withdraw. The first withdrawal is final, also when a recovery takes its "
            + "event away. Without --yes only what would end is shown.",
        examples: [
            CommandExample("see what would end", "kelmark authority withdraw EK…SAID"),
            CommandExample("as the issuer", "kelmark authority withdraw EK…SAID --reason 'host lost' --yes"),
            CommandExample("as the organisation", "kelmark authority withdraw EK…SAID --by acme --yes"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @OptionGroup var destructive: DestructiveOptions
    @Argument(help: "SAID of the statement.")
    var statement: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("Who withdraws; the issuer unless given.", valueName: "name"))
    var by: String?
    @Option(help: ArgumentHelp("Why, for people.", valueName: "text"))
    var reason = ""
    @Option(help: ArgumentHelp("Which keys sign, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard destructive.yes else {
            let ending = try EndingStatement(statement.id, in: context.readingIssuing(), home: context.home)
            throw CommandFailure(
                "KM-NEEDS-YES",
                "key \(ending.statement.keyID) would sign no more for \(ending.statement.trustDomain.name), and what it "
                    + "signed would fall", next: "\(Product.command) authority withdraw \(statement.id) --yes")
        }
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let ending = try EndingStatement(statement.id, in: desk, home: context.home)
            let author = try by.map { try Controller(desk.wallet, $0) } ?? ending.service.controller
            guard author.aid == ending.organisation || author.aid == ending.service.controller.aid else {
                throw CommandFailure(
                    "KM-ISSUER-FOREIGN", "\(author.identifier.name) is neither the issuer nor the organisation")
            }
            let withdrawal = try Withdrawal(
                author: author.aid.primitive, trustDomain: ending.statement.trustDomain,
                subject: ending.statement.said, reason: reason)
            let sealed = try await ending.service.withdraw(
                withdrawal, by: author, signers: signWith?.numbers, now: context.now)
            var result = try await context.publishing(
                sealed, of: desk.wallet, name: author.identifier.name, verb: "sealed a withdrawal by",
                options: publish, dryRun: write.dryRun)
            let bytes = withdrawal.bytes
            result.data["withdrawal"] = (try? OrderedValue(parsing: bytes.span, format: .json)) ?? .null
            result.text += ["  withdrawal   \(withdrawal.said.text)", "  of statement \(ending.statement.said.text)"]
            return result
        }
    }
}

/// `kelmark authority suspend`.
struct AuthoritySuspendCommand: KelmarkCommand {
    static let path = "authority suspend"
    static let configuration = CommandConfiguration.kelmark(
        "suspend",
        "Asks agents to drop a signing key at once, for at most 24 hours; one key of the organisation signs.",
        about: "A protective act for the time until enough keys have signed a withdrawal or a revocation. It is signed "
            + "by one key and sealed nowhere, and no proof counts it as evidence.",
        examples: [
            CommandExample("write the message", "kelmark authority suspend EK…SAID --out suspension.cesr"),
            CommandExample("with the second key", "kelmark authority suspend EK…SAID --key 1 --out suspension.cesr"),
            CommandExample(
                "decide but write nothing", "kelmark authority suspend EK…SAID --out suspension.cesr --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @Argument(help: "SAID of the statement.")
    var statement: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("Which of the organisation's keys signs.", valueName: "number"))
    var key = 0
    @Option(help: ArgumentHelp("File for the signed message.", valueName: "file"), completion: .file())
    var out: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let now = try context.certificateTime
        let signed = try await context.issuing(dryRun: write.dryRun) { desk in
            let ending = try EndingStatement(statement.id, in: desk, home: context.home)
            let organisation = try Controller(desk.wallet, ending.organisation.text)
            let suspension = try Suspension(
                organisation: organisation.aid.primitive, trustDomain: ending.statement.trustDomain,
                subject: ending.statement.said, begins: now)
            let body = try SignedSuspension.body(of: suspension, dated: context.now)
            return try SignedSuspension(
                body: body, signature: try await organisation.signAlone(body, with: key),
                state: try organisation.keyState())
        }
        if !write.dryRun { try DurableFile.writeOutput(signed.message, to: out) }
        let suspension = signed.suspension
        let bytes = suspension.bytes
        let end = suspension.begins.advanced(by: Suspension.longest)
        var data: OrderedMap = [
            "suspension": (try? OrderedValue(parsing: bytes.span, format: .json)) ?? .null, "key": OrderedValue(key),
            "file": .text(out), "bytes": OrderedValue(signed.message.count), "until": .text(end.description),
        ]
        if write.dryRun { data["dryRun"] = true }
        return CommandResult(
            data: data,
            text: [
                "\(write.dryRun ? "would have suspended" : "suspended") \(suspension.subject.text)",
                "  until  \(end)", "  file   \(out) (\(signed.message.count) bytes)",
            ],
            hints: ["end it for good: \(Product.command) authority withdraw \(suspension.subject.text) --yes"])
    }
}
