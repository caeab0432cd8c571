// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// Anonymous encryption to one recipient: an ephemeral X25519 key, then XSalsa20-Poly1305 (libsodium's
/// `crypto_box_seal`, as keripy seals salts and seeds).
public enum SealedBox {
    /// How many bytes a box is longer than its content.
    public static let overheadByteCount = 48

    /// Seals `content` for the owner of an X25519 key.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/invalidKey`` for a key of small order.
    public static func seal(
        _ content: Span<UInt8>, toX25519 publicKey: Span<UInt8>
    ) throws(CryptoError) -> [UInt8] {
        try Sodium.require()
        guard publicKey.count == X25519.keyByteCount else {
            throw .wrongLength(of: .key, expected: X25519.keyByteCount, found: publicKey.count)
        }
        var box = [UInt8](repeating: 0, count: content.count + overheadByteCount)
        let isSealed = content.withUnsafeBufferPointer { content in
            publicKey.withUnsafeBufferPointer { key in
                guard let key = key.baseAddress else { return false }
                return crypto_box_seal(&box, content.baseAddress, UInt64(content.count), key) == 0
            }
        }
        guard isSealed else { throw .invalidKey }
        return box
    }

    /// Seals `content` for the owner of an Ed25519 key.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/invalidKey``.
    public static func seal(
        _ content: Span<UInt8>, toEd25519 publicKey: Span<UInt8>
    ) throws(CryptoError) -> [UInt8] {
        let key = try X25519.publicKey(fromEd25519: publicKey)
        return try seal(content, toX25519: key.span)
    }

    /// Opens a box with an X25519 private key.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/cannotOpen``,
    ///   ``CryptoError/outOfMemory``.
    public static func open(_ box: Span<UInt8>, privateKey: SecretBytes) throws(CryptoError) -> SecretBytes {
        let publicKey = try X25519.publicKey(of: privateKey)
        guard box.count >= overheadByteCount else {
            throw .wrongLength(of: .ciphertext, expected: overheadByteCount, found: box.count)
        }
        return try SecretBytes(count: box.count - overheadByteCount, orThrow: .cannotOpen) { target in
            box.withUnsafeBufferPointer { box in
                guard let start = box.baseAddress else { return false }
                return privateKey.withPointer {
                    crypto_box_seal_open(target, start, UInt64(box.count), publicKey, $0) == 0
                }
            }
        }
    }

    /// Opens a box with an Ed25519 seed.
    /// - Throws: as ``open(_:privateKey:)``.
    public static func open(_ box: Span<UInt8>, ed25519Seed: SecretBytes) throws(CryptoError) -> SecretBytes {
        try open(box, privateKey: X25519.privateKey(fromEd25519Seed: ed25519Seed))
    }
}
