// SPDX-License-Identifier: Apache-2.0

import CESR
import Foundation
import GRDB
import KERI
import KelmarkCrypto
import StoreConformance
import Testing

@testable import StorageSQLite

@Suite struct VerificationTests {
    /// A store with a recovered log, a long one, a delegation-free escrow, a reply and evidence.
    private func fill(_ path: String) throws {
        let store = try SQLiteKeyEventStore(path: path)
        let histories = [
            try SampleHistory(recovered: "verified"), try SampleHistory("verified too", events: 23),
        ]
        for place in 0..<23 {
            for history in histories where place < history.records.count {
                try store.write {
                    try $0.append(history.records[place], leadingTo: history.states[place])
                }
            }
        }
        try store.write { try StoreSample().put(in: &$0) }
        let watcher = try SampleController("verified watcher").incept()
        // A receipt by an AID whose log comes later than the event.
        let record = histories[1].records[2]
        let signer = EventSeal(aid: watcher.event.aid, sn: .zero, said: watcher.event.said)
        let signature = try SampleController("verified watcher").key(0)
            .indexedSignature(over: record.bytes, index: 0)
        var proof = record.proof
        proof.transferableReceipts = [EventProof.TransferableReceipt(signer: signer, signature: signature)]
        _ = try EventProcessor(store: store)
            .process(.keyEvent(watcher.event), with: watcher.attachments, now: SampleHistory.start)
        try store.write { try $0.setProof(proof, of: record.aid, ordinal: record.ordinal) }
    }

    @Test func aSoundStore() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        try fill(path)
        let store = try SQLiteKeyEventStore(path: path)
        var steps: [Int] = []
        var total = 0
        let result = try store.verifyAll {
            steps.append($0)
            total = $1
        }
        #expect(result.problems == [])
        #expect(result.isSound)
        #expect(result.aids == 3)
        #expect(result.events == 29)
        #expect((result.escrows, result.replies, result.duplicities) == (1, 1, 1))
        #expect(steps.first == 0)
        #expect(steps.last == 29)
        #expect(total == 29)
        #expect(store.commitCount == 0)
    }

    @Test func anEmptyStore() throws {
        let folder = try TemporaryFolder()
        let result = try SQLiteKeyEventStore(path: folder.path("store.db")).verifyAll()
        #expect(result == StoreVerification())
    }

    /// Whatever somebody changes in the file is found.
    @Test(
        arguments: [
            ("UPDATE logs SET count = count + 1 WHERE id = 1", StoreProblem.Code.gap),
            ("UPDATE logs SET state = (SELECT state FROM logs WHERE id = 2) WHERE id = 1", .keyState),
            ("UPDATE logs SET state = x'7b7d' WHERE id = 1", .unreadable),
            ("UPDATE events SET said = (SELECT said FROM events WHERE id = 1) WHERE id = 5", .mismatch),
            ("UPDATE events SET sn = 77 WHERE id = 5", .mismatch),
            ("UPDATE events SET kind = 'rot' WHERE kind = 'ixn'", .mismatch),
            ("UPDATE events SET format = 'CBOR' WHERE id = 5", .mismatch),
            ("UPDATE events SET body = CAST(replace(body, '\"s\":\"1\"', '\"s\":\"2\"') AS BLOB)", .mismatch),
            (
                "UPDATE events SET seen_at = seen_at + 1 WHERE id = (SELECT max(id) FROM events WHERE log = 2)",
                .keyState
            ),
            ("UPDATE events SET proof = x'' WHERE id = 4", .refused),
            ("UPDATE events SET proof = (SELECT proof FROM events WHERE id = 1) WHERE id = 4", .refused),
            ("UPDATE events SET proof = x'00' WHERE id = 4", .unreadable),
            ("UPDATE events SET ordinal = 900 WHERE id = (SELECT max(id) FROM events WHERE log = 2)", .gap),
            ("DELETE FROM events WHERE id = 6", .gap),
            ("DELETE FROM events WHERE id = 6", .refused),
            ("UPDATE escrow_total SET count = 5", .count), ("UPDATE escrow_total SET unverified = 5", .count),
            ("UPDATE escrows SET message = x'00'", .unreadable),
            ("UPDATE escrows SET aid = 'x'", .unreadable),
            ("UPDATE replies SET message = x'7b'", .unreadable),
            ("UPDATE duplicities SET other = accepted", .mismatch),
            ("UPDATE duplicities SET message = x''", .unreadable),
            ("PRAGMA foreign_keys = OFF; DELETE FROM logs WHERE id = 1", .file),
        ] as [(String, StoreProblem.Code)]) func aChangedStore(_ change: String, _ expected: StoreProblem.Code) throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        try fill(path)
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: change) }
        try queue.close()
        let result = try SQLiteKeyEventStore(path: path).verifyAll()
        #expect(result.problems.contains { $0.code == expected }, "\(result.problems)")
        #expect(!result.isSound)
    }

    @Test func aReceiptThatDoesNotVerify() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        try fill(path)
        let store = try SQLiteKeyEventStore(path: path)
        let history = try SampleHistory("verified too", events: 4)
        var proof = history.records[2].proof
        let watcher = try CreatedKey(seed: SampleController("bad").key(0).seed, isTransferable: false)
        let signature = try Primitive(code: .ed25519Signature, raw: [UInt8](repeating: 7, count: 64))
        proof.receipts = [
            EventProof.Receipt(signer: try #require(AID(watcher.verificationKey.primitive)), signature: signature)
        ]
        try store.write { [proof] in try $0.setProof(proof, of: history.aid, ordinal: 2) }
        let result = try store.verifyAll()
        #expect(result.problems.map(\.code) == [.proof])
        #expect(result.problems.first?.ordinal == 2)
    }

    @Test func aFileThatSQLiteFindsDamaged() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        try fill(path)
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA writable_schema = ON")
            try $0.execute(sql: "DELETE FROM sqlite_master WHERE name = 'events_by_position'")
        }
        try queue.close()
        let found = Result { try SQLiteKeyEventStore(path: path).verifyAll() }
        switch found {
        case .success(let result): #expect(result.problems.contains { $0.code == .file })
        case .failure(let error): #expect((error as? StoreError)?.code == .corrupt)
        }
    }
}
