// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkTestSupport
import Testing

/// `streams.json`: framing of whole streams. Where KERIpy flushes the rest of its buffer after a fault, the reader finds
/// the next message (facts 0.20).
@Suite struct StreamVectorTests {
    struct File: Decodable { var rows: [Row] }

    struct Row: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var stream: Blob
        var expect: Expect
        var testDescription: String { name }

        struct Expect: Decodable, Sendable { var unconsumed: Int }
    }

    static let rows = try! Vectors.decode(File.self, from: "KERI/streams.json").rows

    /// What each row frames to.
    static let expected: [String: [String]] = {
        let four = ["JSON 0+299", "JSON 391+203", "JSON 686+352", "JSON 1130+203"].map {
            $0 + ", controller signatures"
        }
        func signed(_ bodies: String...) -> [String] { bodies.map { $0 + ", controller signatures" } }
        return [
            "concatenated": four,
            "concatenated-pipelined": signed("JSON 0+299", "JSON 395+203", "JSON 694+352", "JSON 1142+203"),
            "mixed-domains": signed("JSON 0+299", "JSON 391+203", "JSON 663+352", "JSON 1111+203"),
            "two-aids-interleaved": signed("JSON 0+299", "CBOR 391+249", "JSON 709+203", "JSON 1004+352"),
            // Framing is not at fault here: the events are.
            "bad-message-in-middle": four,
            "bad-signature-in-middle": four,
            "unknown-counter-pipelined": signed("JSON 0+299") + ["attachment(unknownCode) at 598, 690, 690"]
                + signed("JSON 690+203", "JSON 985+352"),
            "unknown-counter-bare": signed("JSON 0+299") + ["attachment(unknownCode) at 594, 594, 686"]
                + signed("JSON 686+203", "JSON 981+352"),
            "leading-attachments": ["coldStart at 0, 0, 92"] + signed("JSON 92+299"),
            "truncated-tail": signed("JSON 0+299", "JSON 391+203", "JSON 686+352")
                + ["truncated at 1415, 1337, 1415"],
            "whitespace-between": signed("JSON 0+299") + ["coldStart at 391, 391, 392"] + signed("JSON 392+203"),
            "split-groups": signed("JSON 0+299", "JSON 483+203"),
        ]
    }()

    @Test(arguments: rows)
    func framing(_ row: Row) throws {
        let found = events(of: row.stream.bytes)
        #expect(found.map(summary) == Self.expected[row.name])
        let consumed = events(of: row.stream.bytes, inPartsOf: [.max], isFinished: false).consumedThrough
        #expect(row.stream.bytes.count - consumed == row.expect.unconsumed)
        // The structure agrees, unless only a full reading can find the fault.
        let structure = events(of: row.stream.bytes, mode: .structure)
        if row.name != "unknown-counter-pipelined" {
            #expect(structure.compactMap(\.frame?.range) == found.compactMap(\.frame?.range))
        }
    }

    @Test func numberOfCases() {
        #expect(Self.rows.count == 12)
        #expect(Set(Self.rows.map(\.name)) == Set(Self.expected.keys))
    }

    @Test(arguments: rows, [[1], [2, 3, 5], [29], [300, 1, 90]])
    func chunksMakeNoDifference(_ row: Row, _ sizes: [Int]) {
        let whole = events(of: row.stream.bytes)
        let parts = events(of: row.stream.bytes, inPartsOf: sizes).events
        #expect(parts.compactMap(\.frame) == whole.compactMap(\.frame))
        #expect(parts.compactMap(\.fault?.kind) == whole.compactMap(\.fault?.kind))
        #expect(parts.compactMap(\.fault?.offset) == whole.compactMap(\.fault?.offset))
        #expect(parts.compactMap(\.fault?.consumedThrough) == whole.compactMap(\.fault?.consumedThrough))
    }

    @Test(arguments: rows)
    func truncationAtEveryByte(_ row: Row) {
        let bytes = row.stream.bytes
        let all = events(of: bytes)
        let frames = all.compactMap(\.frame)
        let bodies = Set(frames.map(\.body) + all.compactMap { $0.fault?.body })
        for count in 0..<bytes.count {
            let cut = events(of: Array(bytes[..<count])).compactMap(\.frame)
            // Whole messages before the cut are unharmed; the one that is cut is missing, or ends at a group boundary.
            let whole = frames.filter { $0.range.upperBound <= count }
            #expect(Array(cut.prefix(whole.count)) == whole)
            for frame in cut.dropFirst(whole.count) {
                #expect(bodies.contains(frame.body))
            }
            let waiting = events(of: Array(bytes[..<count]), inPartsOf: [100], isFinished: false)
            #expect(waiting.consumedThrough <= count)
        }
    }
}

extension StreamEvent {
    var frame: MessageFrame? {
        if case .message(let frame) = self { frame } else { nil }
    }

    var fault: StreamFault? {
        if case .fault(let fault) = self { fault } else { nil }
    }
}
