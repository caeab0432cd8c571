// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

@testable import ACDC

struct ExactNumberTests {
    private func number(_ text: String) -> ExactNumber? {
        ExactNumber(text.utf8.span, in: 0..<text.utf8.count)
    }

    @Test(arguments: [
        ("1", "1.0"), ("100", "1e2"), ("0.10", "1e-1"), ("-0.0", "0"), ("0", "0e5"),
        ("12345678901234567890123", "12345678901234567890123.0"),
    ])
    func `The same number is equal however it is written`(one: String, other: String) throws {
        #expect(try #require(number(one)) == #require(number(other)))
        #expect(ExactNumber.compare(try #require(number(one)), try #require(number(other))) == 0)
    }

    @Test(arguments: [
        ("-1", "0"), ("0", "0.1"), ("1", "2"), ("9", "10"), ("-10", "-9"), ("0.99", "1"), ("1e-7", "1e7"),
        ("99", "100.5"),
        ("12345678901234567890123", "12345678901234567890124"), ("5", "12345678901234567890123"), ("1.5", "1.51"),
        ("-12345678901234567890123", "1"),
    ])
    func `Numbers are ordered`(small: String, large: String) throws {
        let (small, large) = (try #require(number(small)), try #require(number(large)))
        #expect(ExactNumber.compare(small, large) < 0)
        #expect(ExactNumber.compare(large, small) > 0)
    }

    @Test(arguments: [
        ("0.3", "0.1", true), ("1e308", "0.123456789", false), ("1e308", "0.5", true), ("7", "7e1", false),
        ("70", "7", true),
        ("18446744073709551615000000000000000000001", "9999999999999999999", false),
        ("99999999999999999990", "9999999999999999999", true),
        ("0", "3", true), ("4.2", "2.1", true),
    ])
    func `Multiples are exact`(value: String, divisor: String, expected: Bool) throws {
        #expect(try #require(number(value)).isMultiple(of: #require(number(divisor))) == expected)
    }

    @Test(arguments: ["", "-", ".", "1e", "1e+", "1.2.3", "1x", "e5", "--1"])
    func `What is no number is refused`(text: String) { #expect(number(text) == nil) }

    @Test func `Counts`() throws {
        #expect(try #require(number("20")).count == 20)
        #expect(try #require(number("2.0")).count == 2)
        #expect(try #require(number("2.5")).count == nil)
        #expect(try #require(number("-1")).count == nil)
        #expect(try #require(number("1e300")).count == .max)
        #expect(ExactNumber(1200) == number("1200"))
        #expect(ExactNumber(-7) == number("-7.0"))
    }

    @Test(arguments: DocumentFormat.allCases)
    func `Numbers are read from every format`(format: DocumentFormat) throws {
        let value: OrderedValue = .list([.integer("-70"), .float("0.25"), .integer("18446744073709551615")])
        let bytes = try value.encoded(as: format)
        let index = try DocumentIndex(bytes.span, format: format)
        let first = index.exactNumber(index.tokens[1], in: bytes.span)
        let second = index.exactNumber(index.tokens[2], in: bytes.span)
        let third = index.exactNumber(index.tokens[3], in: bytes.span)
        #expect(first == number("-70"))
        #expect(second == number("0.25"))
        #expect(third == number("18446744073709551615"))
        let list = index.exactNumber(index.tokens[0], in: bytes.span)
        #expect(list == nil)
    }
}
