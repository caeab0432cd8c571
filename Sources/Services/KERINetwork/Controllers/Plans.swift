// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkBytes
public import KelmarkCrypto

/// What a new AID shall be. Defaults are those of keripy (facts 5.3).
public struct CreationPlan: Sendable {
    /// The name in the wallet.
    public var name: String
    /// How many signing keys.
    public var keyCount = 1
    /// How many, or which, of them must sign; nil for half.
    public var signingThreshold: Threshold?
    /// How many pre-rotated keys; nil for as many as signing keys, 0 for an AID that never rotates.
    public var nextCount: Int?
    /// How many, or which, of them must sign the next rotation; nil for half.
    public var nextThreshold: Threshold?
    /// Witnesses.
    public var witnesses: [AID] = []
    /// How many must receipt each event; nil for an ample number.
    public var witnessThreshold: UInt32?
    /// Traits such as `EO` and `DND`.
    public var traits: [String] = []
    /// The AID that must approve it.
    public var delegator: AID?
    /// Whether the keys can ever be rotated.
    public var isTransferable = true
    /// The algorithm of the keys.
    public var algorithm = SignatureAlgorithm.ed25519
    /// The salt and tier of salty keys, nil for random ones.
    public var salt: (secret: SecretBytes, stem: String?, tier: Argon2id.Tier)?
    /// Members of `a`.
    public var anchors: [OrderedValue] = []
    /// How events are serialised.
    public var format = DocumentFormat.json
    /// Which keys sign, counted from 0; nil for all.
    public var signers: [Int]?

    /// A plan with one key and the defaults.
    public init(name: String) { self.name = name }
}

/// What a rotation shall do.
public struct RotationPlan: Sendable {
    /// Which pre-rotated keys become signing keys, counted from 0; nil for all.
    public var reveal: [Int]?
    /// Whether digests that are not revealed stay pre-rotated.
    public var carriesUnrevealed = true
    /// How many signing keys are added that were not pre-rotated.
    public var addedKeyCount = 0
    /// The signing threshold; nil for the one that was pre-rotated, or half where the number of keys differs.
    public var signingThreshold: Threshold?
    /// How many pre-rotated keys there are afterwards, those carried on included; nil for as many as before.
    public var nextCount: Int?
    /// Their threshold; nil for the same as before, or half where their number differs.
    public var nextThreshold: Threshold?
    /// Witnesses to remove.
    public var witnessesCut: [AID] = []
    /// Witnesses to add.
    public var witnessesAdded: [AID] = []
    /// The witness threshold; nil for the same as before, or an ample number where the list changes.
    public var witnessThreshold: UInt32?
    /// Members of `a`.
    public var anchors: [OrderedValue] = []
    /// The position of a recovery rotation; nil behind the latest event.
    public var position: SequenceNumber?
    /// Whether the AID ends.
    public var isAbandonment = false
    /// How the event is serialised.
    public var format = DocumentFormat.json
    /// Which of the new keys sign, counted from 0; nil for all.
    public var signers: [Int]?

    /// A plan that reveals all pre-rotated keys.
    public init() {}
}

/// The numbers that keripy chooses when nobody says otherwise (facts 5.3).
enum StandardNumbers {
    /// At least half, at least one; none of none.
    static func half(of count: Int) -> Threshold {
        .count(UInt32(count == 0 ? 0 : max(1, (count + 1) / 2)))
    }

    /// How many witnesses must agree so that faulty ones can't split them.
    static func ample(_ count: Int) -> UInt32 {
        guard count > 0 else { return 0 }
        let low = max(1, (count - 1) / 3)
        let high = max(1, (count + 1) / 3)
        func halfUp(_ value: Int) -> Int { (value + 1) / 2 }
        return UInt32(min(count, halfUp(count + low + 1), halfUp(count + high + 1)))
    }
}
