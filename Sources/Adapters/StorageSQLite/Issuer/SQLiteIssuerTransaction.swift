// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import KERI

/// One transaction of a ``SQLiteIssuerStore``; it must not be kept beyond the body that got it.
final class SQLiteIssuerTransaction {
    private let database: Database
    private let isWritable: Bool
    private var isOpen = true
    /// The first failure of SQLite; nothing may follow it.
    private(set) var failure: StoreError?

    init(_ database: Database, isWritable: Bool) {
        self.database = database
        self.isWritable = isWritable
    }

    /// Forbids further use.
    func end() { isOpen = false }

    /// Prepares a statement and lets `body` bind and step it.
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

    /// The number in the first row of an answer; nil without a row, or for a NULL.
    func number(_ sql: String, _ bind: (inout PreparedStatement) throws -> Void = { _ in }) throws -> Int64? {
        try query(sql) { statement in
            try bind(&statement)
            return try statement.step() && !statement.isNull(0) ? try statement.integer(0) : nil
        }
    }

    /// How many rows the last change touched.
    var changeCount: Int { database.changesCount }
}
