// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Testing

@Suite("Credentials, parsed")
struct CredentialParserTests {
    static let issuer = AID("EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")!
    static let issuee = AID("EBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB")!
    static let schema = SAID("ECCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC")!
    static let registry = SAID("EDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD")!
    static let nonce = try! Primitive(code: .salt128, raw: Array(1...16))

    /// A body whose outer digest and size are right, whatever it says.
    static func body(
        _ members: [(String, OrderedValue)], format: DocumentFormat = .json, version: String? = nil
    ) throws -> [UInt8] {
        let kind = [DocumentFormat.json: "JSON", .cbor: "CBOR", .messagePack: "MGPK"][format]!
        var map: OrderedMap = ["v": .text(version ?? "ACDC10\(kind)000000_"), "d": ""]
        for (label, value) in members { map[label] = value }
        return try SelfAddressing.seal(&map, format: format, version: true)
    }

    static let plain: [(String, OrderedValue)] = [
        ("i", .text(issuer.text)), ("ri", .text(registry.text)), ("s", .text(schema.text)),
    ]

    static func block(_ members: OrderedMap, format: DocumentFormat = .json) throws -> OrderedValue {
        var block: OrderedMap = ["d": ""]
        for member in members.members { block[member.label] = member.value }
        try SelfAddressing.seal(&block, format: format)
        return .map(block)
    }

    func parse(_ bytes: [UInt8], format: DocumentFormat = .json) throws(CredentialError) -> Credential {
        var parser = CredentialParser()
        return try parser.parse(bytes.span, format: format)
    }

    func code(_ bytes: [UInt8], format: DocumentFormat = .json) -> String? {
        do throws(CredentialError) {
            _ = try parse(bytes, format: format)
            return nil
        } catch { return "\(error.code.name) \(error.member?.rawValue ?? "-")" }
    }

    func code(_ members: [(String, OrderedValue)]) throws -> String? { code(try Self.body(members)) }

    @Test("every format, compact and shown", arguments: DocumentFormat.allCases)
    func formats(format: DocumentFormat) throws {
        let attributes = try Self.block(
            ["i": .text(Self.issuee.text), "dt": "2024-02-03T00:00:00.000000+00:00", "level": 3], format: format)
        let bytes = try Self.body(
            [("u", .text(Self.nonce.text))] + Self.plain + [
                ("a", attributes), ("e", .text(Self.schema.text)), ("r", try Self.block(["l": "x"], format: format)),
            ], format: format)
        let credential = try parse(bytes, format: format)
        #expect(credential.issuer == Self.issuer)
        #expect(credential.issuee == Self.issuee)
        #expect(credential.registry == Self.registry)
        #expect(credential.schema == Self.schema)
        #expect(credential.nonce == Self.nonce)
        #expect(credential.dated == Timestamp("2024-02-03T00:00:00Z"))
        #expect(credential.edges == .compact(Self.schema))
        #expect(credential.attributes?.isShown == true)
        #expect(credential.addressing == .asSerialized)
        #expect(credential.shownBlocks == 2)
        #expect(credential.bytes == bytes)
        #expect(!credential.isMetadata)
    }

