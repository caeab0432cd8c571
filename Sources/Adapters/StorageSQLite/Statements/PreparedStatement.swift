// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import GRDBSQLite
private import Glibc
internal import KERI

/// One use of a prepared statement that GRDB keeps for its connection: bind in order, step, read columns.
///
/// Values go straight between Swift arrays and SQLite; texts keep embedded NUL characters, which strangers may send.
struct PreparedStatement: ~Copyable {
    private let statement: Statement
    private let handle: OpaquePointer
    private let connection: OpaquePointer?
    private var position: Int32 = 0

    /// Takes the statement with this text from the connection's cache.
    init(_ sql: String, in database: Database) throws {
        do {
            statement = try database.cachedStatement(sql: sql)
        } catch let error as DatabaseError { throw StoreError(error, while: "preparing a statement") }
        handle = statement.sqliteStatement
        connection = database.sqliteConnection
    }

    deinit {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    // MARK: Binding, in order

    mutating func bind(_ value: Int64) throws {
        position += 1
        try check(sqlite3_bind_int64(handle, position, value))
    }

    mutating func bind(_ bytes: [UInt8]) throws {
        position += 1
        // An empty array has no address, and SQLite takes that for NULL.
        if bytes.isEmpty { return try check(sqlite3_bind_zeroblob(handle, position, 0)) }
        let code = bytes.withUnsafeBytes {
            sqlite3_bind_blob64(handle, position, $0.baseAddress, UInt64($0.count), Self.copies)
        }
        try check(code)
    }

    mutating func bind(_ text: String) throws {
        position += 1
        var text = text
        let code = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                // SQLite takes a missing address for NULL.
                $0.baseAddress.map {
                    sqlite3_bind_text64(
                        handle, position, $0, UInt64(bytes.count), Self.copies, UInt8(SQLITE_UTF8))
                } ?? sqlite3_bind_text(handle, position, "", 0, nil)
            }
        }
        try check(code)
    }

    mutating func bind(_ id: some QualifiedIdentifier) throws { try bind(id.text) }

    mutating func bind(_ time: Timestamp) throws { try bind(time.microseconds) }

    /// Numbers below 2^63 are integers, larger ones blobs of 16 bytes, big end first: SQLite sorts all integers before
    /// all blobs, so the order of the numbers holds.
    mutating func bind(_ sn: SequenceNumber) throws {
        if let small = Int64(exactly: sn.value) { return try bind(small) }
        try bind(stride(from: 120, through: 0, by: -8).map { UInt8(truncatingIfNeeded: sn.value >> UInt128($0)) })
    }

    mutating func bind(_ sn: SequenceNumber?) throws {
        if let sn { return try bind(sn) }
        try bindNull()
    }

    mutating func bindNull() throws {
        position += 1
        try check(sqlite3_bind_null(handle, position))
    }

    // MARK: Stepping

    /// Moves to the next row; false when there is none.
    mutating func step() throws -> Bool {
        errno = 0
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            throw StoreError(sqlite: connection, code: code, systemError: errno, while: "using the store")
        }
    }

    /// Runs a statement that gives no rows.
    mutating func run() throws {
        while try step() {}
    }

    // MARK: Columns

    func integer(_ column: Int32) throws -> Int64 {
        guard sqlite3_column_type(handle, column) == SQLITE_INTEGER else { throw unreadable(column) }
        return sqlite3_column_int64(handle, column)
    }

    func count(_ column: Int32) throws -> UInt64 {
        guard let value = UInt64(exactly: try integer(column)) else { throw unreadable(column) }
        return value
    }

    func bytes(_ column: Int32) throws -> [UInt8] {
        guard sqlite3_column_type(handle, column) == SQLITE_BLOB else { throw unreadable(column) }
        return content(column)
    }

    func text(_ column: Int32) throws -> String {
        guard sqlite3_column_type(handle, column) == SQLITE_TEXT else { throw unreadable(column) }
        guard let text = String(validating: content(column), as: UTF8.self) else { throw unreadable(column) }
        return text
    }

    func identifier<ID: QualifiedIdentifier>(_ column: Int32) throws -> ID {
        guard let id = ID(try text(column)) else { throw unreadable(column) }
        return id
    }

    func time(_ column: Int32) throws -> Timestamp { Timestamp(microseconds: try integer(column)) }

    func sequenceNumber(_ column: Int32) throws -> SequenceNumber {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER:
            return SequenceNumber(UInt128(try count(column)))
        case SQLITE_BLOB:
            let bytes = content(column)
            guard bytes.count == 16 else { throw unreadable(column) }
            return SequenceNumber(bytes.reduce(0) { $0 << 8 | UInt128($1) })
        default: throw unreadable(column)
        }
    }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    private func content(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(sqlite3_column_bytes(handle, column))
        return [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    // MARK: Errors

    /// A value that this version never writes.
    func unreadable(_ column: Int32) -> StoreError {
        let name = sqlite3_column_name(handle, column).map { String(cString: $0) } ?? "\(column)"
        return StoreError(.corrupt, "the stored value of \(name) can't be read back")
    }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else {
            throw StoreError(sqlite: connection, code: code, while: "binding a value")
        }
    }

    /// SQLITE_TRANSIENT: SQLite copies what is bound before the call returns.
    private static var copies: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
