// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto

/// What a credential tells, as it is typed.
struct CredentialContentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("JSON file with a map: the attributes, without d, i and dt.", valueName: "file"),
        completion: .file())
    var data: String?
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("An attribute that is a text; may be repeated.", valueName: "label=text"))
    var texts: [String] = []
    @Option(
        help: ArgumentHelp("JSON file with the edges: a map, or a list of maps.", valueName: "file"),
        completion: .file())
    var edges: String?
    @Option(
        name: .customLong("edge"),
        help: ArgumentHelp(
            "A credential that this one builds upon; may be repeated.", valueName: "label=SAID[:operator]"))
    var links: [EdgeArgument] = []
    @Option(
        help: ArgumentHelp("JSON file with the rules: a map, or a list of maps.", valueName: "file"),
        completion: .file())
    var rules: String?

    /// The attributes.
    func attributes() throws -> OrderedMap {
        var map = OrderedMap()
        if let data {
            guard let given = try Self.read(data).mapValue else {
                throw CommandFailure("KM-USAGE", "\(data) holds no JSON map")
            }
            map = given
        }
        for text in texts {
            guard let split = text.firstIndex(of: "="), split != text.startIndex,
                map.append(.text(String(text[text.index(after: split)...])), for: String(text[..<split]))
            else { throw CommandFailure("KM-USAGE", "--set takes label=text, each label once: \(text)") }
        }
        return map
    }

    /// The edges, with the schema of each credential that they name.
    func edgeSection(in desk: IssuingDesk) throws -> OrderedValue? {
        guard links.isEmpty || edges == nil else {
            throw CommandFailure("KM-USAGE", "give --edges or --edge, not both")
        }
        if let edges { return try Self.read(edges) }
        guard !links.isEmpty else { return nil }
        var map = OrderedMap()
        for link in links {
            guard let far = try desk.credential(link.said) else {
                throw IssuingError(.unknownCredential, "the credential \(link.said) is not kept here")
            }
            var edge: OrderedMap = ["n": .text(link.said.text), "s": .text(far.schema.text)]
            if let name = link.operation { edge["o"] = .text(name) }
            guard map.append(.map(edge), for: link.label) else {
                throw CommandFailure("KM-USAGE", "the edge \(link.label) is given twice")
            }
        }
        return .map(map)
    }

    /// The rules.
    func ruleSection() throws -> OrderedValue? { try rules.map(Self.read) }

    static func read(_ path: String) throws -> OrderedValue {
        let bytes = try DurableFile.read(path, atMost: 1 << 20)
        do throws(DocumentError) {
            return try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable)
        } catch {
            let failure = ErrorTranslation.failure(for: error)
            throw CommandFailure(failure.code, "\(path): \(failure.cause)", next: failure.next)
        }
    }
}

/// An edge as `label=SAID` or `label=SAID:operator`.
struct EdgeArgument: ExpressibleByArgument, Sendable {
    let label: String
    let said: SAID
    let operation: String?

    init?(argument: String) {
        guard let split = argument.firstIndex(of: "="), split != argument.startIndex else { return nil }
        let parts = argument[argument.index(after: split)...].split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let said = parts.first.flatMap({ SAID(String($0)) }) else { return nil }
        label = String(argument[..<split])
        self.said = said
        operation = parts.count == 2 ? String(parts[1]) : nil
    }
}

