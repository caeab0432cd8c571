// SPDX-License-Identifier: Apache-2.0

// Members are named as in the vector file.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import KelmarkCrypto
import KelmarkTestSupport
import Testing

struct BLAKE3Vectors: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
        let length: Int
        let hash, keyed_hash, derive_key: String
        var testDescription: String { "\(length) bytes" }
    }
    struct Seek: Decodable, CustomTestStringConvertible {
        let length: Int
        let position: UInt64
        let output: String
        var testDescription: String { "\(length) bytes from \(position)" }
    }
    let key, context: String
    let cases: [Case]
    let seek: [Seek]

    static let all = try! Vectors.decode(Self.self, from: "Crypto/blake3.json")
}

@Suite struct BLAKE3Tests {
    let vectors = BLAKE3Vectors.all

    @Test func everyVectorIsRun() {
        #expect(vectors.cases.count == 70)
        #expect(vectors.seek.count == 21)
    }

    @Test(arguments: BLAKE3Vectors.all.cases)
    func hashesInOnePiece(_ vector: BLAKE3Vectors.Case) throws {
        let input = pattern(vector.length)
        let key = Array(vectors.key.utf8)
        let expected = hex(vector.hash)
        #expect(BLAKE3.hash(input) == Array(expected[..<32]))
        #expect(BLAKE3.hash(input, count: 131) == expected)

        var output = [UInt8](repeating: 0, count: 131)
        var span = output.mutableSpan
        BLAKE3.hash(input.span, into: &span)
        #expect(output == expected)

        span = output.mutableSpan
        try BLAKE3.keyedHash(input.span, key: key.span, into: &span)
        #expect(output == hex(vector.keyed_hash))

        span = output.mutableSpan
        BLAKE3.deriveKey(context: vectors.context.utf8Span.span, material: input.span, into: &span)
        #expect(output == hex(vector.derive_key))
    }

    @Test(arguments: BLAKE3Vectors.all.cases)
    func hashesInPieces(_ vector: BLAKE3Vectors.Case) throws {
        let input = pattern(vector.length)
        let key = Array(vectors.key.utf8)
        // Sizes that do not divide the block, the chunk or the four chunks.
        for size in [1, 63, 64, 65, 1000, 1024, 4096, 5000] where size > 1 || input.count < 5000 {
            var plain = BLAKE3.Hasher()
            var keyed = try BLAKE3.Hasher(key: key.span)
            var derived = BLAKE3.Hasher(derivingKeyFor: vectors.context.utf8Span.span)
            var offset = 0
            while offset < input.count {
                let end = min(offset + size, input.count)
                plain.update(input.span.extracting(offset..<end))
                keyed.update(input.span.extracting(offset..<end))
                derived.update(input.span.extracting(offset..<end))
                offset = end
            }
            #expect(plain.finalize(count: 131) == hex(vector.hash))
            #expect(plain.finalize() == Array(hex(vector.hash)[..<32]))
            #expect(keyed.finalize(count: 131) == hex(vector.keyed_hash))
            #expect(derived.finalize(count: 131) == hex(vector.derive_key))
        }
    }

    @Test(arguments: BLAKE3Vectors.all.seek)
    func extendsFromAnyPosition(_ vector: BLAKE3Vectors.Seek) {
        var hasher = BLAKE3.Hasher()
        hasher.update(pattern(vector.length).span)
        var output = [UInt8](repeating: 0, count: vector.output.count / 2)
        var span = output.mutableSpan
        hasher.finalize(into: &span, from: vector.position)
        #expect(output == hex(vector.output))
    }

    @Test func continuesAfterFinalizeAndFromACopy() {
        var hasher = BLAKE3.Hasher()
        hasher.update(pattern(5000).span.extracting(..<1500))
        #expect(hasher.finalize() == BLAKE3.hash(pattern(1500)))
        let copy = hasher
        hasher.update(pattern(5000).span.extracting(1500...))
        #expect(hasher.finalize() == BLAKE3.hash(pattern(5000)))
        #expect(copy.finalize() == BLAKE3.hash(pattern(1500)))
    }

    @Test func outputOfNoBytesIsEmpty() {
        #expect(BLAKE3.hash(pattern(3), count: 0) == [])
    }

    @Test(arguments: [0, 31, 33]) func refusesKeysOfOtherLengths(_ count: Int) {
        let key = pattern(count)
        let expected = CryptoError.wrongLength(of: .key, expected: 32, found: count)
        #expect(throws: expected) { _ = try BLAKE3.Hasher(key: key.span) }
        #expect(throws: expected) {
            var output = [UInt8](repeating: 0, count: 32)
            var span = output.mutableSpan
            try BLAKE3.keyedHash(key.span, key: key.span, into: &span)
        }
    }
}
