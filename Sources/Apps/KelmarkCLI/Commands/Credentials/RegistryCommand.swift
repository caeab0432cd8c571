// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto

/// `kelmark registry`.
struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "registry", "Registries in which your AIDs issue and revoke credentials.",
        examples: [
            CommandExample("a registry of your organisation", "kelmark registry create staff --owner acme"),
            CommandExample("all of yours", "kelmark registry list"),
            CommandExample("finish what was interrupted", "kelmark registry resume"),
        ],
        subcommands: [
            RegistryCreateCommand.self, RegistryListCommand.self, RegistryShowCommand.self,
            RegistryRotateCommand.self, RegistryResumeCommand.self, RegistryPublishCommand.self,
        ])
}

/// Who receipts the events of a registry.
struct BackerOptions: ParsableArguments {
    @Option(
        name: .customLong("backer"),
        help: ArgumentHelp("AID that receipts the registry's events; may be repeated.", valueName: "AID"))
    var backers: [IdentifierArgument<AID>] = []
    @Option(help: ArgumentHelp("How many backers must receipt; most of them unless given.", valueName: "number"))
    var backerThreshold: UInt32?

    /// The threshold for so many backers.
    func threshold(of count: Int) -> UInt32 { backerThreshold ?? UInt32(count < 1 ? 0 : count / 2 + 1) }
}

