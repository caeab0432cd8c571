// SPDX-License-Identifier: Apache-2.0

public import Issuer
internal import SPIFFE

extension SQLiteIssuerStore: RegistrationStore {
    /// Runs `body` on the last commit.
    /// - Throws: `IssuerStoreError`, and what `body` throws.
    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any RegistrationView) throws -> R
    ) async throws -> R {
        try await read { (transaction: SQLiteIssuerTransaction) in try body(transaction) }
    }

    /// Runs `body` while nobody else writes; durable when it returns, undone when it throws.
    /// - Throws: `IssuerStoreError`, and what `body` throws.
    public func write<R: Sendable>(
        _ body: @escaping @Sendable (any RegistrationTransaction) throws -> R
    ) async throws -> R {
        try await write { (transaction: SQLiteIssuerTransaction) in try body(transaction) }
    }
}

extension SQLiteIssuerTransaction: RegistrationTransaction {}

extension SQLiteIssuerTransaction: EntryTransaction {
    private static let entryColumns = """
        place, id, spiffe_id, parent_id, selectors, x509_ttl, jwt_ttl, flags, expires_at, dns_names, revision, hint,
        created_at,
        (SELECT group_concat(domain, ' ') FROM registration_federation f WHERE f.place = registration_entries.place)
        """

    /// What the bits of `flags` say. Append-only.
    private struct Flags: OptionSet {
        let rawValue: Int64
        static let admin = Flags(rawValue: 1)
        static let downstream = Flags(rawValue: 2)
        static let storesSVID = Flags(rawValue: 4)
        static let signedOnDemand = Flags(rawValue: 8)
        static let tokenID = Flags(rawValue: 16)
    }

    func entry(_ id: String) throws -> StoredEntry? {
        try query("SELECT \(Self.entryColumns) FROM registration_entries WHERE id = ?") { statement in
            try statement.bind(id)
            return try statement.step() ? try Self.entry(in: statement) : nil
        }
    }

    func entry(like entry: RegistrationEntry) throws -> StoredEntry? {
        try query("SELECT \(Self.entryColumns) FROM registration_entries WHERE likeness = ?") { statement in
            try statement.bind(Self.likeness(entry))
            return try statement.step() ? try Self.entry(in: statement) : nil
        }
    }

    func entries(after place: Int64, limit: Int) throws -> [StoredEntry] {
        try query(
            "SELECT \(Self.entryColumns) FROM registration_entries WHERE place > ? ORDER BY place LIMIT ?"
        ) {
            try $0.bind(place)
            try $0.bind(Int64(limit))
            return try Self.entries(in: &$0)
        }
    }

    func entries(expiredAt seconds: Int64, limit: Int) throws -> [StoredEntry] {
        try query(
            """
            SELECT \(Self.entryColumns) FROM registration_entries WHERE expires_at <> 0 AND expires_at <= ?
            ORDER BY place LIMIT ?
            """
        ) {
            try $0.bind(seconds)
            try $0.bind(Int64(limit))
            return try Self.entries(in: &$0)
        }
    }

    func entries(federatingWith domain: TrustDomain) throws -> [StoredEntry] {
        try query(
            """
            SELECT \(Self.entryColumns) FROM registration_entries
            WHERE place IN (SELECT place FROM registration_federation WHERE domain = ?) ORDER BY place
            """
        ) {
            try $0.bind(domain.name)
            return try Self.entries(in: &$0)
        }
    }

