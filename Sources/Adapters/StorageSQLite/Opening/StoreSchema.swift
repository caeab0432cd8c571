// SPDX-License-Identifier: Apache-2.0

internal import GRDB
internal import KERI
internal import KelmarkBytes

/// The tables, and how a file of an older version becomes one of this version.
///
/// Migrations are only ever appended. Each one sets `user_version` to its number, so that an older program can tell
/// from the first page of the file that the store is newer than itself.
enum StoreSchema {
    /// `KLMK` at offset 68 of the file marks it as ours.
    static let applicationID: UInt32 = 0x4b4c_4d4b
    /// Number of the last migration below.
    static let version: UInt32 = 5

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
        migrator.registerMigration("what escrows wait for, sealed events") { database in
            try database.execute(sql: third)
            try indexSeals(database)
            try database.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration("registries, credentials, schemas") { database in
            try database.execute(sql: fourth)
            try database.execute(sql: "PRAGMA user_version = 4")
        }
        migrator.registerMigration("what backers signed") { database in
            try database.execute(sql: fifth)
            try database.execute(sql: "PRAGMA user_version = 5")
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

    /// `waits_for` and `waits_sn` name the position of a log before which an entry is not worth a decision; entries of
    /// older files get theirs when they are next decided about. `seals` leads from a digest to the events that seal it.
    private static let third = """
        ALTER TABLE escrows ADD COLUMN waits_for TEXT;
        ALTER TABLE escrows ADD COLUMN waits_sn ANY;
        ALTER TABLE escrows ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX escrows_by_age ON escrows (reason, since);
        CREATE INDEX escrows_by_awaited ON escrows (waits_for, waits_sn) WHERE waits_for IS NOT NULL;
        CREATE INDEX escrows_unverified ON escrows (reason) WHERE verified = 0;
        CREATE INDEX escrows_unverified_of ON escrows (aid, reason) WHERE verified = 0;
        ALTER TABLE escrow_total ADD COLUMN unverified INTEGER NOT NULL DEFAULT 0;
        UPDATE escrow_total SET unverified = count;
        CREATE TRIGGER escrow_unverified_added AFTER INSERT ON escrows WHEN new.verified = 0
            BEGIN UPDATE escrow_total SET unverified = unverified + 1; END;
        CREATE TRIGGER escrow_unverified_removed AFTER DELETE ON escrows WHEN old.verified = 0
            BEGIN UPDATE escrow_total SET unverified = unverified - 1; END;
        CREATE TRIGGER escrow_verified_changed AFTER UPDATE OF verified ON escrows WHEN old.verified <> new.verified
            BEGIN UPDATE escrow_total SET unverified = unverified + old.verified - new.verified; END;

        CREATE TABLE seals (
            log INTEGER NOT NULL REFERENCES logs (id),
            said TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            PRIMARY KEY (log, said, ordinal)
        ) STRICT, WITHOUT ROWID;
        """

    /// Fills the index of seals from the events that are there.
    private static func indexSeals(_ database: Database) throws {
        let transaction = SQLiteKeyEventTransaction(database, isWritable: true)
        defer { transaction.end() }
        var last: Int64 = 0
        while true {
            let page = try transaction.query(
                "SELECT id, log, ordinal, format, body FROM events WHERE id > ? ORDER BY id LIMIT 256"
            ) { statement in
                try statement.bind(last)
                var page: [(id: Int64, log: Int64, ordinal: Int64, sealed: [SAID])] = []
                while try statement.step() {
                    // A row that can't be read is a matter for verification, not for opening.
                    let format = DocumentFormat(storedName: (try? statement.text(3)) ?? "") ?? .json
                    let body = (try? statement.bytes(4)) ?? []
                    page.append(
                        (
                            try statement.integer(0), try statement.integer(1), try statement.integer(2),
                            EventRecord.sealedEvents(in: body.span, format: format)
                        ))
                }
                return page
            }
            guard let end = page.last else { return }
            for row in page { try transaction.index(row.sealed, log: row.log, ordinal: row.ordinal) }
            last = end.id
        }
    }

    /// Runs the migrations that the file has not seen, and moves the new version into the first page of the file, where
    /// programs look for it before they open anything.
    static func migrate(_ pool: DatabasePool) throws {
        let found = try pool.read { try UInt32.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
        guard found < version else { return }
        try migrator.migrate(pool)
        _ = try pool.writeWithoutTransaction { try $0.checkpoint(.passive) }
    }
}
