// SPDX-License-Identifier: Apache-2.0

internal import CESR

/// What a decision about an event comes to. The orchestrator carries it out; the decision itself changes nothing.
enum EventDecision {
    /// Append the event with what proves it; `state` is the key state after it.
    case accept(KeyState, EventProof)
    /// The log holds the event; replace its proof by this larger one.
    case duplicate(EventRecord, EventProof, added: Int)
    /// Keep it with what verified so far.
    case escrow(EscrowReason, EventProof, missing: String)
    /// Drop it.
    case reject(Rejection)
}

/// Signatures and couples that arrived with an event.
struct AttachedProof {
    var controllerSignatures: [IndexedSignature] = []
    var witnessSignatures: [IndexedSignature] = []
    /// Receipts by non-transferable AIDs (`-C`); those of witnesses count as witness signatures.
    var couples: [EventProof.Receipt] = []
    /// The last seal source couple.
    var sealSource: SealSource?
}

extension AttachedProof {
    /// The couples whose signer is in `list`, as signatures of their places.
    func indexedCouples(in list: [AID]) -> [IndexedSignature] {
        guard !couples.isEmpty, !list.isEmpty else { return [] }
        let places = Dictionary(zip(list, list.indices)) { first, _ in first }
        return couples.compactMap { couple in
            guard let place = places[couple.signer], let key = couple.signer.key else { return nil }
            return IndexedSignature(couple.signature, of: key, index: place)
        }
    }
}

/// Decides about events: the rules of facts 7, on what a transaction shows. Every path that adds an event to a log goes
/// through ``decide(_:with:checks:now:)``, whether the event comes from a file, a peer, an escrow or this very process.
struct EventValidator<Transaction: KeyEventTransaction> {
    let store: Transaction
    /// Witnesses whose keys are here: they see an event before anybody can have receipted it (facts 7.4).
    var witnessing: Set<AID> = []

    /// Decides about one event. Throws only what the store throws.
    func decide(
        _ event: KeyEvent, with attached: AttachedProof, checks: SignatureChecks = .none, now: Timestamp
    ) throws -> EventDecision {
        guard let state = try store.keyState(of: event.aid) else {
            guard event.kind.isInception else {
                return .escrow(.outOfOrder, unverified(attached), missing: "the inception of \(event.aid)")
            }
            return try decideInception(event, with: attached, checks: checks, now: now)
        }
        if event.sn <= state.sn, let own = try store.record(of: event.aid, at: event.sn), own.said == event.said {
            return try decideDuplicate(of: own, event, with: attached)
        }
        if event.sn > state.sn, event.sn != state.sn.next {
            return .escrow(
                .outOfOrder, unverified(attached),
                missing: "events \(state.sn.next?.hex ?? "") to \(event.sn.previous?.hex ?? "") of \(event.aid)")
        }
        if event.sn == state.sn.next {
            guard !event.kind.isInception else { return .reject(.inceptionNotAtZero) }
            return try decide(event, after: state, latest: state, with: attached, checks: checks, now: now)
        }
        guard let base = try recoveryBase(for: event, in: state) else {
            return .escrow(
                .likelyDuplicitous, unverified(attached), missing: "nothing: another event stands at \(event.sn)")
        }
        return try decide(event, after: base, latest: state, with: attached, checks: checks, now: now)
    }

    // MARK: Inception

    private func decideInception(
        _ event: KeyEvent, with attached: AttachedProof, checks: SignatureChecks, now: Timestamp
    ) throws -> EventDecision {
        guard let stated = event.establishment else { return .reject(.noKeys) }
        guard event.sn == .zero else { return .reject(.inceptionNotAtZero) }
        if let key = event.aid.key {
            guard stated.keys == [key] else { return .reject(.prefixNotKey) }
        }
        if let fault = faultInKeys(of: stated) { return .reject(fault) }
        guard Set(stated.witnessesAdded).count == stated.witnessesAdded.count else {
            return .reject(.duplicateWitness)
        }
        guard Self.fits(stated.witnessThreshold, stated.witnessesAdded.count) else {
            return .reject(.badWitnessThreshold)
        }
        let verified = VerifiedSignatures(
            attached.controllerSignatures, over: event.bytes, known: checks.controllers, key: stated.keys.at)
        guard !verified.signatures.isEmpty else { return .reject(.noValidSignature) }
        var proof = EventProof(
            controllerSignatures: verified.signatures, witnessSignatures: attached.witnessSignatures,
            sealSource: attached.sealSource)
        guard stated.signingThreshold.isSatisfied(by: verified.signers) else {
            return .escrow(.partialSignatures, proof, missing: missing(stated.signingThreshold, verified))
        }
        if event.kind.needsDelegator {
            guard let delegator = event.delegator else { return .reject(.sealNotFound) }
            switch try delegation(of: event, by: delegator, source: attached.sealSource) {
            case .sealed(let source): proof.sealSource = source
            case .missing(let text):
                guard isWitnessed(by: stated.witnessesAdded) else {
                    return .escrow(.partialDelegation, proof, missing: text)
                }
                proof.sealSource = nil
            case .refused(let reason): return .reject(reason)
            }
        }
        if let waiting = receipts(
            of: event, list: stated.witnessesAdded, threshold: stated.witnessThreshold, attached: attached,
            checks: checks, into: &proof)
        {
            return waiting
        }
        return .accept(KeyState(inception: event, stated, ordinal: 0, seenAt: now), proof)
    }

