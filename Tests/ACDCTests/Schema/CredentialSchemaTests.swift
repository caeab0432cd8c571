// SPDX-License-Identifier: Apache-2.0

import ACDC
import Foundation
import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

struct CredentialSchemaTests {
    struct VectorFile: Decodable, Sendable {
        struct Entry: Decodable, Sendable {
            let said: String
            let raw: Blob
        }
        struct Case: Decodable, Sendable {
            struct Step: Decodable, Sendable {
                struct Expected: Decodable, Sendable { let outcome: String }
                let message: Blob
                let expect: Expected
            }
            let steps: [Step]
        }
        let schemas: [Entry]
        let cases: [Case]

        static let all = Result { try Vectors.decode(VectorFile.self, from: "KERI/acdc.json") }
    }

    /// A schema of the shape that vLEI has, of our own.
    static func draft(dialect: String = "http://json-schema.org/draft-07/schema#") -> OrderedMap {
        let text: OrderedValue = ["type": "string"]
        let said: OrderedValue = ["description": "SAID of the section", "type": "string"]
        return [
            "$id": "", "$schema": .text(dialect), "title": "Ferry Pass", "description": "May board the ferry",
            "type": "object", "credentialType": "FerryPass", "version": "1.2.0",
            "properties": [
                "v": text, "d": text, "u": text, "i": text, "ri": text, "s": text,
                "a": [
                    "oneOf": [
                        said,
                        [
                            "$id": "", "type": "object",
                            "properties": [
                                "d": text, "i": text, "dt": ["type": "string", "format": "date-time"],
                                "deck": ["type": "integer", "minimum": 1, "maximum": 9],
                            ],
                            "additionalProperties": false, "required": ["i", "dt", "deck"],
                        ],
                    ]
                ],
                "r": [
                    "oneOf": [
                        said,
                        [
                            "$id": "", "type": "object",
                            "properties": [
                                "d": text,
                                "boarding": [
                                    "type": "object",
                                    "properties": ["l": ["type": "string", "const": "No bicycles on \"deck\" 9."]],
                                ],
                            ],
                            "additionalProperties": false, "required": ["d", "boarding"],
                        ],
                    ]
                ],
            ],
            "additionalProperties": false, "required": ["v", "d", "i", "ri", "s", "a"],
        ]
    }

    static func credential(_ change: (inout OrderedValue) -> Void = { _ in }) -> OrderedValue {
        var value: OrderedValue = [
            "v": "ACDC10JSON000000_", "d": "x", "i": "x", "ri": "x", "s": "x",
            "a": ["d": "x", "i": "x", "dt": "2024-01-01T00:00:00Z", "deck": 3],
            "r": ["d": "x", "boarding": ["l": "No bicycles on \"deck\" 9."]],
        ]
        change(&value)
        return value
    }

    private func judge(
        _ value: OrderedValue, by schema: CredentialSchema, format: DocumentFormat = .json,
        library: SchemaLibrary = SchemaLibrary(), limits: SchemaLimits = .standard
    ) throws -> SchemaResult {
        let bytes = try value.encoded(as: format)
        let index = try DocumentIndex(bytes.span, format: format)
        return schema.validate(index, of: bytes.span, with: library, limits: limits)
    }

    @Test func `Schemas of the vectors have the SAIDs that keripy gives them`() throws {
        let file = try VectorFile.all.get()
        for entry in file.schemas {
            let schema = try CredentialSchema(parsing: entry.raw.bytes)
            #expect(schema.said.text == entry.said)
            #expect(schema.bytes == entry.raw.bytes)
            #expect(schema.title != nil && schema.credentialType != nil && schema.version == "1.0.0")
            #expect(schema.summary?.hasSuffix("é") == true)
            #expect(try CredentialSchema(interoperable: entry.raw.bytes) == schema)
            #expect(try CredentialSchema(parsing: entry.raw.bytes, expecting: schema.said) == schema)
        }
    }

