// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import KERI
import KelmarkBytes
import StoreConformance
import Testing

@testable import StorageSQLite

/// Files of older versions become files of this one and keep what they have.
@Suite struct MigrationTests {
    /// Copies the rows of a store of this version into a file of an older one.
    private func older(_ path: String, than version: String, from source: String, _ tables: [String]) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            if try Int.fetchOne(database, sql: "PRAGMA page_count") == 0 {
                try database.execute(sql: "PRAGMA application_id = \(StoreSchema.applicationID)")
            }
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try StoreSchema.migrator.migrate(queue, upTo: version)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "ATTACH '\(source)' AS source")
            for table in tables {
                let columns = try database.columns(in: table).map(\.name).joined(separator: ", ")
                try database.execute(sql: "INSERT INTO \(table) (\(columns)) SELECT \(columns) FROM source.\(table)")
            }
        }
        try queue.close()
    }

    /// The index of seals has to show every event that seals one.
    @Test func verificationMissesSeals() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let sealed = try SampleController("sealed").incept().event
        let seal = EventSeal(aid: sealed.aid, sn: sealed.sn, said: sealed.said).value
        let signed = try SampleController("sealing").incept(anchors: [seal])
        do {
            let store = try SQLiteKeyEventStore(path: path)
            _ = try EventProcessor(store: store)
                .process(.keyEvent(signed.event), with: signed.attachments, now: SampleHistory.start)
            #expect(try store.verifyAll().isSound)
        }
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "DELETE FROM seals") }
        try queue.close()
        #expect(try SQLiteKeyEventStore(path: path).verifyAll().problems.map(\.code) == [.mismatch])
    }

    @Test func sealsAndEscrowsOfOlderFilesAreIndexed() throws {
        let folder = try TemporaryFolder()
        let sample = StoreSample()
        let sealed = try SampleController("sealed").incept().event
        let seal = EventSeal(aid: sealed.aid, sn: sealed.sn, said: sealed.said).value
        let signed = try SampleController("sealing").incept(anchors: [seal])
        let aid = signed.event.aid
        let now = SampleHistory.start
        let waiting = try SampleHistory("waiting", events: 2)
        do {
            let store = try SQLiteKeyEventStore(path: folder.path("new.db"))
            let processor = EventProcessor(store: store)
            _ = try processor.process(.keyEvent(signed.event), with: signed.attachments, now: now)
            try store.write { transaction in
                try sample.put(in: &transaction)
                try transaction.append(waiting.records[0], leadingTo: waiting.states[0])
                try transaction.append(waiting.records[1], leadingTo: waiting.states[1])
            }
            for number in 0..<700 {
                let history = try SampleHistory("many \(number)", events: 1)
                try store.write { try $0.append(history.records[0], leadingTo: history.states[0]) }
            }
        }
        let path = folder.path("old.db")
        try older(
            path, than: "mailboxes", from: folder.path("new.db"),
            ["logs", "events", "escrows", "replies", "duplicities"])
        let version = try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
        #expect(version == 2)
        let store = try SQLiteKeyEventStore(path: path)
        try store.read { transaction throws in
            #expect(
                try transaction.sealings(of: sealed.said, by: aid)
                    == [SealSource(sn: signed.event.sn, said: signed.event.said)])
            #expect(try transaction.escrows(reason: nil, aid: nil, limit: 9).map(\.key) == [sample.escrow.key])
            #expect(try transaction.unverifiedEscrowCount(aid: nil) == 1)
            #expect(try transaction.escrowCount(aid: nil) == 1)
            #expect(try transaction.replies(of: sample.reply.key.aid) == [sample.reply])
        }
        let next = try store.read { try $0.keyState(of: waiting.aid) }
        #expect(next == waiting.states[1])
        try store.write { try $0.removeEscrow(sample.escrow.key) }
        #expect(try store.read { try $0.unverifiedEscrowCount(aid: nil) } == 0)
    }
}
