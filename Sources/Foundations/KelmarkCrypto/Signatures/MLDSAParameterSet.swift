// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import FoundationEssentials

/// The post-quantum signatures ML-DSA (FIPS 204), through swift-crypto; pure, with an empty context.
public enum MLDSAParameterSet: String, Hashable, Sendable, CaseIterable {
    /// Security category 3.
    case mldsa65
    /// Security category 5.
    case mldsa87

    /// Bytes of a public key.
    public var publicKeyByteCount: Int { self == .mldsa65 ? 1952 : 2592 }
    /// Bytes of a signature.
    public var signatureByteCount: Int { self == .mldsa65 ? 3309 : 4627 }
    /// Bytes of a seed.
    public var seedByteCount: Int { 32 }

    /// Whether `signature` over `message` was made with the private key of `publicKey`; false for wrong lengths.
    public func verify(signature: Span<UInt8>, message: Span<UInt8>, publicKey: Span<UInt8>) -> Bool {
        guard signature.count == signatureByteCount, publicKey.count == publicKeyByteCount else { return false }
        return signature.withUnsafeBytes { signature in
            message.withUnsafeBytes { message in
                publicKey.withUnsafeBytes { publicKey in
                    switch self {
                    case .mldsa65:
                        (try? MLDSA65.PublicKey(rawRepresentation: publicKey))?
                            .isValidSignature(signature, for: message) ?? false
                    case .mldsa87:
                        (try? MLDSA87.PublicKey(rawRepresentation: publicKey))?
                            .isValidSignature(signature, for: message) ?? false
                    }
                }
            }
        }
    }

    /// The public key of a 32-byte seed.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/invalidKey``.
    public func publicKey(seed: SecretBytes) throws(CryptoError) -> [UInt8] {
        try withSeed(seed) { seed in
            switch self {
            case .mldsa65:
                [UInt8](try MLDSA65.PrivateKey(seedRepresentation: seed, publicKey: nil).publicKey.rawRepresentation)
            case .mldsa87:
                [UInt8](try MLDSA87.PrivateKey(seedRepresentation: seed, publicKey: nil).publicKey.rawRepresentation)
            }
        }
    }

    /// The signature over `message` with the key of a 32-byte seed.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)``, ``CryptoError/invalidKey``.
    public func sign(_ message: Span<UInt8>, seed: SecretBytes) throws(CryptoError) -> [UInt8] {
        try message.withUnsafeBytes { (message: UnsafeRawBufferPointer) throws(CryptoError) in
            try withSeed(seed) { seed in
                switch self {
                case .mldsa65:
                    [UInt8](
                        try MLDSA65.PrivateKey(seedRepresentation: seed, publicKey: nil).signature(for: message))
                case .mldsa87:
                    [UInt8](
                        try MLDSA87.PrivateKey(seedRepresentation: seed, publicKey: nil).signature(for: message))
                }
            }
        }
    }

    private func withSeed(
        _ seed: SecretBytes, _ body: (UnsafeRawBufferPointer) throws -> [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        guard seed.count == seedByteCount else {
            throw .wrongLength(of: .seed, expected: seedByteCount, found: seed.count)
        }
        guard let result = seed.withBytes({ bytes in bytes.withUnsafeBytes { try? body($0) } }) else {
            throw .invalidKey
        }
        return result
    }
}
