// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

/// An empty store that is fed streams, as a stranger's node would be.
struct Validator {
    private let store = MemoryKeyEventStore()

    /// Decides about everything in `stream`, then about escrows until nothing moves.
    func feed(_ stream: [UInt8], now: Timestamp) throws -> OrderedMap {
        var messages = 0
        var faults: [OrderedValue] = []
        var processor = StreamProcessor(EventProcessor(store: store))
        try processor.process(stream, now: now) { report in
            let fault: String?
            switch report.result {
            case .decided(_, _, .rejected(let reason)): fault = reason.rawValue
            case .decided(_, _, .escrowed(let reason)): fault = reason.rawValue
            case .decided: fault = nil
            case .unreadable(let error): fault = "\(error)"
            case .fault(let error): fault = "\(error.kind)"
            }
            if case .fault = report.result {} else { messages += 1 }
            if let fault { faults.append(["offset": OrderedValue(report.range.lowerBound), "kind": .text(fault)]) }
        }
        var passes = 0
        while try !processor.processor.resume(now: now).isEmpty, passes < 200 { passes += 1 }
        var answer: OrderedMap = [
            "messages": OrderedValue(messages), "leftover": 0, "faults": .list(faults), "passes": OrderedValue(passes),
        ]
        for member in try view().members { answer[member.label] = member.value }
        return answer
    }

    /// Key states, first-seen order and occupied escrows of every AID.
    func view() throws -> OrderedMap {
        try store.read { transaction in
            var (states, logs, escrows) = (OrderedMap(), OrderedMap(), OrderedMap())
            for aid in transaction.aids(after: nil, limit: .max) {
                guard var record = transaction.keyState(of: aid)?.record else { continue }
                record["vn"] = nil
                record["dt"] = nil
                states[aid.text] = .map(record)
                logs[aid.text] = .list(
                    transaction.records(of: aid, from: 0, limit: .max).map { event in
                        [
                            "fn": OrderedValue(event.ordinal), "s": .text(event.sn.hex),
                            "t": .text(event.kind.rawValue), "d": .text(event.said.text),
                        ]
                    })
            }
            var names: [String: Set<String>] = [:]
            for entry in transaction.escrows(reason: nil, aid: nil, limit: .max) {
                names[entry.key.aid.text, default: []].insert(entry.key.reason.peerName)
            }
            for (aid, reasons) in names.sorted(by: { $0.key < $1.key }) {
                escrows[aid] = .list(reasons.sorted().map { .text($0) })
            }
            return ["states": .map(states), "log": .map(logs), "escrows": .map(escrows)]
        }
    }
}

extension EscrowReason {
    /// The name in the protocol, which is that of the vectors.
    var peerName: String {
        switch self {
        case .outOfOrder: "ooo"
        case .partialSignatures: "partial-sig"
        case .partialDelegation: "partial-deleg"
        case .partialWitnesses: "partial-wit"
        case .unverifiedWitnessReceipt: "unver-wit-receipt"
        case .unverifiedReceipt: "unver-nontrans-receipt"
        case .unverifiedTransferableReceipt: "unver-trans-receipt"
        default: rawValue
        }
    }
}