    @Test("the version has to be ACDC 1.0 of the right size")
    func versions() throws {
        let good = try Self.body(Self.plain)
        #expect(code(good) == nil)
        var wrongSize = good
        wrongSize[16] ^= 1
        #expect(code(wrongSize) == "unsupported-version v")
        for version in ["KERI10JSON000000_", "ACDC11JSON000000_", "ACDC10CBOR000000_", "ACDC20JSON000000_"] {
            #expect(code(try Self.body(Self.plain, version: version)) == "unsupported-version v")
        }
        #expect(code(Array("[]".utf8)) == "not-a-credential -")
        #expect(code(Array("{\"x\":\"y\",\"d\":\"z\"}".utf8)) == "not-a-credential -")
        #expect(code(Array("{".utf8)) == "document -")
        var parser = CredentialParser()
        #expect(throws: CredentialError.self) {
            try parser.parse(good.span, version: VersionString(text: "KERI10JSON0000ff_"))
        }
        let frame = try VersionString(.acdc, format: .json, size: good.count)
        _ = try parser.parse(good.span, version: frame)
    }

    @Test("members stand in order, the mandatory ones are there, no others")
    func members() throws {
        let a: (String, OrderedValue) = ("a", .text(Self.schema.text))
        #expect(try code(Self.plain + [a]) == nil)
        #expect(try code([Self.plain[1], Self.plain[0], Self.plain[2]]) == "wrong-members i")
        #expect(try code([Self.plain[0], Self.plain[1]]) == "wrong-members s")
        #expect(try code([a] + Self.plain) == "wrong-members i")
        #expect(try code(Self.plain + [("x", "y")]) == "wrong-members -")
        #expect(try code(Self.plain + [("e", .text(Self.schema.text)), a]) == "wrong-members -")
        #expect(try code(Self.plain + [a, ("A", .text(Self.schema.text))]) == "wrong-members A")
        #expect(try code([Self.plain[0], Self.plain[2]]) == nil)
    }

    @Test("values have to be what they stand for")
    func values() throws {
        #expect(try code([("i", "x"), Self.plain[1], Self.plain[2]]) == "bad-value i")
        #expect(try code([Self.plain[0], ("ri", "x"), Self.plain[2]]) == "bad-value ri")
        #expect(try code([Self.plain[0], ("s", "x")]) == "bad-value s")
        #expect(try code([("u", "0AAA")] + Self.plain) == "bad-value u")
        #expect(try code([("u", "MAAA")] + Self.plain) == "bad-value u")
        #expect(try code([("u", 3)] + Self.plain) == "bad-value u")
        for section in ["a", "A", "e", "r"] {
            #expect(try code(Self.plain + [(section, 3)]) == "bad-value \(section)")
            #expect(try code(Self.plain + [(section, "x")]) == "bad-value \(section)")
        }
        #expect(try code(Self.plain + [("a", [[:]])]) == "bad-value a")
        #expect(try code(Self.plain + [("e", [3])]) == "bad-value e")
        #expect(try code(Self.plain + [("r", [[:]])]) == nil)
        // A digest has to come first and to be one, for it is looked at nowhere else.
        #expect(try code(Self.plain + [("a", ["x": "y", "d": .text(Self.schema.text)])]) == "bad-value a")
        #expect(try code(Self.plain + [("a", ["d": "x"])]) == "bad-value a")
    }

    @Test("an empty nonce and registry are those of metadata")
    func metadata() throws {
        let credential = try parse(try Self.body([("u", ""), Self.plain[0], ("ri", ""), Self.plain[2]]))
        #expect(credential.isMetadata)
        #expect(credential.nonce == nil)
        #expect(credential.registry == nil)
    }

    @Test("digests of the whole, of sections and of blocks in them are checked", arguments: DocumentFormat.allCases)
    func digests(format: DocumentFormat) throws {
        var forged = try Self.body(Self.plain, format: format)
        let place = forged.lastIndex(of: UInt8(ascii: "C"))!
        forged[place] = UInt8(ascii: "D")
        #expect(code(forged, format: format)?.hasPrefix("forged-said d") == true)
        let wrong: OrderedValue = ["d": .text(Self.schema.text), "x": 1]
        for section in ["a", "e", "r"] {
            #expect(
                code(try Self.body(Self.plain + [(section, wrong)], format: format), format: format)
                    == "forged-said \(section)")
            let outer = try Self.block(["inner": wrong], format: format)
            #expect(
                code(try Self.body(Self.plain + [(section, outer)], format: format), format: format)
                    == "forged-said \(section)")
        }
        // Folded up, the inner digest would pass for that of the map around it.
        let hidden: OrderedValue = ["x": ["d": try Self.block(["y": 1], format: format), "z": 1]]
        #expect(code(try Self.body(Self.plain + [("a", hidden)], format: format), format: format) == "bad-value a")
        // What is in lists is data, and so is a digest that does not come first.
        let data = try Self.block(
            ["list": [wrong], "seal": ["i": .text(Self.issuer.text), "d": .text(Self.schema.text)], "n": ["d": "x"]],
            format: format)
        #expect(code(try Self.body(Self.plain + [("a", data)], format: format), format: format) == nil)
    }

    @Test("blocks with digests are not nested without bound")
    func depth() throws {
        var value = try Self.block(["x": 1])
        for _ in 1..<16 { value = try Self.block(["b": value]) }
        #expect(try code(Self.plain + [("a", value)]) == nil)
        value = try Self.block(["b": value])
        #expect(try code(Self.plain + [("a", value)]) == "too-deep a")
    }

    @Test("a schema may stand in the credential; its digest is over JSON", arguments: DocumentFormat.allCases)
    func embeddedSchema(format: DocumentFormat) throws {
        var schema: OrderedMap = ["$id": "", "type": "object", "properties": ["d": ["type": "string"]]]
        try SelfAddressing.seal(&schema, labels: ["$id"])
        let said = SAID(schema["$id"]!.textValue!)!
        let credential = try parse(try Self.body([Self.plain[0], ("s", .map(schema))], format: format), format: format)
        #expect(credential.schema == said)
        #expect(credential.embeddedSchema != nil)
        schema["type"] = "string"
        #expect(
            code(try Self.body([Self.plain[0], ("s", .map(schema))], format: format), format: format)
                == "forged-said s")
        #expect(try code([Self.plain[0], ("s", ["type": "object"])]) == "bad-value s")
    }

    @Test("who the issuee is, as far as the copy tells")
    func targets() throws {
        func target(_ section: String, _ value: OrderedValue) throws -> CredentialTarget {
            try parse(try Self.body(Self.plain + [(section, value)])).target
        }
        #expect(try parse(try Self.body(Self.plain)).target == .untargeted)
        #expect(try target("a", ["i": .text(Self.issuee.text)]) == .issuee(Self.issuee))
        #expect(try target("a", ["i": "did:keri:x"]) == .other)
        #expect(try target("a", ["i": 3]) == .other)
        #expect(try target("a", ["x": 3]) == .untargeted)
        #expect(try target("a", .text(Self.schema.text)) == .undisclosed)
        let aggregate = try AttributeAggregate(
            [["i": .text(Self.issuee.text)], ["x": 1]], nonces: [Self.nonce, Self.nonce])
        #expect(try target("A", aggregate.value) == .issuee(Self.issuee))
        #expect(try target("A", aggregate.disclosing([2]).value) == .undisclosed)
        #expect(try target("A", .text(aggregate.said.text)) == .undisclosed)
        let other = try AttributeAggregate([["x": 1]], nonces: [Self.nonce])
        #expect(try target("A", other.value) == .untargeted)
    }

    @Test("an aggregate is checked element by element")
    func aggregates() throws {
        let good = try AttributeAggregate([["x": 1], ["y": 2]], nonces: [Self.nonce, Self.nonce])
        guard case .list(var list) = good.value else { return }
        #expect(try code(Self.plain + [("A", good.value)]) == nil)
        let first = list[1]
        list[1] = list[2]
        #expect(try code(Self.plain + [("A", .list(list))]) == "forged-said A")
        list[2] = first
        #expect(try code(Self.plain + [("A", .list(list))]) == "forged-said A")
        list = good.value.listValue!
        list[2]["y"] = 3
        #expect(try code(Self.plain + [("A", .list(list))]) == "forged-said A")
        list[2] = 5
        #expect(try code(Self.plain + [("A", .list(list))]) == "bad-value A")
        list[2] = ["x": 1]
        #expect(try code(Self.plain + [("A", .list(list))]) == "bad-value A")
        #expect(try code(Self.plain + [("A", .list([good.value.listValue![0]]))]) == "bad-value A")
        #expect(try code(Self.plain + [("A", .list([5] + list.dropFirst()))]) == "bad-value A")
        list[2] = "x"
        #expect(try code(Self.plain + [("A", .list(list))]) == "bad-value A")
    }

    @Test("an aggregate has one form only, whatever the credential has")
    func aggregateForm() throws {
        let good = try AttributeAggregate([["x": 1]], nonces: [Self.nonce])
        var list = try #require(good.value.listValue)
        list[0] = .text(String(repeating: "#", count: 44))
        let bytes = try OrderedValue.list(list).encoded(as: .json)
        list[0] = .text(
            SAID(try Primitive(code: .blake3_256, raw: DigestAlgorithm.blake3_256.digest(bytes.span)))!.text)
        #expect(try code(Self.plain + [("A", .list(list))]) == "forged-said A")
    }

    @Test("what is addressed by its most compact form is so down to the last block")
    func mixedForms() throws {
        let section = try Self.block(["inner": try Self.block(["x": 1])])
        #expect(try code(Self.plain + [("a", section)]) == nil)
        var map: OrderedMap = ["v": "ACDC10JSON000000_", "d": ""]
        for (label, value) in Self.plain { map[label] = value }
        map["a"] = section["d"]
        try SelfAddressing.seal(&map, version: true)
        map["a"] = section
        map["v"] = "ACDC10JSON000000_"
        let bytes = try SelfAddressing.seal(&map, labels: [], version: true)
        #expect(code(bytes) == "forged-said a")
    }

    @Test("errors say what and where")
    func words() throws {
        let bytes = try Self.body(Self.plain + [("a", ["d": .text(Self.schema.text), "x": 1])])
        do throws(CredentialError) {
            _ = try parse(bytes)
            Issue.record("accepted")
        } catch {
            #expect(error.description == "forged-said in the attributes (a) at byte \(error.offset)")
            #expect(error.offset > 100)
        }
    }

    @Test("another credential than the one demanded is refused")
    func expecting() throws {
        let bytes = try Self.body(Self.plain)
        var parser = CredentialParser()
        let said = try parser.parse(bytes.span, format: .json).said
        #expect(try parser.parse(bytes.span, format: .json, expecting: said).said == said)
        #expect(throws: CredentialError.self) {
            try parser.parse(bytes.span, format: .json, expecting: Self.schema)
        }
    }
}
