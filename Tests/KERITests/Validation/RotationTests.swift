// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI

/// Both thresholds of a rotation, and which signatures count for which (facts 7.3).
struct RotationTests {
    /// A rotation of `author` that states these keys.
    private func rotation(
        of author: Author, keys: [CreatedKey], threshold: Threshold, next: [CreatedKey] = [],
        nextThreshold: Threshold = .count(0), witnesses: (UInt32, [AID], [AID]) = (0, [], [])
    ) throws -> Signed {
        Signed(
            try EventBuilder.rotation(
                of: author.state,
                Establishment(
                    signingThreshold: threshold, keys: keys.verificationKeys, nextThreshold: nextThreshold,
                    nextDigests: next.digests, witnessThreshold: witnesses.0, witnessesAdded: witnesses.1,
                    witnessesCut: witnesses.2)))
    }

    @Test func needsEnoughOfTheNewKeys() throws {
        let verifier = Verifier()
        let author = try Author("a", next: 3, nextThreshold: .count(1))
        try verifier.offer(author.latest)
        let event = try rotation(of: author, keys: author.next, threshold: .count(2))
        #expect(try verifier.offer(event.signed(by: author.next, at: [2])) == .escrowed(.partialSignatures))
        #expect(try verifier.offer(event.signed(by: author.next, at: [0, 2])) == .accepted(ordinal: 1))
    }

    @Test func needsEnoughOfThePreRotatedKeys() throws {
        let verifier = Verifier()
        let author = try Author("a", next: 3, nextThreshold: .count(2))
        try verifier.offer(author.latest)
        let event = try rotation(of: author, keys: author.next, threshold: .count(1))
        #expect(try verifier.offer(event.signed(by: author.next, at: [1])) == .escrowed(.partialSignatures))
        let missing = try #require(try verifier.escrows().first?.missing)
        #expect(missing.contains("pre-rotated"))
        #expect(try verifier.offer(event.signed(by: author.next, at: [1, 2])) == .accepted(ordinal: 1))
    }

    @Test func refusesKeysThatWereNotPreRotated() throws {
        let verifier = Verifier()
        let author = try Author("a")
        try verifier.offer(author.latest)
        let thief = try TestKey.keys("thief", 1)
        let event = try rotation(of: author, keys: thief, threshold: .count(1))
        #expect(try verifier.offer(event.signed(by: thief)) == .escrowed(.partialSignatures))
        #expect(try verifier.sn(of: author.aid) == 0)
        // Nor do the keys in force help.
        let stale = try rotation(of: author, keys: author.keys, threshold: .count(1))
        #expect(try verifier.offer(stale.signed(by: author.keys)) == .escrowed(.partialSignatures))
    }

    /// Five committed, three exposed at other places: the signatures name both places.
    @Test func acceptsAPartOfThePreRotatedKeys() throws {
        let verifier = Verifier()
        let author = try Author("a", next: 5, nextThreshold: .count(3))
        try verifier.offer(author.latest)
        let exposed = [author.next[0], author.next[3], author.next[4]]
        let event = try rotation(
            of: author, keys: exposed, threshold: .count(2), next: [author.next[1], author.next[2]],
            nextThreshold: .count(1))
        let right = [Signer(exposed[0], 0), Signer(exposed[1], 1, ondex: 3), Signer(exposed[2], 2, ondex: 4)]
        // A wrong or missing second place does not count.
        let wrong = [Signer(exposed[0], 0), Signer(exposed[1], 1), Signer(exposed[2], 2, ondex: 3)]
        let outside = [Signer(exposed[0], 0), Signer(exposed[1], 1, ondex: 3), Signer(exposed[2], 2, ondex: 9)]
        #expect(try verifier.offer(event.signed(by: wrong)) == .escrowed(.partialSignatures))
        #expect(try verifier.offer(event.signed(by: outside)) == .escrowed(.partialSignatures))
        #expect(try verifier.offer(event.signed(by: right)) == .accepted(ordinal: 1))
        // The digests that were kept back may be used later.
        var state = try #require(try verifier.state(of: author.aid))
        #expect(state.nextDigests == [author.next[1], author.next[2]].digests)
        let kept = Signed(
            try EventBuilder.rotation(
                of: state,
                Establishment(
                    signingThreshold: .count(1), keys: [author.next[2].verificationKey], nextThreshold: .count(0),
                    nextDigests: [])))
        #expect(try verifier.offer(kept.signed(by: [Signer(author.next[2], 0, ondex: 1)])) == .accepted(ordinal: 2))
        state = try #require(try verifier.state(of: author.aid))
        #expect(!state.isTransferable)
    }

