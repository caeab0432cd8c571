// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// What a key event does (member `t`, facts 5.1).
public enum KeyEventKind: String, Hashable, Sendable, CaseIterable {
    /// Creates an AID.
    case inception = "icp"
    /// Changes its keys.
    case rotation = "rot"
    /// Anchors seals under the current keys.
    case interaction = "ixn"
    /// Creates an AID under another one's control.
    case delegatedInception = "dip"
    /// Changes the keys of a delegated AID.
    case delegatedRotation = "drt"

    /// Whether the event begins a log.
    public var isInception: Bool { self == .inception || self == .delegatedInception }
    /// Whether the event states keys.
    public var isEstablishment: Bool { self != .interaction }
    /// Whether a delegator must have sealed it.
    public var needsDelegator: Bool { self == .delegatedInception || self == .delegatedRotation }
}

/// A key event whose form is known to be right: members complete and in order, SAID equal to the digest of the bytes,
/// canonical serialisation, prefix rules kept. Whether anybody signed it is another question.
public struct KeyEvent: Sendable, Hashable {
    /// What it does.
    public let kind: KeyEventKind
    /// Its digest (`d`).
    public let said: SAID
    /// Whose log it belongs to (`i`).
    public let aid: AID
    /// Its place in the log (`s`).
    public let sn: SequenceNumber
    /// The digest of the event before (`p`), nil at an inception.
    public let prior: SAID?
    /// Keys, thresholds and witnesses; nil in an interaction.
    public let establishment: Establishment?
    /// The AID that must seal it (`di` of a delegated inception), nil otherwise.
    public let delegator: AID?
    /// The bytes as they were received; signatures and digests are over these.
    public let bytes: [UInt8]
    /// How the bytes are serialised.
    public let format: DocumentFormat

    /// Compares by value.
    public static func == (left: KeyEvent, right: KeyEvent) -> Bool {
        left.said == right.said && left.bytes == right.bytes
    }

    /// Hashes the value.
    public func hash(into hasher: inout Hasher) { hasher.combine(said) }
}

/// What an establishment event states about keys and witnesses.
public struct Establishment: Sendable, Hashable {
    /// How many of `keys` must sign (`kt`).
    public var signingThreshold: Threshold
    /// The signing keys from this event on (`k`).
    public var keys: [VerificationKey]
    /// How many of the next keys must sign the next establishment event (`nt`).
    public var nextThreshold: Threshold
    /// Digests of the keys that the next establishment event may reveal (`n`); empty ends the AID.
    public var nextDigests: [KeyDigest]
    /// How many witnesses must receipt an event (`bt`).
    public var witnessThreshold: UInt32
    /// All witnesses of an inception (`b`), or those a rotation adds (`ba`).
    public var witnessesAdded: [AID]
    /// The witnesses that a rotation removes (`br`).
    public var witnessesCut: [AID]
    /// Configuration traits (`c`), as written; empty in a rotation.
    public var traits: [String]

    /// Collects the members of an establishment event.
    public init(
        signingThreshold: Threshold, keys: [VerificationKey], nextThreshold: Threshold, nextDigests: [KeyDigest],
        witnessThreshold: UInt32 = 0, witnessesAdded: [AID] = [], witnessesCut: [AID] = [], traits: [String] = []
    ) {
        self.signingThreshold = signingThreshold
        self.keys = keys
        self.nextThreshold = nextThreshold
        self.nextDigests = nextDigests
        self.witnessThreshold = witnessThreshold
        self.witnessesAdded = witnessesAdded
        self.witnessesCut = witnessesCut
        self.traits = traits
    }
}

/// Traits that this implementation acts on (facts 5.4); others are kept and ignored.
public enum Trait {
    /// Only establishment events may follow.
    public static let establishmentOnly = "EO"
    /// The AID may not act as a delegator.
    public static let doNotDelegate = "DND"

    static let all = [establishmentOnly, doNotDelegate]
}
