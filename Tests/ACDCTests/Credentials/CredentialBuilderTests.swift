// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import Testing

@Suite("Credentials, written")
struct CredentialBuilderTests {
    static let nonces = try! (0..<4).map { try Primitive(code: .salt128, raw: Array(repeating: $0, count: 16)) }
    static let dated = Timestamp("2024-02-02T00:00:00.000000+00:00")!

    static func draft(_ content: CredentialDraft.Content = .attributes(["level": 3])) -> CredentialDraft {
        CredentialDraft(
            issuer: CredentialParserTests.issuer, registry: CredentialParserTests.registry,
            schema: CredentialParserTests.schema, content: content, issuee: CredentialParserTests.issuee, dated: dated)
    }

    @Test("as keripy writes it: the vector of acdc.json, byte by byte")
    func keripy() throws {
        let credential = try CredentialBuilder.credential(
            CredentialDraft(
                issuer: AID("EORI6ktT6hihGYZk6eVh5FU9Hiv4o0T0h4eO4Ej4lZ6t")!,
                registry: SAID("EF9Z1yyCQTHJ2oqe6QbADoxjaw6lD2R7paXiCQmaygK0"),
                schema: SAID("EDHxPHGfTcNvbUQ2OGUxl-grP4nsau8QdnOGg35kxN81")!,
                content: .attributes(["level": 1]), issuee: AID("EEPOdFRroXYSHf0eprZki0hz_CBCDqpryN7NApV1bdkd"),
                dated: Self.dated))
        let text = """
            {"v":"ACDC10JSON000184_","d":"EHzwO5E-913R6inHVLrLXpVD2s2yPppzwD4Gc9TXYMdz","i":\
            "EORI6ktT6hihGYZk6eVh5FU9Hiv4o0T0h4eO4Ej4lZ6t","ri":"EF9Z1yyCQTHJ2oqe6QbADoxjaw6lD2R7paXiCQmaygK0",\
            "s":"EDHxPHGfTcNvbUQ2OGUxl-grP4nsau8QdnOGg35kxN81","a":{"d":"EEF-3gAb-b-gbkgvhBlFtHZEkjPfZPYnJk4BorvEncH2",\
            "i":"EEPOdFRroXYSHf0eprZki0hz_CBCDqpryN7NApV1bdkd","dt":"2024-02-02T00:00:00.000000+00:00","level":1}}
            """
        #expect(String(decoding: credential.bytes, as: UTF8.self) == text)
        #expect(credential.addressing == .asSerialized)
    }

    @Test("everything at once, in every format and addressing", arguments: DocumentFormat.allCases)
    func all(format: DocumentFormat) throws {
        var draft = Self.draft(.attributes(["home": ["d": "", "u": .text(Self.nonces[2].text), "city": "Ulm"]]))
        draft.nonce = Self.nonces[0]
        draft.attributesNonce = Self.nonces[1]
        draft.edges = ["boss": ["d": "", "n": .text(CredentialParserTests.schema.text)]]
        draft.rules = ["usage": ["d": "", "l": "use it well"]]
        for addressing in [CredentialAddressing.asSerialized, .mostCompact] {
            let credential = try CredentialBuilder.credential(draft, addressing: addressing, format: format)
            #expect(credential.addressing == addressing)
            #expect(credential.isPrivate)
            #expect(credential.nonce == Self.nonces[0])
            #expect(credential.issuee == draft.issuee)
            #expect(credential.dated == Self.dated)
            #expect(credential.shownBlocks == 6)
            #expect(credential.document.labels == ["v", "d", "u", "i", "ri", "s", "a", "e", "r"])
            #expect(credential.document["a"]?.mapValue?.labels == ["d", "u", "i", "dt", "home"])
        }
    }

    @Test("lists of edges and rules, as keripy knows them")
    func lists() throws {
        var draft = Self.draft()
        draft.rules = [["d": "", "l": "x"], ["l": "y"]]
        let credential = try CredentialBuilder.credential(draft)
        #expect(credential.rules?.said == nil)
        #expect(credential.document["r"]?[0]?["d"]?.textValue?.count == 44)
        #expect(credential.shownBlocks == 1)
        let other = try CredentialBuilder.credential(draft, addressing: .mostCompact)
        #expect(try other.compact().credential.document["r"] == other.document["r"])
        draft.rules = [["d": .text(CredentialParserTests.schema.text), "l": "x"]]
        #expect(throws: CredentialBuilder.Failure.self) { try CredentialBuilder.credential(draft) }
        draft.rules = [["l": "x"], "y"]
        #expect(throws: CredentialBuilder.Failure.notABlock(.rules)) { try CredentialBuilder.credential(draft) }
        draft.rules = nil
        draft.edges = "x"
        #expect(throws: CredentialBuilder.Failure.notABlock(.edges)) { try CredentialBuilder.credential(draft) }
    }

    @Test("what the builder writes itself can't be said twice")
    func reserved() {
        for label in ["d", "u", "i", "dt"] {
            #expect(throws: CredentialBuilder.Failure.reservedLabel(label)) {
                try CredentialBuilder.credential(Self.draft(.attributes([label: "x"])))
            }
        }
    }

    @Test("nonces have 16 bytes")
    func nonces() throws {
        let short = try Primitive(code: .short, raw: [1, 2])
        var draft = Self.draft()
        draft.nonce = short
        #expect(throws: CredentialBuilder.Failure.shortNonce) { try CredentialBuilder.credential(draft) }
        draft.nonce = nil
        draft.attributesNonce = short
        #expect(throws: CredentialBuilder.Failure.shortNonce) { try CredentialBuilder.credential(draft) }
        #expect(throws: CredentialBuilder.Failure.aggregate(.malformed)) {
            try CredentialBuilder.credential(Self.draft(.aggregate([["x": 1]], nonces: [short])))
        }
        #expect(throws: CredentialBuilder.Failure.aggregate(.malformed)) {
            try CredentialBuilder.credential(Self.draft(.aggregate([["x": 1]], nonces: [])))
        }
        #expect(throws: CredentialBuilder.Failure.aggregate(.malformed)) {
            try CredentialBuilder.credential(Self.draft(.aggregate([["x": 1], ["y": 2]], nonces: [Self.nonces[0]])))
        }
        #expect(throws: CredentialBuilder.Failure.aggregate(.malformed)) {
            try CredentialBuilder.credential(Self.draft(.aggregate([], nonces: [])))
        }
        #expect(throws: CredentialBuilder.Failure.aggregate(.malformed)) {
            try CredentialBuilder.credential(Self.draft(.aggregate([["u": 1]], nonces: [Self.nonces[0]])))
        }
    }

    @Test("values that a format can't hold, and digests that are wrong, are refused")
    func unwritable() {
        #expect(throws: CredentialBuilder.Failure.encoding(.bytesInJSON)) {
            try CredentialBuilder.credential(Self.draft(.attributes(["x": .bytes([1])])))
        }
        var draft = Self.draft()
        draft.edges = ["boss": ["d": .text(CredentialParserTests.schema.text), "n": "x"]]
        #expect(throws: CredentialBuilder.Failure.self) { try CredentialBuilder.credential(draft) }
    }
}
