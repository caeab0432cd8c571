// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Evidence out of what a store recorded, and the receipts of witnesses.
struct StoredEvidenceTests {
    typealias Scene = EvidenceScene

    private func evidence(_ verifier: Verifier, of aid: AID) throws -> [VerifiedDuplicity] {
        try verifier.store.read { transaction in
            try transaction.duplicities(of: aid).map { try transaction.evidence(of: $0) }
        }
    }

    @Test func recordsBecomePortable() throws {
        let verifier = Verifier()
        var author = try Author("a", keys: 2, threshold: .count(2), witnesses: TestKey.witnesses("w", 3), toad: 2)
        try author.interact()
        try author.rotate()
        var fork = author
        try verifier.offer(author.events)
        let one = try author.interact()
        try verifier.offer([one, author.interact(), fork.interact(["other"])])
        let found = try #require(try evidence(verifier, of: author.aid).first)
        #expect(found.statement.sn.value == 3)
        #expect(found.statement.seenAt == verifier.now)
        #expect(try VerifiedDuplicity(reading: found.bytes) == found)
        // A recovery afterwards takes the events from the trunk, not from the evidence.
        var recovered = fork
        recovered = author
        try verifier.offer(recovered.rotate())
        #expect(try evidence(verifier, of: author.aid) == [found])
    }

    @Test func delegatorsLogsGoWithIt() throws {
        let verifier = Verifier()
        var root = try Author("root")
        var middle = try Author("middle", delegator: root.aid)
        try root.seal(middle.latest)
        _ = middle.pointLatest(at: root.latest)
        try root.interact(["not needed"])
        var delegate = try Author("a", delegator: middle.aid)
        try middle.seal(delegate.latest)
        _ = delegate.pointLatest(at: middle.latest)
        try middle.interact(["not needed either"])
        var fork = delegate
        try verifier.offer(root.events + middle.events + delegate.events)
        try verifier.offer([delegate.interact(), fork.interact(["other"])])
        let found = try #require(try evidence(verifier, of: delegate.aid).first)
        let read = try DuplicityEvidence(reading: found.bytes)
        #expect(read.log.map(\.event.aid) == [root.aid, root.aid, middle.aid, middle.aid, delegate.aid])
    }

    @Test func rotationsBehindInteractionsAreFollowed() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var fork = author
        try verifier.offer(author.events)
        try verifier.offer([author.interact(), author.interact(), author.rotate(), author.interact()])
        try verifier.offer(fork.rotate(branch: "other"))
        let found = try #require(try evidence(verifier, of: author.aid).first)
        #expect(try DuplicityEvidence(reading: found.bytes).branches.map(\.count).sorted() == [1, 3])
    }

    @Test func whatProvesNothingIsNotHandedOut() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var fork = author
        try verifier.offer(author.events)
        try author.interact()
        try fork.interact(["other"])
        // The second event of another history is recorded, for it is signed by the keys in force.
        try verifier.offer([author.latest, author.interact(), fork.interact(["more"])])
        let record = try #require(try verifier.duplicities().first)
        #expect(throws: EvidenceFault.self) { try verifier.store.read { try $0.evidence(of: record) } }
    }

    // MARK: Witnesses

    @Test func twoReceiptsProveIt() throws {
        let witness = try #require(try TestKey.witnesses("w", 1).first)
        var author = try Author("a")
        var fork = author
        let (one, other) = (try author.interact(), try fork.interact(["other"]))
        let verified = try VerifiedDuplicity(reading: Scene.receipts(one, other, by: witness))
        #expect(verified.statement.accused == .witness(witness.aid))
        #expect(verified.statement.accusedAID == witness.aid)
        #expect(!verified.accusesController(of: author.aid))
        let made = try VerifiedDuplicity.ofWitness(
            witness.aid, SignedEvent(try one.receipted(by: [witness])), SignedEvent(try other.receipted(by: [witness])),
            seenAt: Scene.seenAt)
        #expect(made == verified)
        #expect(made.isSameContradiction(as: verified))
    }

    @Test func oneReceiptProvesNothing() throws {
        let witnesses = try TestKey.witnesses("w", 2)
        var author = try Author("a")
        var fork = author
        let (one, other) = (try author.interact(), try fork.interact(["other"]))
        #expect(Scene.fault(try Scene.receipts(one, other, by: witnesses[0], accused: witnesses[1])) == .noReceipt)
        let half = try Scene.bytes(
            .witness(witnesses[0].aid), log: [], [one.bare.receipted(by: witnesses)],
            [other.bare.receipted(by: [witnesses[1]])])
        #expect(Scene.fault(half) == .noReceipt)
        // A receipt of one event under the other.
        var swapped = other.bare
        swapped.attachments.nonTransferableReceipts = [try witnesses[0].couple(over: one.event.bytes)]
        let forged = try Scene.bytes(
            .witness(witnesses[0].aid), log: [], [one.bare.receipted(by: [witnesses[0]])], [swapped])
        #expect(Scene.fault(forged) == .noReceipt)
    }

    /// No log bounds the claim of a witness's place, so the statement itself must name it rightly.
    @Test func thePlaceMustBeNamedRightly() throws {
        let witness = try #require(try TestKey.witnesses("w", 1).first)
        var author = try Author("a")
        try author.interact()
        var fork = author
        let (one, other) = (
            try author.interact().bare.receipted(by: [witness]), try fork.interact(["x"]).bare.receipted(by: [witness])
        )
        #expect(Scene.fault(try Scene.bytes(.witness(witness.aid), log: [], [one], [other])) == nil)
        #expect(
            Scene.fault(try Scene.bytes(.witness(witness.aid), log: [], [one], [other], at: .zero)) == .notEvidence)
    }

    @Test func receiptsOfRecoveriesProveNothing() throws {
        let witness = try #require(try TestKey.witnesses("w", 1).first)
        var author = try Author("a")
        var recovered = author
        var other = author
        #expect(
            Scene.fault(try Scene.receipts(author.interact(), recovered.rotate(), by: witness)) == .recovery)
        // Behind the recovery the same place is receipted anew.
        try other.interact(["other"])
        #expect(
            Scene.fault(try Scene.receipts(other.interact(), recovered.interact(), by: witness)) == .notOnePlace)
        #expect(
            Scene.fault(
                try Scene.bytes(
                    .witness(witness.aid), log: [author.events[0]],
                    [author.events[1].bare.receipted(by: [witness])],
                    [other.events[1].bare.receipted(by: [witness])])) == .foreignMessage)
    }

    // MARK: Hostile input

    /// Changed or cut evidence never proves anything else than the whole one, and never crashes.
    @Test func changesProveNothingElse() throws {
        let witness = try #require(try TestKey.witnesses("w", 1).first)
        var author = try Author("a", witnesses: [witness])
        var fork = author
        let log = author.events
        let (one, other) = (try author.interact(), try fork.interact(["other"]))
        var generator = SeededGenerator(seed: 17)
        for good in [try Scene.bytes(log: log, [one], [other]), try Scene.receipts(one, other, by: witness)] {
            let claim = try VerifiedDuplicity(reading: good)
            for _ in 0..<400 {
                var changed = good
                let place = Int.random(in: 0..<good.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: changed[place] ^= UInt8.random(in: 1...255, using: &generator)
                case 1: changed.removeSubrange(place...)
                default: changed.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                }
                guard Scene.fault(changed) == nil else { continue }
                #expect(try VerifiedDuplicity(reading: changed).statement == claim.statement, "byte \(place)")
            }
        }
    }
}

extension SignedEvent {
    init(_ signed: Signed) { self.init(event: signed.event, attachments: signed.attachments) }
}
