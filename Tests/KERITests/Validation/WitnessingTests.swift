// SPDX-License-Identifier: Apache-2.0

import CESR
import Testing

@testable import KERI

/// A witness accepts what nobody has receipted yet, and nothing else that others would not (facts 7.4).
struct WitnessingTests {
    @Test func theFirstToSeeIt() throws {
        let witnesses = try TestKey.witnesses("w", 3)
        var author = try Author("a", witnesses: witnesses, toad: 2)
        let witness = Verifier(ProcessingPolicy(witnessing: [witnesses[1].aid]))
        let other = Verifier(ProcessingPolicy(witnessing: [try TestKey.witnesses("other", 1)[0].aid]))
        let bare = try author.latest.witnessed(by: [])
        #expect(try witness.offer(bare) == .accepted(ordinal: 0))
        #expect(try other.offer(bare) == .escrowed(.partialWitnesses))
        let stolen = try author.interact().witnessed(by: [])
        #expect(
            try witness.offer(stolen.signed(by: [TestKey.named("thief")])) == .rejected(.noValidSignature))
        #expect(try witness.offer(stolen) == .accepted(ordinal: 1))
    }

    /// A witness that serves some controllers only is none to the others.
    @Test func onlyForThoseWhoAreServed() throws {
        let witnesses = try TestKey.witnesses("w", 1)
        let served = try Author("served", witnesses: witnesses).latest.witnessed(by: [])
        let other = try Author("other", witnesses: witnesses).latest.witnessed(by: [])
        let witness = Verifier(
            ProcessingPolicy(witnessing: [witnesses[0].aid], witnessedControllers: [served.event.aid]))
        #expect(try witness.offer([served, other]) == [.accepted(ordinal: 0), .escrowed(.partialWitnesses)])
        try witness.wake()
        #expect(try witness.state(of: other.event.aid) == nil)
    }

    @Test func aWitnessThatWasCutIsNone() throws {
        let witnesses = try TestKey.witnesses("w", 2)
        var author = try Author("a", witnesses: witnesses, toad: 1)
        let witness = Verifier(ProcessingPolicy(witnessing: [witnesses[0].aid]))
        try witness.offer(author.latest.witnessed(by: []))
        let rotation = try author.rotate(cut: [witnesses[0]], toad: 1).witnessed(by: [])
        #expect(try witness.offer(rotation) == .escrowed(.partialWitnesses))
    }

    @Test func delegatesNeedNoSealYetWhereTheirWitnessIs() throws {
        let witnesses = try TestKey.witnesses("w", 1)
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", witnesses: witnesses, delegator: delegator.aid)
        let witness = Verifier(ProcessingPolicy(witnessing: [witnesses[0].aid]))
        let bare = try delegate.latest.witnessed(by: [])
        #expect(try witness.offer(bare) == .accepted(ordinal: 0))
        // Nobody else believes it, receipted or not.
        let others = Verifier(ProcessingPolicy(witnessing: [try TestKey.witnesses("other", 1)[0].aid]))
        #expect(try others.offer(delegate.latest) == .escrowed(.partialDelegation))
        // Once the seal is here it is kept with the event.
        try witness.offer([delegator.latest, delegator.seal(delegate.latest)])
        #expect(try witness.offer(bare) == .duplicate(added: 0))
        let record = try witness.record(of: delegate.aid, at: 0)
        #expect(record?.proof.sealSource?.sn == SequenceNumber(1))
    }

    @Test func whatTakesThePlaceOfOthersNeedsItsSealEvenHere() throws {
        let witnesses = try TestKey.witnesses("w", 1)
        var delegator = try Author("delegator")
        var delegate = try Author("delegate", witnesses: witnesses, delegator: delegator.aid)
        let witness = Verifier(ProcessingPolicy(witnessing: [witnesses[0].aid]))
        try witness.offer([delegator.latest, delegator.seal(delegate.latest)])
        try witness.offer(delegate.latest.witnessed(by: []))
        var thief = delegate
        #expect(try witness.offer(thief.rotate(toad: 1).witnessed(by: [])) == .accepted(ordinal: 1))
        // The delegator never sealed what the thief made; what it seals takes its place.
        let good = try delegate.rotate(toad: 1, branch: "good")
        let bare = try good.witnessed(by: [])
        #expect(try witness.offer(bare) == .escrowed(.partialDelegation))
        try witness.offer(delegator.seal(good))
        try witness.resume()
        #expect(try witness.state(of: delegate.aid)?.said == good.event.said)
    }
}