    func insert(_ entry: RegistrationEntry) throws -> StoredEntry {
        try change(
            """
            INSERT INTO registration_entries
            (id, likeness, spiffe_id, parent_id, selectors, x509_ttl, jwt_ttl, flags, expires_at, dns_names, revision,
             hint, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        ) {
            try $0.bind(entry.id)
            try Self.bind(entry, to: &$0)
        }
        let stored = StoredEntry(place: try number("SELECT last_insert_rowid()") ?? 0, entry: entry)
        try putFederation(stored)
        return stored
    }

    func replace(_ entry: RegistrationEntry) throws -> StoredEntry {
        let place = try query("SELECT place FROM registration_entries WHERE id = ?") {
            statement -> Int64? in
            try statement.bind(entry.id)
            return try statement.step() ? try statement.integer(0) : nil
        }
        guard let place else { throw IssuerStoreError(.conflict, "there is no entry \(entry.id)") }
        try change(
            """
            UPDATE registration_entries SET likeness = ?, spiffe_id = ?, parent_id = ?, selectors = ?, x509_ttl = ?,
            jwt_ttl = ?, flags = ?, expires_at = ?, dns_names = ?, revision = ?, hint = ?, created_at = ?
            WHERE place = ?
            """
        ) {
            try Self.bind(entry, to: &$0)
            try $0.bind(place)
        }
        try change("DELETE FROM registration_federation WHERE place = ?") { try $0.bind(place) }
        let stored = StoredEntry(place: place, entry: entry)
        try putFederation(stored)
        return stored
    }

    func deleteEntry(_ id: String) throws -> Bool {
        try change("DELETE FROM registration_entries WHERE id = ?") { try $0.bind(id) }
        return changeCount > 0
    }

    private func putFederation(_ stored: StoredEntry) throws {
        for domain in stored.entry.federatesWith {
            try change("INSERT INTO registration_federation (place, domain) VALUES (?, ?)") {
                try $0.bind(stored.place)
                try $0.bind(domain.name)
            }
        }
    }

    // MARK: Rows

    private static func likeness(_ entry: RegistrationEntry) -> [UInt8] {
        PackedList.pack(
            [Array(entry.spiffeID.description.utf8), Array(entry.parentID.description.utf8)]
                + packed(entry.selectors))
    }

    /// Selectors as a list of types and values, in order.
    static func packed(_ selectors: Set<Selector>) -> [[UInt8]] {
        selectors.sorted().flatMap { [Array($0.type.utf8), Array($0.value.utf8)] }
    }

    /// Everything from `likeness` to `created_at`, in the order of the table.
    private static func bind(_ entry: RegistrationEntry, to statement: inout PreparedStatement) throws {
        var flags: Flags = []
        if entry.isAdmin { flags.insert(.admin) }
        if entry.isDownstream { flags.insert(.downstream) }
        if entry.storesSVID { flags.insert(.storesSVID) }
        if entry.isSignedOnDemand { flags.insert(.signedOnDemand) }
        if entry.includesTokenID { flags.insert(.tokenID) }
        try statement.bind(likeness(entry))
        try statement.bind(entry.spiffeID.description)
        try statement.bind(entry.parentID.description)
        try statement.bind(PackedList.pack(packed(entry.selectors)))
        try statement.bind(Int64(entry.x509SVIDTTL))
        try statement.bind(Int64(entry.jwtSVIDTTL))
        try statement.bind(flags.rawValue)
        try statement.bind(entry.expiresAt)
        try statement.bind(PackedList.pack(entry.dnsNames.map { Array($0.utf8) }))
        try statement.bind(entry.revision)
        try statement.bind(entry.hint)
        try statement.bind(entry.createdAt)
    }

    private static func entries(in statement: inout PreparedStatement) throws -> [StoredEntry] {
        var found: [StoredEntry] = []
        while try statement.step() { found.append(try entry(in: statement)) }
        return found
    }

    private static func entry(in statement: borrowing PreparedStatement) throws -> StoredEntry {
        guard let spiffeID = try? SPIFFEID(try statement.text(2)) else { throw statement.unreadable(2) }
        guard let parentID = try? SPIFFEID(try statement.text(3)) else { throw statement.unreadable(3) }
        var entry = RegistrationEntry(
            id: try statement.text(1), spiffeID: spiffeID, parentID: parentID,
            selectors: try selectors(4, of: statement))
        guard let x509TTL = Int32(exactly: try statement.integer(5)) else {
            throw statement.unreadable(5)
        }
        guard let jwtTTL = Int32(exactly: try statement.integer(6)) else {
            throw statement.unreadable(6)
        }
        entry.x509SVIDTTL = x509TTL
        entry.jwtSVIDTTL = jwtTTL
        let flags = Flags(rawValue: try statement.integer(7))
        entry.isAdmin = flags.contains(.admin)
        entry.isDownstream = flags.contains(.downstream)
        entry.storesSVID = flags.contains(.storesSVID)
        entry.isSignedOnDemand = flags.contains(.signedOnDemand)
        entry.includesTokenID = flags.contains(.tokenID)
        entry.expiresAt = try statement.integer(8)
        guard let names = PackedList.unpack(try statement.bytes(9)) else {
            throw statement.unreadable(9)
        }
        entry.dnsNames = names.map { String(decoding: $0, as: UTF8.self) }
        entry.revision = try statement.integer(10)
        entry.hint = try statement.text(11)
        entry.createdAt = try statement.integer(12)
        if !statement.isNull(13) {
            for name in try statement.text(13).split(separator: " ") {
                guard let domain = try? TrustDomain(String(name)) else { throw statement.unreadable(13) }
                entry.federatesWith.insert(domain)
            }
        }
        return StoredEntry(place: try statement.integer(0), entry: entry)
    }

    static func selectors(_ column: Int32, of statement: borrowing PreparedStatement) throws -> Set<
        Selector
    > {
        guard let parts = PackedList.unpack(try statement.bytes(column), width: 2) else {
            throw statement.unreadable(column)
        }
        var selectors: Set<Selector> = []
        for index in stride(from: 0, to: parts.count, by: 2) {
            let type = String(decoding: parts[index], as: UTF8.self)
            let value = String(decoding: parts[index + 1], as: UTF8.self)
            guard let selector = try? Selector(type: type, value: value) else {
                throw statement.unreadable(column)
            }
            selectors.insert(selector)
        }
        return selectors
    }
}
