// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import GRDBSQLite
public import KERI
internal import Synchronization

/// A key event store in one SQLite file.
///
/// Everything that one `write` did is on the medium when it returns: the log of SQLite (WAL) is synchronised at every
/// commit, so neither a killed process nor a power failure loses what was acknowledged. Several processes may use one
/// file; writers take turns. Readers see the last commit and never wait for a writer.
///
/// Writers of one instance that come at the same time share a commit: each is undone alone when it throws, and each
/// returns when the medium has what it wrote. So the body of a `write` must not wait for anything that another writer
/// holds until its own `write` returns, such as a lock.
///
/// The file and its companions (`-wal`, `-shm`) are for their owner only (0600), and so is a directory made for them
/// (0700).
public final class SQLiteKeyEventStore: KeyEventStore {
    /// Number of the newest file format that this version reads and the one that it writes.
    public static let formatVersion = Int(StoreSchema.version)

    /// How a store is opened.
    public struct Options: Sendable, Hashable {
        /// How long a writer waits for another process to finish, in seconds.
        public var busyTimeout: Double
        /// How many reads may run at the same time.
        public var readers: Int
        /// Most pages of 4096 bytes that the file may have, as a quota; nil for no bound.
        public var pageLimit: Int?

        /// After how many pages of 4096 bytes the WAL is moved into the file. More makes bulk loads faster, and the
        /// WAL longer.
        public var checkpointPages: Int

        /// Chooses options.
        public init(
            busyTimeout: Double = 10, readers: Int = 4, pageLimit: Int? = nil, checkpointPages: Int = 2000
        ) {
            self.busyTimeout = busyTimeout
            self.readers = max(1, readers)
            self.pageLimit = pageLimit
            self.checkpointPages = max(1, checkpointPages)
        }
    }

    /// Where the file is.
    public let path: String
    /// Nil only while the store goes away.
    private let connections: Mutex<DatabasePool?>
    private let identity: StoreFile.Identity
    let compiledSchemas = CompiledSchemas()
    let commits = Atomic<Int>(0)
    /// Writers that have come and have not had their turn.
    let waitingWriters = Atomic<Int>(0)
    /// The transaction that is open for further writers; used by whoever has the connection for writing.
    let openGroup = Mutex<WriteGroup?>(nil)

    /// Opens a store; makes the file and the directories above it when they are missing.
    ///
    /// - Throws: `StoreError`: `unavailable` for a file of another application and for one that may not be written,
    ///   `tooNew` for one of a newer version, `corrupt` for one that is no store. The file stays untouched then.
    public init(path: String, options: Options = Options()) throws {
        self.path = path
        do {
            let (pool, identity) = try StoreFile.claim(path) {
                let pool = try DatabasePool(path: path, configuration: Self.configuration(path, options))
                try StoreSchema.migrate(pool)
                try pool.writeWithoutTransaction { database in
                    try Self.translatingOpening(path, database) { try Self.setUpWriter(database, options) }
                }
                return pool
            }
            connections = Mutex(pool)
            self.identity = identity
        } catch let error as DatabaseError {
            throw StoreError(error, while: "opening \(path)")
        }
    }

    deinit {
        // The last reference closes the readers, then the writer, which moves the WAL into the file and removes it.
        connections.withLock { $0 = nil }
        StoreFile.release(identity)
    }

    var pool: DatabasePool {
        get throws {
            guard let pool = connections.withLock({ $0 }) else {
                throw StoreError(.unavailable, "the store is closed")
            }
            return pool
        }
    }

    /// How many transactions of this instance wrote something; each of them synchronised the medium once, and
    /// checkpoints do so in addition.
    public var commitCount: Int { commits.load(ordering: .relaxed) }

    /// Runs `body` on the last commit; later ones do not show.
    public func read<R: Sendable>(_ body: (inout SQLiteKeyEventTransaction) throws -> R) throws -> R {
        do {
            return try pool.read { database in
                var transaction = SQLiteKeyEventTransaction(
                    database, isWritable: false, compiledSchemas: compiledSchemas)
                defer { transaction.end() }
                return try body(&transaction)
            }
        } catch let error as DatabaseError {
            throw StoreError(error, while: "reading the store")
        }
    }

    /// Turns what GRDB throws into a ``StoreError``, with what the system said.
    static func translating<R>(
        _ action: String, on database: Database, _ body: () throws -> R
    ) throws -> R {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StoreError(error, on: database.sqliteConnection, while: action)
        }
    }

    /// As ``translating(_:on:_:)``; when a file could not be made, says whether that is for want of space, which SQLite
    /// does not tell.
    private static func translatingOpening<R>(
        _ path: String, _ database: Database, _ body: () throws -> R
    ) throws -> R {
        do {
            return try body()
        } catch let error as DatabaseError {
            if error.resultCode == .SQLITE_CANTOPEN { try StoreFile(path: path).checkSpace() }
            throw StoreError(error, on: database.sqliteConnection, while: "opening \(path)")
        }
    }

    // MARK: Connections

    private static func configuration(_ path: String, _ options: Options) -> Configuration {
        var configuration = Configuration()
        configuration.label = "kelmark-store"
        // Writers hand an open transaction on to the next one.
        configuration.allowsUnsafeTransactions = true
        configuration.maximumReaderCount = options.readers
        configuration.busyMode = .timeout(options.busyTimeout)
        configuration.prepareDatabase { database in
            try translatingOpening(path, database) {
                if !database.configuration.readonly { try markOrCheck(database, path) }
                try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384")
                // GRDB does the same next; here the reason of a failure is still known.
                if !database.configuration.readonly { try database.execute(sql: "PRAGMA journal_mode = WAL") }
            }
        }
        return configuration
    }

    /// Marks an empty file as ours, before anything else is written to it, and checks the mark of any other.
    private static func markOrCheck(_ database: Database, _ path: String) throws {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        if pages == 0 {
            try database.execute(sql: "PRAGMA application_id = \(StoreSchema.applicationID)")
            return
        }
        try StoreFile.check(
            applicationID: UInt32.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
            version: UInt32(clamping: Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0), path: path)
    }

    private static func setUpWriter(_ database: Database, _ options: Options) throws {
        // GRDB asks for NORMAL, which may lose the last commits in a power failure.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        try database.execute(sql: "PRAGMA wal_autocheckpoint = \(options.checkpointPages)")
        try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
        #if canImport(Darwin)
            try database.execute(sql: "PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON")
        #endif
        if let limit = options.pageLimit { try database.execute(sql: "PRAGMA max_page_count = \(limit)") }
    }
}
