// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes

extension SQLiteKeyEventTransaction {
    /// The state of an AID after its latest accepted event.
    public func keyState(of aid: AID) throws -> KeyState? { try log(of: aid)?.state }

    /// The event accepted last at a position.
    public func record(of aid: AID, at sn: SequenceNumber) throws -> EventRecord? {
        guard let log = try log(of: aid) else { return nil }
        return try query(Self.select + "WHERE log = ? AND sn = ? ORDER BY id DESC LIMIT 1") { statement in
            try statement.bind(log.id)
            try statement.bind(sn)
            return try statement.step() ? try statement.record(of: aid) : nil
        }
    }

    /// The event with this digest at a position, of any branch.
    public func record(of aid: AID, at sn: SequenceNumber, said: SAID) throws -> EventRecord? {
        guard let log = try log(of: aid) else { return nil }
        return try query(Self.select + "WHERE log = ? AND sn = ? AND said = ? ORDER BY id DESC LIMIT 1") { statement in
            try statement.bind(log.id)
            try statement.bind(sn)
            try statement.bind(said)
            return try statement.step() ? try statement.record(of: aid) : nil
        }
    }

    /// Events in the order of acceptance.
    public func records(of aid: AID, from ordinal: UInt64, limit: Int) throws -> [EventRecord] {
        guard let log = try log(of: aid), let first = Int64(exactly: ordinal) else { return [] }
        return try query(Self.select + "WHERE log = ? AND ordinal >= ? ORDER BY ordinal LIMIT ?") { statement in
            try statement.bind(log.id)
            try statement.bind(first)
            try statement.bind(Int64(max(0, limit)))
            var records: [EventRecord] = []
            while try statement.step() { records.append(try statement.record(of: aid)) }
            return records
        }
    }

    /// The establishment events of the trunk through a position, in order.
    public func establishments(of aid: AID, through sn: SequenceNumber) throws -> [EventRecord] {
        guard let log = try log(of: aid) else { return [] }
        return try query(
            Self.select + """
                WHERE log = ?1 AND sn <= ?2 AND kind <> 'ixn' AND NOT EXISTS (
                    SELECT 1 FROM events AS later
                    WHERE later.log = ?1 AND later.sn = events.sn AND later.id > events.id)
                ORDER BY sn
                """
        ) { statement in
            try statement.bind(log.id)
            try statement.bind(sn)
            var records: [EventRecord] = []
            while try statement.step() { records.append(try statement.record(of: aid)) }
            return records
        }
    }

    /// The events of a log that seal an event with this digest, the one accepted last first.
    public func sealings(of said: SAID, by aid: AID) throws -> [SealSource] {
        guard let log = try log(of: aid) else { return [] }
        return try query(
            """
            SELECT sn, events.said FROM seals JOIN events ON events.log = seals.log AND events.ordinal = seals.ordinal
            WHERE seals.log = ? AND seals.said = ? ORDER BY seals.ordinal DESC
            """
        ) { statement in
            try statement.bind(log.id)
            try statement.bind(said)
            var sources: [SealSource] = []
            while try statement.step() {
                sources.append(SealSource(sn: try statement.sequenceNumber(0), said: try statement.identifier(1)))
            }
            return sources
        }
    }

    /// Notes which events an event seals.
    func index(_ sealed: [SAID], log: Int64, ordinal: Int64) throws {
        for said in sealed {
            try change("INSERT INTO seals (log, said, ordinal) VALUES (?, ?, ?)") { statement in
                try statement.bind(log)
                try statement.bind(said)
                try statement.bind(ordinal)
            }
        }
    }

    /// Known AIDs in ascending text order.
    public func aids(after: AID?, limit: Int) throws -> [AID] {
        try query("SELECT aid FROM logs WHERE aid > ? ORDER BY aid LIMIT ?") { statement in
            try statement.bind(after?.text ?? "")
            try statement.bind(Int64(max(0, limit)))
            var aids: [AID] = []
            while try statement.step() { aids.append(try statement.identifier(0)) }
            return aids
        }
    }

