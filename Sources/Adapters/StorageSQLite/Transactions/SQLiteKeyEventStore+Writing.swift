// SPDX-License-Identifier: Apache-2.0

private import Dispatch
internal import GRDB
internal import GRDBSQLite
internal import KERI
internal import Synchronization

// Writing. Synchronising the medium takes far longer than deciding about an event, so writers that wait for their turn
// while it happens go into one transaction: each runs its body and leaves the transaction open when another one
// follows; the last commits for all of them.

extension SQLiteKeyEventStore {
    /// Most writers that share one commit.
    static var groupLimit: Int { 64 }

    /// Runs `body` while no other process writes, and makes its writes durable at once or undoes them.
    public func write<R: Sendable>(_ body: (inout SQLiteKeyEventTransaction) throws -> R) throws -> R {
        let pool = try pool
        waitingWriters.add(1, ordering: .sequentiallyConsistent)
        let (result, group) = pool.writeWithoutTransaction { database in
            waitingWriters.subtract(1, ordering: .sequentiallyConsistent)
            return takeTurn(on: database, body)
        }
        let value = try result.get()
        try group?.wait()
        return value
    }

    /// Runs one body.
    /// - Returns: what came of it, and the group whose commit it depends on when that is still to come.
    private func takeTurn<R>(
        on database: Database, _ body: (inout SQLiteKeyEventTransaction) throws -> R
    ) -> (Result<R, any Error>, WriteGroup?) {
        func attempt<T>(_ work: () throws -> T) -> Result<T, any Error> {
            Result { try Self.translating("writing the store", on: database, work) }
        }
        let existing = openGroup.withLock { $0 }
        if existing == nil, case .failure(let error) = attempt({ try Self.run("BEGIN IMMEDIATE", on: database) }) {
            return (.failure(error), nil)
        }
        let group = existing ?? WriteGroup(changes: sqlite3_total_changes64(database.sqliteConnection))
        var transaction = SQLiteKeyEventTransaction(
            database, isWritable: true, compiledSchemas: compiledSchemas)
        defer { transaction.end() }
        let result = attempt {
            // The first one needs nothing to be undone alone.
            if existing != nil { return try transaction.attempt(body) }
            let value = try body(&transaction)
            try transaction.flush()
            return value
        }
        if case .failure(let error) = result {
            let isOpen = sqlite3_get_autocommit(database.sqliteConnection) == 0
            guard existing != nil, isOpen, !transaction.isBroken else {
                // Nobody else is in it, or SQLite has undone all of it, or nobody knows what it holds.
                if isOpen { _ = attempt { try Self.run("ROLLBACK", on: database) } }
                close(group, .failure(Self.shared(error)))
                return (result, nil)
            }
        }
        group.count += 1
        if group.count < Self.groupLimit, waitingWriters.load(ordering: .sequentiallyConsistent) > 0 {
            openGroup.withLock { $0 = group }
            return (result, group)
        }
        if case .failure(let error) = attempt({ try Self.run("COMMIT", on: database) }) {
            // After some failures SQLite has rolled back by itself.
            if sqlite3_get_autocommit(database.sqliteConnection) == 0 {
                _ = attempt { try Self.run("ROLLBACK", on: database) }
            }
            close(group, .failure(Self.shared(error)))
            return (.failure(error), nil)
        }
        if sqlite3_total_changes64(database.sqliteConnection) != group.changes { commits.add(1, ordering: .relaxed) }
        close(group, .success(()))
        return (result, nil)
    }

    private func close(_ group: WriteGroup, _ result: Result<Void, StoreError>) {
        openGroup.withLock { $0 = nil }
        group.finish(result)
    }

    private static func run(_ sql: String, on database: Database) throws {
        var statement = try PreparedStatement(sql, in: database)
        try statement.run()
    }

    /// What the others of a group are told.
    private static func shared(_ error: any Error) -> StoreError {
        error as? StoreError ?? StoreError(.unavailable, "another writer failed: \(error)")
    }
}

/// Writers that share one commit.
final class WriteGroup: @unchecked Sendable {
    // Unchecked Sendable: `count` is used only by whoever has the connection for writing; `result` is set once, before
    // `finished` lets anybody read it.

    /// How many rows the connection had changed before.
    let changes: Int64
    var count = 0
    private var result: Result<Void, StoreError> = .success(())
    private let finished = DispatchGroup()

    init(changes: Int64) {
        self.changes = changes
        finished.enter()
    }

    func finish(_ result: Result<Void, StoreError>) {
        self.result = result
        finished.leave()
    }

    /// Waits for the commit.
    func wait() throws {
        finished.wait()
        try result.get()
    }
}
