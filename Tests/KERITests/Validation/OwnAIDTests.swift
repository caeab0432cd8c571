// SPDX-License-Identifier: Apache-2.0

import CESR
import Testing

@testable import KERI

/// What a stranger sends never moves the log of an AID whose keys are here (facts 7.7).
struct OwnAIDTests {
    @Test func strangersDontMoveOwnLogs() throws {
        var author = try Author("own")
        let verifier = Verifier(ProcessingPolicy(ownAIDs: [author.aid]))
        #expect(try verifier.offer(author.latest) == .escrowed(.misfit))
        #expect(try verifier.state(of: author.aid) == nil)
        #expect(try verifier.offer(author.latest, origin: .local) == .accepted(ordinal: 0))
        let interaction = try author.interact()
        #expect(try verifier.offer(interaction) == .escrowed(.misfit))
        // Whose keys would have to sign at a place behind it nobody knows yet.
        #expect(try verifier.offer(author.rotate()) == .rejected(.noValidSignature))
        #expect(try verifier.resume().isEmpty)
        #expect(try verifier.sn(of: author.aid) == 0)
        // Signatures are kept with it, for the operator to look at.
        let entry = try #require(try verifier.escrows(.misfit).first)
        let kept = try StoredMessage(entry.message)
        #expect(try verifier.offer(kept.message, kept.attachments, origin: .local).isInLog)
    }

    @Test func strangersDontFillTheEscrowOfOwnAIDs() throws {
        var author = try Author("own")
        let verifier = Verifier(ProcessingPolicy(ownAIDs: [author.aid]))
        #expect(try verifier.offer(author.latest, origin: .local) == .accepted(ordinal: 0))
        var interaction = try author.interact()
        interaction = try interaction.signed(by: [TestKey.named("stranger")])
        #expect(try verifier.offer(interaction) == .rejected(.noValidSignature))
        #expect(try verifier.escrows(.misfit).isEmpty)
    }

    @Test func copiesOfOwnEventsStillAddReceipts() throws {
        let witnesses = try TestKey.witnesses("w", 2)
        let author = try Author("own", witnesses: witnesses, toad: 1)
        let verifier = Verifier(ProcessingPolicy(ownAIDs: [author.aid]))
        try verifier.offer(author.latest.witnessed(by: witnesses, at: [0]), origin: .local)
        #expect(try verifier.offer(author.latest) == .duplicate(added: 1))
    }

    /// A copy of an own event that waits is no stranger's event: it brings what is missing.
    @Test func copiesOfOwnWaitingEventsBringWhatIsMissing() throws {
        let witnesses = try TestKey.witnesses("w", 2)
        let author = try Author("own", witnesses: witnesses)
        let verifier = Verifier(ProcessingPolicy(ownAIDs: [author.aid]))
        #expect(try verifier.offer(author.latest.witnessed(by: []), origin: .local) == .escrowed(.partialWitnesses))
        #expect(try verifier.offer(author.latest) == .accepted(ordinal: 0))
        let group = try Author("group", keys: 2)
        let other = Verifier(ProcessingPolicy(ownAIDs: [group.aid]))
        #expect(try other.offer(group.latest) == .escrowed(.misfit))
        #expect(
            try other.offer(group.latest.signed(by: group.keys, at: [0]), origin: .local)
                == .escrowed(.partialSignatures))
        #expect(try other.offer(group.latest) == .accepted(ordinal: 0))
    }

    @Test func othersAreNotTouched() throws {
        let own = try Author("own")
        let other = try Author("other")
        let verifier = Verifier(ProcessingPolicy(ownAIDs: [own.aid]))
        #expect(try verifier.offer(other.latest) == .accepted(ordinal: 0))
    }

    /// An own event waits for its witnesses; when their receipts come, by way of the network, it is accepted.
    @Test func ownEventsLeaveTheirEscrows() throws {
        let witnesses = try TestKey.witnesses("w", 2)
        let author = try Author("own", keys: 2, witnesses: witnesses)
        let verifier = Verifier(ProcessingPolicy(ownAIDs: [author.aid]))
        let bare = try author.latest.witnessed(by: [])
        #expect(
            try verifier.offer(bare.signed(by: author.keys, at: [0]), origin: .local) == .escrowed(.partialSignatures))
        try verifier.offer(bare.signed(by: author.keys, at: [1]), origin: .local)
        #expect(try verifier.resume().map(\.outcome) == [.escrowed(.partialWitnesses)])
        for witness in witnesses {
            try verifier.offer(
                body: Routed.receipt(of: author.latest), Routed.signed(author.latest.event.bytes, by: witness))
        }
        try verifier.resume()
        #expect(try verifier.sn(of: author.aid) == 0)
        #expect(try verifier.escrows().isEmpty)
    }

    @Test func requestsForApprovalWaitForTheOperator() throws {
        var delegator = try Author("own")
        let verifier = Verifier(ProcessingPolicy(ownAIDs: [delegator.aid]))
        try verifier.offer(delegator.latest, origin: .local)
        var delegate = try Author("delegate", delegator: delegator.aid)
        #expect(try verifier.offer(delegate.latest) == .escrowed(.delegable))
        verifier.wait(1_000_000)
        #expect(try verifier.resume().isEmpty)
        try verifier.offer(delegator.seal(delegate.latest), origin: .local)
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
        // Rotations don't name their delegator; the log does.
        let rotation = try delegate.rotate()
        #expect(try verifier.offer(rotation) == .escrowed(.delegable))
        // Somebody else's delegate is none of our business.
        let other = try Author("other")
        #expect(try verifier.offer(Author("stray", delegator: other.aid).latest) == .escrowed(.partialDelegation))
    }
}
