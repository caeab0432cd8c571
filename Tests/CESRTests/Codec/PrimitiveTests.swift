// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

/// `cesr_matter.json`: every version 1 primitive, byte for byte as KERIpy 1.1.17 writes it.
@Suite struct PrimitiveTests {
    struct File: Decodable {
        var round_trips: [RoundTrip]
        var promotions: [Promotion]
        var keripy_broken: [Broken]
    }

    struct RoundTrip: Decodable, Sendable, CustomTestStringConvertible {
        var code: String
        var ls: Int
        var fs: Int?
        var full_size: Int
        var raw: String
        var qb64: String
        var qb2: String
        var transferable: Bool
        var digestive: Bool
        var prefixive: Bool
        var testDescription: String { "\(code), \(raw.count / 2) bytes" }
    }

    struct Promotion: Decodable, Sendable, CustomTestStringConvertible {
        var asked: String
        var raw_len: Int
        var raw_byte: String
        var code: String
        var qb64_head: String
        var full_size: Int
        var testDescription: String { "\(asked) with \(raw_len) bytes" }
    }

    struct Broken: Decodable, Sendable {
        var code: String
        var raw: String
        var detail: String
    }

    static let file = try! Vectors.decode(File.self, from: "KERI/cesr_matter.json")

    @Test(arguments: file.round_trips)
    func roundTrip(_ row: RoundTrip) throws {
        let code = try #require(PrimitiveCode(row.code))
        let raw = bytes(hex: row.raw)
        let built = try Primitive(code: code, raw: raw)
        #expect(built.code == code)
        #expect(built.text == row.qb64)
        #expect(built.binary == bytes(hex: row.qb2))
        #expect(built.encodedCount(in: .text) == row.full_size)
        let fromText = try Primitive(text: row.qb64)
        let fromBinary = try Primitive(binary: bytes(hex: row.qb2).span)
        #expect(fromText == built && fromBinary == built)
        #expect(fromText.hashValue == built.hashValue)
        #expect(fromText.raw == raw)
        #expect(code.isDigest == row.digestive)
        #expect(code.isPrefix == row.prefixive)
        #expect(code.isNonTransferable == !row.transferable)
        #expect(code.text == row.code)
    }

    @Test(arguments: file.promotions)
    func promotion(_ row: Promotion) throws {
        let raw = [UInt8](repeating: bytes(hex: row.raw_byte)[0], count: row.raw_len)
        let built = try Primitive(code: #require(PrimitiveCode(row.asked)), raw: raw)
        #expect(built.code.text == row.code)
        #expect(built.text.hasPrefix(row.qb64_head))
        #expect(built.text.utf8.count == row.full_size)
        #expect(try Primitive(text: built.text) == built)
        #expect(try Primitive(binary: built.binary.span) == built)
    }

    // Facts 1.2: KERIpy 1.1.17 cannot encode `V`; its own message spells the text that later versions write, as we do.
    @Test func brokenInKERIpy() throws {
        for row in Self.file.keripy_broken {
            let built = try Primitive(code: #require(PrimitiveCode(row.code)), raw: bytes(hex: row.raw))
            #expect(row.detail.contains("b'\(built.text)'"))
            #expect(try Primitive(text: built.text) == built)
        }
        #expect(Self.file.keripy_broken.count == 3)
    }

    @Test func numberOfCases() {
        #expect(Self.file.round_trips.count == 316)
        #expect(Self.file.promotions.count == 12)
    }

    @Test(arguments: file.round_trips)
    func everyTruncationIsReported(_ row: RoundTrip) throws {
        let text = Array(row.qb64.utf8)
        for count in 0..<min(text.count, 200) {
            let error = #expect(throws: CESRError.self) { try Primitive(text: text.span.extracting(first: count)) }
            #expect(try #require(error?.missing) > 0)
        }
        let binary = bytes(hex: row.qb2)
        for count in 0..<min(binary.count, 200) {
            let error = #expect(throws: CESRError.self) { try Primitive(binary: binary.span.extracting(first: count)) }
            #expect(try #require(error?.missing) > 0)
        }
    }

    @Test func ordinals() throws {
        for value: UInt128 in [0, 1, 0xffff, .max, 1 << 64] {
            let built = Primitive(ordinal: value)
            #expect(built.ordinal == value)
            #expect(try Primitive(text: built.text).ordinal == value)
        }
        #expect(try Primitive(text: "MAAB").ordinal == nil)
    }
}
