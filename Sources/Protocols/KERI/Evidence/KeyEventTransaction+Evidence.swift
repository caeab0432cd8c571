// SPDX-License-Identifier: Apache-2.0

internal import CESR

// Making evidence out of what a store holds. Everything that is made is verified before it is handed out.

extension KeyEventTransaction {
    /// Portable evidence of a contradiction that the store recorded.
    ///
    /// - Throws: ``EvidenceFault`` when what is stored proves nothing to others, such as a contradiction between events
    ///   that continue different ones; ``StoreError``.
    public func evidence(of record: DuplicityRecord) throws -> VerifiedDuplicity {
        let stored = try StoredMessage(record.message)
        guard case .keyEvent(let event) = stored.message else {
            throw StoreError(.corrupt, "the evidence against \(record.aid) at \(record.sn) is no event")
        }
        var accepted = [try accepted(of: record.aid, at: record.sn, said: record.accepted)]
        // A rotation contradicts an interaction only when another rotation came after that one.
        while event.kind.isEstablishment, let last = accepted.last, !last.event.kind.isEstablishment,
            let next = last.event.sn.next, let record = try self.record(of: record.aid, at: next)
        {
            accepted.append(try signed(record))
        }
        return try evidence(
            [accepted, [SignedEvent(event: event, attachments: stored.attachments)]], seenAt: record.seenAt)
    }

    /// Evidence against a controller: two branches that begin behind the same event, which the store holds.
    ///
    /// - Throws: ``EvidenceFault`` when the two don't contradict each other; ``StoreError``.
    package func evidence(_ branches: [[SignedEvent]], seenAt: Timestamp) throws -> VerifiedDuplicity {
        guard branches.count == 2, let one = branches[0].first?.event, let other = branches[1].first?.event else {
            throw EvidenceFault(.notEvidence, "a contradiction has two sides")
        }
        guard
            case .contradiction(let first, let second) = ForkRule.finding(
                branches[0].map(\.event.kind), branches[1].map(\.event.kind))
        else { throw EvidenceFault(.recovery, "one branch may take the place of the other") }
        let statement = DuplicityStatement(
            .controller, aid: one.aid, sn: one.sn, one.said, other.said, seenAt: seenAt)
        var bytes = try statement.bytes + log(before: one)
        let sides = [Array(branches[0].prefix(first)), Array(branches[1].prefix(second))]
        for signed in statement.first == one.said ? sides[0] + sides[1] : sides[1] + sides[0] {
            var kept = Attachments()
            kept.controllerSignatures = Array(signed.attachments.controllerSignatures.prefix(EventProof.mergeLimit))
            bytes += try kept.following(signed.event.bytes)
        }
        return try VerifiedDuplicity(reading: bytes)
    }

    // MARK: Logs

    /// The history that leads to an event, behind the logs of delegators that approved it.
    private func log(before event: KeyEvent) throws -> [UInt8] {
        var records: [EventRecord] = []
        var wanted = event.prior
        var place = event.sn.previous
        while let said = wanted, let sn = place {
            guard let record = try record(of: event.aid, at: sn, said: said) else {
                throw EvidenceFault(.incompleteLog, "event \(sn) of \(event.aid) is not here")
            }
            records.append(record)
            wanted = try signed(record).event.prior
            place = sn.previous
        }
        return try delegations(of: records, depth: 0) + messages(records.reversed())
    }

    /// The delegators' logs as far as they seal these events, the root's first.
    private func delegations(of records: [EventRecord], depth: Int) throws -> [UInt8] {
        let sources = records.filter(\.kind.needsDelegator).compactMap(\.proof.sealSource)
        guard let aid = records.first?.aid, let delegator = try keyState(of: aid)?.delegator, !sources.isEmpty else {
            return []
        }
        guard depth < DuplicityEvidence.deepestDelegation else {
            throw EvidenceFault(.incompleteLog, "the chain of delegators of \(aid) is too long")
        }
        var last: UInt64 = 0
        for source in sources {
            guard let sealing = try record(of: delegator, at: source.sn, said: source.said) else {
                throw EvidenceFault(.incompleteLog, "event \(source.sn) of delegator \(delegator) is not here")
            }
            last = max(last, sealing.ordinal)
        }
        var above: [EventRecord] = []
        while UInt64(above.count) <= last {
            let more = try self.records(
                of: delegator, from: UInt64(above.count), limit: Int(min(512, last + 1 - UInt64(above.count))))
            guard !more.isEmpty else { throw StoreError(.corrupt, "the log of \(delegator) has a gap") }
            above += more
        }
        return try delegations(of: above, depth: depth + 1) + messages(above)
    }

    private func messages(_ records: [EventRecord]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for record in records {
            var proof = record.proof
            // Receipts by others prove nothing about the log.
            proof.receipts = []
            proof.transferableReceipts = []
            bytes += try proof.attachments.following(record.bytes)
        }
        return bytes
    }

    private func accepted(of aid: AID, at sn: SequenceNumber, said: SAID) throws -> SignedEvent {
        guard let record = try record(of: aid, at: sn, said: said) else {
            throw EvidenceFault(.incompleteLog, "event \(sn) of \(aid) is not here")
        }
        return try signed(record)
    }

    /// An accepted event with its proof.
    package func signed(_ record: EventRecord) throws -> SignedEvent {
        var parser = MessageParser()
        guard case .keyEvent(let event)? = try? parser.parse(stored: record) else {
            throw StoreError(.corrupt, "event \(record.sn) of \(record.aid) can't be read back")
        }
        return SignedEvent(event: event, attachments: record.proof.attachments)
    }

    /// Whether an event is signed as its place in the trunk demands, so that it is worth looking at further.
    package func isSignedForItsPlace(_ signed: SignedEvent) throws -> Bool {
        try EventValidator(store: self).signaturesForItsPlace(
            signed.event, with: AttachedProof(signed.attachments)) != nil
    }
}

extension VerifiedDuplicity {
    /// Evidence against a witness: its receipts of two events for one place.
    ///
    /// - Throws: ``EvidenceFault`` when they don't contradict each other.
    package static func ofWitness(
        _ witness: AID, _ one: SignedEvent, _ other: SignedEvent, seenAt: Timestamp
    ) throws -> VerifiedDuplicity {
        let statement = DuplicityStatement(
            .witness(witness), aid: one.event.aid, sn: one.event.sn, one.event.said, other.event.said, seenAt: seenAt)
        var bytes = try statement.bytes
        for signed in statement.first == one.event.said ? [one, other] : [other, one] {
            var kept = Attachments()
            kept.nonTransferableReceipts = signed.attachments.nonTransferableReceipts
                .filter { AID($0.key) == witness }.suffix(1)
            bytes += try kept.following(signed.event.bytes)
        }
        return try VerifiedDuplicity(reading: bytes)
    }
}
