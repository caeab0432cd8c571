// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI

/// How far an event of a group has come, and whose move it is.
public struct GroupProgress: Sendable, Hashable {
    /// The event.
    public let event: EventSeal
    /// What it does.
    public let kind: KeyEventKind
    /// Our member.
    public let member: AID
    /// How far our side is.
    public let stage: GroupProposal.Stage
    /// The members that have signed, as far as known here.
    public let signed: [AID]
    /// The members that have not.
    public let missing: [AID]
    /// Members that our copy could not be handed over to, and why.
    public let undelivered: [Undelivered]
    /// Whose move it is.
    public let next: Step
    /// The event with all signatures known here, as one CESR message: what witnesses and a delegator are sent.
    public let message: [UInt8]

    /// A copy that did not leave.
    public struct Undelivered: Sendable, Hashable {
        /// For whom it is.
        public let member: AID
        /// What the courier said.
        public let reason: String
    }

    /// Whose move it is.
    public enum Step: Sendable, Hashable {
        /// A person decides whether our member signs.
        case decision
        /// Members must sign; any of them, until the threshold holds.
        case signatures([AID])
        /// A member asks the delegator for its seal: the one with the lowest index among those that signed.
        case approval(delegator: AID, askedBy: AID)
        /// A member collects the receipts of the witnesses: the one with the lowest index among those that signed.
        case receipts(by: AID)
        /// The event waits for something else, such as an earlier event.
        case escrow(EscrowReason)
        /// Nothing is left to do.
        case nothing
    }

    /// The same event once it stands in the log.
    public init(accepted earlier: GroupProgress) {
        self.init(
            event: earlier.event, kind: earlier.kind, member: earlier.member, stage: .accepted,
            signed: earlier.signed, missing: earlier.missing, undelivered: earlier.undelivered, next: .nothing,
            message: earlier.message)
    }

    init(
        event: EventSeal, kind: KeyEventKind, member: AID, stage: GroupProposal.Stage, signed: [AID], missing: [AID],
        undelivered: [Undelivered], next: Step, message: [UInt8]
    ) {
        self.event = event
        self.kind = kind
        self.member = member
        self.stage = stage
        self.signed = signed
        self.missing = missing
        self.undelivered = undelivered
        self.next = next
        self.message = message
    }

    /// Whether the next step is our member's: to fetch receipts or to ask the delegator.
    public var isOurs: Bool {
        switch next {
        case .decision: true
        case .signatures(let members): members.contains(member)
        case .approval(_, let lead), .receipts(let lead): lead == member
        case .escrow, .nothing: false
        }
    }
}

/// What became of a message about a group.
public enum GroupOutcome: Sendable, Hashable {
    /// The message is of no route of groups, and nobody looked at it.
    case notForGroups
    /// A person can now approve or decline.
    case proposed(GroupProgress)
    /// It brought signatures for an event that is known, or nothing new.
    case merged(GroupProgress)
    /// It was seen before, or speaks of what is settled.
    case repeated
    /// It is kept until more of somebody's log arrives.
    case kept(GroupError)
    /// It is not believed, and nothing of it was kept.
    case refused(GroupError)
}
