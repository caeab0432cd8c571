// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ACDC

struct PatternTests {
    private func matches(_ pattern: String, _ text: String, states: Int = 4096) throws -> Bool? {
        var matcher = PatternMatcher()
        var steps = 1_000_000
        let compiled = try Pattern(pattern, states: states)
        return matcher.matches(compiled, text.utf8.span, in: 0..<text.utf8.count, steps: &steps)
    }

    @Test(arguments: [
        ("a", "xay"), ("^a*$", ""), ("^a*$", "aaa"), ("^a+b?$", "aa"), ("^(ab|cd)+$", "abcdab"), ("^a{2,3}$", "aaa"),
        ("^a{2}$", "aa"),
        ("^a{2,}$", "aaaa"), ("^[a-c]+$", "abc"), ("^[^a-c]+$", "xyz"), ("^.$", "💩"), ("^\\d{3}$", "123"),
        ("^\\w+$", "a_9"),
        ("^\\s$", "\u{a0}"), ("^\\S\\D\\W$", "aa-"), ("\\bfoo\\b", "a foo b"), ("\\Bo", "foo"), ("^\\u00e9$", "é"),
        ("^\\x41$", "A"),
        ("^\\u{1F4A9}$", "💩"), ("^\\ud83d\\udca9$", "💩"), ("^\\cA$", "\u{1}"), ("^\\p{Letter}+$", "π"),
        ("^\\p{Lu}$", "Ä"), ("^\\P{L}$", "1"),
        ("^\\p{General_Category=Decimal_Number}$", "٣"), ("^\\p{Alphabetic}$", "α"), ("^\\p{ASCII}$", "a"),
        ("^[\\p{L}\\d-]+$", "é1-"),
        ("^(?:a|b)$", "b"), ("^(?<n>a)$", "a"), ("^a|b$", "xb"), ("^(a*)*$", "aaa"), ("^()*$", ""), ("a{0}", ""),
        ("^[]$|x", "x"),
        ("^[\\b]$", "\u{8}"), ("^\\0$", "\u{0}"), ("^[a\\-z]$", "-"), ("^[+-]$", "-"), ("^\\/$", "/"), ("^(|a)$", ""),
        ("^[^]$", "q"), ("a+?", "a"),
    ])
    func `Matches`(pattern: String, text: String) throws { #expect(try matches(pattern, text) == true) }

    @Test(arguments: [
        ("^a$", "aa"), ("^a+b?$", "b"), ("^a{2,3}$", "aaaa"), ("^a{2,3}$", "a"), ("^[a-c]+$", "abd"), ("^.$", "\n"),
        ("^\\d$", "٣"), ("^\\w$", "é"),
        ("\\bfoo\\b", "afoo"), ("^\\p{Lu}$", "ä"), ("^\\P{Alphabetic}$", "α"), ("^[^\\p{L}]$", "é"), ("^[]$", "a"),
        ("^(ab|cd)+$", "abc"),
        ("^\\S$", "\u{2003}"), ("^[\\D]$", "1"),
    ])
    func `Does not match`(pattern: String, text: String) throws { #expect(try matches(pattern, text) == false) }

    @Test(arguments: [
        ("(", PatternError.Kind.malformed), (")", .malformed), ("[a", .malformed), ("*a", .malformed),
        ("a**", .malformed), ("^*", .malformed),
        ("a{2,1}", .malformed), ("a{", .malformed), ("a{1", .malformed), ("a{1,2x}", .malformed), ("{1}", .malformed),
        ("]", .malformed), ("}", .malformed),
        ("\\", .malformed), ("\\a", .malformed),
        ("\\Z", .malformed), ("\\x4", .malformed), ("\\u{110000}", .malformed), ("\\ud83d", .malformed),
        ("\\p", .malformed), ("\\p{L", .malformed),
        ("[z-a]", .malformed), ("[\\d-z]", .malformed), ("[a-\\d]", .malformed), ("\\01", .malformed),
        ("\\c1", .malformed), ("(?<>a)", .malformed),
        ("\\1", .unsupported), ("(?<n>a)\\k<n>", .unsupported), ("(?=a)", .unsupported), ("(?!a)", .unsupported),
        ("(?<=a)", .unsupported),
        ("(?<!a)", .unsupported), ("(?i:a)", .unsupported), ("\\p{Script=Greek}", .unsupported), ("a{1001}", .tooLarge),
        ("(a{1000}){1000}", .tooLarge),
    ])
    func `Refused`(pattern: String, kind: PatternError.Kind) throws {
        do {
            _ = try matches(pattern, "")
            Issue.record("\(pattern) is taken")
        } catch let error as PatternError { #expect(error.kind == kind, "\(error)") }
    }

    @Test func `Groups inside one another are bounded`() throws {
        let deep = String(repeating: "(", count: 40) + String(repeating: ")", count: 40)
        #expect(throws: PatternError.self) { try matches(deep, "") }
        let fine = String(repeating: "(", count: 32) + "a" + String(repeating: ")", count: 32)
        #expect(try matches(fine, "a") == true)
    }

    @Test func `Repeating nothing costs nothing`() throws {
        #expect(try matches("((((){1000}){1000}){1000}){1000}", "") == true)
    }

    @Test func `What makes other engines explode takes steps in proportion to the text`() throws {
        var matcher = PatternMatcher()
        let text = String(repeating: "a", count: 2000) + "b"
        for pattern in ["^(a+)+$", "^(a|aa)*$", "^(a|a)*$", "(.*a){10}c"] {
            let compiled = try Pattern(pattern, states: 4096)
            var steps = 4000 * (compiled.states.count + 2)
            let result = matcher.matches(compiled, text.utf8.span, in: 0..<text.utf8.count, steps: &steps)
            #expect(result == false)
        }
    }

    @Test func `A match that takes too long is none of either`() throws {
        var matcher = PatternMatcher()
        var steps = 100
        let text = String(repeating: "a", count: 1000)
        let compiled = try Pattern("b", states: 10)
        let result = matcher.matches(compiled, text.utf8.span, in: 0..<text.utf8.count, steps: &steps)
        #expect(result == nil)
    }

    @Test func `All general categories have names`() {
        var all: UInt32 = 0
        for name in ["L", "M", "N", "P", "S", "Z", "C"] { all |= GeneralCategories.mask(named: name) ?? 0 }
        #expect(all == GeneralCategories.all)
        #expect(GeneralCategories.mask(named: "LC") == 7)
        #expect(GeneralCategories.mask(named: "Nothing") == nil)
    }
}
