// SPDX-License-Identifier: Apache-2.0

internal import CESR

/// Carrying out decisions inside one transaction.
struct MessageSteps<Transaction: KeyEventTransaction> {
    var transaction: Transaction
    let policy: ProcessingPolicy
    var origin: MessageOrigin
    let now: Timestamp

    mutating func apply(
        _ message: Message, with attachments: Attachments, since: Timestamp
    ) throws -> EventOutcome {
        switch message {
        case .keyEvent(let event):
            return try apply(event: event, with: attachments, checks: .none, since: since)
        case .receipt(let receipt): return try apply(receipt: receipt, with: attachments, since: since)
        case .reply(let reply): return try apply(reply: reply, with: attachments, since: since)
        case .query(let query): return try apply(query: query, with: attachments, since: since)
        case .exchange(let exchange): return try apply(exchange: exchange, with: attachments, since: since)
        case .prod, .bare, .registryEvent: return .rejected(.unknownRoute)
        }
    }

    // MARK: Key events

    mutating func apply(
        event: KeyEvent, with attachments: Attachments, checks: SignatureChecks, since: Timestamp
    ) throws -> EventOutcome {
        let attached = AttachedProof(attachments)
        if origin == .remote, policy.ownAIDs.contains(event.aid), try isNews(event) {
            // Worth the operator's attention only if our own keys signed it; anybody can write the rest.
            let validator = EventValidator(store: transaction)
            guard let signatures = try validator.signaturesForItsPlace(event, with: attached) else {
                return .rejected(.noValidSignature)
            }
            return try escrow(
                event, .misfit, EventProof(controllerSignatures: signatures), attachments, since: since,
                missing: "a decision of the operator")
        }
        let decision = try EventValidator(store: transaction, witnessing: policy.witnesses(of: event.aid))
            .decide(event, with: attached, checks: checks, now: now)
        switch decision {
        case .accept(let state, let proof):
            var record = EventRecord(
                event, ordinal: state.firstSeenOrdinal, seenAt: state.firstSeenAt, proof: proof)
            var state = state
            if policy.trustsReplayTimes, let couple = attachments.firstSeenCouples.last {
                let time = Timestamp(microseconds: couple.dateTime.microseconds)
                state.firstSeenAt = time
                record = EventRecord(event, ordinal: state.firstSeenOrdinal, seenAt: time, proof: proof)
            }
            try transaction.append(record, leadingTo: state)
            try addReceipts(of: attachments, to: record, withWitnesses: false, since: since)
            return .accepted(ordinal: record.ordinal)
        case .duplicate(let record, let proof, let added):
            var record = record
            if proof != record.proof {
                try transaction.setProof(proof, of: record.aid, ordinal: record.ordinal)
                record.proof = proof
            }
            let receipts = try addReceipts(of: attachments, to: record, withWitnesses: false, since: since)
            return .duplicate(added: added + receipts)
        case .escrow(let reason, let proof, let missing):
            if reason == .likelyDuplicitous { try recordDuplicity(event, attached) }
            let reason = try asksUs(event, reason) ? EscrowReason.delegable : reason
            return try escrow(event, reason, proof, attachments, since: since, missing: missing)
        case .reject(let reason):
            return .rejected(reason)
        }
    }

    /// Whether an event of an own AID says what this process has not said itself: it neither stands in the log nor waits.
    /// What waits of an own AID was let in from here, so a copy of it only brings signatures and receipts.
    private func isNews(_ event: KeyEvent) throws -> Bool {
        guard try transaction.record(of: event.aid, at: event.sn, said: event.said) == nil else { return false }
        let reasons: [EscrowReason] = [.partialSignatures, .partialWitnesses, .partialDelegation, .delegable]
        return try !reasons.contains { reason in
            let key = EscrowKey(reason: reason, aid: event.aid, sn: event.sn, said: event.said)
            return try transaction.escrow(key) != nil
        }
    }

    /// Whether an event waits for a seal that one of our own AIDs would have to make.
    private func asksUs(_ event: KeyEvent, _ reason: EscrowReason) throws -> Bool {
        guard reason == .partialDelegation, !policy.ownAIDs.isEmpty else { return false }
        let delegator = try event.delegator ?? transaction.keyState(of: event.aid)?.delegator
        return delegator.map(policy.ownAIDs.contains) ?? false
    }

