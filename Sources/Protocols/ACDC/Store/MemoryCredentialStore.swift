// SPDX-License-Identifier: Apache-2.0

public import KERI

/// A credential store in memory beside a key event store in memory: for verifying files, for tests, and as the yardstick
/// of the other stores.
public final class MemoryCredentialStore: CredentialStore {
    /// The key event logs.
    public let keyEventLogs: MemoryKeyEventStore
    /// Reached only while the key event store holds its lock.
    private let contents = MemoryCredentials()

    /// Starts empty beside a store that may hold logs already.
    public init(_ keyEventLogs: MemoryKeyEventStore = MemoryKeyEventStore()) { self.keyEventLogs = keyEventLogs }

    /// As the protocol says.
    public func read<R: Sendable>(credentials body: (inout MemoryCredentialTransaction) throws -> R) throws -> R {
        try keyEventLogs.read { events in
            var transaction = MemoryCredentialTransaction(keyEvents: events, contents: contents)
            // A read that wrote is undone, so that stores of all technologies behave alike.
            defer { contents.rollBack(to: 0) }
            return try body(&transaction)
        }
    }

    /// As the protocol says.
    public func write<R: Sendable>(credentials body: (inout MemoryCredentialTransaction) throws -> R) throws -> R {
        try keyEventLogs.write { events in
            var transaction = MemoryCredentialTransaction(keyEvents: events, contents: contents)
            do {
                let result = try body(&transaction)
                contents.commit()
                return result
            } catch {
                contents.rollBack(to: 0)
                throw error
            }
        }
    }
}

/// The contents of a ``MemoryCredentialStore`` during one transaction.
public struct MemoryCredentialTransaction: CredentialTransaction {
    /// The key event logs.
    public private(set) var keyEvents: MemoryTransaction
    let contents: MemoryCredentials

    init(keyEvents: MemoryTransaction, contents: MemoryCredentials) {
        self.keyEvents = keyEvents
        self.contents = contents
    }

    /// As the protocol says.
    public mutating func withKeyEvents<R>(_ body: (inout MemoryTransaction) throws -> R) throws -> R {
        try body(&keyEvents)
    }

    /// As the protocol says.
    public mutating func attempt<R>(_ body: (inout MemoryCredentialTransaction) throws -> R) throws -> R {
        let mark = contents.mark
        do {
            return try keyEvents.attempt { events in
                var transaction = MemoryCredentialTransaction(keyEvents: events, contents: contents)
                return try body(&transaction)
            }
        } catch {
            contents.rollBack(to: mark)
            throw error
        }
    }

    // MARK: Registries

    /// As the protocol says.
    public func registry(_ said: SAID) -> RegistryState? { contents.registries[said] }

    /// As the protocol says.
    public func status(of credential: SAID, in registry: SAID) -> CredentialStatus? {
        contents.statuses[.init(registry: registry, subject: credential)]
    }

    /// As the protocol says.
    public func event(of subject: SAID, in registry: SAID, at sn: SequenceNumber) -> RegistryEventRecord? {
        guard let log = contents.logs[.init(registry: registry, subject: subject)],
            let place = Int(exactly: sn.value), place < log.count
        else { return nil }
        return log[place]
    }

    /// As the protocol says.
    public func events(
        of subject: SAID, in registry: SAID, from sn: SequenceNumber, limit: Int
    ) -> [RegistryEventRecord] {
        guard let log = contents.logs[.init(registry: registry, subject: subject)],
            let first = Int(exactly: sn.value), first < log.count
        else { return [] }
        return Array(log[first...].prefix(max(0, limit)))
    }

    /// As the protocol says.
    public func registries(of issuer: AID?, after: SAID?, limit: Int) -> [RegistryState] {
        let found = contents.registries.values.filter { state in
            (issuer.map { $0 == state.issuer } ?? true) && (after.map { $0 < state.registry } ?? true)
        }
        return Array(found.sorted { $0.registry < $1.registry }.prefix(max(0, limit)))
    }

    /// As the protocol says.
    public func statuses(in registry: SAID, after: SAID?, limit: Int) -> [CredentialStatus] {
        let found = contents.statuses.values.filter { status in
            status.registry == registry && (after.map { $0 < status.credential } ?? true)
        }
        return Array(found.sorted { $0.credential < $1.credential }.prefix(max(0, limit)))
    }

