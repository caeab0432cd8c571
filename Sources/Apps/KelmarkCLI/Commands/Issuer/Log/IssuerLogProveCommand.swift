// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Issuer
internal import KelmarkBytes
internal import StorageSQLite
internal import Transparency

/// `kelmark issuer log prove`.
struct IssuerLogProveCommand: KelmarkCommand {
    static let path = "issuer log prove"
    static let configuration = CommandConfiguration.kelmark(
        "prove", "Proves that an SVID stands in an issuer's log, or that the log only grew.",
        about:
            "The proof is one JSON object; log verify checks it anywhere. It is for whoever has the SVID, whose digest is in "
            + "the leaf: names in leaves are hashed with keys that the issuer keeps, and it says nothing about other leaves. A "
            + "serial number or jti is looked for in the whole log; the number of a leaf is found at once.",
        examples: [
            CommandExample(
                "by serial number",
                "kelmark issuer log prove 3f9a0c2277e14b6d8a5501f2c4de9b70 --trust-domain acme.example --out web.proof"),
            CommandExample("by the number of the leaf", "kelmark issuer log prove 4 --trust-domain acme.example"),
            CommandExample(
                "that it only grew since it had 100 leaves",
                "kelmark issuer log prove --since 100 --trust-domain acme.example --out growth.proof"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var log: IssuerLogOptions
    @Argument(
        help: ArgumentHelp(
            "Serial number of a certificate in hex, jti of a token, or number of a leaf from 0.", valueName: "leaf"))
    var leaf: String?
    @Option(help: ArgumentHelp("How many leaves the log had earlier.", valueName: "size"))
    var since: UInt64?
    @Option(
        help: ArgumentHelp("File for the proof; standard output unless given.", valueName: "file"), completion: .file())
    var out: String?

    func validate() throws {
        guard (leaf == nil) != (since == nil) else {
            throw ValidationError("Name a leaf, or say --since.")
        }
        guard since != 0 else { throw ValidationError("Every log begins with nothing: --since is 1 or more.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let store = try log.store(in: context)
        let proof: LogProof
        if let since {
            guard let growth = try await store.consistencyProof(from: since) else {
                let size = try await store.root().size
                throw CommandFailure(
                    ErrorArea.issuer.code("log-contradicted"), "the log has \(size) leaves: it can't have had \(since)")
            }
            proof = .growth(growth)
        } else {
            proof = LogProof(try await proven(leaf ?? "", in: store))
        }
        let members = proof.members
        let bytes: [UInt8]
        do {
            bytes = try members.encoded(as: .json)
        } catch {
            throw CommandFailure("KM-INTERNAL", "the proof can't be written")
        }
        var data: OrderedMap = ["proof": .map(members)]
        guard let out else { return CommandResult(data: data, text: [String(decoding: bytes, as: UTF8.self)]) }
        try DurableFile.writeOutput(bytes + [0x0A], to: out)
        data["file"] = .text(out)
        return CommandResult(data: data, text: ["wrote \(out)", "  root  \(proof.knownRoot.noted)"])
    }

    private func proven(_ text: String, in store: SQLiteIssuerStore) async throws -> ProvenIssuance {
        for index in try await Self.places(text, in: store) {
            if let proven = try await store.inclusionProof(of: index) { return proven }
        }
        throw CommandFailure(ErrorArea.issuer.code("not-logged"), "the log has no leaf \(text)")
    }

    /// A number of at most 19 digits is that of a leaf: serial numbers and `jti` are longer.
    private static func places(_ text: String, in store: SQLiteIssuerStore) async throws -> [UInt64] {
        if text.utf8.count <= 19, let index = UInt64(text) { return [index] }
        let found = try await store.leaves(named: text)
        guard found.isEmpty else { return found }
        // As other programs print serial numbers: capitals, colons, a leading zero byte.
        var digits = text.lowercased().filter { $0 != ":" }
        while digits.hasPrefix("00") { digits.removeFirst(2) }
        if digits.utf8.count % 2 == 1 { digits = "0" + digits }
        return digits == text ? [] : try await store.leaves(named: digits)
    }
}
