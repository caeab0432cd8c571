// SPDX-License-Identifier: Apache-2.0

/// The private key of an issuing authority, wherever it lives: in this process, in a vault, on a token.
///
/// The key is P-256. Whoever implements this keeps the private half; certificates are made here.
public protocol AuthorityKey: Sendable {
    /// The public key: a compressed point of 33 bytes (SEC 1, 2.3.3).
    var publicKey: [UInt8] { get }

    /// Signs SHA-256 of `message` with ECDSA.
    /// - Returns: r and s, 32 bytes each, big-endian.
    func sign(_ message: [UInt8]) async throws -> [UInt8]
}
