// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

/// What became of the messages of a stream, as data and as text.
enum StreamView {
    /// The report of a whole stream with the gravest concern: a refusal, then something cut off, then waiting.
    static func result(
        of messages: [MessageReport], stream: [UInt8], source: String, verb: String
    ) -> CommandResult {
        var rows: [OrderedValue] = []
        var counts: [String: Int] = [:]
        var refused: CommandFailure?
        var cut: CommandFailure?
        var waiting: CommandFailure?
        for message in messages {
            let (row, outcome, failure) = describe(message)
            rows.append(.map(row))
            counts[outcome, default: 0] += 1
            guard let failure else { continue }
            switch failure.status {
            case .undecidable: cut = cut ?? failure
            case .waiting: waiting = waiting ?? failure
            default: refused = refused ?? failure
            }
        }
        let order = ["accepted", "known", "verified", "waiting", "refused", "unreadable"]
        let summary = order.compactMap { key in counts[key].map { "\($0) \(key)" } }.joined(separator: ", ")
        var data: OrderedMap = ["source": .text(source), "bytes": OrderedValue(stream.count), "messages": .list(rows)]
        var tally = OrderedMap()
        for key in order { tally[key] = OrderedValue(counts[key] ?? 0) }
        data["counts"] = .map(tally)
        if messages.isEmpty {
            refused = CommandFailure("KM-INPUT-MALFORMED", "\(source) holds no KERI message")
        }
        return CommandResult(
            data: data, text: ["\(verb) \(source): \(summary.isEmpty ? "nothing" : summary)"],
            concern: refused ?? cut ?? waiting)
    }

    /// The AIDs that the messages speak of, in order of first appearance.
    static func aids(in messages: [MessageReport]) -> [AID] {
        var seen: Set<AID> = []
        return messages.compactMap { message in
            guard case .decided(_, let subject?, _) = message.result, seen.insert(subject.aid).inserted else {
                return nil
            }
            return subject.aid
        }
    }

    private static func describe(_ message: MessageReport) -> (OrderedMap, String, CommandFailure?) {
        var row: OrderedMap = [
            "offset": OrderedValue(message.range.lowerBound), "bytes": OrderedValue(message.range.count),
        ]
        switch message.result {
        case .decided(let kind, let subject, let outcome):
            row["t"] = .text(kind.rawValue)
            if let subject {
                row["i"] = .text(subject.aid.text)
                row["s"] = .text(subject.sn.hex)
                row["d"] = .text(subject.said.text)
            }
            let name = subject.map { "\(kind.rawValue) \($0.sn) of \($0.aid)" } ?? "\(kind.rawValue) message"
            let at = " (byte \(message.range.lowerBound))"
            switch outcome {
            case .accepted(let ordinal):
                row["outcome"] = "accepted"
                row["f"] = .text(String(ordinal, radix: 16))
                return (row, "accepted", nil)
            case .duplicate(let added):
                row["outcome"] = "known"
                row["added"] = OrderedValue(added)
                return (row, "known", nil)
            case .verified:
                row["outcome"] = "verified"
                return (row, "verified", nil)
            case .escrowed(let reason):
                row["outcome"] = "waiting"
                row["reason"] = .text(reason.rawValue)
                let code = ErrorTranslation.code(for: reason)
                return (
                    row, "waiting",
                    CommandFailure(code, "\(name) waits: \(ErrorCatalog.entry(code)?.summary ?? "")\(at)")
                )
            case .rejected(let reason):
                row["outcome"] = "refused"
                row["reason"] = .text(reason.rawValue)
                return (row, "refused", ErrorTranslation.failure(for: reason, of: name + at))
            }
        case .unreadable(let error):
            let failure = ErrorTranslation.failure(for: error, at: message.range.lowerBound)
            row["outcome"] = "unreadable"
            row["code"] = .text(failure.code)
            return (row, "unreadable", failure)
        case .fault(let fault):
            let failure = ErrorTranslation.failure(for: fault)
            row["outcome"] = "unreadable"
            row["code"] = .text(failure.code)
            row["at"] = OrderedValue(fault.offset)
            return (row, "unreadable", failure)
        }
    }
}
