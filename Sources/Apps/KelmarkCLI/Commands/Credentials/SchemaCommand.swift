// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark schema`.
struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "schema", "The schemas of credentials, each named by its own digest.",
        examples: [
            CommandExample(
                "write the digests into a draft", "kelmark schema address badge.draft.json --out badge.json"),
            CommandExample("know a schema", "kelmark schema add badge.json"),
            CommandExample("fetch one", "kelmark schema resolve http://127.0.0.1:7723/oobi/EI…SAID"),
        ],
        subcommands: [
            SchemaAddCommand.self, SchemaResolveCommand.self, SchemaListCommand.self, SchemaShowCommand.self,
            SchemaLintCommand.self, SchemaAddressCommand.self,
        ])
}

extension CommandContext {
    /// A document of at most a megabyte, from a file.
    func schemaFile(_ path: String) throws -> [UInt8] { try DurableFile.read(path, atMost: 1 << 20) }

    /// Keeps a schema and goes on with the credentials that wait for it.
    func learn(_ schema: CredentialSchema, at desk: IssuingDesk) throws -> CommandResult {
        try desk.learn(schema, now: now)
        return CommandResult(data: SchemaView.data(of: schema), text: SchemaView.text(of: schema))
    }
}

/// A schema as data and as text.
enum SchemaView {
    static func data(of schema: CredentialSchema) -> OrderedMap {
        [
            "said": .text(schema.said.text), "title": schema.title.map { .text($0) } ?? .null,
            "credentialType": schema.credentialType.map { .text($0) } ?? .null,
            "version": schema.version.map { .text($0) } ?? .null, "bytes": OrderedValue(schema.bytes.count),
            "references": .list(schema.references.sorted().map { .text($0.text) }),
        ]
    }

    static func line(of schema: CredentialSchema) -> String {
        "\(schema.said)  \(printable(schema.title ?? schema.credentialType ?? "untitled"))"
            + (schema.version.map { "  \(printable($0))" } ?? "")
    }

    static func text(of schema: CredentialSchema) -> [String] {
        var lines = [line(of: schema)]
        if let summary = schema.summary { lines.append("  \(printable(summary))") }
        if let type = schema.credentialType { lines.append("  type       \(printable(type))") }
        lines.append("  bytes      \(schema.bytes.count)")
        for reference in schema.references.sorted() { lines.append("  refers to  \(reference)") }
        return lines
    }
}

/// `kelmark schema add`.
struct SchemaAddCommand: KelmarkCommand {
    static let path = "schema add"
    static let configuration = CommandConfiguration.kelmark(
        "add", "Keeps a schema, so that credentials of it can be issued and verified.",
        about:
            "Its member $id must be the digest of the whole; any spelling of the JSON is read and kept in the one that "
            + "the digest is over.",
        examples: [
            CommandExample("from a file", "kelmark schema add badge.json"),
            CommandExample("make the digests first", "kelmark schema address badge.draft.json --out badge.json"),
            CommandExample("for a script", "kelmark schema add badge.json --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The schema.", valueName: "file"), completion: .file())
    var file: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let schema = try CredentialSchema(interoperable: try context.schemaFile(file))
        return try await context.issuing(keys: false) { try context.learn(schema, at: $0) }
    }
}

/// `kelmark schema resolve`.
struct SchemaResolveCommand: KelmarkCommand {
    static let path = "schema resolve"
    static let configuration = CommandConfiguration.kelmark(
        "resolve", "Fetches a schema by an introduction, and keeps it.",
        about: "Nobody need trust the host: what comes must have the digest that the URL names.",
        examples: [
            CommandExample("from a schema server", "kelmark schema resolve http://127.0.0.1:7723/oobi/EI…SAID"),
            CommandExample("which one is missing?", "kelmark waiting"),
            CommandExample("for a script", "kelmark schema resolve http://127.0.0.1:7723/oobi/EI…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The introduction.", valueName: "URL"))
    var url: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard let oobi = OOBI(url) else {
            throw CommandFailure("KM-OOBI-MALFORMED", "\(printable(String(url.prefix(200)))) is no introduction")
        }
        return try await context.issuing(keys: false) { desk in
            try await context.reachingPeers { transport in
                let introducer = Introducer(desk.wallet, transport: transport, clock: SystemClock())
                guard case .data(let said, let bytes) = try await introducer.discover(oobi) else {
                    throw IntroductionError(.notALog, "\(oobi.url) introduces an AID, not a schema")
                }
                return try context.learn(try CredentialSchema(parsing: bytes, expecting: said), at: desk)
            }
        }
    }
}

