// SPDX-License-Identifier: Apache-2.0

public import KERI

// Replies and evidence of duplicity.

extension SQLiteKeyEventTransaction {
    /// The reply kept under a key.
    public func reply(_ key: ReplyKey) throws -> ReplyRecord? {
        try query(Self.selectReply + "WHERE aid = ? AND route = ? AND detail = ?") { statement in
            try statement.bind(key)
            return try statement.step() ? try statement.reply() : nil
        }
    }

    /// All replies of one AID, in order of their keys.
    public func replies(of aid: AID) throws -> [ReplyRecord] {
        try query(Self.selectReply + "WHERE aid = ? ORDER BY route, detail") { statement in
            try statement.bind(aid)
            var records: [ReplyRecord] = []
            while try statement.step() { records.append(try statement.reply()) }
            return records
        }
    }

    /// Adds or replaces a reply.
    public func putReply(_ record: ReplyRecord) throws {
        try change(
            """
            INSERT INTO replies (aid, route, detail, dated, signer_sn, value, message) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (aid, route, detail) DO UPDATE
            SET dated = excluded.dated, signer_sn = excluded.signer_sn, value = excluded.value,
                message = excluded.message
            """
        ) { statement in
            try statement.bind(record.key)
            try statement.bind(record.dated)
            try statement.bind(record.signerSn)
            try statement.bind(record.value)
            try statement.bind(record.message)
        }
    }

    /// Evidence of duplicity in order of discovery.
    public func duplicities(of aid: AID?) throws -> [DuplicityRecord] {
        let filter = aid == nil ? "" : "WHERE aid = ?"
        return try query(
            "SELECT aid, sn, accepted, other, seen_at, message FROM duplicities \(filter) ORDER BY id"
        ) { statement in
            if let aid { try statement.bind(aid) }
            var records: [DuplicityRecord] = []
            while try statement.step() {
                records.append(
                    DuplicityRecord(
                        aid: try statement.identifier(0), sn: try statement.sequenceNumber(1),
                        accepted: try statement.identifier(2), other: try statement.identifier(3),
                        seenAt: try statement.time(4), message: try statement.bytes(5)))
            }
            return records
        }
    }

    /// Adds evidence, once.
    public func addDuplicity(_ record: DuplicityRecord) throws {
        try change(
            """
            INSERT INTO duplicities (aid, sn, accepted, other, seen_at, message) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (aid, other) DO NOTHING
            """
        ) { statement in
            try statement.bind(record.aid)
            try statement.bind(record.sn)
            try statement.bind(record.accepted)
            try statement.bind(record.other)
            try statement.bind(record.seenAt)
            try statement.bind(record.message)
        }
    }

    private static var selectReply: String {
        "SELECT route, aid, detail, dated, signer_sn, value, message FROM replies "
    }
}

extension PreparedStatement {
    fileprivate mutating func bind(_ key: ReplyKey) throws {
        try bind(key.aid)
        try bind(key.route)
        try bind(key.detail)
    }

    fileprivate func reply() throws -> ReplyRecord {
        ReplyRecord(
            key: ReplyKey(route: try text(0), aid: try identifier(1), detail: try text(2)), dated: try time(3),
            signerSn: isNull(4) ? nil : try sequenceNumber(4), value: try text(5), message: try bytes(6))
    }
}
