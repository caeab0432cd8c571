// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI

/// Order, bounds and persistence of the escrows (facts 8.2, 18).
struct EscrowTests {
    @Test func resumesInOrder() throws {
        let verifier = Verifier()
        var author = try Author("a")
        for _ in 0..<4 {
            try author.interact()
            try author.rotate()
        }
        for event in author.events.dropFirst().reversed() {
            #expect(try verifier.offer(event) == .escrowed(.outOfOrder))
        }
        #expect(try verifier.escrows().allSatisfy { $0.missing.contains("inception") })
        try verifier.offer(author.events[0])
        let resumed = try verifier.resume()
        #expect(resumed.map(\.key.sn.value) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(resumed.map(\.outcome) == (1...8).map { .accepted(ordinal: $0) })
    }

    @Test func namesWhatIsMissing() throws {
        let verifier = Verifier()
        var author = try Author("a")
        for _ in 0..<20 { try author.interact() }
        try verifier.offer([author.events[0], author.events[1], author.events[18]])
        #expect(try verifier.escrows().map(\.missing) == ["events 2 to 11 of \(author.aid)"])
    }

    /// Signatures of an event that can't be checked yet are kept up to a bound, so that copies can't fill the store.
    @Test func boundsWhatCopiesBring() throws {
        let verifier = Verifier()
        var author = try Author("a")
        let event = try author.interact()
        let stranger = try TestKey.named("stranger")
        let raw = try stranger.signingKey.sign(event.event.bytes.span)
        for round in 0..<4 {
            var copy = event.bare
            for place in 0..<1000 {
                let code = IndexedSignature.code(for: .ed25519, index: round * 1000 + place, currentOnly: true)
                let signature = try IndexedSignature(code: code, index: round * 1000 + place, raw: raw)
                copy.attachments.controllerSignatures.append(signature)
                copy.attachments.witnessSignatures.append(signature)
            }
            copy.attachments.nonTransferableReceipts = [
                try TestKey.named("w \(round)", isTransferable: false).couple(over: event.event.bytes)
            ]
            #expect(try verifier.offer(copy) == .escrowed(.outOfOrder))
        }
        let kept = try StoredMessage(try #require(try verifier.escrows().first).message).attachments
        #expect(kept.controllerSignatures.count == 1024)
        #expect(kept.witnessSignatures.count == 1024)
        #expect(kept.nonTransferableReceipts.count == 4)
    }

    /// More signatures than one counter tells: nothing breaks.
    @Test func survivesMoreSignaturesThanACounterTells() throws {
        let verifier = Verifier()
        var author = try Author("a")
        var event = try author.interact()
        let signature = event.attachments.controllerSignatures[0]
        for index in 1..<6000 {
            event.attachments.controllerSignatures.append(
                try IndexedSignature(code: .ed25519BigCurrentOnly, index: index % 4096, raw: signature.span))
        }
        event.attachments.nonTransferableReceipts = [NonTransferableReceipt](
            repeating: try TestKey.named("w", isTransferable: false).couple(over: event.event.bytes), count: 6000)
        #expect(try verifier.offer(event) == .escrowed(.outOfOrder))
        try verifier.offer(author.events[0])
        #expect(try verifier.resume().map(\.outcome) == [.accepted(ordinal: 1)])
        // The same with routed messages.
        let body = try Routed.exchange(from: try Author("unknown").aid, dated: verifier.now)
        var attachments = try Routed.signed(body, by: try Author("unknown"))
        attachments.nonTransferableReceipts = event.attachments.nonTransferableReceipts
        #expect(try verifier.offer(body: body, attachments) == .escrowed(.partialExchange))
        let query = try Routed.query("ksn", about: try Author("unknown").aid, dated: verifier.now)
        attachments = try Routed.asked(query, by: try Author("unknown"))
        attachments.nonTransferableReceipts = event.attachments.nonTransferableReceipts
        #expect(try verifier.offer(body: query, attachments) == .escrowed(.queryNotFound))
    }

    /// Bad receipts for an event that waits for its witnesses don't keep the good ones out.
    @Test func junkReceiptsDontBlockAWaitingEvent() throws {
        let verifier = Verifier(ProcessingPolicy(escrowLimits: EscrowLimits(perAID: 5000, total: 5000)))
        let witnesses = try TestKey.witnesses("w", 2)
        let author = try Author("a", witnesses: witnesses)
        try verifier.offer(author.latest.witnessed(by: []))
        let over = author.latest.event.bytes
        let body = try Routed.receipt(of: author.latest)
        let junk = try witnesses[0].signature(over: body)
        for place in 0..<200 {
            var raw = junk.raw
            raw[place % 60] ^= UInt8(place / 60 + 1)
            try verifier.offer(
                body: body,
                Attachments {
                    $0.witnessSignatures = [try IndexedSignature(code: .ed25519, index: place % 2, raw: raw)]
                })
        }
        try verifier.resume()
        for witness in witnesses { try verifier.offer(body: body, Routed.signed(over, by: witness)) }
        try verifier.resume()
        #expect(try verifier.sn(of: author.aid) == 0)
        #expect(try verifier.record(of: author.aid, at: 0)?.proof.witnessSignatures.count == 2)
        #expect(try verifier.escrows().isEmpty)
    }

    /// Receipts by strangers, each under a key made for it, can't grow an accepted event without end.
    @Test func boundsReceiptsOfStrangers() throws {
        let verifier = Verifier()
        let author = try Author("a")
        try verifier.offer(author.latest)
        var proof = try #require(try verifier.record(of: author.aid, at: 0)).proof
        let couple = try TestKey.named("w", isTransferable: false).couple(over: author.latest.event.bytes)
        let signer = try #require(AID(couple.key))
        proof.receipts = [EventProof.Receipt](
            repeating: EventProof.Receipt(signer: signer, signature: couple.signature), count: 1024)
        let full = proof
        try verifier.store.write { try $0.setProof(full, of: author.aid, ordinal: 0) }
        let more = try Routed.signed(
            author.latest.event.bytes, by: try TestKey.named("one more", isTransferable: false))
        #expect(try verifier.offer(body: Routed.receipt(of: author.latest), more) == .duplicate(added: 0))
    }

    @Test func anEscrowedMessageThatCannotBeReadIsDroppedAndStopsNothing() throws {
        let verifier = Verifier()
        let aid = try Author("a").aid
        let said = try Author("a").state.said
        let entry = EscrowEntry(
            key: EscrowKey(reason: .outOfOrder, aid: aid, sn: .zero, said: said), since: verifier.now,
            message: Array("nothing".utf8), missing: "sense")
        try verifier.store.write { $0.putEscrow(entry) }
        #expect(try verifier.resume() == [ResumedMessage(key: entry.key, outcome: nil)])
        #expect(try verifier.escrows().isEmpty)
    }
}
