// SPDX-License-Identifier: Apache-2.0

public import KERI

extension SQLiteKeyEventTransaction {
    /// The escrowed message under a key.
    public func escrow(_ key: EscrowKey) throws -> EscrowEntry? {
        try query(
            """
            SELECT \(Self.escrowColumns) FROM escrows
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
            SELECT \(Self.escrowColumns) FROM escrows
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

    /// How many of them have no verified signature.
    public func unverifiedEscrowCount(aid: AID?) throws -> Int {
        guard let aid else {
            return try query("SELECT unverified FROM escrow_total") { statement in
                guard try statement.step() else { throw StoreError(.corrupt, "the number of escrows is missing") }
                return Int(try statement.integer(0))
            }
        }
        return try query("SELECT count(*) FROM escrows WHERE aid = ? AND verified = 0") { statement in
            try statement.bind(aid)
            return try statement.step() ? Int(try statement.integer(0)) : 0
        }
    }

    /// The first escrowed message behind `place` that waits for a log to come as far as `position`.
    public func nextEscrow(
        waitingFor position: AwaitedPosition, after place: EscrowPlace?
    ) throws -> (place: EscrowPlace, entry: EscrowEntry)? {
        try query(
            """
            SELECT \(Self.escrowColumns), id FROM escrows
            WHERE waits_for = ? AND (waits_sn, id) > (?, ?) AND waits_sn <= ? ORDER BY waits_sn, id LIMIT 1
            """
        ) { statement in
            try statement.bind(position.aid)
            try statement.bind(place?.sn ?? .zero)
            try statement.bind(place.flatMap { Int64(exactly: $0.arrival) } ?? -1)
            try statement.bind(position.sn)
            guard try statement.step() else { return nil }
            let entry = try statement.escrow()
            guard let found = entry.waitsFor else { throw statement.unreadable(9) }
            return (EscrowPlace(sn: found.sn, arrival: try statement.count(11)), entry)
        }
    }

    /// The escrowed message without a verified signature that arrived first.
    public func oldestUnverifiedEscrow(reason: EscrowReason, aid: AID?) throws -> EscrowKey? {
        let filter = aid == nil ? "" : "aid = ? AND"
        return try query(
            """
            SELECT reason, aid, sn, said, source FROM escrows
            WHERE \(filter) reason = ? AND verified = 0 ORDER BY id LIMIT 1
            """
        ) { statement in
            if let aid { try statement.bind(aid) }
            try statement.bind(reason.rawValue)
            return try statement.step() ? try statement.escrowKey() : nil
        }
    }

    /// Escrowed messages of one reason that have been here since before `time`, the oldest first.
    public func escrowKeys(reason: EscrowReason, before time: Timestamp, limit: Int) throws -> [EscrowKey] {
        try query(
            """
            SELECT reason, aid, sn, said, source FROM escrows
            WHERE reason = ? AND since < ? ORDER BY since, id LIMIT ?
            """
        ) { statement in
            try statement.bind(reason.rawValue)
            try statement.bind(time)
            try statement.bind(Int64(max(0, limit)))
            var keys: [EscrowKey] = []
            while try statement.step() { keys.append(try statement.escrowKey()) }
            return keys
        }
    }

    private static var escrowColumns: String {
        "reason, aid, sn, said, source, since, message, missing, verified, waits_for, waits_sn"
    }

    /// Adds or replaces an escrowed message.
    public func putEscrow(_ entry: EscrowEntry) throws {
        try change(
            """
            INSERT INTO escrows
                (aid, reason, sn, said, source, since, message, missing, verified, waits_for, waits_sn)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (aid, reason, sn, said, source) DO UPDATE
            SET since = excluded.since, message = excluded.message, missing = excluded.missing,
                verified = excluded.verified, waits_for = excluded.waits_for, waits_sn = excluded.waits_sn
            """
        ) { statement in
            try statement.bind(entry.key)
            try statement.bind(entry.since)
            try statement.bind(entry.message)
            try statement.bind(entry.missing)
            try statement.bind(entry.isVerified ? 1 : 0)
            if let position = entry.waitsFor {
                try statement.bind(position.aid)
                try statement.bind(position.sn)
            } else {
                try statement.bindNull()
                try statement.bindNull()
            }
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

    fileprivate func escrowKey() throws -> EscrowKey {
        guard let reason = EscrowReason(rawValue: try text(0)) else { throw unreadable(0) }
        return EscrowKey(
            reason: reason, aid: try identifier(1), sn: try sequenceNumber(2), said: try identifier(3),
            source: try text(4))
    }

    fileprivate func escrow() throws -> EscrowEntry {
        let position =
            isNull(9) ? nil : AwaitedPosition(aid: try identifier(9), sn: try sequenceNumber(10))
        return EscrowEntry(
            key: try escrowKey(), since: try time(5), message: try bytes(6), missing: try text(7), waitsFor: position,
            isVerified: try integer(8) != 0)
    }
}
