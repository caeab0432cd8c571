// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import CESR

/// `cesr_typed.json`: primitives with a meaning.
@Suite struct TypedPrimitiveTests {
    struct File: Decodable {
        var number: [NumberRow]
        var seqner: [Ordinal]
        var dater: [Dater]
        var bexter: [Bexter]
        var pather: Pather
        var tholder: [Tholder]
        var int_to_b64: [IntRow]
        var code_b64_to_b2: [CodeRow]
        var version_strings: Versions
    }

    struct NumberRow: Decodable, Sendable {
        var num: String
        var numh: String
        var code: String
        var qb64: String
    }

    struct Ordinal: Decodable, Sendable {
        var sn: String
        var snh: String
        var qb64: String
        var qb2: String
    }

    struct Dater: Decodable, Sendable {
        var dts: String
        var qb64: String
        var qb2: String
        var raw: String
    }

    struct Bexter: Decodable, Sendable {
        var bext: String
        var code: String
        var raw: String
        var qb64: String
        var back: String
        var lossy: Bool
    }

    struct Pather: Decodable, Sendable {
        var rows: [Row]

        struct Row: Decodable, Sendable {
            var bext: String
            var qb64: String
            var parsed: [String]
        }
    }

    struct Tholder: Decodable, Sendable {
        var weighted: Bool?
        var normalized: Sith?
        var limen: String?
        var num: Int?
        var keripy_error: String?

        enum Sith: Decodable, Sendable {
            case text(String)
            case flat([String])
            case nested([[String]])

            init(from decoder: any Decoder) throws {
                let box = try decoder.singleValueContainer()
                if let text = try? box.decode(String.self) {
                    self = .text(text)
                } else if let flat = try? box.decode([String].self) {
                    self = .flat(flat)
                } else {
                    self = .nested(try box.decode([[String]].self))
                }
            }
        }
    }

    struct IntRow: Decodable, Sendable {
        var i: UInt64
        var l: Int
        var s: String
    }

    struct CodeRow: Decodable, Sendable {
        var b64: String
        var b2: String
        var back: String
    }

    struct Versions: Decodable, Sendable {
        var valid: [Valid]
        var invalid: [Invalid]

        struct Valid: Decodable, Sendable {
            var proto: String
            var major: Int
            var minor: Int
            var kind: String
            var size: Int
            var text: String
        }

        struct Invalid: Decodable, Sendable { var text: String }
    }

    static let file = try! Vectors.decode(File.self, from: "KERI/cesr_typed.json")

    @Test(arguments: file.number)
    func number(_ row: NumberRow) throws {
        let value = try #require(UInt128(row.num))
        let number = Number(value)
        #expect(number.hex == row.numh)
        #expect(number.primitive().text == row.qb64)
        #expect(number.primitive().code.text == row.code)
        #expect(Number(try Primitive(text: row.qb64)) == number)
        #expect(try Number(hex: row.numh) == number)
        #expect(Number(number.primitive(.version2)) == number)
    }

    @Test func numberSizesOfVersion2() throws {
        let expected: [(Int, String)] = [
            (0, "M"), (16, "0H"), (32, "R"), (40, "N"), (64, "S"), (88, "T"), (112, "0A"),
        ]
        for (shift, code) in expected {
            #expect(Number(1 << UInt128(shift)).primitive(.version2).code.text == code)
        }
        #expect(try Number(7).primitive(as: .vast).text.hasPrefix("UAAAA"))
        #expect(Number(try Number(7).primitive(as: .vast)) == Number(7))
        #expect(throws: CESRError(.outOfRange)) { try Number(65536).primitive(as: .short) }
        #expect(throws: CESRError(.misplacedCode)) { try Number(1).primitive(as: .ed25519) }
        // 17 bytes can hold more than any number of KERI.
        let large = try Primitive(code: .vast, raw: [1] + [UInt8](repeating: 0, count: 16))
        #expect(Number(large) == nil)
        #expect(Number(try Primitive(text: "1AAK")) == nil)
    }

