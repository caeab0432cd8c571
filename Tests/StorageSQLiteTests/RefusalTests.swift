// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import KERI
import StoreConformance
import Testing

@testable import StorageSQLite

/// Stores that can't be opened or written: each its own code, and the files stay as they were.
@Suite struct RefusalTests {
    /// Opens `path`, expects a code, and that no byte of the folder has changed.
    private func expectRefusal(
        _ expected: StoreError.Code, _ folder: TemporaryFolder, _ path: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = try contents(folder)
        #expect(code { _ = try SQLiteKeyEventStore(path: path) } == expected, sourceLocation: sourceLocation)
        #expect(try contents(folder) == before, sourceLocation: sourceLocation)
    }

    private func contents(_ folder: TemporaryFolder) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.url.path) {
            files[name] = try Data(contentsOf: folder.url.appending(path: name))
        }
        return files
    }

    private func filled(_ path: String, events: Int = 3) throws -> SampleHistory {
        let history = try SampleHistory("filled", events: events)
        let store = try SQLiteKeyEventStore(path: path)
        try store.write { transaction in
            for (record, state) in zip(history.records, history.states) {
                try transaction.append(record, leadingTo: state)
            }
        }
        return history
    }

    @Test func aNewerVersion() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let history = try filled(path)
        func setVersion(_ version: Int) throws {
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA user_version = \(version); PRAGMA wal_checkpoint(TRUNCATE)")
            }
            try queue.close()
        }
        try setVersion(SQLiteKeyEventStore.formatVersion + 1)
        try expectRefusal(.tooNew, folder, path)
        try setVersion(SQLiteKeyEventStore.formatVersion)
        let store = try SQLiteKeyEventStore(path: path)
        #expect(try store.read { try $0.keyState(of: history.aid) } == history.states.last)
    }

    @Test func aNewerVersionThatIsStillInTheLogOfTheFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        _ = try filled(path)
        // A connection that stays open keeps its commit in the WAL.
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 9") }
        #expect(code { _ = try SQLiteKeyEventStore(path: path) } == .tooNew)
        try queue.close()
    }

    @Test func aDatabaseOfAnotherApplication() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("other.db")
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "CREATE TABLE notes (text TEXT); PRAGMA user_version = 1") }
        try queue.close()
        try expectRefusal(.unavailable, folder, path)
        #expect(try mode(path) != 0o600)
    }

    @Test(arguments: [1, 400])
    func whatIsNoDatabase(_ lines: Int) throws {
        let text = String(repeating: "this is no database\n", count: lines)
        let folder = try TemporaryFolder()
        let path = folder.path("text.db")
        try Data(text.utf8).write(to: URL(filePath: path))
        try expectRefusal(.corrupt, folder, path)
    }

    @Test func aFolderInPlaceOfTheFile() throws {
        let folder = try TemporaryFolder()
        #expect(code { _ = try SQLiteKeyEventStore(path: folder.url.path) } == .unavailable)
    }

    @Test func aFileInPlaceOfTheFolder() throws {
        let folder = try TemporaryFolder()
        try Data("x".utf8).write(to: URL(filePath: folder.path("file")))
        try expectRefusal(.unavailable, folder, folder.path("file/store.db"))
    }

    @Test func aTruncatedFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let history = try filled(path, events: 200)
        let size = try Data(contentsOf: URL(filePath: path)).count
        #expect(truncate(path, size / 2) == 0)
        #expect(
            code {
                let store = try SQLiteKeyEventStore(path: path)
                _ = try store.read { try $0.records(of: history.aid, from: 0, limit: 1000) }
            } == .corrupt)
    }

    @Test func overwrittenPages() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let history = try filled(path, events: 200)
        let file = try FileHandle(forUpdating: URL(filePath: path))
        let size = try file.seekToEnd()
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0xa5, count: Int(size) - 4096))
        try file.close()
        #expect(
            code {
                let store = try SQLiteKeyEventStore(path: path)
                _ = try store.read { try $0.records(of: history.aid, from: 0, limit: 1000) }
            } == .corrupt)
    }

    @Test(arguments: [
        "UPDATE logs SET state = x'00'", "UPDATE events SET proof = x'00'", "UPDATE events SET said = 'E'",
        "UPDATE events SET kind = 'xyz'", "UPDATE events SET format = 'XML'", "UPDATE events SET sn = x'00'",
        "UPDATE events SET sn = -1",
    ]) func valuesThatCannotBeRead(_ change: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let history = try filled(path)
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: change) }
        try queue.close()
        let store = try SQLiteKeyEventStore(path: path)
        #expect(
            code {
                _ = try store.read {
                    (try $0.keyState(of: history.aid), try $0.records(of: history.aid, from: 0, limit: 9))
                }
            } == .corrupt)
    }

    // MARK: Full

    @Test func aFullStore() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let history = try SampleHistory("full", events: 400)
        // How many pages the tables take grows with the format.
        _ = try SQLiteKeyEventStore(path: path)
        let queue = try DatabaseQueue(path: path)
        let empty = try queue.read { try Int.fetchOne($0, sql: "PRAGMA page_count") } ?? 0
        try queue.close()
        var stored = 0
        do {
            let store = try SQLiteKeyEventStore(path: path, options: .init(pageLimit: empty + 20))
            let found = code {
                for (record, state) in zip(history.records, history.states) {
                    try store.write { try $0.append(record, leadingTo: state) }
                    stored += 1
                }
            }
            #expect(found == .full)
            #expect(stored > 10)
            // Whoever swallows the error can't commit half of a transaction.
            #expect(
                code {
                    try store.write { transaction in
                        try? transaction.append(history.records[stored], leadingTo: history.states[stored])
                        try? transaction.putEscrow(StoreSample().escrow)
                    }
                } == .full)
            #expect(try store.read { try $0.escrowCount(aid: nil) } == 0)
            #expect(try store.read { try $0.keyState(of: history.aid) } == history.states[stored - 1])
        }
        // With room the log goes on where it stopped.
        let store = try SQLiteKeyEventStore(path: path)
        #expect(try store.read { try $0.records(of: history.aid, from: 0, limit: 999) }.count == stored)
        try store.write { try $0.append(history.records[stored], leadingTo: history.states[stored]) }
    }

    #if os(Linux)
        /// The kernel refuses to let any file grow: what a full disk looks like from inside.
        @Test func aFullDisk() async throws {
            await #expect(processExitsWith: .success) {
                let folder = try TemporaryFolder()
                let path = folder.path("store.db")
                let history = try SampleHistory("disk", events: 400)
                let store = try SQLiteKeyEventStore(path: path)
                signal(SIGXFSZ, SIG_IGN)
                var limit = rlimit(rlim_cur: 200_000, rlim_max: 200_000)
                guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(2) }
                var stored = 0
                let found = code {
                    for (record, state) in zip(history.records, history.states) {
                        try store.write { try $0.append(record, leadingTo: state) }
                        stored += 1
                    }
                }
                guard found == .full, stored > 0 else { exit(3) }
                let records = try store.read { try $0.records(of: history.aid, from: 0, limit: 999) }
                exit(records == Array(history.records.prefix(stored)) ? 0 : 4)
            }
        }

        /// As a user who owns nothing of it.
        @Test(.enabled(if: getuid() == 0), arguments: ["folder", "file"]) func unwritable(_ what: String) async throws {
            let folder = try TemporaryFolder()
            let path = folder.path("store.db")
            _ = try filled(path)
            _ = chmod(folder.url.path, what == "folder" ? 0o755 : 0o777)
            _ = chmod(path, 0o644)
            let before = try contents(folder)
            await #expect(processExitsWith: .success) { [path = path as String] in
                guard setgid(65534) == 0, setuid(65534) == 0 else { exit(2) }
                exit(code { _ = try SQLiteKeyEventStore(path: path) } == .unavailable ? 0 : 3)
            }
            #expect(try contents(folder) == before)
        }
    #endif

    // MARK: Several writers

    @Test func aWriterThatNeverFinishes() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let first = try SQLiteKeyEventStore(path: path)
        let second = try SQLiteKeyEventStore(path: path, options: .init(busyTimeout: 0.05))
        try first.write { transaction in
            try transaction.putEscrow(StoreSample().escrow)
            #expect(code { try second.write { try StoreSample().put(in: &$0) } } == .conflict)
        }
        try second.write { try StoreSample().put(in: &$0) }
    }

    @Test func writersOfSeveralInstances() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let histories = try (0..<3).map { try SampleHistory("instance \($0)", events: 30) }
        let stores = try histories.map { _ in try SQLiteKeyEventStore(path: path) }
        DispatchQueue.concurrentPerform(iterations: 3) { place in
            for (record, state) in zip(histories[place].records, histories[place].states) {
                try? stores[place].write { try $0.append(record, leadingTo: state) }
            }
        }
        for history in histories {
            let records = try stores[0].read { try $0.records(of: history.aid, from: 0, limit: 99) }
            #expect(records == history.records)
        }
    }

    @Test func theSlowerWriterOfOneLogMeetsAConflict() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let history = try SampleHistory("race", events: 2)
        let first = try SQLiteKeyEventStore(path: path)
        let second = try SQLiteKeyEventStore(path: path)
        try first.write { try $0.append(history.records[0], leadingTo: history.states[0]) }
        #expect(
            code { try second.write { try $0.append(history.records[0], leadingTo: history.states[0]) } }
                == .conflict)
    }
}
