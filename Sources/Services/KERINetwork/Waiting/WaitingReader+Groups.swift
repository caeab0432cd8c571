// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

extension WaitingReader {
    /// The events of a group that are not settled, and copies that did not leave.
    mutating func read(_ group: GroupRecord) throws {
        for proposal in group.proposals {
            let event = proposal.event
            let seal = EventSeal(aid: group.aid, sn: event.sn, said: event.said)
            let subject = WaitingItem.Subject.groupEvent(seal, event.kind)
            switch proposal.stage {
            case .proposed:
                add(
                    subject, of: group.aid, nil, .decision, "proposed by \(proposal.proposer)", .us(group.member),
                    since: proposal.since, until: nil, .decideGroupEvent(group.aid, event.said))
            case .approved: try readApproved(proposal, of: group, subject)
            case .accepted, .declined, .overtaken: break
            }
            guard proposal.stage == .approved || proposal.stage == .accepted,
                proposal.signers.contains(group.member)
            else { continue }
            let unsent = proposal.members.filter { $0 != group.member && !proposal.sentTo.contains($0) }
            guard !unsent.isEmpty else { continue }
            add(
                subject, of: group.aid, nil, .delivery(unsent), "our copy has not reached all members",
                .us(group.member), since: proposal.since, until: nil, .resumeGroup(group.aid))
        }
    }

    private mutating func readApproved(
        _ proposal: GroupProposal, of group: GroupRecord, _ subject: WaitingItem.Subject
    ) throws {
        let event = proposal.event
        let reasons: [EscrowReason] = [.partialWitnesses, .partialDelegation, .delegable]
        for reason in reasons {
            let key = EscrowKey(reason: reason, aid: group.aid, sn: event.sn, said: event.said)
            guard let entry = try store.escrow(key), let stored = try? StoredMessage(entry.message) else { continue }
            try read(event, stored.attachments, reason, entry.missing, since: proposal.since, until: nil)
            return
        }
        let isUnsigned = !proposal.signers.contains(group.member)
        add(
            subject, of: group.aid, .partialSignatures, .members(proposal.missing),
            "\(proposal.signers.count) of \(proposal.signing.count) members have signed",
            isUnsigned ? .us(group.member) : .others(proposal.missing), since: proposal.since, until: nil,
            .resumeGroup(group.aid))
    }

    /// A message about a group that can't be judged yet.
    mutating func read(_ unread: UnreadGroupMessage) {
        guard case .exchange(let exchange)? = try? StoredMessage(unread.message).message else { return }
        let aid = unread.reason.actor ?? exchange.payload.aid("gid") ?? unread.sender
        add(
            .exchange(unread.said, route: exchange.route), of: unread.sender, nil, .log(aid), unread.reason.detail,
            .anybody, since: unread.since,
            until: unread.since.advanced(bySeconds: UnreadGroupMessage.lifetime), .resolve(aid))
    }
}
