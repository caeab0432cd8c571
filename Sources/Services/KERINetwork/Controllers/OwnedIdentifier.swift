// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkCrypto

/// An AID whose keys are in the wallet: its name, how its keys are made, and an event of it that still waits.
///
/// Nothing here is secret. The keys themselves are found in the vault by the public keys and digests that the log
/// states, so this record can't disagree with the log about which keys are in force.
public struct OwnedIdentifier: Sendable, Hashable {
    /// The name that its owner gave it.
    public let name: String
    /// The AID.
    public let aid: AID
    /// When it was made here.
    public let createdAt: Timestamp
    /// How further keys are made.
    public var derivation: KeyDerivation
    /// The algorithm of its keys.
    public let algorithm: SignatureAlgorithm
    /// An event of ours that was signed and is not accepted yet, as one CESR message. It is kept here because escrows
    /// forget, and a second event signed for the same place would be duplicity.
    public var waitingEvent: [UInt8]?

    /// Collects a record.
    public init(
        name: String, aid: AID, createdAt: Timestamp, derivation: KeyDerivation, algorithm: SignatureAlgorithm,
        waitingEvent: [UInt8]? = nil
    ) {
        self.name = name
        self.aid = aid
        self.createdAt = createdAt
        self.derivation = derivation
        self.algorithm = algorithm
        self.waitingEvent = waitingEvent
    }

    /// Whether a name can be used: 1 to 64 letters, digits, dots, hyphens and underscores, beginning with a letter, and
    /// not to be mistaken for an AID.
    public static func isValid(name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (1...64).contains(bytes.count), let first = bytes.first, isLetter(first), AID(name) == nil else {
            return false
        }
        return bytes.allSatisfy { byte in
            isLetter(byte) || (0x30...0x39).contains(byte) || [0x2D, 0x2E, 0x5F].contains(byte)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

/// How the keys of an AID come to be (facts 12.2).
public enum KeyDerivation: Sendable, Hashable {
    /// Each from fresh randomness.
    case random
    /// All from one salt in the vault, as keripy's "salty" algorithm.
    case salty(SaltyPosition)
}

/// Where a salty derivation stands.
public struct SaltyPosition: Sendable, Hashable {
    /// The name of the salt in the vault.
    public let saltName: String
    /// What tells the AIDs of one salt apart.
    public let stem: String
    /// What stretching costs.
    public let tier: Argon2id.Tier
    /// The rotation index of the next set of keys.
    public var rotation: Int
    /// How many keys have been made so far.
    public var keyCount: Int

    /// Collects a position.
    public init(saltName: String, stem: String, tier: Argon2id.Tier, rotation: Int = 0, keyCount: Int = 0) {
        self.saltName = saltName
        self.stem = stem
        self.tier = tier
        self.rotation = rotation
        self.keyCount = keyCount
    }
}

/// Where a wallet keeps what it knows of its own AIDs. Also called Habery's `habs` in KERIpy.
public protocol WalletBook: Sendable {
    /// The records in the order in which the AIDs were made.
    /// - Throws: ``ControllerError`` when they can't be read back, or what the medium fails with.
    func load() throws -> [OwnedIdentifier]
    /// Replaces all records at once; when it returns they survive a loss of power.
    /// - Throws: what the medium fails with; the old records stand then.
    func save(_ identifiers: [OwnedIdentifier]) throws
}
