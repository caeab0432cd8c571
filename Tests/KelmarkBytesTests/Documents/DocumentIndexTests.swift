// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct DocumentIndexTests {
    @Test func `A JSON event becomes one token for every label and value`() throws {
        let document = try Scanned(
            json: #"{"v":"KERI10JSON000000_","k":["A","B"],"a":[{"d":1}],"c":[],"e":{},"n":null}"#)
        let index = document.index
        let kinds = index.tokens.map(\.kind)
        #expect(
            kinds == [
                .map, .text, .text, .text, .list, .text, .text, .text, .list, .map, .text, .integer, .text, .list,
                .text, .map, .text, .null,
            ])
        #expect(index.tokens[0].count == 6)
        #expect(index.tokens[0].range == 0..<document.bytes.count)
        #expect(Int(index.tokens[0].next) == index.tokens.count)
        let list = try #require(document.value("a"))
        #expect(index.tokens[list].count == 1)
        #expect(document.raw(list) == Array(#"[{"d":1}]"#.utf8))
        #expect(Int(index.tokens[list].next) == list + 4)
        #expect(document.value("z") == nil)
        #expect(document.value("z", in: 1) == nil)
        #expect(document.text(2, equals: "KERI10JSON000000_"))
        #expect(!document.text(2, equals: "KERI10JSON000001_"))
        #expect(document.string(5) == "A")
    }

    @Test func `A scan that throws leaves no tokens`() throws {
        let good = Array("[1]".utf8)
        let bad = Array("[1,]".utf8)
        var index = try DocumentIndex(good.span, format: .json)
        #expect(index.tokens.count == 2)
        do {
            try index.scan(bad.span, format: .json)
            Issue.record("scanned")
        } catch {
            #expect(error == DocumentError(.unexpectedByte, at: 3))
        }
        #expect(index.tokens.isEmpty)
    }

    @Test func `The three formats of one value give the same tokens`() throws {
        let json = Array(#"{"a":[1,true,"x"],"b":{}}"#.utf8)
        let cbor: [UInt8] = [0xa2, 0x61, 0x61, 0x83, 1, 0xf5, 0x61, 0x78, 0x61, 0x62, 0xa0]
        let pack: [UInt8] = [0x82, 0xa1, 0x61, 0x93, 1, 0xc3, 0xa1, 0x78, 0xa1, 0x62, 0x80]
        let indexes = [
            try DocumentIndex(json.span, format: .json), try DocumentIndex(cbor.span, format: .cbor),
            try DocumentIndex(pack.span, format: .messagePack),
        ]
        for index in indexes {
            #expect(index.tokens.map(\.kind) == indexes[0].tokens.map(\.kind))
            #expect(index.tokens.map(\.count) == indexes[0].tokens.map(\.count))
            #expect(index.tokens.map(\.next) == indexes[0].tokens.map(\.next))
        }
        #expect(indexes[1].tokens[0].range == 0..<cbor.count)
        #expect(indexes[2].tokens[0].range == 0..<pack.count)
    }

    @Test func `Text is equal only as a whole`() throws {
        let document = try Scanned(json: #"{"v":"KERI10JSON","n":"\n"}"#)
        #expect(document.text(2, equals: "KERI10JSON"))
        #expect(!document.text(2, equals: "KERI"))
        #expect(!document.text(2, equals: "KERI10JSON\""))
        #expect(!document.text(2, equals: Array("KERI".utf8)))
        #expect(document.text(4, equals: "\n"))
        #expect(!document.text(4, equals: "\nx"))
        #expect(!document.text(4, equals: Array("\nx".utf8)))
    }

    @Test func `A token of another kind has no such value`() throws {
        let document = try Scanned(json: #"{"list":["a","b"],"text":"12","flag":true}"#)
        let list = try #require(document.value("list"))
        let text = try #require(document.value("text"))
        #expect(document.value("a", in: list) == nil)
        #expect(document.value("a", in: document.index.tokens.count) == nil)
        #expect(document.unsigned(text) == nil)
        #expect(document.boolean(text) == nil)
        #expect(document.boolean(list) == nil)
        #expect(document.string(list) == "")
        #expect(!document.text(list, equals: ""))
    }
}
