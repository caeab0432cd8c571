// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// The thresholds of `cesr_typed.json`: size, normal form, truth tables, and those that are refused.
struct ThresholdVectorTests {
    static let rows = VectorRow.load("tholder", of: "cesr_typed.json") { row in
        (row["sith"].flatMap { try? $0.encoded(as: .json) }).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    @Test func runsEveryRowOfTheFile() {
        #expect(Self.rows.count == 23)
        #expect(Self.rows.count { $0.value["keripy_error"] != nil } == 8)
        #expect(Self.rows.reduce(0) { $0 + ($1.value["satisfy"]?.listValue?.count ?? 0) } == 186)
    }

    @Test(arguments: rows)
    func readsThresholds(_ row: VectorRow) throws {
        let written = try #require(row.value["sith"])
        guard row.value["keripy_error"] == nil else {
            #expect(throws: ThresholdError.self) { try Threshold(written) }
            #expect(throws: MessageError.self) { try Self.read(written) }
            return
        }
        // A list inside a text and a bare number are forms of keripy's API; of the two only the number stands in bodies.
        if case .text(let text) = written, text.hasPrefix("[") {
            #expect(throws: MessageError.self) { try Self.read(written) }
            let inside = try OrderedValue(parsing: Array(text.utf8).span, format: .json)
            try check(try Self.read(inside), row)
            return
        }
        try check(try Self.read(written), row)
        if case .integer = written { return }
        try check(try Threshold(written), row)
    }

    private func check(_ threshold: Threshold, _ row: VectorRow) throws {
        #expect(threshold.minimumKeys == row.value["size"]?.integerValue)
        #expect(threshold.value == row.value["normalized"])
        #expect(threshold.number.map(Int.init) == row.value["num"]?.integerValue)
        #expect((threshold.weights != nil) == row.value["weighted"]?.booleanValue)
        for entry in row.value["satisfy"]?.listValue ?? [] {
            let places = (entry["indices"]?.listValue ?? []).compactMap(\.integerValue)
            #expect(threshold.isSatisfied(by: SignerSet(places)) == entry["ok"]?.booleanValue, "\(places)")
            // A signer that signs twice counts once.
            let repeated = SignerSet(places + places)
            #expect(threshold.isSatisfied(by: repeated) == entry["ok"]?.booleanValue, "\(places) twice")
        }
        // The canonical form reads back to the same threshold.
        #expect(try Threshold(threshold.value) == threshold)
    }

    /// The threshold as the parser reads it from the `kt` of an event.
    static func read(_ value: OrderedValue) throws -> Threshold {
        let author = try Author("threshold", keys: 2, threshold: .count(2))
        let edited = try author.latest.edited(digests: ["d", "i"]) { $0["kt"] = value }
        return try #require(edited.event.establishment?.signingThreshold)
    }

    /// The table of facts 21, as far as it is not in the file.
    @Test func followsTheTableOfTheFacts() throws {
        let mixed = try Threshold.weighted([["1/2", "1/2", "1/4", "1/4"]])
        #expect(mixed.isSatisfied(by: [0, 1]))
        #expect(mixed.isSatisfied(by: [0, 2, 3]))
        #expect(!mixed.isSatisfied(by: [1, 2]))
        let nested = try Threshold.weighted([["1/2", "1/2"], ["1"]])
        #expect(!nested.isSatisfied(by: [0, 1]))
        #expect(nested.isSatisfied(by: [0, 1, 2]))
        #expect(!nested.isSatisfied(by: [2]))
        #expect(!Threshold.count(0).isSatisfied(by: [0, 1, 2]))
        #expect(!Threshold.count(0).isSatisfied(by: []))
        #expect(try Threshold.weighted([["1/2", "1/2", "1/2"]]).isSatisfied(by: [0, 2]))
        #expect(mixed.summary == "1/2, 1/2, 1/4, 1/4")
        #expect(nested.summary == "1/2, 1/2 and 1")
        #expect(Threshold.count(2).summary == "2")
    }

    @Test(arguments: [
        "", "a", "1/", "/2", "1/0", "2/1", "1/2/2", "1.5", "0.5", "-1", "+1", " 1", "1/2 ", "1e1",
        "1234567890/1234567890", ".", "1.", "3",
    ])
    func refusesWeights(_ text: String) {
        #expect(throws: ThresholdError.badWeight) { try Threshold.weighted([[text, "1"]]) }
    }

    @Test func refusesWhatCannotBeSatisfied() throws {
        #expect(throws: ThresholdError.clauseBelowOne) { try Threshold.weighted([["1/2", "1/4"]]) }
        #expect(throws: ThresholdError.clauseBelowOne) { try Threshold.weighted([["1"], ["1/2"]]) }
        #expect(throws: ThresholdError.empty) { try Threshold.weighted([]) }
        #expect(throws: ThresholdError.empty) { try Threshold.weighted([[]]) }
        #expect(throws: ThresholdError.malformed) { try Threshold(.integer("1")) }
        #expect(throws: ThresholdError.malformed) { try Threshold(["1/2", 1]) }
        #expect(throws: ThresholdError.malformed) { try Threshold([["1"], "1"]) }
        #expect(throws: ThresholdError.empty) { try Threshold([]) }
        #expect(throws: ThresholdError.malformed) { try Threshold("100000000") }
        #expect(throws: ThresholdError.malformed) { try Threshold("01") }
        let primes = ["999999937", "999999929", "999999893"].map { "1/\($0)" }
        #expect(throws: ThresholdError.tooFine) { try Threshold.weighted([primes + ["1"]]) }
    }
}