    @Test(arguments: ["", "01", "A", "0x1", "g", "-1", "100000000000000000000000000000000"])
    func refusedNumbers(_ text: String) {
        #expect(throws: CESRError.self) { try Number(hex: text) }
    }

    @Test(arguments: file.seqner)
    func ordinal(_ row: Ordinal) throws {
        let value = try #require(UInt128(row.sn))
        let primitive = Primitive(ordinal: value)
        #expect(primitive.text == row.qb64)
        #expect(primitive.binary == bytes(hex: row.qb2))
        #expect(try Primitive(text: row.qb64).ordinal == value)
        #expect(Number(value).hex == row.snh)
    }

    @Test(arguments: file.dater)
    func dateTime(_ row: Dater) throws {
        let value = try DateTime(text: row.dts)
        #expect(value.primitive.text == row.qb64)
        #expect(value.primitive.binary == bytes(hex: row.qb2))
        #expect(value.primitive.raw == bytes(hex: row.raw))
        #expect(value.text == row.dts)
        #expect(try DateTime(Primitive(text: row.qb64)) == value)
    }

    @Test func dateTimeAgreesWithTheCalendar() throws {
        let formatter = ISO8601DateFormatter()
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        var second: Int64 = -62_135_596_800
        while second < 253_402_300_800 {
            let value = try DateTime(microseconds: second * 1_000_000 + 123_456)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(second))).dropLast()
            // Foundation's calendar is Julian before October 1582.
            if second > -12_219_292_800 { #expect(value.text == "\(expected).123456+00:00") }
            #expect(try DateTime(text: value.text) == value)
            second += 86_400 * 1009 + 3661
        }
        #expect(throws: CESRError(.invalidDateTime)) { try DateTime(microseconds: .max) }
        #expect(throws: CESRError(.invalidDateTime)) { try DateTime(microseconds: .min) }
        let early = try DateTime(text: "2024-01-01T00:00:00.000000+00:00")
        let same = try DateTime(text: "2024-01-01T05:30:00.000000+05:30")
        #expect(early.microseconds == same.microseconds && early != same)
    }

    @Test(arguments: [
        "", "2024-01-01T00:00:00.000000", "2024-01-01T00:00:00.000000Z", "2024-01-01 00:00:00.000000+00:00",
        "2023-02-29T00:00:00.000000+00:00", "2024-13-01T00:00:00.000000+00:00", "2024-00-01T00:00:00.000000+00:00",
        "2024-01-32T00:00:00.000000+00:00", "2024-01-01T24:00:00.000000+00:00", "2024-01-01T00:60:00.000000+00:00",
        "2024-01-01T00:00:60.000000+00:00", "2024-01-01T00:00:00.000000-00:00", "2024-01-01T00:00:00.000000+24:00",
        "2024-01-01T00:00:00.000000+00:60", "2024-01-01T00:00:00.00000a+00:00", "0000-01-01T00:00:00.000000+00:00",
        "1900-02-29T00:00:00.000000+00:00", "2024-01-01T00:00:00.000000*00:00", "2024-01-01T00:00:00,000000+00:00",
        "2024-04-31T00:00:00.000000+00:00", "2024-01-01T00c00c00d000000p00c00",
    ])
    func refusedDateTimes(_ text: String) {
        #expect(throws: CESRError.self) { try DateTime(text: text) }
    }

    @Test func refusedDateTimePrimitives() throws {
        #expect(throws: CESRError(.misplacedCode)) { try DateTime(Primitive(text: "MAAB")) }
        let random = try Primitive(code: .dateTime, raw: [UInt8](repeating: 7, count: 24))
        #expect(throws: CESRError.self) { try DateTime(random) }
    }

    @Test(arguments: file.bexter)
    func base64Text(_ row: Bexter) throws {
        let text = try Base64Text(row.bext)
        let primitive = try text.primitive
        #expect(primitive.text == row.qb64)
        #expect(primitive.code.text == row.code)
        #expect(primitive.raw == bytes(hex: row.raw))
        #expect(try Base64Text(Primitive(text: row.qb64)).text == row.back)
        #expect(text.isLossless == !row.lossy)
    }

    @Test func refusedBase64Text() throws {
        for text in ["a b", "a+b", "a/b", "é", "a="] {
            #expect(throws: CESRError(.invalidText)) { try Base64Text(text) }
        }
        #expect(throws: CESRError(.misplacedCode)) { try Base64Text(Primitive(text: "MAAB")) }
        // One lead byte and a value whose high bits reach into the characters that stand for it.
        let odd = try Primitive(code: .text, raw: [0xff, 0xff])
        #expect(throws: CESRError(.nonZeroLead)) { try Base64Text(odd) }
    }

    @Test func paths() throws {
        let object = try JSONSerialization.jsonObject(with: Data(Vectors.data("KERI/cesr_typed.json")))
        let pather = try #require((object as? [String: Any])?["pather"] as? [String: Any])
        // Foundation does not keep the order of members, which positions in maps mean: the vector's document, by hand.
        let document: OrderedValue = [
            "a": ["b": ["z": 1, "y": ["p", ["q": "r"]]]], "c": [10, 20, ["d": 30]], "e": "s",
        ]
        let values: [OrderedValue] = [
            document, ["b": ["z": 1, "y": ["p", ["q": "r"]]]], ["z": 1, "y": ["p", ["q": "r"]]], "r", "p", 30, 30, "s",
        ]
        let rows = Self.file.pather.rows
        #expect(rows.count == 8 && (pather["rows"] as? [Any])?.count == 8)
        for (row, value) in zip(rows, values) {
            let path = try FieldPath(Primitive(text: row.qb64))
            #expect(path.components == row.parsed)
            #expect(path.text == row.bext && path.description == row.bext)
            #expect(try FieldPath(row.parsed).primitive.text == row.qb64)
            #expect(path.value(in: document) == value)
        }
        for missing in ["-x", "-a-1", "-c-3", "-e-0", "-c-d"] {
            #expect(try FieldPath(text: missing).value(in: document) == nil)
        }
        for text in ["", "a", "--a", "-a-", "-a b"] {
            #expect(throws: CESRError(.invalidText)) { try FieldPath(text: text) }
        }
        for part in ["a b", "a/b", "a-b", ""] {
            #expect(throws: CESRError(.invalidText)) { try FieldPath([part]) }
        }
    }

    @Test(arguments: file.tholder.filter { $0.limen != nil })
    func limen(_ row: Tholder) throws {
        let text = try #require(row.limen)
        let parsed = try Limen(Primitive(text: text))
        #expect(try parsed.primitive.text == text)
        switch try #require(row.normalized) {
        case .text(let hex): #expect(parsed == .count(try Number(hex: hex).value))
        case .flat(let weights): #expect(parsed == .weights([weights]))
        case .nested(let clauses): #expect(parsed == .weights(clauses))
        }
        #expect((row.weighted == true) == (row.num == nil))
    }

    @Test func refusedLimens() throws {
        for text in ["", "1s", "s2", "1c", "1a", "01", "1s2s3", "x", "1-2", "1s2cc1"] {
            #expect(throws: CESRError(.invalidThreshold)) { try Limen(Base64Text(text).primitive) }
        }
        #expect(throws: CESRError(.misplacedCode)) { try Limen(Primitive(text: "1AAK")) }
        #expect(throws: CESRError(.invalidThreshold)) { try Limen(clauses: []) }
        #expect(throws: CESRError(.invalidThreshold)) { try Limen.weights([["0.5"]]).primitive }
    }

    @Test(arguments: file.int_to_b64)
    func base64Number(_ row: IntRow) {
        let characters = Base64Number.characters(row.i, width: row.l)
        #expect(String(decoding: characters, as: UTF8.self) == row.s)
        #expect(Base64Number.value(characters) == row.i)
    }

    @Test func refusedBase64Numbers() {
        #expect(Base64Number.value("A+".utf8) == nil)
        #expect(Base64Number.value("PP__________".utf8) == nil)
        #expect(Base64Number.value("P__________".utf8) == .max)
    }

    @Test(arguments: file.code_b64_to_b2)
    func codes(_ row: CodeRow) throws {
        var binary: [UInt8] = []
        Material.encodeBinary(code: row.b64.utf8.span, raw: [UInt8]().span, lead: 0, into: &binary)
        #expect(binary == bytes(hex: row.b2))
        let reader = CodeReader(binary.span, offset: 0, domain: .binary)
        var back: [UInt8] = []
        for index in 0..<row.b64.utf8.count { back.append(Base64URL.character(of: try reader.sextet(index))) }
        #expect(String(decoding: back, as: UTF8.self) == row.back)
    }

    @Test(arguments: file.version_strings.valid)
    func validVersion(_ row: Versions.Valid) throws {
        let parsed = try VersionString(text: row.text)
        #expect(parsed.protocol.text == row.proto)
        #expect(parsed.major == row.major && parsed.minor == row.minor)
        #expect(parsed.format.text == row.kind)
        #expect(parsed.size == row.size)
        #expect(parsed.text == row.text && parsed.description == row.text)
        #expect(parsed.table == .version1)
        let built = try VersionString(
            parsed.protocol, major: row.major, minor: row.minor, format: parsed.format, size: row.size)
        #expect(built == parsed)
    }

    @Test(arguments: file.version_strings.invalid)
    func invalidVersion(_ row: Versions.Invalid) {
        #expect(throws: CESRError(.invalidVersion)) { try VersionString(text: row.text) }
    }

    @Test func versionsOutOfRange() {
        #expect(throws: CESRError(.outOfRange)) { try VersionString(.keri, format: .json, size: 1 << 24) }
        #expect(throws: CESRError(.outOfRange)) { try VersionString(.keri, major: 16, format: .json, size: 1) }
        #expect(throws: CESRError(.outOfRange)) { try VersionString(.keri, format: .native, size: 1) }
        #expect(throws: CESRError(.outOfRange)) { try VersionString(version2: .keri, format: .json, size: 1 << 24) }
        #expect(throws: CESRError(.invalidVersion)) { try VersionString(text: "KERI10CESR000000_") }
    }

    @Test func textsAndLabels() throws {
        #expect(try Primitive(utf8: "é").utf8Text == "é")
        #expect(try Primitive(code: .bytes, raw: [0xff]).utf8Text == nil)
        #expect(try Primitive(text: "MAAB").utf8Text == nil)
        for text in [
            "a", "ab", "icp", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghij",
            "abcdefghijk", "abcdefghijkl", "Aaaaaaaaaaaa", "with space", "", "é",
        ] {
            let primitive = try Primitive(label: text)
            #expect(primitive.labelText == text)
            let again = try Primitive(text: primitive.text, table: .version2)
            #expect(again == primitive)
            #expect(try Primitive(binary: primitive.binary.span, table: .version2) == primitive)
        }
        #expect(try Primitive(label: "icp").text == "Xicp")
        #expect(throws: CESRError(.wrongLength(expected: 11, found: 0))) { try Primitive(tag: "") }
        #expect(throws: CESRError(.invalidText)) { try Primitive(tag: "a b") }
    }

    @Test func numberOfCases() {
        let file = Self.file
        #expect(file.number.count == 13 && file.seqner.count == 13 && file.dater.count == 3)
        #expect(file.bexter.count == 16 && file.pather.rows.count == 8)
        #expect(file.tholder.count == 23 && file.tholder.filter { $0.limen != nil }.count == 15)
        #expect(file.tholder.allSatisfy { ($0.limen == nil) == ($0.keripy_error != nil) })
        #expect(file.int_to_b64.count == 10 && file.code_b64_to_b2.count == 10)
        #expect(file.version_strings.valid.count == 6 && file.version_strings.invalid.count == 9)
    }
}
