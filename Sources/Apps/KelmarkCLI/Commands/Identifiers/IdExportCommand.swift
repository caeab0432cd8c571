// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto

/// `kelmark id export`.
struct IdExportCommand: KelmarkCommand {
    static let path = "id export"
    static let configuration = CommandConfiguration.kelmark(
        "export", "Writes the log of an AID as a CESR stream.",
        about: "Every accepted event in first-seen order with its signatures and receipts, behind the logs of its "
            + "delegators, then an event of yours that waits. No secret is in it.",
        examples: [
            CommandExample("into a file", "kelmark id export acme --out acme.cesr"),
            CommandExample("to another program", "kelmark id export acme | kelmark inspect -"),
            CommandExample("without the delegators", "kelmark id export issuer --no-delegators --out issuer.cesr"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or AID.", completion: NameCompletion.kind)
    var name: String
    @Option(help: ArgumentHelp("File to write; standard output unless given.", valueName: "file"), completion: .file())
    var out: String?
    @Flag(help: "Leave the logs of the delegators out.")
    var noDelegators = false
    @Flag(help: "Leave an event that waits out.")
    var acceptedOnly = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        let wallet = try context.readingWallet()
        let aid = try context.aid(name, in: wallet)
        let stream = try wallet.export(aid, withDelegators: !noDelegators, withWaiting: !acceptedOnly)
        var data: OrderedMap = [
            "aid": .text(aid.text), "bytes": OrderedValue(stream.count),
            "sha256": .text(hexadecimal(DigestAlgorithm.sha2_256.digest(stream.span))),
        ]
        if let out {
            try DurableFile.writeOutput(stream, to: out)
            data["file"] = .text(out)
            return CommandResult(data: data, text: ["wrote \(stream.count) bytes to \(out)"])
        }
        if context.console.isJSON {
            data["base64url"] = .text(Base64URL.encodedString(stream.span))
        } else if !context.console.output(bytes: stream) {
            throw CommandFailure("KM-INPUT-UNWRITABLE", "standard output takes no more: \(systemMessage())")
        }
        return CommandResult(data: data)
    }
}

/// Lower-case hexadecimal, two digits a byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }.joined()
}

/// `kelmark id import`.
struct IdImportCommand: KelmarkCommand {
    static let path = "id import"
    static let configuration = CommandConfiguration.kelmark(
        "import", "Takes in a CESR stream: logs, receipts and replies of others.",
        about:
            "Every message is verified; what can't be decided yet waits. Events of your own AIDs are never taken from "
            + "outside.",
        examples: [
            CommandExample("a partner's log", "kelmark id import partner.cesr"),
            CommandExample("from another program", "curl -s https://witness.example/oobi/EJ…AID | kelmark id import -"),
            CommandExample("see what would become of it", "kelmark id import partner.cesr --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @Argument(help: "File, or - for standard input.", completion: .file())
    var file: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let stream = try DurableFile.read(file, atMost: context.settings.largestInput)
        guard !stream.isEmpty else { throw CommandFailure("KM-INPUT-EMPTY", "\(file) is empty") }
        if write.dryRun {
            let wallet = try context.readingWallet()
            let copy = Wallet(store: try MemoryCopy.of(wallet.store), vault: nil, book: wallet.book)
            let report = try copy.ingestWithoutBook(stream, now: context.now)
            return StreamView.result(of: report.messages, stream: stream, source: file, verb: "would take in")
        }
        return try await context.changing(keys: false) { wallet in
            let report = try wallet.ingest(stream, now: context.now)
            var result = StreamView.result(of: report.messages, stream: stream, source: file, verb: "took in")
            let left = report.resumed.compactMap { resumed -> OrderedValue? in
                guard let outcome = resumed.outcome, outcome.isInLog else { return nil }
                return [
                    "i": .text(resumed.key.aid.text), "s": .text(resumed.key.sn.hex), "d": .text(resumed.key.said.text),
                    "waitedFor": .text(resumed.key.reason.rawValue),
                ]
            }
            result.data["settled"] = .list(left)
            if !left.isEmpty { result.text.append("  \(left.count) waiting events could be decided now") }
            return result
        }
    }
}
