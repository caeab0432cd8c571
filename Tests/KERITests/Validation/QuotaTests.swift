// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Bounds of the escrows (facts 18): what is verified keeps its place, and what strangers may have made up can't crowd
/// it out.
struct QuotaTests {
    private func verifier(_ perAID: Int, _ total: Int, unverified: Int? = nil, _ all: Int? = nil) -> Verifier {
        Verifier(
            ProcessingPolicy(
                escrowLimits: EscrowLimits(
                    perAID: perAID, total: total, unverifiedPerAID: unverified, unverifiedTotal: all)))
    }

    @Test func refusesWhatIsTooMuchOfTheVerified() throws {
        let verifier = verifier(2, 3)
        func offer(_ name: String, _ place: Int) throws -> EventOutcome {
            var author = try Author(name, keys: 2)
            for _ in 0..<place { try author.interact() }
            if place > 0 { try verifier.offer(author.events.dropLast()) }
            return try verifier.offer(author.latest.missingOneSignature())
        }
        // Three interactions for the same place of one log.
        var author = try Author("a", keys: 2)
        try verifier.offer(author.latest)
        let branches = try (0..<3).map { number in
            var branch = author
            return try branch.interact([.text("\(number)")]).missingOneSignature()
        }
        #expect(
            try verifier.offer(branches)
                == [.escrowed(.partialSignatures), .escrowed(.partialSignatures), .rejected(.escrowFull)])
        // Another AID has its own share, until all together are too many.
        #expect(try offer("b", 0) == .escrowed(.partialSignatures))
        #expect(try offer("c", 0) == .rejected(.escrowFull))
        // A copy of what is kept already is no new message.
        #expect(try offer("b", 0) == .escrowed(.partialSignatures))
        // What nobody can check has other bounds.
        _ = try author.interact()
        #expect(try verifier.offer(author.interact()) == .escrowed(.outOfOrder))
        // What leaves makes room.
        #expect(try verifier.offer(Author("b", keys: 2).latest) == .accepted(ordinal: 0))
        try verifier.resume()
        #expect(try offer("c", 0) == .escrowed(.partialSignatures))
    }

    @Test func theOldestOfStrangersMakesRoom() throws {
        let verifier = verifier(100, 100, unverified: 3, 100)
        var author = try Author("a")
        var other = try Author("b")
        for _ in 0..<5 { #expect(try verifier.offer(author.interact()) == .escrowed(.outOfOrder)) }
        #expect(try verifier.escrows(of: author.aid).map(\.key.sn.value) == [3, 4, 5])
        // Another AID has its own share, and a copy is no new message.
        #expect(try verifier.offer([other.interact(), author.events[3]]).allSatisfy { !$0.isInLog })
        #expect(try verifier.escrows(of: author.aid).map(\.key.sn.value) == [3, 4, 5])
        // Another kind makes no room among its own when there is none; then anything unverified of the AID does.
        let body = try Routed.receipt(of: author.events[5])
        for place in 0..<4 {
            let key = try TestKey.named("w \(place)", isTransferable: false)
            try verifier.offer(body: body, Routed.signed(author.events[5].event.bytes, by: key))
        }
        #expect(try verifier.escrows(.outOfOrder, of: author.aid).map(\.key.sn.value) == [4, 5])
        #expect(try verifier.escrows(.unverifiedReceipt, of: author.aid).count == 1)
    }

    @Test func theOldestOfAllStrangersMakesRoom() throws {
        let verifier = verifier(100, 100, unverified: 3, 4)
        let waiting = try Author("waiting", keys: 2)
        #expect(try verifier.offer(waiting.latest.missingOneSignature()) == .escrowed(.partialSignatures))
        var aids: [AID] = []
        for name in 0..<6 {
            var author = try Author("author \(name)")
            aids.append(author.aid)
            #expect(try verifier.offer(author.interact()) == .escrowed(.outOfOrder))
        }
        #expect(try verifier.escrows(.outOfOrder).map(\.key.aid) == Array(aids.suffix(4)))
        #expect(try verifier.escrows(.partialSignatures).count == 1)
        #expect(try verifier.store.read { $0.unverifiedEscrowCount(aid: nil) } == 4)
    }

    @Test func noRoomAtAll() throws {
        let verifier = verifier(1, 1, unverified: 0, 5)
        var author = try Author("a")
        #expect(try verifier.offer(author.interact()) == .rejected(.escrowFull))
        verifier.processor.policy.escrowLimits = EscrowLimits(
            perAID: 1, total: 1, unverifiedPerAID: 5, unverifiedTotal: 0)
        #expect(try verifier.offer(author.interact()) == .rejected(.escrowFull))
        #expect(try verifier.escrows().isEmpty)
    }

    /// A reply moves from the quota of strangers to the other when its signer becomes known.
    @Test func whatIsVerifiedLaterIsCountedThen() throws {
        let verifier = Verifier()
        let author = try Author("a", keys: 2)
        let body = try Routed.location(of: author.aid, dated: verifier.now)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: author, at: [0])) == .escrowed(.partialReply))
        #expect(try verifier.store.read { $0.unverifiedEscrowCount(aid: author.aid) } == 1)
        try verifier.offer(author.latest)
        verifier.processor.policy.escrowLimits.perAID = 0
        try verifier.wake()
        #expect(try verifier.escrows().map(\.isVerified) == [false])
        verifier.processor.policy.escrowLimits.perAID = 1
        #expect(try verifier.offer(body: body, Routed.signed(body, by: author, at: [0])) == .escrowed(.partialReply))
        #expect(try verifier.escrows().map(\.isVerified) == [true])
        #expect(try verifier.store.read { $0.unverifiedEscrowCount(aid: nil) } == 0)
    }
}

extension Signed {
    /// The same event with the first of its signatures only.
    func missingOneSignature() -> Signed {
        var copy = self
        copy.attachments.controllerSignatures = Array(copy.attachments.controllerSignatures.prefix(1))
        return copy
    }
}
