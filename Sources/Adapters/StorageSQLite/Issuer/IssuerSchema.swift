// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import KERI

/// One step from an older file to a newer one. Steps are only ever appended, each in the file of its tables.
struct IssuerMigration: Sendable {
    /// Names the step for good.
    let name: String
    /// What it does.
    let sql: String
}

/// The tables of an issuer's file, and how a file of an older version becomes one of this version.
enum IssuerSchema {
    /// `KLMI` at offset 68 of the file marks it as an issuer's.
    static let applicationID: UInt32 = 0x4b4c_4d49

    /// All steps, in order. Each sets `user_version` to its number.
    static let migrations: [IssuerMigration] = [.authorities, .issuances, .registrations, .tree]

    static var format: StoreFile.Format {
        StoreFile.Format(
            applicationID: applicationID, version: UInt32(migrations.count), name: "store of an issuer")
    }

    /// Refuses a file that ``migrate(_:)`` would change.
    static func requireNewest(_ pool: DatabasePool, _ path: String) throws {
        let found = try version(of: pool)
        guard found == migrations.count else {
            throw StoreError(
                .unavailable,
                "\(path) has version \(found) and not \(migrations.count): it is brought up to date when its issuer is "
                    + "started with this version")
        }
    }

    private static func version(of pool: DatabasePool) throws -> Int {
        try pool.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
    }

    static func migrate(_ pool: DatabasePool) throws {
        guard try version(of: pool) < migrations.count else { return }
        var migrator = DatabaseMigrator()
        for (number, migration) in migrations.enumerated() {
            migrator.registerMigration(migration.name) { database in
                try database.execute(sql: migration.sql)
                try database.execute(sql: "PRAGMA user_version = \(number + 1)")
            }
        }
        try migrator.migrate(pool)
        _ = try pool.writeWithoutTransaction { try $0.checkpoint(.passive) }
    }
}

extension IssuerMigration {
    /// One document; its revision grows with every replacement.
    static let authorities = IssuerMigration(
        name: "authorities",
        sql: """
            CREATE TABLE authority_document (
                id INTEGER PRIMARY KEY CHECK (id = 0),
                revision INTEGER NOT NULL,
                content BLOB NOT NULL
            ) STRICT;
            """)

    /// Leaves and audit records are numbered from 0 without gaps, and only ever appended. The head of the audit stands
    /// beside it, so that records that are missing at the end are missed.
    static let issuances = IssuerMigration(
        name: "issuances and audit",
        sql: """
            CREATE TABLE issuances (
                leaf INTEGER PRIMARY KEY,
                kind TEXT NOT NULL,
                spiffe_id TEXT NOT NULL,
                digest BLOB NOT NULL,
                serial TEXT NOT NULL,
                key_digest BLOB NOT NULL,
                dns TEXT NOT NULL,
                not_before INTEGER NOT NULL,
                not_after INTEGER NOT NULL,
                authority TEXT NOT NULL,
                statement TEXT,
                entry TEXT,
                node TEXT,
                issued_at INTEGER NOT NULL,
                content BLOB NOT NULL
            ) STRICT;
            CREATE INDEX issuances_by_id ON issuances (spiffe_id, leaf);

            CREATE TABLE audit (
                number INTEGER PRIMARY KEY,
                previous BLOB NOT NULL,
                content BLOB NOT NULL,
                digest BLOB NOT NULL
            ) STRICT;
            CREATE TABLE audit_head (
                id INTEGER PRIMARY KEY CHECK (id = 0),
                count INTEGER NOT NULL,
                digest BLOB NOT NULL
            ) STRICT;
            INSERT INTO audit_head VALUES (0, 0, zeroblob(32));
            """)
}
