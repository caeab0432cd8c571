// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// Samples of RFC 8785.
struct CanonicalJSONTests {
    private func canonical(_ text: String) throws -> String {
        let bytes = Array(text.utf8)
        let value = try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable)
        return String(decoding: try CanonicalJSON.encode(value), as: UTF8.self)
    }

    @Test func `Section 3.2.2: literals, numbers, text`() throws {
        let input = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let expected =
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
            + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(try canonical(input) == expected)
    }

    @Test func `Section 3.2.3: members are sorted by UTF-16 code units`() throws {
        let input = #"""
            {
              "\u20ac": "Euro Sign",
              "\r": "Carriage Return",
              "\ufb33": "Hebrew Letter Dalet With Dagesh",
              "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face",
              "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """#
        let expected =
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\","
            + "\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\","
            + "\"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        #expect(Array(try canonical(input).utf8) == Array(expected.utf8))
    }

    @Test(
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func `Appendix B: numbers`(_ pattern: UInt64, _ text: String) throws {
        let value = try #require(OrderedValue(Double(bitPattern: pattern)))
        #expect(String(decoding: try CanonicalJSON.encode(value), as: UTF8.self) == text)
    }

    @Test func `Integers end at 2^53`() throws {
        #expect(try canonical("[9007199254740992,-9007199254740992,0]") == "[9007199254740992,-9007199254740992,0]")
        for text in ["9007199254740993", "-9007199254740993", "18446744073709551616"] {
            #expect(throws: DocumentEncodingError.integerOutOfRange) {
                try CanonicalJSON.encode(["n": .integer(text)])
            }
        }
        #expect(throws: DocumentEncodingError.malformedInteger) { try CanonicalJSON.encode([.integer("1a")]) }
    }

    @Test func `Byte strings have no form`() {
        #expect(throws: DocumentEncodingError.bytesInJSON) { try CanonicalJSON.encode([.bytes([1])]) }
    }

    @Test func `Inner maps are sorted too`() throws {
        #expect(try canonical(#"[{"b":{"d":1,"c":2},"a":[]}]"#) == #"[{"a":[],"b":{"c":2,"d":1}}]"#)
    }

    @Test func `Deep nesting is refused`() {
        #expect(throws: DocumentEncodingError.nestingTooDeep) {
            try CanonicalJSON.encode(.nested(DocumentIndex.deepestNesting + 1))
        }
        #expect(throws: DocumentEncodingError.nestingTooDeep) {
            try CanonicalJSON.encode(.nestedMaps(DocumentIndex.deepestNesting + 1))
        }
    }
}

extension OrderedValue {
    /// `depth` lists, one in the other.
    static func nested(_ depth: Int) -> OrderedValue {
        (1..<depth).reduce([]) { inner, _ in [inner] }
    }

    /// `depth` maps, one in the other.
    static func nestedMaps(_ depth: Int) -> OrderedValue {
        (1..<depth).reduce([:]) { inner, _ in ["a": inner] }
    }
}
