// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// `streams.json`: whole streams with faults in them. keripy throws its buffer away at a framing error; we may recover
/// more, and where we do `deviations.json` says so.
struct StreamVectorTests {
    static let rows = VectorRow.load("rows", of: "streams.json") { $0["name"]?.textValue ?? "" }

    /// The part of `deviations.json` about streams.
    struct Deviations: Decodable {
        struct Stream: Decodable {
            let name: String
            let facts: String
            let why: String
            /// Where the log of each AID ends with us; nil when nothing of it is accepted.
            let sn: [String: String?]
            let unconsumed: Int?
        }

        let streams: [Stream]

        static func load() throws -> [Stream] {
            try Vectors.decode(Deviations.self, from: "KERI/deviations.json").streams
        }
    }

    @Test func runsEveryRowOfTheFile() throws {
        #expect(Self.rows.count == 12)
        for entry in try Deviations.load() {
            #expect(Self.rows.contains { $0.name == entry.name })
            #expect(!entry.facts.isEmpty && !entry.why.isEmpty)
        }
    }

    @Test(arguments: rows)
    func reads(_ row: VectorRow) throws {
        let stream = try #require(row.value["stream"]?.blob)
        let deviation = try Deviations.load().first { $0.name == row.name }
        for batch in [1, 3, 100] {
            let verifier = Verifier()
            var processor = StreamProcessor(verifier.processor, batch: batch)
            var covered: [Range<Int>] = []
            var cut: Int?
            try processor.process(stream, now: verifier.now) { report in
                covered.append(report.range)
                if case .fault(let fault) = report.result, fault.kind == .truncated { cut = fault.consumedThrough }
            }
            // Reports are in order and don't overlap.
            for (one, other) in zip(covered, covered.dropFirst()) { #expect(one.upperBound <= other.lowerBound) }
            _ = try verifier.resume()
            let states = try #require(row.value["expect"]?["state"]?.mapValue)
            for (label, expected) in states.members.map({ ($0.label, $0.value) }) {
                let aid = try #require(AID(label))
                let state = try verifier.state(of: aid)
                let position = expected["s"]?.textValue.flatMap { SequenceNumber(hex: $0) }
                if let sn = deviation?.sn[label] {
                    #expect(state?.sn.hex == sn)
                    // More than keripy, never less.
                    #expect((state?.sn).map { $0 > position ?? .zero || position == nil } ?? false)
                    continue
                }
                guard let expected = expected.mapValue else {
                    #expect(state == nil)
                    continue
                }
                var record = try #require(state?.record)
                record["vn"] = nil
                record["dt"] = nil
                #expect(record == expected)
            }
            let unconsumed = cut.map { stream.count - $0 } ?? 0
            #expect(unconsumed == deviation?.unconsumed ?? row.value["expect"]?["unconsumed"]?.integerValue)
        }
    }
}
