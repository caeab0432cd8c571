// SPDX-License-Identifier: Apache-2.0

internal import CESR

extension DuplicityEvidence {
    /// Verifies the evidence by itself.
    /// - Throws: ``EvidenceFault``: why it proves nothing.
    public func verified() throws(EvidenceFault) -> VerifiedDuplicity {
        let heads = branches.map { $0[0].event }
        // Events with different predecessors may be of different histories: behind a recovery every place is used anew.
        guard heads[0].prior == heads[1].prior else {
            throw EvidenceFault(.notOnePlace, "\(heads[0].said) and \(heads[1].said) continue different events")
        }
        switch ForkRule.finding(branches[0].map(\.event.kind), branches[1].map(\.event.kind)) {
        case .recovery: throw EvidenceFault(.recovery, "a rotation may take the place of interactions")
        case .delegatorDecides:
            throw EvidenceFault(.delegatorDecides, "the delegator's log decides between delegated rotations")
        case .contradiction(let first, let second):
            guard branches[0].count == first, branches[1].count == second else {
                throw EvidenceFault(.foreignMessage, "more events than the contradiction needs")
            }
        }
        switch statement.accused {
        case .controller: try verifySignatures()
        case .witness(let witness): try verifyReceipts(by: witness)
        }
        return VerifiedDuplicity(verified: statement, bytes: bytes)
    }

    // MARK: A controller

    private func verifySignatures() throws(EvidenceFault) {
        let store = MemoryKeyEventStore()
        try replayLog(into: store)
        let state: KeyState? = try read(store) { $0.keyState(of: statement.aid) }
        guard state?.sn == statement.sn.previous, state?.said == branches[0][0].event.prior else {
            throw EvidenceFault(
                .incompleteLog,
                "the log of \(statement.aid) ends at \(state?.sn.hex ?? "nothing"), not before \(statement.sn)")
        }
        for branch in branches { try verify(branch, behind: store) }
    }

    /// Whether an event is of the disputed log or of a delegator's above it; anything else proves nothing here.
    private func isNeeded(_ aid: AID, in store: MemoryKeyEventStore) throws(EvidenceFault) -> Bool {
        try read(store) { transaction in
            var next: AID? = statement.aid
            var depth = 0
            while let known = next, depth <= Self.deepestDelegation {
                if known == aid { return true }
                next = transaction.keyState(of: known)?.delegator
                depth += 1
            }
            return false
        }
    }

    /// Every event of the log must be accepted as it comes, by the rules that any log is accepted by.
    private func replayLog(into store: MemoryKeyEventStore) throws(EvidenceFault) {
        let processor = EventProcessor(store: store)
        for signed in log {
            let outcome: EventOutcome
            do {
                outcome = try processor.process(
                    .keyEvent(signed.event), with: signed.attachments, now: statement.seenAt)
            } catch { throw EvidenceFault(.incompleteLog, "\(error)") }
            guard case .accepted = outcome else {
                throw EvidenceFault(
                    .incompleteLog, "event \(signed.event.sn) of \(signed.event.aid) is not accepted: \(outcome)")
            }
        }
        for aid in Set(log.map(\.event.aid)) {
            guard try isNeeded(aid, in: store) else { throw EvidenceFault(.foreignMessage, "the log of \(aid)") }
        }
    }

    /// Each event of a branch must be one that the log, as it stood there, would have taken in; receipts may be missing,
    /// for the signatures of the controller alone are what accuses it.
    private func verify(_ branch: [SignedEvent], behind store: MemoryKeyEventStore) throws(EvidenceFault) {
        // A read undoes what it wrote, so each branch is tried behind the same log.
        let fault: EvidenceFault? = try read(store) { transaction in
            for signed in branch {
                let event = signed.event
                let decision = try EventValidator(store: transaction).decide(
                    event, with: AttachedProof(signed.attachments), now: statement.seenAt)
                var next: KeyState
                switch decision {
                case .accept(let state, _): next = state
                case .escrow(.partialWitnesses, _, _):
                    guard let state = transaction.keyState(of: event.aid) else { return nil }
                    next = state
                    // Only the last event of a branch is an establishment event, and nothing is asked behind it.
                    next.advance(
                        to: event, witnesses: state.witnesses, ordinal: state.firstSeenOrdinal + 1,
                        seenAt: statement.seenAt)
                case .escrow(.partialSignatures, _, let missing):
                    return EvidenceFault(.unsigned, "\(event.said): \(missing)")
                case .reject(.noValidSignature): return EvidenceFault(.unsigned, "\(event.said): no signature verifies")
                case .reject(let rejection): return EvidenceFault(.refusedEvent, "\(event.said): \(rejection.rawValue)")
                case .escrow(let reason, _, _): return EvidenceFault(.refusedEvent, "\(event.said): \(reason.rawValue)")
                case .duplicate: return EvidenceFault(.refusedEvent, "\(event.said): it is in the log")
                }
                try transaction.append(
                    EventRecord(event, ordinal: next.firstSeenOrdinal, seenAt: statement.seenAt, proof: EventProof()),
                    leadingTo: next)
            }
            return nil
        }
        if let fault { throw fault }
    }

    /// Reads from a store in memory, which fails only when what was put into it does not fit together.
    private func read<R: Sendable>(
        _ store: MemoryKeyEventStore, _ body: (inout MemoryTransaction) throws -> R
    ) throws(EvidenceFault) -> R {
        do { return try store.read(body) } catch { throw EvidenceFault(.incompleteLog, "\(error)") }
    }

    // MARK: A witness

    /// Both events must bear the witness's signature; whether their controller signed them does not matter, for an honest
    /// witness receipts only what it took into its log.
    private func verifyReceipts(by witness: AID) throws(EvidenceFault) {
        guard log.isEmpty else {
            throw EvidenceFault(.foreignMessage, "receipts speak for themselves, no log is needed")
        }
        for signed in branches.joined() {
            let hasReceipt = signed.attachments.receipts.contains { couple in
                guard couple.signer == witness, let key = witness.key else { return false }
                return key.verifies(couple.signature, over: signed.event.bytes.span)
            }
            guard hasReceipt else {
                throw EvidenceFault(.noReceipt, "\(witness) signed no receipt of \(signed.event.said)")
            }
        }
    }
}