/// `kelmark registry create`.
struct RegistryCreateCommand: KelmarkCommand {
    static let path = "registry create"
    static let configuration = CommandConfiguration.kelmark(
        "create", "Makes a registry and seals its inception in the log of its owner.",
        about: "A credential is not signed. Its issuer vouches for it by an event of a registry that the issuer's log "
            + "seals, and ends it by another. Without backers the log alone says what is issued and revoked. A backer "
            + "is the AID of a witness, whose address oobi resolve tells; what not enough of them have signed waits.",
        examples: [
            CommandExample("of your organisation", "kelmark registry create staff --owner acme"),
            CommandExample(
                "with backers that receipt its events",
                "kelmark registry create staff --owner acme --backer BB…AID --backer BC…AID --backer-threshold 1"),
            CommandExample("decide but write nothing", "kelmark registry create staff --owner acme --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "What you call the registry.")
    var name: String
    @Option(help: ArgumentHelp("The AID that owns it.", valueName: "name"), completion: NameCompletion.kind)
    var owner: String
    @OptionGroup var backing: BackerOptions
    @Option(help: ArgumentHelp("Which keys sign, like 0,2; all unless given.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let backers = backing.backers.map(\.id)
        let nonce = try RandomBytes.generate(count: 16)
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let event = try await desk.issuing.create(
                name, owner: owner, backers: backers, threshold: backing.threshold(of: backers.count), nonce: nonce,
                signers: signWith?.numbers, now: context.now)
            return try await desk.result(of: event, what: "registry \(name)", publish: publish, in: context)
        }
    }
}

/// `kelmark registry list`.
struct RegistryListCommand: KelmarkCommand {
    static let path = "registry list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows your registries.",
        examples: [
            CommandExample("all", "kelmark registry list"),
            CommandExample("one with its backers", "kelmark registry show staff"),
            CommandExample("for a script", "kelmark registry list --json"),
        ])

    @OptionGroup var global: GlobalOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let desk = try context.readingIssuing()
        let names = try context.names(in: desk.wallet)
        let ledger = try desk.issuing.ledger()
        let views = try ledger.registries.map { registry in
            RegistryView(
                registry: registry, state: try? desk.issuing.state(of: registry), names: names,
                counts: try desk.counts(in: registry.said))
        }
        return CommandResult(
            data: ["registries": .list(views.map { .map($0.data) })],
            text: views.isEmpty ? ["no registries"] : views.map(\.line),
            hints: views.isEmpty ? ["\(Product.command) registry create NAME --owner AID"] : [])
    }
}

/// `kelmark registry show`.
struct RegistryShowCommand: KelmarkCommand {
    static let path = "registry show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows a registry: its owner, its backers, and what is on its way.",
        examples: [
            CommandExample("by name", "kelmark registry show staff"),
            CommandExample("by SAID", "kelmark registry show EI…SAID"),
            CommandExample("for a script", "kelmark registry show staff --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or SAID of the registry.")
    var name: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let desk = try context.readingIssuing()
        let registry = try desk.issuing.registry(name)
        let view = RegistryView(
            registry: registry, state: try? desk.issuing.state(of: registry),
            names: try context.names(in: desk.wallet), counts: try desk.counts(in: registry.said))
        return CommandResult(data: view.data, text: view.text)
    }
}

/// `kelmark registry rotate`.
struct RegistryRotateCommand: KelmarkCommand {
    static let path = "registry rotate"
    static let configuration = CommandConfiguration.kelmark(
        "rotate", "Changes the backers of a registry.",
        about: "A registry that was made without backers never gets some.",
        examples: [
            CommandExample("swap one", "kelmark registry rotate staff --cut BB…AID --backer BD…AID"),
            CommandExample("another threshold", "kelmark registry rotate staff --backer-threshold 2"),
            CommandExample("decide but write nothing", "kelmark registry rotate staff --cut BB…AID --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "Name or SAID of the registry.")
    var name: String
    @OptionGroup var backing: BackerOptions
    @Option(help: ArgumentHelp("A backer to remove; may be repeated.", valueName: "AID"))
    var cut: [IdentifierArgument<AID>] = []
    @Option(help: ArgumentHelp("Which keys sign, like 0,2; all unless given.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let (added, cuts) = (backing.backers.map(\.id), cut.map(\.id))
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let state = try desk.issuing.state(of: try desk.issuing.registry(name))
            let event = try await desk.issuing.rotate(
                name, cut: cuts, added: added,
                threshold: backing.threshold(of: state.backers.count - cuts.count + added.count),
                signers: signWith?.numbers, now: context.now)
            return try await desk.result(of: event, what: "backers of \(name)", publish: publish, in: context)
        }
    }
}

/// `kelmark registry resume`.
struct RegistryResumeCommand: KelmarkCommand {
    static let path = "registry resume"
    static let configuration = CommandConfiguration.kelmark(
        "resume", "Goes on with registry events of yours that are on their way.",
        about:
            "An event is written before it is sealed, so that nothing is lost when a command is interrupted. The same "
            + "event is sealed then; never a second one. One that is refused can't come to count and is forgotten with "
            + "--drop.",
        examples: [
            CommandExample("all", "kelmark registry resume"),
            CommandExample("see what is on its way", "kelmark waiting"),
            CommandExample("for a script", "kelmark registry resume --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var publish: PublishOptions
    @Option(help: ArgumentHelp("Which keys sign, like 0,2; all unless given.", valueName: "numbers"))
    var signWith: NumberList?

    @Option(help: ArgumentHelp("An event that can't come to count, to be forgotten.", valueName: "SAID"))
    var drop: IdentifierArgument<SAID>?

    func perform(in context: CommandContext) async throws -> CommandResult {
        if let drop {
            return try await context.issuing(keys: false) { desk in
                try desk.issuing.drop(drop.id, now: context.now)
                return CommandResult(data: ["dropped": .text(drop.id.text)], text: ["forgot \(drop.id)"])
            }
        }
        return try await context.issuing { desk in
            var parts: [CommandResult] = []
            for pending in try desk.issuing.ledger().pending {
                let event = try await desk.issuing.resume(pending, signers: signWith?.numbers, now: context.now)
                parts.append(
                    try await desk.result(
                        of: event, what: "\(pending.kind.rawValue) of \(pending.subject)", publish: publish, in: context
                    ))
            }
            guard !parts.isEmpty else { return CommandResult(data: ["events": []], text: ["nothing is on its way"]) }
            return CommandResult(
                data: ["events": .list(parts.map { .map($0.data) })], text: parts.flatMap(\.text),
                concern: parts.lazy.compactMap(\.concern).first)
        }
    }
}

/// `kelmark registry publish`.
struct RegistryPublishCommand: KelmarkCommand {
    static let path = "registry publish"
    static let configuration = CommandConfiguration.kelmark(
        "publish", "Shows everything that a registry says to the witnesses of its owner and to its backers.",
        about: "Commands that write a registry event show it themselves. Repeat it when somebody was away or is new. "
            + "Sealed events that lack signatures of backers are brought to them first.",
        examples: [
            CommandExample("by name", "kelmark registry publish staff"),
            CommandExample("the owner's log first", "kelmark id publish acme"),
            CommandExample("for a script", "kelmark registry publish staff --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or SAID of the registry.")
    var name: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.issuing(keys: false) { desk in
            let registry = try desk.issuing.registry(name)
            try await desk.backPending(of: registry.owner, in: context)
            var shared = try await desk.share(registry.said, of: registry.owner, in: context)
            for credential in try desk.credentials(in: registry.said) {
                let last = try await desk.share(registry.said, credential, of: registry.owner, in: context)
                shared = zip(shared, last).map { $0.result == .taken ? $1 : $0 }
            }
            var result = CommandResult(
                data: ["registry": .text(registry.said.text), "witnesses": RegistryView.data(of: shared)],
                text: ["showed \(registry.name)"] + RegistryView.text(of: shared))
            if shared.contains(where: { $0.result != .taken }) {
                result.concern = CommandFailure(
                    "KM-CREDENTIAL-UNSHARED", "not everybody took the events of \(registry.name)",
                    next: "\(Product.command) registry publish \(registry.name)")
            }
            return result
        }
    }
}
