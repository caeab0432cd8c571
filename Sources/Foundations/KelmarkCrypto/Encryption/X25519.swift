// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// Keys for encryption, and their derivation from Ed25519 keys (facts 12.3).
public enum X25519 {
    /// Bytes of a public or private key.
    public static let keyByteCount = 32

    /// The encryption key that belongs to an Ed25519 verification key.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/invalidKey`` when the bytes are no point of
    ///   the main group.
    public static func publicKey(fromEd25519 key: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        try Sodium.require()
        guard key.count == 32 else { throw .wrongLength(of: .key, expected: 32, found: key.count) }
        var result = [UInt8](repeating: 0, count: keyByteCount)
        let isPoint = key.withUnsafeBufferPointer { key in
            guard let key = key.baseAddress else { return false }
            return crypto_sign_ed25519_pk_to_curve25519(&result, key) == 0
        }
        guard isPoint else { throw .invalidKey }
        return result
    }

    /// The decryption key that belongs to an Ed25519 seed.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/outOfMemory``.
    public static func privateKey(fromEd25519Seed seed: SecretBytes) throws(CryptoError) -> SecretBytes {
        guard seed.count == 32 else { throw .wrongLength(of: .seed, expected: 32, found: seed.count) }
        let secret = try Ed25519Key.pair(seed: seed).secret
        return try SecretBytes(count: keyByteCount, orThrow: .invalidKey) { target in
            secret.withPointer { crypto_sign_ed25519_sk_to_curve25519(target, $0) == 0 }
        }
    }

    /// The public key of a private key.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/libraryUnusable``.
    public static func publicKey(of privateKey: SecretBytes) throws(CryptoError) -> [UInt8] {
        try Sodium.require()
        guard privateKey.count == keyByteCount else {
            throw .wrongLength(of: .key, expected: keyByteCount, found: privateKey.count)
        }
        var result = [UInt8](repeating: 0, count: keyByteCount)
        guard privateKey.withPointer({ crypto_scalarmult_base(&result, $0) == 0 }) else { throw .invalidKey }
        return result
    }
}
