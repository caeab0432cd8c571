// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import GRDB
internal import GRDBSQLite
internal import Issuer
internal import KERI
internal import Synchronization

/// Everything that an issuer keeps, in one SQLite file of its own: authorities, issuances, audit, registrations.
///
/// What a write returned for is on the medium: the log of SQLite (WAL) is synchronised at every commit. Writers that come
/// while the medium is busy wait without holding a thread and share the next commit; each is undone alone when it
/// throws. The file and its companions are for their owner only, as ``SQLiteKeyEventStore``'s are.
public final class SQLiteIssuerStore: Sendable {
    /// Number of the newest file format that this version reads and the one that it writes.
    public static var formatVersion: Int { IssuerSchema.migrations.count }
    /// Most writers that share one commit.
    static let groupLimit = 256
    /// Most writers that wait; who comes later is turned away at once.
    let longestLine: Int

    struct Job: Sendable {
        /// Runs inside the transaction of a group.
        let run: @Sendable (SQLiteIssuerTransaction) throws -> Void
        /// Is told what came of the commit.
        let finish: @Sendable ((any Error)?) -> Void
    }

    struct Line {
        var jobs: [Job] = []
        var isBusy = false
    }

    /// Where the file is.
    public let path: String
    let connections: Mutex<DatabasePool?>
    private let identity: StoreFile.Identity
    private let queue = DispatchQueue(label: "kelmark-issuer-store")
    private let line = Mutex(Line())
    private let commits = Atomic<Int>(0)

    /// Opens a store; makes the file and the directories above it when they are missing. Blocks for the disk.
    ///
    /// The head of the audit is checked: a file whose last audit records were changed or cut off is refused.
    /// - Throws: `IssuerStoreError`: `unavailable` for a file of another application and for one that may not be written,
    ///   `tooNew` for one of a newer version, `corrupt` for one that is no store or whose audit does not fit.
    public convenience init(path: String, options: SQLiteKeyEventStore.Options = .init()) throws {
        try self.init(path: path, options: options, longestLine: 16_384)
    }

    /// Opens a store to look into it, perhaps beside the issuer that serves it. A file of an older version stays one: whoever
    /// wrote it would not open it any more.
    /// - Throws: `IssuerStoreError` as the other initialiser does, and `unavailable` for a file of an older version.
    public convenience init(lookingInto path: String) throws {
        try self.init(path: path, longestLine: 16_384, bringsUpToDate: false)
    }

    init(
        path: String, options: SQLiteKeyEventStore.Options = .init(), longestLine: Int, bringsUpToDate: Bool = true
    ) throws {
        self.path = path
        self.longestLine = longestLine
        do {
            let (pool, identity) = try StoreFile.claim(path, format: IssuerSchema.format) {
                let pool = try DatabasePool(path: path, configuration: Self.configuration(path, options))
                if bringsUpToDate {
                    try IssuerSchema.migrate(pool)
                } else {
                    try IssuerSchema.requireNewest(pool, path)
                }
                try pool.writeWithoutTransaction { try Self.setUpWriter($0, options) }
                return pool
            }
            do {
                if bringsUpToDate { try Self.completeTree(of: pool) }
                try pool.read { try Self.checkAuditHead(SQLiteIssuerTransaction($0, isWritable: false)) }
            } catch {
                StoreFile.release(identity)
                throw error
            }
            connections = Mutex(pool)
            self.identity = identity
        } catch {
            throw Self.translated(error, while: "opening \(path)")
        }
    }

    deinit {
        connections.withLock { $0 = nil }
        StoreFile.release(identity)
    }

    /// How many transactions of this instance were committed; each synchronised the medium once.
    public var commitCount: Int { commits.load(ordering: .relaxed) }

    /// How many writers have not had their turn.
    var waitingCount: Int { line.withLock { $0.jobs.count } }

    var pool: DatabasePool {
        get throws {
            guard let pool = connections.withLock({ $0 }) else {
                throw IssuerStoreError(.unavailable, "the store is closed")
            }
            return pool
        }
    }

    /// Runs `body` on the last commit.
    func read<R: Sendable>(_ body: @escaping @Sendable (SQLiteIssuerTransaction) throws -> R) async throws -> R {
        do {
            return try await pool.read { database in
                let transaction = SQLiteIssuerTransaction(database, isWritable: false)
                defer { transaction.end() }
                return try body(transaction)
            }
        } catch {
            throw Self.translated(error, while: "reading \(path)")
        }
    }

