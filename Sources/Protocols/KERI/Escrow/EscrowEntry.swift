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

    /// Collects an entry.
    public init(key: EscrowKey, since: Timestamp, message: [UInt8], missing: String) {
        self.key = key
        self.since = since
        self.message = message
        self.missing = missing
    }
}

/// How much may be escrowed; strangers can fill escrows, so they are bounded (facts 18).
public struct EscrowLimits: Sendable, Hashable {
    /// Most messages for one AID.
    public var perAID: Int
    /// Most messages in all.
    public var total: Int

    /// Creates the bounds.
    public init(perAID: Int = 1024, total: Int = 65_536) {
        self.perAID = perAID
        self.total = total
    }
}
