// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark kel diff`.
struct KelDiffCommand: KelmarkCommand {
    static let path = "kel diff"
    static let configuration = CommandConfiguration.kelmark(
        "diff", "Compares two copies of logs, event by event.",
        about:
            "Each side is a file, or a name or AID of the home folder. Both are verified first. Exit code 0 when they "
            + "agree, 3 when one is behind, 1 when they disagree.",
        examples: [
            CommandExample("two files", "kelmark kel diff acme.cesr from-witness.cesr"),
            CommandExample("what you hold against a file", "kelmark kel diff acme from-witness.cesr"),
            CommandExample("for a script", "kelmark kel diff a.cesr b.cesr --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "File, name or AID.", completion: .file())
    var first: String
    @Argument(help: "File, name or AID.", completion: .file())
    var second: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let left = try trunks(of: first, in: context)
        let right = try trunks(of: second, in: context)
        var rows: [OrderedValue] = []
        var text: [String] = []
        var worst: CommandFailure?
        for aid in left.order + right.order.filter({ left.logs[$0] == nil }) {
            let one = left.logs[aid] ?? []
            let other = right.logs[aid] ?? []
            var row: OrderedMap = [
                "aid": .text(aid.text), "first": OrderedValue(one.count), "second": OrderedValue(other.count),
            ]
            if let place = zip(one, other).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
                row["relation"] = "differ"
                row["s"] = .text(String(place, radix: 16))
                row["firstEvent"] = .text(one[place].text)
                row["secondEvent"] = .text(other[place].text)
                text.append("\(aid): differ at \(String(place, radix: 16)): \(one[place]) and \(other[place])")
                worst = CommandFailure(
                    "KM-AID-LOGS-DIFFER", "the logs of \(aid) differ at \(String(place, radix: 16))")
            } else if one.count == other.count {
                row["relation"] = "equal"
                text.append("\(aid): equal, \(one.count) events")
            } else {
                let behind = one.count < other.count ? first : second
                row["relation"] = .text(one.count < other.count ? "first-behind" : "second-behind")
                text.append("\(aid): \(behind) is behind by \(abs(one.count - other.count)) events")
                worst =
                    worst
                    ?? CommandFailure(
                        "KM-VERDICT-UNDECIDABLE",
                        "\(behind) is behind by \(abs(one.count - other.count)) events of \(aid)",
                        next: "\(Product.command) id import \(behind == first ? second : first)")
            }
            rows.append(.map(row))
        }
        return CommandResult(data: ["logs": .list(rows)], text: text, concern: worst)
    }

    /// The digests of each log's events by position, and the AIDs in order of appearance.
    private func trunks(
        of side: String, in context: CommandContext
    ) throws -> (order: [AID], logs: [AID: [SAID]]) {
        let bytes: [UInt8]
        if let wallet = try? context.readingWallet(), let aid = try? context.aid(side, in: wallet) {
            bytes = try wallet.export(aid, withWaiting: false)
        } else {
            bytes = try DurableFile.read(side, atMost: context.settings.largestInput)
        }
        let store = MemoryKeyEventStore()
        var reader = StreamProcessor(EventProcessor(store: store), batch: 1024)
        var messages: [MessageReport] = []
        var concern: CommandFailure?
        try reader.process(bytes, now: context.now) { report in
            messages.append(report)
            switch report.result {
            case .decided(_, _, .rejected(let reason)):
                concern = concern ?? ErrorTranslation.failure(for: reason, of: "an event in \(side)")
            case .unreadable, .fault:
                concern =
                    concern
                    ?? CommandFailure(
                        "KM-INPUT-MALFORMED", "\(side) can't be read from byte \(report.range.lowerBound) on",
                        next: "\(Product.command) inspect \(side)")
            case .decided: break
            }
        }
        _ = try EventProcessor(store: store).resume(now: context.now)
        if let concern { throw concern }
        let waiting = try store.read { $0.escrows(reason: nil, aid: nil, limit: 1) }
        if let entry = waiting.first {
            throw CommandFailure(
                "KM-INPUT-MALFORMED",
                "an event in \(side) does not stand in its log: \(entry.key.reason.rawValue), it misses "
                    + "\(entry.missing)",
                next: "\(Product.command) kel verify \(side)")
        }
        let (order, trunks) = try store.read { transaction in
            var trunks: [AID: [SAID]] = [:]
            let order = StreamView.aids(in: messages).filter { transaction.keyState(of: $0) != nil }
            for aid in order {
                guard let state = transaction.keyState(of: aid) else { continue }
                var position: SequenceNumber? = .zero
                var saids: [SAID] = []
                while let sn = position, sn <= state.sn, let record = transaction.record(of: aid, at: sn) {
                    saids.append(record.said)
                    position = sn.next
                }
                trunks[aid] = saids
            }
            return (order, trunks)
        }
        guard !order.isEmpty else {
            throw CommandFailure("KM-INPUT-MALFORMED", "\(side) holds no log that could be verified")
        }
        return (order, trunks)
    }
}
