// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import GRDBSQLite
public import KERI

/// One transaction of a ``SQLiteKeyEventStore``. Copies share it; it must not be kept beyond the body that got it.
public final class SQLiteKeyEventTransaction: KeyEventTransaction {
    /// A log as this transaction sees it. Its row is written when the transaction ends, once for all events that were
    /// appended; the writer's lock keeps others from changing it in between.
    struct Log {
        var id: Int64
        var count: UInt64
        var state: KeyState
        var isDirty: Bool
    }

    private let database: Database
    private let isWritable: Bool
    let compiledSchemas: CompiledSchemas
    private var isOpen = true
    /// The first failure of SQLite. It may have undone the transaction by itself, so nothing may follow.
    private var failure: StoreError?
    var logs: [AID: Log] = [:]

    /// How many logs are kept before they are written and forgotten.
    static var logLimit: Int { 1024 }

    init(_ database: Database, isWritable: Bool, compiledSchemas: CompiledSchemas = CompiledSchemas()) {
        self.database = database
        self.isWritable = isWritable
        self.compiledSchemas = compiledSchemas
    }

    /// Whether SQLite has failed in a way that nothing may follow.
    var isBroken: Bool { failure != nil }

    /// Forbids further use.
    func end() { isOpen = false }

    /// Prepares a statement, lets `body` bind and step it, and remembers a failure.
    func query<R>(_ sql: String, _ body: (inout PreparedStatement) throws -> R) throws -> R {
        guard isOpen else { throw StoreError(.unavailable, "the transaction has ended") }
        if let failure { throw failure }
        do {
            var statement = try PreparedStatement(sql, in: database)
            return try body(&statement)
        } catch let error as StoreError {
            failure = error
            throw error
        }
    }

    /// As ``query(_:_:)``, for statements that write.
    func change(_ sql: String, _ body: (inout PreparedStatement) throws -> Void) throws {
        guard isWritable else { throw StoreError(.unavailable, "a read transaction can't write") }
        try query(sql) { statement in
            try body(&statement)
            try statement.run()
        }
    }

    /// Runs `body` and undoes what it wrote when it throws.
    public func attempt<R>(_ body: (inout SQLiteKeyEventTransaction) throws -> R) throws -> R {
        // What was kept back before must not be undone with the rest.
        try flush()
        try change("SAVEPOINT attempt") { _ in }
        do {
            var transaction = self
            let result = try body(&transaction)
            try flush()
            try change("RELEASE attempt") { _ in }
            return result
        } catch {
            logs.removeAll(keepingCapacity: true)
            // Some failures undo the whole transaction; then nothing may follow.
            if sqlite3_get_autocommit(database.sqliteConnection) == 0 {
                failure = nil
                try change("ROLLBACK TO attempt") { _ in }
                try change("RELEASE attempt") { _ in }
            }
            throw error
        }
    }

    /// Writes what was kept back. A failure that the body swallowed is thrown here, so that nothing is committed.
    func flush() throws {
        if let failure { throw failure }
        for (aid, log) in logs where log.isDirty {
            try write(log)
            logs[aid]?.isDirty = false
        }
    }
}