/// `kelmark schema list`.
struct SchemaListCommand: KelmarkCommand {
    static let path = "schema list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows the schemas that you keep.",
        examples: [
            CommandExample("all", "kelmark schema list"),
            CommandExample("one of them whole", "kelmark schema show EI…SAID"),
            CommandExample("for a script", "kelmark schema list --json"),
        ])

    @OptionGroup var global: GlobalOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let schemas = try context.readingIssuing().schemas()
        return CommandResult(
            data: ["schemas": .list(schemas.map { .map(SchemaView.data(of: $0)) })],
            text: schemas.isEmpty ? ["no schemas"] : schemas.map(SchemaView.line))
    }
}

/// `kelmark schema show`.
struct SchemaShowCommand: KelmarkCommand {
    static let path = "schema show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Prints a schema as it is kept: the bytes that its digest is over.",
        examples: [
            CommandExample("on the screen", "kelmark schema show EI…SAID"),
            CommandExample("into a file, to give to others", "kelmark schema show EI…SAID --quiet > badge.json"),
            CommandExample("for a script", "kelmark schema show EI…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "SAID of the schema.")
    var said: IdentifierArgument<SAID>

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard let schema = try context.readingIssuing().schema(said.id) else {
            throw IssuingError(.unknownSchema, "no schema \(said.id) is kept here")
        }
        var data = SchemaView.data(of: schema)
        data["schema"] = (try? OrderedValue(parsing: schema.bytes.span, format: .json)) ?? .null
        return CommandResult(data: data, text: [String(decoding: schema.bytes, as: UTF8.self)])
    }
}

/// `kelmark schema lint`.
struct SchemaLintCommand: KelmarkCommand {
    static let path = "schema lint"
    static let configuration = CommandConfiguration.kelmark(
        "lint", "Tells what an author should know about a schema before it is published.",
        about: "A schema can't be changed once credentials name it by its digest.",
        examples: [
            CommandExample("a schema", "kelmark schema lint badge.json"),
            CommandExample(
                "write the digests of a draft first", "kelmark schema address badge.draft.json --out badge.json"),
            CommandExample("for a script", "kelmark schema lint badge.json --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The schema.", valueName: "file"), completion: .file())
    var file: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let schema = try CredentialSchema(interoperable: try context.schemaFile(file))
        let findings = SchemaLint.findings(in: schema.bytes)
        var data = SchemaView.data(of: schema)
        data["findings"] = .list(
            findings.map { ["place": .text($0.place), "code": .text($0.code.rawValue), "detail": .text($0.words)] })
        return CommandResult(
            data: data,
            text: SchemaView.text(of: schema)
                + (findings.isEmpty
                    ? ["  nothing to say"]
                    : findings.map {
                        "  \(printable($0.place.isEmpty ? "/" : $0.place))  \($0.code.rawValue): \(printable($0.words))"
                    }))
    }
}

/// `kelmark schema address`.
struct SchemaAddressCommand: KelmarkCommand {
    static let path = "schema address"
    static let configuration = CommandConfiguration.kelmark(
        "address", "Writes the digests into a draft schema, from the inside out.",
        about: "Blocks of sections with a member $id get theirs first, then the whole.",
        examples: [
            CommandExample("into a file", "kelmark schema address badge.draft.json --out badge.json"),
            CommandExample("then keep it", "kelmark schema add badge.json"),
            CommandExample("for a script", "kelmark schema address badge.draft.json --out badge.json --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The draft.", valueName: "file"), completion: .file())
    var draft: String
    @Option(help: ArgumentHelp("File for the schema.", valueName: "file"), completion: .file())
    var out: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard let document = try CredentialContentOptions.read(draft).mapValue else {
            throw CommandFailure("KM-USAGE", "\(draft) holds no JSON map")
        }
        let bytes = try SchemaAddressing.address(document)
        let schema = try CredentialSchema(parsing: bytes)
        try DurableFile.writeOutput(bytes, to: out)
        var data = SchemaView.data(of: schema)
        data["file"] = .text(out)
        return CommandResult(
            data: data, text: SchemaView.text(of: schema) + ["  written to \(out)"],
            hints: ["\(Product.command) schema add \(out)"])
    }
}
