// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Strict Base64url: one text for each byte string.
@Suite struct Base64URLTests {
    @Test func agreesWithFoundation() throws {
        var random = SeededGenerator(seed: 1)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let expected = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
            let text = Base64URL.encodedString(bytes.span)
            #expect(text == expected)
            #expect(Base64URL.encodedCount(of: count) == expected.utf8.count)
            #expect(try Base64URL.decodedCount(of: expected.utf8.count) == count)
            let decoded = try Base64URL.decode(expected.utf8.span)
            #expect(decoded == bytes)
            let isAlphabet = Base64URL.isAlphabet(expected.utf8.span)
            #expect(isAlphabet)
        }
    }

    @Test func everyOtherCharacterIsRefusedWithItsPlace() {
        let text = Array("QUJDREVGR0g".utf8)
        for byte in UInt8.min ... .max {
            let isAllowed = Base64URL.sextet(of: byte) != nil
            #expect(
                isAllowed
                    == (byte < 0x80
                        && (Character(UnicodeScalar(byte)).isLetter
                            || Character(UnicodeScalar(byte)).isNumber || byte == 0x2d || byte == 0x5f))
            )
            for place in text.indices where !isAllowed {
                var damaged = text
                damaged[place] = byte
                #expect(throws: Base64Error(.invalidCharacter, offset: place)) { try Base64URL.decode(damaged.span) }
                let isAlphabet = Base64URL.isAlphabet(damaged.span)
                #expect(!isAlphabet)
            }
            if let sextet = Base64URL.sextet(of: byte) { #expect(Base64URL.character(of: sextet) == byte) }
        }
    }

    @Test func secondSpellingsAreRefused() {
        for text in ["AB", "A_", "AAB", "AAAAAQ".replacing("Q", with: "R"), "AAAAAAB"] {
            let error = #expect(throws: Base64Error.self) { try Base64URL.decode(text.utf8.span) }
            #expect(error == Base64Error(.nonZeroTrailingBits, offset: text.utf8.count - 1))
        }
        for text in ["A", "AAAAA", "AAAAAAAAA"] {
            #expect(throws: Base64Error(.invalidLength, offset: text.utf8.count)) {
                try Base64URL.decode(text.utf8.span)
            }
        }
        for text in ["AA==", "AAA=", "AAAA\n", " AAAA"] {
            #expect(throws: Base64Error.self) { try Base64URL.decode(text.utf8.span) }
        }
    }

    @Test func targetMustFit() {
        for count in [0, 2, 4] {
            var target = [UInt8](repeating: 0, count: count)
            #expect(throws: Base64Error(.wrongTargetLength, offset: 4)) {
                var span = target.mutableSpan
                try Base64URL.decode("AAAA".utf8.span, into: &span)
            }
        }
    }
}