    /// Appends an accepted event; the row of its log is written when the transaction ends.
    public func append(_ record: EventRecord, leadingTo state: KeyState) throws {
        var log: Log
        if let known = try self.log(of: record.aid) {
            guard record.ordinal == known.count else {
                throw StoreError(
                    .conflict, "ordinal \(record.ordinal) does not continue a log of \(known.count) events")
            }
            log = known
            log.state = state
        } else {
            guard record.ordinal == 0 else {
                throw StoreError(.conflict, "a log starts with ordinal 0, not \(record.ordinal)")
            }
            log = Log(id: try insertLog(of: record.aid, state), count: 0, state: state, isDirty: true)
        }
        let proof = try record.proof.stored
        try change(
            """
            INSERT INTO events (log, ordinal, sn, said, kind, seen_at, format, body, proof)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        ) { statement in
            try statement.bind(log.id)
            try statement.bind(Int64(log.count))
            try statement.bind(record.sn)
            try statement.bind(record.said)
            try statement.bind(record.kind.rawValue)
            try statement.bind(record.seenAt)
            try statement.bind(record.format.storedName)
            try statement.bind(record.bytes)
            try statement.bind(proof)
        }
        try index(record.sealedEvents, log: log.id, ordinal: Int64(log.count))
        log.count += 1
        log.isDirty = true
        try keep(log, of: record.aid)
    }

    /// Replaces the proof of an accepted event.
    public func setProof(_ proof: EventProof, of aid: AID, ordinal: UInt64) throws {
        guard let log = try log(of: aid), ordinal < log.count, let place = Int64(exactly: ordinal) else {
            throw StoreError(.conflict, "\(aid) has no event with ordinal \(ordinal)")
        }
        let stored = try proof.stored
        try change("UPDATE events SET proof = ? WHERE log = ? AND ordinal = ?") { statement in
            try statement.bind(stored)
            try statement.bind(log.id)
            try statement.bind(place)
        }
    }

    // MARK: Logs

    /// The row of a log, read once in a transaction.
    private func log(of aid: AID) throws -> Log? {
        if let known = logs[aid] { return known }
        let found: Log? = try query("SELECT id, count, state FROM logs WHERE aid = ?") { statement in
            try statement.bind(aid)
            guard try statement.step() else { return nil }
            guard let state = KeyState(storedBytes: try statement.bytes(2)), state.aid == aid else {
                throw statement.unreadable(2)
            }
            return Log(id: try statement.integer(0), count: try statement.count(1), state: state, isDirty: false)
        }
        guard let found else { return nil }
        try keep(found, of: aid)
        return found
    }

    private func keep(_ log: Log, of aid: AID) throws {
        if logs.count >= Self.logLimit, logs[aid] == nil {
            try flush()
            logs.removeAll(keepingCapacity: true)
        }
        logs[aid] = log
    }

    private func insertLog(of aid: AID, _ state: KeyState) throws -> Int64 {
        let stored = try state.storedBytes
        try change("INSERT INTO logs (aid, count, state) VALUES (?, 0, ?)") { statement in
            try statement.bind(aid)
            try statement.bind(stored)
        }
        return try query("SELECT last_insert_rowid()") { statement in
            _ = try statement.step()
            return try statement.integer(0)
        }
    }

    func write(_ log: Log) throws {
        let stored = try log.state.storedBytes
        try change("UPDATE logs SET count = ?, state = ? WHERE id = ?") { statement in
            try statement.bind(Int64(log.count))
            try statement.bind(stored)
            try statement.bind(log.id)
        }
    }

    static var select: String { "SELECT ordinal, sn, said, kind, seen_at, format, body, proof FROM events " }
}

extension PreparedStatement {
    /// The row of ``SQLiteKeyEventTransaction/select`` that the statement is at.
    func record(of aid: AID) throws -> EventRecord {
        guard let kind = KeyEventKind(rawValue: try text(3)) else { throw unreadable(3) }
        guard let format = DocumentFormat(storedName: try text(5)) else { throw unreadable(5) }
        guard let proof = EventProof(stored: try bytes(7)) else { throw unreadable(7) }
        return EventRecord(
            aid: aid, sn: try sequenceNumber(1), said: try identifier(2), kind: kind, ordinal: try count(0),
            seenAt: try time(4), bytes: try bytes(6), format: format, proof: proof)
    }
}
