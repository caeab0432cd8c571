// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// One way into each escrow, and out of it where there is one. The switch has no default, so that every reason has a
/// test.
struct EscrowReasonTests {
    @Test(arguments: EscrowReason.allCases)
    func keepsAndLetsGo(_ reason: EscrowReason) throws {
        let verifier = Verifier()
        let began = verifier.now
        let supply = try Self.enter(reason, verifier)
        let entry = try #require(try verifier.escrows(reason).first)
        #expect(try verifier.escrows().count == 1)
        #expect(entry.since == began)
        #expect(!entry.missing.isEmpty)
        #expect(throws: Never.self) { try StoredMessage(entry.message) }
        // Nothing moves by itself.
        #expect(try verifier.resume().isEmpty)
        // A restart reads the escrow back: it is all that the next processor has.
        let later = Verifier(verifier.processor.policy, store: verifier.store)
        later.now = began.advanced(bySeconds: 10)
        guard let supply else { return }
        try supply(later)
        let resumed = try later.resume()
        #expect(try later.escrows(reason).isEmpty)
        #expect(resumed.contains { $0.key.reason == reason && $0.outcome.map(Self.isGood) ?? false })
        #expect(try later.resume().isEmpty)
    }

    /// The same when nothing is tried that has no reason to move.
    @Test(arguments: EscrowReason.allCases)
    func isWoken(_ reason: EscrowReason) throws {
        let verifier = Verifier()
        let supply = try Self.enter(reason, verifier)
        #expect(try verifier.wake().isEmpty)
        guard let supply else { return }
        try supply(verifier)
        let resumed = try verifier.wake(limit: 1)
        #expect(try verifier.escrows(reason).isEmpty)
        #expect(resumed.contains { $0.key.reason == reason && $0.outcome.map(Self.isGood) ?? false })
        #expect(try verifier.resume().isEmpty)
    }

    private static func isGood(_ outcome: EventOutcome) -> Bool { outcome.isInLog || outcome == .verified }

    @Test(arguments: EscrowReason.allCases)
    func expires(_ reason: EscrowReason) throws {
        let verifier = Verifier()
        _ = try Self.enter(reason, verifier)
        let key = try #require(try verifier.escrows(reason).first?.key)
        guard let lifetime = reason.lifetime else {
            verifier.wait(1_000_000)
            try verifier.resume()
            #expect(try verifier.escrows(reason).map(\.key) == [key])
            return
        }
        verifier.wait(lifetime)
        #expect(try verifier.resume().isEmpty)
        #expect(try verifier.processor.expire(now: verifier.now).isEmpty)
        #expect(try verifier.escrows(reason).map(\.key) == [key])
        verifier.wait(1)
        #expect(try verifier.resume() == [ResumedMessage(key: key, outcome: nil)])
        #expect(try verifier.escrows().isEmpty)
        let other = Verifier()
        _ = try Self.enter(reason, other)
        other.wait(lifetime + 1)
        #expect(try other.processor.expire(now: other.now) == [ResumedMessage(key: key, outcome: nil)])
        #expect(try other.escrows().isEmpty)
    }

    /// The time counts from the first arrival: whoever sends a message again and again does not keep it alive.
    @Test(arguments: EscrowReason.allCases)
    func countsFromTheFirstArrival(_ reason: EscrowReason) throws {
        let verifier = Verifier()
        let began = verifier.now
        _ = try Self.enter(reason, verifier)
        verifier.wait(60)
        _ = try Self.enter(reason, verifier)
        #expect(try verifier.escrows(reason).map(\.since) == [began])
    }

