// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI
internal import KelmarkBytes

extension SQLiteKeyEventTransaction: CredentialTransaction {
    /// The transaction itself.
    public var keyEvents: SQLiteKeyEventTransaction { self }

    /// As the protocol says.
    public func withKeyEvents<R>(_ body: (inout SQLiteKeyEventTransaction) throws -> R) throws -> R {
        var transaction = self
        return try body(&transaction)
    }

    // MARK: Logs

    /// The event of a log of a registry at a position.
    public func event(of subject: SAID, in registry: SAID, at sn: SequenceNumber) throws -> RegistryEventRecord? {
        try query(
            "SELECT \(Self.registryEventColumns) FROM registry_events WHERE registry = ? AND subject = ? AND sn = ?"
        ) { statement in
            try statement.bind(registry)
            try statement.bind(subject)
            try statement.bind(sn)
            return try statement.step() ? try statement.registryEvent() : nil
        }
    }

    /// The events of a log of a registry in order.
    public func events(
        of subject: SAID, in registry: SAID, from sn: SequenceNumber, limit: Int
    ) throws -> [RegistryEventRecord] {
        try query(
            """
            SELECT \(Self.registryEventColumns) FROM registry_events
            WHERE registry = ? AND subject = ? AND sn >= ? ORDER BY sn LIMIT ?
            """
        ) { statement in
            try statement.bind(registry)
            try statement.bind(subject)
            try statement.bind(sn)
            try statement.bind(Int64(max(0, limit)))
            var records: [RegistryEventRecord] = []
            while try statement.step() { records.append(try statement.registryEvent()) }
            return records
        }
    }

    /// Appends an event of a registry itself; one at its position makes room, with those behind it.
    public func append(_ record: RegistryEventRecord, leadingTo state: RegistryState) throws {
        try insert(record, droppingRest: true)
        try change(
            """
            INSERT INTO registries (said, issuer, sn, event, backerless, backers, threshold, anchor_sn, anchor)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (said) DO UPDATE
            SET sn = excluded.sn, event = excluded.event, backers = excluded.backers, threshold = excluded.threshold,
                anchor_sn = excluded.anchor_sn, anchor = excluded.anchor
            """
        ) { statement in
            try statement.bind(state.registry)
            try statement.bind(state.issuer)
            try statement.bind(state.sn)
            try statement.bind(state.event)
            try statement.bind(state.isBackerless ? 1 : 0)
            try statement.bind(state.backers.map(\.text).joined(separator: " "))
            try statement.bind(Int64(state.backerThreshold))
            try statement.bind(state.anchor)
        }
    }

    /// Appends an event of a credential; one at its position makes room.
    public func append(_ record: RegistryEventRecord, leadingTo status: CredentialStatus) throws {
        try insert(record, droppingRest: false)
        try change(
            """
            INSERT INTO statuses
                (registry, credential, kind, sn, event, issuance, dated, anchor_sn, anchor, issuance_anchor_sn,
                 issuance_anchor)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (registry, credential) DO UPDATE
            SET kind = excluded.kind, sn = excluded.sn, event = excluded.event, issuance = excluded.issuance,
                dated = excluded.dated, anchor_sn = excluded.anchor_sn, anchor = excluded.anchor,
                issuance_anchor_sn = excluded.issuance_anchor_sn, issuance_anchor = excluded.issuance_anchor
            """
        ) { statement in
            try statement.bind(status.registry)
            try statement.bind(status.credential)
            try statement.bind(status.kind.rawValue)
            try statement.bind(status.sn)
            try statement.bind(status.event)
            try statement.bind(status.issuance)
            try statement.bind(status.dated)
            try statement.bind(status.anchor)
            try statement.bind(status.issuanceAnchor)
        }
    }

    /// Replaces the backers' signatures of an accepted event.
    public func setBackerSignatures(of record: RegistryEventRecord) throws {
        guard try event(of: record.subject, in: record.registry, at: record.sn)?.said == record.said else {
            throw StoreError(.conflict, "there is no registry event \(record.said)")
        }
        let stored = try record.storedSignatures
        try change(
            "UPDATE registry_events SET signatures = ? WHERE registry = ? AND subject = ? AND sn = ?"
        ) { statement in
            try statement.bind(stored)
            try statement.bind(record.registry)
            try statement.bind(record.subject)
            try statement.bind(record.sn)
        }
    }

