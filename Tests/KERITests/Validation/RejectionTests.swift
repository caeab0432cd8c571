// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI

/// One way to provoke each reason for which a message is dropped. The switch has no default, so a new reason does not
/// compile here before somebody thinks of how to meet it.
struct RejectionTests {
    @Test(arguments: Rejection.allCases)
    func refuses(_ rejection: Rejection) throws {
        let verifier = Verifier()
        let outcome = try Self.provoke(rejection, verifier)
        #expect(outcome == .rejected(rejection))
        #expect(!outcome.isInLog)
        // Nothing is kept of what is dropped.
        if rejection != .escrowFull { #expect(try verifier.escrows().isEmpty) }
    }

    static func provoke(_ rejection: Rejection, _ verifier: Verifier) throws -> EventOutcome {
        var author = try Author("author")
        let stranger = try TestKey.named("stranger", isTransferable: false)
        let now = verifier.now
        switch rejection {
        case .inceptionNotAtZero:
            return try verifier.offer(
                try author.latest.edited(digests: ["d", "i"]) { $0["s"] = "1" }.signed(by: author.keys))
        case .notTransferable:
            let ended = try Author("ended", next: 0, nextThreshold: .count(0))
            try verifier.offer(ended.latest)
            return try verifier.offer(try Signed.interaction(after: ended.latest).signed(by: ended.keys))
        case .priorMismatch:
            try verifier.offer(author.latest)
            let other = try Author("other").latest.event.said
            return try verifier.offer(
                try author.interact().edited { $0["p"] = .text(other.text) }.signed(by: author.keys))
        case .establishmentOnly:
            author = try Author("strict", traits: ["EO"])
            return try verifier.offer([author.latest, try author.interact()])[1]
        case .rotationOfDelegated:
            var (_, delegate) = try Scene.delegated(verifier)
            let rotation = try delegate.rotate().edited { $0["t"] = "rot" }
            return try verifier.offer(rotation.signed(by: delegate.keys))
        case .delegatedRotationOfUndelegated:
            try verifier.offer(author.latest)
            let rotation = try author.rotate().edited { $0["t"] = "drt" }
            return try verifier.offer(rotation.signed(by: author.keys))
        case .tooFewKeys:
            return try verifier.offer(Author("few", keys: 1, threshold: .count(2)).latest)
        case .tooFewNextDigests:
            return try verifier.offer(Author("few", next: 1, nextThreshold: .count(2)).latest)
        case .noKeys:
            return try verifier.offer(Author("none", keys: 0, threshold: .count(0)).latest)
        case .prefixNotKey:
            return try verifier.offer(Author("two", keys: 2, isBasic: true).latest)
        case .duplicateWitness:
            let witness = try TestKey.witnesses("w", 1)
            return try verifier.offer(Author("twice", witnesses: witness + witness, toad: 1).latest)
        case .cutNotWitness:
            author = try Author("cutter", witnesses: TestKey.witnesses("w", 1))
            try verifier.offer(author.latest)
            return try verifier.offer(try author.rotate(cut: [stranger], toad: 1))
        case .addNotNew:
            let witnesses = try TestKey.witnesses("w", 2)
            author = try Author("adder", witnesses: witnesses)
            try verifier.offer(author.latest)
            return try verifier.offer(try author.rotate(add: [witnesses[1]], toad: 2))
        case .badWitnessThreshold:
            return try verifier.offer(Author("high", witnesses: TestKey.witnesses("w", 2), toad: 3).latest)
        case .noValidSignature:
            return try verifier.offer(author.latest.signed(by: [try TestKey.named("somebody else")]))
        case .delegatorRefuses:
            let delegator = try Author("refuser", traits: ["DND"])
            try verifier.offer(delegator.latest)
            return try verifier.offer(Author("hopeful", delegator: delegator.aid).latest)
        case .sealNotFound:
            try verifier.offer(author.latest)
            let delegate = try Author("delegate", delegator: author.aid)
            let empty = try author.interact()
            try verifier.offer(empty)
            return try verifier.offer(delegate.latest.sealed(in: empty))
        case .supersedingNotApproved:
            var (delegator, delegate) = try Scene.delegated(verifier)
            var fork = delegate
            let second = try fork.rotate(branch: "fork")
            let first = try delegate.rotate()
            // Both sealed, the one that comes second in the earlier event.
            let early = try delegator.seal(second)
            let late = try delegator.seal(first)
            try verifier.offer([early, late, first.sealed(in: late)])
            return try verifier.offer(second.sealed(in: early))
        case .staleReceipt:
            try verifier.offer([author.latest, try author.interact()])
            let other = try Author("author", next: 2).latest
            let seal = EventSeal(aid: author.aid, sn: .zero, said: other.event.said)
            return try verifier.offer(
                body: try MessageBuilder.receipt(of: seal),
                Attachments { $0.nonTransferableReceipts = [try stranger.couple(over: other.event.bytes)] })
        case .noValidReceipt:
            return try verifier.offer(body: Routed.receipt(of: author.latest), Attachments())
        case .staleReply:
            let body = try Routed.location(of: stranger.aid, dated: now)
            let signed = try Routed.signed(body, by: stranger)
            #expect(try verifier.offer(body: body, signed) == .verified)
            return try verifier.offer(body: body, signed)
        case .wrongSigner:
            let body = try Routed.location(of: author.aid, dated: now)
            return try verifier.offer(body: body, Routed.signed(body, by: stranger))
        case .unknownRoute:
            let body = try Routed.reply("/nowhere", ["a": 1], dated: now)
            return try verifier.offer(body: body, Routed.signed(body, by: stranger))
        case .badPayload:
            let body = try Routed.role("nonsense", of: stranger.aid, at: stranger.aid, dated: now)
            return try verifier.offer(body: body, Routed.signed(body, by: stranger))
        case .futureDated:
            let body = try Routed.location(of: stranger.aid, dated: now.advanced(bySeconds: 301))
            return try verifier.offer(body: body, Routed.signed(body, by: stranger))
        case .signerEventMismatch:
            try verifier.offer(author.latest)
            let interaction = try author.interact()
            try verifier.offer(interaction)
            let body = try Routed.location(of: author.aid, dated: now)
            // An interaction states no keys, so nobody can sign under it.
            return try verifier.offer(
                body: body,
                Attachments {
                    var group = try author.group(over: body)
                    group.sn = interaction.event.sn.value
                    group.said = interaction.event.said.primitive
                    $0.transferableGroups = [group]
                })
        case .escrowFull:
            verifier.processor.policy.escrowLimits = EscrowLimits(perAID: 1, total: 1)
            return try verifier.offer(["a", "b"].map { try Author($0, keys: 2).latest.missingOneSignature() })[1]
        }
    }
}

/// Small worlds that several tests start from.
enum Scene {
    /// A delegator and a delegate whose inception is accepted.
    static func delegated(
        _ verifier: Verifier, _ name: String = "delegate", by delegatorName: String = "delegator"
    ) throws -> (delegator: Author, delegate: Author) {
        var delegator = try Author(delegatorName)
        var delegate = try Author(name, delegator: delegator.aid)
        let approval = try delegator.seal(delegate.latest)
        _ = delegate.pointLatest(at: approval)
        let outcomes = try verifier.offer(delegator.events + [delegate.latest])
        for outcome in outcomes { #expect(outcome.isInLog) }
        return (delegator, delegate)
    }
}
