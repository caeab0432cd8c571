// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// A KERI 1.0 message whose form is right. Whether its signatures are is decided by the processors.
public enum Message: Sendable {
    /// icp, rot, ixn, dip, drt.
    case keyEvent(KeyEvent)
    /// rct.
    case receipt(ReceiptMessage)
    /// rpy.
    case reply(Reply)
    /// qry.
    case query(Query)
    /// pro.
    case prod(Query)
    /// bar.
    case bare(Reply)
    /// exn.
    case exchange(Exchange)
    /// vcp, vrt, iss, rev, bis, brv.
    case registryEvent(RegistryEvent)
}

/// A receipt (rct): names an event; the attached signatures are over that event.
public struct ReceiptMessage: Sendable, Hashable {
    /// The event.
    public let event: EventSeal
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat
}

/// A reply (rpy) or an unsolicited statement (bar): signed data under a route.
public struct Reply: Sendable, Hashable {
    /// Digest of the message.
    public let said: SAID
    /// When its author says it was made.
    public let dated: Timestamp
    /// What the data is about, such as `/loc/scheme`.
    public let route: String
    /// The data.
    public let payload: OrderedMap
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat
}

/// A query (qry) or prod (pro): asks for something.
public struct Query: Sendable, Hashable {
    /// Digest of the message.
    public let said: SAID
    /// When its author says it was made.
    public let dated: Timestamp
    /// What is asked for, such as `logs`.
    public let route: String
    /// Under which route the answer is wanted; may be empty.
    public let replyRoute: String
    /// The details of the question.
    public let parameters: OrderedMap
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat
}

/// A peer-to-peer message (exn).
public struct Exchange: Sendable, Hashable {
    /// Digest of the message.
    public let said: SAID
    /// Who sent it.
    public let sender: AID
    /// For whom it is: nil when the message names nobody or has no such member (keripy 1.1).
    public let recipient: AID?
    /// Whether the message has the member `rp` at all.
    public let hasRecipientMember: Bool
    /// Digest of the message that this one answers, nil when it answers none.
    public let prior: SAID?
    /// When its author says it was made.
    public let dated: Timestamp
    /// What it is about, such as `/ipex/grant`.
    public let route: String
    /// Modifiers.
    public let modifiers: OrderedMap
    /// The payload.
    public let payload: OrderedMap
    /// Embedded messages by label, with the digest of the block as last member `d`.
    public let embeds: OrderedMap
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat
}

/// A transaction event: of a credential registry, or of one credential in it (facts 13.1).
public struct RegistryEvent: Sendable, Hashable {
    /// Which of vcp, vrt, iss, rev, bis, brv.
    public let kind: MessageKind
    /// Digest of the message.
    public let said: SAID
    /// The registry, or the SAID of the credential.
    public let subject: SAID
    /// Its place in the log of the subject.
    public let sn: SequenceNumber
    /// The digest of the event before, nil at sequence number 0.
    public let prior: SAID?
    /// The AID that owns the registry (vcp), nil where the event does not say.
    public let issuer: AID?
    /// The registry of a credential event: `ri` of iss and rev, `ii` of bis (which KERIpy fills so); nil in brv, whose
    /// registry is that of ``registryAnchor``.
    public let registry: SAID?
    /// The registry event in force of a credential event with backers.
    public let registryAnchor: EventSeal?
    /// When the issuer says it happened; nil in registry events.
    public let dated: Timestamp?
    /// Traits of a registry inception.
    public let traits: [String]
    /// How many backers must receipt; nil in credential events.
    public let backerThreshold: UInt32?
    /// Backers of a vcp, or those a vrt adds.
    public let backersAdded: [AID]
    /// Backers that a vrt removes.
    public let backersCut: [AID]
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat
}
