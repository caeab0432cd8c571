// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
public import KelmarkBytes

/// The groups in which AIDs of a wallet take part: proposes, judges, signs and completes their events together with the
/// other members (facts 11.3).
///
/// Whoever proposes, and whoever approves, does the same: remembers that it agreed (so that it never signs another event
/// for the same place), signs, decides about the event with all signatures known, and sends its copy to all others.
/// Each step can be done again: after a crash ``resume(now:resending:)`` goes on from what is durable.
///
/// The group is an AID of the wallet, so nothing from the network moves its log (facts 7.7): copies by others only bring
/// signatures for an event that our member agreed to. When thresholds hold, the member with the lowest index among those
/// that signed fetches the receipts: see ``GroupProgress/next``.
public struct Groups<Store: KeyEventStore>: Sendable {
    /// Where our members' keys and everybody's logs are.
    public let wallet: Wallet<Store>
    /// Where is kept what a crash must not lose.
    public let book: any GroupBook
    /// How the other members are reached.
    public let courier: any GroupCourier

    /// The mailbox topic of messages between members.
    public static var topic: String { "multisig" }

    /// Joins the three.
    public init(wallet: Wallet<Store>, book: any GroupBook, courier: any GroupCourier) {
        self.wallet = wallet
        self.book = book
        self.courier = courier
    }

    /// The groups that are known, and those that somebody asks one of our AIDs to join.
    /// - Throws: what the book fails with.
    public func list() throws -> [GroupRecord] { try book.load().groups }

    /// The group with a name, or with this text as AID.
    /// - Throws: ``GroupError`` `groupUnknown`.
    public func group(_ nameOrAID: String) throws -> GroupRecord {
        guard let found = try list().first(where: { $0.name == nameOrAID || $0.aid.text == nameOrAID }) else {
            throw GroupError(.groupUnknown, "no group is called \(nameOrAID)")
        }
        return found
    }

    // MARK: Proposing

    /// Makes the inception of a new group, or agrees to the same one when another member was faster.
    /// - Throws: ``GroupError``, ``ControllerError``, ``EventBuilder/Failure``, what store, vault and book fail with.
    public func incept(_ plan: GroupPlan, now: Timestamp) async throws -> GroupProgress {
        let rotation = plan.rotation ?? plan.signing
        let event = try wallet.store.read { transaction in
            let checks = GroupChecks(store: transaction, member: plan.member)
            let stated = try establishment(
                checks, signing: plan.signing, rotation: rotation,
                signingThreshold: plan.signingThreshold ?? StandardNumbers.half(of: plan.signing.count),
                nextThreshold: plan.nextThreshold ?? StandardNumbers.half(of: rotation.count))
            guard Set(plan.witnesses).count == plan.witnesses.count else {
                throw ControllerError(.witness, "a witness is named twice")
            }
            let threshold = plan.witnessThreshold ?? StandardNumbers.ample(plan.witnesses.count)
            try Signing.require(threshold, fits: plan.witnesses)
            var whole = stated
            whole.witnessThreshold = threshold
            whole.witnessesAdded = plan.witnesses
            whole.traits = plan.traits
            return try EventBuilder.inception(whole, delegator: plan.delegator, anchors: plan.anchors)
        }
        return try await agree(
            to: event, signing: plan.signing, rotation: rotation, member: plan.member, named: plan.name, now: now)
    }

    /// Makes a rotation of a group. Every member that signs must have rotated its own AID before, and its log must be
    /// here.
    /// - Throws: as ``incept(_:now:)``; `memberNotMoved` and `memberUnknown` name who must act.
    public func rotate(_ nameOrAID: String, _ plan: GroupRotationPlan, now: Timestamp) async throws -> GroupProgress {
        let group = try group(nameOrAID)
        let signing = plan.signing ?? group.signing
        let rotation = plan.rotation ?? plan.signing ?? group.rotation
        let event = try wallet.store.read { transaction in
            let base = try state(of: group, transaction)
            let stated = try establishment(
                GroupChecks(store: transaction, member: group.member), signing: signing, rotation: rotation,
                signingThreshold: plan.signingThreshold
                    ?? (signing.count == base.nextDigests.count
                        ? base.nextThreshold : StandardNumbers.half(of: signing.count)),
                nextThreshold: plan.nextThreshold
                    ?? (rotation.count == base.nextDigests.count
                        ? base.nextThreshold : StandardNumbers.half(of: rotation.count)))
            var whole = stated
            whole.witnessesCut = plan.witnessesCut
            whole.witnessesAdded = plan.witnessesAdded
            let list = base.witnesses.filter { !plan.witnessesCut.contains($0) } + plan.witnessesAdded
            whole.witnessThreshold =
                plan.witnessThreshold
                ?? (list == base.witnesses ? base.witnessThreshold : StandardNumbers.ample(list.count))
            try Signing.require(whole.witnessThreshold, fits: list)
            return try EventBuilder.rotation(of: base, whole, anchors: plan.anchors)
        }
        return try await agree(
            to: event, signing: signing, rotation: rotation, member: group.member, named: nil, now: now)
    }

    /// Anchors seals or other data in an interaction of a group.
    /// - Throws: as ``incept(_:now:)``.
    public func anchor(_ nameOrAID: String, _ anchors: [OrderedValue], now: Timestamp) async throws -> GroupProgress {
        let group = try group(nameOrAID)
        let event = try wallet.store.read { transaction in
            let base = try state(of: group, transaction)
            guard !base.isEstablishmentOnly else {
                throw ControllerError(.establishmentOnly, "\(nameOrAID) takes establishment events only")
            }
            return try EventBuilder.interaction(of: base, anchors: anchors)
        }
        return try await agree(
            to: event, signing: group.signing, rotation: [], member: group.member, named: nil, now: now)
    }

    private func state(of group: GroupRecord, _ transaction: Store.Transaction) throws -> KeyState {
        guard let state = try transaction.keyState(of: group.aid) else {
            throw GroupError(.groupUnknown, "the inception of \(group.name ?? group.aid.text) is still waiting")
        }
        return state
    }

    /// Keys and digests of the members as their logs state them.
    private func establishment(
        _ checks: GroupChecks<Store.Transaction>, signing: [AID], rotation: [AID], signingThreshold: Threshold,
        nextThreshold: Threshold
    ) throws -> Establishment {
        let keys = try signing.compactMap { try checks.state(of: $0, group: nil).keys.first }
        let digests = try rotation.compactMap { try checks.state(of: $0, group: nil).nextDigests.first }
        return Establishment(
            signingThreshold: signingThreshold, keys: keys, nextThreshold: nextThreshold, nextDigests: digests)
    }

    /// Enters an event of ours into the ledger and goes on as with a proposal of somebody else.
    private func agree(
        to event: KeyEvent, signing: [AID], rotation: [AID], member: AID, named name: String?, now: Timestamp
    ) async throws -> GroupProgress {
        guard try wallet.book.load().contains(where: { $0.aid == member }) else {
            throw GroupError(.notOurs, "\(member) is none of our AIDs")
        }
        let proposal = GroupProposal(
            event: event, signing: signing, rotation: rotation, proposer: member, since: now, stage: .proposed)
        return try await approve(proposal, member: member, named: name, expecting: nil, now: now)
    }
}
