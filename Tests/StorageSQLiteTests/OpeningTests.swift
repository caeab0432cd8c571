// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import KERI
import StoreConformance
import Testing

@testable import StorageSQLite

@Suite struct OpeningTests {
    @Test func keepsEverythingAcrossReopening() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let history = try SampleHistory(recovered: "reopened")
        let sample = StoreSample()
        do {
            let store = try SQLiteKeyEventStore(path: path)
            try store.write { transaction in
                for (record, state) in zip(history.records, history.states) {
                    try transaction.append(record, leadingTo: state)
                }
            }
            try store.write { try sample.put(in: &$0) }
        }
        let store = try SQLiteKeyEventStore(path: path)
        try store.read { transaction throws in
            #expect(try transaction.records(of: history.aid, from: 0, limit: 100) == history.records)
            #expect(try transaction.keyState(of: history.aid) == history.states.last)
            #expect(try transaction.escrows(reason: nil, aid: nil, limit: 9) == [sample.escrow])
            #expect(try transaction.replies(of: sample.reply.key.aid) == [sample.reply])
            #expect(try transaction.duplicities(of: nil) == [sample.duplicity])
            #expect(try transaction.escrowCount(aid: nil) == 1)
        }
    }

    @Test func everyCommitIsSynchronised() throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyEventStore(path: folder.path("store.db"))
        let (synchronous, journal, foreign) = try store.pool.writeWithoutTransaction {
            (
                try Int.fetchOne($0, sql: "PRAGMA synchronous"), try String.fetchOne($0, sql: "PRAGMA journal_mode"),
                try Int.fetchOne($0, sql: "PRAGMA foreign_keys")
            )
        }
        #expect(synchronous == 2)
        #expect(journal == "wal")
        #expect(foreign == 1)
        #expect(store.commitCount == 0)
        try store.write { _ in }
        #expect(store.commitCount == 0)
        try store.write { try StoreSample().put(in: &$0) }
        #expect(store.commitCount == 1)
    }

    @Test func isForItsOwnerOnly() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("made/deep/store.db")
        let store = try SQLiteKeyEventStore(path: path)
        try store.write { try StoreSample().put(in: &$0) }
        for name in ["made", "made/deep"] { #expect(try mode(folder.path(name)) == 0o700) }
        for end in ["", "-wal", "-shm"] { #expect(try mode(path + end) == 0o600) }
    }

    @Test func restrictsAnOpenFileOfOurs() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        do { _ = try SQLiteKeyEventStore(path: path) }
        #expect(chmod(path, 0o644) == 0)
        let store = try SQLiteKeyEventStore(path: path)
        try store.write { try StoreSample().put(in: &$0) }
        for end in ["", "-wal", "-shm"] { #expect(try mode(path + end) == 0o600) }
    }

    @Test func marksTheFileInItsFirstPage() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        do { _ = try SQLiteKeyEventStore(path: path) }
        let header = try Data(contentsOf: URL(filePath: path)).prefix(100)
        #expect(header[68..<72].elementsEqual("KLMK".utf8))
        #expect(header[60..<64].elementsEqual([0, 0, 0, UInt8(SQLiteKeyEventStore.formatVersion)]))
    }

    @Test func takesAnEmptyFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        #expect(FileManager.default.createFile(atPath: path, contents: Data()))
        let store = try SQLiteKeyEventStore(path: path)
        try store.write { try StoreSample().put(in: &$0) }
        #expect(try mode(path) == 0o600)
    }

    @Test func twoInstancesOfOneProcessShareAFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let first = try SQLiteKeyEventStore(path: path)
        var second: SQLiteKeyEventStore? = try SQLiteKeyEventStore(path: path)
        try second?.write { try StoreSample().put(in: &$0) }
        second = nil
        #expect(try first.read { try $0.escrowCount(aid: nil) } == 1)
        let third = try SQLiteKeyEventStore(path: path)
        #expect(try third.read { try $0.escrowCount(aid: nil) } == 1)
    }

    @Test func readersSeeTheLastCommit() throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyEventStore(path: folder.path("store.db"))
        let other = try SQLiteKeyEventStore(path: folder.path("store.db"))
        let history = try SampleHistory("isolated", events: 2)
        try store.write { try $0.append(history.records[0], leadingTo: history.states[0]) }
        try store.write { transaction throws in
            try transaction.append(history.records[1], leadingTo: history.states[1])
            #expect(try other.read { try $0.keyState(of: history.aid) } == history.states[0])
        }
        #expect(try other.read { try $0.keyState(of: history.aid) } == history.states[1])
        // A view stays what it was while others write.
        try other.read { transaction throws in
            #expect(try transaction.escrowCount(aid: nil) == 0)
            try store.write { try StoreSample().put(in: &$0) }
            #expect(try transaction.escrowCount(aid: nil) == 0)
        }
    }

    @Test func anEndedTransactionIsOfNoUse() throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyEventStore(path: folder.path("store.db"))
        var kept: SQLiteKeyEventTransaction?
        try store.write { kept = $0 }
        #expect(code { _ = try kept?.escrowCount(aid: nil) } == .unavailable)
        #expect(code { try StoreSample().put(in: &kept!) } == .unavailable)
    }
}

/// One of everything that is no event.
struct StoreSample {
    let escrow: EscrowEntry
    let reply: ReplyRecord
    let duplicity: DuplicityRecord

    init() {
        // Samples are constant; a failure here is a broken test.
        let signed = try! SampleController("sample").incept()
        let other = try! SampleController("another").incept().event
        let event = signed.event
        let message = try! signed.message
        let time = SampleHistory.start
        escrow = EscrowEntry(
            key: EscrowKey(reason: .outOfOrder, aid: event.aid, sn: .zero, said: event.said), since: time,
            message: message, missing: "something")
        reply = ReplyRecord(
            key: ReplyKey(route: "/end/role", aid: event.aid, detail: "x"), dated: time, signerSn: nil,
            value: "true", message: message)
        duplicity = DuplicityRecord(
            aid: event.aid, sn: .zero, accepted: other.said, other: event.said, seenAt: time, message: message)
    }

    func put(in transaction: inout SQLiteKeyEventTransaction) throws {
        try transaction.putEscrow(escrow)
        try transaction.putReply(reply)
        try transaction.addDuplicity(duplicity)
    }
}

/// The code of the ``StoreError`` that `body` throws; nil when it throws none.
func code(_ body: () throws -> Void) -> StoreError.Code? {
    do { try body() } catch let error as StoreError { return error.code } catch { return nil }
    return nil
}

func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
}
