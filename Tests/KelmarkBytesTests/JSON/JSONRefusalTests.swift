// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct JSONRefusalTests {
    @Test(arguments: layout) func `Layout that Python does not write is refused`(_ refusal: Refusal) {
        refusal.check()
    }

    @Test(arguments: escapes) func `Escapes that Python does not write are refused`(_ refusal: Refusal) {
        refusal.check()
    }

    @Test(arguments: encodings) func `Bad UTF-8 is refused`(_ refusal: Refusal) { refusal.check() }

    @Test(arguments: numbers) func `Numbers that Python does not write are refused`(_ refusal: Refusal) {
        refusal.check()
    }

    @Test(arguments: labels) func `Equal labels are refused`(_ refusal: Refusal) { refusal.check() }

    static let layout: [Refusal] = [
        .json("nothing", "", .truncated, at: 0),
        .json("space before the document", " {}", .whiteSpace, at: 0),
        .json("space behind a brace", #"{ "a":1}"#, .whiteSpace, at: 1),
        .json("space before a colon", #"{"a" :1}"#, .whiteSpace, at: 4),
        .json("space behind a colon", #"{"a": 1}"#, .whiteSpace, at: 5),
        .json("space behind a comma", "[1, 2]", .whiteSpace, at: 3),
        .json("space behind a comma in a map", #"{"a":1, "b":2}"#, .whiteSpace, at: 7),
        .json("tab before a bracket", "[1\t]", .whiteSpace, at: 2),
        .json("line break in an empty list", "[\n]", .whiteSpace, at: 1),
        .json("line break in an empty map", "{\r}", .whiteSpace, at: 1),
        .json("line break behind the document", "{}\n", .trailingBytes, at: 2),
        .json("second document", "{}{}", .trailingBytes, at: 2),
        .json("second number", "1 2", .trailingBytes, at: 1),
        .json("byte order mark", "\u{feff}{}", .unexpectedByte, at: 0),
        .json("comma at the end of a list", "[1,]", .unexpectedByte, at: 3),
        .json("comma at the end of a map", #"{"a":1,}"#, .unexpectedByte, at: 7),
        .json("comma first", "[,1]", .unexpectedByte, at: 1),
        .json("comma first in a map", "{,}", .unexpectedByte, at: 1),
        .json("no colon", #"{"a"}"#, .unexpectedByte, at: 4),
        .json("no value", #"{"a":}"#, .unexpectedByte, at: 5),
        .json("no comma", #"["a""b"]"#, .unexpectedByte, at: 4),
        .json("number as label", "{1:2}", .labelNotText, at: 1),
        .json("null as label", "{null:2}", .labelNotText, at: 1),
        .json("list as label", "{[]:2}", .labelNotText, at: 1),
        .json("list closed as map", "[}", .unexpectedByte, at: 1),
        .json("map closed as list", #"{"a":[1}"#, .unexpectedByte, at: 7),
        .json("closed without opening", "]", .unexpectedByte, at: 0),
        .json("capital true", "True", .unexpectedByte, at: 0),
        .json("misspelt true", "trux", .unexpectedByte, at: 3),
        .json("cut false", "fals", .truncated, at: 4),
        .json("cut null", "[nul", .truncated, at: 4),
        .json("comment", "[1]/*x*/", .trailingBytes, at: 3),
        .json("single quotes", "'a'", .unexpectedByte, at: 0),
        .json("open text", #"["abc"#, .truncated, at: 5),
        .json("open list", "[1", .truncated, at: 2),
        .json("open empty list", "[", .truncated, at: 1),
        .json("open map", "{", .truncated, at: 1),
        .json("map without label", #"{"a":1,"#, .truncated, at: 7),
        .json("map without colon", #"{"a""#, .truncated, at: 4),
        .json("map without value", #"{"a":"#, .truncated, at: 5),
    ]

    static let escapes: [Refusal] = [
        .json("escaped slash", #""\/""#, .nonCanonicalEscape, at: 1),
        .json("escaped letter", #""ab\u0041""#, .nonCanonicalEscape, at: 3),
        .json("escaped accent", #""\u00e9""#, .nonCanonicalEscape, at: 1),
        .json("escaped delete", #""\u007f""#, .nonCanonicalEscape, at: 1),
        .json("escaped quote as number", #""\u0022""#, .nonCanonicalEscape, at: 1),
        .json("line break as number", #""\u000a""#, .nonCanonicalEscape, at: 1),
        .json("backspace as number", #""\u0008""#, .nonCanonicalEscape, at: 1),
        .json("form feed as number", #""\u000c""#, .nonCanonicalEscape, at: 1),
        .json("carriage return as number", #""\u000d""#, .nonCanonicalEscape, at: 1),
        .json("tab as number", #""\u0009""#, .nonCanonicalEscape, at: 1),
        .json("upper-case hex", #""\u001F""#, .nonCanonicalEscape, at: 1),
        .json("surrogate pair", #""\ud83d\ude00""#, .nonCanonicalEscape, at: 1),
        .json("lead surrogate", #""\ud83d""#, .loneSurrogate, at: 1),
        .json("lead surrogate and letter", #""\ud83dabcdef""#, .loneSurrogate, at: 1),
        .json("lead surrogate and other escape", #""\ud83d\n00000""#, .loneSurrogate, at: 1),
        .json("two lead surrogates", #""\ud83d\ud83d""#, .loneSurrogate, at: 1),
        .json("lead surrogate and no surrogate", #""\ud83d\u0041""#, .loneSurrogate, at: 1),
        .json("trail surrogate", #""\ude00""#, .loneSurrogate, at: 1),
        .json("unknown escape", #""\x41""#, .invalidEscape, at: 1),
        .json("capital U", #""\U0041""#, .invalidEscape, at: 1),
        .json("no hex digit", #""\u00g0""#, .invalidEscape, at: 5),
        .json("cut escape", #""\"#, .truncated, at: 2),
        .json("cut hex digits", #""\u00"#, .truncated, at: 5),
        .text("control character", [0x61, 0x01], .controlCharacter, at: 2),
        .text("nul", [0x00], .controlCharacter, at: 1),
        .text("raw line break", [0x0a], .controlCharacter, at: 1),
        .text("raw tab behind eight", Array("01234567\t".utf8), .controlCharacter, at: 9),
    ]

    static let encodings: [Refusal] = [
        .text("never in UTF-8", [0xff], .invalidUTF8, at: 1),
        .text("lone continuation", [0x61, 0x80], .invalidUTF8, at: 2),
        .text("overlong in two", [0xc0, 0x80], .invalidUTF8, at: 1),
        .text("overlong in two, c1", [0xc1, 0xbf], .invalidUTF8, at: 1),
        .text("overlong in three", [0xe0, 0x9f, 0xbf], .invalidUTF8, at: 1),
        .text("overlong in four", [0xf0, 0x8f, 0xbf, 0xbf], .invalidUTF8, at: 1),
        .text("surrogate", [0xed, 0xa0, 0x80], .invalidUTF8, at: 1),
        .text("beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80], .invalidUTF8, at: 1),
        .text("five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80], .invalidUTF8, at: 1),
        .text("two cut", [0xc3], .invalidUTF8, at: 1),
        .text("three cut", [0xe2, 0x82], .invalidUTF8, at: 1),
        .text("four cut", [0xf0, 0x9f, 0x98], .invalidUTF8, at: 1),
        .text("third byte wrong", [0xe2, 0x82, 0x41], .invalidUTF8, at: 1),
        .text("fourth byte wrong", [0xf0, 0x9f, 0x98, 0xc0], .invalidUTF8, at: 1),
        .text("behind good text", Array("12345678é".utf8) + [0xc3, 0x28], .invalidUTF8, at: 11),
    ]

    static let numbers: [Refusal] = [
        .json("leading zero", "01", .nonCanonicalInteger, at: 0),
        .json("leading zeros", "[000]", .nonCanonicalInteger, at: 1),
        .json("leading zero of a float", "01.5", .nonCanonicalInteger, at: 0),
        .json("negative leading zero", "-01", .nonCanonicalInteger, at: 1),
        .json("minus zero", "[-0]", .nonCanonicalInteger, at: 1),
        .json("plus", "+1", .unexpectedByte, at: 0),
        .json("minus alone", "-", .truncated, at: 1),
        .json("minus letter", "[-a]", .unexpectedByte, at: 2),
        .json("point first", ".5", .unexpectedByte, at: 0),
        .json("point last", "[1.]", .unexpectedByte, at: 3),
        .json("cut at the point", "1.", .truncated, at: 2),
        .json("exponent without digits", "[1e]", .unexpectedByte, at: 3),
        .json("exponent sign without digits", "1e+", .truncated, at: 3),
        .json("trailing zero", "1.50", .nonCanonicalFloat, at: 0),
        .json("two zeros", "1.00", .nonCanonicalFloat, at: 0),
        .json("capital E", "1E+21", .nonCanonicalFloat, at: 0),
        .json("exponent without sign", "1e21", .nonCanonicalFloat, at: 0),
        .json("one exponent digit", "1e-7", .nonCanonicalFloat, at: 0),
        .json("three exponent digits", "1e+021", .nonCanonicalFloat, at: 0),
        .json("small exponent", "1e+15", .nonCanonicalFloat, at: 0),
        .json("exponent for 1e-4", "1e-04", .nonCanonicalFloat, at: 0),
        .json("no exponent for 1e16", "10000000000000000.0", .nonCanonicalFloat, at: 0),
        .json("no exponent for 1e-5", "[0.00001]", .nonCanonicalFloat, at: 1),
        .json("point in one-digit mantissa", "1.0e+21", .nonCanonicalFloat, at: 0),
        .json("more digits than needed", "0.1000000000000000055", .nonCanonicalFloat, at: 0),
        .json("a digit too many", "9007199254740993.0", .nonCanonicalFloat, at: 0),
        .json("underflow", "1e-400", .nonCanonicalFloat, at: 0),
        .json("float of many digits", "1." + String(repeating: "1", count: 100_000), .nonCanonicalFloat, at: 0),
        .json("overflow", "1e+400", .nonFiniteNumber, at: 0),
        .json("NaN", "[NaN]", .nonFiniteNumber, at: 1),
        .json("Infinity", "Infinity", .nonFiniteNumber, at: 0),
        .json("-Infinity", "-Infinity", .nonFiniteNumber, at: 1),
        .json("4301 digits", "1" + String(repeating: "0", count: 4300), .integerTooLong, at: 0),
        .json("hex", "0x10", .trailingBytes, at: 1),
    ]

    static let labels: [Refusal] = [
        .json("two members", #"{"a":1,"a":1}"#, .duplicateLabel, at: 8),
        .json("not neighbours", #"{"a":1,"b":2,"c":3,"b":4}"#, .duplicateLabel, at: 20),
        .json("empty labels", #"{"":1,"":2}"#, .duplicateLabel, at: 7),
        .json("inner map", #"[{"x":{"a":1,"a":1}}]"#, .duplicateLabel, at: 14),
        .json("behind values with members", #"{"a":{"b":[1,2]},"a":{}}"#, .duplicateLabel, at: 18),
        .json("escaped labels", #"{"\n":1,"\n":2}"#, .duplicateLabel, at: 9),
        .json("24 members, last is first", many(24), .duplicateLabel, at: many(24).utf8.count - 9),
        .json("25 members, last is first", many(25), .duplicateLabel, at: many(25).utf8.count - 9),
        .json("1000 members, last is first", many(1000), .duplicateLabel, at: many(1000).utf8.count - 9),
        .json(
            "three equal among many", #"{"z":1,"z":1,"#.dropLast() + "," + many(30).dropFirst(), .duplicateLabel,
            at: 8),
    ]

    /// `{"l100":1,"l101":1,…,"l100":1}` with `count` members.
    private static func many(_ count: Int) -> String {
        let members = (0..<(count - 1)).map { "\"l\(1000 + $0)\":1" } + ["\"l1000\":1"]
        return "{" + members.joined(separator: ",") + "}"
    }
}
