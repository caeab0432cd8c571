// SPDX-License-Identifier: Apache-2.0

public import KERI

extension SQLiteKeyEventTransaction {
    /// The escrowed message under a key.
    public func escrow(_ key: EscrowKey) throws -> EscrowEntry? {
        try query(
            """
            SELECT reason, aid, sn, said, source, since, message, missing FROM escrows
            WHERE aid = ? AND reason = ? AND sn = ? AND said = ? AND source = ?
            """
        ) { statement in
            try statement.bind(key)
            return try statement.step() ? try statement.escrow() : nil
        }
    }

    /// Escrowed messages in order of arrival.
    public func escrows(reason: EscrowReason?, aid: AID?, limit: Int) throws -> [EscrowEntry] {
        let conditions = [reason.map { _ in "reason = ?" }, aid.map { _ in "aid = ?" }].compactMap { $0 }
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        return try query(
            """
            SELECT reason, aid, sn, said, source, since, message, missing FROM escrows
            \(filter) ORDER BY id LIMIT ?
            """
        ) { statement in
            if let reason { try statement.bind(reason.rawValue) }
            if let aid { try statement.bind(aid) }
            try statement.bind(Int64(max(0, limit)))
            var entries: [EscrowEntry] = []
            while try statement.step() { entries.append(try statement.escrow()) }
            return entries
        }
    }

    /// How many messages are escrowed.
    public func escrowCount(aid: AID?) throws -> Int {
        guard let aid else {
            return try query("SELECT count FROM escrow_total") { statement in
                guard try statement.step() else { throw StoreError(.corrupt, "the number of escrows is missing") }
                return Int(try statement.integer(0))
            }
        }
        return try query("SELECT count(*) FROM escrows WHERE aid = ?") { statement in
            try statement.bind(aid)
            return try statement.step() ? Int(try statement.integer(0)) : 0
        }
    }

    /// Adds or replaces an escrowed message.
    public func putEscrow(_ entry: EscrowEntry) throws {
        try change(
            """
            INSERT INTO escrows (aid, reason, sn, said, source, since, message, missing)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (aid, reason, sn, said, source) DO UPDATE
            SET since = excluded.since, message = excluded.message, missing = excluded.missing
            """
        ) { statement in
            try statement.bind(entry.key)
            try statement.bind(entry.since)
            try statement.bind(entry.message)
            try statement.bind(entry.missing)
        }
    }

    /// Removes an escrowed message, if it is there.
    public func removeEscrow(_ key: EscrowKey) throws {
        try change(
            "DELETE FROM escrows WHERE aid = ? AND reason = ? AND sn = ? AND said = ? AND source = ?"
        ) { try $0.bind(key) }
    }
}

extension PreparedStatement {
    fileprivate mutating func bind(_ key: EscrowKey) throws {
        try bind(key.aid)
        try bind(key.reason.rawValue)
        try bind(key.sn)
        try bind(key.said)
        try bind(key.source)
    }

    fileprivate func escrow() throws -> EscrowEntry {
        guard let reason = EscrowReason(rawValue: try text(0)) else { throw unreadable(0) }
        let key = EscrowKey(
            reason: reason, aid: try identifier(1), sn: try sequenceNumber(2), said: try identifier(3),
            source: try text(4))
        return EscrowEntry(key: key, since: try time(5), message: try bytes(6), missing: try text(7))
    }
}
