// SPDX-License-Identifier: Apache-2.0

/// Why a cryptographic operation could not be done. A signature or digest that does not match is no error but `false`.
public enum CryptoError: Error, Hashable, Sendable {
    /// What had the wrong length.
    public enum Part: String, Hashable, Sendable {
        case key, seed, salt, nonce, ciphertext, output, signature
    }

    /// Something has not as many bytes as the algorithm wants.
    case wrongLength(of: Part, expected: Int, found: Int)
    /// This build was made without the algorithm. Build with the trait that brings it.
    case unavailable(SignatureAlgorithm)
    /// The bytes are no key of this algorithm: no point of the curve, or out of range.
    case invalidKey
    /// The ciphertext was not made for this key, or was changed.
    case cannotOpen
    /// The system would not give the memory that the operation needs.
    case outOfMemory
    /// A work factor lies outside the bounds of the algorithm.
    case costOutOfBounds
    /// libsodium could not be started.
    case libraryUnusable
}
