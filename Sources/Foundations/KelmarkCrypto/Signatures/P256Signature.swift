// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import FoundationEssentials

/// ECDSA over P-256 through swift-crypto.
enum P256Signature {
    static func verify(_ signature: Span<UInt8>, message: Span<UInt8>, publicKey: Span<UInt8>) -> Bool {
        let key = publicKey.withUnsafeBytes { try? P256.Signing.PublicKey(compressedRepresentation: $0) }
        let parsed = signature.withUnsafeBytes { try? P256.Signing.ECDSASignature(rawRepresentation: $0) }
        guard let key, let parsed else { return false }
        return key.isValidSignature(parsed, for: sha256(message))
    }

    static func publicKey(seed: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        [UInt8](try privateKey(seed: seed).publicKey.compressedRepresentation)
    }

    static func sign(_ message: Span<UInt8>, seed: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        guard let signature = try? privateKey(seed: seed).signature(for: sha256(message)) else { throw .invalidKey }
        return lowS([UInt8](signature.rawRepresentation))
    }

    private static func privateKey(seed: Span<UInt8>) throws(CryptoError) -> P256.Signing.PrivateKey {
        guard let key = seed.withUnsafeBytes({ try? P256.Signing.PrivateKey(rawRepresentation: $0) }) else {
            throw .invalidKey
        }
        return key
    }

    private static func sha256(_ message: Span<UInt8>) -> SHA256.Digest {
        var hash = SHA256()
        message.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize()
    }

    /// The order n of the group, big-endian (SEC 2, 2.4.2).
    static let order: [UInt8] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ]

    /// The same signature with the smaller of s and n - s. Both verify; one of them is emitted.
    static func lowS(_ signature: [UInt8]) -> [UInt8] {
        let s = Array(signature[32...])
        var other = [UInt8](repeating: 0, count: 32)
        var borrow = 0
        for index in stride(from: 31, through: 0, by: -1) {
            let difference = Int(order[index]) - Int(s[index]) - borrow
            other[index] = UInt8(truncatingIfNeeded: difference)
            borrow = difference < 0 ? 1 : 0
        }
        return other.lexicographicallyPrecedes(s) ? signature[..<32] + other : signature
    }
}
