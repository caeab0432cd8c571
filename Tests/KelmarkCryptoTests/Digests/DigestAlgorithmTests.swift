// SPDX-License-Identifier: Apache-2.0

// Members are named as in the vector file.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import KelmarkCrypto
import KelmarkTestSupport
import Testing

struct TypedVectors: Decodable {
    struct Digest: Decodable, CustomTestStringConvertible {
        let code, ser, qb64: String
        var testDescription: String { "\(code) of \(ser.count / 2) bytes" }
    }
    struct Signature: Decodable, CustomTestStringConvertible {
        let alg: String
        let transferable: Bool
        let seed, `public`, message, signature: String
        var testDescription: String {
            "\(alg), \(transferable ? "transferable" : "not transferable"), \(message.count / 2) bytes"
        }
    }
    struct BadSignature: Decodable, CustomTestStringConvertible {
        let `case`, `public`, message, signature: String
        let keripy: Bool
        var testDescription: String { `case` }
    }
    let digests: [Digest]
    let signatures: [Signature]
    let bad_signatures: [BadSignature]

    static let all = try! Vectors.decode(Self.self, from: "KERI/cesr_typed.json")
}

@Suite struct DigestAlgorithmTests {
    /// The codes of facts 1.2.
    static let codes: [String: DigestAlgorithm] = [
        "E": .blake3_256, "F": .blake2b_256, "G": .blake2s_256, "H": .sha3_256, "I": .sha2_256,
        "0D": .blake3_512, "0E": .blake2b_512, "0F": .sha3_512, "0G": .sha2_512,
    ]

    @Test func everyVectorIsRun() {
        #expect(TypedVectors.all.digests.count == 19)
        #expect(Set(TypedVectors.all.digests.map(\.code)).count == 9)
    }

    @Test(arguments: TypedVectors.all.digests)
    func agreesWithKeripy(_ vector: TypedVectors.Digest) throws {
        let algorithm = try #require(Self.codes[vector.code])
        let expected = raw(vector.qb64, code: vector.code)
        #expect(expected.count == algorithm.byteCount)
        let input = hex(vector.ser)
        #expect(algorithm.digest(input) == expected)
        #expect(algorithm.matches(expected, input))
        var other = expected
        other[other.count - 1] ^= 1
        #expect(!algorithm.matches(other, input))
        #expect(!algorithm.matches(Array(expected.dropLast()), input))
    }

    /// RFC 7693, appendix B; longer inputs cross a block, checked against Python's hashlib.
    @Test(arguments: [
        (0, "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9"),
        (64, "56f34e8b96557e90c1f24b52d0c89d51086acf1b00f634cf1dde9233b8eaaa3e"),
        (65, "1b53ee94aaf34e4b159d48de352c7f0661d0a40edff95a0b1639b4090e974472"),
        (128, "1fa877de67259d19863a2a34bcc6962a2b25fcbf5cbecd7ede8f1fa36688a796"),
        (1000, "1c067a5e746fb0f6734efac9a8cdb0e11061f0077f255184365c690115392501"),
    ])
    func blake2sOfAnyLength(_ count: Int, _ expected: String) {
        #expect(DigestAlgorithm.blake2s_256.digest(pattern(count)) == hex(expected))
    }
}