/// `kelmark credential issue`.
struct CredentialIssueCommand: KelmarkCommand {
    static let path = "credential issue"
    static let configuration = CommandConfiguration.kelmark(
        "issue", "Issues a credential in a registry of yours.",
        about:
            "The credential is checked against its schema and its edges before anything is sealed. With --compactable its "
            + "digests are over the most compact form, so that it can be disclosed in parts; keripy 1.x reads only those "
            + "without.",
        examples: [
            CommandExample(
                "a badge for bob",
                "kelmark credential issue --registry staff --schema EI…SAID --to bob --set role=guest"),
            CommandExample(
                "that builds upon another",
                "kelmark credential issue --registry staff --schema EJ…SAID --to bob --data a.json --edge badge=EK…SAID"
            ),
            CommandExample(
                "that can't be guessed",
                "kelmark credential issue --registry staff --schema EI…SAID --to bob --data a.json --private"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Option(help: ArgumentHelp("Name or SAID of your registry.", valueName: "name"))
    var registry: String
    @Option(help: ArgumentHelp("SAID of the schema.", valueName: "SAID"))
    var schema: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("For whom; without it the credential is untargeted.", valueName: "name or AID"))
    var to: String?
    @OptionGroup var content: CredentialContentOptions
    @Flag(name: .customLong("private"), help: "Salt the digests, so that nobody can guess what they hide.")
    var isPrivate = false
    @Flag(name: .customLong("compactable"), help: "Digests over the most compact form: parts can be disclosed.")
    var isCompactable = false
    @Option(help: "json, cbor or msgpack.")
    var format = FormatArgument.json
    @Option(help: ArgumentHelp("File for the credential.", valueName: "file"), completion: .file())
    var out: String?
    @Option(help: ArgumentHelp("Which keys sign the seal, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let attributes = try content.attributes()
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let owned = try desk.issuing.registry(registry)
            var draft = CredentialDraft(
                issuer: owned.owner, registry: owned.said, schema: schema.id, content: .attributes(attributes),
                issuee: try to.map { try context.aid($0, in: desk.wallet) }, dated: context.now,
                edges: try content.edgeSection(in: desk), rules: try content.ruleSection())
            if attributes["dt"] != nil { draft.dated = nil }
            if isPrivate {
                draft.nonce = try Self.nonce()
                draft.attributesNonce = try Self.nonce()
            }
            let credential = try CredentialBuilder.credential(
                draft, addressing: isCompactable ? .mostCompact : .asSerialized, format: format.format)
            // What can't be written must fail before anything is sealed.
            if let out, !write.dryRun { try DurableFile.writeOutput(credential.bytes, to: out) }
            let issued = try await desk.issuing.issue(
                credential, dated: context.now, signers: signWith?.numbers, now: context.now)
            var result = try await desk.result(of: issued, what: "credential", publish: publish, in: context)
            result.data["credential"] = .text(credential.said.text)
            result.data["registry"] = .text(owned.said.text)
            result.data["issuee"] = credential.issuee.map { .text($0.text) } ?? .null
            result.text.append("  registry \(owned.name)")
            return result
        }
    }

    private static func nonce() throws -> Primitive {
        try Primitive(code: .salt128, raw: try RandomBytes.generate(count: 16))
    }
}

/// `kelmark credential revoke`.
struct CredentialRevokeCommand: KelmarkCommand {
    static let path = "credential revoke"
    static let configuration = CommandConfiguration.kelmark(
        "revoke", "Ends a credential that you issued, for ever.",
        about: "Without --yes only what would end is shown. Whatever builds upon the credential ends with it.",
        examples: [
            CommandExample("see what would end", "kelmark credential revoke EK…SAID"),
            CommandExample("end it", "kelmark credential revoke EK…SAID --yes"),
            CommandExample("decide but write nothing", "kelmark credential revoke EK…SAID --yes --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @OptionGroup var destructive: DestructiveOptions
    @Argument(help: "SAID of the credential.")
    var said: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("Which keys sign the seal, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard destructive.yes else {
            let desk = try context.readingIssuing()
            guard let credential = try desk.credential(said.id) else {
                throw IssuingError(.unknownCredential, "the credential \(said.id) is not kept here")
            }
            let view = try CredentialPicture(credential, in: desk, names: try context.names(in: desk.wallet))
            context.console.output(context.console.isJSON ? [] : view.text)
            throw CommandFailure(
                "KM-NEEDS-YES", "\(said.id) would end, and whatever builds upon it",
                next: "\(Product.command) credential revoke \(said.id) --yes", data: view.data)
        }
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let event = try await desk.issuing.revoke(
                said.id, dated: context.now, signers: signWith?.numbers, now: context.now)
            var result = try await desk.result(of: event, what: "credential", publish: publish, in: context)
            if !publish.offline {
                await desk.inform(issueeOf: said.id, by: event.event.owner, &result, in: context)
            }
            return result
        }
    }
}
