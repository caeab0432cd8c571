// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// Every step of keripy 1.1.17's key event log vectors: key state, escrow set, unconsumed bytes and first-seen order.
struct KELVectorTests {
    static let valid = KELCase.load("kel_valid.json")
    static let invalid = KELCase.load("kel_invalid.json")

    @Test(arguments: valid)
    func accepts(_ kel: KELCase) throws { try run(kel) }

    @Test(arguments: invalid)
    func refuses(_ kel: KELCase) throws { try run(kel) }

    @Test func runsEveryCaseOfTheFiles() throws {
        #expect(Self.valid.count == 34)
        #expect(Self.invalid.count == 15)
        #expect((Self.valid + Self.invalid).reduce(0) { $0 + $1.steps.count } == 293)
    }

    @Test func deviationsNameExistingStepsAndFacts() throws {
        let deviations = try #require(Deviations.all)
        for entry in deviations.kel {
            #expect(!entry.facts.isEmpty && !entry.why.isEmpty)
            let cases = entry.file == "kel_valid.json" ? Self.valid : Self.invalid
            let kel = try #require(cases.first { $0.name == entry.case })
            for step in entry.steps { #expect(kel.steps.contains { $0.n == step.n }) }
        }
    }

    /// Feeds the steps to one receiver, comparing after each.
    private func run(_ kel: KELCase) throws {
        let receiver = Receiver(trustsReplayTimes: kel.cloned)
        var strict = StrictVerdicts()
        for step in kel.steps {
            let comment: Comment = "\(kel.name) step \(step.n): \(step.note)"
            let deviation = Deviations.step(kel.name, step.n)
            receiver.advanceClock()
            let before = try step.strict.flatMap { _ in try receiver.subject(of: step.message.bytes) }
                .map { (aid: $0, state: try receiver.record(of: $0)) }
            let fed = try receiver.feed(step.message.bytes)
            #expect(fed.unconsumed == deviation?.unconsumed ?? step.expect.unconsumed, comment)
            if let expected = deviation?.outcome { #expect(fed.summary == expected, comment) }
            if let verdict = step.strict, let before {
                #expect(fed.isInLog == verdict.accept, comment)
                let after = try receiver.record(of: before.aid)
                #expect(verdict.accept == (after != before.state), comment)
                strict.states[before.aid.text] = .some(after)
                strict.escrows[before.aid.text] = try receiver.escrowNames(of: before.aid)
            }
            try compare(receiver, step.expect.states, deviation, strict, kel, comment)
            if let after = step.afterPass {
                try receiver.resume()
                try compare(receiver, after, deviation, strict, kel, comment)
            }
        }
        for (prefix, log) in kel.final.firstSeenLog {
            guard let aid = AID(prefix) else { continue }
            let expected = kel.steps.compactMap { Deviations.step(kel.name, $0.n)?.log?[prefix] }.last
            let found = try receiver.firstSeenLog(of: aid)
            if let expected {
                #expect(found.map(\.d) == expected, "\(kel.name): order of acceptance of \(prefix)")
            } else if strict.states[prefix] == nil {
                #expect(found == log, "\(kel.name): order of acceptance of \(prefix)")
            } else {
                // What the strict verdicts refused is not there, what they accepted comes last.
                let common = log.filter { entry in found.contains { $0.d == entry.d } }
                #expect(found.starts(with: common), "\(kel.name): order of acceptance of \(prefix)")
            }
        }
    }

    /// States and escrows that follow from the strict verdicts of a case, where they differ from keripy's.
    private struct StrictVerdicts {
        var states: [String: JSONValue?] = [:]
        var escrows: [String: Set<String>] = [:]
    }

    private func compare(
        _ receiver: Receiver, _ expected: KELCase.Expectation.States, _ deviation: Deviations.Step?,
        _ strict: StrictVerdicts, _ kel: KELCase, _ comment: Comment
    ) throws {
        for prefix in Set(kel.about).union(expected.state.keys) {
            // Some cases name identifiers that are none (facts 7.1); those can't have a state.
            let aid = AID(prefix)
            let state = try aid.flatMap { try receiver.record(of: $0) }
            if let sn = deviation?.sn?[prefix] {
                #expect(try aid.flatMap { try receiver.sn(of: $0) } == sn, comment)
            } else {
                #expect(state == (strict.states[prefix] ?? expected.state[prefix] ?? nil), comment)
            }
            let escrows = try aid.map { try receiver.escrowNames(of: $0) } ?? []
            let names = deviation?.escrows?[prefix] ?? expected.escrows[prefix] ?? []
            #expect(escrows == strict.escrows[prefix] ?? Set(names), comment)
        }
    }
}

/// A fresh receiver: a processor over a store in memory, and a clock that advances a second a step.
final class Receiver {
    struct Fed {
        let outcome: EventOutcome?
        let unconsumed: Int

        var isInLog: Bool { outcome?.isInLog ?? false }

        var summary: String {
            switch outcome {
            case nil: "unreadable"
            case .accepted: "accepted"
            case .duplicate: "duplicate"
            case .verified: "verified"
            case .escrowed(let reason): reason.rawValue
            case .rejected(let reason): reason.rawValue
            }
        }
    }

    private var processor: EventProcessor<MemoryKeyEventStore>
    private var now = Timestamp("2024-01-01T00:00:00.000000+00:00") ?? Timestamp(seconds: 0)

    init(trustsReplayTimes: Bool = false) {
        processor = EventProcessor(
            store: MemoryKeyEventStore(), policy: ProcessingPolicy(trustsReplayTimes: trustsReplayTimes))
    }

    var store: MemoryKeyEventStore { processor.store }

    func advanceClock(to time: Timestamp? = nil) { now = time ?? now.advanced(bySeconds: 1) }

    /// Feeds exactly one message, as the vectors do, and tells how many bytes of it were left over.
    func feed(_ bytes: [UInt8]) throws -> Fed {
        var reader = StreamReader()
        switch reader.next(in: bytes.span) {
        case .end, .needMore: return Fed(outcome: nil, unconsumed: 0)
        case .fault(let fault): return Fed(outcome: nil, unconsumed: bytes.count - fault.consumedThrough)
        case .message(let frame):
            var parser = MessageParser()
            do throws(MessageError) {
                let message = try parser.parse(bytes.span.extracting(frame.bodyRange), version: frame.version)
                return Fed(
                    outcome: try? processor.process(message, with: frame.attachments, now: now),
                    unconsumed: bytes.count - frame.range.upperBound)
            } catch {
                let end =
                    switch error.extent {
                    case .none: frame.range.lowerBound
                    case .body: frame.bodyRange.upperBound
                    case .message: frame.range.upperBound
                    }
                return Fed(outcome: nil, unconsumed: bytes.count - end)
            }
        }
    }

    /// Whose event a message is.
    func subject(of bytes: [UInt8]) throws -> AID? {
        guard case .keyEvent(let event)? = try? StoredMessage(bytes).message else { return nil }
        return event.aid
    }

    func resume() throws { _ = try processor.resume(now: now) }

    /// The key state record without `vn` and `dt`, as the vectors have it.
    func record(of aid: AID) throws -> JSONValue? {
        guard let state = try store.read({ $0.keyState(of: aid) }) else { return nil }
        var record = state.record
        record["vn"] = nil
        record["dt"] = nil
        return JSONValue(.map(record))
    }

    func sn(of aid: AID) throws -> String? { try store.read { $0.keyState(of: aid) }?.sn.hex }

    /// The escrows that hold something of an AID, by keripy's names.
    func escrowNames(of aid: AID) throws -> Set<String> {
        let reasons = Set(try store.read { $0.escrows(reason: nil, aid: aid, limit: .max) }.map(\.key.reason))
        return Set(
            reasons.map { reason in
                KERITests.escrowNames.first { $0.value.contains(reason) }?.key ?? "unmapped \(reason.rawValue)"
            })
    }

    func firstSeenLog(of aid: AID) throws -> [KELCase.Final.Entry] {
        try store.read { $0.records(of: aid, from: 0, limit: .max) }.map {
            KELCase.Final.Entry(fn: Int($0.ordinal), s: $0.sn.hex, t: $0.kind.rawValue, d: $0.said.text)
        }
    }
}
