// SPDX-License-Identifier: Apache-2.0

public import Issuer
internal import KERI
internal import KelmarkBytes
internal import SPIFFE
internal import Transparency

extension SQLiteIssuerStore: IssuanceStore {
    /// Appends a batch in one transaction, and with it the tree of the log.
    /// - Throws: `IssuerStoreError`.
    public func commit(_ batch: IssuanceBatch) async throws -> [UInt64] {
        try await write { transaction in
            var indexes: [UInt64] = []
            var next = try transaction.leafCount()
            var head = try transaction.auditHead()
            var frontier = batch.issuances.isEmpty ? TreeFrontier() : try transaction.frontier(reaching: next)
            for (record, event) in batch.issuances {
                let leaf = try batch.leaf(of: record, at: next)
                try transaction.append(record, leaf, at: next)
                try transaction.append(leaf, to: &frontier)
                try transaction.append(try event.placed(at: next).encoded(), to: &head)
                indexes.append(next)
                next += 1
            }
            if !batch.issuances.isEmpty { try transaction.keep(frontier) }
            for event in batch.events { try transaction.append(try event.encoded(), to: &head) }
            try transaction.change("UPDATE audit_head SET count = ?, digest = ? WHERE id = 0") { statement in
                try statement.bind(Int64(clamping: head.count))
                try statement.bind(head.digest)
            }
            return indexes
        }
    }

    /// How many leaves there are.
    /// - Throws: `IssuerStoreError`.
    public func leafCount() async throws -> UInt64 { try await read { try $0.leafCount() } }

    /// Issuances in the order of their leaves.
    /// - Throws: `IssuerStoreError`.
    public func issuances(from index: UInt64, limit: Int) async throws -> [StoredIssuance] {
        try await read { try $0.issuances(from: index, limit: limit) }
    }

    /// Audit records in order.
    /// - Throws: `IssuerStoreError`.
    public func auditRecords(from index: UInt64, limit: Int) async throws -> [AuditRecord] {
        try await read { try $0.auditRecords(from: index, limit: limit) }
    }

    /// Where the chain of audit records stands.
    /// - Throws: `IssuerStoreError`.
    public func auditHead() async throws -> AuditChain.Position { try await read { try $0.auditHead() } }

    /// Follows the whole chain of audit records.
    /// - Returns: how many there are.
    /// - Throws: `IssuerStoreError`, `corrupt` with the first record that was changed, dropped or moved.
    public func verifyAudit() async throws -> UInt64 {
        let head = try await auditHead()
        var position = AuditChain.Position.start
        while position.count < head.count {
            let page = try await auditRecords(
                from: position.count, limit: Int(clamping: min(1_000, head.count - position.count)))
            guard !page.isEmpty else {
                throw IssuerStoreError(.corrupt, "audit record \(position.count): missing")
            }
            do {
                position = try AuditChain.follow(page, from: position)
            } catch {
                throw IssuerStoreError(.corrupt, "\(error)")
            }
        }
        guard position == head else { throw IssuerStoreError(.corrupt, "the audit does not lead to its head") }
        return head.count
    }

    /// Compares the head with the last record.
    static func checkAuditHead(_ transaction: SQLiteIssuerTransaction) throws {
        let head = try transaction.auditHead()
        let count = try transaction.number("SELECT max(number) + 1 FROM audit") ?? 0
        guard UInt64(count) == head.count else {
            throw IssuerStoreError(.corrupt, "the audit has \(count) records, and \(head.count) were kept")
        }
        guard head.count > 0 else { return }
        guard let last = try transaction.auditRecords(from: head.count - 1, limit: 1).first,
            last.digest == head.digest,
            last == AuditRecord(index: last.index, previous: last.previous, content: last.content)
        else { throw IssuerStoreError(.corrupt, "the last audit record was changed") }
    }
}

extension SQLiteIssuerTransaction {
    func leafCount() throws -> UInt64 {
        UInt64(try number("SELECT max(leaf) + 1 FROM issuances") ?? 0)
    }

    func auditHead() throws -> AuditChain.Position {
        try query("SELECT count, digest FROM audit_head WHERE id = 0") { statement in
            guard try statement.step() else { throw StoreError(.corrupt, "the head of the audit is missing") }
            return AuditChain.Position(count: try statement.count(0), digest: try statement.bytes(1))
        }
    }

