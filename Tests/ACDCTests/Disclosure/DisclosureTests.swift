// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import Testing

@Suite("Disclosure")
struct DisclosureTests {
    static let nonces = CredentialBuilderTests.nonces

    /// Attributes with a blinded block that has another one in it, a block without a nonce, edges and rules.
    static func credential(format: DocumentFormat = .json) throws -> Credential {
        var draft = CredentialBuilderTests.draft(
            .attributes([
                "house": [
                    "d": "", "u": .text(nonces[2].text), "city": "Ulm",
                    "street": ["d": "", "u": .text(nonces[3].text), "name": "Hof"],
                ],
                "open": ["plain": ["d": "", "x": 1]],
            ]))
        draft.nonce = nonces[0]
        draft.attributesNonce = nonces[1]
        draft.edges = ["boss": ["d": "", "n": .text(CredentialParserTests.schema.text)]]
        draft.rules = ["l": "x"]
        return try CredentialBuilder.credential(draft, addressing: .mostCompact, format: format)
    }

    static func aggregate(format: DocumentFormat = .json) throws -> Credential {
        try CredentialBuilder.credential(
            CredentialBuilderTests.draft(
                .aggregate(
                    [["i": .text(CredentialParserTests.issuee.text)], ["score": 96], ["name": "Jane"]],
                    nonces: Array(nonces.prefix(3)))), addressing: .mostCompact, format: format)
    }

    static let paths = ["a", "a/house", "a/house/street", "a/open/plain", "e", "e/boss", "r"]

