// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KelmarkBytes

// Registries, credentials and schemas are checked against themselves and the key event logs. They are not decided about
// again: a recovery or a revocation may have happened since, and what was accepted stays.

extension StoreVerifier {
    // MARK: Registries

    /// What is kept of a registry event whose row is right.
    private struct Event {
        let said: SAID
        let kind: MessageKind
        let anchor: SealSource
        let seal: EventSeal
        /// Owner and traits that an inception states.
        let owner: AID?
        let isBackerless: Bool
    }

    private struct LogKey: Hashable {
        let registry: SAID
        let subject: SAID
    }

    mutating func checkRegistries() throws {
        let logs = try readRegistryEvents()
        var owners: [SAID: AID] = [:]
        let states = try transaction.rows(
            "SELECT \(SQLiteKeyEventTransaction.registryColumns) FROM registries ORDER BY said"
        ) { try $0.registryState() }
        for row in states {
            switch row {
            case .failure(let error): result.add(.unreadable, error.detail)
            case .success(let state):
                owners[state.registry] = state.issuer
                let log = logs[LogKey(registry: state.registry, subject: state.registry)] ?? [:]
                guard let first = log[.zero], let last = log[state.sn], log.count == Int(clamping: state.sn.value) + 1,
                    first.owner == state.issuer, first.isBackerless == state.isBackerless, last.said == state.event,
                    last.anchor == state.anchor
                else {
                    result.add(.mismatch, aid: state.issuer, "registry \(state.registry) is not what its log says")
                    continue
                }
            }
        }
        let statuses = try transaction.rows(
            "SELECT \(SQLiteKeyEventTransaction.statusColumns) FROM statuses"
        ) { try $0.status() }
        for row in statuses {
            switch row {
            case .failure(let error): result.add(.unreadable, error.detail)
            case .success(let status):
                let log = logs[LogKey(registry: status.registry, subject: status.credential)] ?? [:]
                guard let first = log[.zero], let last = log[status.sn],
                    log.count == Int(clamping: status.sn.value) + 1, first.said == status.issuance,
                    first.anchor == status.issuanceAnchor, last.said == status.event, last.kind == status.kind,
                    last.anchor == status.anchor
                else {
                    result.add(.mismatch, "the status of \(status.credential) is not what its log says")
                    continue
                }
            }
        }
        for (key, log) in logs {
            guard let owner = owners[key.registry] else {
                result.add(.gap, "registry \(key.registry) is missing")
                continue
            }
            for event in log.values where try !isSealed(event, by: owner) {
                result.add(.refused, aid: owner, "the event that is noted does not seal registry event \(event.said)")
            }
        }
    }

    private func isSealed(_ event: Event, by owner: AID) throws -> Bool {
        try replayed.read { logs in
            logs.record(of: owner, at: event.anchor.sn, said: event.anchor.said)?.place(of: event.seal) != nil
        }
    }

    private mutating func readRegistryEvents() throws -> [LogKey: [SequenceNumber: Event]] {
        let rows = try transaction.rows(
            "SELECT \(SQLiteKeyEventTransaction.registryEventColumns) FROM registry_events ORDER BY id"
        ) { statement -> (LogKey, SequenceNumber, Event)? in
            let record = try statement.registryEvent()
            guard let stored = try? StoredMessage(record.bytes), case .registryEvent(let event) = stored.message,
                event.subject == record.subject, event.sn == record.sn, event.said == record.said,
                event.kind == record.kind, event.format == record.format, event.bytes == record.bytes
            else { return nil }
            return (
                LogKey(registry: record.registry, subject: record.subject), record.sn,
                Event(
                    said: record.said, kind: record.kind, anchor: record.anchor, seal: record.seal,
                    owner: event.issuer, isBackerless: event.traits.contains(RegistryTrait.noBackers))
            )
        }
        result.registryEvents += rows.count
        var logs: [LogKey: [SequenceNumber: Event]] = [:]
        for row in rows {
            switch row {
            case .failure(let error): result.add(.unreadable, error.detail)
            case .success(nil): result.add(.mismatch, "the columns of a registry event differ from its bytes")
            case .success((let key, let sn, let event)?): logs[key, default: [:]][sn] = event
            }
        }
        return logs
    }

    // MARK: Credentials and schemas

    mutating func checkCredentials() throws {
        let rows = try transaction.rows(
            """
            SELECT \(SQLiteKeyEventTransaction.credentialColumns), issuer, issuee, registry, schema
            FROM credentials ORDER BY id
            """
        ) { statement in
            let credential = try statement.credentialRecord().credential
            return try statement.text(5) == credential.issuer.text
                && (statement.isNull(6) ? nil : statement.text(6)) == credential.issuee?.text
                && (statement.isNull(7) ? nil : statement.text(7)) == credential.registry?.text
                && statement.text(8) == credential.schema.text
        }
        result.credentials += rows.count
        for row in rows {
            switch row {
            case .failure(let error): result.add(.unreadable, error.detail)
            case .success(false): result.add(.mismatch, "the columns of a credential differ from its bytes")
            case .success(true): break
            }
        }
        let schemas = try transaction.rows("SELECT said, body FROM schemas") { statement in
            let (said, body) = (try statement.identifier(0) as SAID, try statement.bytes(1))
            guard (try? CredentialSchema(parsing: body, expecting: said)) != nil else { throw statement.unreadable(1) }
        }
        for case .failure(let error) in schemas { result.add(.unreadable, error.detail) }
    }

    mutating func checkCredentialEscrows() throws {
        for isVerified in [0, 1] {
            let wrong = try transaction.integers(
                """
                SELECT (SELECT count FROM credential_escrow_totals WHERE verified = \(isVerified))
                    - (SELECT count(*) FROM credential_escrows WHERE verified = \(isVerified))
                """)
            if wrong.first != 0 { result.add(.count, "the number of credentials in escrow is not what is noted") }
        }
        let rows = try transaction.rows("SELECT subject, message FROM credential_escrows") { statement in
            _ = try statement.identifier(0) as SAID
            let message = try statement.bytes(1)
            var reader = StreamReader()
            guard case .message = reader.next(in: message.span) else { throw statement.unreadable(1) }
        }
        result.credentialEscrows += rows.count
        for case .failure(let error) in rows { result.add(.unreadable, error.detail) }
    }
}
