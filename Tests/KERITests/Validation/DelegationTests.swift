// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Approval of delegated events by seals of the delegator (facts 7.6).
struct DelegationTests {
    @Test func findsTheSealByItself() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        #expect(try verifier.offer(delegate.latest) == .escrowed(.partialDelegation))
        #expect(try verifier.escrows().first?.missing == "the log of delegator \(delegator.aid)")
        try verifier.offer(delegator.latest)
        #expect(try verifier.resume().isEmpty)
        let approval = try delegator.seal(delegate.latest)
        try verifier.offer([approval, try delegator.interact()])
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
        #expect(try verifier.record(of: delegate.aid, at: 0)?.proof.sealSource == approval.source)
        #expect(try verifier.state(of: delegate.aid)?.delegator == delegator.aid)
    }

    @Test func acceptsTheCouple() throws {
        let verifier = Verifier()
        let (delegator, delegate) = try Scene.delegated(verifier)
        #expect(try verifier.record(of: delegate.aid, at: 0)?.proof.sealSource == delegator.latest.source)
    }

    @Test func rotationsSealToo() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        let approval = try delegator.rotate(anchors: [delegate.latest.seal.value])
        try verifier.offer(delegator.events)
        #expect(try verifier.offer(delegate.latest.sealed(in: approval)) == .accepted(ordinal: 0))
    }

    @Test func waitsForTheEventThatTheCoupleNames() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        try verifier.offer(delegator.latest)
        let approval = try delegator.seal(delegate.latest)
        #expect(try verifier.offer(delegate.latest.sealed(in: approval)) == .escrowed(.partialDelegation))
        #expect(try verifier.escrows().first?.missing == "event 1 of delegator \(delegator.aid)")
        try verifier.offer(approval)
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
    }

    @Test func refusesCouplesThatDontHold() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        let empty = try delegator.interact()
        let approval = try delegator.seal(delegate.latest)
        let other = try delegator.seal(try Author("other").latest)
        try verifier.offer(delegator.events)
        #expect(try verifier.offer(delegate.latest.sealed(in: empty)) == .rejected(.sealNotFound))
        #expect(try verifier.offer(delegate.latest.sealed(in: other)) == .rejected(.sealNotFound))
        #expect(try verifier.offer(delegate.latest.sealed(in: delegator.events[0])) == .rejected(.sealNotFound))
        // Right place, wrong digest.
        var wrong = delegate.latest.sealed(in: approval)
        wrong.attachments.sealSourceCouples[0].said = empty.event.said.primitive
        #expect(try verifier.offer(wrong) == .rejected(.sealNotFound))
        // Of several couples the last one counts.
        var two = delegate.latest.sealed(in: empty)
        two.attachments.sealSourceCouples += delegate.latest.sealed(in: approval).attachments.sealSourceCouples
        #expect(try verifier.offer(two) == .accepted(ordinal: 0))
    }

    @Test func sealsAreRecognisedByTheirExactMembers() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        let (i, s, d) = (delegate.aid.text, "0", delegate.latest.event.said.text)
        let anchors: [OrderedValue] = [
            ["d": .text(d), "s": .text(s), "i": .text(i)],
            ["i": .text(i), "s": .text(s), "d": .text(d), "more": true],
            ["i": .text(i), "s": .text("1"), "d": .text(d)],
            ["i": .text(i), "s": .text(s), "d": .text(i.replacingLast())],
            ["i": .text(i), "s": 0, "d": .text(d)],
            ["seal": ["i": .text(i), "s": .text(s), "d": .text(d)]],
        ]
        let almost = try delegator.interact(anchors)
        try verifier.offer(delegator.events)
        #expect(try verifier.offer(delegate.latest) == .escrowed(.partialDelegation))
        #expect(try verifier.offer(delegate.latest.sealed(in: almost)) == .rejected(.sealNotFound))
        let right = try delegator.interact(anchors + [delegate.latest.seal.value], format: .cbor)
        try verifier.offer(right)
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
    }

    @Test func supersededSealsDontApprove() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        try verifier.offer(delegator.latest)
        var recovered = delegator
        let approval = try delegator.seal(delegate.latest)
        try verifier.offer(approval)
        // The seal was made by a thief; the owner recovers before the delegate's event arrives.
        #expect(try verifier.offer(recovered.rotate()) == .accepted(ordinal: 2))
        #expect(try verifier.offer(delegate.latest.sealed(in: approval)) == .rejected(.sealNotFound))
        #expect(try verifier.offer(delegate.latest) == .escrowed(.partialDelegation))
        #expect(try verifier.resume().isEmpty)
        // Also behind the end of the trunk nothing of the old branch counts.
        var longer = delegator
        _ = try longer.seal(delegate.latest)
        #expect(try verifier.state(of: delegate.aid) == nil)
    }

    @Test func twoLevels() throws {
        let verifier = Verifier()
        var root = try Author("root")
        var middle = try Author("middle", delegator: root.aid)
        var leaf = try Author("leaf", delegator: middle.aid)
        let middleApproval = try root.seal(middle.latest)
        let leafApproval = try middle.seal(leaf.latest)
        // From the leaf upwards; everything waits for what is above it.
        #expect(try verifier.offer(leaf.latest) == .escrowed(.partialDelegation))
        #expect(try verifier.offer(leafApproval) == .escrowed(.outOfOrder))
        #expect(try verifier.offer(middle.events[0]) == .escrowed(.partialDelegation))
        try verifier.offer([root.events[0], middleApproval])
        try verifier.resume()
        #expect(try verifier.escrows().isEmpty)
        #expect(try verifier.state(of: leaf.aid)?.delegator == middle.aid)
        // A rotation of the middle one needs the root.
        let rotation = try middle.rotate()
        #expect(try verifier.offer(rotation) == .escrowed(.partialDelegation))
        // Its interactions do not, but they wait for the rotation.
        let leafRotation = try leaf.rotate()
        let sealing = try middle.seal(leafRotation)
        #expect(try verifier.offer(sealing) == .escrowed(.outOfOrder))
        #expect(try verifier.offer(leafRotation) == .escrowed(.partialDelegation))
        try verifier.offer(try root.seal(rotation))
        try verifier.resume()
        #expect(try verifier.escrows().isEmpty)
        #expect(try verifier.sn(of: middle.aid) == 3)
        #expect(try verifier.sn(of: leaf.aid) == 1)
    }

    @Test func signaturesComeBeforeTheSeal() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", keys: 2, delegator: delegator.aid)
        let approval = try delegator.seal(delegate.latest)
        try verifier.offer(delegator.events)
        let thief = try TestKey.keys("thief", 2)
        let sealed = delegate.latest.sealed(in: approval)
        #expect(try verifier.offer(sealed.signed(by: thief)) == .rejected(.noValidSignature))
        #expect(try verifier.offer(sealed.signed(by: delegate.keys, at: [0])) == .escrowed(.partialSignatures))
        // The couple that came with the first copy is kept for the second.
        try verifier.offer(delegate.latest.signed(by: delegate.keys, at: [1]))
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
        #expect(try verifier.record(of: delegate.aid, at: 0)?.proof.sealSource == approval.source)
    }

    @Test func interactionsOfDelegatesNeedNoSeal() throws {
        let verifier = Verifier()
        var (_, delegate) = try Scene.delegated(verifier)
        #expect(try verifier.offer(delegate.interact()) == .accepted(ordinal: 1))
    }

    @Test func witnessesAreNeededBesideTheSeal() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let witnesses = try TestKey.witnesses("w", 2)
        let delegate = try Author("delegate", witnesses: witnesses, delegator: delegator.aid)
        let approval = try delegator.seal(delegate.latest)
        try verifier.offer(delegator.events)
        let sealed = delegate.latest.sealed(in: approval)
        #expect(try verifier.offer(sealed.witnessed(by: witnesses, at: [0])) == .escrowed(.partialWitnesses))
        try verifier.offer(delegate.latest.witnessed(by: witnesses, at: [1]))
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
    }
}

extension String {
    /// The text with its last character exchanged for another of the alphabet.
    fileprivate func replacingLast() -> String { String(dropLast()) + (hasSuffix("A") ? "Q" : "A") }
}
