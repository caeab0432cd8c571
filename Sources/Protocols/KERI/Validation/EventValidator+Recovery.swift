// SPDX-License-Identifier: Apache-2.0

internal import CESR

// Recovery (facts 7.5): a rotation may take the place of interactions, and a delegated one of a delegated rotation.

extension EventValidator {
    /// The state that an event at an occupied position would stand behind; nil when no rule allows it there.
    func recoveryBase(for event: KeyEvent, in state: KeyState) throws -> KeyState? {
        guard let previous = event.sn.previous else { return nil }
        switch event.kind {
        case .rotation where event.sn > state.establishmentSn,
            .delegatedRotation where event.sn > state.establishmentSn:
            // Only interactions stand at or behind this position, so the keys in force are still those of the state.
            guard let before = try store.record(of: event.aid, at: previous) else { return nil }
            var base = state
            base.sn = before.sn
            base.said = before.said
            base.latestKind = before.kind
            return base
        case .delegatedRotation where event.sn == state.establishmentSn:
            // The keys in force before the event to be superseded must be found again.
            return try replayedState(of: event.aid, through: previous)
        default:
            return nil
        }
    }

    /// The state that the trunk of a log had after a position, rebuilt from the events themselves. They were verified
    /// when they were accepted.
    func replayedState(of aid: AID, through sn: SequenceNumber) throws -> KeyState? {
        try store.trunkState(of: aid, through: sn)
    }
}

extension KeyEventTransaction {
    /// The state that the trunk of a log had after a position; nil for an unknown AID or a position past the end.
    ///
    /// Costs nothing at or behind the latest establishment event. Before it all establishment events are read again from
    /// the inception, for the witness list is the sum of all changes.
    package func trunkState(of aid: AID, through sn: SequenceNumber) throws -> KeyState? {
        guard let latest = try keyState(of: aid), sn <= latest.sn else { return nil }
        if sn == latest.sn { return latest }
        guard let target = try record(of: aid, at: sn) else { return nil }
        if sn >= latest.establishmentSn {
            // Behind the latest establishment event nothing but the position differs.
            var state = latest
            state.sn = target.sn
            state.said = target.said
            state.latestKind = target.kind
            state.firstSeenOrdinal = target.ordinal
            state.firstSeenAt = target.seenAt
            state.prior = sn == .zero ? nil : try record(of: aid, at: SequenceNumber(sn.value - 1))?.said
            return state
        }
        var parser = MessageParser()
        var state: KeyState?
        var records = try establishments(of: aid, through: sn)
        if records.last?.sn != sn { records.append(target) }
        for record in records {
            guard case .keyEvent(let event)? = try? parser.parse(stored: record) else {
                throw StoreError(.corrupt, "event \(record.sn) of \(aid) can't be read back")
            }
            if let known = state {
                var list = known.witnesses
                if let stated = event.establishment {
                    list = list.filter { !stated.witnessesCut.contains($0) } + stated.witnessesAdded
                }
                var next = known
                next.advance(to: event, witnesses: list, ordinal: record.ordinal, seenAt: record.seenAt)
                state = next
            } else if let stated = event.establishment {
                state = KeyState(inception: event, stated, ordinal: record.ordinal, seenAt: record.seenAt)
            }
        }
        return state
    }
}

extension MessageParser {
    /// Types the body of a stored event.
    mutating func parse(stored record: EventRecord) throws(MessageError) -> Message {
        try parse(record.bytes.span, format: record.format)
    }
}

extension EventValidator {
    /// The signatures of an event, when they are those that its place in the trunk would demand: by the keys in force
    /// there, or, for an establishment event, by its own and the pre-rotated ones. Only then does it prove that the
    /// controller said two things.
    func signaturesForItsPlace(_ event: KeyEvent, with attached: AttachedProof) throws -> [IndexedSignature]? {
        func verified(_ keys: [VerificationKey], revealing digests: [KeyDigest] = []) -> VerifiedSignatures {
            VerifiedSignatures(
                attached.controllerSignatures, over: event.bytes, known: [], revealing: digests, key: keys.at)
        }
        if event.kind.isInception {
            guard let stated = event.establishment else { return nil }
            let signed = verified(stated.keys)
            return stated.signingThreshold.isSatisfied(by: signed.signers) ? signed.signatures : nil
        }
        guard let previous = event.sn.previous, let base = try replayedState(of: event.aid, through: previous) else {
            return nil
        }
        guard let stated = event.establishment else {
            let signed = verified(base.keys)
            return base.signingThreshold.isSatisfied(by: signed.signers) ? signed.signatures : nil
        }
        let signed = verified(stated.keys, revealing: base.nextDigests)
        guard stated.signingThreshold.isSatisfied(by: signed.signers),
            base.nextThreshold.isSatisfied(by: signed.revealed)
        else { return nil }
        return signed.signatures
    }
}
