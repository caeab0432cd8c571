// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct JSONTextTests {
    /// What `json.dumps(text, ensure_ascii=False)` writes between the quotes.
    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a\"b", #"a\"b"#), ("a\\b", #"a\\b"#), ("/", "/"), ("\u{7f}", "\u{7f}"),
        ("\u{8}\u{c}\n\r\t", #"\b\f\n\r\t"#), ("\u{0}\u{1}\u{b}\u{1f}", #"\u0000\u0001\u000b\u001f"#),
        ("é", "é"), ("\u{80}\u{7ff}\u{800}\u{ffff}", "\u{80}\u{7ff}\u{800}\u{ffff}"), ("😀", "😀"),
        ("\u{10000}\u{10ffff}", "\u{10000}\u{10ffff}"), ("\u{d7ff}\u{e000}", "\u{d7ff}\u{e000}"),
        ("0123456789abcdef\"", #"0123456789abcdef\""#), ("\u{2028}\u{feff}", "\u{2028}\u{feff}"),
        ("e\u{301}é\n", "e\u{301}é\\n"),
    ])
    func `Text is spelt as Python spells it`(_ text: String, _ spelling: String) throws {
        let bytes = [0x22] + Array(spelling.utf8) + [0x22]
        #expect(try OrderedValue.text(text).encoded(as: .json) == bytes)
        let document = try Scanned(bytes, .json)
        #expect(document.string(0).utf8.elementsEqual(text.utf8))
        #expect(document.utf8(0) == Array(text.utf8))
        #expect(document.raw(0) == bytes)
        #expect(document.index.tokens[0].hasEscapes == spelling.contains("\\"))
        #expect(document.text(0, equals: Array(text.utf8)))
        #expect(!document.text(0, equals: Array(text.utf8) + [0]))
        if !text.isEmpty { #expect(!document.text(0, equals: Array(text.utf8.dropLast()) + [0x01])) }
        for format in DocumentFormat.allCases {
            let encoded = try OrderedValue.text(text).encoded(as: format)
            #expect(try OrderedValue(parsing: encoded.span, format: format) == .text(text))
        }
    }

    @Test func `Every place of a special byte in a run of plain ones is found`() throws {
        for length in 0..<40 {
            for place in 0..<length {
                var plain = [UInt8](repeating: 0x61, count: length)
                for special: UInt8 in [0x00, 0x1f, 0x80, 0xff] {
                    plain[place] = special
                    let code: DocumentError.Code = special < 0x20 ? .controlCharacter : .invalidUTF8
                    Refusal.text("", plain, code, at: place + 1).check()
                }
                plain[place] = 0x22
                let text = try? Scanned([0x22] + plain + [0x22], .json)
                #expect(text == nil)
                for good: UInt8 in [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f] {
                    plain[place] = good
                    #expect(try Scanned([0x22] + plain + [0x22], .json).utf8(0) == plain)
                }
            }
        }
    }

    @Test func `Comparing with a literal resolves escapes`() throws {
        let document = try Scanned(json: #"["a\nb","ab",7]"#)
        #expect(document.text(1, equals: "a\nb"))
        #expect(!document.text(1, equals: "a\nc"))
        #expect(!document.text(1, equals: "a\n"))
        #expect(document.text(2, equals: "ab"))
        #expect(!document.text(2, equals: "abc"))
        #expect(!document.text(2, equals: "ac"))
        #expect(!document.text(3, equals: "7"))
        #expect(!document.text(3, equals: [0x37]))
        #expect(!document.text(2, equals: [0x61, 0x63]))
        #expect(!document.text(2, equals: [0x61]))
        #expect(document.string(3).isEmpty)
        #expect(document.utf8(3).isEmpty)
    }
}