    /// Puts one message into an escrow and returns how to give what it waits for.
    static func enter(
        _ reason: EscrowReason, _ verifier: Verifier
    ) throws -> (@Sendable (Verifier) throws -> Void)? {
        var author = try Author("author")
        let signer = try Author("signer")
        let witness = try TestKey.witnesses("w", 1)
        // Dated before any clock of these tests, so that entering twice gives the same message.
        let dated = Timestamp(seconds: 1_750_000_000)
        func expectEscrow(_ outcome: EventOutcome) { #expect(outcome == .escrowed(reason)) }
        switch reason {
        case .outOfOrder:
            let inception = author.latest
            expectEscrow(try verifier.offer(author.interact()))
            return { try $0.offer(inception) }
        case .partialSignatures:
            let pair = try Author("pair", keys: 2)
            expectEscrow(try verifier.offer(pair.latest.signed(by: pair.keys, at: [0])))
            let rest = try pair.latest.signed(by: pair.keys, at: [1])
            return { try $0.offer(rest) }
        case .partialDelegation:
            let delegate = try Author("delegate", delegator: author.aid)
            expectEscrow(try verifier.offer(delegate.latest))
            let events = [author.latest, try author.seal(delegate.latest)]
            return { try $0.offer(events) }
        case .partialWitnesses:
            let watched = try Author("watched", witnesses: witness)
            expectEscrow(try verifier.offer(watched.latest.witnessed(by: [])))
            let receipt = try Routed.receipt(of: watched.latest)
            let couple = try witness[0].couple(over: watched.latest.event.bytes)
            return { try $0.offer(body: receipt, Attachments { $0.nonTransferableReceipts = [couple] }) }
        case .likelyDuplicitous:
            var fork = author
            try verifier.offer([author.latest, author.interact()])
            expectEscrow(try verifier.offer(fork.interact(["fork"])))
            return nil
        case .unverifiedWitnessReceipt:
            let watched = try Author("watched", witnesses: witness)
            let attachments = Attachments {
                $0.witnessSignatures = watched.latest.attachments.witnessSignatures
            }
            expectEscrow(try verifier.offer(body: Routed.receipt(of: watched.latest), attachments))
            let bare = try watched.latest.witnessed(by: [])
            return { try $0.offer(bare) }
        case .unverifiedReceipt:
            let endorser = try TestKey.named("endorser", isTransferable: false)
            let inception = author.latest
            expectEscrow(
                try verifier.offer(
                    body: Routed.receipt(of: inception), Routed.signed(inception.event.bytes, by: endorser)))
            return { try $0.offer(inception) }
        case .unverifiedTransferableReceipt:
            let inception = author.latest
            expectEscrow(
                try verifier.offer(
                    body: Routed.receipt(of: inception), Routed.signed(inception.event.bytes, by: signer)))
            let events = [inception, signer.latest]
            return { try $0.offer(events) }
        case .queryNotFound:
            let asker = try TestKey.named("asker", isTransferable: false)
            let body = try Routed.query("logs", about: author.aid, dated: dated)
            expectEscrow(try verifier.offer(body: body, Routed.signed(body, by: asker)))
            let inception = author.latest
            return { try $0.offer(inception) }
        case .partialReply:
            let body = try Routed.role(of: author.aid, at: witness[0].aid, dated: dated)
            expectEscrow(try verifier.offer(body: body, Routed.signed(body, by: author)))
            let inception = author.latest
            return { try $0.offer(inception) }
        case .partialExchange:
            let body = try Routed.exchange(from: author.aid, dated: dated)
            expectEscrow(try verifier.offer(body: body, Routed.signed(body, by: author)))
            let inception = author.latest
            return { try $0.offer(inception) }
        case .misfit:
            verifier.processor.policy.ownAIDs = [author.aid]
            expectEscrow(try verifier.offer(author.latest))
            return nil
        case .delegable:
            verifier.processor.policy.ownAIDs = [author.aid]
            if try verifier.state(of: author.aid) == nil { try verifier.offer(author.latest, origin: .local) }
            let delegate = try Author("delegate", delegator: author.aid)
            expectEscrow(try verifier.offer(delegate.latest))
            let approval = try author.seal(delegate.latest)
            return { try $0.offer(approval, origin: .local) }
        }
    }
}
