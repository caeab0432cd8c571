// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KelmarkCrypto

/// A public key that signatures are checked with. Also called Verfer in KERIpy.
public struct VerificationKey: QualifiedIdentifier {
    /// The code and the raw value.
    public let primitive: Primitive
    /// The codes of this family.
    public static func admits(_ code: PrimitiveCode) -> Bool { code.isVerificationKey }
    /// Wraps a primitive whose code has been checked.
    public init(unchecked primitive: Primitive) { self.primitive = primitive }

    /// The algorithm that the code stands for.
    public var algorithm: SignatureAlgorithm {
        switch primitive.code {
        case .secp256k1, .secp256k1NonTransferable: .secp256k1
        case .secp256r1, .secp256r1NonTransferable: .secp256r1
        default: .ed25519
        }
    }

    /// Whether the code forbids rotation.
    public var isNonTransferable: Bool { primitive.code.isNonTransferable }

    /// Whether `signature` (64 bytes) is this key's over `message`.
    public func verifies(_ signature: Span<UInt8>, over message: Span<UInt8>) -> Bool {
        algorithm.verify(signature: signature, message: message, publicKey: primitive.span)
    }

    /// Whether an indexed signature is this key's over `message`; its code must be of this key's algorithm.
    package func verifies(_ signature: IndexedSignature, over message: Span<UInt8>) -> Bool {
        guard signature.code.algorithm == algorithm else { return false }
        return verifies(signature.span, over: message)
    }

    /// Whether an unindexed signature is this key's over `message`; its code must be of this key's algorithm.
    func verifies(_ signature: Primitive, over message: Span<UInt8>) -> Bool {
        let expected: PrimitiveCode =
            switch algorithm {
            case .ed25519: .ed25519Signature
            case .secp256k1: .secp256k1Signature
            case .secp256r1: .secp256r1Signature
            }
        guard signature.code == expected else { return false }
        return verifies(signature.span, over: message)
    }
}

/// The digest of a key that a later establishment event may reveal: over the text of the key (facts 12.4).
public struct KeyDigest: QualifiedIdentifier {
    /// The code and the raw value.
    public let primitive: Primitive
    /// The codes of this family.
    public static func admits(_ code: PrimitiveCode) -> Bool { code.isDigest }
    /// Wraps a primitive whose code has been checked.
    public init(unchecked primitive: Primitive) { self.primitive = primitive }

    /// The BLAKE3-256 digest of a key.
    public init(of key: VerificationKey) {
        let digest = DigestAlgorithm.blake3_256.digest(key.primitive.textBytes.span)
        guard let primitive = try? Primitive(code: .blake3_256, raw: digest) else {
            preconditionFailure("a BLAKE3-256 digest has the length of its code")
        }
        self.primitive = primitive
    }

    /// Whether this is the digest of `key` under the algorithm of this digest's code.
    public func commits(to key: VerificationKey) -> Bool {
        guard let algorithm = primitive.code.digestAlgorithm else { return false }
        return algorithm.matches(primitive.span, key.primitive.textBytes.span)
    }
}

extension PrimitiveCode {
    /// The algorithm of a digest code, nil for other codes.
    package var digestAlgorithm: DigestAlgorithm? {
        switch self {
        case .blake3_256: .blake3_256
        case .blake2b_256: .blake2b_256
        case .blake2s_256: .blake2s_256
        case .sha3_256: .sha3_256
        case .sha2_256: .sha2_256
        case .blake3_512: .blake3_512
        case .blake2b_512: .blake2b_512
        case .sha3_512: .sha3_512
        case .sha2_512: .sha2_512
        default: nil
        }
    }
}

extension IndexerCode {
    /// The algorithm of an indexed signature; nil for Ed448, which no library at hand verifies.
    package var algorithm: SignatureAlgorithm? {
        switch self {
        case .ed25519, .ed25519CurrentOnly, .ed25519Big, .ed25519BigCurrentOnly: .ed25519
        case .secp256k1, .secp256k1CurrentOnly, .secp256k1Big, .secp256k1BigCurrentOnly: .secp256k1
        case .secp256r1, .secp256r1CurrentOnly, .secp256r1Big, .secp256r1BigCurrentOnly: .secp256r1
        case .ed448, .ed448CurrentOnly, .ed448Big, .ed448BigCurrentOnly: nil
        }
    }
}

extension SignatureAlgorithm {
    /// The family of codes for this algorithm's indexed signatures.
    package var indexer: IndexerCode {
        switch self {
        case .ed25519: .ed25519
        case .secp256k1: .secp256k1
        case .secp256r1: .secp256r1
        }
    }
}

extension IndexedSignature {
    /// An unindexed signature as that of the key at `index` of a list.
    package init?(_ signature: Primitive, of key: VerificationKey, index: Int) {
        let code = IndexedSignature.code(for: key.algorithm.indexer, index: index)
        guard let made = try? IndexedSignature(code: code, index: index, raw: signature.span) else { return nil }
        self = made
    }
}
