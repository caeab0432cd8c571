// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// `kelmark id did`.
struct IdDidCommand: KelmarkCommand {
    static let path = "id did"
    static let configuration = CommandConfiguration.kelmark(
        "did", "Makes the DID document of an AID, or resolves a DID.",
        about: "did:keri is derived from the log that is here. did:webs is published as two files, did.json and "
            + "keri.cesr, below a folder of a web server; who resolves it derives the document from the log again.",
        examples: [
            CommandExample("the document of an AID", "kelmark id did acme"),
            CommandExample(
                "files for a web server", "kelmark id did acme --webs acme.example --path dids --out public"),
            CommandExample("resolve somebody's", "kelmark id did did:webs:acme.example:dids:EI…AID"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name, AID, or DID.", completion: NameCompletion.kind)
    var subject: String
    @Option(help: ArgumentHelp("The web server of a did:webs.", valueName: "host[:port]"))
    var webs: String?
    @Option(help: ArgumentHelp("Its folder, parts joined by /.", valueName: "path"))
    var path: String?
    @Option(help: ArgumentHelp("Folder to write the two files to.", valueName: "folder"), completion: .directory)
    var out: String?
    @Flag(help: "Also ask servers at private addresses, by plain HTTP; for tests on one machine.")
    var insecure = false

    func validate() throws {
        if webs == nil, path != nil || out != nil { throw ValidationError("--path and --out need --webs.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        if subject.hasPrefix("did:") { return try await resolve(in: context) }
        let wallet = try context.readingWallet()
        let aid = try context.aid(subject, in: wallet)
        guard let state = try wallet.keyState(of: aid) else {
            throw CommandFailure("KM-AID-UNKNOWN", "nothing is known of \(subject)")
        }
        guard let webs else {
            let services = try wallet.store.read { try DIDDocument.services(of: state, in: $0) }
            return try Self.result(try DIDDocument(.keri(aid), state: state, services: services))
        }
        let name = try websIdentifier(webs, aid)
        let publication = try DIDPublication(name, from: wallet.store)
        var result = try Self.result(publication.document)
        if let out {
            let folder = "\(out)/\(aid)"
            for one in [out, folder] where mkdir(one, 0o755) != 0 && errno != EEXIST {
                throw CommandFailure("KM-INPUT-UNWRITABLE", "\(one) can't be made: \(systemMessage(errno))")
            }
            try DurableFile.writeOutput(publication.didJSON, to: folder + "/did.json")
            try DurableFile.writeOutput(publication.keriCESR, to: folder + "/keri.cesr")
            result.data["files"] = [.text(folder + "/did.json"), .text(folder + "/keri.cesr")]
            result.text += ["wrote \(folder)/did.json and keri.cesr"]
        }
        return result
    }

    private func websIdentifier(_ webs: String, _ aid: AID) throws -> WebsIdentifier {
        let parts = webs.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let port = parts.count == 2 ? UInt16(parts[1]) : nil
        let folders = (path ?? "").split(separator: "/").map(String.init)
        guard parts.count <= 2, parts.count == 1 || port != nil,
            let name = WebsIdentifier(host: parts[0], port: port, path: folders, aid: aid)
        else { throw CommandFailure("KM-USAGE", "\(printable(webs)) names no web server") }
        return name
    }

    private func resolve(in context: CommandContext) async throws -> CommandResult {
        guard let did = DecentralizedIdentifier(subject) else {
            throw CommandFailure("KM-USAGE", "\(printable(subject)) is no did:keri or did:webs")
        }
        let wallet: HomeWallet? = context.home.isInitialised ? try context.readingWallet() : nil
        let state = try wallet?.keyState(of: did.aid)
        switch did {
        case .keri:
            guard let wallet, let state else {
                throw CommandFailure(
                    "KM-AID-UNKNOWN", "the log of \(did.aid) is not here", next: "\(Product.command) oobi resolve URL")
            }
            let services = try wallet.store.read { try DIDDocument.services(of: state, in: $0) }
            return try Self.result(try DIDDocument(did, state: state, services: services))
        case .webs(let name):
            let known = state.map { EventSeal(aid: $0.aid, sn: $0.sn, said: $0.said) }
            return try await context.reachingPeers { transport in
                let resolver = WebsResolver(
                    transport: transport, clock: SystemClock(), scheme: insecure ? .http : .https,
                    allowsPrivateAddresses: insecure)
                return try Self.result(await resolver.resolve(name, known: known))
            }
        }
    }

    private static func result(_ document: DIDDocument) throws -> CommandResult {
        CommandResult(
            data: [
                "did": .text(document.did.description), "document": .map(document.content),
                "metadata": .map(document.metadata),
            ], text: [String(decoding: try document.json, as: UTF8.self)])
    }
}
