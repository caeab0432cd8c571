// SPDX-License-Identifier: Apache-2.0

public import ACDC
public import KERI

extension SQLiteKeyEventTransaction {
    /// The escrowed message under a key.
    public func credentialEscrow(_ key: CredentialEscrowKey) throws -> CredentialEscrowEntry? {
        let found = try query(
            "SELECT \(Self.waitingColumns) FROM credential_escrows WHERE subject = ? AND said = ? AND reason = ?"
        ) { statement -> WaitingRow? in
            try statement.bind(key)
            return try statement.step() ? try statement.waitingRow() : nil
        }
        return try found.map { try entry($0) }
    }

    /// Escrowed messages in order of arrival.
    public func credentialEscrows(
        reason: CredentialEscrowReason?, subject: SAID?, after: UInt64?, limit: Int
    ) throws -> [(arrival: UInt64, entry: CredentialEscrowEntry)] {
        let conditions = ["id > ?", reason.map { _ in "reason = ?" }, subject.map { _ in "subject = ?" }]
            .compactMap { $0 }.joined(separator: " AND ")
        let rows = try query(
            "SELECT \(Self.waitingColumns) FROM credential_escrows WHERE \(conditions) ORDER BY id LIMIT ?"
        ) { statement in
            try statement.bind(Int64(clamping: after ?? 0))
            if let reason { try statement.bind(reason.rawValue) }
            if let subject { try statement.bind(subject) }
            try statement.bind(Int64(max(0, limit)))
            var rows: [WaitingRow] = []
            while try statement.step() { rows.append(try statement.waitingRow()) }
            return rows
        }
        return try rows.map { (UInt64($0.id), try entry($0)) }
    }

    /// How many messages are escrowed.
    public func credentialEscrowCount(isVerified: Bool, issuer: AID?) throws -> Int {
        guard let issuer else {
            return try query("SELECT count FROM credential_escrow_totals WHERE verified = ?") { statement in
                try statement.bind(isVerified ? 1 : 0)
                guard try statement.step() else { throw StoreError(.corrupt, "the number of escrows is missing") }
                return Int(try statement.integer(0))
            }
        }
        return try query("SELECT count(*) FROM credential_escrows WHERE verified = ? AND issuer = ?") { statement in
            try statement.bind(isVerified ? 1 : 0)
            try statement.bind(issuer)
            return try statement.step() ? Int(try statement.integer(0)) : 0
        }
    }

    /// The first escrowed message behind `after` that waits for something.
    public func nextCredentialEscrow(
        waitingFor arrival: CredentialArrival, after: UInt64?
    ) throws -> (arrival: UInt64, entry: CredentialEscrowEntry)? {
        let found = try query(
            """
            SELECT \(Self.waitingColumns) FROM credential_waits JOIN credential_escrows ON id = escrow
            WHERE arrival = ? AND escrow > ? ORDER BY escrow LIMIT 1
            """
        ) { statement -> WaitingRow? in
            try statement.bind(arrival.stored)
            try statement.bind(Int64(clamping: after ?? 0))
            return try statement.step() ? try statement.waitingRow() : nil
        }
        return try found.map { (UInt64($0.id), try entry($0)) }
    }

    /// The escrowed message that nobody could check which arrived first.
    public func oldestUnverifiedCredentialEscrow(issuer: AID?) throws -> CredentialEscrowKey? {
        let filter = issuer == nil ? "" : "AND issuer = ?"
        return try query(
            """
            SELECT reason, subject, said FROM credential_escrows
            WHERE verified = 0 \(filter) ORDER BY id LIMIT 1
            """
        ) { statement in
            if let issuer { try statement.bind(issuer) }
            return try statement.step() ? try statement.credentialEscrowKey(0) : nil
        }
    }

    /// Escrowed messages that have been here since before `time`, the oldest first.
    public func credentialEscrowKeys(
        isVerified: Bool, before time: Timestamp, limit: Int
    ) throws -> [CredentialEscrowKey] {
        try query(
            """
            SELECT reason, subject, said FROM credential_escrows
            WHERE verified = ? AND since < ? ORDER BY since, id LIMIT ?
            """
        ) { statement in
            try statement.bind(isVerified ? 1 : 0)
            try statement.bind(time)
            try statement.bind(Int64(max(0, limit)))
            var keys: [CredentialEscrowKey] = []
            while try statement.step() { keys.append(try statement.credentialEscrowKey(0)) }
            return keys
        }
    }

