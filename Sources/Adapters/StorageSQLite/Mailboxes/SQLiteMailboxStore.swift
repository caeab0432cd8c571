// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KERINetwork

/// Mailboxes in the file of a key event store: what `append` returned for is on the medium.
public struct SQLiteMailboxStore: MailboxStore {
    private let store: SQLiteKeyEventStore
    private let limits: MailboxLimits

    /// Keeps mailboxes beside the logs of `store`.
    public init(_ store: SQLiteKeyEventStore, limits: MailboxLimits = MailboxLimits()) {
        self.store = store
        self.limits = limits
    }

    /// Keeps a message.
    public func append(_ message: [UInt8], to box: Mailbox, now: Timestamp) throws -> UInt64 {
        try store.write { transaction in
            let held = try transaction.number(
                "SELECT count FROM mail_counts WHERE recipient = ?"
            ) { try $0.bind(box.recipient) }
            let all = try transaction.number("SELECT count FROM mail_total") { _ in }
            guard held ?? 0 < Int64(limits.perRecipient), all ?? 0 < Int64(limits.total) else {
                throw StoreError(.full, "the mailbox of \(box.recipient) is full")
            }
            try transaction.change(
                """
                INSERT INTO mailboxes (recipient, topic, next) VALUES (?, ?, 1)
                ON CONFLICT (recipient, topic) DO UPDATE SET next = next + 1
                """
            ) { statement in
                try statement.bind(box.recipient)
                try statement.bind(box.topic)
            }
            guard
                let row = try transaction.query(
                    "SELECT id, next - 1 FROM mailboxes WHERE recipient = ? AND topic = ?",
                    { statement -> (Int64, UInt64)? in
                        try statement.bind(box.recipient)
                        try statement.bind(box.topic)
                        return try statement.step() ? (try statement.integer(0), try statement.count(1)) : nil
                    })
            else { throw StoreError(.corrupt, "the mailbox of \(box.recipient) can't be read back") }
            try transaction.change("INSERT INTO mails (box, number, since, message) VALUES (?, ?, ?, ?)") { statement in
                try statement.bind(row.0)
                try statement.bind(Int64(row.1))
                try statement.bind(now)
                try statement.bind(message)
            }
            return row.1
        }
    }

    /// Messages from an index on.
    public func messages(in box: Mailbox, from index: UInt64, limit: Int) throws -> [MailboxMessage] {
        try store.read { transaction in
            try transaction.query(
                """
                SELECT number, message, since FROM mails
                WHERE box = (SELECT id FROM mailboxes WHERE recipient = ? AND topic = ?) AND number >= ?
                ORDER BY number LIMIT ?
                """
            ) { statement in
                try statement.bind(box.recipient)
                try statement.bind(box.topic)
                try statement.bind(Int64(clamping: index))
                try statement.bind(Int64(max(0, limit)))
                var found: [MailboxMessage] = []
                while try statement.step() {
                    found.append(
                        MailboxMessage(
                            index: try statement.count(0), message: try statement.bytes(1), since: try statement.time(2)
                        ))
                }
                return found
            }
        }
    }

    /// Drops what is older; the numbers go on.
    public func dropMessages(before time: Timestamp) throws -> Int {
        guard
            let count = try store.read({ transaction in
                try transaction.number("SELECT count(*) FROM mails WHERE since < ?") { try $0.bind(time) }
            }), count > 0
        else { return 0 }
        try store.write { transaction in
            try transaction.change("DELETE FROM mails WHERE since < ?") { try $0.bind(time) }
        }
        return Int(count)
    }
}

extension SQLiteKeyEventTransaction {
    /// The number in the first row of an answer; nil without a row.
    fileprivate func number(_ sql: String, _ bind: (inout PreparedStatement) throws -> Void) throws -> Int64? {
        try query(sql) { statement in
            try bind(&statement)
            return try statement.step() ? try statement.integer(0) : nil
        }
    }
}
