// SPDX-License-Identifier: Apache-2.0

/// Under what an escrowed message is kept: there is at most one for each.
public struct EscrowKey: Sendable, Hashable {
    /// What it waits for.
    public let reason: EscrowReason
    /// Whose log, or who asked.
    public let aid: AID
    /// The position spoken of; 0 where there is none.
    public let sn: SequenceNumber
    /// The digest of the event spoken of, or of the message itself.
    public let said: SAID
    /// Who sent it, where several may say the same: the signer of a receipt, the route of a reply; else empty.
    public let source: String

    /// Collects a key.
    public init(reason: EscrowReason, aid: AID, sn: SequenceNumber, said: SAID, source: String = "") {
        self.reason = reason
        self.aid = aid
        self.sn = sn
        self.said = said
        self.source = source
    }
}

/// A message that can't be decided yet, with everything that a later decision needs.
public struct EscrowEntry: Sendable, Hashable {
    /// Under what it is kept.
    public let key: EscrowKey
    /// When it first arrived.
    public internal(set) var since: Timestamp
    /// The body and its attachments as one CESR message; replay feeds it to the same decision as any other.
    public let message: [UInt8]
    /// What is missing, in words for the operator.
    public let missing: String
    /// How far which log must come before another decision is worth it; nil when only another copy of the message, with
    /// more signatures, can help.
    public internal(set) var waitsFor: AwaitedPosition?
    /// Whether one of its signatures has been verified. What strangers made up has a quota of its own (``EscrowLimits``).
    public let isVerified: Bool

    /// Collects an entry.
    public init(
        key: EscrowKey, since: Timestamp, message: [UInt8], missing: String, waitsFor: AwaitedPosition? = nil,
        isVerified: Bool = false
    ) {
        self.key = key
        self.since = since
        self.message = message
        self.missing = missing
        self.waitsFor = waitsFor
        self.isVerified = isVerified
    }
}

/// How much may be escrowed; strangers can fill escrows, so they are bounded (facts 18).
///
/// Messages with a signature that was verified are counted apart from those that nobody could check yet. When the first
/// are too many, new ones are refused; when the second are, the oldest of them is dropped.
public struct EscrowLimits: Sendable, Hashable {
    /// Most messages for one AID with a verified signature.
    public var perAID: Int
    /// Most messages in all with a verified signature.
    public var total: Int
    /// Most messages for one AID that nobody could check.
    public var unverifiedPerAID: Int
    /// Most messages in all that nobody could check.
    public var unverifiedTotal: Int

    /// Creates the bounds; those for messages that nobody could check are the same unless stated.
    public init(
        perAID: Int = 1024, total: Int = 65_536, unverifiedPerAID: Int? = nil, unverifiedTotal: Int? = nil
    ) {
        self.perAID = perAID
        self.total = total
        self.unverifiedPerAID = unverifiedPerAID ?? perAID
        self.unverifiedTotal = unverifiedTotal ?? total
    }
}
