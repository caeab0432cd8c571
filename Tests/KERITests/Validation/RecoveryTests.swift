// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Superseding events: every rule of facts 7.5, each in the accepted and in the refused direction.
struct RecoveryTests {
    // MARK: A: rotations over interactions

    @Test func a0RotationTakesThePlaceOfAnInteraction() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var recovered = author
        try verifier.offer([author.latest, try author.interact(["stolen"])])
        let rotation = try recovered.rotate()
        #expect(try verifier.offer(rotation) == .accepted(ordinal: 2))
        let state = try #require(try verifier.state(of: author.aid))
        #expect(state.sn.value == 1)
        #expect(state.said == rotation.event.said)
        #expect(state.keys == recovered.keys.verificationKeys)
        // All three are in the order of acceptance, the trunk has two.
        #expect(try verifier.log(of: author.aid).map(\.sn.value) == [0, 1, 1])
        #expect(try verifier.record(of: author.aid, at: 1)?.said == rotation.event.said)
    }

    @Test(arguments: [1, 2, 3])
    func a0FromAnyInteractionSinceTheRotation(_ place: Int) throws {
        let verifier = Verifier()
        var author = try Author("a")
        var forks = [author]
        for _ in 0..<3 {
            try author.interact()
            forks.append(author)
        }
        try verifier.offer(author.events)
        var recovered = forks[place - 1]
        #expect(try verifier.offer(recovered.rotate()) == .accepted(ordinal: 4))
        #expect(try verifier.sn(of: author.aid) == UInt128(place))
        // The old branch does not go on, the new one does.
        let old = try author.interact()
        #expect(try !verifier.offer(old).isInLog)
        #expect(try verifier.offer(recovered.interact()) == .accepted(ordinal: 5))
        #expect(try verifier.sn(of: author.aid) == UInt128(place) + 1)
        // And it may be recovered again, for an interaction stands at its end.
        #expect(try verifier.state(of: author.aid)?.establishmentSn.value == UInt128(place))
    }

    @Test func a0NeedsThePrecedingEventOfTheTrunk() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var fork = author
        try verifier.offer([author.latest, try author.interact(), try author.interact()])
        // A rotation behind an interaction that was never accepted.
        _ = try fork.interact(["never seen"])
        #expect(try verifier.offer(fork.rotate()) == .rejected(.priorMismatch))
        #expect(try verifier.sn(of: author.aid) == 2)
    }

    @Test func a0IsSignedLikeAnyRotation() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var recovered = author
        try verifier.offer([author.latest, try author.interact()])
        let keys = author.keys
        let rotation = try recovered.rotate()
        #expect(try verifier.offer(rotation.signed(by: keys)) == .rejected(.noValidSignature))
        let current = try rotation.signed(by: [Signer(recovered.keys[0], 0, isCurrentOnly: true)])
        #expect(try verifier.offer(current) == .escrowed(.partialSignatures))
        #expect(try verifier.sn(of: author.aid) == 1)
        #expect(try verifier.offer(rotation) == .accepted(ordinal: 2))
    }

    @Test func a0StopsAtALaterRotation() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var fork = author
        try verifier.offer([author.latest, try author.interact(), try author.rotate(), try author.interact()])
        #expect(try verifier.offer(fork.rotate(branch: "fork")) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.sn(of: author.aid) == 3)
    }

    @Test func a1RotationsAreFinal() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var fork = author
        try verifier.offer([author.latest, try author.rotate()])
        #expect(try verifier.offer(fork.rotate(branch: "fork")) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.record(of: author.aid, at: 1)?.said == author.latest.event.said)
        // Inceptions too.
        let other = try Author("a", isBasic: true)
        let second = try Author("a", next: 2, isBasic: true)
        #expect(other.aid == second.aid)
        try verifier.offer(other.latest)
        #expect(try verifier.offer(second.latest) == .escrowed(.likelyDuplicitous))
    }

    @Test func a2InteractionsTakeNobodysPlace() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var fork = author
        var early = author
        try verifier.offer([author.latest, try author.interact(), try author.interact()])
        #expect(try verifier.offer(fork.interact(["fork"])) == .escrowed(.likelyDuplicitous))
        try verifier.offer(author.rotate())
        _ = try early.interact()
        _ = try early.interact()
        #expect(try verifier.offer(early.interact(["fork"])) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.sn(of: author.aid) == 3)
    }

    // MARK: Delegated rotations over interactions

    @Test func a0ForDelegatedRotations() throws {
        let verifier = Verifier()
        var (delegator, delegate) = try Scene.delegated(verifier)
        var recovered = delegate
        try verifier.offer(delegate.interact(["stolen"]))
        let rotation = try recovered.rotate()
        #expect(try verifier.offer(rotation) == .escrowed(.partialDelegation))
        #expect(try verifier.sn(of: delegate.aid) == 1)
        try verifier.offer(delegator.seal(rotation))
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 2)])
        #expect(try verifier.record(of: delegate.aid, at: 1)?.said == rotation.event.said)
    }

    // MARK: B: delegated rotations over delegated rotations

    /// Two rotations of one delegate at one place.
    private struct Twins {
        var delegator: Author
        let delegate: Author
        let old: Signed
        let new: Signed

        init(_ verifier: Verifier) throws {
            (delegator, delegate) = try Scene.delegated(verifier)
            var first = delegate
            var second = delegate
            old = try first.rotate(branch: "old")
            new = try second.rotate(branch: "new")
        }
    }

    @Test func b1LaterSealWins() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        let early = try twins.delegator.seal(twins.old)
        try verifier.offer([early, twins.old.sealed(in: early)])
        let late = try twins.delegator.seal(twins.new)
        try verifier.offer(late)
        #expect(try verifier.offer(twins.new.sealed(in: late)) == .accepted(ordinal: 2))
        #expect(try verifier.record(of: twins.delegate.aid, at: 1)?.said == twins.new.event.said)
        // And the former one can't come back.
        #expect(try verifier.offer(twins.old.sealed(in: early)) == .rejected(.supersedingNotApproved))
    }

    @Test func b1FindsTheSealByItself() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        try verifier.offer([twins.delegator.seal(twins.old), twins.old])
        #expect(try verifier.offer(twins.new) == .escrowed(.partialDelegation))
        try verifier.offer(twins.delegator.seal(twins.new))
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 2)])
        #expect(try verifier.sn(of: twins.delegate.aid) == 1)
    }

    @Test func b1EarlierSealLoses() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        let early = try twins.delegator.seal(twins.new)
        let late = try twins.delegator.seal(twins.old)
        try verifier.offer([early, late, twins.old.sealed(in: late)])
        #expect(try verifier.offer(twins.new.sealed(in: early)) == .rejected(.supersedingNotApproved))
        #expect(try verifier.record(of: twins.delegate.aid, at: 1)?.said == twins.old.event.said)
    }

    @Test func b1StopsAtALaterRotation() throws {
        let verifier = Verifier()
        var (delegator, delegate) = try Scene.delegated(verifier)
        var fork = delegate
        let old = try delegate.rotate()
        let after = try delegate.rotate()
        let new = try fork.rotate(branch: "new")
        let sealing = try delegator.seal(old, after)
        try verifier.offer([sealing, old, after])
        #expect(try verifier.sn(of: delegate.aid) == 2)
        let late = try delegator.seal(new)
        try verifier.offer(late)
        #expect(try verifier.offer(new.sealed(in: late)) == .escrowed(.likelyDuplicitous))
    }

    @Test func b1DropsInteractionsBehindTheFormerOne() throws {
        let verifier = Verifier()
        var (delegator, delegate) = try Scene.delegated(verifier)
        var fork = delegate
        let old = try delegate.rotate()
        let interaction = try delegate.interact()
        let new = try fork.rotate(branch: "new")
        try verifier.offer([delegator.seal(old), old, interaction])
        #expect(try verifier.sn(of: delegate.aid) == 2)
        try verifier.offer([delegator.seal(new), new])
        #expect(try verifier.sn(of: delegate.aid) == 1)
        #expect(try verifier.offer(fork.interact()) == .accepted(ordinal: 4))
    }

    @Test func b1NeedsTheKeysBeforeBoth() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        let early = try twins.delegator.seal(twins.old)
        try verifier.offer([early, twins.old.sealed(in: early)])
        let late = try twins.delegator.seal(twins.new)
        try verifier.offer(late)
        // Signed by keys that were pre-rotated in the event to be superseded, not before it.
        let next = try TestKey.keys("delegate 2old", 1)
        let forged = Signed(
            try EventBuilder.rotation(
                of: twins.delegate.state,
                Establishment(
                    signingThreshold: .count(1), keys: next.verificationKeys, nextThreshold: .count(0),
                    nextDigests: [])))
        #expect(try verifier.offer(forged.signed(by: next).sealed(in: late)) == .escrowed(.partialSignatures))
    }

    @Test func b2LaterPlaceInOneEventWins() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        let both = try twins.delegator.seal(twins.old, twins.new)
        try verifier.offer([both, twins.old.sealed(in: both)])
        #expect(try verifier.offer(twins.new.sealed(in: both)) == .accepted(ordinal: 2))
        #expect(try verifier.record(of: twins.delegate.aid, at: 1)?.said == twins.new.event.said)
    }

    @Test func b2EarlierPlaceInOneEventLoses() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        let both = try twins.delegator.seal(twins.new, twins.old)
        try verifier.offer([both, twins.old.sealed(in: both)])
        #expect(try verifier.offer(twins.new.sealed(in: both)) == .rejected(.supersedingNotApproved))
        #expect(try verifier.record(of: twins.delegate.aid, at: 1)?.said == twins.old.event.said)
    }

    @Test func b3RecoveredDelegatorWins() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        var recovered = twins.delegator
        let stolen = try twins.delegator.seal(twins.old)
        try verifier.offer([stolen, twins.old.sealed(in: stolen)])
        let rotation = try recovered.rotate(anchors: [twins.new.seal.value])
        #expect(try verifier.offer(rotation).isInLog)
        #expect(try verifier.offer(twins.new.sealed(in: rotation)) == .accepted(ordinal: 2))
        #expect(try verifier.record(of: twins.delegate.aid, at: 1)?.said == twins.new.event.said)
    }

    @Test func b3NotTheOtherWayRound() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        var recovered = twins.delegator
        let stolen = try twins.delegator.seal(twins.new)
        let rotation = try recovered.rotate(anchors: [twins.old.seal.value])
        try verifier.offer([stolen, rotation, twins.old.sealed(in: rotation)])
        // The interaction that sealed it is no longer in the delegator's log.
        #expect(try verifier.offer(twins.new.sealed(in: stolen)) == .rejected(.sealNotFound))
        #expect(try verifier.record(of: twins.delegate.aid, at: 1)?.said == twins.old.event.said)
    }

    // MARK: C: up the chain

    @Test func cTheDelegatorsDelegatorDecides() throws {
        let verifier = Verifier()
        var (root, middle) = try Scene.delegated(verifier, "middle", by: "root")
        var leaf = try Author("leaf", delegator: middle.aid)
        _ = leaf.pointLatest(at: try middle.seal(leaf.latest))
        try verifier.offer([middle.latest, leaf.latest])
        var (first, second) = (leaf, leaf)
        let (old, new) = (try first.rotate(branch: "old"), try second.rotate(branch: "new"))
        // Both are sealed by rotations of the middle one that stand at one place.
        var fork = middle
        let oldSealing = try middle.rotate(anchors: [old.seal.value], branch: "old")
        let newSealing = try fork.rotate(anchors: [new.seal.value], branch: "new")
        let early = try root.seal(oldSealing)
        try verifier.offer([early, oldSealing.sealed(in: early), old.sealed(in: oldSealing)])
        #expect(try verifier.record(of: leaf.aid, at: 1)?.said == old.event.said)
        let late = try root.seal(newSealing)
        try verifier.offer(late)
        #expect(try verifier.offer(newSealing.sealed(in: late)).isInLog)
        #expect(try verifier.offer(new.sealed(in: newSealing)) == .accepted(ordinal: 2))
        // The other way round the seal is gone.
        #expect(try verifier.offer(old.sealed(in: oldSealing)) == .rejected(.sealNotFound))
    }

    /// Two sealing rotations at one place of an undelegated delegator: the store below was never allowed by the rules,
    /// which is what makes the last rule's refusal reachable.
    @Test func c1UndecidedAtTheRootIsRefused() throws {
        let verifier = Verifier()
        var twins = try Twins(verifier)
        var fork = twins.delegator
        let oldSealing = try twins.delegator.rotate(anchors: [twins.old.seal.value], branch: "old")
        let newSealing = try fork.rotate(anchors: [twins.new.seal.value], branch: "new")
        try verifier.offer([oldSealing, twins.old.sealed(in: oldSealing)])
        try verifier.store.write { transaction in
            let proof = EventProof(controllerSignatures: newSealing.attachments.controllerSignatures)
            try transaction.append(
                EventRecord(newSealing.event, ordinal: 3, seenAt: verifier.now, proof: proof), leadingTo: fork.state)
        }
        #expect(try verifier.offer(twins.new.sealed(in: newSealing)) == .rejected(.supersedingNotApproved))
        #expect(try verifier.record(of: twins.delegate.aid, at: 1)?.said == twins.old.event.said)
    }
}
