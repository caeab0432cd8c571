// SPDX-License-Identifier: Apache-2.0

import CESR
import FaultDrill
import KERI
import KelmarkBytes
import KelmarkCrypto
import Testing

/// What the drill remembers of receipts, and how it compares stores with that.
struct ReceiptLedgerTests {
    /// A witness, and the log of a controller that names it.
    struct Story {
        let witness: CreatedKey
        let witnessAID: AID
        let aid: AID
        let records: [EventRecord]
        /// A second event in the place of the last one.
        let twin: KeyEvent

        init() throws {
            let now = Timestamp(seconds: 1_800_000_000)
            let witness = try CreatedKey(seed: .random(count: 32), isTransferable: false)
            let witnessAID = try #require(AID(witness.verificationKey.primitive))
            let (key, next) = (try CreatedKey(seed: .random(count: 32)), try CreatedKey(seed: .random(count: 32)))
            let store = MemoryKeyEventStore()
            let processor = EventProcessor(store: store)
            let inception = try EventBuilder.inception(
                Establishment(
                    signingThreshold: .count(1), keys: [key.verificationKey], nextThreshold: .count(1),
                    nextDigests: [KeyDigest(of: next.verificationKey)], witnessThreshold: 1,
                    witnessesAdded: [witnessAID]))
            func add(_ event: KeyEvent) throws {
                var attachments = Attachments()
                attachments.controllerSignatures = [try key.indexedSignature(over: event.bytes, index: 0)]
                attachments.witnessSignatures = [try witness.indexedSignature(over: event.bytes, index: 0)]
                #expect(try processor.process(.keyEvent(event), with: attachments, now: now).isInLog)
            }
            try add(inception)
            let base = try #require(try store.read { $0.keyState(of: inception.aid) })
            try add(EventBuilder.interaction(of: base, anchors: []))
            self.witness = witness
            self.witnessAID = witnessAID
            aid = inception.aid
            twin = try EventBuilder.interaction(of: base, anchors: [["twin": "1"]])
            records = try store.read { $0.records(of: inception.aid, from: 0, limit: .max) }
        }

        /// The answer with the receipt of an event, as HTTP.
        func answer(_ seal: EventSeal, _ bytes: [UInt8], by signer: CreatedKey? = nil) throws -> [UInt8] {
            let signer = signer ?? witness
            var attachments = Attachments()
            attachments.nonTransferableReceipts = [
                NonTransferableReceipt(
                    key: signer.verificationKey.primitive,
                    signature: try Primitive(code: .ed25519Signature, raw: signer.signingKey.sign(bytes.span)))
            ]
            let body = try MessageBuilder.receipt(of: seal) + attachments.encoded(in: .text)
            return Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
        }

        func answer(_ record: EventRecord) throws -> [UInt8] {
            try answer(EventSeal(aid: record.aid, sn: record.sn, said: record.said), record.bytes)
        }
    }

    @Test func remembersEachReceiptOnce() throws {
        let (story, ledger) = (try Story(), ReceiptLedger())
        for record in story.records + story.records {
            ledger.note(answer: try story.answer(record), of: story.witnessAID)
        }
        #expect(ledger.seen == 4)
        #expect(ledger.given(by: story.witnessAID).count == 2)
        #expect(ledger.conflicts.isEmpty)
        #expect(ledger.latest(by: story.witnessAID, of: story.aid)?.given.said == story.records.last?.said)
    }

    @Test func noticesTwoReceiptsAtOnePlace() throws {
        let (story, ledger) = (try Story(), ReceiptLedger())
        for record in story.records { ledger.note(answer: try story.answer(record), of: story.witnessAID) }
        let seal = EventSeal(aid: story.aid, sn: story.twin.sn, said: story.twin.said)
        ledger.note(answer: try story.answer(seal, story.twin.bytes), of: story.witnessAID)
        #expect(ledger.conflicts.count == 1)
    }

    @Test func countsOnlyTheOwnReceiptsOfAWitness() throws {
        let (story, ledger) = (try Story(), ReceiptLedger())
        let other = try CreatedKey(seed: .random(count: 32), isTransferable: false)
        let seal = EventSeal(aid: story.aid, sn: story.twin.sn, said: story.twin.said)
        ledger.note(answer: try story.answer(seal, story.twin.bytes, by: other), of: story.witnessAID)
        ledger.note(answer: Array("HTTP/1.1 200 OK\r\n\r\nnoise".utf8), of: story.witnessAID)
        #expect(ledger.seen == 0)
    }

    @Test func findsReceiptsThatAStoreHasNot() throws {
        let (story, ledger) = (try Story(), ReceiptLedger())
        for record in story.records { ledger.note(answer: try story.answer(record), of: story.witnessAID) }
        let given = ledger.given(by: story.witnessAID)
        #expect(LogComparison.findings(given, story.records, at: "w").isEmpty)
        #expect(LogComparison.findings(given, story.records.dropLast(), at: "w").map(\.kind) == [.lost])
        var bare = story.records
        bare[1].proof.witnessSignatures = []
        #expect(LogComparison.findings(given, bare, at: "w").map(\.kind) == [.lost])
    }

    @Test func findsLogsThatDiffer() throws {
        let story = try Story()
        let records = story.records
        #expect(LogComparison.findings(records, records, at: "w").isEmpty)
        #expect(LogComparison.findings(records, records.dropLast(), at: "w").map(\.kind) == [.differs])
        var other = records
        let last = records[1]
        other[1] = EventRecord(
            aid: last.aid, sn: last.sn, said: last.said, kind: last.kind, ordinal: last.ordinal, seenAt: last.seenAt,
            bytes: last.bytes + [0x20], format: last.format, proof: last.proof)
        #expect(LogComparison.findings(records, other, at: "w").map(\.kind) == [.differs])
    }
}
