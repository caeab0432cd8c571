// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// Valid messages with bytes changed or cut off: nothing crashes, and nothing but what the whole message says is ever
/// accepted.
struct HostileInputTests {
    /// A message and all that comes before it.
    struct Target: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let before: [[UInt8]]
        let message: [UInt8]
    }

    static let names: Set<String> = [
        "single-sig-cbor", "single-sig-mgpk", "single-sig-json-binary-attachments", "mixed-serializations",
        "weighted-two-clauses", "reserve-rotation", "witnessed-toad", "witness-receipts-as-rct", "delegated",
        "recovery-rotation", "receipts-transferable", "first-seen-replay",
    ]

    static let targets: [Target] = {
        var targets = KELVectorTests.valid.filter { names.contains($0.name) }.flatMap { kel in
            kel.steps.indices.map { place in
                Target(
                    testDescription: "\(kel.name) \(place)",
                    before: kel.steps[..<place].map(\.message.bytes), message: kel.steps[place].message.bytes)
            }
        }
        let context = OrderedFile.rows("context", of: "exn.json").compactMap(\.blob)
        for row in ExchangeVectorTests.rows.prefix(3) {
            guard let message = row.value["message"]?.blob else { continue }
            targets.append(Target(testDescription: "exn \(row.name)", before: context, message: message))
        }
        for step in ReplyVectorTests.steps where [1, 4].contains(step.steps.count) {
            let messages = step.steps.compactMap { $0["message"]?.blob }
            targets.append(
                Target(
                    testDescription: step.testDescription, before: messages.dropLast(),
                    message: messages[messages.count - 1]))
        }
        for row in RoutedVectorTests.rows {
            guard let message = row.value["message"]?.blob else { continue }
            targets.append(Target(testDescription: row.name, before: [], message: message))
        }
        return targets
    }()

    /// How many changes of each sort a message gets; more of them is a matter for the fuzzers.
    static let samples = 40

    @Test(arguments: targets)
    func changesNothingElse(_ target: Target) throws {
        let verifier = Verifier()
        verifier.now = Timestamp("2024-03-01T00:00:00.000000+00:00") ?? verifier.now
        for message in target.before { _ = try Self.feed(message, to: verifier.processor, verifier.now) }
        try verifier.resume()
        let before = try Self.worldState(verifier.store)
        let allowed = [before, try Self.tried(target.message, in: verifier)]
        var generator = SeededGenerator(seed: UInt64(target.message.count))
        for _ in 0..<Self.samples {
            var flipped = target.message
            let place = Int.random(in: 0..<flipped.count, using: &generator)
            flipped[place] ^= UInt8.random(in: 1...255, using: &generator)
            #expect(allowed.contains(try Self.tried(flipped, in: verifier)), "byte \(place)")
            let length = Int.random(in: 0..<target.message.count, using: &generator)
            #expect(
                allowed.contains(try Self.tried(Array(target.message[..<length]), in: verifier)), "cut to \(length)")
            var inserted = target.message
            inserted.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            #expect(allowed.contains(try Self.tried(inserted, in: verifier)), "insertion at \(place)")
        }
        #expect(try Self.worldState(verifier.store) == before)
    }

    /// What is accepted, without when and with which signatures.
    private struct WorldState: Equatable {
        var events: [SAID] = []
        var replies: [ReplyKey: String] = [:]
    }

    private struct Undo: Error {}

    /// AIDs that replies are about, which may have no log.
    private static let speakers: [AID] = ReplyVectorTests.steps.flatMap { step in
        ["ends", "locs"].flatMap { step.steps.last?["expect"]?[$0]?.mapValue?.labels ?? [] }
    }.compactMap { AID(String($0.prefix { $0 != "/" })) }

    /// The state that a stream leads to; the store is as before afterwards.
    private static func tried(_ stream: [UInt8], in verifier: Verifier) throws -> WorldState {
        var state = WorldState()
        do {
            try verifier.store.write { transaction in
                try apply(stream, verifier.processor, &transaction, verifier.now)
                state = Self.state(transaction)
                throw Undo()
            }
        } catch is Undo {}
        return state
    }

    private static func feed(
        _ stream: [UInt8], to processor: EventProcessor<MemoryKeyEventStore>, _ now: Timestamp
    ) throws {
        try processor.store.write { try apply(stream, processor, &$0, now) }
    }

    private static func apply(
        _ stream: [UInt8], _ processor: EventProcessor<MemoryKeyEventStore>, _ transaction: inout MemoryTransaction,
        _ now: Timestamp
    ) throws {
        var reader = StreamReader()
        var parser = MessageParser()
        while true {
            switch reader.next(in: stream.span) {
            case .end, .needMore: return
            case .fault: continue
            case .message(let frame):
                let message: Message
                do throws(MessageError) {
                    message = try parser.parse(stream.span.extracting(frame.bodyRange), version: frame.version)
                } catch {
                    // The texts of errors are for people and must not crash either.
                    _ = "\(error) \(error.extent)"
                    continue
                }
                _ = try processor.apply(message, with: frame.attachments, to: &transaction, now: now)
            }
        }
    }

    private static func worldState(_ store: MemoryKeyEventStore) throws -> WorldState { try store.read { state($0) } }

    private static func state(_ transaction: MemoryTransaction) -> WorldState {
        var state = WorldState()
        for aid in transaction.aids(after: nil, limit: .max) {
            state.events += transaction.records(of: aid, from: 0, limit: .max).map(\.said)
        }
        for aid in Set(speakers + transaction.aids(after: nil, limit: .max)) {
            for reply in transaction.replies(of: aid) { state.replies[reply.key] = reply.value }
        }
        return state
    }
}
