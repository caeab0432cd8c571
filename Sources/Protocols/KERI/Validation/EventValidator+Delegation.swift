// SPDX-License-Identifier: Apache-2.0

// Delegation (facts 7.6): a delegator approves an event by sealing it in an accepted event of its own.

extension EventValidator {
    enum DelegationFinding {
        case sealed(SealSource)
        case missing(String)
        case refused(Rejection)
    }

    /// Looks for the delegator's seal of `event`: where the couple points, or in the whole log when there is none.
    func delegation(
        of event: KeyEvent, by delegator: AID, source: SealSource?
    ) throws -> DelegationFinding {
        guard let state = try store.keyState(of: delegator) else {
            return .missing("the log of delegator \(delegator)")
        }
        guard !state.refusesDelegation else { return .refused(.delegatorRefuses) }
        let seal = EventSeal(aid: event.aid, sn: event.sn, said: event.said)
        if let source {
            guard source.sn <= state.sn, let record = try store.record(of: delegator, at: source.sn) else {
                return .missing("event \(source.sn) of delegator \(delegator)")
            }
            if record.said == source.said, record.place(of: seal) != nil { return .sealed(source) }
            // A delegator that recovered may have sealed the event again; only then is a couple from before no lie.
            guard record.said != source.said,
                try store.record(of: delegator, at: source.sn, said: source.said) != nil,
                let found = try store.trunkSealing(seal, by: state)
            else { return .refused(.sealNotFound) }
            return .sealed(found)
        }
        if let found = try store.trunkSealing(seal, by: state) { return .sealed(found) }
        return .missing("the approval of delegator \(delegator)")
    }

    /// Where the delegator seals an accepted event now, when that is not where the record says: after a recovery of the
    /// delegator that sealed the event again, or when a witness here was ahead of the seal.
    func currentSealSource(of own: EventRecord, _ event: KeyEvent) throws -> SealSource? {
        guard let delegator = try event.delegator ?? store.keyState(of: event.aid)?.delegator,
            let state = try store.keyState(of: delegator)
        else { return nil }
        if let source = own.proof.sealSource {
            let sealing = try store.record(of: delegator, at: source.sn)
            guard source.sn > state.sn || sealing?.said != source.said else { return nil }
        }
        let seal = EventSeal(aid: event.aid, sn: event.sn, said: event.said)
        return try store.trunkSealing(seal, by: state)
    }

    /// Whether a delegated rotation may take the place of the latest establishment event, itself a delegated rotation
    /// (facts 7.5, rules B and C).
    func supersedes(
        _ event: KeyEvent, sealedBy source: SealSource?, in latest: KeyState, delegator: AID
    ) throws -> Bool {
        guard let source, let old = try store.record(of: event.aid, at: latest.establishmentSn),
            old.kind == .delegatedRotation
        else { return false }
        let oldSeal = EventSeal(aid: old.aid, sn: old.sn, said: old.said)
        let later = try store.keyState(of: delegator).flatMap { try store.trunkSealing(oldSeal, by: $0) }
        // What a witness here receipted ahead of the delegator, and the delegator never sealed, counts for nobody.
        guard let oldSource = old.proof.sealSource ?? later else { return true }
        let new = Sealed(seal: EventSeal(aid: event.aid, sn: event.sn, said: event.said), source: source)
        let former = Sealed(seal: oldSeal, source: oldSource)
        return try approves(new, over: former, delegator: delegator, depth: 0)
    }

    /// An event and where its delegator sealed it.
    private struct Sealed {
        let seal: EventSeal
        let source: SealSource
    }

    private func approves(_ new: Sealed, over old: Sealed, delegator: AID, depth: Int) throws -> Bool {
        // A chain of delegators is as long as its owners made it; a loop can't be made of digests, but a bound is cheap.
        guard depth < 32 else { return false }
        guard let newSealing = try store.record(of: delegator, at: new.source.sn, said: new.source.said),
            let oldSealing = try store.record(of: delegator, at: old.source.sn, said: old.source.said)
        else { return false }
        if newSealing.said == oldSealing.said {  // B2
            guard let newPlace = newSealing.place(of: new.seal), let oldPlace = oldSealing.place(of: old.seal) else {
                return false
            }
            return newPlace > oldPlace
        }
        if newSealing.sn != oldSealing.sn { return newSealing.sn > oldSealing.sn }  // B1
        if newSealing.kind.isEstablishment, !oldSealing.kind.isEstablishment { return true }  // B3
        // C: both are delegated rotations of the delegator at one place; its own delegator decides, up to the root.
        guard newSealing.kind == .delegatedRotation, oldSealing.kind == .delegatedRotation,
            let newSource = newSealing.proof.sealSource, let oldSource = oldSealing.proof.sealSource,
            let above = try store.keyState(of: delegator)?.delegator
        else { return false }
        return try approves(
            Sealed(seal: EventSeal(aid: delegator, sn: newSealing.sn, said: newSealing.said), source: newSource),
            over: Sealed(seal: EventSeal(aid: delegator, sn: oldSealing.sn, said: oldSealing.said), source: oldSource),
            delegator: above, depth: depth + 1)
    }
}

extension KeyEventTransaction {
    /// Where the trunk of a log seals an event, the latest place first; nil when it does not.
    package func trunkSealing(_ seal: EventSeal, by state: KeyState) throws -> SealSource? {
        // The digest leads to few events; which of them stand in the trunk and seal just this event is looked up.
        for source in try sealings(of: seal.said, by: state.aid) where source.sn <= state.sn {
            if let record = try record(of: state.aid, at: source.sn), record.said == source.said,
                record.place(of: seal) != nil
            {
                return source
            }
        }
        return nil
    }
}
