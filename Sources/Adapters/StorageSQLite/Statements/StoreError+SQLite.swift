// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import GRDBSQLite
internal import KERI

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

extension StoreError {
    /// The error of a failed SQLite call on a connection that still remembers it.
    ///
    /// - Parameter systemError: what the system said during the call; SQLite forgets it when a commit fails.
    init(sqlite connection: OpaquePointer?, code: Int32, systemError: Int32 = 0, while action: String) {
        let words = sqlite3_errmsg(connection).map { String(cString: $0) } ?? ""
        self.init(
            sqliteCode: code, systemError: systemError != 0 ? systemError : sqlite3_system_errno(connection),
            words: words, while: action)
    }

    /// The error of a failed GRDB call, on a connection that still remembers what the system said.
    init(_ error: DatabaseError, on connection: OpaquePointer? = nil, while action: String) {
        self.init(
            sqliteCode: error.extendedResultCode.rawValue,
            systemError: connection.map { sqlite3_system_errno($0) } ?? 0, words: error.message ?? "",
            while: action)
    }

    private init(sqliteCode: Int32, systemError: Int32, words: String, while action: String) {
        let isSpace = systemError == ENOSPC || systemError == EDQUOT || systemError == EFBIG
        let code: Code
        let meaning: String
        switch sqliteCode & 0xff {
        case SQLITE_FULL:
            code = .full
            meaning = "the disk is full; nothing was written"
        case SQLITE_IOERR where sqliteCode == SQLITE_IOERR | 2 << 8 || sqliteCode == SQLITE_IOERR | 33 << 8:
            // A short read, or a file system that reports itself damaged.
            code = .corrupt
            meaning = "the file ends early or its file system is damaged"
        case SQLITE_IOERR where isSpace, SQLITE_CANTOPEN where isSpace:
            code = .full
            meaning = "the disk is full; nothing was written"
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_MISMATCH, SQLITE_ERROR, SQLITE_RANGE, SQLITE_FORMAT:
            code = .corrupt
            meaning = "the file is damaged; restore it from a backup or replay the logs into a new store"
        case SQLITE_BUSY, SQLITE_LOCKED:
            code = .conflict
            meaning = "another process is writing and did not finish in time; try again"
        case SQLITE_CONSTRAINT:
            code = .conflict
            meaning = "another writer was faster"
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
            code = .unavailable
            meaning = "the store may not be written; check the permissions of the file and its directory"
        case SQLITE_CANTOPEN:
            code = .unavailable
            meaning = "the file can't be opened; check that its directory exists and may be written"
        case SQLITE_IOERR:
            code = .unavailable
            meaning = "the medium failed"
        default:
            code = .unavailable
            meaning = "the store failed"
        }
        self.init(code, "\(action): \(meaning) (SQLite \(sqliteCode): \(words))")
    }

    /// The error of a failed system call.
    init(errno number: Int32, while action: String) {
        let words = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT, EFBIG: self.init(.full, "\(action): \(words)")
        default: self.init(.unavailable, "\(action): \(words)")
        }
    }
}
