// SPDX-License-Identifier: Apache-2.0

/// Something that signs tokens with one private key: a key in memory, or a key manager elsewhere.
public protocol JWSSigner: Sendable {
    /// The algorithm that is put into the header.
    var algorithm: JWSAlgorithm { get }
    /// The public half.
    var publicKey: PublicKey { get }

    /// The signature over `signingInput`, as ``PublicKey/isValidSignature(_:over:algorithm:)`` takes it: r and s of fixed
    /// width for ECDSA.
    /// - Throws: ``JWSError`` from keys in memory; whatever a remote manager fails with.
    func signature(over signingInput: [UInt8]) async throws -> [UInt8]
}
