// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

@testable import ACDC

/// What each keyword allows and what it does not, in the dialect that has it.
struct SchemaKeywordTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let schema: String
        let valid: [String]
        let invalid: [String]
        var testDescription: String { name }

        init(_ name: String, _ schema: String, valid: [String], invalid: [String]) {
            self.name = name
            self.schema = schema
            self.valid = valid
            self.invalid = invalid
        }

        static func draft7(_ name: String, _ members: String, valid: [String], invalid: [String]) -> Case {
            Case(
                "draft-07 \(name)", #"{"$schema":"http://json-schema.org/draft-07/schema#",\#(members)}"#,
                valid: valid, invalid: invalid)
        }
    }

    @Test(arguments: values + numbers + texts + lists + maps + branches + leftovers + references + draft7)
    func `Keyword`(_ item: Case) throws {
        let judge = try SchemaJudge(item.schema)
        for value in item.valid { #expect(try judge.judge(value) == .valid, "\(value) is allowed") }
        for value in item.invalid {
            let result = try judge.judge(value)
            guard case .violated(let violations) = result else {
                Issue.record("\(value) is not allowed, but: \(result)")
                continue
            }
            #expect(!violations.isEmpty)
        }
    }

    static let values = [
        Case("true", "true", valid: ["1", "{}"], invalid: []),
        Case("false", "false", valid: [], invalid: ["1", "{}", "null"]),
        Case("type null", #"{"type":"null"}"#, valid: ["null"], invalid: ["0", "false", #""""#]),
        Case("type boolean", #"{"type":"boolean"}"#, valid: ["true", "false"], invalid: ["0", "null"]),
        Case("type object", #"{"type":"object"}"#, valid: ["{}"], invalid: ["[]", #""x""#]),
        Case("type array", #"{"type":"array"}"#, valid: ["[]"], invalid: ["{}", #""x""#]),
        Case("type string", #"{"type":"string"}"#, valid: [#""""#], invalid: ["1", "null", "{}"]),
        Case("type number", #"{"type":"number"}"#, valid: ["1", "1.5"], invalid: [#""1""#, "true"]),
        Case(
            "type integer", #"{"type":"integer"}"#,
            valid: ["1", "-3", "1.0", "1e+16", "123456789012345678901234567890"], invalid: ["1.5", "0.1", #""1""#]),
        Case("several types", #"{"type":["integer","string"]}"#, valid: ["1", #""x""#], invalid: ["1.5", "null"]),
        Case(
            "enum", #"{"enum":[1,"a",{"x":[true],"y":null}]}"#,
            valid: ["1", "1.0", #""a""#, #"{"y":null,"x":[true]}"#],
            invalid: ["2", #""A""#, #"{"x":[true]}"#, #"{"x":[true],"y":null,"z":1}"#, #"{"x":[false],"y":null}"#]),
        Case("const number", #"{"const":1}"#, valid: ["1", "1.0"], invalid: ["true", "1.1", #""1""#]),
        Case("const false", #"{"const":false}"#, valid: ["false"], invalid: ["0", "null", "true"]),
        Case("const list", #"{"const":[1,2]}"#, valid: ["[1,2]", "[1.0,2]"], invalid: ["[2,1]", "[1]", "[1,2,3]"]),
        Case(
            "const text with escapes", #"{"const":"a\"b\n"}"#, valid: [#""a\"b\n""#], invalid: [#""ab""#, #""a\"b""#]),
    ]

    static let numbers = [
        Case("multipleOf", #"{"multipleOf":3}"#, valid: ["9", "0", "-6", #""x""#], invalid: ["10", "0.5"]),
        Case(
            "multipleOf of a decimal", #"{"multipleOf":0.01}"#, valid: ["0.07", "4.35", "19.99", "1e+20"],
            invalid: ["0.005", "4.351"]),
        Case(
            "multipleOf of large numbers", #"{"multipleOf":7}"#,
            valid: ["700000000000000000000000000000000000007", "14e30"],
            invalid: ["700000000000000000000000000000000000008"]),
        Case("maximum", #"{"maximum":3}"#, valid: ["3", "3.0", "-4", #""9""#], invalid: ["3.1", "4", "1e300"]),
        Case("exclusiveMaximum", #"{"exclusiveMaximum":3}"#, valid: ["2.9"], invalid: ["3", "3.0"]),
        Case("minimum", #"{"minimum":-2}"#, valid: ["-2", "-2.0", "0"], invalid: ["-2.0001", "-3"]),
        Case("exclusiveMinimum", #"{"exclusiveMinimum":1.1}"#, valid: ["1.2"], invalid: ["1.1", "1.0", "0"]),
        Case(
            "bounds beyond 64 bits", #"{"maximum":9223372036854775808000}"#, valid: ["9223372036854775808000"],
            invalid: ["9223372036854775808001"]),
    ]

    static let texts = [
        Case("maxLength", #"{"maxLength":2}"#, valid: [#""ab""#, #""💩💩""#, "100", #""\n\n""#], invalid: [#""abc""#]),
        Case("minLength", #"{"minLength":2}"#, valid: [#""éé""#], invalid: [#""é""#, #""💩""#, #""\n""#]),
        Case("minLength as 2.0", #"{"minLength":2.0}"#, valid: [#""ab""#], invalid: [#""a""#]),
        Case(
            "pattern", #"{"pattern":"^[A-Z]{2}[0-9]+$"}"#, valid: [#""AB12""#, "12"],
            invalid: [#""A12""#, #""AB12x""#, #""xAB1""#]),
        Case("pattern of text with escapes", #"{"pattern":"^a\\nb$"}"#, valid: [#""a\nb""#], invalid: [#""anb""#]),
        Case("format is an annotation", #"{"format":"date-time"}"#, valid: [#""yesterday""#], invalid: []),
    ]

    static let lists = [
        Case("items", #"{"items":{"type":"integer"}}"#, valid: ["[]", "[1,2]", "{}"], invalid: [#"[1,"x"]"#]),
        Case(
            "prefixItems and items", #"{"prefixItems":[{"type":"integer"},{"type":"string"}],"items":false}"#,
            valid: ["[]", "[1]", #"[1,"x"]"#], invalid: [#"["x"]"#, #"[1,"x",2]"#]),
        Case("contains", #"{"contains":{"const":5}}"#, valid: ["[1,5]", "3"], invalid: ["[]", "[1,2]"]),
        Case(
            "minContains and maxContains", #"{"contains":{"const":1},"minContains":2,"maxContains":3}"#,
            valid: ["[1,1]", "[1,0,1,1]"], invalid: ["[1]", "[1,1,1,1]"]),
        Case("minContains 0", #"{"contains":{"const":1},"minContains":0}"#, valid: ["[]", "[2]"], invalid: []),
        Case("maxItems", #"{"maxItems":1}"#, valid: ["[1]", "{}"], invalid: ["[1,2]"]),
        Case("minItems", #"{"minItems":1}"#, valid: ["[1]"], invalid: ["[]"]),
        Case(
            "uniqueItems", #"{"uniqueItems":true}"#,
            valid: [
                "[1,2]", #"[1,true,"1"]"#, "[[1],[2]]", #"[{"a":1},{"a":2}]"#, "[1,2,3,4,5,6,7,8,9,10,11]",
                #"["a","A"]"#,
            ],
            invalid: ["[1,1.0]", #"[{"a":1,"b":2},{"b":2,"a":1}]"#, "[1,2,3,4,5,6,7,8,9,10,1]", "[[1],[1]]"]),
        Case("uniqueItems false", #"{"uniqueItems":false}"#, valid: ["[1,1]"], invalid: []),
    ]

    static let maps = [
        Case(
            "properties", #"{"properties":{"a":{"type":"integer"},"b":{"type":"string"}}}"#,
            valid: ["{}", #"{"a":1}"#, #"{"b":"x","a":1,"c":null}"#, "1"], invalid: [#"{"a":"x"}"#, #"{"b":1}"#]),
        Case(
            "labels with escapes", #"{"properties":{"a\"b":{"type":"integer"}},"required":["a\"b"]}"#,
            valid: [#"{"a\"b":1}"#], invalid: [#"{"a\"b":"x"}"#, #"{"ab":1}"#]),
        Case(
            "many properties",
            #"{"properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3},"d":{"const":4},"e":{"const":5},"f":{"const":6},"g":{"const":7},"h":{"const":8},"i":{"const":9},"j":{"const":10}},"additionalProperties":false}"#,
            valid: [#"{"j":10,"a":1,"e":5}"#, #"{"a":1,"b":2,"c":3,"d":4}"#], invalid: [#"{"j":9}"#, #"{"k":1}"#]),
        Case(
            "patternProperties", #"{"patternProperties":{"^x":{"type":"integer"},"y$":{"minimum":5}}}"#,
            valid: [#"{"x":1,"y":9,"xy":5,"z":"z"}"#], invalid: [#"{"x":"a"}"#, #"{"xy":4}"#]),
        Case(
            "additionalProperties",
            #"{"properties":{"a":{}},"patternProperties":{"^x":{}},"additionalProperties":false}"#,
            valid: [#"{"a":1,"x1":2}"#], invalid: [#"{"b":1}"#]),
        Case(
            "additionalProperties with a schema", #"{"additionalProperties":{"type":"integer"}}"#, valid: [#"{"b":1}"#],
            invalid: [#"{"b":"x"}"#]),
        Case("propertyNames", #"{"propertyNames":{"maxLength":2}}"#, valid: [#"{"ab":1}"#], invalid: [#"{"abc":1}"#]),
        Case("required", #"{"required":["a","b"]}"#, valid: [#"{"b":1,"a":1}"#, "[]"], invalid: [#"{"a":1}"#, "{}"]),
        Case("maxProperties", #"{"maxProperties":1}"#, valid: [#"{"a":1}"#, "[1,2]"], invalid: [#"{"a":1,"b":2}"#]),
        Case("minProperties", #"{"minProperties":1}"#, valid: [#"{"a":1}"#, "[]"], invalid: ["{}"]),
        Case(
            "dependentRequired", #"{"dependentRequired":{"a":["b","c"]}}"#, valid: ["{}", #"{"a":1,"b":1,"c":1}"#],
            invalid: [#"{"a":1,"b":1}"#]),
        Case(
            "dependentSchemas", #"{"dependentSchemas":{"a":{"maxProperties":1}}}"#,
            valid: [#"{"a":1}"#, #"{"b":1,"c":1}"#], invalid: [#"{"a":1,"b":1}"#]),
    ]

    static let branches = [
        Case("allOf", #"{"allOf":[{"minimum":2},{"maximum":4}]}"#, valid: ["3"], invalid: ["1", "5"]),
        Case("anyOf", #"{"anyOf":[{"type":"string"},{"minimum":4}]}"#, valid: [#""x""#, "5"], invalid: ["1"]),
        Case(
            "oneOf", #"{"oneOf":[{"multipleOf":2},{"multipleOf":3},{"multipleOf":5}]}"#, valid: ["2", "3", "25"],
            invalid: ["6", "7", "30"]),
        Case("not", #"{"not":{"type":"integer"}}"#, valid: [#""x""#], invalid: ["1"]),
        Case("not not", #"{"not":{"not":{"type":"integer"}}}"#, valid: ["1"], invalid: [#""x""#]),
        Case(
            "if, then, else", #"{"if":{"type":"integer"},"then":{"minimum":5},"else":{"type":"string"}}"#,
            valid: ["6", #""x""#], invalid: ["4", "null"]),
        Case("then without if", #"{"then":false,"else":false}"#, valid: ["1"], invalid: []),
        Case("if without else", #"{"if":{"type":"integer"},"then":false}"#, valid: ["null"], invalid: ["1"]),
    ]

    static let leftovers = [
        Case(
            "unevaluatedProperties sees what branches that hold look at",
            #"{"properties":{"a":{}},"anyOf":[{"properties":{"b":{"type":"integer"}},"required":["b"]},{"properties":{"c":{}},"required":["c"]}],"unevaluatedProperties":false}"#,
            valid: [#"{"a":1,"b":2}"#, #"{"a":1,"b":2,"c":3}"#, #"{"c":1}"#],
            invalid: [#"{"a":1,"b":"x","c":1}"#, #"{"a":1,"b":1,"d":1}"#]),
        Case(
            "unevaluatedProperties does not see what branches that fail have looked at",
            #"{"anyOf":[{"properties":{"b":{}},"required":["q"]},{"properties":{"c":{}}}],"unevaluatedProperties":false}"#,
            valid: [#"{"c":1}"#], invalid: [#"{"b":1}"#, #"{"b":1,"c":1}"#]),
        Case(
            "unevaluatedProperties does not see its neighbours",
            #"{"allOf":[{"properties":{"a":{}}},{"unevaluatedProperties":false}]}"#, valid: ["{}"],
            invalid: [#"{"a":1}"#]),
        Case(
            "unevaluatedProperties sees through references and conditions",
            ##"{"$ref":"#/$defs/base","if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"properties":{"x":{}}},"else":{"properties":{"y":{}}},"unevaluatedProperties":{"type":"null"},"$defs":{"base":{"properties":{"b":{}}}}}"##,
            valid: [#"{"b":1,"k":1,"x":1}"#, #"{"b":1,"y":1}"#, #"{"q":null}"#],
            invalid: [#"{"k":1,"y":1}"#, #"{"x":1}"#, #"{"q":1}"#]),
        Case(
            "unevaluatedProperties is not moved by not",
            #"{"not":{"not":{"properties":{"a":{}}}},"unevaluatedProperties":false}"#,
            valid: ["{}"], invalid: [#"{"a":1}"#]),
        Case(
            "unevaluatedProperties sees dependentSchemas",
            #"{"properties":{"a":{}},"dependentSchemas":{"a":{"properties":{"b":{}}}},"unevaluatedProperties":false}"#,
            valid: [#"{"a":1,"b":1}"#], invalid: [#"{"b":1}"#]),
        Case(
            "unevaluatedItems", #"{"prefixItems":[{}],"contains":{"type":"string"},"unevaluatedItems":false}"#,
            valid: [#"[1,"x","y"]"#, #"["x"]"#], invalid: [#"[1,2,"x"]"#]),
        Case(
            "unevaluatedItems with a schema",
            #"{"allOf":[{"prefixItems":[{"type":"integer"}]}],"unevaluatedItems":{"type":"string"}}"#,
            valid: [#"[1,"x"]"#], invalid: ["[1,2]"]),
        Case(
            "unevaluatedItems after items", #"{"items":{"type":"integer"},"unevaluatedItems":false}"#, valid: ["[1,2]"],
            invalid: [#"["x"]"#]),
    ]

    static let references = [
        Case(
            "$ref to $defs", ##"{"$ref":"#/$defs/a","maximum":9,"$defs":{"a":{"minimum":3}}}"##, valid: ["5"],
            invalid: ["2", "10"]),
        Case(
            "$ref to itself, one step down", ##"{"properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##,
            valid: [#"{"next":{"next":{}}}"#], invalid: [#"{"next":{"x":1}}"#]),
        Case(
            "$ref with escapes",
            ##"{"properties":{"a":{"$ref":"#/$defs/x~1y~0z%25"}},"$defs":{"x/y~z%":{"type":"null"}}}"##,
            valid: [#"{"a":null}"#], invalid: [#"{"a":1}"#]),
        Case(
            "$ref to a list", ##"{"allOf":[{"type":"integer"}],"properties":{},"not":{"$ref":"#/allOf/0"}}"##,
            valid: [],
            invalid: ["1", #""x""#]),
        Case(
            "$ref to a place that is no keyword", ##"{"$ref":"#/mine/a","mine":{"a":{"type":"null"}}}"##,
            valid: ["null"],
            invalid: ["1"]),
        Case(
            "$anchor", ##"{"$ref":"#here","$defs":{"x":{"$anchor":"here","type":"null"}}}"##, valid: ["null"],
            invalid: ["1"]),
        Case(
            "nested $id",
            ##"{"$id":"https://x.example/a","properties":{"b":{"$ref":"c"}},"$defs":{"c":{"$id":"c","$ref":"#/$defs/d","$defs":{"d":{"type":"null"}}}}}"##,
            valid: [#"{"b":null}"#], invalid: [#"{"b":1}"#]),
        Case(
            "$dynamicRef",
            ##"{"$id":"https://x.example/r","$ref":"list","$defs":{"foo":{"$dynamicAnchor":"item","type":"string"},"list":{"$id":"list","type":"array","items":{"$dynamicRef":"#item"},"$defs":{"any":{"$dynamicAnchor":"item"}}}}}"##,
            valid: [#"["x"]"#], invalid: ["[1]"]),
        Case(
            "$dynamicRef to a plain anchor", ##"{"$dynamicRef":"#a","$defs":{"a":{"$anchor":"a","type":"null"}}}"##,
            valid: ["null"], invalid: ["1"]),
        Case(
            "$ref as the name of a member", ##"{"properties":{"$ref":{"type":"null"}}}"##, valid: [#"{"$ref":null}"#],
            invalid: [#"{"$ref":1}"#]),
        Case(
            "a $ref in a constant", ##"{"const":{"$ref":"#/nowhere"}}"##, valid: [##"{"$ref":"#/nowhere"}"##],
            invalid: ["1"]),
    ]

    static let draft7 = [
        Case.draft7(
            "items and additionalItems", #""items":[{"type":"integer"}],"additionalItems":{"type":"string"}"#,
            valid: [#"[1,"x"]"#, "[]"], invalid: [#"["x"]"#, "[1,2]"]),
        Case.draft7(
            "additionalItems without a list", #""items":{},"additionalItems":false"#, valid: ["[1,2]"], invalid: []),
        Case.draft7("contains", #""contains":{"const":1},"minContains":5"#, valid: ["[1]"], invalid: ["[2]"]),
        Case.draft7(
            "dependencies", #""dependencies":{"a":["b"],"c":{"required":["d"]}}"#,
            valid: [#"{"a":1,"b":1}"#, #"{"c":1,"d":1}"#], invalid: [#"{"a":1}"#, #"{"c":1}"#]),
        Case.draft7(
            "definitions", ##""properties":{"x":{"$ref":"#/definitions/i"}},"definitions":{"i":{"type":"integer"}}"##,
            valid: [#"{"x":1}"#], invalid: [#"{"x":"1"}"#]),
        Case.draft7(
            "nothing counts beside $ref",
            ##""properties":{"x":{"$ref":"#/definitions/i","maximum":3}},"definitions":{"i":{"type":"integer"}}"##,
            valid: [#"{"x":9}"#], invalid: [#"{"x":"1"}"#]),
        Case.draft7(
            "anchors by $id", ##""properties":{"x":{"$ref":"#i"}},"definitions":{"i":{"$id":"#i","type":"integer"}}"##,
            valid: [#"{"x":1}"#], invalid: [#"{"x":"1"}"#]),
        Case.draft7(
            "keywords of 2020-12 are unknown",
            #""prefixItems":[false],"dependentRequired":{"a":["b"]},"unevaluatedProperties":false"#,
            valid: ["[1]", #"{"a":1}"#], invalid: []),
        Case.draft7("if, then, else", #""if":{"type":"integer"},"then":{"minimum":5}"#, valid: ["6"], invalid: ["4"]),
    ]
}
