// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// Key states, events and waiting things as data and as text.
enum IdentifierView {
    /// A key state for people.
    static func text(of state: KeyState, name: String?) -> [String] {
        func list(_ title: String, _ items: [String]) -> [String] {
            items.enumerated().map { place, item in
                "  \(place == 0 ? title : String(repeating: " ", count: title.count))  \(place)  \(item)"
            }
        }
        var lines = [(name.map { "\($0)  " } ?? "") + state.aid.text]
        lines.append("  sequence number  \(state.sn.hex) (\(state.latestKind.rawValue))")
        lines.append("  latest event     \(state.said.text)")
        lines.append("  first seen       \(state.firstSeenAt)")
        if let delegator = state.delegator { lines.append("  delegated by     \(delegator.text)") }
        lines.append("  threshold        \(state.signingThreshold.summary) of \(state.keys.count)")
        lines += list("key            ", state.keys.map(\.text))
        if state.isTransferable {
            lines.append("  next threshold   \(state.nextThreshold.summary) of \(state.nextDigests.count)")
            lines += list("next digest    ", state.nextDigests.map(\.text))
        } else {
            lines.append("  next keys        none: no further events are possible")
        }
        if !state.witnesses.isEmpty {
            lines.append("  receipts needed  \(state.witnessThreshold) of \(state.witnesses.count)")
            lines += list("witness        ", state.witnesses.map(\.text))
        }
        if !state.traits.isEmpty {
            lines.append("  traits           \(state.traits.map(printable).joined(separator: " "))")
        }
        return lines
    }

    /// An event that was made here, with what became of it.
    static func result(
        of authored: AuthoredEvent, name: String, verb: String, state: KeyState?, dryRun: Bool
    ) -> CommandResult {
        let event = authored.event
        var data: OrderedMap = [
            "name": .text(name), "aid": .text(event.aid.text),
            "event": .map(self.data(of: event)),
            "outcome": authored.waitsFor == nil ? "accepted" : "waiting",
        ]
        if let reason = authored.waitsFor {
            data["waitsFor"] = .text(reason.rawValue)
            data["missing"] = .text(authored.missing ?? "")
        }
        if dryRun { data["dryRun"] = true }
        if let state, !dryRun { data["state"] = .map(state.record) }
        let would = dryRun ? "would have " : ""
        let text = [
            "\(would)\(verb) \(name)", "  AID    \(event.aid.text)",
            "  event  \(event.kind.rawValue) at \(event.sn.hex), \(event.said.text)",
        ]
        var result = CommandResult(data: data, text: text)
        if let reason = authored.waitsFor, !dryRun {
            result.concern = CommandFailure(
                ErrorTranslation.code(for: reason), "\(name) waits for \(authored.missing ?? "")",
                next: WaitingAdvice.command(reason: reason, aid: event.aid, name: name))
        }
        return result
    }

    /// The head of an event.
    static func data(of event: KeyEvent) -> OrderedMap {
        ["t": .text(event.kind.rawValue), "s": .text(event.sn.hex), "d": .text(event.said.text)]
    }
}

/// The command that helps an event of ours that waits.
enum WaitingAdvice {
    /// The command to type next.
    static func command(reason: EscrowReason, aid: AID, name: String?) -> String {
        let subject = name ?? aid.text
        return switch reason {
        case .delegable: "\(Product.command) id approve \(subject)"
        case .partialDelegation: "\(Product.command) id request \(subject) --wait 60"
        case .partialWitnesses: "\(Product.command) id publish \(subject)"
        case .misfit: "\(Product.command) id show \(subject)"
        default: "\(Product.command) id import FILE"
        }
    }
}