    private func insert(_ record: RegistryEventRecord, droppingRest: Bool) throws {
        if let before = record.sn.previous, try event(of: record.subject, in: record.registry, at: before) == nil {
            throw StoreError(.conflict, "position \(record.sn) does not continue the log of \(record.subject)")
        }
        try change(
            """
            DELETE FROM registry_events
            WHERE registry = ? AND subject = ? AND sn \(droppingRest ? ">=" : "=") ?
            """
        ) { statement in
            try statement.bind(record.registry)
            try statement.bind(record.subject)
            try statement.bind(record.sn)
        }
        let stored = try record.storedSignatures
        try change(
            """
            INSERT INTO registry_events
                (registry, subject, sn, said, kind, seen_at, format, body, anchor_sn, anchor, signatures)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        ) { statement in
            try statement.bind(record.registry)
            try statement.bind(record.subject)
            try statement.bind(record.sn)
            try statement.bind(record.said)
            try statement.bind(record.kind.rawValue)
            try statement.bind(record.seenAt)
            try statement.bind(record.format.storedName)
            try statement.bind(record.bytes)
            try statement.bind(record.anchor)
            try statement.bind(stored)
        }
    }

    // MARK: States

    /// A registry after its latest accepted event.
    public func registry(_ said: SAID) throws -> RegistryState? {
        try query("SELECT \(Self.registryColumns) FROM registries WHERE said = ?") { statement in
            try statement.bind(said)
            return try statement.step() ? try statement.registryState() : nil
        }
    }

    /// Registries in ascending order of their digest.
    public func registries(of issuer: AID?, after: SAID?, limit: Int) throws -> [RegistryState] {
        let filter = issuer == nil ? "" : "issuer = ? AND"
        return try query(
            "SELECT \(Self.registryColumns) FROM registries WHERE \(filter) said > ? ORDER BY said LIMIT ?"
        ) { statement in
            if let issuer { try statement.bind(issuer) }
            try statement.bind(after?.text ?? "")
            try statement.bind(Int64(max(0, limit)))
            var states: [RegistryState] = []
            while try statement.step() { states.append(try statement.registryState()) }
            return states
        }
    }

    /// What a registry says of a credential.
    public func status(of credential: SAID, in registry: SAID) throws -> CredentialStatus? {
        try query(
            "SELECT \(Self.statusColumns) FROM statuses WHERE registry = ? AND credential = ?"
        ) { statement in
            try statement.bind(registry)
            try statement.bind(credential)
            return try statement.step() ? try statement.status() : nil
        }
    }

    /// What a registry says of its credentials, in ascending order of their digest.
    public func statuses(in registry: SAID, after: SAID?, limit: Int) throws -> [CredentialStatus] {
        try query(
            """
            SELECT \(Self.statusColumns) FROM statuses
            WHERE registry = ? AND credential > ? ORDER BY credential LIMIT ?
            """
        ) { statement in
            try statement.bind(registry)
            try statement.bind(after?.text ?? "")
            try statement.bind(Int64(max(0, limit)))
            var statuses: [CredentialStatus] = []
            while try statement.step() { statuses.append(try statement.status()) }
            return statuses
        }
    }

    /// The registries in which a digest was issued, in ascending order.
    public func registriesIssuing(_ credential: SAID, limit: Int) throws -> [SAID] {
        try query(
            "SELECT registry FROM statuses WHERE credential = ? ORDER BY registry LIMIT ?"
        ) { statement in
            try statement.bind(credential)
            try statement.bind(Int64(max(0, limit)))
            var registries: [SAID] = []
            while try statement.step() { registries.append(try statement.identifier(0)) }
            return registries
        }
    }

    static var registryEventColumns: String {
        "registry, subject, sn, said, kind, seen_at, format, body, anchor_sn, anchor, signatures"
    }
    static var registryColumns: String {
        "said, issuer, sn, event, backerless, backers, threshold, anchor_sn, anchor"
    }
    static var statusColumns: String {
        """
        registry, credential, kind, sn, event, issuance, dated, anchor_sn, anchor, issuance_anchor_sn, issuance_anchor
        """
    }
}

extension RegistryEventRecord {
    /// The backers' signatures as a CESR group.
    fileprivate var storedSignatures: [UInt8] {
        get throws {
            var attachments = Attachments()
            attachments.witnessSignatures = backerSignatures
            do {
                return try attachments.encoded(in: .text)
            } catch {
                throw StoreError(.unavailable, "a registry event has too many signatures to be stored: \(error)")
            }
        }
    }
}

extension PreparedStatement {
    fileprivate mutating func bind(_ source: SealSource) throws {
        try bind(source.sn)
        try bind(source.said)
    }

    /// Columns `column` and the next one.
    fileprivate func sealSource(_ column: Int32) throws -> SealSource {
        SealSource(sn: try sequenceNumber(column), said: try identifier(column + 1))
    }

    func registryEvent() throws -> RegistryEventRecord {
        guard let kind = MessageKind(rawValue: try text(4)) else { throw unreadable(4) }
        guard let format = DocumentFormat(storedName: try text(6)) else { throw unreadable(6) }
        let stored = try bytes(10)
        guard let attachments = try? stored.isEmpty ? Attachments() : Attachments(stored.span) else {
            throw unreadable(10)
        }
        return RegistryEventRecord(
            registry: try identifier(0), subject: try identifier(1), sn: try sequenceNumber(2),
            said: try identifier(3), kind: kind, seenAt: try time(5), bytes: try bytes(7), format: format,
            anchor: try sealSource(8), backerSignatures: attachments.witnessSignatures)
    }

    func registryState() throws -> RegistryState {
        guard let threshold = UInt32(exactly: try integer(6)) else { throw unreadable(6) }
        let backers = try text(5).split(separator: " ").map { name in
            guard let aid = AID(String(name)) else { throw unreadable(5) }
            return aid
        }
        return RegistryState(
            registry: try identifier(0), issuer: try identifier(1), sn: try sequenceNumber(2),
            event: try identifier(3), isBackerless: try integer(4) != 0, backers: backers,
            backerThreshold: threshold, anchor: try sealSource(7))
    }

    func status() throws -> CredentialStatus {
        guard let kind = MessageKind(rawValue: try text(2)) else { throw unreadable(2) }
        return CredentialStatus(
            credential: try identifier(1), registry: try identifier(0), kind: kind, sn: try sequenceNumber(3),
            event: try identifier(4), issuance: try identifier(5), dated: try time(6), anchor: try sealSource(7),
            issuanceAnchor: try sealSource(9))
    }
}
