// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// The signature algorithms of key events.
public enum SignatureAlgorithm: String, Hashable, Sendable, CaseIterable {
    /// Ed25519 as libsodium verifies it: the set of accepted signatures is exactly keripy's.
    case ed25519
    /// ECDSA over secp256k1 and SHA-256. Needs the trait `Secp256k1`.
    case secp256k1
    /// ECDSA over P-256 and SHA-256.
    case secp256r1

    /// Whether this build can verify the algorithm. Without it ``verify(signature:message:publicKey:)`` says false.
    public var isAvailable: Bool {
        switch self {
        case .ed25519, .secp256r1: true
        case .secp256k1: Secp256k1Signature.isAvailable
        }
    }

    /// Bytes of a public key: Ed25519's own form, or a compressed point.
    public var publicKeyByteCount: Int {
        switch self {
        case .ed25519: 32
        case .secp256k1, .secp256r1: 33
        }
    }

    /// Bytes of a signature: R and S, or r and s, one behind the other.
    public var signatureByteCount: Int { 64 }

    /// Bytes of the seed of a private key.
    public var seedByteCount: Int { 32 }

    /// Whether `signature` over `message` was made with the private key of `publicKey`.
    ///
    /// Wrong lengths, bytes that are no key and an algorithm that this build lacks are all false. ECDSA accepts high and
    /// low s (facts 1.5). Nothing is copied.
    public func verify(signature: Span<UInt8>, message: Span<UInt8>, publicKey: Span<UInt8>) -> Bool {
        guard signature.count == signatureByteCount, publicKey.count == publicKeyByteCount else { return false }
        switch self {
        case .ed25519: return Self.verifyEd25519(signature, message, publicKey)
        case .secp256k1: return Secp256k1Signature.verify(signature, message: message, publicKey: publicKey)
        case .secp256r1: return P256Signature.verify(signature, message: message, publicKey: publicKey)
        }
    }

    @inline(__always)
    private static func verifyEd25519(
        _ signature: Span<UInt8>, _ message: Span<UInt8>, _ publicKey: Span<UInt8>
    ) -> Bool {
        guard Sodium.isReady else { return false }
        return signature.withUnsafeBufferPointer { signature in
            message.withUnsafeBufferPointer { message in
                publicKey.withUnsafeBufferPointer { publicKey in
                    guard let first = signature.baseAddress, let key = publicKey.baseAddress else { return false }
                    return crypto_sign_verify_detached(first, message.baseAddress, UInt64(message.count), key) == 0
                }
            }
        }
    }
}
