// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import KelmarkCrypto
import Testing

@Suite struct SigningKeyTests {
    static let available = SignatureAlgorithm.allCases.filter(\.isAvailable)

    @Test(arguments: TypedVectors.all.signatures)
    func derivesKeripysPublicKeys(_ vector: TypedVectors.Signature) throws {
        let (algorithm, codes, signatureCode) = try #require(SignatureAlgorithmTests.byName[vector.alg])
        guard algorithm.isAvailable else { return }
        let seedCode = ["Ed25519": "A", "secp256k1": "J", "secp256r1": "Q"][vector.alg]!
        let seed = try SecretBytes(raw(vector.seed, code: seedCode))
        let key = try SigningKey(algorithm: algorithm, seed: seed)
        #expect(key.algorithm == algorithm)
        #expect(key.publicKey == raw(vector.public, code: codes[vector.transferable ? 0 : 1]))
        let message = hex(vector.message)
        let signature = try key.sign(message)
        if algorithm == .ed25519 { #expect(signature == raw(vector.signature, code: signatureCode)) }
        #expect(algorithm.verify(signature, message, key.publicKey))
    }

    @Test(arguments: KeysVectors.all.salty_paths)
    func derivesPublicKeysOfSaltyPaths(_ vector: KeysVectors.SaltyPath) throws {
        let seed = try SecretBytes(raw(vector.seed, code: "A"))
        #expect(try SigningKey(algorithm: .ed25519, seed: seed).publicKey == raw(vector.public, code: "D"))
    }

    @Test(arguments: available) func randomKeysSignAndVerify(_ algorithm: SignatureAlgorithm) async throws {
        let key = try SigningKey.random(algorithm)
        let signer: any KelmarkCrypto.Signer = key
        for count in [0, 1, 300] {
            let signature = try await signer.signature(over: pattern(count))
            #expect(signature.count == algorithm.signatureByteCount)
            #expect(algorithm.verify(signature, pattern(count), key.publicKey))
        }
        #expect(try SigningKey.random(algorithm).publicKey != key.publicKey)
    }

    @Test(arguments: [SignatureAlgorithm.secp256r1, .secp256k1].filter(\.isAvailable))
    func emitsLowSAndAcceptsBoth(_ algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.random(algorithm)
        for number in 0..<20 {
            let message = [UInt8(number)]
            let signature = try key.sign(message)
            let other = signature[..<32] + Self.negated(Array(signature[32...]), algorithm)
            #expect(signature[32...].lexicographicallyPrecedes(other[32...]))
            #expect(algorithm.verify(signature, message, key.publicKey))
            #expect(algorithm.verify(Array(other), message, key.publicKey))
        }
    }

    @Test(arguments: [SignatureAlgorithm.secp256r1, .secp256k1].filter(\.isAvailable))
    func refusesSeedsThatAreNoScalars(_ algorithm: SignatureAlgorithm) throws {
        let order = Self.order(algorithm)
        for seed in [[UInt8](repeating: 0, count: 32), order, [UInt8](repeating: 0xff, count: 32)] {
            #expect(throws: CryptoError.invalidKey) {
                _ = try SigningKey(algorithm: algorithm, seed: SecretBytes(seed))
            }
        }
        var last = order
        last[31] -= 1
        _ = try SigningKey(algorithm: algorithm, seed: SecretBytes(last))
    }

    @Test(arguments: SignatureAlgorithm.allCases, [0, 31, 33, 64])
    func refusesSeedsOfOtherLengths(_ algorithm: SignatureAlgorithm, _ count: Int) throws {
        let seed = try SecretBytes(pattern(count))
        #expect(throws: CryptoError.wrongLength(of: .seed, expected: 32, found: count)) {
            _ = try SigningKey(algorithm: algorithm, seed: seed)
        }
    }

    @Test func saysWhatTheBuildLacks() throws {
        guard !SignatureAlgorithm.secp256k1.isAvailable else { return }
        #expect(throws: CryptoError.unavailable(.secp256k1)) { _ = try SigningKey.random(.secp256k1) }
    }

    static func order(_ algorithm: SignatureAlgorithm) -> [UInt8] {
        hex(
            algorithm == .secp256r1
                ? "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
                : "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
    }

    /// n - s.
    static func negated(_ s: [UInt8], _ algorithm: SignatureAlgorithm) -> [UInt8] {
        var borrow = 0
        var result = order(algorithm)
        for index in (0..<32).reversed() {
            let difference = Int(result[index]) - Int(s[index]) - borrow
            result[index] = UInt8(truncatingIfNeeded: difference)
            borrow = difference < 0 ? 1 : 0
        }
        return result
    }
}

@Suite struct MLDSATests {
    @Test(arguments: MLDSAParameterSet.allCases) func signsAndVerifies(_ set: MLDSAParameterSet) throws {
        let seed = try SecretBytes(pattern(32))
        let key = try set.publicKey(seed: seed)
        let message = pattern(300)
        let signature = try set.sign(message.span, seed: seed)
        #expect(key.count == set.publicKeyByteCount)
        #expect(signature.count == set.signatureByteCount)
        func verify(_ signature: [UInt8], _ message: [UInt8], _ key: [UInt8]) -> Bool {
            set.verify(signature: signature.span, message: message.span, publicKey: key.span)
        }
        #expect(verify(signature, message, key))
        var changed = signature
        changed[100] ^= 1
        #expect(!verify(changed, message, key))
        #expect(!verify(signature, message + [0], key))
        #expect(!verify(Array(signature.dropLast()), message, key))
        #expect(!verify(signature, message, Array(key.dropLast())))
        #expect(!verify(signature, message, [UInt8](repeating: 0, count: key.count)))
    }

    @Test(arguments: MLDSAParameterSet.allCases) func agreesWithSwiftCryptoAsACaller(_ set: MLDSAParameterSet) throws {
        let seed = try SecretBytes(pattern(32))
        let expected =
            switch set {
            case .mldsa65:
                try MLDSA65.PrivateKey(seedRepresentation: pattern(32), publicKey: nil).publicKey.rawRepresentation
            case .mldsa87:
                try MLDSA87.PrivateKey(seedRepresentation: pattern(32), publicKey: nil).publicKey.rawRepresentation
            }
        #expect(try set.publicKey(seed: seed) == [UInt8](expected))
        let short = try SecretBytes(pattern(31))
        #expect(throws: CryptoError.wrongLength(of: .seed, expected: 32, found: 31)) {
            _ = try set.publicKey(seed: short)
        }
    }
}
