// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkBytes

/// What a new group shall be. Every member that makes the same plan from the same logs makes the same event.
public struct GroupPlan: Sendable {
    /// The name in the wallet.
    public var name: String
    /// Our member, by AID.
    public var member: AID
    /// The members whose keys sign, in the order of the keys.
    public var signing: [AID]
    /// The members whose next digests are committed to, in their order; nil for the same.
    public var rotation: [AID]?
    /// How many, or which, keys must sign; nil for half.
    public var signingThreshold: Threshold?
    /// How many, or which, of the next keys must sign the next rotation; nil for half.
    public var nextThreshold: Threshold?
    /// Witnesses.
    public var witnesses: [AID] = []
    /// How many must receipt each event; nil for an ample number.
    public var witnessThreshold: UInt32?
    /// Traits such as `EO` and `DND`.
    public var traits: [String] = []
    /// The AID that must approve the group.
    public var delegator: AID?
    /// Members of `a`.
    public var anchors: [OrderedValue] = []

    /// A plan with the defaults.
    public init(name: String, member: AID, signing: [AID]) {
        self.name = name
        self.member = member
        self.signing = signing
    }
}

/// What a rotation of a group shall do.
public struct GroupRotationPlan: Sendable {
    /// The members whose keys sign from now on; nil for the same as before.
    public var signing: [AID]?
    /// The members whose next digests are committed to; nil for the same as before, or `signing` when that changes.
    public var rotation: [AID]?
    /// The signing threshold; nil for the one that was committed to, or half where the number of members differs.
    public var signingThreshold: Threshold?
    /// The threshold of the next keys; nil for the same as before, or half where the number of members differs.
    public var nextThreshold: Threshold?
    /// Witnesses to remove.
    public var witnessesCut: [AID] = []
    /// Witnesses to add.
    public var witnessesAdded: [AID] = []
    /// The witness threshold; nil for the same as before, or an ample number where the list changes.
    public var witnessThreshold: UInt32?
    /// Members of `a`.
    public var anchors: [OrderedValue] = []

    /// A plan that keeps everything but the keys.
    public init() {}
}

/// What somebody who approves a proposal expects of it. What is nil is not looked at.
public struct GroupExpectation: Sendable, Hashable {
    /// The members whose keys sign, in order.
    public var signing: [AID]?
    /// The members whose next digests are committed to, in order.
    public var rotation: [AID]?
    /// The signing threshold.
    public var signingThreshold: Threshold?
    /// The threshold of the next keys.
    public var nextThreshold: Threshold?
    /// The witnesses in force behind the event, in order.
    public var witnesses: [AID]?
    /// How many of them must receipt.
    public var witnessThreshold: UInt32?
    /// The delegator of an inception.
    public var delegator: AID?
    /// The members of `a`.
    public var anchors: [OrderedValue]?

    /// Expects nothing.
    public init() {}

    /// Refuses a proposal that differs.
    /// - Throws: ``GroupError``.
    func check(_ proposal: GroupProposal, witnesses list: [AID], threshold: UInt32) throws(GroupError) {
        let event = proposal.event
        if let signing, signing != proposal.signing {
            throw GroupError(.otherMembers, "other members sign, or in another order")
        }
        if let rotation, event.establishment != nil, rotation != proposal.rotation {
            throw GroupError(.otherNextMembers, "other members are to rotate next, or in another order")
        }
        if let stated = event.establishment {
            if let signingThreshold, signingThreshold != stated.signingThreshold {
                throw GroupError(.otherThreshold, "the signing threshold is \(stated.signingThreshold.summary)")
            }
            if let nextThreshold, nextThreshold != stated.nextThreshold {
                throw GroupError(.otherNextThreshold, "the next threshold is \(stated.nextThreshold.summary)")
            }
        }
        if let witnesses, witnesses != list {
            throw GroupError(.otherWitnesses, "other witnesses, or in another order")
        }
        if let witnessThreshold, witnessThreshold != threshold {
            throw GroupError(.otherWitnesses, "the witness threshold is \(threshold)")
        }
        if let delegator, event.kind.isInception, delegator != event.delegator {
            throw GroupError(.otherDelegator, "the delegator is \(event.delegator?.text ?? "nobody")")
        }
        if let anchors, anchors != event.anchors {
            throw GroupError(.otherAnchors, "the anchored data differ")
        }
    }
}

extension KeyEvent {
    /// The members of `a` as they stand.
    public var anchors: [OrderedValue] {
        guard let document = try? OrderedValue(parsing: bytes.span, format: format) else { return [] }
        return document["a"]?.listValue ?? []
    }
}
