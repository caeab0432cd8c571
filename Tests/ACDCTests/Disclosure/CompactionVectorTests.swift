// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import Foundation
import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

/// `compaction` of v2_samples.json (keripy main) and `compact` of acdc.json (keripy 1.1.17).
@Suite("Compaction vectors")
struct CompactionVectorTests {
    struct Block {
        let format: DocumentFormat
        let row: OrderedMap
    }

    /// Native bodies are a matter of version 2 and have no document format here.
    static func rows(_ part: String) throws -> (all: Int, read: [Block]) {
        let bytes = try Vectors.data("KERI/v2_samples.json")
        let document = try OrderedValue(
            parsingJSON: bytes.span, strictness: .interoperable, limits: .init(bodyBytes: 64 << 20))
        let rows = document.value(at: "compaction", part)?.listValue ?? []
        let formats: [String: DocumentFormat] = ["JSON": .json, "CBOR": .cbor, "MGPK": .messagePack]
        return (
            rows.count,
            rows.compactMap { row in
                row["kind"]?.textValue.flatMap { formats[$0] }.map { Block(format: $0, row: row.mapValue!) }
            }
        )
    }

    static func raw(_ value: OrderedValue?) -> [UInt8] {
        [UInt8](Data(base64Encoded: value?["b64"]?.textValue ?? "") ?? Data())
    }

    @Test("most compact digests of nested blocks, in every form")
    func blocks() throws {
        let (all, read) = try Self.rows("compact")
        #expect(all == 12)
        #expect(read.count == 9)
        var disclosures = 0
        for block in read {
            var map = try #require(block.row["input"]?.mapValue)
            try BlockAddressing.seal(&map, addressing: .mostCompact, format: block.format)
            let said = try #require(block.row["said"]?.textValue)
            #expect(map["d"] == .text(said))
            #expect(BlockAddressing.isSealed(map, format: block.format))
            #expect(BlockAddressing.folded(map) == block.row["compact"]?.mapValue)
            for disclosure in block.row["disclosures"]?.listValue ?? [] {
                disclosures += 1
                let shown = try #require(disclosure["mad"]?.mapValue)
                #expect(disclosure["said"] == .text(said))
                #expect(BlockAddressing.isSealed(shown, format: block.format))
                #expect(try shown.encoded(as: block.format) == Self.raw(disclosure["raw"]))
            }
        }
        #expect(disclosures == 18)
    }

    @Test("aggregates and all their disclosures")
    func aggregates() throws {
        let (all, read) = try Self.rows("aggregate")
        #expect(all == 4)
        #expect(read.count == 3)
        var disclosures = 0
        for block in read {
            let input = try #require(block.row["input"]?.listValue).dropFirst().map { $0.mapValue! }
            let nonces = try input.map { try Primitive(text: $0["u"]!.textValue!) }
            let members = input.map { map in
                var copy = map
                copy["d"] = nil
                copy["u"] = nil
                return copy
            }
            let aggregate = try AttributeAggregate(members, nonces: nonces, format: block.format)
            #expect(block.row["agid"] == .text(aggregate.said.text))
            #expect(aggregate.value == block.row["ael"])
            #expect(try aggregate.value.encoded(as: block.format) == Self.raw(block.row["raw"]))
            for disclosure in block.row["disclosures"]?.listValue ?? [] {
                disclosures += 1
                let numbers = Set(disclosure["indices"]!.listValue!.map { $0.integerValue! })
                #expect(try aggregate.disclosing(numbers).value == disclosure["ael"])
                let read = try AttributeAggregate(disclosure["ael"]!, format: block.format)
                #expect(read.said == aggregate.said)
            }
        }
        #expect(disclosures == 12)
    }

    @Test("forms of keripy 1.x have digests of their own")
    func keripy() throws {
        let bytes = try Vectors.data("KERI/acdc.json")
        let document = try OrderedValue(
            parsingJSON: bytes.span, strictness: .interoperable, limits: .init(bodyBytes: 64 << 20))
        let rows = document["compact"]?.listValue ?? []
        #expect(rows.count == 1)
        var parser = CredentialParser()
        for row in rows {
            let expandedBytes = Self.raw(row["expanded"])
            let compactBytes = Self.raw(row["compact"])
            let expanded = try parser.parse(expandedBytes.span, format: .json)
            let compact = try parser.parse(compactBytes.span, format: .json)
            #expect(row["expanded_said"] == .text(expanded.said.text))
            #expect(row["compact_said"] == .text(compact.said.text))
            #expect(expanded.addressing == .asSerialized)
            #expect(compact.addressing == .mostCompact)
            #expect(expanded.attributes?.said == compact.attributes?.said)
            #expect(expanded.edges?.said == compact.edges?.said)
            #expect(expanded.rules?.said == compact.rules?.said)
            #expect(row.value(at: "section_saids", "a") == .text(expanded.attributes!.said!.text))
        }
    }
}
