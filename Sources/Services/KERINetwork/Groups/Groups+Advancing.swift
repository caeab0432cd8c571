// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkCrypto

extension Groups {
    /// Does what is left to do for everything that our members agreed to: signs, merges, sends. Then looks again at
    /// messages that could not be judged. To be called after a start, and when logs of members or receipts have arrived.
    ///
    /// - Parameters:
    ///   - now: the time to record.
    ///   - resending: whether members that have not signed are sent our copy once more, as when theirs got lost.
    /// - Returns: how far each event has come that is not settled, or was settled by this call.
    /// - Throws: what store, vault and book fail with.
    public func resume(now: Timestamp, resending: Bool = false) async throws -> [GroupProgress] {
        try wallet.refresh(now: now)
        try await reread(now: now)
        var progress: [GroupProgress] = []
        for group in try book.load().groups {
            for proposal in group.proposals {
                let isUnsent = proposal.stage == .accepted && !unsent(proposal, group.member).isEmpty
                guard !proposal.stage.isSettled || isUnsent else { continue }
                if resending, proposal.stage == .approved {
                    try book.update { ledger in
                        ledger.change(proposal.event.said, of: group.aid) { $0.sentTo = $0.signers }
                    }
                }
                do {
                    progress.append(try await advance(group.aid, proposal.event.said, now: now))
                } catch let error as GroupError where error.code == .invalidEvent {
                    // What became impossible holds up nothing else; it is told when that event is asked for.
                    continue
                } catch let error as ControllerError where error.code == .keyMissing {
                    continue
                }
            }
        }
        return progress
    }

    /// Goes on with one event as far as it goes now.
    /// - Throws: ``GroupError`` `proposalUnknown`; what store, vault and book fail with.
    func advance(_ aid: AID, _ said: SAID, now: Timestamp) async throws -> GroupProgress {
        guard let group = try book.load().group(aid), let proposal = group.proposal(said) else {
            throw GroupError(.proposalUnknown, "there is no proposal \(said)")
        }
        var outcome: EventOutcome?
        if proposal.stage == .approved || proposal.stage == .accepted {
            if try isOvertaken(proposal.event) {
                try settle(group, proposal, as: .overtaken)
            } else {
                try enterName(of: group, now: now)
                try await sign(group, proposal)
                outcome = try decide(group, said, now: now)
                if outcome?.isInLog == true { try settle(group, proposal, as: .accepted) }
            }
        } else if proposal.stage == .proposed {
            if try isOvertaken(proposal.event) {
                try settle(group, proposal, as: .overtaken)
            } else if try isInLog(proposal.event) {
                // The others completed it, and it was followed: there is nothing left to decide.
                try settle(group, proposal, as: .accepted)
            }
        }
        let undelivered = try await send(aid, said, now: now)
        guard let settled = try book.load().group(aid)?.proposal(said) else {
            throw GroupError(.proposalUnknown, "there is no proposal \(said)")
        }
        return try progress(of: settled, member: group.member, outcome, undelivered)
    }

    /// Whether another event stands where this one wants to.
    private func isOvertaken(_ event: KeyEvent) throws -> Bool {
        try wallet.store.read { transaction in
            guard let state = try transaction.keyState(of: event.aid), event.sn <= state.sn else { return false }
            return try transaction.record(of: event.aid, at: event.sn)?.said != event.said
        }
    }

    private func isInLog(_ event: KeyEvent) throws -> Bool {
        try wallet.store.read { try $0.record(of: event.aid, at: event.sn, said: event.said) != nil }
    }

    /// Makes the group one of the wallet's AIDs.
    private func enterName(of group: GroupRecord, now: Timestamp) throws {
        let all = try wallet.book.load()
        guard let name = group.name, !all.contains(where: { $0.aid == group.aid }) else { return }
        // What strangers sent of the group before it was ours does not count: what waits of it is what we agreed to.
        try forgetEscrows(of: group.aid) { _ in true }
        // A name whose AID has no event is left over from a crash and free.
        let kept = all.filter { $0.name != name }
        try wallet.book.save(
            kept + [
                OwnedIdentifier(
                    name: name, aid: group.aid, createdAt: now, derivation: .random, algorithm: .ed25519)
            ])
    }

    /// Adds our member's signature, unless it is there.
    private func sign(_ group: GroupRecord, _ proposal: GroupProposal) async throws {
        guard let place = proposal.signing.firstIndex(of: group.member),
            !proposal.signatures.contains(where: { $0.index == place })
        else { return }
        let keys = try keys(of: proposal.event)
        guard keys.keys.indices.contains(place), let key = try await wallet.ring().key(keys.keys[place]) else {
            throw ControllerError(.keyMissing, "the vault has not the key of \(group.member) for \(group.aid)")
        }
        let (ondex, isFresh) = keys.place(of: keys.keys[place])
        let signature = try key.indexedSignature(
            over: proposal.event.bytes, index: place, ondex: ondex, currentOnly: isFresh)
        try book.update { ledger in
            ledger.change(proposal.event.said, of: group.aid) { $0.add(signature) }
        }
    }

    /// The keys that sign an event whose base is here.
    func keys(of event: KeyEvent) throws -> GroupKeys {
        try wallet.store.read { transaction in
            var base: KeyState?
            if let before = event.sn.previous { base = try transaction.trunkState(of: event.aid, through: before) }
            return GroupKeys(event, base: base)
        }
    }

    /// Decides about the event with all signatures that are known.
    private func decide(_ group: GroupRecord, _ said: SAID, now: Timestamp) throws -> EventOutcome {
        guard let proposal = try book.load().group(group.aid)?.proposal(said) else {
            throw GroupError(.proposalUnknown, "there is no proposal \(said)")
        }
        do {
            return try wallet.finish(proposal.event, signedBy: proposal.signatures, now: now).outcome
        } catch let reason as Rejection {
            throw GroupError(.invalidEvent, reason.rawValue)
        }
    }

