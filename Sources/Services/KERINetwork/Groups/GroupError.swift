// SPDX-License-Identifier: Apache-2.0

public import KERI

/// Why a group operation was not done, or a message about a group not believed. Nothing has changed then.
public struct GroupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        // The message.

        /// The exchange message has not the members that its route asks for.
        case malformed
        /// The block of embedded messages is not what its digest says.
        case forgedBlock = "forged-block"
        /// The embedded message is no event, or not the one that its digest names.
        case forgedEvent = "forged-event"
        /// The route speaks of another kind of event than the one that is embedded.
        case wrongKind = "wrong-kind"
        /// The message names another group than the event.
        case wrongGroup = "wrong-group"
        /// Nothing shows that the sender sent the message.
        case unsigned
        /// The log of the sender is not known well enough to check the signature.
        case senderUnknown = "sender-unknown"
        /// The message is signed with keys that the sender has replaced.
        case senderStale = "sender-stale"
        /// The sender is none of the members.
        case stranger
        /// None of the members is ours.
        case notOurs = "not-ours"
        /// So much waits for a decision already that no more is kept.
        case tooMany = "too-many"

        // What it proposes.

        /// Members and keys, or members and next digests, are not equally many, or a member is named twice.
        case membersMismatch = "members-mismatch"
        /// A copy of the same event names other members.
        case membersDiffer = "members-differ"
        /// The key at our member's place is not its key.
        case notOurKey = "not-our-key"
        /// The next digest at our member's place is not its next digest.
        case notOurDigest = "not-our-digest"
        /// The key at the place of another member is none that its log states.
        case foreignKey = "foreign-key"
        /// The next digest at the place of another member is none that its log states.
        case foreignDigest = "foreign-digest"
        /// The log of a member is not known.
        case memberUnknown = "member-unknown"
        /// A member has rotated, and its log as known here does not show it.
        case memberBehind = "member-behind"
        /// The key or digest of a member is one that it has replaced.
        case memberStale = "member-stale"
        /// A member has not rotated since the group's last establishment event.
        case memberNotMoved = "member-not-moved"
        /// A member can't be one: its keys can't be rotated, it has ended, or it is a group or a witness.
        case memberUnfit = "member-unfit"
        /// A threshold that all members together can't satisfy.
        case badThreshold = "bad-threshold"
        /// Members who would sign don't reveal enough of the pre-rotated keys.
        case nextThreshold = "next-threshold"
        /// The sender has not signed the event that it proposes.
        case unsignedBySender = "unsigned-by-sender"
        /// The event breaks a rule of KERI.
        case invalidEvent = "invalid-event"

        // Where it would stand.

        /// No group with this AID or name is known.
        case groupUnknown = "group-unknown"
        /// The log of the group as known here ends before the event's place.
        case groupBehind = "group-behind"
        /// Another event stands at the place.
        case overtaken
        /// The event does not continue the group's log.
        case priorMismatch = "prior-mismatch"
        /// Our member has agreed to another event for the same place.
        case conflict
        /// Our member has no place among those who sign.
        case noPlace = "no-place"

        // What was expected of it.

        /// Other signing members than expected.
        case otherMembers = "other-members"
        /// Other members of the next rotation than expected.
        case otherNextMembers = "other-next-members"
        /// Another signing threshold than expected.
        case otherThreshold = "other-threshold"
        /// Another threshold of the next rotation than expected.
        case otherNextThreshold = "other-next-threshold"
        /// Other witnesses, or another witness threshold, than expected.
        case otherWitnesses = "other-witnesses"
        /// Another delegator than expected.
        case otherDelegator = "other-delegator"
        /// Other anchored data than expected.
        case otherAnchors = "other-anchors"

        // What was asked of us.

        /// There is no such proposal.
        case proposalUnknown = "proposal-unknown"
        /// The proposal is settled: declined, overtaken, or in the log.
        case proposalSettled = "proposal-settled"
        /// The new group needs a name.
        case nameMissing = "name-missing"
        /// What the book of groups holds can't be read back.
        case bookDamaged = "book-damaged"
        /// The book of groups was written by a newer version.
        case bookTooNew = "book-too-new"
    }

    /// What is wrong.
    public let code: Code
    /// One clause for the operator; identifiers only.
    public let detail: String
    /// Whose move it is; nil when it is ours, or nobody's.
    public let actor: AID?

    /// Joins a code, a clause, and who must act.
    public init(_ code: Code, _ detail: String, actor: AID? = nil) {
        self.code = code
        self.detail = detail
        self.actor = actor
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }

    /// Whether the same message can become right when more of somebody's log arrives. A key that no known event states
    /// may be one of a rotation that did not get here yet.
    public var canHeal: Bool {
        switch code {
        case .senderUnknown, .memberUnknown, .memberBehind, .foreignKey, .foreignDigest, .groupUnknown, .groupBehind:
            true
        default: false
        }
    }
}
