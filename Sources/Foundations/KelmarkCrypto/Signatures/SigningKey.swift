// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// A private key in guarded memory.
public struct SigningKey: Signer {
    /// What the key is for.
    public let algorithm: SignatureAlgorithm
    /// The public key: 32 bytes for Ed25519, a compressed point of 33 bytes otherwise.
    public let publicKey: [UInt8]
    /// libsodium's 64-byte form for Ed25519, the scalar for ECDSA.
    private let secret: SecretBytes

    /// Derives the key pair of a 32-byte seed: the Ed25519 seed of RFC 8032, or the scalar of an ECDSA key as a big-endian
    /// number (facts 12.1).
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/invalidKey`` for a scalar that is zero or
    ///   not below the group's order, ``CryptoError/unavailable(_:)``, ``CryptoError/outOfMemory``.
    public init(algorithm: SignatureAlgorithm, seed: SecretBytes) throws(CryptoError) {
        guard seed.count == algorithm.seedByteCount else {
            throw .wrongLength(of: .seed, expected: algorithm.seedByteCount, found: seed.count)
        }
        self.algorithm = algorithm
        switch algorithm {
        case .ed25519:
            (publicKey, secret) = try Ed25519Key.pair(seed: seed)
        case .secp256r1:
            publicKey = try seed.withBytes { (seed: Span<UInt8>) throws(CryptoError) in
                try P256Signature.publicKey(seed: seed)
            }
            secret = seed
        case .secp256k1:
            publicKey = try seed.withBytes { (seed: Span<UInt8>) throws(CryptoError) in
                try Secp256k1Signature.publicKey(seed: seed)
            }
            secret = seed
        }
    }

    /// A fresh random key.
    /// - Throws: ``CryptoError/unavailable(_:)``, ``CryptoError/outOfMemory``, ``CryptoError/libraryUnusable``.
    public static func random(_ algorithm: SignatureAlgorithm) throws(CryptoError) -> SigningKey {
        while true {
            do throws(CryptoError) {
                return try SigningKey(algorithm: algorithm, seed: .random(count: algorithm.seedByteCount))
            } catch .invalidKey {
                // One seed of 2^32 is no scalar of P-256.
                continue
            }
        }
    }

    /// The signature over `message`: 64 bytes, ECDSA with low s.
    /// - Throws: ``CryptoError/unavailable(_:)``, ``CryptoError/invalidKey`` when the library refuses the key.
    public func sign(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        try secret.withBytes { (secret: Span<UInt8>) throws(CryptoError) in
            switch algorithm {
            case .ed25519: Ed25519Key.sign(message, secret: secret)
            case .secp256r1: try P256Signature.sign(message, seed: secret)
            case .secp256k1: try Secp256k1Signature.sign(message, seed: secret)
            }
        }
    }

    /// The same as ``sign(_:)``, for those who know only a ``Signer``.
    public func signature(over message: [UInt8]) throws(CryptoError) -> [UInt8] {
        try sign(message.span)
    }
}

/// Ed25519 private keys as libsodium keeps them: seed and public key.
enum Ed25519Key {
    static let secretByteCount = 64

    static func pair(seed: SecretBytes) throws(CryptoError) -> (publicKey: [UInt8], secret: SecretBytes) {
        var publicKey = [UInt8](repeating: 0, count: 32)
        let secret = try SecretBytes(count: secretByteCount, orThrow: .invalidKey) { target in
            seed.withPointer { crypto_sign_seed_keypair(&publicKey, target, $0) == 0 }
        }
        return (publicKey, secret)
    }

    static func sign(_ message: Span<UInt8>, secret: Span<UInt8>) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        secret.withUnsafeBufferPointer { secret in
            message.withUnsafeBufferPointer { message in
                if let secret = secret.baseAddress {
                    // It can't fail.
                    crypto_sign_detached(&signature, nil, message.baseAddress, UInt64(message.count), secret)
                }
            }
        }
        return signature
    }
}
