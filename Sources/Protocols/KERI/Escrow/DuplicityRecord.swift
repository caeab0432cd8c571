// SPDX-License-Identifier: Apache-2.0

/// Proof that the controller of an AID signed two different events for one place of its log.
///
/// Both events carry signatures that satisfy the threshold in force at that place, so anyone who holds the log up to
/// there can check the record without trusting whoever shows it (facts 7.9).
public struct DuplicityRecord: Sendable, Hashable {
    /// The AID whose controller is duplicitous.
    public let aid: AID
    /// The place with two events.
    public let sn: SequenceNumber
    /// The event first seen here.
    public let accepted: SAID
    /// The other one.
    public let other: SAID
    /// When the other one arrived.
    public let seenAt: Timestamp
    /// The other event with its signatures, as one CESR message.
    public let message: [UInt8]

    /// Collects a record, for stores that read one back.
    public init(
        aid: AID, sn: SequenceNumber, accepted: SAID, other: SAID, seenAt: Timestamp, message: [UInt8]
    ) {
        self.aid = aid
        self.sn = sn
        self.accepted = accepted
        self.other = other
        self.seenAt = seenAt
        self.message = message
    }
}
