// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// What every message of an exchange takes.
struct ExchangeOptions: ParsableArguments {
    @Option(name: .customLong("as"), help: ArgumentHelp("The AID of yours that speaks.", valueName: "name"))
    var own: String?
    @Option(help: ArgumentHelp("A few words for people.", valueName: "text"))
    var note = ""
}

extension Desk {
    /// The only AID of the home, unless one is named.
    func speaker(_ name: String?) throws -> String {
        if let name { return name }
        let all = try wallet.identifiers().filter { !$0.aid.isNonTransferable }
        guard all.count == 1, let only = all.first else {
            throw CommandFailure("KM-USAGE", "there are \(all.count) AIDs here: say which speaks with --as")
        }
        return only.name
    }

    func result(of record: ExchangeRecord, _ kind: CredentialExchangeKind, names: [AID: String]) -> CommandResult {
        let partner = names[record.partner] ?? record.partner.text
        return CommandResult(
            data: [
                "exchange": .text(kind.rawValue), "d": .text(record.said.text), "thread": .text(record.thread.text),
                "to": .text(record.partner.text), "sent": .boolean(record.isSent),
            ],
            text: ["sent the \(kind.rawValue) \(record.said)", "  to  \(partner)"])
    }
}

/// `kelmark credential apply`.
struct CredentialApplyCommand: KelmarkCommand {
    static let path = "credential apply"
    static let configuration = CommandConfiguration.kelmark(
        "apply", "Asks somebody for a credential.",
        examples: [
            CommandExample("of a schema", "kelmark credential apply --schema EI…SAID --to acme"),
            CommandExample(
                "with what it should say", "kelmark credential apply --schema EI…SAID --to acme --set role=guest"),
            CommandExample("what became of it?", "kelmark credential exchanges"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ExchangeOptions
    @Option(help: ArgumentHelp("SAID of the schema.", valueName: "SAID"))
    var schema: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("Whom.", valueName: "name or AID"))
    var to: String
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("An attribute that it should have; may be repeated.", valueName: "label=text"))
    var texts: [String] = []

    func perform(in context: CommandContext) async throws -> CommandResult {
        var content = CredentialContentOptions()
        content.texts = texts
        let attributes = try content.attributes()
        return try await context.atDesk { desk in
            let record = try await desk.exchanges.apply(
                for: schema.id, attributes: attributes, to: try context.aid(to, in: desk.wallet),
                as: try desk.speaker(options.own), note: options.note)
            return desk.result(of: record, .apply, names: try context.names(in: desk.wallet))
        }
    }
}

/// `kelmark credential offer`.
struct CredentialOfferCommand: KelmarkCommand {
    static let path = "credential offer"
    static let configuration = CommandConfiguration.kelmark(
        "offer", "Shows somebody a credential that could be handed over.",
        examples: [
            CommandExample("to its issuee", "kelmark credential offer EK…SAID"),
            CommandExample("in answer to an apply", "kelmark credential offer EK…SAID --answering EM…SAID"),
            CommandExample("for a script", "kelmark credential offer EK…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ExchangeOptions
    @Argument(help: "SAID of the credential.")
    var said: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("Whom, unless it is the issuee.", valueName: "name or AID"))
    var to: String?
    @Option(help: ArgumentHelp("The apply that is answered.", valueName: "SAID"))
    var answering: IdentifierArgument<SAID>?

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            let record = try await desk.exchanges.offer(
                said.id, to: try to.map { try context.aid($0, in: desk.wallet) }, answering: answering?.id,
                as: try desk.speaker(options.own), note: options.note)
            return desk.result(of: record, .offer, names: try context.names(in: desk.wallet))
        }
    }
}

/// `kelmark credential agree`.
struct CredentialAgreeCommand: KelmarkCommand {
    static let path = "credential agree"
    static let configuration = CommandConfiguration.kelmark(
        "agree", "Wants what was offered.",
        examples: [
            CommandExample("an offer", "kelmark credential agree EM…SAID"),
            CommandExample("what was offered?", "kelmark credential exchanges"),
            CommandExample("for a script", "kelmark credential agree EM…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ExchangeOptions
    @Argument(help: "SAID of the offer.")
    var offer: IdentifierArgument<SAID>

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            let record = try await desk.exchanges.agree(offer.id, as: options.own, note: options.note)
            return desk.result(of: record, .agree, names: try context.names(in: desk.wallet))
        }
    }
}

/// `kelmark credential grant`.
struct CredentialGrantCommand: KelmarkCommand {
    static let path = "credential grant"
    static let configuration = CommandConfiguration.kelmark(
        "grant", "Hands a credential over: first everything that it rests on, then the grant.",
        about: "Logs, registries and the credentials that it builds upon go ahead, so that the other needs only the "
            + "schemas besides. Only what holds now is handed over.",
        examples: [
            CommandExample("to its issuee", "kelmark credential grant EK…SAID"),
            CommandExample("in answer to an agree", "kelmark credential grant EK…SAID --answering EM…SAID"),
            CommandExample("present yours to somebody", "kelmark credential grant EK…SAID --to acme --as bob"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ExchangeOptions
    @Argument(help: "SAID of the credential.")
    var said: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("To whom, unless it is the issuee.", valueName: "name or AID"))
    var to: String?
    @Option(help: ArgumentHelp("The agree that is answered.", valueName: "SAID"))
    var answering: IdentifierArgument<SAID>?

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            guard try !IssuingDesk(desk.wallet, home: context.home).issuing.isRevoking([said.id]) else {
                throw CommandFailure(
                    "KM-CREDENTIAL-REVOKED", "\(said.id) is being revoked", next: "\(Product.command) registry resume")
            }
            let record = try await desk.exchanges.grant(
                said.id, to: try to.map { try context.aid($0, in: desk.wallet) }, answering: answering?.id,
                as: try desk.speaker(options.own), note: options.note)
            return desk.result(of: record, .grant, names: try context.names(in: desk.wallet))
        }
    }
}

/// `kelmark credential admit`.
struct CredentialAdmitCommand: KelmarkCommand {
    static let path = "credential admit"
    static let configuration = CommandConfiguration.kelmark(
        "admit", "Takes a credential that was granted, and says so.",
        about:
            "What was handed over is verified like anything from a stranger; only an accepted credential is admitted. "
            + "When something is missing, it is named, and the same command goes on when it has come.",
        examples: [
            CommandExample("a grant", "kelmark credential admit EM…SAID"),
            CommandExample("has one come?", "kelmark mail fetch && kelmark credential exchanges"),
            CommandExample("for a script", "kelmark credential admit EM…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ExchangeOptions
    @Argument(help: "SAID of the grant.")
    var grant: IdentifierArgument<SAID>

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            switch try await desk.exchanges.admit(grant.id, as: options.own, note: options.note) {
            case .admitted(let record):
                var result = desk.result(of: record, .admit, names: try context.names(in: desk.wallet))
                result.data["outcome"] = "admitted"
                return result
            case .waits(let reason, let missing):
                return CommandResult(
                    data: ["outcome": "waiting", "reason": .text(reason.rawValue), "missing": .text(missing)],
                    text: ["\(grant.id) waits"],
                    concern: CommandFailure(ErrorTranslation.code(for: reason), "the credential waits for \(missing)"))
            case .refused(let codes):
                return CommandResult(
                    data: ["outcome": "refused", "codes": .list(codes.map { .text($0) })],
                    text: ["\(grant.id) is refused"],
                    concern: CommandFailure(
                        codes.lazy.compactMap { ErrorTranslation.credentialCode($0) }.first ?? "KM-CREDENTIAL-REFUSED",
                        "what was granted is not accepted: \(codes.joined(separator: ", "))",
                        next: "\(Product.command) credential spurn \(grant.id)"))
            }
        }
    }
}

/// `kelmark credential spurn`.
struct CredentialSpurnCommand: KelmarkCommand {
    static let path = "credential spurn"
    static let configuration = CommandConfiguration.kelmark(
        "spurn", "Says no to the latest message of an exchange, which ends it.",
        examples: [
            CommandExample("an offer or a grant", "kelmark credential spurn EM…SAID --note 'not me'"),
            CommandExample("what is there?", "kelmark credential exchanges"),
            CommandExample("for a script", "kelmark credential spurn EM…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ExchangeOptions
    @Argument(help: "SAID of the message.")
    var message: IdentifierArgument<SAID>

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            let record = try await desk.exchanges.spurn(message.id, as: options.own, note: options.note)
            return desk.result(of: record, .spurn, names: try context.names(in: desk.wallet))
        }
    }
}

/// `kelmark credential exchanges`.
struct CredentialExchangesCommand: KelmarkCommand {
    static let path = "credential exchanges"
    static let configuration = CommandConfiguration.kelmark(
        "exchanges", "Shows the exchanges about credentials: with whom, how far, and whose turn it is.",
        examples: [
            CommandExample("all", "kelmark credential exchanges"),
            CommandExample("look for new messages first", "kelmark mail fetch"),
            CommandExample("for a script", "kelmark credential exchanges --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Send again what could not be sent.")
    var resume = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        if resume {
            return try await context.atDesk { desk in
                _ = try await desk.exchanges.resume()
                return try view(try desk.exchanges.list(), names: context.names(in: desk.wallet))
            }
        }
        let wallet = try context.readingWallet()
        return try await context.reachingPeers { transport in
            try view(
                try Desk(wallet, home: context.home, transport: transport).exchanges.list(),
                names: context.names(in: wallet))
        }
    }

    private func view(_ all: [ExchangeSummary], names: [AID: String]) throws -> CommandResult {
        CommandResult(
            data: ["exchanges": .list(all.map { .map(data(of: $0)) })],
            text: all.isEmpty ? ["no exchanges"] : all.flatMap { text(of: $0, names: names) })
    }

    private func data(of one: ExchangeSummary) -> OrderedMap {
        [
            "thread": .text(one.thread.id.text), "as": .text(one.own.text), "with": .text(one.partner.text),
            "schema": .text(one.thread.subject.schema.text),
            "credential": one.thread.subject.credential.map { .text($0.text) } ?? .null,
            "steps": .list(
                one.thread.steps.map { ["exchange": .text($0.kind.rawValue), "d": .text($0.said.text)] }),
            "turn": one.thread.actor.map { .text($0.text) } ?? .null,
            "expected": .list(one.thread.expected.map { .text($0.rawValue) }),
            "unsent": .list(one.unsent.map { .text($0.text) }), "since": .text(one.since.description),
        ]
    }

    private func text(of one: ExchangeSummary, names: [AID: String]) -> [String] {
        let latest = one.thread.latest
        var lines = [
            "\(one.thread.steps.map(\.kind.rawValue).joined(separator: ", "))  with \(names[one.partner] ?? one.partner.text)"
        ]
        lines.append("  latest      \(latest.said)")
        lines.append("  schema      \(one.thread.subject.schema)")
        if let credential = one.thread.subject.credential { lines.append("  credential  \(credential)") }
        if one.thread.isOver {
            lines.append("  turn        nobody's: it is over")
        } else if one.waitsForUs {
            lines.append(
                "  turn        yours: \(one.thread.expected.map { "\(Product.command) credential \($0.rawValue)" }.joined(separator: ", or "))"
            )
        } else {
            lines.append("  turn        the other's")
        }
        if !one.unsent.isEmpty {
            lines.append("  unsent      \(one.unsent.count): \(Product.command) credential exchanges --resume")
        }
        return lines
    }
}