    /// Remembers that an event is on its way no more, and whose keys are in force when it stands.
    private func settle(_ group: GroupRecord, _ proposal: GroupProposal, as stage: GroupProposal.Stage) throws {
        let event = proposal.event
        let state = try wallet.keyState(of: group.aid)
        try book.update { ledger in
            guard ledger.group(group.aid)?.proposal(event.said)?.stage != stage else { return }
            ledger.change(event.said, of: group.aid) { $0.stage = stage }
            if stage == .accepted, state?.establishmentSAID == event.said,
                let place = ledger.groups.firstIndex(where: { $0.aid == group.aid })
            {
                ledger.groups[place].signing = proposal.signing
                ledger.groups[place].rotation = proposal.rotation
            }
            ledger.tidy(group.aid)
        }
        try forgetWaiting(event)
    }

    /// Takes an event that waits no more out of the escrows and the wallet's book, so that it is not tried again.
    func forgetWaiting(_ event: KeyEvent) throws {
        try forgetEscrows(of: event.aid) { $0.said == event.said }
        guard let message = try wallet.book.load().first(where: { $0.aid == event.aid })?.waitingEvent,
            let (waiting, _) = Wallet<Store>.parse(message), waiting.said == event.said
        else { return }
        try wallet.update(event.aid) { $0.waitingEvent = nil }
    }

    /// Drops escrowed events of an AID.
    private func forgetEscrows(of aid: AID, where isMeant: (EscrowKey) -> Bool) throws {
        let keys = try wallet.store.read { try $0.escrows(reason: nil, aid: aid, limit: .max).map(\.key) }
        let meant = keys.filter { $0.reason.isOfEvents && isMeant($0) }
        guard !meant.isEmpty else { return }
        try wallet.store.write { transaction in for key in meant { try transaction.removeEscrow(key) } }
    }

    // MARK: Sending

    private func unsent(_ proposal: GroupProposal, _ member: AID) -> [AID] {
        guard proposal.signers.contains(member) else { return [] }
        return proposal.members.filter { $0 != member && !proposal.sentTo.contains($0) }
    }

    /// Sends our copy to everybody who was not sent it; only what our member has signed.
    private func send(_ aid: AID, _ said: SAID, now: Timestamp) async throws -> [GroupProgress.Undelivered] {
        guard let group = try book.load().group(aid), let proposal = group.proposal(said),
            proposal.stage == .approved || proposal.stage == .accepted,
            proposal.signers.contains(group.member)
        else { return [] }
        let recipients = unsent(proposal, group.member)
        guard !recipients.isEmpty else { return [] }
        let controller = try Controller(wallet, group.member.text)
        let state = try controller.keyState()
        let seal = EventSeal(aid: state.aid, sn: state.establishmentSn, said: state.establishmentSAID)
        var undelivered: [GroupProgress.Undelivered] = []
        for recipient in recipients {
            let body = try proposal.exchange(
                from: group.member, form: await courier.form(for: recipient), dated: now)
            let attachments = try proposal.attachments(signedBy: seal, try await controller.sign(body))
            do {
                try await courier.send(
                    body, attachments: attachments, to: recipient, from: group.member, topic: Self.topic)
            } catch let cancelled as CancellationError {
                throw cancelled
            } catch {
                undelivered.append(.init(member: recipient, reason: "\(error)"))
                continue
            }
            try book.update { ledger in
                ledger.change(said, of: aid) { if !$0.sentTo.contains(recipient) { $0.sentTo.append(recipient) } }
            }
        }
        return undelivered
    }

    // MARK: Telling

    func progress(
        of proposal: GroupProposal, member: AID, _ outcome: EventOutcome?, _ undelivered: [GroupProgress.Undelivered]
    ) throws -> GroupProgress {
        let event = proposal.event
        var next = GroupProgress.Step.nothing
        switch (proposal.stage, outcome) {
        case (.proposed, _): next = .decision
        case (_, .escrowed(.partialSignatures)): next = .signatures(proposal.missing)
        case (_, .escrowed(.partialDelegation)), (_, .escrowed(.delegable)):
            let delegator: AID? =
                if let stated = event.delegator { stated } else { try wallet.keyState(of: event.aid)?.delegator }
            if let delegator, let lead = proposal.signers.first {
                next = .approval(delegator: delegator, askedBy: lead)
            }
        case (_, .escrowed(.partialWitnesses)):
            if let lead = proposal.signers.first { next = .receipts(by: lead) }
        case (_, .escrowed(let reason)): next = .escrow(reason)
        default: break
        }
        var attachments = Attachments()
        attachments.controllerSignatures = proposal.signatures
        return GroupProgress(
            event: EventSeal(aid: event.aid, sn: event.sn, said: event.said), kind: event.kind, member: member,
            stage: proposal.stage, signed: proposal.signers, missing: proposal.missing, undelivered: undelivered,
            next: next, message: event.bytes + (try attachments.encoded(in: .text)))
    }
}

extension EscrowReason {
    /// Whether what waits is a key event, and not a receipt, reply, query or exchange message.
    var isOfEvents: Bool {
        switch self {
        case .outOfOrder, .partialSignatures, .partialDelegation, .partialWitnesses, .likelyDuplicitous, .misfit,
            .delegable:
            true
        case .unverifiedWitnessReceipt, .unverifiedReceipt, .unverifiedTransferableReceipt, .queryNotFound,
            .partialReply, .partialExchange:
            false
        }
    }
}
