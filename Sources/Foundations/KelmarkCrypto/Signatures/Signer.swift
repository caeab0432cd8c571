// SPDX-License-Identifier: Apache-2.0

/// Something that signs with one private key: a key in memory, or a key manager elsewhere.
public protocol Signer: Sendable {
    /// The algorithm of the key.
    var algorithm: SignatureAlgorithm { get }
    /// The public key in the algorithm's own form, without a code.
    var publicKey: [UInt8] { get }

    /// The signature over `message`, as ``SignatureAlgorithm/verify(signature:message:publicKey:)`` takes it.
    /// - Throws: ``CryptoError`` from keys in memory; whatever a remote manager fails with.
    func signature(over message: [UInt8]) async throws -> [UInt8]
}
