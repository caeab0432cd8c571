// SPDX-License-Identifier: Apache-2.0

internal import KERI

// Rows as verification reads them: all of them, and a damaged one does not end the reading.

extension SQLiteKeyEventTransaction {
    /// One row of a table of messages.
    struct MessageRow {
        let aid: AID
        /// The event that the message must be, if it must be one.
        let said: SAID?
        let message: [UInt8]
    }

    func texts(_ sql: String) throws -> [String] {
        try query(sql) { statement in
            var texts: [String] = []
            while try statement.step() { texts.append(try statement.text(0)) }
            return texts
        }
    }

    func integers(_ sql: String) throws -> [Int64] {
        try query(sql) { statement in
            var numbers: [Int64] = []
            while try statement.step() { numbers.append(try statement.integer(0)) }
            return numbers
        }
    }

    /// Events of all logs in the order of acceptance.
    func acceptedEvents(
        after id: Int64, limit: Int
    ) throws -> [(id: Int64, record: Result<EventRecord, StoreError>)] {
        try query(
            """
            SELECT ordinal, sn, said, kind, seen_at, format, body, proof, aid, events.id
            FROM events LEFT JOIN logs ON logs.id = log WHERE events.id > ? ORDER BY events.id LIMIT ?
            """
        ) { statement in
            try statement.bind(id)
            try statement.bind(Int64(limit))
            var rows: [(id: Int64, record: Result<EventRecord, StoreError>)] = []
            while try statement.step() {
                let id = try statement.integer(9)
                rows.append((id, Self.readable { try statement.record(of: try statement.identifier(8)) }))
            }
            return rows
        }
    }

    /// Every log with its length and its key state.
    func storedStates() throws -> [Result<(AID, UInt64, KeyState), StoreError>] {
        try query("SELECT aid, count, state FROM logs ORDER BY id") { statement in
            var rows: [Result<(AID, UInt64, KeyState), StoreError>] = []
            while try statement.step() {
                rows.append(
                    Self.readable {
                        guard let state = KeyState(storedBytes: try statement.bytes(2)) else {
                            throw statement.unreadable(2)
                        }
                        return (try statement.identifier(0), try statement.count(1), state)
                    })
            }
            return rows
        }
    }

    /// Every message of a table.
    func storedMessages(_ table: String, said: String) throws -> [Result<MessageRow, StoreError>] {
        try query("SELECT aid, \(said), message FROM \(table) ORDER BY id") { statement in
            var rows: [Result<MessageRow, StoreError>] = []
            while try statement.step() {
                rows.append(
                    Self.readable {
                        MessageRow(
                            aid: try statement.identifier(0),
                            said: statement.isNull(1) ? nil : try statement.identifier(1),
                            message: try statement.bytes(2))
                    })
            }
            return rows
        }
    }

    /// What `read` makes of every row of an answer.
    func rows<T>(
        _ sql: String, _ read: (inout PreparedStatement) throws -> T
    ) throws -> [Result<T, StoreError>] {
        try query(sql) { statement in
            var rows: [Result<T, StoreError>] = []
            while try statement.step() {
                do {
                    rows.append(.success(try read(&statement)))
                } catch {
                    rows.append(.failure(error as? StoreError ?? StoreError(.corrupt, "\(error)")))
                }
            }
            return rows
        }
    }

    private static func readable<T>(_ body: () throws -> T) -> Result<T, StoreError> {
        do {
            return .success(try body())
        } catch {
            return .failure(error as? StoreError ?? StoreError(.corrupt, "\(error)"))
        }
    }
}
