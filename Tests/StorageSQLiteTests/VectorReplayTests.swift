// SPDX-License-Identifier: Apache-2.0

import CESR
import Foundation
import KERI
import KelmarkTestSupport
import StorageSQLite
import Testing

/// keripy's key event log vectors over SQLite: after every step the store holds what memory holds, the store is opened
/// anew between all steps, and at the end it verifies from nothing.
@Suite struct VectorReplayTests {
    struct KELCase: Decodable, CustomTestStringConvertible, Sendable {
        struct Step: Decodable, Sendable { let message: Blob }

        let name: String
        let cloned: Bool
        let steps: [Step]

        var testDescription: String { name }

        static func load() -> [KELCase] {
            struct File: Decodable { let cases: [KELCase] }
            return ["kel_valid.json", "kel_invalid.json"]
                .flatMap { (try? Vectors.decode(File.self, from: "KERI/\($0)").cases) ?? [] }
        }
    }

    static let cases = KELCase.load()

    @Test func runsEveryCaseOfTheFiles() {
        #expect(Self.cases.count == 49)
        #expect(Self.cases.reduce(0) { $0 + $1.steps.count } == 293)
    }

    @Test(arguments: cases) func isKeptAsInMemory(_ kel: KELCase) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let policy = ProcessingPolicy(trustsReplayTimes: kel.cloned)
        let memory = MemoryKeyEventStore()
        for (place, step) in kel.steps.enumerated() {
            let now = Timestamp(seconds: 1_704_067_200 + Int64(place))
            let store = try SQLiteKeyEventStore(path: path)
            let ours = EventProcessor(store: store, policy: policy)
            let theirs = EventProcessor(store: memory, policy: policy)
            let found = try outcomes(of: ours, step.message.bytes, now)
            let expected = try outcomes(of: theirs, step.message.bytes, now)
            #expect(found == expected, "step \(place)")
            #expect(try ours.resume(now: now) == theirs.resume(now: now), "step \(place)")
            #expect(try Contents(store) == Contents(memory), "step \(place)")
        }
        let result = try SQLiteKeyEventStore(path: path).verifyAll()
        #expect(result.problems == [])
    }

    private func outcomes(
        of processor: EventProcessor<some KeyEventStore>, _ bytes: [UInt8], _ now: Timestamp
    ) throws -> [EventOutcome?] {
        var stream = StreamProcessor(processor)
        var outcomes: [EventOutcome?] = []
        try stream.process(bytes, now: now) { report in
            if case .decided(_, _, let outcome) = report.result {
                outcomes.append(outcome)
            } else {
                outcomes.append(nil)
            }
        }
        return outcomes
    }

    /// All that a store holds.
    private struct Contents: Equatable {
        let states: [KeyState?]
        let records: [[EventRecord]]
        let escrows: [EscrowEntry]
        let replies: [[ReplyRecord]]
        let duplicities: [DuplicityRecord]

        init(_ store: some KeyEventStore) throws {
            (states, records, escrows, replies, duplicities) = try store.read { transaction in
                let aids = try transaction.aids(after: nil, limit: 1000)
                return (
                    try aids.map { try transaction.keyState(of: $0) },
                    try aids.map { try transaction.records(of: $0, from: 0, limit: 1000) },
                    try transaction.escrows(reason: nil, aid: nil, limit: 1000),
                    try aids.map { try transaction.replies(of: $0) }, try transaction.duplicities(of: nil)
                )
            }
        }
    }
}