    @Test("every choice of parts has the same SAID, and only they are shown", arguments: DocumentFormat.allCases)
    func everyForm(format: DocumentFormat) throws {
        let whole = try Self.credential(format: format)
        var parser = CredentialParser()
        var forms: Set<[UInt8]> = []
        for choice in 0..<(1 << Self.paths.count) {
            let chosen = Set(
                Self.paths.indices.filter { choice & 1 << $0 != 0 }.map { DisclosurePath(Self.paths[$0]) })
            let form = try whole.disclosing(chosen).credential
            #expect(form.said == whole.said)
            #expect(form.addressing == .mostCompact)
            let again = try parser.parse(form.bytes.span, format: format, expecting: whole.said)
            #expect(again == form)
            for path in Self.paths.map({ DisclosurePath($0) }) {
                let isWanted = chosen.contains { $0.labels.starts(with: path.labels) }
                let value = path.labels.reduce(OrderedValue.map(form.document) as OrderedValue?) { $0?[$1] }
                #expect((value?.mapValue != nil) == isWanted, "\(path) of \(chosen)")
            }
            forms.insert(form.bytes)
        }
        // As many forms as there are sets of parts that hold what contains them.
        #expect(forms.count == 7 * 3 * 2)
        #expect(try whole.disclosing([DisclosurePath("*")]).credential.bytes == whole.bytes)
        #expect(
            try whole.disclosing([DisclosurePath("a/*")]).credential
                == whole.disclosing(Set(["a/house/street", "a/open/plain"].map { DisclosurePath($0) })).credential)
    }

    @Test("every choice of the blocks of an aggregate", arguments: DocumentFormat.allCases)
    func everyAggregate(format: DocumentFormat) throws {
        let whole = try Self.aggregate(format: format)
        var forms: Set<[UInt8]> = []
        for choice in 0..<8 {
            let chosen = (1...3).filter { choice & 1 << ($0 - 1) != 0 }
            let form = try whole.disclosing(Set(chosen.map { DisclosurePath(["A", String($0)]) })).credential
            #expect(form.said == whole.said)
            forms.insert(form.bytes)
            #expect(form.target == (chosen.contains(1) ? .issuee(CredentialParserTests.issuee) : .undisclosed))
        }
        forms.insert(try whole.disclosing([DisclosurePath("A")]).credential.bytes)
        #expect(forms.count == 9)
    }

    @Test("a part joined to a form that lacks it", arguments: DocumentFormat.allCases)
    func expansion(format: DocumentFormat) throws {
        let whole = try Self.credential(format: format)
        let document = whole.document
        var form = try whole.compact().credential
        let parts: [OrderedValue] = [
            document["e"]!, document["r"]!, document["a"]!,
        ]
        for part in parts { form = try form.expanded(by: part) }
        #expect(form.bytes == whole.bytes)
        let home = document["a"]!["house"]!
        let hidden = try whole.disclosing([DisclosurePath("a")]).credential
        #expect(try hidden.expanded(by: home).document["a"]?["house"] == home)
        #expect(throws: DisclosureError.doesNotBelong) { try hidden.expanded(by: document["e"]!["boss"]!) }
        var forged = home
        forged["city"] = "Bonn"
        #expect(throws: DisclosureError.doesNotBelong) { try hidden.expanded(by: forged) }
        #expect(throws: DisclosureError.doesNotBelong) { try hidden.expanded(by: ["x": 1]) }
        #expect(throws: DisclosureError.doesNotBelong) { try hidden.expanded(by: "x") }

        let aggregate = try Self.aggregate(format: format)
        let list = aggregate.document["A"]!
        let compact = try aggregate.compact().credential
        #expect(try compact.expanded(by: list).bytes == aggregate.bytes)
        let some = try aggregate.disclosing([DisclosurePath("A/1")]).credential
        let both = try aggregate.disclosing([DisclosurePath("A/1"), DisclosurePath("A/3")]).credential
        #expect(try some.expanded(by: list[3]!) == both)
    }

    @Test("two forms together show what either shows")
    func merging() throws {
        let whole = try Self.credential()
        let one = try whole.disclosing([DisclosurePath("a/house"), DisclosurePath("e")]).credential
        let other = try whole.disclosing([DisclosurePath("a/open/plain"), DisclosurePath("r")]).credential
        let both = try whole.disclosing(
            Set(["a/house", "e", "a/open/plain", "r"].map { DisclosurePath($0) })
        ).credential
        #expect(try one.merged(with: other) == both)
        #expect(try other.merged(with: one) == both)
        #expect(try one.merged(with: one) == one)
        #expect(throws: DisclosureError.differentCredentials) { try one.merged(with: Self.aggregate()) }
        let aggregate = try Self.aggregate()
        let first = try aggregate.disclosing([DisclosurePath("A/1")]).credential
        let second = try aggregate.disclosing([DisclosurePath("A/2")]).credential
        #expect(
            try first.merged(with: second)
                == aggregate.disclosing([DisclosurePath("A/1"), DisclosurePath("A/2")]).credential)
    }

    @Test("a schema in the credential is folded up too")
    func schema() throws {
        var schema: OrderedMap = ["$id": "", "type": "object"]
        try SelfAddressing.seal(&schema, labels: ["$id"])
        var draft = CredentialBuilderTests.draft()
        draft.schema = SAID(schema["$id"]!.textValue!)!
        let compact = try CredentialBuilder.credential(draft, addressing: .mostCompact)
        let expanded = try compact.expanded(by: .map(schema))
        #expect(expanded.embeddedSchema != nil)
        #expect(expanded.said == compact.said)
        #expect(try expanded.disclosing([DisclosurePath("a")]).credential.bytes == compact.bytes)
    }

    @Test("what is addressed as serialised has one form only")
    func asSerialized() throws {
        let credential = try CredentialBuilder.credential(CredentialBuilderTests.draft())
        #expect(throws: DisclosureError.onlyWhole) { try credential.compact() }
    }

    @Test("parts that are not shown can't be chosen")
    func unknownParts() throws {
        let whole = try Self.credential()
        for text in ["x", "a/x", "i", "a/house/city", "a/house/city/x", "A", "a/open/plain/x"] {
            let path = DisclosurePath(text)
            #expect(throws: DisclosureError.notShown(path)) { try whole.disclosing([path]) }
        }
        let aggregate = try Self.aggregate()
        for text in ["A/0", "A/4", "A/x", "A/1/i"] {
            #expect(throws: DisclosureError.notShown(DisclosurePath(text))) {
                try aggregate.disclosing([DisclosurePath(text)])
            }
        }
        let form = try whole.disclosing([DisclosurePath("a")]).credential
        #expect(throws: DisclosureError.notShown(DisclosurePath("a/house"))) {
            try form.disclosing([DisclosurePath("a/house")])
        }
    }

    @Test("blocks that could be guessed are named")
    func guessable() throws {
        let whole = try Self.credential()
        #expect(Set(whole.guessableBlocks.map(\.description)) == ["a/open/plain", "e", "e/boss", "r"])
        #expect(try whole.disclosing([DisclosurePath("a")]).guessable.map(\.description) == ["a/open/plain", "e", "r"])
        #expect(
            try whole.disclosing([DisclosurePath("e"), DisclosurePath("r")]).guessable.map(\.description) == ["e/boss"])
        #expect(try Self.aggregate().guessableBlocks.isEmpty)
        let short = CredentialBuilderTests.draft(.attributes(["house": ["d": "", "u": "MAAA", "city": "Ulm"]]))
        let credential = try CredentialBuilder.credential(short, addressing: .mostCompact)
        #expect(credential.guessableBlocks.map(\.description) == ["a", "a/house"])
    }

    @Test("a block is right when the blocks in it are")
    func inner() throws {
        var map: OrderedMap = ["d": "", "inner": ["d": "", "x": 1]]
        try BlockAddressing.seal(&map, addressing: .mostCompact, format: .json)
        #expect(BlockAddressing.isSealed(map, format: .json))
        map["inner"]?["x"] = 2
        #expect(!BlockAddressing.isSealed(map, format: .json))
    }

    @Test("paths as text")
    func paths() {
        for labels in [["a"], ["a", "b/c"], ["a", "~", "~1"], ["a", "*"], ["", "x"]] {
            for isDeep in [false, true] {
                let path = DisclosurePath(labels, isDeep: isDeep)
                #expect(DisclosurePath(path.description) == path)
            }
        }
        #expect(DisclosurePath("*") == DisclosurePath([], isDeep: true))
        #expect(DisclosurePath("a/x~9~") == DisclosurePath(["a", "x~9~"]))
    }

    @Test("an aggregate that was tampered with")
    func aggregates() throws {
        let aggregate = try AttributeAggregate([["x": 1], ["y": 2]], nonces: Array(Self.nonces.prefix(2)))
        #expect(throws: AttributeAggregate.Fault.noSuchBlock) { try aggregate.disclosing([3]) }
        #expect(throws: AttributeAggregate.Fault.noSuchBlock) { try aggregate.disclosing([1]).disclosing([2]) }
        func fault(_ change: (inout [OrderedValue]) -> Void) -> AttributeAggregate.Fault? {
            var list = aggregate.value.listValue!
            change(&list)
            do throws(AttributeAggregate.Fault) {
                _ = try AttributeAggregate(.list(list), format: .json)
                return nil
            } catch { return error }
        }
        #expect(fault { _ in } == nil)
        #expect(fault { $0[1]["x"] = 2 } == .forged)
        #expect(fault { $0.swapAt(1, 2) } == .forged)
        #expect(fault { $0.removeLast() } == .forged)
        #expect(fault { $0[0] = $0[1]["d"]! } == .forged)
        #expect(fault { $0[1] = "x" } == .malformed)
        #expect(fault { $0[1] = 3 } == .malformed)
        #expect(fault { $0[1] = ["x": 1] } == .malformed)
        #expect(fault { $0 = [$0[0]] } == .malformed)
        #expect(fault { $0[0] = "x" } == .malformed)
    }
}
