// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import Testing

@testable import ACDC

/// What a schema is refused for, and what ends a validation before it takes too long.
struct SchemaLimitTests {
    // Refused when compiled.

    struct Fault: Sendable, CustomTestStringConvertible {
        let schema: String
        let code: SchemaError.Code
        let place: String
        var testDescription: String { schema }

        init(_ schema: String, _ code: SchemaError.Code, at place: String) {
            self.schema = schema
            self.code = code
            self.place = place
        }
    }

    @Test(arguments: [
        Fault("[]", .badKeyword, at: ""), Fault("1", .badKeyword, at: ""),
        Fault(#"{"type":"text"}"#, .badKeyword, at: "/type"),
        Fault(#"{"type":["string",1]}"#, .badKeyword, at: "/type/1"),
        Fault(#"{"type":[]}"#, .badKeyword, at: "/type"), Fault(#"{"enum":{}}"#, .badKeyword, at: "/enum"),
        Fault(#"{"multipleOf":0}"#, .badKeyword, at: "/multipleOf"),
        Fault(#"{"multipleOf":-1}"#, .badKeyword, at: "/multipleOf"),
        Fault(#"{"multipleOf":123456789012345678901}"#, .tooLarge, at: "/multipleOf"),
        Fault(#"{"maximum":"3"}"#, .badKeyword, at: "/maximum"),
        Fault(#"{"minimum":null}"#, .badKeyword, at: "/minimum"),
        Fault(#"{"exclusiveMaximum":true}"#, .badKeyword, at: "/exclusiveMaximum"),
        Fault(#"{"exclusiveMinimum":true}"#, .badKeyword, at: "/exclusiveMinimum"),
        Fault(#"{"maxLength":-1}"#, .badKeyword, at: "/maxLength"),
        Fault(#"{"minLength":1.5}"#, .badKeyword, at: "/minLength"),
        Fault(#"{"pattern":1}"#, .badKeyword, at: "/pattern"), Fault(#"{"format":1}"#, .badKeyword, at: "/format"),
        Fault(#"{"uniqueItems":1}"#, .badKeyword, at: "/uniqueItems"),
        Fault(#"{"items":[]}"#, .badKeyword, at: "/items"),
        Fault(#"{"properties":[]}"#, .badKeyword, at: "/properties"),
        Fault(#"{"properties":{"a":1}}"#, .badKeyword, at: "/properties/a"),
        Fault(#"{"required":"a"}"#, .badKeyword, at: "/required"),
        Fault(#"{"required":[1]}"#, .badKeyword, at: "/required/0"),
        Fault(#"{"dependentRequired":[]}"#, .badKeyword, at: "/dependentRequired"),
        Fault(#"{"allOf":[]}"#, .badKeyword, at: "/allOf"), Fault(#"{"anyOf":{}}"#, .badKeyword, at: "/anyOf"),
        Fault(#"{"not":"x"}"#, .badKeyword, at: "/not"), Fault(#"{"$id":1}"#, .badKeyword, at: "/$id"),
        Fault(#"{"$id":"a#b"}"#, .badKeyword, at: "/$id"), Fault(#"{"$ref":1}"#, .badKeyword, at: "/$ref"),
        Fault(#"{"$anchor":"a/b"}"#, .badKeyword, at: "/$anchor"),
        Fault(##"{"$ref":"#/a","a":3}"##, .badKeyword, at: "/a"),
        Fault(#"{"$schema":"http://json-schema.org/draft-04/schema#"}"#, .unknownDialect, at: "/$schema"),
        Fault(#"{"$schema":"https://mine.example/schema"}"#, .unknownDialect, at: "/$schema"),
        Fault(#"{"$schema":1}"#, .unknownDialect, at: "/$schema"),
        Fault(#"{"pattern":"("}"#, .badPattern, at: "/pattern"),
        Fault(#"{"pattern":"(?=a)"}"#, .unsupportedPattern, at: "/pattern"),
        Fault(#"{"patternProperties":{"(a)\\1":true}}"#, .unsupportedPattern, at: "/patternProperties/(a)\\1"),
        Fault(#"{"pattern":"(a{1000}){1000}"}"#, .patternTooLarge, at: "/pattern"),
        Fault(##"{"$ref":"#/none"}"##, .unresolvableReference, at: "/$ref"),
        Fault(##"{"$ref":"#none"}"##, .unresolvableReference, at: "/$ref"),
        Fault(##"{"$ref":"#/allOf/1","allOf":[true]}"##, .unresolvableReference, at: "/$ref"),
        Fault(#"{"$ref":"https://mine.example/schema"}"#, .unresolvableReference, at: "/$ref"),
        Fault(#"{"$ref":"EMuttuKZ7cC6LzcXFFMyiemu7QPMUtM99tsYWHUI-fux_"}"#, .unresolvableReference, at: "/$ref"),
        Fault(##"{"$ref":"#"}"##, .referenceLoop, at: ""),
        Fault(##"{"allOf":[{"$ref":"#"}]}"##, .referenceLoop, at: ""),
        Fault(##"{"if":{"not":{"anyOf":[{"$ref":"#"}]}}}"##, .referenceLoop, at: ""),
        Fault(
            ##"{"oneOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"dependentSchemas":{"x":{"$ref":"#/$defs/a"}}}}}"##,
            .referenceLoop, at: "/$defs/a"),
        Fault(##"{"$dynamicAnchor":"a","$dynamicRef":"#a"}"##, .referenceLoop, at: ""),
        Fault(#"{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}"#, .duplicateIdentifier, at: "/$defs/b/$anchor"),
        Fault(#"{"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}}"#, .duplicateIdentifier, at: "/$defs/b/$id"),
    ])
    func `A schema that says nothing sensible is refused`(fault: Fault) throws {
        let error = try #require(try refusal(of: fault.schema))
        #expect(error.code == fault.code, "\(error)")
        #expect(error.place == fault.place)
        #expect(!error.words.isEmpty)
    }

    @Test func `Schemas are bounded in size, depth, values and parts`() throws {
        let wide = #"{"enum":[1,2,3,4]}"#
        #expect(try refusal(of: wide, limits: SchemaLimits(schemaBytes: 17))?.code == .tooLarge)
        #expect(try refusal(of: wide, limits: SchemaLimits(schemaBytes: 18)) == nil)
        #expect(try refusal(of: wide, limits: SchemaLimits(schemaValues: 5))?.code == .tooLarge)
        #expect(try refusal(of: wide, limits: SchemaLimits(enumValues: 3))?.place == "/enum")
        #expect(try refusal(of: wide, limits: SchemaLimits(enumValues: 4)) == nil)
        let deep = #"{"not":{"not":{"not":{}}}}"#
        #expect(try refusal(of: deep, limits: SchemaLimits(nestingDepth: 3))?.code == .tooLarge)
        #expect(try refusal(of: deep, limits: SchemaLimits(subschemas: 3))?.code == .tooLarge)
        #expect(try refusal(of: deep, limits: SchemaLimits(nestingDepth: 4, subschemas: 4)) == nil)
        let patterns = #"{"allOf":[{"pattern":"a{50}"},{"pattern":"b{50}"}]}"#
        #expect(try refusal(of: patterns, limits: SchemaLimits(patternStates: 80))?.code == .patternTooLarge)
        #expect(try refusal(of: patterns, limits: SchemaLimits(patternStates: 120)) == nil)
        #expect(try refusal(of: patterns, limits: SchemaLimits(patternBytes: 4))?.code == .patternTooLarge)
    }

    // Undecided when it goes on for too long.

    /// Each level asks the one below it several times over.
    private func bomb(_ keyword: String, levels: Int) -> String {
        var definitions = #""l0":{"minimum":0}"#
        for level in 1...levels {
            let below = ##"{"$ref":"#/$defs/l\##(level - 1)"}"##
            definitions += #","l\#(level)":{"\#(keyword)":[\#(below),\#(below),\#(below)]}"#
        }
        return ##"{"$ref":"#/$defs/l\##(levels)","$defs":{\##(definitions)}}"##
    }

    @Test(arguments: ["allOf", "oneOf"])
    func `Branches that multiply run out of steps`(keyword: String) throws {
        let judge = try SchemaJudge(bomb(keyword, levels: 40), limits: SchemaLimits(steps: 100_000))
        let value = keyword == "allOf" ? "1" : "-1"
        #expect(try judge.judge(value) == .undecided(.steps))
    }

    @Test func `What is undecided inside is undecided as a whole`() throws {
        var judge = try SchemaJudge(#"{"not":{"items":{"type":"integer"}}}"#, limits: SchemaLimits(steps: 10))
        let list = "[" + Array(repeating: "1", count: 50).joined(separator: ",") + "]"
        #expect(try judge.judge(list) == .undecided(.steps))
        judge = try SchemaJudge(
            #"{"if":{"items":{"type":"integer"}},"then":true,"else":true}"#, limits: SchemaLimits(steps: 10))
        #expect(try judge.judge(list) == .undecided(.steps))
        judge = try SchemaJudge(
            #"{"anyOf":[{"items":{"type":"integer"}},true]}"#, limits: SchemaLimits(steps: 10))
        #expect(try judge.judge(list) == .undecided(.steps))
    }

    /// Wherever a subschema stands that is not finished, or that is not here, nothing is made of it.
    @Test(arguments: [
        (#"{"not":%}"#, "*"), (#"{"allOf":[%]}"#, "*"), (#"{"anyOf":[%,false]}"#, "*"), (#"{"anyOf":[false,%]}"#, "*"),
        (#"{"oneOf":[%,true]}"#, "*"), (#"{"oneOf":[true,%]}"#, "*"), (#"{"if":%,"else":false}"#, "*"),
        (#"{"if":true,"then":%}"#, "*"), (#"{"if":false,"else":%}"#, "*"), (#"{"not":{"not":%}}"#, "*"),
        (#"{"dependentSchemas":{"x":%}}"#, #"{"x":*}"#), (#"{"propertyNames":%}"#, #"{"aaaaaaaaaaaaaaaaaaaaaaaa":1}"#),
        (#"{"patternProperties":{"x":%}}"#, #"{"x":*}"#), (#"{"additionalProperties":%}"#, #"{"x":*}"#),
        (#"{"properties":{"x":%}}"#, #"{"x":*}"#), (#"{"items":%}"#, "[*]"), (#"{"prefixItems":[%]}"#, "[*]"),
        (#"{"contains":%}"#, "[*]"), (#"{"contains":%,"minContains":0,"maxContains":0}"#, "[*]"),
        (#"{"not":{"contains":%}}"#, "[*]"), (#"{"unevaluatedItems":%}"#, "[*]"),
        (#"{"unevaluatedProperties":%}"#, #"{"x":*}"#), (#"{"not":{"unevaluatedProperties":%}}"#, #"{"x":*}"#),
        (##"{"$ref":"#/$defs/b","$defs":{"b":%}}"##, "*"), (##"{"not":{"$ref":"#/$defs/b"},"$defs":{"b":%}}"##, "*"),
    ])
    func `No keyword makes an answer of what is not decided`(schema: String, value: String) throws {
        let list = "[" + Array(repeating: #""aaaaaaaaaaaaaaaa""#, count: 20).joined(separator: ",") + "]"
        let bomb =
            #"{"pattern":"^(a|a)*b$","items":{"pattern":"^(a|a)*b$"},"additionalProperties":{"items":{"pattern":"^a"}}}"#
        let bombs = try SchemaJudge(schema.replacing("%", with: bomb), limits: SchemaLimits(steps: 30))
        #expect(try bombs.judge(value.replacing("*", with: list)) == .undecided(.steps))
        let absent = try #require(SAID("EMuttuKZ7cC6LzcXFFMyiemu7QPMUtM99tsYWHUI-fuy"))
        let missing = try SchemaJudge(schema.replacing("%", with: #"{"$ref":"\#(absent)"}"#))
        #expect(try missing.judge(value.replacing("*", with: "[1]")) == .missing([absent]))
    }

    @Test(arguments: [
        (#"{"pattern":"^(a|a)*$"}"#, #""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa""#),
        (#"{"uniqueItems":true}"#, "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]"),
        (#"{"additionalProperties":true}"#, #"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1}"#),
        (#"{"contains":false}"#, "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]"),
        (#"{"maximum":3}"#, String(repeating: "9", count: 1000)),
        (#"{"multipleOf":3}"#, String(repeating: "9", count: 1000)),
        (#"{"enum":["a"]}"#, "\"" + String(repeating: "\\n", count: 1000) + "\""),
        (#"{"enum":[1]}"#, String(repeating: "9", count: 1000)),
        (#"{"const":{"a":1}}"#, "{\"" + String(repeating: "\\n", count: 1000) + "\":1}"),
        (#"{"pattern":"^"}"#, "\"" + String(repeating: "\\n", count: 1000) + "\""),
        (#"{"minLength":1}"#, "\"" + String(repeating: "x", count: 1000) + "\""),
        (#"{"enum":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]}"#, "22"),
        (#"{"unevaluatedItems":true}"#, "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]"),
    ])
    func `Every kind of work takes steps`(schema: String, value: String) throws {
        let judge = try SchemaJudge(schema, limits: SchemaLimits(steps: 20))
        #expect(try judge.judge(value) == .undecided(.steps))
        #expect(try SchemaJudge(schema).judge(value) != .undecided(.steps))
    }

    @Test func `Constants take steps by their length`() throws {
        let text = "\"" + String(repeating: "x", count: 1000) + "\""
        let judge = try SchemaJudge(#"{"const":\#(text)}"#, limits: SchemaLimits(steps: 20))
        #expect(try judge.judge(text) == .undecided(.steps))
    }

    @Test func `Depth is bounded, by references too`() throws {
        let judge = try SchemaJudge(##"{"items":{"$ref":"#"}}"##, limits: SchemaLimits(depth: 10))
        #expect(try judge.judge("[[[1]]]") == .valid)
        #expect(try judge.judge("[[[[[[[1]]]]]]]") == .undecided(.depth))
    }

    @Test func `Schemas that lead to one another without end come up against the depth`() throws {
        var judge = try SchemaJudge(#"{"$ref":"http://x.example/b"}"#, anyReference: true)
        let other = try SchemaJudge(#"{"$ref":"http://x.example/a"}"#, anyReference: true)
        judge.library.add(judge.program, as: "http://x.example/a")
        judge.library.add(other.program, as: "http://x.example/b")
        #expect(try judge.judge("1") == .undecided(.depth))
    }

    @Test func `Long lists are compared in little more than their length`() throws {
        let judge = try SchemaJudge(#"{"uniqueItems":true}"#, limits: SchemaLimits(steps: 200_000))
        let values = (0..<20_000).map { "[\($0),\"\($0)\"]" }
        #expect(try judge.judge("[" + values.joined(separator: ",") + "]") == .valid)
        #expect(try !judge.judge("[" + (values + [values[77]]).joined(separator: ",") + "]").isValid)
    }

    @Test func `The deepest document that is allowed fits the stack`() throws {
        let schema = ##"{"anyOf":[{"allOf":[{"items":{"$ref":"#"},"properties":{"a":{"$ref":"#"}}}]}]}"##
        let judge = try SchemaJudge(schema)
        let deep = String(repeating: #"[{"a":"#, count: 31) + "1" + String(repeating: "}]", count: 31)
        let result = try judge.judge(deep)
        #expect(result == .undecided(.depth))
        #expect(try SchemaJudge(schema, limits: SchemaLimits(depth: 400)).judge(deep) == .valid)
    }
}