    /// Keeps an event for later, merged with what an earlier copy of it brought.
    ///
    /// `proof` is what the decision kept of the signatures; receipts by others were not looked at and are kept as they
    /// came.
    private mutating func escrow(
        _ event: KeyEvent, _ reason: EscrowReason, _ proof: EventProof, _ attachments: Attachments, since: Timestamp,
        missing: String
    ) throws -> EventOutcome {
        let key = EscrowKey(reason: reason, aid: event.aid, sn: event.sn, said: event.said)
        var merged = EventProof()
        // The earlier comes first, so that nobody can crowd out what is there by sending junk behind it.
        if let old = try transaction.escrow(key), let earlier = try? StoredMessage(old.message).attachments.proof() {
            merged.merge(earlier)
        }
        merged.merge(proof)
        merged.merge(
            EventProof(receipts: attachments.receipts, transferableReceipts: attachments.allTransferableReceipts))
        // Where an event is sealed is anybody's claim; a later decision looks into the delegator's log itself.
        merged.sealSource = nil
        let message = try merged.attachments.following(event.bytes)
        return try put(
            EscrowEntry(
                key: key, since: since, message: message, missing: missing, waitsFor: try awaited(by: event, reason),
                isVerified: reason != .outOfOrder && reason != .likelyDuplicitous))
    }

    /// Writes an entry unless the escrows are full. The time of its first arrival stays.
    mutating func put(_ entry: EscrowEntry) throws -> EventOutcome {
        var entry = entry
        let old = try transaction.escrow(entry.key)
        if let old {
            entry.since = min(entry.since, old.since)
            // What was found not to be worth a try before then does not become so by being sent again.
            if entry.message == old.message, let position = old.waitsFor, entry.waitsFor?.aid == position.aid,
                let sn = entry.waitsFor?.sn, sn < position.sn
            {
                entry.waitsFor = position
            }
            if entry == old { return .escrowed(entry.key.reason) }
        }
        // What can't be read back would stop every later pass.
        guard (try? StoredMessage(entry.message)) != nil else { return .rejected(.escrowFull) }
        if old?.isVerified != entry.isVerified, try !makeRoom(for: entry) {
            // What is there already stays what it was.
            return old == nil ? .rejected(.escrowFull) : .escrowed(entry.key.reason)
        }
        try transaction.putEscrow(entry)
        return .escrowed(entry.key.reason)
    }

    /// Whether there is room for a new entry. Entries with a signature that was verified have bounds of their own and
    /// stay until they leave by themselves. The others share what is left to strangers: there the oldest makes room, of
    /// the same AID and kind if possible, so that nobody can lock others out by being first.
    private mutating func makeRoom(for entry: EscrowEntry) throws -> Bool {
        // What is made here is never refused for what others sent.
        if origin == .local, policy.ownAIDs.contains(entry.key.aid) { return true }
        let limits = policy.escrowLimits
        let aid = entry.key.aid
        if entry.isVerified {
            return try transaction.escrowCount(aid: aid) - transaction.unverifiedEscrowCount(aid: aid) < limits.perAID
                && transaction.escrowCount(aid: nil) - transaction.unverifiedEscrowCount(aid: nil) < limits.total
        }
        while try transaction.unverifiedEscrowCount(aid: aid) >= limits.unverifiedPerAID {
            guard try dropOldest(like: entry.key.reason, of: aid) else { return false }
        }
        while try transaction.unverifiedEscrowCount(aid: nil) >= limits.unverifiedTotal {
            guard try dropOldest(like: entry.key.reason, of: nil) else { return false }
        }
        return true
    }

    /// Drops the oldest unverified entry, of one AID or of all; of another reason only when there is none of this.
    private mutating func dropOldest(like reason: EscrowReason, of aid: AID?) throws -> Bool {
        for reason in [reason] + EscrowReason.allCases {
            guard let key = try transaction.oldestUnverifiedEscrow(reason: reason, aid: aid) else { continue }
            try transaction.removeEscrow(key)
            return true
        }
        return false
    }

