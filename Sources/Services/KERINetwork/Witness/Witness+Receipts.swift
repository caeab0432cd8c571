// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkCrypto

extension Witness {
    /// What became of an event that was offered.
    enum Receipting: Sendable {
        /// It stands in the log; this is its receipt.
        case receipted(IndexedSignature, isNew: Bool)
        /// It does not name this witness; nothing was kept when a receipt was asked for.
        case notOurs(EventOutcome?)
        /// Its controller is not one of those that are served.
        case notServed
        /// It waits or was refused.
        case outcome(EventOutcome)
    }

    /// Accepts an event into the log and receipts it, in one transaction.
    ///
    /// - Parameter onlyOurs: whether an event that does not name this witness is left out of the log.
    func receipt(_ event: KeyEvent, _ attachments: Attachments, onlyOurs: Bool) async throws -> Receipting {
        let isServed = policy.serves(event.aid)
        if onlyOurs, !isServed { return .notServed }
        let (receipting, somethingWaits) = try await queue.run { [self] transaction -> (Receipting, Bool) in
            let receipting = try decide(event, attachments, onlyOurs: onlyOurs, isServed: isServed, in: &transaction)
            // Mostly nothing does, and then there is no second transaction.
            let awaited = AwaitedPosition(aid: event.aid, sn: event.sn)
            return (receipting, try transaction.nextEscrow(waitingFor: awaited, after: nil) != nil)
        }
        let isWorthWaking =
            switch receipting {
            case .receipted(_, isNew: true), .notOurs(.accepted?): somethingWaits
            case .outcome(let outcome): outcome.wakesOthers
            default: false
            }
        if isWorthWaking { try await wake(event.aid) }
        switch receipting {
        case .receipted(_, isNew: true), .notOurs(.accepted?), .outcome(.accepted):
            try await wakeRegistries(of: event.aid)
        default: break
        }
        return receipting
    }

    private func decide(
        _ event: KeyEvent, _ attachments: Attachments, onlyOurs: Bool, isServed: Bool,
        in transaction: inout Store.Transaction
    ) throws -> Receipting {
        if onlyOurs, try names(event, transaction) == false { return .notOurs(nil) }
        let outcome = try processor.apply(
            .keyEvent(event), with: attachments, to: &transaction, now: clock.now())
        guard outcome.isInLog else {
            guard isServed, let former = try formerSignature(event.aid, event.sn, event.said, transaction) else {
                return .outcome(outcome)
            }
            return .receipted(former, isNew: false)
        }
        guard isServed, let signature = try sign(event.aid, event.sn, event.said, in: &transaction) else {
            return .notOurs(outcome)
        }
        if case .accepted = outcome { return .receipted(signature, isNew: true) }
        return .receipted(signature, isNew: false)
    }

    /// Whether this witness is one of those in force at an event; nil when what comes before is not known.
    private func names(_ event: KeyEvent, _ transaction: Store.Transaction) throws -> Bool? {
        if event.kind.isInception { return event.establishment?.witnessesAdded.contains(aid) ?? false }
        guard let before = event.sn.previous else { return false }
        guard let base = try transaction.trunkState(of: event.aid, through: before) else { return nil }
        guard let stated = event.establishment else { return base.witnesses.contains(aid) }
        return stated.witnessesAdded.contains(aid)
            || (base.witnesses.contains(aid) && !stated.witnessesCut.contains(aid))
    }

    /// This witness's signature of an event of the log: the stored one, or a new one that is stored.
    ///
    /// An event that does not name this witness has none, and one that a recovery has superseded gets none any more.
    func sign(
        _ subject: AID, _ sn: SequenceNumber, _ said: SAID, in transaction: inout Store.Transaction
    ) throws -> IndexedSignature? {
        guard let state = try transaction.trunkState(of: subject, through: sn), state.said == said else {
            return try formerSignature(subject, sn, said, transaction)
        }
        guard let index = state.witnesses.firstIndex(of: aid),
            var record = try transaction.record(of: subject, at: sn, said: said)
        else { return nil }
        if let stored = record.proof.witnessSignatures.first(where: { $0.index == index }) { return stored }
        let signature = try key.indexedSignature(over: record.bytes, index: index)
        record.proof.witnessSignatures.append(signature)
        try transaction.setProof(record.proof, of: subject, ordinal: record.ordinal)
        return signature
    }

    /// The signature that is kept of an event, which may have been superseded since; nil when none was ever made.
    private func formerSignature(
        _ subject: AID, _ sn: SequenceNumber, _ said: SAID, _ transaction: Store.Transaction
    ) throws -> IndexedSignature? {
        guard let former = try transaction.record(of: subject, at: sn, said: said) else { return nil }
        let raw = try key.signingKey.sign(former.bytes.span)
        return former.proof.witnessSignatures.first { $0.raw == raw }
    }

    /// A receipt as keripy sends it: rct with one couple.
    func receiptMessage(of event: EventSeal, _ signature: IndexedSignature) throws -> [UInt8] {
        var attachments = Attachments()
        attachments.nonTransferableReceipts = [try couple(signature.raw)]
        return try MessageBuilder.receipt(of: event) + attachments.encoded(in: .text)
    }

    /// Puts a receipt into the mailbox of its controller, unless that was done lately.
    func mailReceipt(of event: EventSeal, _ signature: IndexedSignature) async throws {
        guard mailedReceipts.insert(event.said) else { return }
        do {
            try await mail(try receiptMessage(of: event, signature), to: event.aid, topic: "/receipt")
        } catch {
            mailedReceipts.remove(event.said)
            throw error
        }
    }

    /// The receipts that are kept of an event: by position, by digest, or by both.
    ///
    /// - Returns: nil when there is no such event or none of its receipts is here.
    func storedReceipts(of subject: AID, sn: SequenceNumber?, said: SAID?) throws -> EventRecord? {
        let record = try store.read { transaction -> EventRecord? in
            guard let state = try transaction.keyState(of: subject) else { return nil }
            if let sn {
                guard sn <= state.sn else { return nil }
                if let said { return try transaction.record(of: subject, at: sn, said: said) }
                return try transaction.record(of: subject, at: sn)
            }
            // Stores find no event by its digest alone, so this asks for the newest ones only.
            var sn: SequenceNumber? = state.sn
            for _ in 0..<1024 {
                guard let place = sn else { return nil }
                if let said, let found = try transaction.record(of: subject, at: place, said: said) { return found }
                sn = place.previous
            }
            return nil
        }
        guard let record, !record.proof.witnessSignatures.isEmpty else { return nil }
        return record
    }
}