    /// As the protocol says.
    public func registriesIssuing(_ credential: SAID, limit: Int) -> [SAID] {
        Array((contents.issuers[credential] ?? []).sorted().prefix(max(0, limit)))
    }

    /// As the protocol says.
    public func append(_ record: RegistryEventRecord, leadingTo state: RegistryState) throws {
        try contents.append(record, droppingRest: true)
        contents.set(state, of: record.registry)
    }

    /// As the protocol says.
    public func append(_ record: RegistryEventRecord, leadingTo status: CredentialStatus) throws {
        try contents.append(record, droppingRest: false)
        contents.set(status, under: .init(registry: record.registry, subject: record.subject))
    }

    /// As the protocol says.
    public func setBackerSignatures(of record: RegistryEventRecord) throws { try contents.replace(record) }

    // MARK: Backing

    /// As the protocol says.
    public func backedEvent(
        of subject: SAID, in registry: SAID, at sn: SequenceNumber, by backer: AID
    ) -> BackedEvent? {
        contents.backedEvents[.init(registry: registry, subject: subject, sn: sn, backer: backer)]
    }

    /// As the protocol says.
    public func putBackedEvent(_ event: BackedEvent) { contents.put(event) }

    // MARK: Credentials and schemas

    /// As the protocol says.
    public func credential(_ said: SAID) -> Credential? { contents.credentials[said]?.credential }

    /// As the protocol says.
    public func credentialRecord(_ said: SAID) -> CredentialRecord? { contents.credentials[said] }

    /// As the protocol says.
    public func credentials(_ filter: CredentialFilter, after: UInt64?, limit: Int) -> [CredentialRecord] {
        let first = after.map { $0 == .max ? UInt64.max : $0 + 1 } ?? 0
        guard let start = Int(exactly: first), start < contents.order.count else { return [] }
        return Array(
            contents.order[start...].lazy.compactMap { contents.credentials[$0] }
                .filter { filter.admits($0.credential) }.prefix(max(0, limit)))
    }

    /// As the protocol says.
    public func putCredential(_ credential: Credential, seenAt: Timestamp) {
        contents.put(credential, seenAt: seenAt)
    }

    /// As the protocol says.
    public func schema(_ said: SAID) -> CredentialSchema? { contents.schemas[said] }

    /// As the protocol says.
    public func schemas(after: SAID?, limit: Int) -> [CredentialSchema] {
        let found = contents.schemas.values.filter { schema in after.map { $0 < schema.said } ?? true }
        return Array(found.sorted { $0.said < $1.said }.prefix(max(0, limit)))
    }

    /// As the protocol says.
    public func putSchema(_ schema: CredentialSchema) { contents.put(schema) }

    // MARK: Escrows

    /// As the protocol says.
    public func credentialEscrow(_ key: CredentialEscrowKey) -> CredentialEscrowEntry? {
        contents.escrows[key]?.entry
    }

    /// As the protocol says.
    public func credentialEscrows(
        reason: CredentialEscrowReason?, subject: SAID?, after: UInt64?, limit: Int
    ) -> [(arrival: UInt64, entry: CredentialEscrowEntry)] {
        contents.escrows.all(reason: reason, subject: subject, after: after, limit: max(0, limit))
    }

    /// As the protocol says.
    public func credentialEscrowCount(isVerified: Bool, issuer: AID?) -> Int {
        contents.escrows.count(isVerified: isVerified, issuer: issuer)
    }

    /// As the protocol says.
    public func nextCredentialEscrow(
        waitingFor arrival: CredentialArrival, after: UInt64?
    ) -> (arrival: UInt64, entry: CredentialEscrowEntry)? {
        contents.escrows.next(waitingFor: arrival, after: after)
    }

    /// As the protocol says.
    public func oldestUnverifiedCredentialEscrow(issuer: AID?) -> CredentialEscrowKey? {
        contents.escrows.oldestUnverified(issuer: issuer)
    }

    /// As the protocol says.
    public func credentialEscrowKeys(isVerified: Bool, before time: Timestamp, limit: Int) -> [CredentialEscrowKey] {
        contents.escrows.keys(isVerified: isVerified, before: time, limit: max(0, limit))
    }

    /// As the protocol says.
    public func putCredentialEscrow(_ entry: CredentialEscrowEntry) { contents.put(entry) }

    /// As the protocol says.
    public func removeCredentialEscrow(_ key: CredentialEscrowKey) { contents.removeEscrow(key) }
}
