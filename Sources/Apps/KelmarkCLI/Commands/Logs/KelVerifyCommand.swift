// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark kel verify`.
struct KelVerifyCommand: KelmarkCommand {
    static let path = "kel verify"
    static let configuration = CommandConfiguration.kelmark(
        "verify", "Verifies the logs in a CESR stream, from nothing and without a home folder.",
        about:
            "Prints for each AID its final key state, the order in which events were accepted, and what still waits. "
            + "Exit code 0 when everything was accepted, 1 when something was refused or an AID is duplicitous, 3 when "
            + "something is missing.",
        examples: [
            CommandExample("a log from a file", "kelmark kel verify acme.cesr"),
            CommandExample("the key states for a script", "kelmark kel verify acme.cesr --json"),
            CommandExample(
                "a log from a witness", "curl -s https://witness.example/oobi/EJ…AID | kelmark kel verify -"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Files, or - for standard input; read one behind the other.", completion: .file())
    var files: [String]

    func perform(in context: CommandContext) async throws -> CommandResult {
        var stream: [UInt8] = []
        for file in files {
            stream += try DurableFile.read(file, atMost: context.settings.largestInput - stream.count)
        }
        let source = files.joined(separator: " ")
        guard !stream.isEmpty else { throw CommandFailure("KM-INPUT-EMPTY", "\(source) is empty") }
        let store = MemoryKeyEventStore()
        var messages: [MessageReport] = []
        let processor = EventProcessor(store: store)
        var reader = StreamProcessor(processor, batch: 1024)
        let now = context.now
        try reader.process(stream, now: now) { report in
            messages.append(report)
            if messages.count.isMultiple(of: 10_000) {
                context.console.progress(
                    "\(messages.count) messages, byte \(report.range.upperBound) of \(stream.count)")
            }
        }
        _ = try processor.resume(now: now)
        return try Self.result(messages, store, stream: stream, source: source)
    }

    private static func result(
        _ messages: [MessageReport], _ store: MemoryKeyEventStore, stream: [UInt8], source: String
    ) throws -> CommandResult {
        let shown = StreamView.result(of: messages, stream: stream, source: source, verb: "read")
        let (states, logs, escrows, duplicities) = try store.read { transaction in
            let aids = StreamView.aids(in: messages).filter { transaction.keyState(of: $0) != nil }
            return (
                aids.compactMap { transaction.keyState(of: $0) },
                aids.map { transaction.records(of: $0, from: 0, limit: 10_000_000) },
                transaction.escrows(reason: nil, aid: nil, limit: 1_000_000), transaction.duplicities(of: nil)
            )
        }
        var stateData = OrderedMap()
        var logData = OrderedMap()
        var text = shown.text
        for (state, log) in zip(states, logs) {
            stateData[state.aid.text] = .map(state.record)
            logData[state.aid.text] = .list(
                log.map {
                    [
                        "fn": OrderedValue($0.ordinal), "s": .text($0.sn.hex), "t": .text($0.kind.rawValue),
                        "d": .text($0.said.text),
                    ]
                })
            text += IdentifierView.text(of: state, name: nil)
        }
        var data = shown.data
        data["states"] = .map(stateData)
        data["log"] = .map(logData)
        data["escrows"] = .map(escrowData(escrows))
        let wallet = Wallet(store: store, vault: nil, book: MemoryWalletBook())
        let view = WaitingView(names: [:])
        data["waiting"] = .list(try WaitingList(wallet: wallet).items().map { .map(view.data(of: $0)) })
        data["duplicity"] = .list(
            duplicities.map {
                [
                    "i": .text($0.aid.text), "s": .text($0.sn.hex), "accepted": .text($0.accepted.text),
                    "other": .text($0.other.text), "evidence": .text(Base64URL.encodedString($0.message.span)),
                ]
            })
        for entry in escrows {
            text.append("  waiting: event \(entry.key.sn) of \(entry.key.aid): \(printable(entry.missing))")
        }
        return CommandResult(data: data, text: text, concern: concern(shown.concern, escrows, duplicities))
    }

    /// Duplicity first, then what was refused, then what was cut off or still waits.
    private static func concern(
        _ shown: CommandFailure?, _ escrows: [EscrowEntry], _ duplicities: [DuplicityRecord]
    ) -> CommandFailure? {
        if let record = duplicities.first {
            return CommandFailure(
                "KM-AID-DUPLICITY", "the controller of \(record.aid) signed two events for position \(record.sn)")
        }
        if let shown, shown.status != .waiting { return shown }
        if let entry = escrows.first(where: { $0.key.reason != .likelyDuplicitous }) ?? escrows.first {
            let what = "event \(entry.key.sn) of \(entry.key.aid)"
            if entry.key.reason == .likelyDuplicitous {
                return CommandFailure("KM-AID-LOGS-DIFFER", "\(what) stands at a place that another event has")
            }
            return CommandFailure(
                "KM-VERDICT-UNDECIDABLE", "\(what) waits for \(entry.missing)",
                next: "\(Product.command) explain \(ErrorTranslation.code(for: entry.key.reason))")
        }
        return nil
    }

    private static func escrowData(_ entries: [EscrowEntry]) -> OrderedMap {
        var data = OrderedMap()
        for entry in entries {
            var names = data[entry.key.aid.text]?.listValue?.compactMap(\.textValue) ?? []
            if !names.contains(entry.key.reason.rawValue) { names.append(entry.key.reason.rawValue) }
            data[entry.key.aid.text] = .list(names.sorted().map { .text($0) })
        }
        return data
    }
}
