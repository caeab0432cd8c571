// SPDX-License-Identifier: Apache-2.0

public import ACDC
public import KERI
internal import KelmarkBytes

extension SQLiteKeyEventTransaction {
    /// A credential that was accepted.
    public func credential(_ said: SAID) throws -> Credential? { try credentialRecord(said)?.credential }

    /// A credential that was accepted, with when and in which order.
    public func credentialRecord(_ said: SAID) throws -> CredentialRecord? {
        try query("SELECT \(Self.credentialColumns) FROM credentials WHERE said = ?") { statement in
            try statement.bind(said)
            return try statement.step() ? try statement.credentialRecord() : nil
        }
    }

    /// Accepted credentials in the order of acceptance.
    public func credentials(
        _ filter: CredentialFilter, after: UInt64?, limit: Int
    ) throws -> [CredentialRecord] {
        let texts: [(column: String, value: String)] = [
            ("issuer", filter.issuer?.text), ("issuee", filter.issuee?.text), ("registry", filter.registry?.text),
            ("schema", filter.schema?.text),
        ].compactMap { column, value in value.map { (column, $0) } }
        let conditions = (["id > ?"] + texts.map { "\($0.column) = ?" }).joined(separator: " AND ")
        return try query(
            "SELECT \(Self.credentialColumns) FROM credentials WHERE \(conditions) ORDER BY id LIMIT ?"
        ) { statement in
            // Ordinals count from 0, rows from 1.
            try statement.bind(after.map { Int64(clamping: $0 == .max ? $0 : $0 + 1) } ?? 0)
            for (_, value) in texts { try statement.bind(value) }
            try statement.bind(Int64(max(0, limit)))
            var records: [CredentialRecord] = []
            while try statement.step() { records.append(try statement.credentialRecord()) }
            return records
        }
    }

    /// Adds an accepted credential, or replaces its bytes by those of a fuller copy.
    public func putCredential(_ credential: Credential, seenAt: Timestamp) throws {
        try change(
            """
            INSERT INTO credentials (said, issuer, issuee, registry, schema, seen_at, format, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (said) DO UPDATE
            SET issuee = excluded.issuee, format = excluded.format, body = excluded.body
            """
        ) { statement in
            try statement.bind(credential.said)
            try statement.bind(credential.issuer)
            if let issuee = credential.issuee { try statement.bind(issuee) } else { try statement.bindNull() }
            if let registry = credential.registry { try statement.bind(registry) } else { try statement.bindNull() }
            try statement.bind(credential.schema)
            try statement.bind(seenAt)
            try statement.bind(credential.format.storedName)
            try statement.bind(credential.bytes)
        }
    }

    // MARK: Schemas

    /// A schema.
    public func schema(_ said: SAID) throws -> CredentialSchema? {
        let body = try query("SELECT body FROM schemas WHERE said = ?") { statement -> [UInt8]? in
            try statement.bind(said)
            return try statement.step() ? try statement.bytes(0) : nil
        }
        return try body.map { try compiled($0, said) }
    }

    /// Schemas in ascending order of their digest.
    public func schemas(after: SAID?, limit: Int) throws -> [CredentialSchema] {
        let rows = try query("SELECT said, body FROM schemas WHERE said > ? ORDER BY said LIMIT ?") { statement in
            try statement.bind(after?.text ?? "")
            try statement.bind(Int64(max(0, limit)))
            var rows: [(SAID, [UInt8])] = []
            while try statement.step() { rows.append((try statement.identifier(0), try statement.bytes(1))) }
            return rows
        }
        return try rows.map { said, body in try compiled(body, said) }
    }

    /// Adds a schema, once.
    public func putSchema(_ schema: CredentialSchema) throws {
        try change("INSERT INTO schemas (said, body) VALUES (?, ?) ON CONFLICT (said) DO NOTHING") { statement in
            try statement.bind(schema.said)
            try statement.bind(schema.bytes)
        }
    }

    private func compiled(_ body: [UInt8], _ said: SAID) throws -> CredentialSchema {
        try compiledSchemas.schema(said) {
            do throws(SchemaError) {
                return try CredentialSchema(parsing: body, expecting: said)
            } catch {
                throw StoreError(.corrupt, "schema \(said) can't be read back: \(error)")
            }
        }
    }

    static var credentialColumns: String { "id, said, seen_at, format, body" }
}

extension PreparedStatement {
    func credentialRecord() throws -> CredentialRecord {
        guard let format = DocumentFormat(storedName: try text(3)) else { throw unreadable(3) }
        var parser = CredentialParser()
        let (said, body) = (try identifier(1) as SAID, try bytes(4))
        guard let credential = try? parser.parse(body.span, format: format, expecting: said) else {
            throw unreadable(4)
        }
        return CredentialRecord(credential: credential, ordinal: max(1, try count(0)) - 1, seenAt: try time(2))
    }
}
