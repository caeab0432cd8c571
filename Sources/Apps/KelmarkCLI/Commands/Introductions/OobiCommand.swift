// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark oobi`.
struct OobiCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "oobi", "Introduces AIDs to each other.",
        examples: [
            CommandExample("where others find the log of yours", "kelmark oobi make acme"),
            CommandExample(
                "learn about somebody", "kelmark oobi resolve http://127.0.0.1:5642/oobi/EI…AID/witness/BB…AID"),
            CommandExample("learn where a witness listens", "kelmark oobi resolve http://127.0.0.1:5642/oobi"),
        ],
        subcommands: [OobiMakeCommand.self, OobiResolveCommand.self, OobiListCommand.self])
}

/// `kelmark oobi make`.
struct OobiMakeCommand: KelmarkCommand {
    static let path = "oobi make"
    static let configuration = CommandConfiguration.kelmark(
        "make", "Prints the introductions of an AID: URLs at its witnesses that lead to its log.",
        about: "Nobody need trust the URL: whoever follows it verifies the log behind it.",
        examples: [
            CommandExample("of your organisation", "kelmark oobi make acme"),
            CommandExample("of anybody whom you know", "kelmark oobi make EI…AID"),
            CommandExample("for a script", "kelmark oobi make acme --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or AID.", completion: NameCompletion.kind)
    var name: String
    @Option(help: "witness: by the witnesses.")
    var role = OobiRole.witness

    func perform(in context: CommandContext) async throws -> CommandResult {
        let wallet = try context.readingWallet()
        let aid = try context.aid(name, in: wallet)
        let oobis = try wallet.introductions(of: aid).map(\.description)
        guard !oobis.isEmpty else {
            throw CommandFailure(
                "KM-OOBI-NONE", "no witness of \(name) is known by address",
                next: "\(Product.command) oobi resolve http://WITNESS:PORT/oobi")
        }
        return CommandResult(
            data: ["aid": .text(aid.text), "role": .text(role.rawValue), "oobis": .list(oobis.map { .text($0) })],
            text: oobis)
    }
}

/// In which role somebody introduces an AID.
enum OobiRole: String, ExpressibleByArgument, CaseIterable, Sendable { case witness }

/// `kelmark oobi resolve`.
struct OobiResolveCommand: KelmarkCommand {
    static let path = "oobi resolve"
    static let configuration = CommandConfiguration.kelmark(
        "resolve", "Follows an introduction and takes in the log behind it.",
        about: "What comes is verified like anything from a stranger. Afterwards the AID must be known, and a witness "
            + "that introduces it must be one of its witnesses.",
        examples: [
            CommandExample(
                "an AID at its witness", "kelmark oobi resolve http://127.0.0.1:5642/oobi/EI…AID/witness/BB…AID"),
            CommandExample(
                "a witness, so that events can be brought to it", "kelmark oobi resolve http://127.0.0.1:5642/oobi"),
            CommandExample("for a script", "kelmark oobi resolve http://127.0.0.1:5642/oobi --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The introduction.", valueName: "URL"))
    var url: String
    @Option(help: ArgumentHelp("A name for whom it leads to, yours alone.", valueName: "name"))
    var alias: String?

    func validate() throws {
        if let alias, !OwnedIdentifier.isValid(name: alias) {
            throw ValidationError("--alias takes 1 to 64 letters, digits, dots, hyphens and underscores.")
        }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard let oobi = OOBI(url) else {
            throw CommandFailure("KM-OOBI-MALFORMED", "\(printable(String(url.prefix(200)))) is no introduction")
        }
        return try await context.changing(keys: false) { wallet in
            try await context.reachingPeers { transport in
                let introducer = Introducer(wallet, transport: transport, clock: SystemClock())
                switch try await introducer.discover(oobi) {
                case .log(let found): return try keep(found, wallet, oobi, context)
                case .data(let said, let bytes): return try keep(said, bytes, context)
                case .several(_, let oobis):
                    var last: CommandResult?
                    var failure: IntroductionError?
                    for one in oobis {
                        do {
                            last = try keep(try await introducer.follow(one), wallet, one, context)
                        } catch let error as IntroductionError { failure = error }
                    }
                    if let last { return last }
                    throw failure ?? IntroductionError(.notALog, "\(oobi.url) lists no introductions")
                }
            }
        }
    }

    private func keep(
        _ found: Introduction, _ wallet: HomeWallet, _ oobi: OOBI, _ context: CommandContext
    ) throws -> CommandResult {
        let places = try wallet.locations(of: found.aid).map(\.description)
        if let alias {
            try FileContacts(context.home).put(
                Contact(alias: alias, aid: found.aid, oobi: oobi.description, since: context.now))
        }
        return CommandResult(
            data: [
                "aid": .text(found.aid.text), "messages": OrderedValue(found.messages),
                "urls": .list(places.map { .text($0) }), "state": .map(found.state.record),
            ], text: IdentifierView.text(of: found.state, name: nil) + places.map { "  listens at       \($0)" })
    }

    /// A document is kept under its digest, which is what it is asked for by.
    private func keep(_ said: SAID, _ bytes: [UInt8], _ context: CommandContext) throws -> CommandResult {
        try HomeFolder.makePrivate(context.home.documents)
        let path = "\(context.home.documents)/\(said).json"
        try DurableFile.write(bytes, to: path, failure: HomeFolder.failure)
        return CommandResult(
            data: ["said": .text(said.text), "bytes": OrderedValue(bytes.count), "file": .text(path)],
            text: ["\(said)  \(bytes.count) bytes", "  kept in  \(path)"])
    }
}

/// `kelmark oobi list`.
struct OobiListCommand: KelmarkCommand {
    static let path = "oobi list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows the names that you gave to others, and the introductions that led to them.",
        examples: [
            CommandExample("all", "kelmark oobi list"),
            CommandExample("give a name", "kelmark oobi resolve URL --alias bob"),
            CommandExample("for a script", "kelmark oobi list --json"),
        ])

    @OptionGroup var global: GlobalOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try context.home.requireUsable()
        let contacts = try FileContacts(context.home).load()
        return CommandResult(
            data: [
                "contacts": .list(
                    contacts.map {
                        [
                            "alias": .text($0.alias), "aid": .text($0.aid.text), "oobi": .text($0.oobi),
                            "since": .text($0.since.description),
                        ]
                    })
            ],
            text: contacts.isEmpty ? ["no contacts"] : contacts.map { "\($0.alias)  \($0.aid)  \(printable($0.oobi))" })
    }
}
