// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// `kelmark kel show`.
struct KelShowCommand: KelmarkCommand {
    static let path = "kel show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Prints the events of a log in the order in which they were first seen.",
        examples: [
            CommandExample("all events of an AID", "kelmark kel show acme"),
            CommandExample("from the tenth on", "kelmark kel show acme --from 10"),
            CommandExample("with bodies", "kelmark kel show acme --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or AID.", completion: NameCompletion.kind)
    var name: String
    @Option(help: ArgumentHelp("First-seen ordinal of the first event.", valueName: "number"))
    var from: UInt64 = 0
    @Option(help: ArgumentHelp("Most events to print.", valueName: "count"))
    var limit = 1000

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit takes 1 to 100000.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let wallet = try context.readingWallet()
        let aid = try context.aid(name, in: wallet)
        guard let state = try wallet.keyState(of: aid) else {
            throw CommandFailure("KM-AID-UNKNOWN", "no event of \(name) was accepted")
        }
        let records = try wallet.store.read { try $0.records(of: aid, from: from, limit: limit) }
        var text = ["\(aid.text)  \(state.firstSeenOrdinal + 1) events"]
        for record in records {
            let trunk = try wallet.store.read {
                try $0.record(of: aid, at: record.sn)?.said == record.said && record.sn <= state.sn
            }
            var notes = ["\(record.proof.controllerSignatures.count) sig"]
            if !record.proof.witnessSignatures.isEmpty {
                notes.append("\(record.proof.witnessSignatures.count) receipts")
            }
            if let source = record.proof.sealSource { notes.append("sealed at \(source.sn)") }
            if !record.seals.isEmpty { notes.append("\(record.seals.count) anchors") }
            if !trunk { notes.append("superseded") }
            text.append(
                "  \(record.ordinal)  \(record.kind.rawValue)  at \(record.sn.hex)  \(record.said.text)  "
                    + notes.joined(separator: ", "))
        }
        return CommandResult(
            data: [
                "aid": .text(aid.text), "state": .map(state.record),
                "log": .list(records.map { .map(Self.data(of: $0)) }),
            ],
            text: text)
    }

    private static func data(of record: EventRecord) -> OrderedMap {
        var data: OrderedMap = [
            "fn": OrderedValue(record.ordinal), "s": .text(record.sn.hex), "t": .text(record.kind.rawValue),
            "d": .text(record.said.text), "dt": .text(record.seenAt.description),
            "signatures": .list(record.proof.controllerSignatures.map { .text($0.text) }),
            "receipts": .list(record.proof.witnessSignatures.map { .text($0.text) }),
        ]
        if let source = record.proof.sealSource {
            data["sealedBy"] = ["s": .text(source.sn.hex), "d": .text(source.said.text)]
        }
        if let body = try? OrderedValue(parsing: record.bytes.span, format: record.format) { data["event"] = body }
        return data
    }
}
