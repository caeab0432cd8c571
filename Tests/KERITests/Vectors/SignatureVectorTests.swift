// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI

/// Signatures, bad signatures, next key digests and the choice of signature codes.
struct SignatureVectorTests {
    static let good = VectorRow.load("signatures", of: "cesr_typed.json") { $0["public"]?.textValue ?? "" }
    static let bad = VectorRow.load("bad_signatures", of: "cesr_typed.json") { $0["case"]?.textValue ?? "" }
    static let digests = VectorRow.load("next_key_digests", of: "cesr_typed.json") { $0["key"]?.textValue ?? "" }
    static let choices: [VectorRow] = {
        guard let rows = try? OrderedFile.value("signer_code_selection", of: "cesr_indexer.json")["rows"]?.listValue
        else { return [] }
        return rows.enumerated().map { VectorRow(number: $0, name: $1["code"]?.textValue ?? "", value: $1) }
    }()

    @Test func runsEveryRowOfTheFiles() {
        #expect(Self.good.count == 8)
        #expect(Self.bad.count == 4)
        #expect(Self.digests.count == 3)
        #expect(Self.choices.count == 7)
    }

    @Test(arguments: good)
    func acceptsSignatures(_ row: VectorRow) throws {
        let key = try #require(VerificationKey(row.value.text("public")))
        let message = try #require(row.value["message"]?.hexadecimal)
        let signature = try Primitive(text: row.value.text("signature"))
        let indexed = try IndexedSignature(text: row.value.text("indexed"))
        #expect(key.accepts(signature, over: message))
        #expect(key.accepts(indexed, over: message))
        #expect(!key.accepts(signature, over: message + [0]))
        #expect(key.isNonTransferable == (row.value["transferable"] == false))
        // The same bytes under the code of another algorithm are refused before any arithmetic.
        let other: (PrimitiveCode, IndexerCode) =
            key.algorithm == .ed25519 ? (.secp256r1Signature, .secp256r1) : (.ed25519Signature, .ed25519)
        #expect(!key.accepts(try Primitive(code: other.0, raw: signature.raw), over: message))
        #expect(
            !key.accepts(
                try IndexedSignature(code: other.1, index: indexed.index, raw: signature.raw), over: message))
        // An unindexed signature turned into an indexed one is the one in the file.
        #expect(IndexedSignature(signature, of: key, index: indexed.index) == indexed)
        let seed = try Primitive(text: row.value.text("seed"))
        let created = try CreatedKey(
            seed: SecretBytes(copying: seed.span), algorithm: key.algorithm, isTransferable: !key.isNonTransferable)
        #expect(created.verificationKey == key)
        let own = try created.signature(over: message)
        // Ed25519 signs without randomness.
        if key.algorithm == .ed25519 { #expect(own == signature) }
        #expect(key.accepts(own, over: message))
    }

    @Test(arguments: bad)
    func refusesSignatures(_ row: VectorRow) throws {
        let key = try #require(VerificationKey(row.value.text("public")))
        let message = try #require(row.value["message"]?.hexadecimal)
        let signature = try Primitive(text: row.value.text("signature"))
        #expect(row.value["keripy"] == false)
        #expect(!key.accepts(signature, over: message))
        let indexed = try #require(IndexedSignature(signature, of: key, index: 0))
        #expect(!key.accepts(indexed, over: message))
    }

    @Test(arguments: digests)
    func digestsKeys(_ row: VectorRow) throws {
        let key = try #require(VerificationKey(row.value.text("key")))
        let digest = try #require(KeyDigest(row.value.text("digest")))
        #expect(KeyDigest(of: key) == digest)
        #expect(digest.commits(to: key))
        let other = try TestKey.named("other").verificationKey
        #expect(!digest.commits(to: other))
    }

    /// A digest may be of any algorithm that CESR names.
    @Test func commitsUnderAnyDigest() throws {
        let key = try TestKey.named("any digest").verificationKey
        for code: PrimitiveCode in [
            .blake3_256, .blake2b_256, .blake2s_256, .sha3_256, .sha2_256, .blake3_512, .blake2b_512, .sha3_512,
            .sha2_512,
        ] {
            let algorithm = try #require(code.digestAlgorithm)
            let raw = algorithm.digest(key.primitive.textBytes.span)
            let digest = try #require(KeyDigest(try Primitive(code: code, raw: raw)))
            #expect(digest.commits(to: key))
            #expect(!digest.commits(to: try TestKey.named("another").verificationKey))
        }
        #expect(PrimitiveCode.ed25519.digestAlgorithm == nil)
    }

    @Test(arguments: choices)
    func choosesCodes(_ row: VectorRow) throws {
        let selection = try OrderedFile.value("signer_code_selection", of: "cesr_indexer.json")
        let message = Array(try selection.text("message").utf8)
        let expected = try IndexedSignature(text: row.value.text("qb64"))
        let index = try #require(row.value["index"]?.integerValue)
        let ondex = row.value["ondex_in"]?.integerValue
        let isCurrentOnly = row.value["only"] == true
        let code = IndexedSignature.code(for: .ed25519, index: index, ondex: ondex, currentOnly: isCurrentOnly)
        #expect(code == expected.code)
        #expect(code.text == (try row.value.text("code")))
        #expect(expected.index == row.value["index_out"]?.integerValue)
        #expect(expected.ondex == row.value["ondex_out"]?.integerValue)
        // The signature in the file is over the message, by the key of the file.
        let listed = try #require(VerificationKey(selection.text("public_key")))
        #expect(listed.accepts(expected, over: message))
        // And a key of ours makes one of the same shape.
        let key = try TestKey.named("choice")
        let made = try key.indexedSignature(over: message, index: index, ondex: ondex, currentOnly: isCurrentOnly)
        #expect(made.code == expected.code)
        #expect(made.index == expected.index)
        #expect(made.ondex == expected.ondex)
        #expect(key.verificationKey.accepts(made, over: message))
        #expect(try IndexedSignature(text: made.text) == made)
    }
}