    /// Custodians reveal pre-rotated keys, a fresh key signs beside them.
    @Test func lettingCustodiansRotate() throws {
        let verifier = Verifier()
        let author = try Author("a", next: 2, nextThreshold: .count(2))
        try verifier.offer(author.latest)
        let fresh = try TestKey.named("fresh")
        let keys = [fresh] + author.next
        let event = try rotation(
            of: author, keys: keys, threshold: .weighted([["1", "0", "0"]]), next: author.next,
            nextThreshold: .count(2))
        let custodians = [Signer(keys[1], 1, ondex: 0), Signer(keys[2], 2, ondex: 1)]
        #expect(try verifier.offer(event.signed(by: custodians)) == .escrowed(.partialSignatures))
        let all = custodians + [Signer(fresh, 0, isCurrentOnly: true)]
        #expect(try verifier.offer(event.signed(by: all)) == .accepted(ordinal: 1))
    }

    @Test func currentOnlySignaturesRevealNothing() throws {
        let verifier = Verifier()
        let author = try Author("a")
        try verifier.offer(author.latest)
        let event = try rotation(of: author, keys: author.next, threshold: .count(1))
        let current = try event.signed(by: [Signer(author.next[0], 0, isCurrentOnly: true)])
        #expect(current.attachments.controllerSignatures.map(\.ondex) == [nil])
        #expect(try verifier.offer(current) == .escrowed(.partialSignatures))
        #expect(try verifier.offer(event.signed(by: [Signer(author.next[0], 0)])) == .accepted(ordinal: 1))
    }