    /// Adds or replaces an escrowed message.
    public func putCredentialEscrow(_ entry: CredentialEscrowEntry) throws {
        try change(
            """
            INSERT INTO credential_escrows (subject, said, reason, since, message, missing, issuer, verified)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (subject, said, reason) DO UPDATE
            SET since = excluded.since, message = excluded.message, missing = excluded.missing,
                issuer = excluded.issuer, verified = excluded.verified
            """
        ) { statement in
            try statement.bind(entry.key)
            try statement.bind(entry.since)
            try statement.bind(entry.message)
            try statement.bind(entry.missing)
            try statement.bind(entry.issuer)
            try statement.bind(entry.isVerified ? 1 : 0)
        }
        let id = try query(
            "SELECT id FROM credential_escrows WHERE subject = ? AND said = ? AND reason = ?"
        ) { statement -> Int64 in
            try statement.bind(entry.key)
            guard try statement.step() else { throw StoreError(.corrupt, "an escrowed message can't be read back") }
            return try statement.integer(0)
        }
        try change("DELETE FROM credential_waits WHERE escrow = ?") { try $0.bind(id) }
        for arrival in entry.waitsFor {
            try change("INSERT INTO credential_waits (arrival, escrow) VALUES (?, ?)") { statement in
                try statement.bind(arrival.stored)
                try statement.bind(id)
            }
        }
    }

    /// Removes an escrowed message, if it is there.
    public func removeCredentialEscrow(_ key: CredentialEscrowKey) throws {
        try change(
            """
            DELETE FROM credential_waits WHERE escrow =
                (SELECT id FROM credential_escrows WHERE subject = ? AND said = ? AND reason = ?)
            """
        ) { try $0.bind(key) }
        try change(
            "DELETE FROM credential_escrows WHERE subject = ? AND said = ? AND reason = ?"
        ) { try $0.bind(key) }
    }

    /// A row without what it waits for.
    fileprivate struct WaitingRow {
        let id: Int64
        let entry: CredentialEscrowEntry
    }

    private func entry(_ row: WaitingRow) throws -> CredentialEscrowEntry {
        let waitsFor = try query("SELECT arrival FROM credential_waits WHERE escrow = ?") { statement in
            try statement.bind(row.id)
            var arrivals: Set<CredentialArrival> = []
            while try statement.step() {
                guard let arrival = CredentialArrival(stored: try statement.text(0)) else {
                    throw statement.unreadable(0)
                }
                arrivals.insert(arrival)
            }
            return arrivals
        }
        let entry = row.entry
        return CredentialEscrowEntry(
            key: entry.key, since: entry.since, message: entry.message, missing: entry.missing, issuer: entry.issuer,
            waitsFor: waitsFor, isVerified: entry.isVerified)
    }

    private static var waitingColumns: String {
        "id, reason, subject, said, since, message, missing, issuer, verified"
    }
}

extension CredentialArrival {
    /// The kind and the identifier, in one text.
    fileprivate var stored: String {
        switch self {
        case .keyEvents(let aid): "kel \(aid)"
        case .registry(let said): "registry \(said)"
        case .status(let said): "status \(said)"
        case .credential(let said): "credential \(said)"
        case .schema(let said): "schema \(said)"
        }
    }

    fileprivate init?(stored: String) {
        let parts = stored.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let name = String(parts[1])
        if parts[0] == "kel" {
            guard let aid = AID(name) else { return nil }
            self = .keyEvents(aid)
            return
        }
        guard let said = SAID(name) else { return nil }
        switch parts[0] {
        case "registry": self = .registry(said)
        case "status": self = .status(said)
        case "credential": self = .credential(said)
        case "schema": self = .schema(said)
        default: return nil
        }
    }
}

extension PreparedStatement {
    fileprivate mutating func bind(_ key: CredentialEscrowKey) throws {
        try bind(key.subject)
        try bind(key.said)
        try bind(key.reason.rawValue)
    }

    /// Three columns from `column` on.
    fileprivate func credentialEscrowKey(_ column: Int32) throws -> CredentialEscrowKey {
        guard let reason = CredentialEscrowReason(rawValue: try text(column)) else { throw unreadable(column) }
        return CredentialEscrowKey(
            reason: reason, subject: try identifier(column + 1), said: try identifier(column + 2))
    }

    fileprivate func waitingRow() throws -> SQLiteKeyEventTransaction.WaitingRow {
        .init(
            id: try integer(0),
            entry: CredentialEscrowEntry(
                key: try credentialEscrowKey(1), since: try time(4), message: try bytes(5), missing: try text(6),
                issuer: try identifier(7), waitsFor: [], isVerified: try integer(8) != 0))
    }
}
