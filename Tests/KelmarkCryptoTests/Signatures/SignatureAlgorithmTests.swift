// SPDX-License-Identifier: Apache-2.0

import KelmarkCrypto
import KelmarkTestSupport
import Testing

@Suite struct SignatureAlgorithmTests {
    static let byName: [String: (SignatureAlgorithm, keys: [String], signature: String)] = [
        "Ed25519": (.ed25519, ["D", "B"], "0B"),
        "secp256k1": (.secp256k1, ["1AAB", "1AAA"], "0C"),
        "secp256r1": (.secp256r1, ["1AAJ", "1AAI"], "0I"),
    ]

    @Test func everyVectorIsRun() {
        #expect(TypedVectors.all.signatures.count == 8)
        #expect(TypedVectors.all.bad_signatures.count == 4)
    }

    @Test(arguments: TypedVectors.all.signatures)
    func agreesWithKeripy(_ vector: TypedVectors.Signature) throws {
        let (algorithm, keys, code) = try #require(Self.byName[vector.alg])
        let key = raw(vector.public, code: keys[vector.transferable ? 0 : 1])
        let signature = raw(vector.signature, code: code)
        let message = hex(vector.message)
        #expect(key.count == algorithm.publicKeyByteCount)
        #expect(signature.count == algorithm.signatureByteCount)
        #expect(
            algorithm.verify(signature, message, key)
                == algorithm.isAvailable)
        for place in [0, 31, 32, 63] {
            var changed = signature
            changed[place] ^= 1
            #expect(!algorithm.verify(changed, message, key))
        }
        let other = message + [0]
        #expect(!algorithm.verify(signature, other, key))
        var key2 = key
        key2[5] ^= 1
        #expect(!algorithm.verify(signature, message, key2))
    }

    @Test(arguments: TypedVectors.all.bad_signatures)
    func judgesBadSignaturesAsKeripy(_ vector: TypedVectors.BadSignature) {
        let key = raw(vector.public, code: "D")
        let signature = raw(vector.signature, code: "0B")
        let verdict = SignatureAlgorithm.ed25519.verify(signature, hex(vector.message), key)
        #expect(verdict == vector.keripy)
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func refusesOtherLengths(_ algorithm: SignatureAlgorithm) {
        for (signatureCount, keyCount) in [(0, 32), (63, 32), (65, 32), (64, 0), (64, 31), (64, 34), (64, 65)] {
            let signature = [UInt8](repeating: 1, count: signatureCount)
            let key = [UInt8](repeating: 2, count: keyCount)
            #expect(!algorithm.verify(signature, signature, key))
        }
    }

    @Test func everyEdgeIsRun() {
        #expect(EdgeVectors.all.cases.count == 93)
        #expect(EdgeVectors.all.cases.filter(\.libsodium).count == 7)
    }

    /// The set of accepted Ed25519 signatures is libsodium's, so keripy's.
    @Test(arguments: EdgeVectors.all.cases)
    func judgesEdgesAsLibsodium(_ vector: EdgeVectors.Case) {
        let verdict = SignatureAlgorithm.ed25519.verify(
            hex(vector.signature), hex(vector.message), hex(vector.public))
        #expect(verdict == vector.libsodium)
    }

    @Test(arguments: [SignatureAlgorithm.secp256r1, .secp256k1])
    func refusesECDSANumbersAndKeysOutOfRange(_ algorithm: SignatureAlgorithm) throws {
        guard algorithm.isAvailable else { return }
        let key = try SigningKey.random(algorithm)
        let message = pattern(20)
        let signature = try key.sign(message)
        let (r, s) = (Array(signature[..<32]), Array(signature[32...]))
        let order = SigningKeyTests.order(algorithm)
        let zero = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 0xff, count: 32)
        #expect(algorithm.verify(r + s, message, key.publicKey))
        for broken in [r + zero, zero + s, zero + zero, order + s, r + order, r + ones, ones + s, s + r] {
            #expect(!algorithm.verify(broken, message, key.publicKey))
        }
        for tag: UInt8 in [0, 1, 4, 5, 6, 7, 0xff] {
            #expect(!algorithm.verify(signature, message, [tag] + key.publicKey.dropFirst()))
        }
        // The point with the other y, one that is on no curve, and one beyond the field.
        #expect(!algorithm.verify(signature, message, [key.publicKey[0] ^ 1] + key.publicKey.dropFirst()))
        #expect(!algorithm.verify(signature, message, [2] + zero))
        #expect(!algorithm.verify(signature, message, [2] + ones))
    }
}

struct EdgeVectors: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
        let `case`, `public`, message, signature: String
        let libsodium: Bool
        var testDescription: String { `case` }
    }
    let cases: [Case]

    static let all = try! Vectors.decode(Self.self, from: "Crypto/ed25519_edges.json")
}