    // MARK: Duplicity

    /// Keeps proof of duplicity when the other event is signed well enough for its place; an unsigned one proves
    /// nothing, for anybody can write it (facts 7.9).
    private mutating func recordDuplicity(_ event: KeyEvent, _ attached: AttachedProof) throws {
        guard let accepted = try transaction.record(of: event.aid, at: event.sn), accepted.said != event.said else {
            return
        }
        guard try !isRecovery(of: event, by: accepted) else { return }
        // One contradiction proves as much as a thousand; who signs them must not fill the store with them.
        guard try !transaction.duplicities(of: event.aid).contains(where: { $0.sn == event.sn }) else { return }
        let validator = EventValidator(store: transaction)
        guard let signatures = try validator.signaturesForItsPlace(event, with: attached) else { return }
        let proof = EventProof(controllerSignatures: signatures)
        try transaction.addDuplicity(
            DuplicityRecord(
                aid: event.aid, sn: event.sn, accepted: accepted.said, other: event.said, seenAt: now,
                message: try proof.attachments.following(event.bytes)))
    }

    /// Whether an event is one that the accepted event took the place of, or could have: a controller that recovers
    /// from stolen keys says nothing twice.
    private func isRecovery(of other: KeyEvent, by accepted: EventRecord) throws -> Bool {
        if try transaction.record(of: other.aid, at: other.sn, said: other.said) != nil { return true }
        return other.kind == .interaction && accepted.kind.isEstablishment
    }

    // MARK: Escrow passes

    /// The order in which escrows are looked at, as in KERIpy, so that events come before what waits for them.
    private static var order: [EscrowReason] {
        [
            .outOfOrder, .unverifiedWitnessReceipt, .unverifiedReceipt, .unverifiedTransferableReceipt,
            .partialWitnesses, .partialSignatures, .partialDelegation, .delegable, .likelyDuplicitous, .queryNotFound,
            .partialReply, .partialExchange,
        ]
    }

    mutating func resume() throws -> [ResumedMessage] {
        var resumed: [ResumedMessage] = []
        var moved = true
        while moved {
            moved = false
            for reason in Self.order {
                let entries = try transaction.escrows(reason: reason, aid: nil, limit: policy.escrowLimits.total)
                for entry in entries.sorted(by: { $0.key.sn < $1.key.sn }) {
                    guard let result = try retry(entry) else { continue }
                    resumed.append(result)
                    moved = true
                }
            }
        }
        return resumed
    }

    /// Whether the trunk has another event at the place of an escrowed one.
    private func isContradicted(_ key: EscrowKey) throws -> Bool {
        guard let state = try transaction.keyState(of: key.aid), key.sn <= state.sn else { return false }
        return try transaction.record(of: key.aid, at: key.sn).map { $0.said != key.said } ?? false
    }

    /// Decides about one entry again; nil when it stays where it is.
    mutating func retry(_ entry: EscrowEntry) throws -> ResumedMessage? {
        let key = entry.key
        if try isOver(entry) {
            try transaction.removeEscrow(key)
            return ResumedMessage(key: key, outcome: nil)
        }
        // While another event stands at its place nothing can make it valid; it is kept for people to see. After a
        // recovery it may turn out to be part of the new branch.
        if key.reason == .likelyDuplicitous, try isContradicted(key) { return nil }
        if let outcome = try applyToEscrowedEvent(entry) {
            try transaction.removeEscrow(key)
            return ResumedMessage(key: key, outcome: outcome)
        }
        guard let stored = try? StoredMessage(entry.message) else {
            try transaction.removeEscrow(key)
            return ResumedMessage(key: key, outcome: nil)
        }
        // What a stranger sends of our own AIDs is in another escrow, so this was let in as what it is.
        origin = .local
        defer { origin = .remote }
        let outcome = try apply(stored.message, with: stored.attachments, since: entry.since)
        if case .escrowed(let reason) = outcome, reason == key.reason { return nil }
        try transaction.removeEscrow(key)
        return ResumedMessage(key: key, outcome: outcome, message: outcome == .verified ? entry.message : nil)
    }
}
