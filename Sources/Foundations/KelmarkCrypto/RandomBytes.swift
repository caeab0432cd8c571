// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// Random bytes from the operating system's generator, through libsodium.
public enum RandomBytes {
    /// `count` fresh random bytes. For secrets use ``SecretBytes/random(count:)``.
    /// - Throws: ``CryptoError/libraryUnusable``.
    public static func generate(count: Int) throws(CryptoError) -> [UInt8] {
        try Sodium.require()
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress { randombytes_buf(start, count) }
            initialized = count
        }
    }

    /// Fills `output` with fresh random bytes.
    /// - Throws: ``CryptoError/libraryUnusable``.
    public static func fill(_ output: inout MutableSpan<UInt8>) throws(CryptoError) {
        try Sodium.require()
        output.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress { randombytes_buf(start, buffer.count) }
        }
    }
}
