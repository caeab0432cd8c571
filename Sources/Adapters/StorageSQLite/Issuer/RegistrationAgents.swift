// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import SPIFFE

extension SQLiteIssuerTransaction: AgentTransaction {
    private static let agentColumns = """
        id, type, selectors, serial, serial_expires_at, next_serial, next_expires_at, expires_at, can_reattest, version
        """

    func agent(_ id: SPIFFEID) throws -> AttestedAgent? {
        try query("SELECT \(Self.agentColumns) FROM attested_agents WHERE id = ?") { statement in
            try statement.bind(id.description)
            return try statement.step() ? try Self.agent(in: statement) : nil
        }
    }

    func agents(after id: SPIFFEID?, limit: Int) throws -> [AttestedAgent] {
        try query("SELECT \(Self.agentColumns) FROM attested_agents WHERE id > ? ORDER BY id LIMIT ?") {
            statement in
            try statement.bind(id?.description ?? "")
            try statement.bind(Int64(limit))
            var found: [AttestedAgent] = []
            while try statement.step() { found.append(try Self.agent(in: statement)) }
            return found
        }
    }

    func put(_ agent: AttestedAgent) throws {
        try change(
            "INSERT OR REPLACE INTO attested_agents (\(Self.agentColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ) {
            try $0.bind(agent.id.description)
            try $0.bind(agent.attestationType)
            try $0.bind(PackedList.pack(Self.packed(agent.selectors)))
            switch agent.standing {
            case .banned: for _ in 0..<4 { try $0.bindNull() }
            case .active(let current, let next):
                for record in [current, next] {
                    if let record {
                        try $0.bind(record.serialNumber)
                        try $0.bind(record.expiresAt)
                    } else {
                        try $0.bindNull()
                        try $0.bindNull()
                    }
                }
            }
            try $0.bind(agent.expiresAt)
            try $0.bind(agent.canReattest ? 1 : 0)
            try $0.bind(agent.version)
        }
    }

    func deleteAgent(_ id: SPIFFEID) throws -> Bool {
        try change("DELETE FROM attested_agents WHERE id = ?") { try $0.bind(id.description) }
        return changeCount > 0
    }

    func insert(_ token: JoinToken) throws -> Bool {
        try change("INSERT INTO join_tokens (value, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING") {
            try $0.bind(token.value)
            try $0.bind(token.expiresAt)
        }
        return changeCount > 0
    }

    func takeJoinToken(_ value: String) throws -> JoinToken? {
        let expiry = try number("SELECT expires_at FROM join_tokens WHERE value = ?") { try $0.bind(value) }
        guard let expiry else { return nil }
        try change("DELETE FROM join_tokens WHERE value = ?") { try $0.bind(value) }
        return JoinToken(value: value, expiresAt: expiry)
    }

    func deleteJoinTokens(expiredBefore seconds: Int64) throws -> Int {
        try change("DELETE FROM join_tokens WHERE expires_at < ?") { try $0.bind(seconds) }
        return changeCount
    }

    private static func agent(in statement: borrowing PreparedStatement) throws -> AttestedAgent {
        guard let id = try? SPIFFEID(try statement.text(0)) else { throw statement.unreadable(0) }
        func record(_ column: Int32) throws -> AttestedAgent.SVIDRecord? {
            guard !statement.isNull(column) else { return nil }
            return AttestedAgent.SVIDRecord(
                serialNumber: try statement.text(column), expiresAt: try statement.integer(column + 1))
        }
        let standing: AttestedAgent.Standing
        if let current = try record(3) {
            standing = .active(current: current, next: try record(5))
        } else {
            standing = .banned
        }
        return AttestedAgent(
            id: id, attestationType: try statement.text(1), selectors: try selectors(2, of: statement),
            standing: standing, expiresAt: try statement.integer(7),
            canReattest: try statement.integer(8) != 0,
            version: try statement.text(9))
    }
}
