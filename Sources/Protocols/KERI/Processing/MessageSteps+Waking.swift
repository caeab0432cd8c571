// SPDX-License-Identifier: Apache-2.0

internal import CESR

// Waking: a message that waits for a log is decided about again when that log has grown, and not before. What it waits
// for is kept with it, so that finding those to wake costs as much as there are of them.

extension MessageSteps {
    /// What an event in escrow waits for.
    func awaited(by event: KeyEvent, _ reason: EscrowReason) throws -> AwaitedPosition? {
        switch reason {
        // Copies of an event bring what is missing of the two others; they are decided about together.
        case .outOfOrder, .partialSignatures, .partialWitnesses:
            AwaitedPosition(aid: event.aid, sn: event.sn.previous ?? .zero)
        case .likelyDuplicitous: AwaitedPosition(aid: event.aid, sn: .zero)
        case .partialDelegation, .delegable:
            try delegator(of: event).map { AwaitedPosition(aid: $0, sn: .zero) }
        default: nil
        }
    }

    func delegator(of event: KeyEvent) throws -> AID? {
        try event.delegator ?? transaction.keyState(of: event.aid)?.delegator
    }

    /// Decides again about what waits for the logs that have grown, and for those that grow by it, at most `limit`
    /// entries in all.
    mutating func resume(_ wakeups: [Wakeup], limit: Int) throws -> WakeupResult {
        var queue = wakeups
        var resumed: [ResumedMessage] = []
        var left = max(1, limit)
        func wakeLater(_ result: ResumedMessage) {
            resumed.append(result)
            let wakeup = Wakeup(result.key.aid)
            if result.outcome?.wakesOthers == true, !queue.contains(wakeup) { queue.append(wakeup) }
        }
        while left > 0, let wakeup = queue.first {
            queue.removeFirst()
            let reached = try transaction.keyState(of: wakeup.aid)?.sn ?? .zero
            guard
                let (place, entry) = try transaction.nextEscrow(
                    waitingFor: AwaitedPosition(aid: wakeup.aid, sn: reached), after: wakeup.after)
            else { continue }
            left -= 1
            queue.insert(Wakeup(wakeup.aid, after: place), at: 0)
            if try !isOver(entry), try stillWaits(entry) { continue }
            guard let result = try retry(entry) else { continue }
            wakeLater(result)
            // A receipt that found its event in escrow may be the one that the event waited for.
            if case .duplicate? = result.outcome, let waiting = try transaction.escrow(entry.key.ofItsEvent),
                let freed = try retry(waiting)
            {
                wakeLater(freed)
            }
        }
        return WakeupResult(resumed: resumed, remaining: queue)
    }

    /// Drops what has waited too long, at most `limit` entries.
    mutating func expire(limit: Int) throws -> [ResumedMessage] {
        var dropped: [ResumedMessage] = []
        for reason in EscrowReason.allCases {
            guard let lifetime = reason.lifetime, dropped.count < limit else { continue }
            let keys = try transaction.escrowKeys(
                reason: reason, before: now.advanced(bySeconds: -lifetime), limit: limit - dropped.count)
            for key in keys {
                try transaction.removeEscrow(key)
                dropped.append(ResumedMessage(key: key, outcome: nil))
            }
        }
        return dropped
    }

    /// Whether an entry has waited too long.
    func isOver(_ entry: EscrowEntry) throws -> Bool {
        guard let lifetime = entry.key.reason.lifetime else { return false }
        return entry.since.advanced(bySeconds: lifetime) < now
    }

    /// Whether what an entry waits for is certainly not here, as far as that can be told without reading it: strangers
    /// may keep much waiting for one log, and it must not cost much whenever that log grows.
    private func stillWaits(_ entry: EscrowEntry) throws -> Bool {
        let key = entry.key
        let state = try transaction.keyState(of: key.aid)
        switch key.reason {
        case .outOfOrder:
            guard let state else { return true }
            return key.sn > state.sn && key.sn != state.sn.next
        case .unverifiedWitnessReceipt, .unverifiedReceipt:
            if let state, key.sn <= state.sn { return false }
            return try transaction.escrow(key.ofItsEvent) == nil
        case .partialDelegation, .delegable:
            guard let delegator = entry.waitsFor?.aid, let state = try transaction.keyState(of: delegator),
                !state.refusesDelegation
            else { return false }
            let seal = EventSeal(aid: key.aid, sn: key.sn, said: key.said)
            return try transaction.trunkSealing(seal, by: state) == nil
        default: return false
        }
    }
}

extension EscrowKey {
    /// Under what the event that a receipt speaks of waits for its witnesses.
    var ofItsEvent: EscrowKey { EscrowKey(reason: .partialWitnesses, aid: aid, sn: sn, said: said) }
}
