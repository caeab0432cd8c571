// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import FoundationEssentials

#if Secp256k1
    private import CSecp256k1
#endif

extension SignatureAlgorithm {
    /// The two coordinates of a public key that is a compressed point, 32 bytes each, as JSON Web Keys have them.
    ///
    /// Nil for Ed25519, for bytes that are no point, and for an algorithm that this build lacks.
    public func coordinates(ofPublicKey key: Span<UInt8>) -> (x: [UInt8], y: [UInt8])? {
        guard key.count == publicKeyByteCount, let point = uncompressed(key), point.count == 65 else { return nil }
        return (Array(point[1..<33]), Array(point[33..<65]))
    }

    private func uncompressed(_ key: Span<UInt8>) -> [UInt8]? {
        switch self {
        case .ed25519: return nil
        case .secp256r1:
            let parsed = key.withUnsafeBytes { try? P256.Signing.PublicKey(compressedRepresentation: $0) }
            return parsed.map { [UInt8]($0.x963Representation) }
        case .secp256k1:
            #if Secp256k1
                guard let context = kelmark_secp256k1_verification_context() else { return nil }
                var parsed = secp256k1_pubkey()
                var point = [UInt8](repeating: 0, count: 65)
                var count = point.count
                let isPoint = key.withUnsafeBufferPointer { bytes in
                    guard let first = bytes.baseAddress else { return false }
                    return secp256k1_ec_pubkey_parse(context, &parsed, first, bytes.count) == 1
                        && secp256k1_ec_pubkey_serialize(
                            context, &point, &count, &parsed, UInt32(SECP256K1_EC_UNCOMPRESSED)) == 1
                }
                return isPoint ? point : nil
            #else
                return nil
            #endif
        }
    }
}
