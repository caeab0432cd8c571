// SPDX-License-Identifier: Apache-2.0

#if Secp256k1
    private import CSecp256k1
    private import Crypto
    private import FoundationEssentials
#endif

/// ECDSA over secp256k1 through the system's libsecp256k1, when the trait `Secp256k1` is on.
enum Secp256k1Signature {
    #if Secp256k1
        static let isAvailable = true

        static func verify(_ signature: Span<UInt8>, message: Span<UInt8>, publicKey: Span<UInt8>) -> Bool {
            guard let context = kelmark_secp256k1_verification_context() else { return false }
            var key = secp256k1_pubkey()
            var parsed = secp256k1_ecdsa_signature()
            var low = secp256k1_ecdsa_signature()
            let isWellFormed = publicKey.withUnsafeBufferPointer { publicKey in
                signature.withUnsafeBufferPointer { signature in
                    guard let signature = signature.baseAddress, let point = publicKey.baseAddress else { return false }
                    return secp256k1_ec_pubkey_parse(context, &key, point, publicKey.count) == 1
                        && secp256k1_ecdsa_signature_parse_compact(context, &parsed, signature) == 1
                }
            }
            guard isWellFormed else { return false }
            // The library refuses high s; keripy does not.
            _ = secp256k1_ecdsa_signature_normalize(context, &low, &parsed)
            return sha256(message).withUnsafeBytes { digest in
                digest.withMemoryRebound(to: UInt8.self) { digest in
                    guard let digest = digest.baseAddress else { return false }
                    return secp256k1_ecdsa_verify(context, &low, digest, &key) == 1
                }
            }
        }

        private static func sha256(_ message: Span<UInt8>) -> SHA256.Digest {
            var hash = SHA256()
            message.withUnsafeBytes { hash.update(bufferPointer: $0) }
            return hash.finalize()
        }
    #else
        static let isAvailable = false

        static func verify(_: Span<UInt8>, message: Span<UInt8>, publicKey: Span<UInt8>) -> Bool { false }
    #endif
}