    fileprivate func append(_ content: [UInt8], to head: inout AuditChain.Position) throws {
        let record = AuditRecord(index: head.count, previous: head.digest, content: content)
        try change("INSERT INTO audit (number, previous, content, digest) VALUES (?, ?, ?, ?)") { statement in
            try statement.bind(Int64(clamping: record.index))
            try statement.bind(record.previous)
            try statement.bind(record.content)
            try statement.bind(record.digest)
        }
        head = AuditChain.Position(count: record.index + 1, digest: record.digest)
    }

    fileprivate func auditRecords(from index: UInt64, limit: Int) throws -> [AuditRecord] {
        try query("SELECT number, previous, content, digest FROM audit WHERE number >= ? ORDER BY number LIMIT ?") {
            statement in
            try statement.bind(Int64(clamping: index))
            try statement.bind(Int64(max(0, limit)))
            var records: [AuditRecord] = []
            while try statement.step() {
                records.append(
                    AuditRecord(
                        index: try statement.count(0), previous: try statement.bytes(1),
                        content: try statement.bytes(2), digest: try statement.bytes(3)))
            }
            return records
        }
    }

    fileprivate func append(_ record: IssuanceRecord, _ leaf: [UInt8], at index: UInt64) throws {
        let names = try OrderedValue.list(record.dnsNames.map(OrderedValue.text)).encoded(as: .json)
        try change(
            """
            INSERT INTO issuances (leaf, kind, spiffe_id, digest, serial, key_digest, dns, not_before, not_after,
                authority, statement, entry, node, issued_at, content)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        ) { statement in
            try statement.bind(Int64(clamping: index))
            try statement.bind(record.kind.rawValue)
            try statement.bind(record.id.description)
            try statement.bind(record.digest)
            try statement.bind(record.serial)
            try statement.bind(record.keyDigest)
            try statement.bind(String(decoding: names, as: UTF8.self))
            try statement.bind(record.notBefore.seconds)
            try statement.bind(record.notAfter.seconds)
            try statement.bind(record.authorityID)
            for text in [record.statement, record.entryID, record.node?.description] {
                if let text { try statement.bind(text) } else { try statement.bindNull() }
            }
            try statement.bind(record.issuedAt.seconds)
            try statement.bind(leaf)
        }
    }

    func issuances(from index: UInt64, limit: Int) throws -> [StoredIssuance] {
        try query(
            """
            SELECT leaf, kind, spiffe_id, digest, serial, key_digest, dns, not_before, not_after, authority, statement,
                entry, node, issued_at, content
            FROM issuances WHERE leaf >= ? ORDER BY leaf LIMIT ?
            """
        ) { statement in
            try statement.bind(Int64(clamping: index))
            try statement.bind(Int64(max(0, limit)))
            var found: [StoredIssuance] = []
            while try statement.step() {
                found.append(
                    StoredIssuance(
                        index: try statement.count(0), record: try Self.record(statement), leaf: try statement.bytes(14)
                    ))
            }
            return found
        }
    }

    private static func record(_ statement: borrowing PreparedStatement) throws -> IssuanceRecord {
        func time(_ column: Int32) throws -> CertificateTime {
            guard let time = CertificateTime(seconds: try statement.integer(column)) else {
                throw statement.unreadable(column)
            }
            return time
        }
        func id(_ column: Int32) throws -> SPIFFEID {
            guard let id = try? SPIFFEID(try statement.text(column)) else { throw statement.unreadable(column) }
            return id
        }
        func optionalText(_ column: Int32) throws -> String? {
            statement.isNull(column) ? nil : try statement.text(column)
        }
        guard let kind = IssuanceRecord.Kind(rawValue: try statement.text(1)) else { throw statement.unreadable(1) }
        let dns = Array(try statement.text(6).utf8)
        guard let names = (try? OrderedValue(parsing: dns.span, format: .json))?.listValue else {
            throw statement.unreadable(6)
        }
        return IssuanceRecord(
            kind: kind, id: try id(2), digest: try statement.bytes(3), serial: try statement.text(4),
            keyDigest: try statement.bytes(5), dnsNames: names.compactMap(\.textValue), notBefore: try time(7),
            notAfter: try time(8), authorityID: try statement.text(9), statement: try optionalText(10),
            entryID: try optionalText(11), node: statement.isNull(12) ? nil : try id(12), issuedAt: try time(13))
    }
}
