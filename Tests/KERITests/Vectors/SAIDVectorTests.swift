// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI

/// `saids.json`: digests of maps without a version, with one, and of inceptions that hold theirs twice.
struct SAIDVectorTests {
    static let unversioned = VectorRow.load("unversioned", of: "saids.json") {
        "\($0["name"]?.textValue ?? "") \($0["kind"]?.textValue ?? "") \($0["code"]?.textValue ?? "")"
    }
    static let versioned = VectorRow.load("versioned", of: "saids.json") {
        "\($0["proto"]?.textValue ?? "") \($0["kind"]?.textValue ?? "")"
    }
    static let double = VectorRow.load("double", of: "saids.json") { $0["kind"]?.textValue ?? "" }

    @Test func runsEveryRowOfTheFile() {
        #expect(Self.unversioned.count == 42)
        #expect(Self.versioned.count == 4)
        #expect(Self.double.count == 4)
    }

    @Test(arguments: unversioned)
    func sealsMaps(_ row: VectorRow) throws {
        let format = try #require(DocumentFormat(vectorName: row.value.text("kind")))
        let code = try PrimitiveCode(vectorText: row.value.text("code"))
        let label = try row.value.text("label")
        var map = try #require(row.value["sad"]?.mapValue)
        if row.value["keripy_error"] != nil {
            #expect(throws: DocumentEncodingError.self) {
                try SelfAddressing.seal(&map, labels: [label], code: code, format: format)
            }
            return
        }
        let said = try row.value.text("said")
        try expectDummy(of: map, labels: [label], width: said.utf8.count, row, format)
        let bytes = try SelfAddressing.seal(&map, labels: [label], code: code, format: format)
        #expect(map[label] == .text(said))
        #expect(bytes == row.value["final"]?.blob)
        #expect(SelfAddressing.isSealed(map, labels: [label], format: format))
        // What was written reads back to the same map, and any change of it is noticed.
        let read = try OrderedValue(parsing: bytes.span, format: format)
        let back = try #require(read.mapValue)
        #expect(SelfAddressing.isSealed(back, labels: [label], format: format))
        var changed = map
        changed["more"] = true
        #expect(!SelfAddressing.isSealed(changed, labels: [label], format: format))
    }

    @Test(arguments: versioned)
    func sealsVersionedMaps(_ row: VectorRow) throws {
        let format = try #require(DocumentFormat(vectorName: row.value.text("kind")))
        let said = try row.value.text("said")
        var map = try #require(row.value["sad"]?.mapValue)
        try expectDummy(of: map, labels: ["d"], width: 44, row, format)
        map["d"] = ""
        map["v"] = .text(try row.value.text("proto") + "10" + row.value.text("kind") + "000000_")
        let bytes = try SelfAddressing.seal(&map, format: format, version: true)
        #expect(map["d"] == .text(said))
        #expect(map == row.value["sad"]?.mapValue)
        #expect(bytes == row.value["final"]?.blob)
        guard try row.value.text("proto") == "KERI" else { return }
        var parser = MessageParser()
        guard case .reply(let reply) = try parser.parse(bytes.span, format: format) else {
            Issue.record("not a reply")
            return
        }
        #expect(reply.said.text == said)
        #expect(reply.bytes == bytes)
    }

    @Test(arguments: double)
    func readsInceptions(_ row: VectorRow) throws {
        let format = try #require(DocumentFormat(vectorName: row.value.text("kind")))
        let final = try #require(row.value["final"]?.blob)
        var parser = MessageParser()
        guard case .keyEvent(let event) = try parser.parse(final.span, format: format) else {
            Issue.record("not a key event")
            return
        }
        #expect(event.said.text == (try row.value.text("d")))
        #expect(event.aid.text == (try row.value.text("i")))
        // The digest is over the same bytes with both members, or only `d` for a basic prefix, dummied.
        let labels = event.aid.text == event.said.text ? ["d", "i"] : ["d"]
        try expectDummy(of: event.members, labels: labels, width: 44, row, format)
        var map = try event.members
        for label in labels { map[label] = "" }
        #expect(try SelfAddressing.seal(&map, labels: labels, format: format, version: true) == final)
        // And the builder makes the same event from what it states.
        let stated = try #require(event.establishment)
        let built =
            labels.count == 2
            ? try EventBuilder.inception(stated, format: format)
            : try EventBuilder.basicInception(stated, format: format)
        #expect(built.bytes == final)
    }

    private func expectDummy(
        of map: OrderedMap, labels: [String], width: Int, _ row: VectorRow, _ format: DocumentFormat
    ) throws {
        var dummied = map
        for label in labels { dummied[label] = .text(String(repeating: "#", count: width)) }
        #expect(try OrderedValue.map(dummied).encoded(as: format) == row.value["dummy"]?.blob)
    }
}

extension PrimitiveCode {
    /// A code by its text.
    init(vectorText text: String) throws {
        let all: [PrimitiveCode] = [
            .blake3_256, .blake2b_256, .blake2s_256, .sha3_256, .sha2_256, .blake3_512, .blake2b_512, .sha3_512,
            .sha2_512,
        ]
        self = try #require(all.first { $0.text == text })
    }
}
