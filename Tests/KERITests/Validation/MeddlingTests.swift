// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// What somebody in the middle can do to messages of others without any key: send copies with other attachments.
struct MeddlingTests {
    @Test func aRecodedSignatureDoesNotHideTheOriginal() throws {
        let verifier = Verifier()
        var author = try Author("pair", keys: 2, threshold: .count(2), next: 2, nextThreshold: .count(2))
        try verifier.offer(author.latest)
        let rotation = try author.rotate()
        let signatures = rotation.attachments.controllerSignatures
        let recoded = try IndexedSignature(code: .ed25519CurrentOnly, index: 0, raw: signatures[0].raw)
        var copy = rotation
        copy.attachments.controllerSignatures = [recoded] + signatures
        #expect(try verifier.offer(copy) == .accepted(ordinal: 1))
    }

    @Test func junkDoesNotCrowdOutWhatWaits() throws {
        let verifier = Verifier()
        var author = try Author("a")
        let first = try author.interact()
        let second = try author.interact()
        try verifier.offer(author.events[0])
        #expect(try verifier.offer(second) == .escrowed(.outOfOrder))
        var junk = second
        junk.attachments.controllerSignatures = try (0..<1024).map { number in
            var raw = [UInt8](repeating: 7, count: 64)
            raw[0] = UInt8(number & 255)
            raw[1] = UInt8(number >> 8)
            return try IndexedSignature(code: .ed25519, index: 0, raw: raw)
        }
        #expect(try verifier.offer(junk) == .escrowed(.outOfOrder))
        try verifier.offer(first)
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 2)])
    }

    @Test(arguments: [0, 9] as [UInt128])
    func aFalseSealSourceDoesNotSpoilWhatWaits(_ position: UInt128) throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        #expect(try verifier.offer(delegate.latest) == .escrowed(.partialDelegation))
        var meddled = delegate.latest
        meddled.attachments.sealSourceCouples = [
            SealSourceCouple(sn: position + 1, said: delegator.latest.event.said.primitive)
        ]
        #expect(try verifier.offer(meddled) == .escrowed(.partialDelegation))
        let approval = try delegator.seal(delegate.latest)
        try verifier.offer(delegator.events[0])
        try verifier.offer(approval)
        #expect(try verifier.resume().contains { $0.outcome == .accepted(ordinal: 0) })
    }

    @Test func aDelegatorThatRecoversMaySealAgain() throws {
        let verifier = Verifier()
        var delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        try verifier.offer(delegator.latest)
        var recovered = delegator
        let approval = try delegator.seal(delegate.latest)
        try verifier.offer(approval)
        #expect(try verifier.offer(delegate.latest.sealed(in: approval)) == .accepted(ordinal: 0))
        let again = try recovered.rotate(anchors: [delegate.latest.seal.value])
        #expect(try verifier.offer(again).isInLog)
        // The first copy still points at the superseded event; it counts, for the seal stands again.
        #expect(try verifier.offer(delegate.latest.sealed(in: approval)).isInLog)
        let source = try verifier.record(of: delegate.aid, at: 0)?.proof.sealSource
        #expect(source == again.source)
    }

    @Test func moreKeysThanCanBeToldAreRefused() throws {
        let key = try TestKey.named("k")
        let list = [VerificationKey](repeating: key.verificationKey, count: 4096)
        let stated = Establishment(
            signingThreshold: .count(1), keys: list, nextThreshold: .count(0), nextDigests: [])
        #expect(throws: EventBuilder.Failure.self) { try EventBuilder.inception(stated) }
    }

    @Test func aMessageTooLargeToReadBackIsNotKept() throws {
        let verifier = Verifier()
        let author = try Author("unknown")
        let body = try Routed.exchange(from: author.aid, dated: verifier.now)
        var attachments = try Routed.signed(body, by: author)
        attachments.pathedGroups = [
            PathedGroup(domain: .binary, content: [UInt8](repeating: 0xff, count: 3_900_000))
        ]
        #expect(try verifier.offer(body: body, attachments) == .rejected(.escrowFull))
        #expect(try verifier.resume().isEmpty)
    }

    @Test func oneContradictionAPlaceIsKept() throws {
        let verifier = Verifier()
        var author = try Author("two faced")
        try verifier.offer(author.latest)
        let inception = author
        try verifier.offer(author.interact())
        for number in 0..<3 {
            var other = inception
            let event = try other.interact([["n": .integer(String(number))]])
            #expect(try verifier.offer(event) == .escrowed(.likelyDuplicitous))
        }
        #expect(try verifier.store.read { $0.duplicities(of: author.aid) }.count == 1)
    }
}
