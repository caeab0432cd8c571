// SPDX-License-Identifier: Apache-2.0

// Which codes may stand where (facts 1.4 and 20).

extension PrimitiveCode {
    /// A public key whose signatures can be verified: Ed25519, secp256k1, P-256. Ed448 is not among them, as in KERIpy.
    public var isVerificationKey: Bool {
        switch self {
        case .ed25519, .ed25519NonTransferable, .secp256k1, .secp256k1NonTransferable, .secp256r1,
            .secp256r1NonTransferable:
            true
        default: false
        }
    }

    /// A public key that is a prefix of its own and can never rotate.
    public var isNonTransferable: Bool {
        switch self {
        case .ed25519NonTransferable, .secp256k1NonTransferable, .ed448NonTransferable, .secp256r1NonTransferable:
            true
        default: false
        }
    }

    /// A digest of any supported algorithm and length, as SAID slots demand.
    public var isDigest: Bool {
        switch self {
        case .blake3_256, .blake2b_256, .blake2s_256, .sha3_256, .sha2_256, .blake3_512, .blake2b_512, .sha3_512,
            .sha2_512:
            true
        default: false
        }
    }

    /// A digest of 32 bytes: the only ones that KERI 1.0 peers compute over next keys.
    public var isKeyDigest: Bool {
        switch self {
        case .blake3_256, .blake2b_256, .blake2s_256, .sha3_256, .sha2_256: true
        default: false
        }
    }

    /// A code that the specification allows for an AID: a digest or a verification key.
    public var isPrefix: Bool { isDigest || isVerificationKey }

    /// A code for which KERI 1.0 peers can derive an AID: a verification key or a BLAKE3-256 digest.
    public var isDerivablePrefix: Bool { isVerificationKey || self == .blake3_256 }

    /// An unindexed signature.
    public var isSignature: Bool {
        switch self {
        case .ed25519Signature, .secp256k1Signature, .secp256r1Signature: true
        default: false
        }
    }

    /// An unsigned number.
    public var isNumber: Bool {
        switch self {
        case .short, .long, .tall, .big, .large, .great, .salt128, .vast: true
        default: false
        }
    }
}

extension PrimitiveCode {
    /// Text of Base64url characters of any length, as paths are.
    public var isBase64Text: Bool {
        switch packed {
        case 0x3441_0000, 0x3541_0000, 0x3641_0000, 0x3741_4141, 0x3841_4141, 0x3941_4141: true
        default: false
        }
    }
}

extension PrimitiveCode {
    /// Bytes or UTF-8 text of any length.
    public var isBytes: Bool {
        switch packed {
        case 0x3442_0000, 0x3542_0000, 0x3642_0000, 0x3741_4142, 0x3841_4142, 0x3941_4142: true
        default: false
        }
    }
}