    /// Runs `body` while nobody else writes, and makes what it wrote durable, or undoes it when it throws.
    func write<R: Sendable>(_ body: @escaping @Sendable (SQLiteIssuerTransaction) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            let box = AnswerBox<R>()
            enqueue(
                Job(
                    run: { transaction in
                        let result = Result { try body(transaction) }
                        box.set(result)
                        _ = try result.get()
                    },
                    finish: { failure in
                        continuation.resume(with: failure.map { .failure($0) } ?? box.get())
                    }))
        }
    }

    // MARK: Groups

    private func enqueue(_ job: Job) {
        let isFirst = line.withLock { line -> Bool? in
            guard line.jobs.count < longestLine else { return nil }
            line.jobs.append(job)
            defer { line.isBusy = true }
            return !line.isBusy
        }
        guard let isFirst else { return job.finish(IssuerStoreError(.unavailable, "too many writers wait")) }
        if isFirst { queue.async { self.drain() } }
    }

    /// Commits group after group until nobody waits.
    private func drain() {
        while true {
            let group = line.withLock { line -> [Job] in
                let group = Array(line.jobs.prefix(Self.groupLimit))
                line.jobs.removeFirst(group.count)
                if group.isEmpty { line.isBusy = false }
                return group
            }
            guard !group.isEmpty else { return }
            perform(group)
        }
    }

    private func perform(_ group: [Job]) {
        var failures = [(any Error)?](repeating: nil, count: group.count)
        do {
            try pool.writeWithoutTransaction { database in
                let changes = sqlite3_total_changes64(database.sqliteConnection)
                try Self.run("BEGIN IMMEDIATE", on: database)
                do {
                    for (place, job) in group.enumerated() {
                        failures[place] = try Self.attempt(job, on: database)
                    }
                    try Self.run("COMMIT", on: database)
                } catch {
                    // After some failures SQLite has rolled back by itself.
                    if sqlite3_get_autocommit(database.sqliteConnection) == 0 {
                        try? Self.run("ROLLBACK", on: database)
                    }
                    throw error
                }
                if sqlite3_total_changes64(database.sqliteConnection) != changes {
                    commits.add(1, ordering: .relaxed)
                }
            }
        } catch {
            let shared = Self.translated(error, while: "writing \(path)")
            for job in group { job.finish(shared) }
            return
        }
        for (job, failure) in zip(group, failures) {
            job.finish(failure.map { Self.translated($0, while: "writing \(path)") })
        }
    }

    /// Runs one job and undoes it alone.
    /// - Returns: what it threw.
    /// - Throws: when the whole transaction is lost.
    private static func attempt(_ job: Job, on database: Database) throws -> (any Error)? {
        try run("SAVEPOINT job", on: database)
        let transaction = SQLiteIssuerTransaction(database, isWritable: true)
        defer { transaction.end() }
        var failure: (any Error)?
        do {
            try job.run(transaction)
            // A failure of SQLite that the body swallowed has left nobody knows what.
            if let hidden = transaction.failure { failure = hidden }
        } catch {
            failure = error
        }
        if let failure {
            guard sqlite3_get_autocommit(database.sqliteConnection) == 0 else { throw failure }
            try run("ROLLBACK TO job", on: database)
        }
        try run("RELEASE job", on: database)
        return failure
    }

    private static func run(_ sql: String, on database: Database) throws {
        var statement = try PreparedStatement(sql, in: database)
        try statement.run()
    }

    /// What callers above know: errors of stores become those of the issuer's stores, all others stay.
    static func translated(_ error: any Error, while action: String) -> any Error {
        switch error {
        case let error as StoreError:
            let code: IssuerStoreError.Code =
                switch error.code {
                case .conflict: .conflict
                case .full: .full
                case .unavailable: .unavailable
                case .corrupt: .corrupt
                case .tooNew: .tooNew
                }
            return IssuerStoreError(code, error.detail)
        case let error as DatabaseError: return translated(StoreError(error, while: action), while: action)
        default: return error
        }
    }

    // MARK: Connections

    private static func configuration(_ path: String, _ options: SQLiteKeyEventStore.Options) -> Configuration {
        var configuration = Configuration()
        configuration.label = "kelmark-issuer-store"
        configuration.maximumReaderCount = options.readers
        configuration.busyMode = .timeout(options.busyTimeout)
        configuration.prepareDatabase { database in
            if !database.configuration.readonly { try markOrCheck(database, path) }
            try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384")
        }
        return configuration
    }

    private static func markOrCheck(_ database: Database, _ path: String) throws {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        if pages == 0 {
            try database.execute(sql: "PRAGMA application_id = \(IssuerSchema.applicationID)")
            return
        }
        try StoreFile.check(
            applicationID: UInt32.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
            version: UInt32(clamping: Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0), path: path,
            format: IssuerSchema.format)
    }

    private static func setUpWriter(_ database: Database, _ options: SQLiteKeyEventStore.Options) throws {
        // GRDB asks for NORMAL, which may lose the last commits in a power failure.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        try database.execute(sql: "PRAGMA wal_autocheckpoint = \(options.checkpointPages)")
        try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
        if let limit = options.pageLimit { try database.execute(sql: "PRAGMA max_page_count = \(limit)") }
    }
}

/// What a job came to.
private final class AnswerBox<R: Sendable>: Sendable {
    private let result = Mutex<Result<R, any Error>?>(nil)

    func set(_ value: Result<R, any Error>) { result.withLock { $0 = value } }

    func get() -> Result<R, any Error> {
        result.withLock { $0 } ?? .failure(IssuerStoreError(.unavailable, "the write was never run"))
    }
}
