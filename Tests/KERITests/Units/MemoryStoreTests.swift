// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import StoreConformance
import Testing

@testable import KERI

/// What a transaction that fails leaves behind: nothing.
struct MemoryStoreTests {
    private struct Failure: Error {}

    @Test(arguments: StoreCheck.allCases)
    func conforms(_ check: StoreCheck) throws {
        try StoreConformance { MemoryKeyEventStore() }.run(check)
    }

    @Test func undoesEverything() throws {
        let verifier = Verifier()
        let witnesses = try TestKey.witnesses("w", 2)
        var author = try Author("a", witnesses: witnesses, toad: 1)
        var fork = author
        let first = try author.latest.witnessed(by: witnesses, at: [0])
        let newcomer = try Author("newcomer").latest
        let endpoint = try TestKey.named("endpoint", isTransferable: false)
        try verifier.offer([first, author.interact()])
        let before = try Contents(verifier.store)
        let location = try Routed.location(of: endpoint.aid, dated: verifier.now)
        var parser = MessageParser()
        let reply = try parser.parse(location.span, format: .json)
        let signed = try Routed.signed(location, by: endpoint)
        let contradiction = try fork.interact(["other"])
        let recovery = try { () throws -> Signed in
            var copy = try Author("a", witnesses: witnesses, toad: 1)
            return try copy.rotate()
        }()
        let processor = verifier.processor
        let now = verifier.now
        #expect(throws: Failure.self) {
            try verifier.store.write { transaction in
                for event in [newcomer, author.events[0], contradiction, recovery] {
                    _ = try processor.apply(
                        .keyEvent(event.event), with: event.attachments, to: &transaction, now: now)
                }
                _ = try processor.apply(reply, with: signed, to: &transaction, now: now)
                transaction.removeEscrow(transaction.escrows(reason: nil, aid: nil, limit: 1)[0].key)
                #expect(transaction.duplicities(of: nil).count == 1)
                #expect(transaction.keyState(of: author.aid)?.sn.value == 1)
                throw Failure()
            }
        }
        #expect(try Contents(verifier.store) == before)
        // A read that wrote is undone too.
        try verifier.store.read { transaction in
            _ = try processor.apply(.keyEvent(newcomer.event), with: newcomer.attachments, to: &transaction, now: now)
            #expect(transaction.keyState(of: newcomer.event.aid) != nil)
        }
        #expect(try Contents(verifier.store) == before)
        #expect(try verifier.offer(newcomer) == .accepted(ordinal: 0))
    }

    private struct Contents: Equatable {
        let states: [KeyState]
        let records: [EventRecord]
        let escrows: [EscrowEntry]
        let duplicities: [DuplicityRecord]

        init(_ store: MemoryKeyEventStore) throws {
            (states, records, escrows, duplicities) = try store.read { transaction in
                let aids = transaction.aids(after: nil, limit: .max)
                return (
                    aids.compactMap { transaction.keyState(of: $0) },
                    aids.flatMap { transaction.records(of: $0, from: 0, limit: .max) },
                    transaction.escrows(reason: nil, aid: nil, limit: .max), transaction.duplicities(of: nil)
                )
            }
        }
    }

    @Test func refusesWritesThatDontContinue() throws {
        let verifier = Verifier()
        var author = try Author("a")
        try verifier.offer(author.latest)
        let record = EventRecord(
            try author.interact().event, ordinal: 5, seenAt: verifier.now, proof: EventProof())
        let state = author.state
        #expect(throws: StoreError.self) {
            try verifier.store.write { try $0.append(record, leadingTo: state) }
        }
        let stranger = EventRecord(try Author("b").latest.event, ordinal: 1, seenAt: verifier.now, proof: EventProof())
        #expect(throws: StoreError.self) {
            try verifier.store.write { try $0.append(stranger, leadingTo: state) }
        }
        #expect(throws: StoreError.self) {
            try verifier.store.write { try $0.setProof(EventProof(), of: author.aid, ordinal: 7) }
        }
        #expect(StoreError(.full, "no room").description == "full: no room")
    }

    @Test func pagesThroughLogs() throws {
        let verifier = Verifier()
        var authors = try (0..<5).map { try Author("author \($0)") }
        for place in authors.indices {
            for _ in 0..<place { try authors[place].interact() }
            try verifier.offer(authors[place].events)
        }
        let aids = authors.map(\.aid).sorted()
        try verifier.store.read { transaction in
            #expect(transaction.aids(after: nil, limit: 2) == Array(aids[..<2]))
            #expect(transaction.aids(after: aids[1], limit: 10) == Array(aids[2...]))
            let last = authors[4].aid
            #expect(transaction.records(of: last, from: 3, limit: 1).map(\.sn.value) == [3])
            #expect(transaction.records(of: last, from: 9, limit: 1).isEmpty)
            #expect(transaction.record(of: last, at: SequenceNumber(9)) == nil)
            #expect(transaction.record(of: last, at: SequenceNumber(.max)) == nil)
        }
    }

    /// A key state read back from its record is the same, whatever it says.
    @Test func keyStatesSurviveTheirRecord() throws {
        let witnesses = try TestKey.witnesses("w", 3)
        let delegator = try Author("delegator")
        var author = try Author(
            "a", keys: 2, threshold: .weighted([["1/2", "1/2"]]), next: 2, witnesses: Array(witnesses[..<2]),
            traits: ["EO", "DND"], delegator: delegator.aid)
        #expect(KeyState(stored: author.state.record) == author.state)
        try author.rotate(cut: [witnesses[0]], add: [witnesses[2]], toad: 1)
        let record = author.state.record
        let read = try #require(KeyState(stored: record))
        #expect(read.record == record)
        #expect(read.establishmentCuts == [witnesses[0].aid])
        for label in record.labels where label != "vn" {
            var broken = record
            broken[label] = label == "c" ? "x" : 1
            #expect(KeyState(stored: broken) == nil, "\(label)")
            broken[label] = nil
            #expect(KeyState(stored: broken) == nil, "\(label)")
        }
    }
}
