// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

/// Random damage: no crash, no endless loop, no gap, the same result however the bytes arrive.
@Suite struct MutationTests {
    static let corpus: [[UInt8]] =
        StreamVectorTests.rows.map(\.stream.bytes)
        + KeyEventMessageTests.valid.flatMap { $0.steps.prefix(3).map(\.message.bytes) }
        + Version2Tests.file.messages.map(\.raw.bytes)

    @Test func damagedStreams() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        for round in 0..<600 {
            var bytes = try #require(Self.corpus.randomElement(using: &random))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<max(1, bytes.count), using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes.remove(at: place)
                case 3: bytes.insert(.random(in: 0...255, using: &random), at: place)
                case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 50)], at: place)
                default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 1...20, using: &random)))
                }
            }
            let comment: Comment = "seed \(seed), round \(round)"
            let whole = events(of: bytes)
            var position = 0
            for event in whole {
                switch event {
                case .message(let frame):
                    #expect(frame.range.lowerBound >= position, comment)
                    position = frame.range.upperBound
                    // What was read can be written, and gives the same values again.
                    let table = frame.version.table
                    let written = try frame.attachments.encoded(table: table)
                    #expect(try Attachments(written.span, table: table).encoded(table: table) == written, comment)
                case .fault(let fault):
                    #expect(fault.resumesAt >= position && fault.consumedThrough <= fault.resumesAt, comment)
                    #expect(fault.resumesAt <= bytes.count, comment)
                    position = fault.resumesAt
                default: Issue.record(comment)
                }
            }
            let parts = events(of: bytes, inPartsOf: [Int.random(in: 1...200, using: &random)]).events
            #expect(parts.compactMap(\.frame) == whole.compactMap(\.frame), comment)
            #expect(parts.compactMap(\.fault?.offset) == whole.compactMap(\.fault?.offset), comment)
            let tree = AnnotatedStream(bytes.span)
            #expect(whole.contains { $0.fault != nil } ? tree.hasFaults : true, comment)
            #expect(tree.text.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0a }, comment)
            _ = try tree.value.encoded(as: .json)
        }
    }

    /// A primitive, counter or indexed signature is accepted only in the spelling that writing it gives.
    @Test func oneSpelling() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let samples = PrimitiveTests.file.round_trips.map { (Array($0.qb64.utf8), bytes(hex: $0.qb2)) }
        var accepted = 0
        for round in 0..<20_000 {
            let comment: Comment = "seed \(seed), round \(round)"
            var (text, binary) = try #require(samples.randomElement(using: &random))
            guard text.count < 200 else { continue }
            let place = Int.random(in: 0..<text.count, using: &random)
            text[place] = Base64URL.character(of: .random(in: 0..<64, using: &random))
            binary[Int.random(in: 0..<binary.count, using: &random)] = .random(in: 0...255, using: &random)
            for table in CodeTable.allCases {
                if let primitive = try? Primitive(text: text.span, table: table) {
                    accepted += 1
                    #expect(primitive.textBytes == text, comment)
                    #expect(primitive.encodedCount(in: .text) == text.count, comment)
                    #expect(try Primitive(binary: primitive.binary.span, table: table) == primitive, comment)
                }
                if let primitive = try? Primitive(binary: binary.span, table: table) {
                    #expect(primitive.binary == binary, comment)
                    #expect(try Primitive(text: primitive.textBytes.span, table: table) == primitive, comment)
                }
                if let counter = try? Counter(text: String(decoding: text.prefix(4), as: UTF8.self), table: table) {
                    #expect(counter.encoded(in: .text) == Array(text.prefix(4)), comment)
                }
            }
            if let signature = try? IndexedSignature(text: String(decoding: text, as: UTF8.self)) {
                #expect(signature.encoded(in: .text) == text, comment)
            }
        }
        #expect(accepted > 1000)
    }
}
