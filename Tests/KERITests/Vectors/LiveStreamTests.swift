// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// Streams captured from real `kli` processes: key logs are accepted, what belongs to registries and credentials is
/// reported and left alone.
struct LiveStreamTests {
    struct Expectation: CustomTestStringConvertible, Sendable {
        let file: String
        /// How many messages of each sort the stream holds.
        let keyEvents: Int
        let replies: Int
        let others: Int

        var testDescription: String { file }
    }

    static let files = [
        Expectation(file: "kli-vc-export-demo.cesr", keyEvents: 6, replies: 0, others: 3),
        Expectation(file: "kli-vc-export-full.cesr", keyEvents: 6, replies: 0, others: 3),
        Expectation(file: "witness-oobi-alice.cesr", keyEvents: 7, replies: 6, others: 0),
        Expectation(file: "witness-oobi-self.cesr", keyEvents: 1, replies: 3, others: 0),
    ]

    @Test(arguments: files)
    func replays(_ expectation: Expectation) throws {
        let stream = try Vectors.data("KERI/live/\(expectation.file)")
        let verifier = Verifier()
        verifier.now = Timestamp("2100-01-01T00:00:00.000000+00:00") ?? verifier.now
        var processor = StreamProcessor(verifier.processor)
        var accepted = 0
        var verified = 0
        var undecided = 0
        var end = 0
        try processor.process(stream, now: verifier.now) { report in
            #expect(report.range.lowerBound == end)
            end = report.range.upperBound
            switch report.result {
            case .decided(_, _, .accepted): accepted += 1
            case .decided(_, _, .verified): verified += 1
            case .decided(let kind, _, .rejected(.unknownRoute)) where kind.keyEvent == nil: undecided += 1
            case .unreadable(let error) where error.code == .unsupportedVersion: undecided += 1
            default: Issue.record("\(report.range): \(report.result)")
            }
        }
        #expect(end == stream.count)
        #expect(accepted == expectation.keyEvents)
        #expect(verified == expectation.replies)
        #expect(undecided == expectation.others)
        #expect(try verifier.escrows().isEmpty)
        // Once more: nothing moves.
        try processor.process(stream, now: verifier.now) { report in
            if case .decided(let kind, _, let outcome) = report.result, kind.keyEvent != nil {
                #expect(outcome == .duplicate(added: 0))
            }
        }
    }
}
