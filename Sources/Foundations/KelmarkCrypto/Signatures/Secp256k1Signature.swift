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
            return withDigest(of: message) { secp256k1_ecdsa_verify(context, &low, $0, &key) == 1 }
        }

        static func publicKey(seed: Span<UInt8>) throws(CryptoError) -> [UInt8] {
            guard let context = SigningContext.shared.pointer else { throw .outOfMemory }
            var key = secp256k1_pubkey()
            var point = [UInt8](repeating: 0, count: 33)
            var count = point.count
            let isValid = seed.withUnsafeBufferPointer { seed in
                guard let seed = seed.baseAddress else { return false }
                return secp256k1_ec_pubkey_create(context, &key, seed) == 1
                    && secp256k1_ec_pubkey_serialize(context, &point, &count, &key, UInt32(SECP256K1_EC_COMPRESSED))
                        == 1
            }
            guard isValid else { throw .invalidKey }
            return point
        }

        /// The nonce is the library's default, RFC 6979; s is low.
        static func sign(_ message: Span<UInt8>, seed: Span<UInt8>) throws(CryptoError) -> [UInt8] {
            guard let context = SigningContext.shared.pointer else { throw .outOfMemory }
            var signature = secp256k1_ecdsa_signature()
            var bytes = [UInt8](repeating: 0, count: 64)
            let isSigned = seed.withUnsafeBufferPointer { seed in
                guard let seed = seed.baseAddress else { return false }
                return withDigest(of: message) { secp256k1_ecdsa_sign(context, &signature, $0, seed, nil, nil) == 1 }
                    && secp256k1_ecdsa_signature_serialize_compact(context, &bytes, &signature) == 1
            }
            guard isSigned else { throw .invalidKey }
            return bytes
        }

        private static func withDigest(of message: Span<UInt8>, _ body: (UnsafePointer<UInt8>) -> Bool) -> Bool {
            var hash = SHA256()
            message.withUnsafeBytes { hash.update(bufferPointer: $0) }
            return hash.finalize().withUnsafeBytes { digest in
                digest.withMemoryRebound(to: UInt8.self) { digest in
                    guard let digest = digest.baseAddress else { return false }
                    return body(digest)
                }
            }
        }

        /// The context that signs, blinded once with random bytes against side channels.
        private struct SigningContext: @unchecked Sendable {
            // `@unchecked`: the context is changed before anybody else sees it; signing takes it as constant.
            let pointer: OpaquePointer?

            static let shared = SigningContext()

            private init() {
                let pointer = secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE))
                if let pointer, let seed = try? RandomBytes.generate(count: 32) {
                    _ = secp256k1_context_randomize(pointer, seed)
                }
                self.pointer = pointer
            }
        }
    #else
        static let isAvailable = false

        static func verify(_: Span<UInt8>, message: Span<UInt8>, publicKey: Span<UInt8>) -> Bool { false }

        static func publicKey(seed: Span<UInt8>) throws(CryptoError) -> [UInt8] { throw .unavailable(.secp256k1) }

        static func sign(_: Span<UInt8>, seed: Span<UInt8>) throws(CryptoError) -> [UInt8] {
            throw .unavailable(.secp256k1)
        }
    #endif
}
