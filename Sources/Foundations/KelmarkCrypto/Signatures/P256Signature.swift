// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import FoundationEssentials

/// ECDSA over P-256 through swift-crypto.
enum P256Signature {
    static func verify(_ signature: Span<UInt8>, message: Span<UInt8>, publicKey: Span<UInt8>) -> Bool {
        var hash = SHA256()
        message.withUnsafeBytes { hash.update(bufferPointer: $0) }
        let digest = hash.finalize()
        let key = publicKey.withUnsafeBytes { try? P256.Signing.PublicKey(compressedRepresentation: $0) }
        let parsed = signature.withUnsafeBytes { try? P256.Signing.ECDSASignature(rawRepresentation: $0) }
        guard let key, let parsed else { return false }
        return key.isValidSignature(parsed, for: digest)
    }
}
