// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// `kelmark credential`.
struct CredentialCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "credential", "Issues, revokes, exchanges and verifies credentials (ACDC).",
        examples: [
            CommandExample(
                "issue one", "kelmark credential issue --registry staff --schema EI…SAID --to bob --set role=guest"),
            CommandExample("hand it over", "kelmark credential grant EK…SAID"),
            CommandExample("does it hold?", "kelmark credential verify EK…SAID"),
        ],
        subcommands: [
            CredentialIssueCommand.self, CredentialRevokeCommand.self, CredentialListCommand.self,
            CredentialShowCommand.self, CredentialVerifyCommand.self, CredentialExportCommand.self,
            CredentialImportCommand.self, CredentialRefreshCommand.self, CredentialApplyCommand.self,
            CredentialOfferCommand.self,
            CredentialAgreeCommand.self, CredentialGrantCommand.self, CredentialAdmitCommand.self,
            CredentialSpurnCommand.self, CredentialExchangesCommand.self,
        ])
}

/// `kelmark credential list`.
struct CredentialListCommand: KelmarkCommand {
    static let path = "credential list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows the credentials that are kept here.",
        examples: [
            CommandExample("all", "kelmark credential list"),
            CommandExample("those that your AIDs issued", "kelmark credential list --issued"),
            CommandExample("those issued to your AIDs", "kelmark credential list --held --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Those that your AIDs issued.")
    var issued = false
    @Flag(help: "Those issued to your AIDs.")
    var held = false
    @Option(help: ArgumentHelp("Those of one schema.", valueName: "SAID"))
    var schema: IdentifierArgument<SAID>?
    @Option(help: ArgumentHelp("Those of one issuer.", valueName: "name or AID"))
    var issuer: String?
    @Option(help: ArgumentHelp("Those issued to one AID.", valueName: "name or AID"))
    var issuee: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let desk = try context.readingIssuing()
        let own = Set(try desk.wallet.identifiers().map(\.aid))
        let names = try context.names(in: desk.wallet)
        let filter = CredentialFilter(
            issuer: try issuer.map { try context.aid($0, in: desk.wallet) },
            issuee: try issuee.map { try context.aid($0, in: desk.wallet) }, schema: schema?.id)
        let pictures = try desk.credentials(filter)
            .filter { !issued || own.contains($0.issuer) }
            .filter { credential in !held || (credential.issuee.map(own.contains) ?? false) }
            .map { try CredentialPicture($0, in: desk, names: names) }
        return CommandResult(
            data: ["credentials": .list(pictures.map { .map($0.data) })],
            text: pictures.isEmpty ? ["no credentials"] : pictures.map(\.line))
    }
}

/// `kelmark credential show`.
struct CredentialShowCommand: KelmarkCommand {
    static let path = "credential show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows a credential and what its registry says.",
        examples: [
            CommandExample("one", "kelmark credential show EK…SAID"),
            CommandExample("the body as it was issued", "kelmark credential show EK…SAID --json"),
            CommandExample("does it hold now?", "kelmark credential verify EK…SAID"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "SAID of the credential.")
    var said: IdentifierArgument<SAID>

    func perform(in context: CommandContext) async throws -> CommandResult {
        let desk = try context.readingIssuing()
        guard let credential = try desk.credential(said.id) else {
            throw IssuingError(.unknownCredential, "the credential \(said.id) is not kept here")
        }
        let picture = try CredentialPicture(credential, in: desk, names: try context.names(in: desk.wallet))
        var data = picture.data
        data["credential"] = picture.document
        return CommandResult(data: data, text: picture.text)
    }
}

/// `kelmark credential export`.
struct CredentialExportCommand: KelmarkCommand {
    static let path = "credential export"
    static let configuration = CommandConfiguration.kelmark(
        "export", "Writes a credential with its whole proof: logs, registries, and what it builds upon.",
        about:
            "The stream is what keripy's kli vc export --full writes; whoever has it needs only the schemas besides.",
        examples: [
            CommandExample("into a file", "kelmark credential export EK…SAID --out badge.cesr"),
            CommandExample("take it in elsewhere", "kelmark credential import badge.cesr"),
            CommandExample("for a script", "kelmark credential export EK…SAID --out badge.cesr --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "SAID of the credential.")
    var said: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("File for the stream.", valueName: "file"), completion: .file())
    var out: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let desk = try context.readingIssuing()
        guard try desk.credential(said.id) != nil else {
            throw IssuingError(.unknownCredential, "the credential \(said.id) is not kept here")
        }
        let stream = try desk.store.read(credentials: { try CredentialExport.stream(of: said.id, in: $0) })
        try DurableFile.writeOutput(stream, to: out)
        return CommandResult(
            data: ["said": .text(said.id.text), "file": .text(out), "bytes": OrderedValue(stream.count)],
            text: ["wrote \(out), \(stream.count) bytes"])
    }
}
