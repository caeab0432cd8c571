// SPDX-License-Identifier: Apache-2.0

/// What is known of an AID after its latest accepted event. Also called Kever.state in KERIpy.
///
/// A key state is only ever made by a decision of this module or read back
/// from a store; nothing outside can forge one.
public struct KeyState: Sendable, Hashable {
    /// Whose state it is.
    public let aid: AID
    /// Position of the latest event.
    public internal(set) var sn: SequenceNumber
    /// Digest of the latest event.
    public internal(set) var said: SAID
    /// Digest of the event before the latest, nil after an inception.
    public internal(set) var prior: SAID?
    /// What the latest event was.
    public internal(set) var latestKind: KeyEventKind
    /// Ordinal of the latest event in the order of acceptance here, from 0.
    public internal(set) var firstSeenOrdinal: UInt64
    /// When the latest event was accepted here.
    public internal(set) var firstSeenAt: Timestamp
    /// The signing threshold in force.
    public internal(set) var signingThreshold: Threshold
    /// The signing keys in force.
    public internal(set) var keys: [VerificationKey]
    /// The threshold of the pre-rotated keys.
    public internal(set) var nextThreshold: Threshold
    /// Digests of the pre-rotated keys; empty when the AID is not transferable or has ended.
    public internal(set) var nextDigests: [KeyDigest]
    /// How many witnesses must receipt an event.
    public internal(set) var witnessThreshold: UInt32
    /// The witnesses in force; indexes of witness signatures refer to this list.
    public internal(set) var witnesses: [AID]
    /// Traits of the inception that are acted on, as keripy's key state has them; the event keeps all.
    public internal(set) var traits: [String]
    /// The AID that delegated this one, nil when nobody did.
    public internal(set) var delegator: AID?
    /// Position of the latest establishment event.
    public internal(set) var establishmentSn: SequenceNumber
    /// Digest of the latest establishment event.
    public internal(set) var establishmentSAID: SAID
    /// Witnesses that the latest establishment event removed.
    public internal(set) var establishmentCuts: [AID]
    /// Witnesses that the latest establishment event added.
    public internal(set) var establishmentAdds: [AID]

    /// Whether events may still be added: the AID has pre-rotated keys.
    public var isTransferable: Bool { !nextDigests.isEmpty }
    /// Whether only establishment events may follow.
    public var isEstablishmentOnly: Bool { traits.contains(Trait.establishmentOnly) }
    /// Whether the AID may not delegate.
    public var refusesDelegation: Bool { traits.contains(Trait.doNotDelegate) }

    /// The state after an inception. Only for events that a decision of this module accepted.
    init(inception event: KeyEvent, _ stated: Establishment, ordinal: UInt64, seenAt: Timestamp) {
        aid = event.aid
        sn = event.sn
        said = event.said
        prior = nil
        latestKind = event.kind
        firstSeenOrdinal = ordinal
        firstSeenAt = seenAt
        signingThreshold = stated.signingThreshold
        keys = stated.keys
        nextThreshold = stated.nextThreshold
        nextDigests = stated.nextDigests
        witnessThreshold = stated.witnessThreshold
        witnesses = stated.witnessesAdded
        traits = Trait.all.filter(stated.traits.contains)
        delegator = event.delegator
        establishmentSn = event.sn
        establishmentSAID = event.said
        establishmentCuts = []
        establishmentAdds = []
    }

    /// Moves to a later event that a decision of this module accepted; `witnesses` is the list in force from it on.
    mutating func advance(to event: KeyEvent, witnesses list: [AID], ordinal: UInt64, seenAt: Timestamp) {
        prior = event.prior
        sn = event.sn
        said = event.said
        latestKind = event.kind
        firstSeenOrdinal = ordinal
        firstSeenAt = seenAt
        guard let stated = event.establishment else { return }
        signingThreshold = stated.signingThreshold
        keys = stated.keys
        nextThreshold = stated.nextThreshold
        nextDigests = stated.nextDigests
        witnessThreshold = stated.witnessThreshold
        witnesses = list
        establishmentSn = event.sn
        establishmentSAID = event.said
        establishmentCuts = stated.witnessesCut
        establishmentAdds = stated.witnessesAdded
    }
}
