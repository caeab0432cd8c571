// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto

@testable import KERI

/// Real key pairs that follow from a name, so that every run has the same.
enum TestKey {
    /// The key pair of a name.
    static func named(
        _ name: String, algorithm: SignatureAlgorithm = .ed25519, isTransferable: Bool = true
    ) throws -> CreatedKey {
        let seed = DigestAlgorithm.blake3_256.digest(Array(name.utf8).span)
        return try CreatedKey(
            seed: SecretBytes(copying: seed.span), algorithm: algorithm, isTransferable: isTransferable)
    }

    /// `count` key pairs of names that start alike.
    static func keys(_ name: String, _ count: Int) throws -> [CreatedKey] {
        try (0..<count).map { try named("\(name) \($0)") }
    }

    /// `count` witnesses: keys that can't rotate.
    static func witnesses(_ name: String, _ count: Int) throws -> [CreatedKey] {
        try (0..<count).map { try named("\(name) \($0)", isTransferable: false) }
    }
}

extension CreatedKey {
    /// The AID that is this key.
    var aid: AID { AID(unchecked: verificationKey.primitive) }

    /// The unindexed signature over a message.
    func signature(over message: [UInt8]) throws -> Primitive {
        let code: PrimitiveCode =
            switch signingKey.algorithm {
            case .ed25519: .ed25519Signature
            case .secp256k1: .secp256k1Signature
            case .secp256r1: .secp256r1Signature
            }
        return try Primitive(code: code, raw: signingKey.sign(message.span))
    }

    /// Key and signature as a receipt (`-C`).
    func couple(over message: [UInt8]) throws -> NonTransferableReceipt {
        NonTransferableReceipt(key: verificationKey.primitive, signature: try signature(over: message))
    }
}

extension [CreatedKey] {
    var verificationKeys: [VerificationKey] { map(\.verificationKey) }
    var digests: [KeyDigest] { map { KeyDigest(of: $0.verificationKey) } }
    var aids: [AID] { map(\.aid) }
}

extension VerificationKey {
    /// As `verifies`, for arrays.
    func accepts(_ signature: Primitive, over message: [UInt8]) -> Bool { verifies(signature, over: message.span) }

    /// As `verifies`, for arrays.
    func accepts(_ signature: IndexedSignature, over message: [UInt8]) -> Bool {
        verifies(signature, over: message.span)
    }
}
