// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// How messages about credentials are shown that lay in a mailbox.
enum CredentialMailView {
    static func data(of receipt: ExchangeReceipt) -> OrderedMap {
        switch receipt {
        case .taken(let record, let kind):
            [
                "outcome": "taken", "exchange": .text(kind.rawValue), "d": .text(record.said.text),
                "thread": .text(record.thread.text), "from": .text(record.partner.text),
            ]
        case .repeated(let record): ["outcome": "seen before", "d": .text(record.said.text)]
        case .waits(let sender): ["outcome": "waits", "from": .text(sender.text)]
        case .refused(let reason): ["outcome": "refused", "code": .text(reason.rawValue)]
        }
    }

    static func data(of report: IntakeReport) -> OrderedMap {
        [
            "messages": OrderedValue(report.messages), "accepted": OrderedValue(report.accepted),
            "waiting": OrderedValue(report.waiting), "refused": .list(report.refusals.map { .text($0) }),
        ]
    }

    static func text(of receipt: ExchangeReceipt) -> String {
        switch receipt {
        case .taken(let record, let kind):
            let next = kind == .grant ? ": \(Product.command) credential admit \(record.said)" : ""
            return "credential: \(kind.rawValue) \(record.said) of \(record.partner)\(next)"
        case .repeated(let record): return "credential: \(record.said) was seen before"
        case .waits(let sender): return "credential: a message of \(sender) waits for its log"
        case .refused(let reason): return "refused: \(reason.rawValue)"
        }
    }

    static func text(of report: IntakeReport) -> String {
        let refused = report.refusals.isEmpty ? "" : ", refused: \(report.refusals.joined(separator: ", "))"
        return
            "credential: \(report.messages) messages, \(report.accepted) of them new, \(report.waiting) wait\(refused)"
    }
}