    @Test func `Credentials are valid when keripy says so`() throws {
        let file = try VectorFile.all.get()
        let library = SchemaLibrary(try file.schemas.map { try CredentialSchema(parsing: $0.raw.bytes) })
        var judged = 0
        var refused = 0
        for step in file.cases.flatMap(\.steps) where step.message.bytes.starts(with: Array(#"{"v":"ACDC10JSON"#.utf8))
        {
            // The size stands behind the first part of the version string.
            let digits = String(decoding: step.message.bytes[16..<22], as: UTF8.self)
            let size = try #require(Int(digits, radix: 16))
            let bytes = Array(step.message.bytes[..<size])
            let index = try DocumentIndex(bytes.span, format: .json)
            let found = index.value(of: "s", inMap: 0, of: bytes.span)
            let place = try #require(found)
            let said = index.string(of: index.tokens[place], in: bytes.span)
            let name = try #require(SAID(said))
            let schema = try #require(library[name])
            let result = schema.validate(index, of: bytes.span, with: library)
            switch step.expect.outcome {
            case "ok": #expect(result == .valid)
            case "FailedSchemaValidationError":
                #expect(!result.isValid)
                refused += 1
            // Refused by keripy for other reasons.
            default: continue
            }
            judged += 1
        }
        #expect(judged > 10)
        #expect(refused > 0)
    }

    @Test(arguments: DocumentFormat.allCases)
    func `A schema of sections judges credentials in every format`(format: DocumentFormat) throws {
        let schema = try CredentialSchema(parsing: try SchemaAddressing.address(Self.draft()))
        #expect(try judge(Self.credential(), by: schema, format: format) == .valid)
        #expect(try judge(Self.credential { $0["a"] = "E" }, by: schema, format: format) == .valid)
        #expect(try judge(Self.credential { $0["a"] = 1 }, by: schema, format: format).isValid == false)
        #expect(try judge(Self.credential { $0["x"] = 1 }, by: schema, format: format).isValid == false)
        #expect(try judge(Self.credential { $0["a"]?["deck"] = 10 }, by: schema, format: format).isValid == false)
        #expect(
            try judge(Self.credential { $0["r"]?["boarding"]?["l"] = "All welcome." }, by: schema, format: format)
                .isValid == false)
    }

    @Test func `Byte strings are of no type`() throws {
        let schema = try CredentialSchema(parsing: try SchemaAddressing.address(Self.draft()))
        let value = Self.credential { $0["i"] = .bytes([1, 2]) }
        #expect(try judge(value, by: schema, format: .cbor).isValid == false)
    }

    @Test func `Violations say where and why`() throws {
        let schema = try CredentialSchema(parsing: try SchemaAddressing.address(Self.draft()))
        let value = Self.credential {
            $0["a"]?["deck"] = "three"
            $0["a"]?["dt"] = nil
            $0["d"] = nil
        }
        guard case .violated(let found) = try judge(value, by: schema) else {
            Issue.record("is taken")
            return
        }
        #expect(
            found.map { "\($0.instance) \($0.schema): \($0.words)" } == [
                "/a/deck /properties/a/oneOf/1/properties/deck/type: is not of the type integer",
                "/a /properties/a/oneOf/1/required: lacks the member dt",
                "/a /properties/a/oneOf: fits none of the alternatives", " /required: lacks the member d",
            ])
        #expect(found.allSatisfy { $0.foreign == nil })
        let few = try judge(value, by: schema, limits: SchemaLimits(violations: 1))
        #expect(few == .violated([found[0]]))
    }

