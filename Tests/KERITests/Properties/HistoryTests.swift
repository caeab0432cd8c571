// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Random histories end in the same key states, however their messages arrive.
struct HistoryTests {
    @Test(arguments: Seed.some)
    func orderDoesNotMatter(_ seed: Seed) throws {
        var generator = seed.generator
        let world = try RandomWorld(events: 30, recovers: false, using: &generator)
        var pieces = try world.pieces(of: world.trunks, using: &generator)
        pieces.shuffle(using: &generator)
        var verifier = Verifier()
        for (place, piece) in pieces.enumerated() {
            try Self.feed(piece, to: verifier)
            if Int.random(in: 0..<8, using: &generator) == 0 { try verifier.resume() }
            // A restart in the middle: a new processor over what the store holds.
            if place == pieces.count / 2 { verifier = Verifier(store: verifier.store) }
        }
        try verifier.resume()
        try Self.expectStates(of: world, in: verifier)
        #expect(try verifier.escrows().isEmpty)
        #expect(try verifier.duplicities().isEmpty)
    }

    /// Events of a branch that was given up may come at any time; some that come too early for their new branch must
    /// come again.
    @Test(arguments: Seed.some)
    func recoveriesWin(_ seed: Seed) throws {
        var generator = seed.generator
        let world = try RandomWorld(events: 40, recovers: true, using: &generator)
        var pieces = try world.pieces(of: world.trunks + world.abandoned, using: &generator)
        pieces.shuffle(using: &generator)
        let verifier = Verifier()
        for piece in pieces {
            try Self.feed(piece, to: verifier)
            if Int.random(in: 0..<8, using: &generator) == 0 { try verifier.resume() }
        }
        for event in world.trunks { try verifier.offer(event) }
        try verifier.resume()
        try Self.expectStates(of: world, in: verifier)
        #expect(try verifier.duplicities().isEmpty)
        // Only what was given up is left over.
        let abandoned = Set(world.abandoned.map(\.event.said))
        #expect(try verifier.escrows().allSatisfy { abandoned.contains($0.key.said) })
    }

    /// What a store exports leads every other verifier to the same states, one by one, in bulk, in any batch.
    @Test(arguments: Seed.some)
    func exportsReplay(_ seed: Seed) throws {
        var generator = seed.generator
        let world = try RandomWorld(events: 40, recovers: true, using: &generator)
        let first = Verifier()
        for event in world.authors[0].events + world.authors[1].events + world.authors[2].events {
            try first.offer(event)
            try first.resume()
        }
        for event in world.authors[3].events + world.authors[4].events { try first.offer(event) }
        for event in world.abandoned { try first.offer(event) }
        try Self.expectStates(of: world, in: first)
        // The log of each AID in the order of acceptance, delegators first.
        var stream: [UInt8] = []
        for author in world.authors {
            for record in try first.log(of: author.aid) {
                var attachments = record.proof.attachments
                attachments.firstSeenCouples = [
                    FirstSeenCouple(
                        ordinal: UInt128(record.ordinal),
                        dateTime: try DateTime(microseconds: record.seenAt.microseconds))
                ]
                stream += record.bytes
                stream += try attachments.encoded(
                    in: Bool.random(using: &generator) ? .text : .binary, isWrapped: Bool.random(using: &generator))
            }
        }
        let batch = Int.random(in: 1...50, using: &generator)
        let second = Verifier()
        var streamed = StreamProcessor(second.processor, batch: batch)
        var reports: [String] = []
        try streamed.process(stream, now: second.now) { reports.append("\($0)") }
        let third = Verifier()
        let bulk = BulkReplay(
            third.processor, executor: SerialExecutor(), batch: batch, chunk: Int.random(in: 1...20, using: &generator))
        var bulkReports: [String] = []
        try bulk.process(stream, now: third.now) { bulkReports.append("\($0)") }
        #expect(reports == bulkReports)
        for verifier in [second, third] {
            try verifier.resume()
            try Self.expectStates(of: world, in: verifier)
            for author in world.authors {
                #expect(try verifier.log(of: author.aid).map(\.said) == first.log(of: author.aid).map(\.said))
            }
        }
    }

    static func feed(_ bytes: [UInt8], to verifier: Verifier) throws {
        let stored = try StoredMessage(bytes)
        try verifier.offer(stored.message, stored.attachments)
    }

    /// Compares everything but when and as which it was seen.
    static func expectStates(of world: RandomWorld, in verifier: Verifier) throws {
        for author in world.authors {
            let state = try verifier.state(of: author.aid)
            var found = state?.record
            var expected = author.state.record
            for label in ["f", "dt"] {
                found?[label] = nil
                expected[label] = nil
            }
            #expect(found == expected, "\(author.name)")
            let log = try verifier.log(of: author.aid)
            #expect(log.map(\.ordinal) == log.indices.map(UInt64.init))
            #expect(state?.firstSeenOrdinal == log.last?.ordinal)
            for (place, event) in author.events.enumerated() {
                #expect(try verifier.record(of: author.aid, at: UInt128(place))?.said == event.event.said)
            }
        }
    }
}
