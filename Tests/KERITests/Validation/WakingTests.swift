// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// What waits is decided about when that for which it waits arrives, and not before.
struct WakingTests {
    let verifier = Verifier()

    @Test func oneEventFreesAChain() throws {
        var author = try Author("a")
        for _ in 0..<8 { try author.interact() }
        for event in author.events.dropFirst().reversed() { try verifier.offer(event) }
        #expect(try verifier.wake().isEmpty)
        try verifier.offer(author.events[0])
        #expect(try verifier.wake().map(\.outcome) == (1...8).map { .accepted(ordinal: $0) })
        #expect(try verifier.escrows().isEmpty)
    }

    /// A log that grows frees delegates, which free theirs, whose receipts and replies come with them.
    @Test func goesOnWithTheLogsThatGrow() throws {
        var root = try Author("root")
        var middle = try Author("middle", delegator: root.aid)
        try root.seal(middle.latest)
        let leaf = try Author("leaf", delegator: middle.aid)
        try middle.seal(leaf.latest)
        let body = try Routed.location(of: leaf.aid, dated: verifier.now)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: leaf)) == .escrowed(.partialReply))
        let receipt = try Routed.receipt(of: root.latest)
        try verifier.offer(body: receipt, Routed.signed(root.latest.event.bytes, by: leaf))
        try verifier.offer([leaf.latest] + middle.events.reversed())
        try verifier.offer(root.events)
        let resumed = try verifier.wake()
        #expect(resumed.map(\.key.aid).contains(leaf.aid))
        // Who has to act on a message gets it back.
        #expect(resumed.compactMap(\.message).map { $0.starts(with: body) } == [true])
        #expect(try verifier.sn(of: leaf.aid) == 0)
        #expect(try verifier.escrows().isEmpty)
        #expect(try verifier.record(of: root.aid, at: 1)?.proof.transferableReceipts.count == 1)
    }

    @Test func leavesOthersAlone() throws {
        var author = try Author("a")
        var other = try Author("b")
        try verifier.offer([author.interact(), other.interact()])
        try verifier.offer([author.events[0], other.events[0]])
        let result = try verifier.processor.resume(after: author.aid, now: verifier.now)
        #expect(result.resumed.map(\.key.aid) == [author.aid])
        #expect(result.remaining.isEmpty)
        #expect(try verifier.sn(of: other.aid) == 0)
        #expect(try verifier.processor.resume([], now: verifier.now) == WakeupResult(resumed: [], remaining: []))
    }

    /// The work of one call is bounded; what is left goes on where it stopped.
    @Test func stopsAtTheLimit() throws {
        var author = try Author("a")
        for _ in 0..<10 { try author.interact() }
        for event in author.events.dropFirst() { try verifier.offer(event) }
        try verifier.offer(author.events[0])
        var result = try verifier.processor.resume(after: author.aid, now: verifier.now, limit: 4)
        #expect(result.resumed.count == 4)
        #expect(!result.remaining.isEmpty)
        var calls = 1
        while !result.remaining.isEmpty {
            result = try verifier.processor.resume(result.remaining, now: verifier.now, limit: 4)
            calls += 1
        }
        #expect(calls == 3)
        #expect(try verifier.sn(of: author.aid) == 10)
    }

    /// Each of the logs that an event frees is looked at, also past the limit.
    @Test func keepsWhatItOwesAcrossCalls() throws {
        var delegator = try Author("delegator")
        var delegates = try (0..<3).map { try Author("delegate \($0)", delegator: delegator.aid) }
        for place in delegates.indices {
            try delegates[place].interact()
            try verifier.offer(delegates[place].events)
            try delegator.seal(delegates[place].events[0])
        }
        try verifier.offer(delegator.events)
        #expect(try verifier.wake(limit: 1).count == 6)
        for delegate in delegates { #expect(try verifier.sn(of: delegate.aid) == 1) }
    }

    /// What can't move is not read, so whoever fills the escrow of an AID does not slow its log down.
    @Test func doesNotReadWhatCantMove() throws {
        var author = try Author("a")
        let far = try (0..<50).map { number in
            var junk = try Author("a")
            for _ in 0..<2 { try junk.interact([.text("\(number)")]) }
            return junk.latest
        }
        try verifier.offer(author.latest)
        for event in far { #expect(try verifier.offer(event) == .escrowed(.outOfOrder)) }
        let entries = try verifier.escrows(.outOfOrder)
        #expect(entries.allSatisfy { $0.waitsFor == AwaitedPosition(aid: author.aid, sn: SequenceNumber(1)) })
        let reads = try verifier.store.read {
            $0.nextEscrow(waitingFor: AwaitedPosition(aid: author.aid, sn: .zero), after: nil)?.entry
        }
        #expect(reads == nil)
        try verifier.offer(author.interact())
        try verifier.wake()
        #expect(try verifier.sn(of: author.aid) == 1)
    }

    /// A receipt that the event in escrow has no use for is tried once, and again when the event is in the log.
    @Test func triesABadReceiptOnce() throws {
        let witnesses = try TestKey.witnesses("w", 2)
        var author = try Author("a", witnesses: witnesses)
        try verifier.offer(author.latest)
        try verifier.offer(author.interact().witnessed(by: []))
        let body = try Routed.receipt(of: author.latest)
        let over = author.latest.event.bytes
        let bad = try Attachments {
            $0.witnessSignatures = [
                try IndexedSignature(code: .ed25519, index: 0, raw: witnesses[0].signature(over: body).raw)
            ]
        }
        let behind = AwaitedPosition(aid: author.aid, sn: SequenceNumber(1))
        for _ in 0..<2 {
            try verifier.offer(body: body, bad)
            try verifier.wake()
            #expect(try verifier.escrows(.unverifiedWitnessReceipt).map(\.waitsFor) == [behind])
        }
        for witness in witnesses { try verifier.offer(body: body, Routed.signed(over, by: witness)) }
        try verifier.wake()
        #expect(try verifier.sn(of: author.aid) == 1)
        #expect(try verifier.escrows().isEmpty)
    }

    /// Which establishment event an exchange message was signed under is told without checking it again.
    @Test func namesTheSignerOfAnExchange() throws {
        var author = try Author("a")
        let body = try Routed.exchange(from: author.aid, dated: verifier.now)
        let early = try Routed.signed(body, by: author)
        try author.rotate()
        try verifier.offer(author.events)
        #expect(try verifier.offer(body: body, early) == .verified)
        var parser = MessageParser()
        guard case .exchange(let exchange) = try parser.parse(body.span, format: .json) else {
            Issue.record("no exchange message")
            return
        }
        #expect(exchange.signer(in: early) == author.events[0].seal)
        #expect(exchange.signer(in: try Routed.signed(body, by: author)) == author.events[1].seal)
        #expect(exchange.signer(in: try Routed.signed(body, by: try Author("other"))) == nil)
    }
}