    @Test func `A value inside a document is judged by itself`() throws {
        let schema = try CredentialSchema(parsing: try SchemaAddressing.address(Self.draft()))
        let value: OrderedValue = ["acdc": Self.credential { $0["a"]?["deck"] = 0 }]
        let bytes = try value.encoded(as: .json)
        let index = try DocumentIndex(bytes.span, format: .json)
        let inner = index.value(of: "acdc", inMap: 0, of: bytes.span)
        let place = try #require(inner)
        let result = schema.validate(index, at: place, of: bytes.span, with: SchemaLibrary())
        guard case .violated(let found) = result else {
            Issue.record("is taken")
            return
        }
        #expect(found.first?.instance == "/a/deck")
        let nowhere = schema.validate(index, at: 4000, of: bytes.span, with: SchemaLibrary())
        #expect(nowhere.isValid == false)
    }

    // SAIDs.

    private func refusal(_ bytes: [UInt8], expecting said: SAID? = nil) -> SchemaError? {
        do {
            let schema = try said.map { try CredentialSchema(parsing: bytes, expecting: $0) }
            _ = try schema ?? CredentialSchema(parsing: bytes)
            return nil
        } catch { return error as? SchemaError }
    }

    private func replace(_ old: String, _ new: String, in bytes: [UInt8]) -> [UInt8] {
        Array(String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: old, with: new).utf8)
    }

    @Test func `A schema that was changed is refused`() throws {
        let bytes = try SchemaAddressing.address(Self.draft())
        let changed = replace("FerryPass", "FerryPasS", in: bytes)
        #expect(refusal(changed)?.code == .saidMismatch)
        #expect(refusal(changed)?.place == "/$id")
    }

    @Test func `A block that has the SAID of another is refused`() throws {
        let sound = try SchemaAddressing.address(Self.draft())
        let map = try OrderedValue(parsing: sound.span, format: .json)
        var forged = try #require(map.mapValue)
        let other = try #require(map.value(at: "properties", "r", "oneOf")?[1]?["$id"])
        var list = try #require(map.value(at: "properties", "a", "oneOf")?.listValue)
        list[1]["$id"] = other
        forged["properties"]?["a"]?["oneOf"] = .list(list)
        let bytes = try SelfAddressing.seal(&forged, labels: ["$id"])
        #expect(refusal(bytes)?.code == .blockSAIDMismatch)
        #expect(refusal(bytes)?.place == "/properties/a/oneOf/1/$id")
    }

    @Test func `What has no SAID is refused`() throws {
        #expect(refusal(Array(#"{"type":"object"}"#.utf8))?.code == .notAddressed)
        #expect(refusal(Array(#"{"$id":"https://x.example/a"}"#.utf8))?.code == .notAddressed)
        #expect(refusal(Array(#"{"$id":1}"#.utf8))?.code == .notAddressed)
        // A key, not a digest.
        #expect(
            refusal(Array(#"{"$id":"BGjHh7QmvFg6b-TpXC9no8XMJ9bKlA6YUh_07L0uykeL"}"#.utf8))?.code == .notAddressed)
        #expect(refusal(Array("true".utf8))?.code == .notObject)
        #expect(refusal(Array("[]".utf8))?.code == .notObject)
    }

    @Test func `Another schema than the one asked for is refused`() throws {
        let bytes = try SchemaAddressing.address(Self.draft())
        let other = try #require(SAID("EMuttuKZ7cC6LzcXFFMyiemu7QPMUtM99tsYWHUI-fuy"))
        #expect(refusal(bytes, expecting: other)?.code == .unexpectedSAID)
    }

    @Test func `Only compact JSON is taken as served, any spelling as published`() throws {
        let bytes = try SchemaAddressing.address(Self.draft())
        let pretty = replace(",", ",\n  ", in: bytes)
        #expect(refusal(pretty)?.code == .malformed)
        // The commas in the description and the constants had no luck there; those of this one are between members only.
        let plain = try SchemaAddressing.address(["$id": "", "type": "object", "title": "Plain"])
        let spread = replace(",", " ,\n\t", in: plain)
        #expect(refusal(spread)?.code == .malformed)
        #expect(try CredentialSchema(interoperable: spread).bytes == plain)
        #expect(throws: SchemaError.self) { try CredentialSchema(interoperable: Array("{".utf8)) }
    }

    // References to other schemas.

    @Test func `References lead to other schemas by SAID, and nowhere else`() throws {
        let deck = try CredentialSchema(
            parsing: try SchemaAddressing.address(["$id": "", "type": "integer", "$defs": ["odd": ["multipleOf": 3]]]))
        let outer = try CredentialSchema(
            parsing: try SchemaAddressing.address([
                "$id": "",
                "properties": [
                    "a": ["$ref": .text(deck.said.text)], "b": ["$ref": .text("sad:\(deck.said)")],
                    "c": ["$ref": .text("\(deck.said)#/$defs/odd")],
                ],
            ]))
        #expect(outer.references == [deck.said])
        #expect(try judge(["a": 1], by: outer) == .missing([deck.said]))
        // What is not reached is not missed.
        #expect(try judge(["z": 1], by: outer) == .valid)
        let library = SchemaLibrary([deck])
        #expect(library[deck.said] == deck)
        #expect(library[outer.said] == nil)
        #expect(library.saids == [deck.said])
        #expect(try judge(["a": 1, "b": 2, "c": 9], by: outer, library: library) == .valid)
        guard case .violated(let found) = try judge(["b": "x"], by: outer, library: library) else {
            Issue.record("is taken")
            return
        }
        #expect(found.first?.foreign == deck.said)
        #expect(found.first?.schema == "/type")
        #expect(try judge(["c": 1], by: outer, library: library).isValid == false)
    }

    /// A part that allows everything, under a name that ends in the SAID of a well-known schema: a reference by that SAID
    /// must not lead to it.
    @Test(arguments: [
        ("sad:%", "sad:%"), ("./%", "%"), ("x/../%", "%"), ("https://x.example/%", "https://x.example/%"),
        ("sad:%", "sad:%#/properties/z"), ("https://x.example/%", "https://x.example/y/../%"),
    ])
    func `A part can't take the place of a schema by its name`(name: String, reference: String) throws {
        let known = try CredentialSchema(
            parsing: try SchemaAddressing.address(["$id": "", "type": "integer", "properties": ["z": false]]))
        func filled(_ text: String) -> OrderedValue { .text(text.replacing("%", with: known.said.text)) }
        let outer = try CredentialSchema(
            parsing: try SchemaAddressing.address([
                "$id": "", "properties": ["a": ["$ref": filled(reference)]],
                "$defs": ["fake": ["$id": filled(name), "properties": ["z": true]]],
            ]))
        #expect(outer.references == [known.said])
        #expect(try judge(["a": "x"], by: outer) == .missing([known.said]))
        #expect(try judge(["a": "x"], by: outer, library: SchemaLibrary([known])).isValid == false)
        // With the SAID as it is the part is refused at once.
        let forged = Array(
            (try SchemaAddressing.address(["$id": "", "$defs": ["fake": ["$id": filled("%"), "title": "x"]]])))
        let text = try OrderedValue(parsing: forged.span, format: .json)
        var map = try #require(text.mapValue)
        map["$defs"] = ["fake": ["$id": filled("%"), "title": "y"]]
        #expect(refusal(try SelfAddressing.seal(&map, labels: ["$id"]))?.code == .blockSAIDMismatch)
    }

    @Test func `References inside a part stay there, whatever it is called`() throws {
        let outer = try CredentialSchema(
            parsing: try SchemaAddressing.address([
                "$id": "", "$defs": ["x": ["type": "string"]],
                "properties": [
                    "a": [
                        "$id": "sad:EMuttuKZ7cC6LzcXFFMyiemu7QPMUtM99tsYWHUI-fuy", "$ref": "#/$defs/x",
                        "$defs": ["x": ["type": "integer"]],
                    ]
                ],
            ]))
        #expect(outer.references.isEmpty)
        #expect(try judge(["a": 1], by: outer) == .valid)
        #expect(try judge(["a": "x"], by: outer).isValid == false)
    }

    @Test func `The same document says other things in the other dialect`() throws {
        func schema(_ dialect: String) throws -> CredentialSchema {
            try CredentialSchema(
                parsing: try SchemaAddressing.address([
                    "$id": "", "$schema": .text(dialect),
                    "properties": ["x": ["$ref": "#/definitions/i", "maximum": 3]],
                    "definitions": ["i": ["type": "integer"]],
                ]))
        }
        #expect(try judge(["x": 9], by: schema("http://json-schema.org/draft-07/schema#")) == .valid)
        #expect(try judge(["x": 9], by: schema("https://json-schema.org/draft/2020-12/schema")).isValid == false)
    }

    @Test func `Members that stand twice are refused in any spelling`() throws {
        for text in [#"{"$id":"x","type":"object","type":"string"}"#, #"{"$id":"x", "type":"a", "t\u0079pe":"b"}"#] {
            #expect(throws: SchemaError.self) { try CredentialSchema(interoperable: Array(text.utf8)) }
            let error = #expect(throws: SchemaError.self) { try CredentialSchema(interoperable: Array(text.utf8)) }
            #expect(error?.code == .malformed)
        }
    }

    @Test func `A reference to a part that another schema lacks decides nothing`() throws {
        let deck = try CredentialSchema(parsing: try SchemaAddressing.address(["$id": "", "type": "integer"]))
        for fragment in ["/$defs/none", "none", "/$id"] {
            let outer = try CredentialSchema(
                parsing: try SchemaAddressing.address(["$id": "", "$ref": .text("\(deck.said)#\(fragment)")]))
            #expect(try judge(1, by: outer, library: SchemaLibrary([deck])) == .undecided(.brokenReference))
        }
    }

    @Test func `What is missing is told for schemas behind schemas`() throws {
        let last = try #require(SAID("EMuttuKZ7cC6LzcXFFMyiemu7QPMUtM99tsYWHUI-fuy"))
        let middle = try CredentialSchema(
            parsing: try SchemaAddressing.address(["$id": "", "$ref": .text(last.text)]))
        let outer = try CredentialSchema(
            parsing: try SchemaAddressing.address(["$id": "", "$ref": .text(middle.said.text)]))
        #expect(try judge(1, by: outer) == .missing([middle.said]))
        #expect(try judge(1, by: outer, library: SchemaLibrary([middle])) == .missing([last]))
        // Not, oneOf and if do not turn what is missing into an answer.
        for keyword in ["not", "if"] {
            let turned = try CredentialSchema(
                parsing: try SchemaAddressing.address(["$id": "", keyword: .map(["$ref": .text(last.text)])]))
            #expect(try judge(1, by: turned) == .missing([last]))
        }
    }

    // Third-party schemas, which are not ours to keep here.

    @Test func `The published schemas of vLEI`() throws {
        let folder = Vectors.root.appending(path: "../../../shared/vectors/vlei").standardized
        let files = FileManager.default
        guard files.fileExists(atPath: folder.path()) else {
            print("schemas of vLEI: not run, ../shared/vectors/vlei is absent")
            return
        }
        var count = 0
        for name in try files.contentsOfDirectory(atPath: folder.path()).sorted() where name.hasSuffix(".json") {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            let schema = try CredentialSchema(interoperable: bytes)
            let value = try OrderedValue(parsing: schema.bytes.span, format: .json)
            #expect(value["$id"]?.textValue == schema.said.text)
            #expect(try SchemaAddressing.address(try #require(value.mapValue)) == schema.bytes)
            #expect(schema.references.isEmpty)
            count += 1
        }
        print("schemas of vLEI: \(count) read")
    }
}
