// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Witness lists, their threshold, and receipts (facts 7.3, 7.4, 8.1).
struct WitnessTests {
    let pool: [CreatedKey]

    init() throws { pool = try TestKey.witnesses("witness", 6) }

    @Test func needsTheThreshold() throws {
        let verifier = Verifier()
        let author = try Author("a", witnesses: Array(pool[..<3]), toad: 2)
        #expect(try verifier.offer(author.latest.witnessed(by: pool, at: [1])) == .escrowed(.partialWitnesses))
        #expect(try verifier.escrows().first?.missing == "witness receipts: 1 valid, 2 needed")
        // Twice the same witness, or somebody outside the list, is nothing more.
        #expect(try verifier.offer(author.latest.witnessed(by: pool, at: [1, 1])) == .escrowed(.partialWitnesses))
        #expect(try verifier.offer(author.latest.witnessed(by: pool, at: [1, 4])) == .escrowed(.partialWitnesses))
        #expect(try verifier.resume().isEmpty)
        #expect(try verifier.offer(author.latest.witnessed(by: pool, at: [0, 2])) == .accepted(ordinal: 0))
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.witnessSignatures.map(\.index) == [0, 2])
    }

    @Test func collectsReceiptsOverCopies() throws {
        let verifier = Verifier()
        let author = try Author("a", witnesses: Array(pool[..<3]), toad: 3)
        for place in 0..<3 {
            try verifier.offer(author.latest.witnessed(by: pool, at: [place]))
        }
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
    }

    @Test func countsCouplesOfWitnesses() throws {
        let verifier = Verifier()
        let author = try Author("a", witnesses: Array(pool[..<3]), toad: 2)
        let bare = try author.latest.witnessed(by: [])
        #expect(try verifier.offer(bare.receipted(by: [pool[5], pool[2]])) == .escrowed(.partialWitnesses))
        var both = try bare.receipted(by: [pool[0], pool[5]])
        both.attachments.witnessSignatures = try bare.witnessed(by: pool, at: [0]).attachments.witnessSignatures
        // The couple and the signature are of one witness.
        #expect(try verifier.offer(both) == .escrowed(.partialWitnesses))
        // Together with what came before it is enough.
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 0)])
        let proof = try #require(try verifier.record(of: author.aid, at: 0)?.proof)
        #expect(Set(proof.witnessSignatures.map(\.index)) == [0, 2])
        // What the stranger said is kept as a receipt, not as a witness's.
        #expect(proof.receipts.map(\.signer) == [pool[5].aid])
    }

    @Test func keepsTheOrderOfTheList() throws {
        let verifier = Verifier()
        var author = try Author("a", witnesses: [pool[0], pool[1], pool[2], pool[3]], toad: 4)
        try verifier.offer(author.latest)
        let rotation = try author.rotate(cut: [pool[2], pool[0]], add: [pool[5], pool[4]], toad: 4)
        #expect(author.witnesses.aids == [pool[1], pool[3], pool[5], pool[4]].aids)
        // Signatures by the old places are nothing.
        let old = try rotation.witnessed(by: [pool[0], pool[1], pool[2], pool[3]])
        #expect(try verifier.offer(old) == .escrowed(.partialWitnesses))
        #expect(try verifier.escrows().first?.missing == "witness receipts: 0 valid, 4 needed")
        #expect(try verifier.offer(rotation) == .accepted(ordinal: 1))
        let state = try #require(try verifier.state(of: author.aid))
        #expect(state.witnesses == author.witnesses.aids)
        #expect(state.establishmentCuts == [pool[2], pool[0]].aids)
        #expect(state.establishmentAdds == [pool[5], pool[4]].aids)
        // An interaction is witnessed by the new list.
        let interaction = try author.interact()
        #expect(try verifier.offer(interaction.witnessed(by: pool, at: [0])) == .escrowed(.partialWitnesses))
        #expect(try verifier.offer(interaction) == .accepted(ordinal: 2))
    }

    struct Lists: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let cut: [Int]
        let add: [Int]
        let toad: UInt32
        let expected: EventOutcome
    }

    static let lists = [
        Lists(testDescription: "cut twice", cut: [0, 0], add: [], toad: 1, expected: .rejected(.duplicateWitness)),
        Lists(testDescription: "add twice", cut: [], add: [4, 4], toad: 1, expected: .rejected(.duplicateWitness)),
        Lists(testDescription: "cut a stranger", cut: [4], add: [], toad: 1, expected: .rejected(.cutNotWitness)),
        Lists(testDescription: "add a witness", cut: [], add: [1], toad: 1, expected: .rejected(.addNotNew)),
        Lists(testDescription: "cut and add one", cut: [1], add: [1], toad: 1, expected: .rejected(.addNotNew)),
        Lists(testDescription: "more than all", cut: [], add: [], toad: 3, expected: .rejected(.badWitnessThreshold)),
        Lists(testDescription: "none of some", cut: [], add: [], toad: 0, expected: .rejected(.badWitnessThreshold)),
        Lists(
            testDescription: "one of none", cut: [0, 1], add: [], toad: 1, expected: .rejected(.badWitnessThreshold)),
        Lists(testDescription: "none of none", cut: [0, 1], add: [], toad: 0, expected: .accepted(ordinal: 1)),
        Lists(testDescription: "all exchanged", cut: [0, 1], add: [2, 3], toad: 2, expected: .accepted(ordinal: 1)),
    ]

    @Test(arguments: lists)
    func checksTheLists(_ lists: Lists) throws {
        let verifier = Verifier()
        let author = try Author("a", witnesses: [pool[0], pool[1]], toad: 1)
        try verifier.offer(author.latest)
        let cuts = lists.cut.map { pool[$0] }
        let adds = lists.add.map { pool[$0] }
        let after = [pool[0], pool[1]].filter { key in !cuts.contains { $0.aid == key.aid } } + adds
        let event = Signed(
            try EventBuilder.rotation(
                of: author.state,
                Establishment(
                    signingThreshold: .count(1), keys: author.next.verificationKeys, nextThreshold: .count(0),
                    nextDigests: [], witnessThreshold: lists.toad, witnessesAdded: adds.aids,
                    witnessesCut: cuts.aids)))
        let signed = try event.signed(by: author.next).witnessed(by: after)
        #expect(try verifier.offer(signed) == lists.expected)
    }

    @Test(arguments: [(0, 0, true), (0, 1, false), (2, 0, false), (2, 1, true), (2, 2, true), (2, 3, false)])
    func checksTheThresholdOfInceptions(_ witnesses: Int, _ toad: UInt32, _ isRight: Bool) throws {
        let verifier = Verifier()
        let author = try Author("a", witnesses: Array(pool[..<witnesses]), toad: toad)
        #expect(
            try verifier.offer(author.latest) == (isRight ? .accepted(ordinal: 0) : .rejected(.badWitnessThreshold)))
    }

    /// A witness is a key that can't rotate; an AID that is a digest has no key to check with.
    @Test func witnessesWithoutKeyCount() throws {
        let verifier = Verifier()
        let digest = try Author("other").aid
        let key = try TestKey.named("a")
        let event = Signed(
            try EventBuilder.inception(
                Establishment(
                    signingThreshold: .count(1), keys: [key.verificationKey], nextThreshold: .count(0),
                    nextDigests: [], witnessThreshold: 1, witnessesAdded: [digest])))
        let signed = try event.signed(by: [key]).witnessed(by: [pool[0]])
        #expect(try verifier.offer(signed) == .escrowed(.partialWitnesses))
    }

    // MARK: Receipts

    @Test func addsReceiptsOfWitnesses() throws {
        let verifier = Verifier()
        let author = try Author("a", witnesses: Array(pool[..<3]), toad: 1)
        try verifier.offer(author.latest.witnessed(by: pool, at: [0]))
        let body = try Routed.receipt(of: author.latest)
        let indexed = try Attachments {
            $0.witnessSignatures = try author.latest.witnessed(by: pool, at: [0, 1]).attachments.witnessSignatures
        }
        #expect(try verifier.offer(body: body, indexed) == .duplicate(added: 1))
        #expect(try verifier.offer(body: body, indexed) == .duplicate(added: 0))
        let couple = try Routed.signed(author.latest.event.bytes, by: pool[2])
        #expect(try verifier.offer(body: body, couple) == .duplicate(added: 1))
        let proof = try #require(try verifier.record(of: author.aid, at: 0)?.proof)
        #expect(proof.witnessSignatures.map(\.index) == [0, 1, 2])
        #expect(proof.receipts.isEmpty)
    }

    @Test func addsReceiptsOfOthersOnlyWhenTheyVerify() throws {
        let verifier = Verifier()
        let author = try Author("a")
        try verifier.offer(author.latest)
        let body = try Routed.receipt(of: author.latest)
        #expect(
            try verifier.offer(body: body, Routed.signed(author.latest.event.bytes, by: pool[0]))
                == .duplicate(added: 1))
        #expect(
            try verifier.offer(body: body, Routed.signed(author.latest.event.bytes, by: pool[0]))
                == .duplicate(added: 0))
        // Over the receipt instead of the event, or of a key that can rotate.
        #expect(try verifier.offer(body: body, Routed.signed(body, by: pool[1])) == .duplicate(added: 0))
        let transferable = try TestKey.named("transferable")
        #expect(
            try verifier.offer(body: body, Routed.signed(author.latest.event.bytes, by: transferable))
                == .duplicate(added: 0))
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.receipts.map(\.signer) == [pool[0].aid])
    }

    @Test func usesTheListInForceAtTheEvent() throws {
        let verifier = Verifier()
        var author = try Author("a", witnesses: [pool[0], pool[1]], toad: 1)
        let inception = author.latest
        try verifier.offer(inception.witnessed(by: pool, at: [0]))
        try verifier.offer(try author.rotate(cut: [pool[0], pool[1]], add: [pool[2]], toad: 1))
        // The witness that is gone still receipts what it was witness of, the new one does not.
        let body = try Routed.receipt(of: inception)
        #expect(
            try verifier.offer(body: body, Routed.signed(inception.event.bytes, by: pool[1]))
                == .duplicate(added: 1))
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.witnessSignatures.map(\.index) == [0, 1])
        try verifier.offer(body: body, Routed.signed(inception.event.bytes, by: pool[2]))
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.witnessSignatures.map(\.index) == [0, 1])
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.receipts.map(\.signer) == [pool[2].aid])
    }

    @Test func receiptsOfTransferableAIDs() throws {
        let verifier = Verifier()
        let author = try Author("a")
        var judge = try Author("judge", keys: 2, threshold: .count(2))
        let early = judge
        try verifier.offer([author.latest, judge.latest])
        let body = try Routed.receipt(of: author.latest)
        // Each signature counts by itself; there is no threshold.
        let one = try Attachments {
            $0.transferableGroups = [try judge.group(over: author.latest.event.bytes, at: [1])]
        }
        #expect(try verifier.offer(body: body, one) == .duplicate(added: 1))
        #expect(try verifier.offer(body: body, one) == .duplicate(added: 0))
        let rotation = try judge.rotate()
        try verifier.offer(rotation)
        // Under the new keys it is another receipt, under the old ones it is still one.
        #expect(
            try verifier.offer(body: body, Routed.signed(author.latest.event.bytes, by: judge))
                == .duplicate(added: 1))
        #expect(
            try verifier.offer(body: body, Routed.signed(author.latest.event.bytes, by: early))
                == .duplicate(added: 1))
        // The other form, behind the event itself.
        var behind = author.latest
        behind.attachments.transferableReceipts = [
            TransferableReceipt(
                prefix: early.aid.primitive, sn: 0, said: early.state.said.primitive,
                signature: try early.keys[0].indexedSignature(over: author.latest.event.bytes, index: 0))
        ]
        #expect(try verifier.offer(behind) == .duplicate(added: 0))
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.transferableReceipts.count == 3)
        // A bad signature, a place outside the keys, an event that is none of its log.
        var bad = try early.group(over: body)
        #expect(try verifier.offer(body: body, Attachments { $0.transferableGroups = [bad] }) == .duplicate(added: 0))
        bad = try early.group(over: author.latest.event.bytes)
        bad.said = author.state.said.primitive
        #expect(try verifier.offer(body: body, Attachments { $0.transferableGroups = [bad] }) == .duplicate(added: 0))
    }

    @Test func keepsReceiptsOfUnknownSigners() throws {
        let verifier = Verifier()
        let author = try Author("a")
        let judge = try Author("judge")
        try verifier.offer(author.latest)
        let body = try Routed.receipt(of: author.latest)
        let group = try Routed.signed(author.latest.event.bytes, by: judge)
        #expect(try verifier.offer(body: body, group) == .escrowed(.unverifiedTransferableReceipt))
        let entry = try #require(try verifier.escrows().first)
        #expect(entry.missing == "event 0 of \(judge.aid)")
        // As often as it is looked at, it stays until the signer is known.
        #expect(try verifier.resume().isEmpty)
        verifier.wait(10)
        #expect(try verifier.resume().isEmpty)
        #expect(try verifier.escrows() == [entry])
        try verifier.offer(judge.latest)
        #expect(try verifier.resume().map(\.outcome) == [.duplicate(added: 1)])
        #expect(try verifier.escrows().isEmpty)
    }

    /// What comes with an event is kept while the event waits, whatever it waits for.
    @Test func receiptsWaitWithTheirEvent() throws {
        let verifier = Verifier()
        var author = try Author("a", witnesses: [pool[0], pool[1]], toad: 2)
        let judge = try Author("judge")
        let inception = author.latest
        var late = try author.interact().witnessed(by: [])
        late = try late.receipted(by: [pool[0], pool[1], pool[4]])
        late.attachments.transferableReceipts = [
            TransferableReceipt(
                prefix: judge.aid.primitive, sn: 0, said: judge.state.said.primitive,
                signature: try judge.keys[0].indexedSignature(over: late.event.bytes, index: 0))
        ]
        #expect(try verifier.offer(late) == .escrowed(.outOfOrder))
        try verifier.offer([judge.latest, inception])
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 1)])
        let proof = try #require(try verifier.record(of: author.aid, at: 1)?.proof)
        #expect(Set(proof.witnessSignatures.map(\.index)) == [0, 1])
        #expect(proof.receipts.map(\.signer) == [pool[4].aid])
        #expect(proof.transferableReceipts.map(\.signer.aid) == [judge.aid])
    }

    @Test func receiptMessagesCompleteAWaitingEvent() throws {
        let verifier = Verifier()
        let author = try Author("a", witnesses: Array(pool[..<3]), toad: 3)
        try verifier.offer(author.latest.witnessed(by: []))
        let body = try Routed.receipt(of: author.latest)
        let over = author.latest.event.bytes
        try verifier.offer(body: body, Routed.signed(over, by: pool[1]))
        try verifier.offer(
            body: body,
            Attachments {
                $0.witnessSignatures = try author.latest.witnessed(by: pool, at: [0]).attachments.witnessSignatures
            })
        // Junk, and a receipt of somebody who is no witness.
        try verifier.offer(
            body: body,
            Attachments {
                $0.nonTransferableReceipts = [
                    NonTransferableReceipt(
                        key: pool[2].verificationKey.primitive, signature: try pool[3].signature(over: over))
                ]
            })
        try verifier.offer(body: body, Routed.signed(over, by: pool[5]))
        let first = try verifier.resume()
        #expect(first.map(\.key.reason) == [.unverifiedWitnessReceipt, .unverifiedReceipt])
        #expect(try verifier.escrows(.partialWitnesses).first?.missing == "witness receipts: 2 valid, 3 needed")
        #expect(try verifier.escrows(.unverifiedReceipt).count == 2)
        try verifier.offer(body: body, Routed.signed(over, by: pool[2]))
        try verifier.resume()
        #expect(try verifier.sn(of: author.aid) == 0)
        #expect(try verifier.escrows().isEmpty)
        let proof = try #require(try verifier.record(of: author.aid, at: 0)?.proof)
        #expect(Set(proof.witnessSignatures.map(\.index)) == [0, 1, 2])
        #expect(proof.receipts.map(\.signer) == [pool[5].aid])
    }
}
