// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KelmarkCrypto

/// A fresh key pair: the seed to keep in a vault, and the key to sign with.
public struct CreatedKey: Sendable {
    /// What the key is made from.
    public let seed: SecretBytes
    /// Signs.
    public let signingKey: SigningKey
    /// The public key with its code.
    public let verificationKey: VerificationKey

    /// Makes the key pair of a seed.
    /// - Throws: `CryptoError` when the seed is none of the algorithm.
    public init(
        seed: SecretBytes, algorithm: SignatureAlgorithm = .ed25519, isTransferable: Bool = true
    ) throws(CryptoError) {
        self.seed = seed
        signingKey = try SigningKey(algorithm: algorithm, seed: seed)
        guard
            let primitive = try? Primitive(
                code: .verificationKey(algorithm, isTransferable: isTransferable), raw: signingKey.publicKey),
            let key = VerificationKey(primitive)
        else { throw .invalidKey }
        verificationKey = key
    }
}

extension PrimitiveCode {
    /// The code of a public key.
    package static func verificationKey(_ algorithm: SignatureAlgorithm, isTransferable: Bool) -> PrimitiveCode {
        switch (algorithm, isTransferable) {
        case (.ed25519, true): .ed25519
        case (.ed25519, false): .ed25519NonTransferable
        case (.secp256k1, true): .secp256k1
        case (.secp256k1, false): .secp256k1NonTransferable
        case (.secp256r1, true): .secp256r1
        case (.secp256r1, false): .secp256r1NonTransferable
        }
    }
}

/// Key creation from one salt, as keripy's "salty" algorithm (facts 12.1, 12.2): whoever knows the salt and the stem
/// can make every key of an AID again.
public struct SaltyKeyCreator: Sendable {
    private let salt: SecretBytes
    private let cost: Argon2id.Cost

    /// Creates keys from 16 bytes of salt.
    /// - Throws: `CryptoError/wrongLength(of:expected:found:)`.
    public init(salt: SecretBytes, tier: Argon2id.Tier) throws(CryptoError) {
        guard salt.count == Argon2id.saltByteCount else {
            throw .wrongLength(of: .salt, expected: Argon2id.saltByteCount, found: salt.count)
        }
        self.salt = salt
        cost = tier.cost
    }

    /// The path of one key: stem, then both indexes in hexadecimal, without separators.
    public static func path(stem: String, rotation: Int, key: Int) -> String {
        stem + String(rotation, radix: 16) + String(key, radix: 16)
    }

    /// A secret stretched from the salt and a path.
    /// - Throws: `CryptoError`.
    public func secret(path: String, byteCount: Int = 32) throws(CryptoError) -> SecretBytes {
        try salt.withBytes { (bytes: Span<UInt8>) throws(CryptoError) in
            try Argon2id.derive(
                password: path.utf8.span, salt: bytes, operations: cost.operations, memoryBytes: cost.memoryBytes,
                byteCount: byteCount)
        }
    }

    /// The keys of one establishment event.
    ///
    /// - Parameters:
    ///   - stem: what tells the AIDs of one salt apart.
    ///   - rotation: 0 for the keys of the inception, one more for each set of next keys.
    ///   - first: how many keys the AID has had before.
    ///   - count: how many keys.
    ///   - algorithm: of all of them.
    ///   - isTransferable: whether their codes allow rotation.
    /// - Throws: `CryptoError`.
    public func keys(
        stem: String, rotation: Int, first: Int, count: Int, algorithm: SignatureAlgorithm = .ed25519,
        isTransferable: Bool = true
    ) throws(CryptoError) -> [CreatedKey] {
        var keys: [CreatedKey] = []
        for place in 0..<count {
            let seed = try secret(path: Self.path(stem: stem, rotation: rotation, key: first + place))
            keys.append(try CreatedKey(seed: seed, algorithm: algorithm, isTransferable: isTransferable))
        }
        return keys
    }
}

/// Key creation from fresh randomness, as keripy's "randy" algorithm.
public enum RandomKeyCreator {
    /// Independent keys.
    /// - Throws: `CryptoError`.
    public static func keys(
        count: Int, algorithm: SignatureAlgorithm = .ed25519, isTransferable: Bool = true
    ) throws(CryptoError) -> [CreatedKey] {
        var keys: [CreatedKey] = []
        while keys.count < count {
            do throws(CryptoError) {
                let seed = try SecretBytes.random(count: algorithm.seedByteCount)
                keys.append(try CreatedKey(seed: seed, algorithm: algorithm, isTransferable: isTransferable))
            } catch .invalidKey {
                // One seed of 2^32 is no scalar of P-256.
                continue
            }
        }
        return keys
    }
}

/// A passcode as keripy uses one ("bran", facts 12.3): it stretches to the key that seals all other secrets.
public enum Passcode {
    /// The key pair of a passcode; its public key, as a non-transferable AID, is keripy's "aeid".
    ///
    /// - Parameters:
    ///   - passcode: at least 21 characters of the Base64url alphabet; dashes do not count.
    ///   - tier: how costly the stretching is.
    /// - Throws: `CryptoError/invalidKey` for a passcode that is too short or has other characters.
    public static func key(_ passcode: String, tier: Argon2id.Tier) throws(CryptoError) -> CreatedKey {
        let characters = passcode.filter { $0 != "-" }
        guard characters.utf8.count >= 21,
            let salt = try? Primitive(text: "0AA" + String(characters.prefix(21))), salt.code == .salt128
        else { throw .invalidKey }
        let creator = try SaltyKeyCreator(salt: SecretBytes(copying: salt.span), tier: tier)
        return try CreatedKey(seed: creator.secret(path: ""), isTransferable: false)
    }
}

extension CreatedKey {
    /// The indexed signature of this key over a message.
    ///
    /// - Parameters:
    ///   - message: what is signed.
    ///   - index: the key's place in the list of the event.
    ///   - ondex: its place in the prior list of next digests: the same place when nil.
    ///   - currentOnly: whether the key was not pre-rotated.
    /// - Throws: `CryptoError`.
    public func indexedSignature(
        over message: [UInt8], index: Int, ondex: Int? = nil, currentOnly: Bool = false
    ) throws(CryptoError) -> IndexedSignature {
        let code = IndexedSignature.code(
            for: signingKey.algorithm.indexer, index: index, ondex: ondex, currentOnly: currentOnly)
        let raw = try signingKey.sign(message.span)
        guard let signature = try? IndexedSignature(code: code, index: index, ondex: ondex, raw: raw) else {
            throw .invalidKey
        }
        return signature
    }
}
