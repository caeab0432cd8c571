// SPDX-License-Identifier: Apache-2.0

public import ACDC
public import KERI

/// One thing that can't go on by itself: what it is, what it waits for, since when, who must act, and what helps.
public struct WaitingItem: Sendable, Hashable {
    /// What waits.
    public let subject: Subject
    /// The AID that it concerns.
    public let aid: AID
    /// The name of that AID, when it is ours.
    public let name: String?
    /// Why it was set aside; nil for what is not in an escrow.
    public let reason: EscrowReason?
    /// Why a registry event or credential was set aside; nil for everything else.
    public let credentialReason: CredentialEscrowReason?
    /// What it waits for.
    public let missing: Missing
    /// What it waits for, in words for the operator.
    public let detail: String
    /// Who must act.
    public let actor: Actor
    /// Since when.
    public let since: Timestamp
    /// When it is given up; nil for never.
    public let until: Timestamp?
    /// What helps.
    public let remedy: Remedy

    /// Collects an item.
    public init(
        subject: Subject, aid: AID, name: String?, reason: EscrowReason?,
        credentialReason: CredentialEscrowReason? = nil, missing: Missing, detail: String, actor: Actor,
        since: Timestamp, until: Timestamp?, remedy: Remedy
    ) {
        self.subject = subject
        self.aid = aid
        self.name = name
        self.reason = reason
        self.credentialReason = credentialReason
        self.missing = missing
        self.detail = detail
        self.actor = actor
        self.since = since
        self.until = until
        self.remedy = remedy
    }

    /// What waits.
    public enum Subject: Sendable, Hashable {
        /// A key event.
        case event(EventSeal, KeyEventKind)
        /// An event of a group of ours.
        case groupEvent(EventSeal, KeyEventKind)
        /// A receipt of an event.
        case receipt(EventSeal)
        /// A reply under a route.
        case reply(SAID, route: String)
        /// A query under a route.
        case query(SAID, route: String)
        /// An exchange message under a route.
        case exchange(SAID, route: String)
        /// An event of a registry, or of a credential in it.
        case registryEvent(SAID, MessageKind, of: SAID)
        /// A credential.
        case credential(SAID)
        /// Something in an escrow that can't be read back.
        case unreadable(EscrowKey)
    }

    /// What something waits for.
    public enum Missing: Sendable, Hashable {
        /// The whole log of an AID.
        case log(AID)
        /// Events of a log, from one place through another.
        case events(AID, from: SequenceNumber, through: SequenceNumber)
        /// Signatures of keys, by their places in the key list.
        case keys([Int])
        /// Signatures of members of a group.
        case members([AID])
        /// A delegator's seal.
        case seal(AID)
        /// Receipts: so many more, of any of these witnesses.
        case receipts(Int, of: [AID])
        /// The handing over of our copy to members.
        case delivery([AID])
        /// The seal of a registry event in the log of an AID.
        case sealOfRegistryEvent(AID)
        /// Receipts of the backers of a registry.
        case backers(SAID)
        /// A registry, or what it says of a credential.
        case registry(SAID)
        /// A schema.
        case schema(SAID)
        /// A credential, or a fuller disclosure of it.
        case credential(SAID)
        /// A person's decision.
        case decision
        /// Nothing that could come.
        case nothing
    }

    /// Who must act.
    public enum Actor: Sendable, Hashable {
        /// We, with an AID of ours.
        case us(AID)
        /// Other AIDs, any or all of them.
        case others([AID])
        /// Whoever has the log.
        case anybody
        /// Nobody can.
        case nobody
    }

    /// What helps; the edges turn it into the command to type.
    public enum Remedy: Sendable, Hashable {
        /// Fetch the log of an AID, as by its introduction.
        case resolve(AID)
        /// Ask the witnesses of an AID of ours for receipts.
        case publish(AID)
        /// Sign with more keys of an AID of ours, or import their signatures.
        case sign(AID)
        /// Approve the waiting events of a delegate as its delegator.
        case approveDelegate(AID, as: AID)
        /// Ask the delegator of an AID of ours once more.
        case requestApproval(AID, of: AID)
        /// Approve or decline an event of a group.
        case decideGroupEvent(AID, SAID)
        /// Send our copy of a group's event again.
        case resumeGroup(AID)
        /// Take in what the other members of a group completed.
        case followGroup(AID)
        /// Go on with registry events of ours.
        case resumeRegistry
        /// Ask for the registry events of a credential.
        case refreshCredential(SAID)
        /// Fetch a schema.
        case resolveSchema(SAID)
        /// Take in a credential that somebody hands over.
        case importCredential(SAID)
        /// Look at it; there is nothing to do, or only the operator knows what.
        case inspect(AID)
        /// Wait for somebody else.
        case wait
    }
}
