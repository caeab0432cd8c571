// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct InteroperableJSONTests {
    private func read(_ text: String, limits: Limits = .standard) throws(DocumentError) -> OrderedValue {
        let bytes = Array(text.utf8)
        return try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable, limits: limits)
    }

    private func expect(_ code: DocumentError.Code, at offset: Int, for text: String) {
        do {
            _ = try read(text)
            Issue.record("read \(text)")
        } catch {
            #expect(error == DocumentError(code, at: offset))
        }
    }

    @Test func `White space is skipped everywhere`() throws {
        let text = " { \"a\" :\t[ 1 , 2.50 ,\r\n{ } , [ ] ] , \"b\" : null }\n "
        #expect(try read(text) == ["a": [1, .float("2.5"), [:], []], "b": .null])
    }

    @Test(arguments: [
        (#""\/\u0041\u00e9""#, "/A\u{e9}"), (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00\u000A""#, "😀\n"),
        (#""\u0000\u001F""#, "\u{0}\u{1f}"), (#""\uFFFF\ue000""#, "\u{ffff}\u{e000}"),
        (#""\udbff\udfff""#, "\u{10ffff}"), (#""\ud800\udc00""#, "\u{10000}"),
    ])
    func `Any escape is read`(_ text: String, _ expected: String) throws {
        #expect(try read(text) == .text(expected))
    }

    @Test(arguments: [
        ("1E5", "100000.0"), ("1.00", "1.0"), ("1e-400", "0.0"), ("-0.0", "-0.0"), ("1e21", "1e+21"),
        ("0.1000000000000000055", "0.1"), ("123e-2", "1.23"), ("-1e00", "-1.0"),
    ])
    func `Floats are kept as Python writes them`(_ text: String, _ expected: String) throws {
        #expect(try read(text) == .float(expected))
        #expect(try read(text).encoded(as: .json) == Array(expected.utf8))
    }

    @Test func `Minus zero is the integer zero`() throws {
        #expect(try read("-0") == 0)
    }

    @Test func `What no JSON reader may take stays refused`() {
        expect(.duplicateLabel, at: 10, for: #"{"a": 1, "a": 1}"#)
        expect(.duplicateLabel, at: 9, for: #"{"ab":1,"a\u0062":1}"#)
        expect(.nonCanonicalInteger, at: 0, for: "01")
        expect(.nonFiniteNumber, at: 0, for: "NaN")
        expect(.nonFiniteNumber, at: 0, for: "1e400")
        expect(.loneSurrogate, at: 1, for: #""\ud83d""#)
        expect(.trailingBytes, at: 3, for: "{} {}")
        expect(.truncated, at: 3, for: "[1 ")
        expect(.truncated, at: 2, for: "[ ")
        expect(.truncated, at: 5, for: #"{"a" "#)
        expect(.truncated, at: 1, for: " ")
        expect(.unexpectedByte, at: 4, for: "[1, ]")
        expect(.unexpectedByte, at: 1, for: "[\u{a0}]")
        expect(.nonCanonicalFloat, at: 0, for: "1." + String(repeating: "1", count: 2000))
        expect(.integerTooLong, at: 0, for: String(repeating: "1", count: 4301))
    }

    @Test func `Equal labels among many are found`() {
        let members = (0..<100).map { #""l\#($0)": \#($0)"# }.joined(separator: ",")
        expect(.duplicateLabel, at: members.utf8.count + 3, for: "{" + members + #","\u006c50":1}"#)
    }

    @Test func `The canonical reader is the other one`() throws {
        let bytes = Array("[1, 2]".utf8)
        do {
            _ = try OrderedValue(parsingJSON: bytes.span, strictness: .canonical)
            Issue.record("read")
        } catch {
            #expect(error == DocumentError(.whiteSpace, at: 3))
        }
        let tight = Array("[1,2]".utf8)
        #expect(try OrderedValue(parsingJSON: tight.span, strictness: .canonical) == [1, 2])
    }
}
