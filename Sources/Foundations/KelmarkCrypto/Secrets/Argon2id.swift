// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// Argon2id version 1.3 with one lane, through libsodium (facts 12.1).
///
/// It is slow and takes much memory on purpose. Never run it for input that somebody else sent, nor on a thread that
/// serves others.
public enum Argon2id {
    /// Bytes of a salt.
    public static let saltByteCount = 16

    /// How much work one derivation is.
    public struct Cost: Hashable, Sendable {
        /// Passes over the memory, at least 1.
        public var operations: Int
        /// Memory in bytes, at least 8192.
        public var memoryBytes: Int

        /// Creates a cost; ``Argon2id/derive(password:salt:operations:memoryBytes:byteCount:)`` checks it.
        public init(operations: Int, memoryBytes: Int) {
            self.operations = operations
            self.memoryBytes = memoryBytes
        }
    }

    /// The costs that keripy names.
    public enum Tier: String, Hashable, Sendable, CaseIterable {
        /// 2 passes over 64 MiB.
        case low
        /// 3 passes over 256 MiB. Called `med` in keripy.
        case medium = "med"
        /// 4 passes over 1 GiB.
        case high
        /// 1 pass over 8 KiB: no protection at all, for tests.
        case temporary = "temp"

        /// The tier as numbers.
        public var cost: Cost {
            switch self {
            case .low: Cost(operations: 2, memoryBytes: 64 << 20)
            case .medium: Cost(operations: 3, memoryBytes: 256 << 20)
            case .high: Cost(operations: 4, memoryBytes: 1 << 30)
            case .temporary: Cost(operations: 1, memoryBytes: 8 << 10)
            }
        }
    }

    /// Stretches `password` to `byteCount` bytes (at least 16).
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)`` for a salt that has not 16 bytes,
    ///   ``CryptoError/costOutOfBounds`` for numbers that Argon2id does not define, ``CryptoError/outOfMemory`` when the
    ///   memory can't be had.
    public static func derive(
        password: Span<UInt8>, salt: Span<UInt8>, operations: Int, memoryBytes: Int, byteCount: Int
    ) throws(CryptoError) -> SecretBytes {
        guard salt.count == saltByteCount else {
            throw .wrongLength(of: .salt, expected: saltByteCount, found: salt.count)
        }
        guard byteCount >= crypto_pwhash_bytes_min(), byteCount <= UInt32.max else {
            throw .wrongLength(of: .output, expected: crypto_pwhash_bytes_min(), found: byteCount)
        }
        guard
            operations >= 1, operations <= UInt32.max, memoryBytes >= crypto_pwhash_memlimit_min(),
            memoryBytes <= crypto_pwhash_memlimit_max(), password.count <= UInt32.max
        else { throw .costOutOfBounds }
        return try SecretBytes(count: byteCount, orThrow: .outOfMemory) { target in
            // An empty span may have no address: any other will do for no bytes.
            password.withUnsafeBufferPointer { password in
                salt.withUnsafeBufferPointer { salt in
                    guard let salt = salt.baseAddress else { return false }
                    return UnsafeRawPointer(password.baseAddress ?? salt).withMemoryRebound(
                        to: CChar.self, capacity: password.count
                    ) { text in
                        crypto_pwhash(
                            target, UInt64(byteCount), text, UInt64(password.count), salt, UInt64(operations),
                            memoryBytes, crypto_pwhash_alg_argon2id13()) == 0
                    }
                }
            }
        }
    }

    /// Stretches a secret passphrase.
    /// - Throws: as ``derive(password:salt:operations:memoryBytes:byteCount:)``.
    public static func derive(
        password: SecretBytes, salt: Span<UInt8>, cost: Cost, byteCount: Int
    ) throws(CryptoError) -> SecretBytes {
        try password.withBytes { (bytes: Span<UInt8>) throws(CryptoError) in
            try derive(
                password: bytes, salt: salt, operations: cost.operations, memoryBytes: cost.memoryBytes,
                byteCount: byteCount)
        }
    }
}
