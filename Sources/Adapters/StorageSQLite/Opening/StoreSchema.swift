// SPDX-License-Identifier: Apache-2.0

internal import GRDB

/// The tables, and how a file of an older version becomes one of this version.
///
/// Migrations are only ever appended. Each one sets `user_version` to its number, so that an older program can tell
/// from the first page of the file that the store is newer than itself.
enum StoreSchema {
    /// `KLMK` at offset 68 of the file marks it as ours.
    static let applicationID: UInt32 = 0x4b4c_4d4b
    /// Number of the last migration below.
    static let version: UInt32 = 2

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("key event logs, escrows, replies, duplicity") { database in
            try database.execute(sql: first)
            try database.execute(sql: "PRAGMA user_version = 1")
        }
        migrator.registerMigration("mailboxes") { database in
            try database.execute(sql: second)
            try database.execute(sql: "PRAGMA user_version = 2")
        }
        return migrator
    }

    /// `sn` is an integer below 2^63 and a 16-byte blob above, which sorts right. `events.id` is the order of acceptance
    /// over all logs; replaying in that order meets every delegator before its delegates.
    private static let first = """
        CREATE TABLE logs (
            id INTEGER PRIMARY KEY,
            aid TEXT NOT NULL UNIQUE,
            count INTEGER NOT NULL,
            state BLOB NOT NULL
        ) STRICT;

        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            log INTEGER NOT NULL REFERENCES logs (id),
            ordinal INTEGER NOT NULL,
            sn ANY NOT NULL,
            said TEXT NOT NULL,
            kind TEXT NOT NULL,
            seen_at INTEGER NOT NULL,
            format TEXT NOT NULL,
            body BLOB NOT NULL,
            proof BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX events_by_ordinal ON events (log, ordinal);
        CREATE INDEX events_by_position ON events (log, sn);

        CREATE TABLE escrows (
            id INTEGER PRIMARY KEY,
            reason TEXT NOT NULL,
            aid TEXT NOT NULL,
            sn ANY NOT NULL,
            said TEXT NOT NULL,
            source TEXT NOT NULL,
            since INTEGER NOT NULL,
            message BLOB NOT NULL,
            missing TEXT NOT NULL,
            UNIQUE (aid, reason, sn, said, source)
        ) STRICT;
        CREATE INDEX escrows_by_reason ON escrows (reason);
        CREATE TABLE escrow_total (count INTEGER NOT NULL) STRICT;
        INSERT INTO escrow_total VALUES (0);
        CREATE TRIGGER escrow_added AFTER INSERT ON escrows
            BEGIN UPDATE escrow_total SET count = count + 1; END;
        CREATE TRIGGER escrow_removed AFTER DELETE ON escrows
            BEGIN UPDATE escrow_total SET count = count - 1; END;

        CREATE TABLE replies (
            id INTEGER PRIMARY KEY,
            aid TEXT NOT NULL,
            route TEXT NOT NULL,
            detail TEXT NOT NULL,
            dated INTEGER NOT NULL,
            signer_sn ANY,
            value TEXT NOT NULL,
            message BLOB NOT NULL,
            UNIQUE (aid, route, detail)
        ) STRICT;

        CREATE TABLE duplicities (
            id INTEGER PRIMARY KEY,
            aid TEXT NOT NULL,
            sn ANY NOT NULL,
            accepted TEXT NOT NULL,
            other TEXT NOT NULL,
            seen_at INTEGER NOT NULL,
            message BLOB NOT NULL,
            UNIQUE (aid, other)
        ) STRICT;
        """
}

extension StoreSchema {
    /// A box keeps its next number when its messages are gone; triggers count, so that a bound costs nothing to keep.
    private static let second = """
        CREATE TABLE mailboxes (
            id INTEGER PRIMARY KEY,
            recipient TEXT NOT NULL,
            topic TEXT NOT NULL,
            next INTEGER NOT NULL,
            UNIQUE (recipient, topic)
        ) STRICT;
        CREATE TABLE mails (
            box INTEGER NOT NULL REFERENCES mailboxes (id),
            number INTEGER NOT NULL,
            since INTEGER NOT NULL,
            message BLOB NOT NULL,
            PRIMARY KEY (box, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX mails_by_age ON mails (since);
        CREATE TABLE mail_counts (recipient TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE mail_total (count INTEGER NOT NULL) STRICT;
        INSERT INTO mail_total VALUES (0);
        CREATE TRIGGER mail_added AFTER INSERT ON mails BEGIN
            UPDATE mail_total SET count = count + 1;
            INSERT INTO mail_counts SELECT recipient, 1 FROM mailboxes WHERE id = new.box
                ON CONFLICT (recipient) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER mail_removed AFTER DELETE ON mails BEGIN
            UPDATE mail_total SET count = count - 1;
            UPDATE mail_counts SET count = count - 1
                WHERE recipient = (SELECT recipient FROM mailboxes WHERE id = old.box);
        END;
        """

    /// Runs the migrations that the file has not seen, and moves the new version into the first page of the file, where
    /// programs look for it before they open anything.
    static func migrate(_ pool: DatabasePool) throws {
        let found = try pool.read { try UInt32.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
        guard found < version else { return }
        try migrator.migrate(pool)
        _ = try pool.writeWithoutTransaction { try $0.checkpoint(.passive) }
    }
}
