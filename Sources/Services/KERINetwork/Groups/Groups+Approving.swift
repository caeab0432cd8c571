// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI

extension Groups {
    /// Agrees to a proposal of another member: checks it again, signs it and tells the others.
    ///
    /// - Parameters:
    ///   - said: the digest of the event.
    ///   - name: what a new group shall be called here; needed when it has no name yet.
    ///   - expectation: what the event must be.
    ///   - now: the time to record.
    /// - Throws: ``GroupError``, ``ControllerError``, what store, vault and book fail with.
    public func approve(
        _ said: SAID, named name: String? = nil, expecting expectation: GroupExpectation? = nil, now: Timestamp
    ) async throws -> GroupProgress {
        let (group, proposal) = try find(said)
        guard proposal.stage != .declined, proposal.stage != .overtaken else {
            throw GroupError(.proposalSettled, "the event is \(proposal.stage.rawValue)")
        }
        return try await approve(proposal, member: group.member, named: name, expecting: expectation, now: now)
    }

    /// Says no to a proposal. Others may still complete it without our signature.
    /// - Throws: ``GroupError`` `proposalUnknown`, `proposalSettled`; what the book fails with.
    public func decline(_ said: SAID) throws {
        let (group, _) = try find(said)
        try book.update { ledger in
            guard let proposal = ledger.group(group.aid)?.proposal(said), proposal.stage == .proposed else {
                throw GroupError(.proposalSettled, "the event waits for no decision")
            }
            ledger.change(said, of: group.aid) { $0.stage = .declined }
            ledger.tidy(group.aid)
        }
    }

    /// Stands by an event no longer, so that another one can be approved for its place.
    ///
    /// Our signature is out: whoever has it can still complete the event. If the group then completes both, it has
    /// contradicted itself for everybody to see. So this is for members that have agreed to let the event go.
    /// - Throws: ``GroupError`` `proposalUnknown`, `proposalSettled`; what store and books fail with.
    public func withdraw(_ said: SAID) throws {
        let (group, proposal) = try find(said)
        let isInLog = try wallet.store.read {
            try $0.record(of: group.aid, at: proposal.event.sn, said: said) != nil
        }
        guard proposal.stage == .approved, !isInLog else {
            throw GroupError(.proposalSettled, "the event is \(proposal.stage.rawValue)")
        }
        try book.update { ledger in
            ledger.change(said, of: group.aid) { $0.stage = .declined }
            ledger.tidy(group.aid)
        }
        try forgetWaiting(proposal.event)
    }

    func find(_ said: SAID) throws -> (GroupRecord, GroupProposal) {
        for group in try book.load().groups {
            if let proposal = group.proposal(said) { return (group, proposal) }
        }
        throw GroupError(.proposalUnknown, "there is no proposal \(said)")
    }

    func approve(
        _ proposal: GroupProposal, member: AID, named name: String?, expecting expectation: GroupExpectation?,
        now: Timestamp
    ) async throws -> GroupProgress {
        let event = proposal.event
        let isNew = try find(orNil: event)?.stage ?? .proposed == .proposed
        if isNew {
            try wallet.store.read { transaction in
                let checks = GroupChecks(store: transaction, member: member)
                let base = try checks.base(of: event)
                let known = try book.load().group(event.aid)?.signing
                try checks.check(
                    event, signing: proposal.signing, rotation: proposal.rotation, base: base, known: known)
                let (list, threshold) = WitnessList.inForce(at: event, base: base)
                try expectation?.check(proposal, witnesses: list, threshold: threshold)
            }
            guard proposal.signing.contains(member) else {
                throw GroupError(.noPlace, "\(member) is not among those who sign")
            }
            try refuseInvalid(event, now: now)
        }
        try claim(proposal, member: member, named: name)
        return try await advance(event.aid, event.said, now: now)
    }

    private func find(orNil event: KeyEvent) throws -> GroupProposal? {
        try book.load().group(event.aid)?.proposal(event.said)
    }

    /// Remembers that our member agrees, before anything is signed: from then on it signs nothing else for this place.
    private func claim(_ proposal: GroupProposal, member: AID, named name: String?) throws {
        let event = proposal.event
        let names = try wallet.identifiers()
        try book.update { ledger in
            if ledger.group(event.aid) == nil {
                ledger.groups.append(GroupRecord(aid: event.aid, name: nil, member: member))
            }
            guard let place = ledger.groups.firstIndex(where: { $0.aid == event.aid }) else { return }
            if let other = ledger.groups[place].proposals.first(where: {
                $0.event.sn == event.sn && $0.event.said != event.said && $0.stage == .approved
            }) {
                throw GroupError(.conflict, "\(member) has agreed to \(other.event.said) for the same place")
            }
            if ledger.groups[place].name == nil {
                guard let name else { throw GroupError(.nameMissing, "the group \(event.aid) needs a name") }
                guard OwnedIdentifier.isValid(name: name) else {
                    throw ControllerError(.nameMalformed, "\(name) can't be a name")
                }
                guard !names.contains(where: { $0.name == name && $0.aid != event.aid }),
                    !ledger.groups.contains(where: { $0.name == name && $0.aid != event.aid })
                else { throw ControllerError(.nameTaken, "\(name) is the name of another AID") }
                ledger.groups[place].name = name
            }
            if ledger.groups[place].proposal(event.said) == nil {
                ledger.groups[place].proposals.append(proposal)
            }
            ledger.change(event.said, of: event.aid) { if !$0.stage.isSettled { $0.stage = .approved } }
        }
    }

    /// Refuses what KERI's own rules refuse, before our member is bound to it. That nobody's signature is there yet is
    /// no reason.
    private func refuseInvalid(_ event: KeyEvent, now: Timestamp) throws {
        let trial = Wallet(store: wallet.store, vault: nil, book: wallet.book, isDryRun: true)
        switch try trial.process(event, Attachments(), now: now) {
        case .rejected(.noValidSignature): return
        case .rejected(let reason): throw GroupError(.invalidEvent, reason.rawValue)
        case .escrowed(.likelyDuplicitous):
            throw GroupError(.overtaken, "another event stands at \(event.sn.hex) of \(event.aid)")
        default: return
        }
    }
}
