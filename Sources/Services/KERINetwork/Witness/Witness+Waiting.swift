// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

// What waits at a witness: events for what comes before them or for their delegator, messages for the log of their
// signer, queries for receipts.

extension Witness {
    /// Decides again about what an earlier process left, then drops what is old until the task is cancelled.
    public func maintain() async {
        var isFresh = true
        var dropsAt = clock.now()
        while !Task.isCancelled {
            do {
                if isFresh { try await resume() }
                isFresh = false
                try await expire()
                if clock.now() >= dropsAt {
                    try await dropMail()
                    dropsAt = clock.now().advanced(bySeconds: 600)
                }
            } catch { meter.countStoreFailure() }
            do { try await clock.sleep(for: .seconds(5)) } catch { return }
        }
    }

    @concurrent private func dropMail() async throws {
        _ = try boxes.dropMessages(before: clock.now().advanced(bySeconds: -7 * 86_400))
    }

    /// Drops what has waited too long.
    func expire() async throws {
        var isDone = false
        while !isDone {
            isDone = try await queue.runAlone { [self] in
                let limit = 4096
                return try processor.expire(now: clock.now(), limit: limit).count < limit
            }
        }
        if let registries { try await queue.runAlone { [self] in try registries.expire(now: clock.now()) } }
    }

    /// Decides again about everything that waits, and acts on what left its escrow.
    func resume() async throws {
        let resumed = try await queue.runAlone { [self] in try processor.resume(now: clock.now()) }
        try await follow(resumed)
        if let registries { try await queue.runAlone { [self] in try registries.catchUp(now: clock.now()) } }
    }

    /// Decides again about what waits for the log of an AID, and for the logs that grow by it.
    func wake(_ subject: AID) async throws {
        var wakeups = [Wakeup(subject)]
        while !wakeups.isEmpty {
            // Step by step, so that others can write in between.
            let result = try await queue.run { [self, wakeups] transaction in
                let result = try processor.resume(wakeups, in: &transaction, now: clock.now(), limit: 256)
                // What is accepted is signed with it, here as everywhere.
                for one in result.resumed {
                    guard case .accepted? = one.outcome, policy.serves(one.key.aid) else { continue }
                    _ = try sign(one.key.aid, one.key.sn, one.key.said, in: &transaction)
                }
                return result
            }
            try await follow(result.resumed)
            wakeups = result.remaining
        }
    }

    /// Does what messages ask for that have left their escrow.
    private func follow(_ resumed: [ResumedMessage]) async throws {
        for one in resumed {
            if case .accepted? = one.outcome { try await wakeRegistries(of: one.key.aid) }
            switch one.outcome {
            case .accepted? where policy.serves(one.key.aid):
                let signature = try await queue.run { [self] transaction in
                    try sign(one.key.aid, one.key.sn, one.key.said, in: &transaction)
                }
                guard let signature else { continue }
                try await mailReceipt(
                    of: EventSeal(aid: one.key.aid, sn: one.key.sn, said: one.key.said), signature)
            case .verified?:
                guard let stored = one.message.flatMap({ try? StoredMessage($0) }) else { continue }
                _ = try await act(on: ReceivedMessage(stored.message, stored.attachments))
            default: continue
            }
        }
    }

    /// Keeps a query whose answer must wait for receipts (facts 9.2).
    ///
    /// It waits from the date that its signer gave it, so that keeping it again does not keep it longer.
    func park(_ query: Query, about subject: AID, by asker: AID, _ attachments: Attachments) async throws {
        let now = clock.now()
        let since = min(now, query.dated)
        if let lifetime = EscrowReason.queryNotFound.lifetime, since.advanced(bySeconds: lifetime) < now { return }
        var kept = Attachments()
        kept.lastEstablishmentGroups = Array(attachments.lastEstablishmentGroups.suffix(1))
        if kept.lastEstablishmentGroups.isEmpty {
            kept.nonTransferableReceipts = Array(attachments.nonTransferableReceipts.suffix(1))
        }
        let entry = EscrowEntry(
            key: EscrowKey(reason: .queryNotFound, aid: asker, sn: .zero, said: query.said, source: query.route),
            since: since, message: try kept.following(query.bytes), missing: "receipts of the latest event",
            waitsFor: AwaitedPosition(aid: subject, sn: .zero), isVerified: true)
        try await queue.run { [bounds = processor.policy.escrowLimits] transaction in
            guard try transaction.escrowCount(aid: asker) < bounds.perAID,
                try transaction.escrowCount(aid: nil) < bounds.total
            else { return }
            try transaction.putEscrow(entry)
        }
    }
}