    // MARK: Later events

    /// Decides about an event that stands behind `base`; `latest` is the state that the log has now, which is a later
    /// one when the event would supersede others.
    private func decide(
        _ event: KeyEvent, after base: KeyState, latest: KeyState, with attached: AttachedProof,
        checks: SignatureChecks, now: Timestamp
    ) throws -> EventDecision {
        guard base.isTransferable else { return .reject(.notTransferable) }
        if event.kind == .rotation, base.delegator != nil { return .reject(.rotationOfDelegated) }
        if event.kind == .delegatedRotation, base.delegator == nil {
            return .reject(.delegatedRotationOfUndelegated)
        }
        guard event.prior == base.said else { return .reject(.priorMismatch) }
        let witnesses: [AID]
        let witnessThreshold: UInt32
        var proof: EventProof
        if let stated = event.establishment {
            if let fault = faultInKeys(of: stated) { return .reject(fault) }
            switch Self.witnesses(after: stated, from: base.witnesses) {
            case .success(let list): witnesses = list
            case .failure(let fault): return .reject(fault)
            }
            witnessThreshold = stated.witnessThreshold
            let verified = VerifiedSignatures(
                attached.controllerSignatures, over: event.bytes, known: checks.controllers,
                revealing: base.nextDigests, key: stated.keys.at)
            guard !verified.signatures.isEmpty else { return .reject(.noValidSignature) }
            proof = EventProof(
                controllerSignatures: verified.signatures, witnessSignatures: attached.witnessSignatures,
                sealSource: attached.sealSource)
            guard stated.signingThreshold.isSatisfied(by: verified.signers) else {
                return .escrow(.partialSignatures, proof, missing: missing(stated.signingThreshold, verified))
            }
            guard base.nextThreshold.isSatisfied(by: verified.revealed) else {
                return .escrow(
                    .partialSignatures, proof,
                    missing:
                        "pre-rotated keys: \(verified.revealed.count) revealed, \(base.nextThreshold.summary) needed")
            }
            if event.kind == .delegatedRotation, let delegator = base.delegator {
                switch try delegation(of: event, by: delegator, source: attached.sealSource) {
                case .sealed(let source): proof.sealSource = source
                case .missing(let text):
                    // What takes the place of other events is never receipted ahead of the delegator.
                    guard event.sn > latest.sn, isWitnessed(by: witnesses) else {
                        return .escrow(.partialDelegation, proof, missing: text)
                    }
                    proof.sealSource = nil
                case .refused(let reason): return .reject(reason)
                }
                if event.sn == latest.establishmentSn {
                    guard try supersedes(event, sealedBy: proof.sealSource, in: latest, delegator: delegator) else {
                        return .reject(.supersedingNotApproved)
                    }
                }
            }
        } else {
            guard !base.isEstablishmentOnly else { return .reject(.establishmentOnly) }
            witnesses = base.witnesses
            witnessThreshold = base.witnessThreshold
            let verified = VerifiedSignatures(
                attached.controllerSignatures, over: event.bytes, known: checks.controllers, key: base.keys.at)
            guard !verified.signatures.isEmpty else { return .reject(.noValidSignature) }
            proof = EventProof(
                controllerSignatures: verified.signatures, witnessSignatures: attached.witnessSignatures)
            guard base.signingThreshold.isSatisfied(by: verified.signers) else {
                return .escrow(.partialSignatures, proof, missing: missing(base.signingThreshold, verified))
            }
        }
        if let waiting = receipts(
            of: event, list: witnesses, threshold: witnessThreshold, attached: attached, checks: checks, into: &proof)
        {
            return waiting
        }
        var state = base
        state.advance(
            to: event, witnesses: witnesses, ordinal: latest.firstSeenOrdinal + 1, seenAt: now)
        return .accept(state, proof)
    }

    // MARK: Duplicates

