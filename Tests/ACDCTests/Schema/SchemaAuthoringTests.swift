// SPDX-License-Identifier: Apache-2.0

import ACDC
import KERI
import KelmarkBytes
import Testing

/// Writing SAIDs into drafts, and what their authors are told.
struct SchemaAuthoringTests {
    @Test func `Blocks are addressed before the whole`() throws {
        let bytes = try SchemaAddressing.address(CredentialSchemaTests.draft())
        let tree = try OrderedValue(parsing: bytes.span, format: .json)
        let map = try #require(tree.mapValue)
        #expect(SelfAddressing.isSealed(map, labels: ["$id"]))
        for section in ["a", "r"] {
            let block = try #require(
                map["properties"]?.value(at: section, "oneOf")?[1]?.mapValue)
            #expect(SelfAddressing.isSealed(block, labels: ["$id"]))
        }
        #expect(map.labels == CredentialSchemaTests.draft().labels)
        // Once addressed, it stays as it is.
        #expect(try SchemaAddressing.address(map) == bytes)
    }

    @Test func `A changed schema gets new SAIDs`() throws {
        let bytes = try SchemaAddressing.address(CredentialSchemaTests.draft())
        let tree = try OrderedValue(parsing: bytes.span, format: .json)
        var map = try #require(tree.mapValue)
        map["title"] = "Ferry Pass, second edition"
        var alternatives = try #require(map["properties"]?.value(at: "a", "oneOf")?.listValue)
        alternatives[1]["title"] = "What the ferry needs to know"
        map["properties"]?["a"]?["oneOf"] = .list(alternatives)
        let changed = try SchemaAddressing.address(map)
        #expect(try CredentialSchema(parsing: changed).said != CredentialSchema(parsing: bytes).said)
    }

    @Test func `A draft without $id gets one in front`() throws {
        let bytes = try SchemaAddressing.address(["type": "object"])
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(#"{"$id":"E"#))
    }

    @Test func `Other identifiers and values that look like schemas stay as they are`() throws {
        let bytes = try SchemaAddressing.address([
            "$id": "", "$defs": ["a": ["$id": "https://x.example/a"]], "const": ["$id": ""], "properties": ["$id": [:]],
            "items": ["$id": "#############"], "anyOf": [true, ["$id": ""]],
        ])
        let value = try OrderedValue(parsing: bytes.span, format: .json)
        #expect(value.value(at: "$defs", "a", "$id") == "https://x.example/a")
        #expect(value.value(at: "const", "$id") == "")
        #expect(value.value(at: "properties", "$id") == [:])
        #expect(value.value(at: "items", "$id")?.textValue?.hasPrefix("E") == true)
        #expect(value["anyOf"]?[1]?["$id"]?.textValue?.hasPrefix("E") == true)
    }

    @Test func `A draft that is no schema is refused`() throws {
        #expect(throws: SchemaError.self) { try SchemaAddressing.address(["type": "text"]) }
        #expect(throws: SchemaError.self) { try SchemaAddressing.address(["const": .bytes([1])]) }
        var deep: OrderedMap = [:]
        for _ in 0..<100 { deep = ["not": .map(deep)] }
        do throws(SchemaError) {
            _ = try SchemaAddressing.address(deep)
            Issue.record("is taken")
        } catch { #expect(error.code == .tooLarge) }
    }

    @Test func `References to a block that is addressed are refused`() throws {
        // Its SAID is not known before, so that a draft can't name it.
        do throws(SchemaError) {
            _ = try SchemaAddressing.address(["$ref": "block", "$defs": ["a": ["$id": ""]]])
            Issue.record("is taken")
        } catch { #expect(error.code == .unresolvableReference) }
    }

    // Lint.

    private func codes(_ draft: OrderedMap) -> [String] {
        SchemaLint.findings(in: draft).map { "\($0.code.rawValue) \($0.place)" }
    }

    @Test func `A sound schema has only its formats told`() throws {
        #expect(
            codes(CredentialSchemaTests.draft()) == [
                "format-not-asserted /properties/a/oneOf/1/properties/dt/format",
                "open-object /properties/r/oneOf/1/properties/boarding",
            ])
    }

    @Test func `Authors are told of what nobody checks`() {
        #expect(
            codes([
                "$schema": "https://json-schema.org/draft/2020-12/schema", "minimun": 3, "items": ["format": "mine"],
            ]) == [
                "unknown-keyword /minimun", "unknown-format /items/format",
            ])
        #expect(codes(["credentialType": "X", "version": "1"]) == ["no-dialect "])
        #expect(
            codes([
                "$schema": "http://json-schema.org/draft-07/schema#", "$defs": [:],
                "not": ["$ref": "#/definitions/a", "maximum": 3, "title": "x"], "definitions": ["a": true],
            ]) == ["unknown-keyword /$defs", "ignored-beside-reference /not/maximum"])
    }

    @Test func `Authors are told of sections that can't be kept back`() {
        let block: OrderedValue = ["type": "object", "properties": [:], "additionalProperties": false]
        let draft: OrderedMap = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "properties": ["a": block, "e": ["anyOf": [["type": "string"], block]]],
            "additionalProperties": false,
        ]
        #expect(
            codes(draft) == [
                "no-compact-form /properties/a", "block-without-said /properties/a",
                "block-without-said /properties/e/anyOf/1",
            ])
    }

    @Test func `Authors are told why a schema can't be used`() {
        #expect(codes(["pattern": "(?=a)"]) == ["schema-unusable /pattern", "no-dialect "])
        #expect(codes(["const": .bytes([])]) == ["schema-unusable "])
        #expect(SchemaLint.findings(in: Array("{ }".utf8)).map(\.code) == [.unusable])
    }

    @Test func `Findings are bounded`() {
        var draft: OrderedMap = ["$schema": "https://json-schema.org/draft/2020-12/schema"]
        for number in 0..<200 { draft["x\(number)"] = 1 }
        #expect(SchemaLint.findings(in: draft).count == 100)
    }
}
