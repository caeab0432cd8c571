// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Two events for one place: when that is proof against a controller, and when it is nothing (facts 7.9).
struct DuplicityTests {
    @Test func signedContradictionsAreEvidence() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var fork = author
        let accepted = try author.interact()
        try verifier.offer([author.events[0], accepted])
        verifier.wait(5)
        let other = try fork.interact(["other"])
        #expect(try verifier.offer(other) == .escrowed(.likelyDuplicitous))
        let record = try #require(try verifier.duplicities(of: author.aid).first)
        #expect(record.aid == author.aid)
        #expect(record.sn.value == 1)
        #expect(record.accepted == accepted.event.said)
        #expect(record.other == other.event.said)
        #expect(record.seenAt == verifier.now)
        // The same again is the same evidence.
        try verifier.offer(other)
        #expect(try verifier.duplicities(of: nil) == [record])
        #expect(try verifier.duplicities(of: Author("somebody").aid).isEmpty)
        // Resuming changes nothing, and the state stays what it was first.
        #expect(try verifier.resume().isEmpty)
        #expect(try verifier.record(of: author.aid, at: 1)?.said == accepted.event.said)
    }

    /// Whoever holds the log up to the place can check the evidence alone.
    @Test func evidenceIsPortable() throws {
        let verifier = Verifier()
        var author = try Author("a", keys: 2, threshold: .count(2))
        var fork = author
        try verifier.offer([author.latest, author.interact(), fork.interact(["other"])])
        let record = try #require(try verifier.duplicities().first)
        let stored = try StoredMessage(record.message)
        guard case .keyEvent(let event) = stored.message else {
            Issue.record("no event")
            return
        }
        #expect(event.said == record.other)
        #expect(event.sn == record.sn)
        // A fresh verifier that saw only the inception accepts the other event: it is signed as its place demands.
        let judge = Verifier()
        try judge.offer(author.events[0])
        #expect(try judge.offer(stored.message, stored.attachments) == .accepted(ordinal: 1))
        // And to it the first one is the evidence.
        #expect(try judge.offer(author.latest) == .escrowed(.likelyDuplicitous))
        #expect(try judge.duplicities().map(\.other) == [record.accepted])
    }

    @Test func unsignedContradictionsAreNone() throws {
        let verifier = Verifier()
        var author = try Author("a", keys: 2, threshold: .count(2))
        var fork = author
        try verifier.offer([author.latest, author.interact()])
        let other = try fork.interact(["forged"])
        let thief = try TestKey.keys("thief", 2)
        #expect(try verifier.offer(other.bare) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.offer(other.signed(by: thief)) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.offer(other.signed(by: author.keys, at: [0])) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().isEmpty)
        #expect(try verifier.offer(other) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().count == 1)
    }

    @Test func rotationsNeedThePreRotatedKeysToBeEvidence() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var fork = author
        let before = author
        try verifier.offer([author.latest, author.rotate()])
        let thief = try TestKey.keys("thief", 1)
        let forged = Signed(
            try EventBuilder.rotation(
                of: before.state,
                Establishment(
                    signingThreshold: .count(1), keys: thief.verificationKeys, nextThreshold: .count(0),
                    nextDigests: [])))
        #expect(try verifier.offer(forged.signed(by: thief)) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().isEmpty)
        #expect(try verifier.offer(fork.rotate(branch: "other")) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().count == 1)
    }

    @Test func secondInceptionsAreEvidence() throws {
        let verifier = Verifier()
        let first = try Author("a", isBasic: true)
        let second = try Author("a", next: 2, isBasic: true)
        try verifier.offer(first.latest)
        #expect(try verifier.offer(second.latest.bare) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().isEmpty)
        try verifier.offer(second.latest)
        #expect(try verifier.duplicities().count == 1)
    }

    /// A recovered log holds two events for a place, both signed, and nobody was duplicitous.
    @Test func recoveriesAreNoEvidence() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var recovered = author
        let stolen = try author.interact(["stolen"])
        let unseen = try { () throws -> Signed in
            var copy = recovered
            return try copy.interact(["stolen too"])
        }()
        try verifier.offer([author.events[0], stolen, recovered.rotate()])
        // The whole log once more, as a peer replays it, with the branch that was given up.
        #expect(try verifier.offer(author.events[0]) == .duplicate(added: 0))
        try verifier.offer(stolen)
        #expect(try verifier.offer(recovered.latest) == .duplicate(added: 0))
        // An interaction that the recovery would have superseded, had it come in time.
        #expect(try verifier.offer(unseen) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().isEmpty)
        #expect(try verifier.record(of: author.aid, at: 1)?.said == recovered.latest.event.said)
    }

    @Test func supersededDelegatedRotationsAreNoEvidence() throws {
        let verifier = Verifier()
        var (delegator, delegate) = try Scene.delegated(verifier)
        var fork = delegate
        let old = try delegate.rotate(branch: "old")
        let new = try fork.rotate(branch: "new")
        try verifier.offer([delegator.seal(old), old, delegator.seal(new), new])
        #expect(try verifier.record(of: delegate.aid, at: 1)?.said == new.event.said)
        #expect(try verifier.offer(old) == .rejected(.supersedingNotApproved))
        let after = try fork.rotate()
        try verifier.offer([delegator.seal(after), after])
        #expect(try verifier.sn(of: delegate.aid) == 2)
        #expect(try verifier.offer(old) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().isEmpty)
    }
}
