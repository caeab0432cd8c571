// SPDX-License-Identifier: Apache-2.0

/// How far a log must come before something that waits for it is worth another decision.
public struct AwaitedPosition: Sendable, Hashable {
    /// Whose log.
    public let aid: AID
    /// The position.
    public let sn: SequenceNumber

    /// Collects the two.
    public init(aid: AID, sn: SequenceNumber) {
        self.aid = aid
        self.sn = sn
    }
}

/// The place of an entry among those that wait for one log: by the position that the log must reach, then by arrival.
public struct EscrowPlace: Sendable, Hashable, Comparable {
    /// The position that the log must reach.
    public let sn: SequenceNumber
    /// The order of arrival, as the store counts it.
    public let arrival: UInt64

    /// Collects the two, for stores.
    public init(sn: SequenceNumber, arrival: UInt64) {
        self.sn = sn
        self.arrival = arrival
    }

    /// As the type says.
    public static func < (one: EscrowPlace, other: EscrowPlace) -> Bool {
        (one.sn, one.arrival) < (other.sn, other.arrival)
    }
}

/// Says that a log has grown, so that what waits for it is worth another decision; or where such a round was broken
/// off.
public struct Wakeup: Sendable, Hashable {
    /// Whose log has grown.
    public let aid: AID
    /// Behind which entry the round goes on; nil from the first.
    let after: EscrowPlace?

    /// The log of `aid` has grown.
    public init(_ aid: AID) { self.init(aid, after: nil) }

    init(_ aid: AID, after: EscrowPlace?) {
        self.aid = aid
        self.after = after
    }
}

/// What one round of ``EventProcessor/resume(_:now:limit:)`` did.
public struct WakeupResult: Sendable, Hashable {
    /// Every message that left its escrow, with what became of it, in order.
    public let resumed: [ResumedMessage]
    /// What the limit left for another call; empty when nothing moves any more.
    public let remaining: [Wakeup]
}

extension EventOutcome {
    /// Whether what waits for the AID of the message may be decided now, so that ``EventProcessor/resume(after:now:limit:)``
    /// is worth calling: its log has grown, or copies of an event, or an event and its receipts, may have met in escrow.
    public var wakesOthers: Bool {
        switch self {
        case .accepted, .escrowed(.partialSignatures), .escrowed(.partialWitnesses),
            .escrowed(.unverifiedWitnessReceipt), .escrowed(.unverifiedReceipt):
            true
        case .duplicate, .verified, .escrowed, .rejected: false
        }
    }
}