    @Test func countsAnIndexOnceInWhateverCode() throws {
        let verifier = Verifier()
        let author = try Author("a", keys: 2)
        let small = try Signer(author.keys[0], 0).signature(over: author.latest.event.bytes)
        let big = try IndexedSignature(code: .ed25519Big, index: 0, ondex: 0, raw: small.raw)
        let current = try IndexedSignature(code: .ed25519CurrentOnly, index: 0, raw: small.raw)
        var padded = author.latest
        padded.attachments.controllerSignatures = [small, big, current, small]
        #expect(try verifier.offer(padded) == .escrowed(.partialSignatures))
        #expect(try verifier.resume().isEmpty)
        #expect(try verifier.offer(author.latest) == .accepted(ordinal: 0))
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.controllerSignatures.count == 2)
    }

    /// A key list may name a key twice: keripy accepts it, for its controller chose so, but nobody should write it.
    @Test func refusesToWriteAKeyTwice() throws {
        let key = try TestKey.named("twice")
        var stated = Establishment(
            signingThreshold: .count(2), keys: [key.verificationKey, key.verificationKey], nextThreshold: .count(0),
            nextDigests: [])
        let twice = EventBuilder.Failure.refused(MessageError(.badValue("k")))
        #expect(throws: twice) { try EventBuilder.inception(stated) }
        #expect(throws: twice) { try EventBuilder.basicInception(stated) }
        stated.keys.removeLast()
        stated.nextDigests = [key, key].digests
        let next = EventBuilder.Failure.refused(MessageError(.badValue("n")))
        #expect(throws: next) { try EventBuilder.inception(stated) }
        let state = try Author("a").state
        #expect(throws: next) { try EventBuilder.rotation(of: state, stated) }
    }

    @Test func ignoresSignaturesOfNoKeyAndBadOnes() throws {
        let verifier = Verifier()
        let author = try Author("a", keys: 2)
        let other = try TestKey.named("other")
        let signed = try author.latest.signed(
            by: [Signer(other, 0), Signer(other, 7), Signer(author.keys[0], 0), Signer(author.keys[1], 1)])
        #expect(try verifier.offer(signed) == .accepted(ordinal: 0))
        #expect(
            try verifier.record(of: author.aid, at: 0)?.proof.controllerSignatures
                == author.latest.attachments.controllerSignatures)
    }

    @Test func weightsMustReachOneInEveryClause() throws {
        let nested = try Threshold.weighted([["1/2", "1/2", "1/2"], ["1", "1"]])
        for (places, isEnough) in [
            ([0, 1, 3], true), ([0, 2, 4], true), ([0, 1], false), ([3, 4], false), ([0, 3, 4], false),
            ([0, 1, 2, 3, 4], true),
        ] {
            let verifier = Verifier()
            let author = try Author("weighted", keys: 5, threshold: nested)
            let outcome = try verifier.offer(author.latest.signed(by: author.keys, at: places))
            #expect(outcome == (isEnough ? .accepted(ordinal: 0) : .escrowed(.partialSignatures)), "\(places)")
        }
    }

    @Test func collectsSignaturesOverCopies() throws {
        let verifier = Verifier()
        let author = try Author("group", keys: 3, threshold: .weighted([["1/3", "1/3", "1/3"]]))
        for place in 0..<3 {
            #expect(
                try verifier.offer(author.latest.signed(by: author.keys, at: [place]))
                    == .escrowed(.partialSignatures))
        }
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
        #expect(try verifier.escrows().isEmpty)
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.controllerSignatures.count == 3)
    }

    @Test func copiesOfAnAcceptedEventAddSignatures() throws {
        let verifier = Verifier()
        let author = try Author("group", keys: 3, threshold: .count(1))
        #expect(try verifier.offer(author.latest.signed(by: author.keys, at: [1])) == .accepted(ordinal: 0))
        #expect(try verifier.offer(author.latest.signed(by: author.keys, at: [1])) == .duplicate(added: 0))
        #expect(try verifier.offer(author.latest.signed(by: author.keys, at: [0, 1])) == .duplicate(added: 1))
        let thief = try TestKey.named("thief")
        #expect(try verifier.offer(author.latest.signed(by: [Signer(thief, 2)])) == .duplicate(added: 0))
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.controllerSignatures.map(\.index) == [1, 0])
    }

    @Test func endsWhenNoKeysFollow() throws {
        let verifier = Verifier()
        var author = try Author("ending")
        try verifier.offer([author.latest, try author.rotate(next: 0, nextThreshold: .count(0))])
        let state = try #require(try verifier.state(of: author.aid))
        #expect(!state.isTransferable)
        #expect(throws: EventBuilder.Failure.notTransferable) { try EventBuilder.interaction(of: state, anchors: []) }
        #expect(throws: EventBuilder.Failure.notTransferable) {
            try EventBuilder.rotation(
                of: state,
                Establishment(
                    signingThreshold: .count(1), keys: author.keys.verificationKeys, nextThreshold: .count(0),
                    nextDigests: []))
        }
        let more = try Signed.interaction(after: author.latest).signed(by: author.keys)
        #expect(try verifier.offer(more) == .rejected(.notTransferable))
    }

    @Test func establishmentOnlyLogsStillRotate() throws {
        let verifier = Verifier()
        var author = try Author("strict", traits: ["EO", "later trait"])
        try verifier.offer([author.latest, try author.rotate(), try author.rotate()])
        #expect(try verifier.sn(of: author.aid) == 2)
        #expect(try verifier.state(of: author.aid)?.traits == ["EO"])
        #expect(try verifier.offer(author.interact()) == .rejected(.establishmentOnly))
    }

    @Test func basicPrefixesFollowTheirKey() throws {
        let verifier = Verifier()
        var author = try Author("basic", isBasic: true)
        #expect(author.aid.key == author.keys[0].verificationKey)
        try verifier.offer([author.latest, try author.interact(), try author.rotate()])
        #expect(try verifier.sn(of: author.aid) == 2)
        // The key of somebody else as prefix.
        let other = try TestKey.named("other")
        let stolen = try Author("thief", isBasic: true).latest.edited {
            $0["i"] = .text(other.verificationKey.text)
        }
        #expect(try verifier.offer(stolen.signed(by: [other])) == .rejected(.prefixNotKey))
        // A second inception of a known AID at the next place.
        let again = try author.events[0].edited { $0["s"] = "3" }.signed(by: [author.keys[0]])
        #expect(try verifier.offer(again) == .rejected(.inceptionNotAtZero))
    }

    @Test func otherKeysSignToo() throws {
        for algorithm in [SignatureAlgorithm.secp256r1, .secp256k1] {
            let verifier = Verifier()
            let key = try TestKey.named("ecdsa", algorithm: algorithm)
            let next = try TestKey.named("ecdsa next", algorithm: algorithm)
            let inception = Signed(
                try EventBuilder.inception(
                    Establishment(
                        signingThreshold: .count(1), keys: [key.verificationKey], nextThreshold: .count(1),
                        nextDigests: [next].digests)))
            #expect(try verifier.offer(inception.signed(by: [key])) == .accepted(ordinal: 0))
            let state = try #require(try verifier.state(of: inception.event.aid))
            let rotation = Signed(
                try EventBuilder.rotation(
                    of: state,
                    Establishment(
                        signingThreshold: .count(1), keys: [next.verificationKey], nextThreshold: .count(0),
                        nextDigests: [])))
            #expect(try verifier.offer(rotation.signed(by: [key])) == .rejected(.noValidSignature))
            #expect(try verifier.offer(rotation.signed(by: [next])) == .accepted(ordinal: 1))
        }
    }
}
