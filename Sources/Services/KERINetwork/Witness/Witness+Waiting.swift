// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

// What waits at a witness: events for what comes before them or for their delegator, messages for the log of their
// signer, queries for receipts.

extension Witness {
    /// A message that has left its escrow.
    struct Woken: Sendable {
        let key: EscrowKey
        let since: Timestamp
        let message: [UInt8]
        let outcome: EventOutcome
    }

    /// Drops what is old, and decides again about what waits, until the task is cancelled.
    public func maintain() async {
        var pause = Duration.seconds(5)
        var dropsAt = clock.now()
        while !Task.isCancelled {
            do {
                let began = ContinuousClock.now
                try await resume()
                // A full escrow takes long to look through; the store belongs to those who come with events first.
                pause = max(.seconds(5), (ContinuousClock.now - began) * 20)
                if clock.now() >= dropsAt {
                    dropsAt = clock.now().advanced(bySeconds: 60)
                    try await dropMail()
                }
            } catch { meter.countStoreFailure() }
            do { try await clock.sleep(for: pause) } catch { return }
        }
    }

    @concurrent private func dropMail() async throws {
        _ = try boxes.dropMessages(before: clock.now().advanced(bySeconds: -7 * 86_400))
    }

    /// Decides again about everything that waits, and acts on what left its escrow.
    func resume() async throws {
        guard try store.read({ try $0.escrowCount(aid: nil) }) > 0 else { return }
        // With a list of controllers, everybody else's events are decided about as by one who is no witness.
        let decider = policy.controllers == nil ? processor : follower
        let woken = try await queue.runAlone { [self] in
            let entries = try store.read { transaction in
                var entries: [EscrowKey: EscrowEntry] = [:]
                for reason in [EscrowReason.partialExchange, .queryNotFound] {
                    for entry in try transaction.escrows(reason: reason, aid: nil, limit: 10_000) {
                        entries[entry.key] = entry
                    }
                }
                return entries
            }
            let now = clock.now()
            return try decider.resume(now: now).compactMap { one in
                one.outcome.map {
                    Woken(
                        key: one.key, since: entries[one.key]?.since ?? now, message: entries[one.key]?.message ?? [],
                        outcome: $0)
                }
            }
        }
        try await follow(woken)
        for controller in policy.controllers ?? [] { try await wake(controller) }
    }

    /// Decides again about what may have waited for the log of an AID. What it does not find, because too much waits,
    /// ``maintain()`` finds.
    func wake(_ subject: AID) async throws {
        guard try store.read({ try $0.escrowCount(aid: nil) }) > 0 else { return }
        var grown: [AID] = [subject]
        for _ in 0..<16 {
            guard let aid = grown.popLast() else { return }
            let woken = try await queue.run { [self] in try retry(waitingFor: aid, in: &$0) }
            try await follow(woken)
            for one in woken {
                if case .accepted = one.outcome, !grown.contains(one.key.aid) { grown.append(one.key.aid) }
            }
        }
    }

    private func retry(waitingFor aid: AID, in transaction: inout Store.Transaction) throws -> [Woken] {
        var entries = try transaction.escrows(reason: nil, aid: aid, limit: 256)
        // These are kept under the one who sent them and may wait for somebody else's log.
        for reason in [EscrowReason.partialDelegation, .queryNotFound, .unverifiedTransferableReceipt] {
            entries += try transaction.escrows(reason: reason, aid: nil, limit: 256).filter { $0.key.aid != aid }
        }
        var woken: [Woken] = []
        for entry in entries.sorted(by: { $0.key.sn < $1.key.sn }) {
            guard entry.key.reason != .likelyDuplicitous, entry.key.reason.lifetime != nil,
                let stored = try? StoredMessage(entry.message)
            else { continue }
            let isServed = policy.serves(entry.key.aid)
            let outcome = try (isServed ? processor : follower).apply(
                stored.message, with: stored.attachments, to: &transaction, now: clock.now())
            if case .escrowed(entry.key.reason) = outcome { continue }
            try transaction.removeEscrow(entry.key)
            woken.append(Woken(key: entry.key, since: entry.since, message: entry.message, outcome: outcome))
        }
        return woken
    }

    /// Does what messages ask for that have left their escrow.
    private func follow(_ woken: [Woken]) async throws {
        for one in woken {
            switch one.outcome {
            case .accepted where policy.serves(one.key.aid):
                let signature = try await queue.run { [self] transaction in
                    try sign(one.key.aid, one.key.sn, one.key.said, in: &transaction)
                }
                guard let signature else { continue }
                try await mailReceipt(
                    of: EventSeal(aid: one.key.aid, sn: one.key.sn, said: one.key.said), signature)
            case .verified:
                guard let stored = try? StoredMessage(one.message) else { continue }
                _ = try await act(on: ReceivedMessage(stored.message, stored.attachments), since: one.since)
            default: continue
            }
        }
    }

    /// Keeps a query whose answer must wait for receipts (facts 9.2).
    func park(_ query: Query, by asker: AID, _ attachments: Attachments, since: Timestamp) async throws {
        var kept = Attachments()
        kept.lastEstablishmentGroups = Array(attachments.lastEstablishmentGroups.suffix(1))
        if kept.lastEstablishmentGroups.isEmpty {
            kept.nonTransferableReceipts = Array(attachments.nonTransferableReceipts.suffix(1))
        }
        let entry = EscrowEntry(
            key: EscrowKey(reason: .queryNotFound, aid: asker, sn: .zero, said: query.said, source: query.route),
            since: since, message: try kept.following(query.bytes), missing: "receipts of the latest event")
        try await queue.run { [bounds = processor.policy.escrowLimits] transaction in
            guard try transaction.escrowCount(aid: asker) < bounds.perAID,
                try transaction.escrowCount(aid: nil) < bounds.total
            else { return }
            try transaction.putEscrow(entry)
        }
    }
}
