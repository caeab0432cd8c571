// SPDX-License-Identifier: Apache-2.0

import KelmarkCrypto
import Testing

/// Keys and signatures with something behind them are others.
@Suite struct LengthTests {
    @Test(arguments: [SignatureAlgorithm.ed25519, .secp256k1, .secp256r1].filter(\.isAvailable))
    func nothingMayFollow(_ algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey(algorithm: algorithm, seed: SecretBytes([UInt8](repeating: 7, count: 32)))
        let message: [UInt8] = [1, 2, 3]
        let signature = try key.sign(message)
        #expect(algorithm.verify(signature, message, key.publicKey))
        #expect(!algorithm.verify(signature + [0], message, key.publicKey))
        #expect(!algorithm.verify(signature, message, key.publicKey + [0]))
        #expect(!algorithm.verify(Array(signature.dropLast()), message, key.publicKey))
        #expect(!algorithm.verify(signature, message, Array(key.publicKey.dropLast())))
        #expect(!algorithm.verify([], message, key.publicKey))
        #expect(!algorithm.verify(signature, message, []))
    }

    @Test(arguments: DigestAlgorithm.allCases) func digestsHaveOneLength(_ algorithm: DigestAlgorithm) {
        let digest = algorithm.digest([1])
        #expect(algorithm.matches(digest, [1]))
        #expect(!algorithm.matches(digest + [0], [1]))
        #expect(!algorithm.matches(Array(digest.dropLast()), [1]))
        #expect(!algorithm.matches([], [1]))
    }

    /// A point of small order has no use as an encryption key.
    @Test func keysThatAreNoPoints() throws {
        for bytes in [[UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31)] {
            #expect(throws: CryptoError.invalidKey) { _ = try X25519.publicKey(fromEd25519: bytes.span) }
        }
    }
}