    private func decideDuplicate(
        of own: EventRecord, _ event: KeyEvent, with attached: AttachedProof
    ) throws -> EventDecision {
        var proof = own.proof
        if event.kind.needsDelegator, let source = try currentSealSource(of: own, event) { proof.sealSource = source }
        // What is there already needs no check; replaying a log over itself costs nothing but reading.
        let controllers = attached.controllerSignatures.filter { !own.proof.controllerSignatures.contains($0) }
        let witnesses = attached.witnessSignatures.filter { !own.proof.witnessSignatures.contains($0) }
        guard !(controllers.isEmpty && witnesses.isEmpty && attached.couples.isEmpty),
            let state = try replayedState(of: event.aid, through: event.sn)
        else { return .duplicate(own, proof, added: 0) }
        let before = proof.controllerSignatures.count + proof.witnessSignatures.count
        let verified = VerifiedSignatures(controllers, over: event.bytes, known: [], key: state.keys.at)
        proof.add(controllerSignatures: verified.signatures)
        let receipts = VerifiedSignatures(
            witnesses + attached.indexedCouples(in: state.witnesses), over: event.bytes, known: [],
            key: state.witnesses.key)
        proof.add(witnessSignatures: receipts.signatures)
        let added = proof.controllerSignatures.count + proof.witnessSignatures.count - before
        return .duplicate(own, proof, added: added)
    }

    // MARK: Parts

    /// Whether a witness whose keys are here stands in `list`. It receipts a delegated event ahead of the delegator, whose
    /// keripy 1.2 seals only what is receipted; nobody else believes the event before the seal (facts 7.6).
    private func isWitnessed(by list: [AID]) -> Bool { !witnessing.isDisjoint(with: list) }

    private func unverified(_ attached: AttachedProof) -> EventProof {
        EventProof(
            controllerSignatures: attached.controllerSignatures, witnessSignatures: attached.witnessSignatures,
            sealSource: attached.sealSource)
    }

    private func missing(_ threshold: Threshold, _ verified: VerifiedSignatures) -> String {
        "signatures: \(verified.signers.count) valid, \(threshold.summary) needed"
    }

    private func faultInKeys(of stated: Establishment) -> Rejection? {
        if stated.keys.isEmpty { return .noKeys }
        if stated.keys.count < stated.signingThreshold.minimumKeys { return .tooFewKeys }
        if stated.nextDigests.count < stated.nextThreshold.minimumKeys { return .tooFewNextDigests }
        return nil
    }

    private static func fits(_ threshold: UInt32, _ witnesses: Int) -> Bool {
        witnesses == 0 ? threshold == 0 : threshold >= 1 && Int(threshold) <= witnesses
    }

    /// The list in force after a rotation: without the cuts, in the old order, then the added (facts 7.3).
    static func witnesses(after stated: Establishment, from current: [AID]) -> Result<[AID], Rejection> {
        let cuts = Set(stated.witnessesCut)
        let adds = Set(stated.witnessesAdded)
        guard cuts.count == stated.witnessesCut.count, adds.count == stated.witnessesAdded.count else {
            return .failure(.duplicateWitness)
        }
        guard cuts.isSubset(of: current) else { return .failure(.cutNotWitness) }
        guard adds.isDisjoint(with: cuts), adds.isDisjoint(with: current) else { return .failure(.addNotNew) }
        let list =
            cuts.isEmpty
            ? current + stated.witnessesAdded
            : current.filter { !cuts.contains($0) } + stated.witnessesAdded
        guard fits(stated.witnessThreshold, list.count) else { return .failure(.badWitnessThreshold) }
        return .success(list)
    }

    /// Keeps the valid receipts in `proof`; returns an escrow decision when they are too few (facts 7.4).
    private func receipts(
        of event: KeyEvent, list: [AID], threshold: UInt32, attached: AttachedProof, checks: SignatureChecks,
        into proof: inout EventProof
    ) -> EventDecision? {
        guard !list.isEmpty else {
            proof.witnessSignatures = []
            return nil
        }
        let verified = VerifiedSignatures(
            attached.witnessSignatures + attached.indexedCouples(in: list), over: event.bytes,
            known: checks.witnesses, key: list.key)
        proof.witnessSignatures = verified.signatures
        if verified.signers.count >= Int(threshold) { return nil }
        if list.contains(where: witnessing.contains) { return nil }
        return .escrow(
            .partialWitnesses, proof,
            missing: "witness receipts: \(verified.signers.count) valid, \(threshold) needed")
    }
}

extension EventProof {
    /// Adds signatures for indexes that have none yet.
    mutating func add(controllerSignatures more: [IndexedSignature]) {
        for signature in more where !controllerSignatures.contains(where: { $0.index == signature.index }) {
            controllerSignatures.append(signature)
        }
    }

    /// Adds receipts for indexes that have none yet.
    mutating func add(witnessSignatures more: [IndexedSignature]) {
        for signature in more where !witnessSignatures.contains(where: { $0.index == signature.index }) {
            witnessSignatures.append(signature)
        }
    }
}
