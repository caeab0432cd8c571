// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// Schemas that ask for endless work, given to the real binary: each ends soon and with its code.
@Suite(.timeLimit(.minutes(2))) struct SchemaBombTests {
    struct Bomb: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let schema: String
        let codes: [String]
        var value = ""

        init(_ name: String, _ schema: String, _ codes: String...) {
            (testDescription, self.schema, self.codes) = (name, schema, codes)
        }

        func used(on value: String) -> Bomb {
            var bomb = self
            bomb.value = value
            return bomb
        }
    }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    private static func list(_ count: Int, _ element: (Int) -> String) -> String {
        "[" + (0..<count).map(element).joined(separator: ",") + "]"
    }

    private static let whenRead: [Bomb] = [
        Bomb(
            "deep", #"{"$id":"","a":"# + repeated(#"{"not":"#, 5000) + "true" + repeated("}", 5001),
            "KM-DOCUMENT-NESTING-TOO-DEEP", "KM-SCHEMA-TOO-LARGE"),
        Bomb("a reference to itself", ##"{"$id":"","$ref":"#"}"##, "KM-SCHEMA-REFERENCE-LOOP"),
        Bomb(
            "references in a ring", ##"{"$id":"","$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#"}]}}}"##,
            "KM-SCHEMA-REFERENCE-LOOP"),
        Bomb("an automaton", #"{"$id":"","pattern":"((a{1000}){1000}){1000}"}"#, "KM-SCHEMA-PATTERN-TOO-LARGE"),
        Bomb(
            "a long pattern", #"{"$id":"","pattern":""# + repeated("(a|b)*", 20_000) + #""}"#,
            "KM-SCHEMA-PATTERN-TOO-LARGE"),
        Bomb("a huge enum", #"{"$id":"","enum":"# + list(60_000) { "\($0)" } + "}", "KM-SCHEMA-TOO-LARGE"),
        Bomb("many branches", #"{"$id":"","oneOf":"# + list(20_000) { _ in "{}" } + "}", "KM-SCHEMA-TOO-LARGE"),
        Bomb(
            "a huge number", #"{"$id":"","multipleOf":1"# + repeated("0", 100_000) + "}",
            "KM-DOCUMENT-INTEGER-TOO-LONG", "KM-SCHEMA-MALFORMED"),
    ]

    @Test(arguments: whenRead)
    func refusedWhenRead(bomb: Bomb) throws {
        let box = try Sandbox()
        try #require(try box.kelmark("init").status == 0)
        try box.write(bomb.schema, to: "bomb.json")
        let address = try box.kelmark("schema address bomb.json --out out.json --json")
        #expect(address.status == 1, "\(address.errors.prefix(300))")
        let code = try #require(try address.code())
        #expect(bomb.codes.contains(code), "\(code): \(address.errors.prefix(300))")
        // Whether it has a digest at all may be asked before what it is of.
        let add = try box.kelmark("schema add bomb.json --json")
        #expect(add.status == 1, "\(add.errors.prefix(300))")
        let other = try #require(try add.code())
        #expect(bomb.codes.contains(other) || other == "KM-SCHEMA-NOT-ADDRESSED", "\(other): \(add.errors.prefix(300))")
        #expect(try box.kelmark("schema list --json").data()["schemas"]?.listValue?.isEmpty == true)
    }

    /// Each level asks the one below it three times.
    private static func branches(_ keyword: String) -> String {
        var definitions = #""l0":{"required":["zz"]}"#
        for level in 1...40 {
            let below = ##"{"$ref":"#/$defs/l\##(level - 1)"}"##
            definitions += #","l\#(level)":{"\#(keyword)":[\#(below),\#(below),\#(below)]}"#
        }
        return ##"{"$id":"","$ref":"#/$defs/l40","$defs":{\##(definitions)}}"##
    }

    private static func attribute(_ schema: String) -> String {
        #"{"$id":"","properties":{"a":{"properties":{"x":\#(schema)}}}}"#
    }

    private static let whenUsed: [(bomb: Bomb, value: String)] = [
        (Bomb("oneOf of oneOf", branches("oneOf")), "1"),
        (Bomb("anyOf of anyOf", branches("anyOf")), "1"),
    ]

    @Test(arguments: whenUsed.map { $0.bomb.used(on: $0.value) })
    func refusedWhenUsed(bomb: Bomb) throws {
        let run = try issued(bomb)
        #expect(run.status == 1, "\(run.errors.prefix(300))")
        #expect(try run.code() == "KM-CREDENTIAL-WOULD-NOT-VERIFY")
        #expect(run.text.contains("too much work"), "\(run.text.prefix(300))")
    }

    /// What becomes of a credential whose attribute x is the bomb's value.
    private func issued(_ bomb: Bomb) throws -> Run {
        let box = try Sandbox()
        for line in ["init", "id create acme", "registry create staff --owner acme"] {
            try #require(try box.kelmark(line).status == 0)
        }
        try box.write(bomb.schema, to: "draft.json")
        try #require(try box.kelmark("schema address draft.json --out bomb.json").status == 0)
        let schema = try #require(try box.kelmark("schema add bomb.json --json").data()["said"]?.textValue)
        try box.write("{\"x\":\(bomb.value)}", to: "attributes.json")
        return try box.kelmark("credential issue --registry staff --schema \(schema) --data attributes.json --json")
    }

    /// Work that grows with schema and value together, and no faster, is done; then the value is judged.
    @Test(arguments: [
        Bomb("a pattern", attribute(#"{"pattern":"^((a|b)*(a|b)*c){30}$"}"#))
            .used(on: "\"" + repeated("ab", 20_000) + "\""),
        Bomb("a long enum", attribute(#"{"items":{"enum":"# + list(4000) { "\($0)" } + "}}"))
            .used(on: list(4000) { _ in "-1" }),
    ])
    func refusedByItsRule(bomb: Bomb) throws {
        let run = try issued(bomb)
        #expect(run.status == 1, "\(run.errors.prefix(300))")
        #expect(try run.code() == "KM-CREDENTIAL-WOULD-NOT-VERIFY")
        #expect(!run.text.contains("too much work"), "\(run.text.prefix(300))")
    }

    @Test func aLongListIsNoBomb() throws {
        let box = try Sandbox()
        for line in ["init", "id create acme", "registry create staff --owner acme"] {
            try #require(try box.kelmark(line).status == 0)
        }
        try box.write(Self.attribute(#"{"uniqueItems":true}"#), to: "draft.json")
        try #require(try box.kelmark("schema address draft.json --out list.json").status == 0)
        let schema = try #require(try box.kelmark("schema add list.json --json").data()["said"]?.textValue)
        let issue = "credential issue --registry staff --schema \(schema) --data attributes.json --json"
        try box.write("{\"x\":" + Self.list(4000) { "[\($0)]" } + "}", to: "attributes.json")
        #expect(try box.kelmark(issue).status == 0)
        try box.write("{\"x\":" + Self.list(4000) { "[\($0 % 3999)]" } + "}", to: "attributes.json")
        #expect(try box.kelmark(issue).code() == "KM-CREDENTIAL-WOULD-NOT-VERIFY")
    }
}
