// SPDX-License-Identifier: Apache-2.0

internal import KERI

/// What a ``MemoryCredentialStore`` holds, with how to undo what a transaction has written.
final class MemoryCredentials: @unchecked Sendable {
    // Unchecked Sendable: reached only through the store, while its key event store holds a lock.

    /// A log of a registry: its own, or that of a credential.
    struct LogKey: Hashable {
        let registry: SAID
        let subject: SAID
    }

    /// A place of a registry, for one backer.
    struct BackedKey: Hashable {
        let registry: SAID
        let subject: SAID
        let sn: SequenceNumber
        let backer: AID
    }

    private enum Undo {
        case backed(BackedKey, BackedEvent?)
        case append(LogKey)
        case log(LogKey, [RegistryEventRecord])
        case replace(LogKey, Int, RegistryEventRecord)
        case registry(SAID, RegistryState?)
        case status(LogKey, CredentialStatus?)
        case credential(SAID, CredentialRecord?)
        case schema(SAID)
        case escrow(CredentialEscrowKey, MemoryCredentialEscrows.Item?)
    }

    private(set) var registries: [SAID: RegistryState] = [:]
    private(set) var logs: [LogKey: [RegistryEventRecord]] = [:]
    private(set) var statuses: [LogKey: CredentialStatus] = [:]
    /// For each credential the registries in which it was issued.
    private(set) var issuers: [SAID: Set<SAID>] = [:]
    private(set) var credentials: [SAID: CredentialRecord] = [:]
    /// Credentials in the order of acceptance.
    private(set) var order: [SAID] = []
    private(set) var schemas: [SAID: CredentialSchema] = [:]
    private(set) var backedEvents: [BackedKey: BackedEvent] = [:]
    private(set) var escrows = MemoryCredentialEscrows()
    private var arrivals: UInt64 = 0
    private var undo: [Undo] = []

    // MARK: Writing

    func append(_ record: RegistryEventRecord, droppingRest: Bool) throws {
        let key = LogKey(registry: record.registry, subject: record.subject)
        let count = logs[key]?.count ?? 0
        guard let place = Int(exactly: record.sn.value), place <= count else {
            throw StoreError(.conflict, "position \(record.sn) does not continue a log of \(count) events")
        }
        guard place < count, let log = logs[key] else {
            undo.append(.append(key))
            logs[key, default: []].append(record)
            return
        }
        undo.append(.log(key, log))
        logs[key]?[place] = record
        if droppingRest { logs[key]?.removeLast(count - place - 1) }
    }

    func replace(_ record: RegistryEventRecord) throws {
        let key = LogKey(registry: record.registry, subject: record.subject)
        guard let place = Int(exactly: record.sn.value), let log = logs[key], place < log.count,
            log[place].said == record.said
        else { throw StoreError(.conflict, "there is no registry event \(record.said)") }
        undo.append(.replace(key, place, log[place]))
        logs[key]?[place].backerSignatures = record.backerSignatures
    }

    func set(_ state: RegistryState, of registry: SAID) {
        undo.append(.registry(registry, registries[registry]))
        registries[registry] = state
    }

    func set(_ status: CredentialStatus, under key: LogKey) {
        undo.append(.status(key, statuses[key]))
        statuses[key] = status
        issuers[key.subject, default: []].insert(key.registry)
    }

    func put(_ event: BackedEvent) {
        let key = BackedKey(registry: event.registry, subject: event.subject, sn: event.sn, backer: event.backer)
        undo.append(.backed(key, backedEvents[key]))
        backedEvents[key] = event
    }

    func put(_ credential: Credential, seenAt: Timestamp) {
        let old = credentials[credential.said]
        undo.append(.credential(credential.said, old))
        if old == nil { order.append(credential.said) }
        credentials[credential.said] = CredentialRecord(
            credential: credential, ordinal: old?.ordinal ?? UInt64(order.count - 1), seenAt: old?.seenAt ?? seenAt)
    }

    func put(_ schema: CredentialSchema) {
        guard schemas[schema.said] == nil else { return }
        undo.append(.schema(schema.said))
        schemas[schema.said] = schema
    }

    func put(_ entry: CredentialEscrowEntry) {
        let old = escrows[entry.key]
        undo.append(.escrow(entry.key, old))
        escrows.set(.init(arrival: old?.arrival ?? arrivals, entry: entry), under: entry.key)
        if old == nil { arrivals += 1 }
    }

    func removeEscrow(_ key: CredentialEscrowKey) {
        guard let old = escrows[key] else { return }
        undo.append(.escrow(key, old))
        escrows.set(nil, under: key)
    }

    // MARK: Undoing

    var mark: Int { undo.count }

    func commit() { undo.removeAll(keepingCapacity: true) }

    func rollBack(to mark: Int) {
        while undo.count > mark, let step = undo.popLast() {
            switch step {
            case .append(let key):
                logs[key]?.removeLast()
                if logs[key]?.isEmpty == true { logs[key] = nil }
            case .log(let key, let log): logs[key] = log
            case .replace(let key, let place, let record): logs[key]?[place] = record
            case .backed(let key, let event): backedEvents[key] = event
            case .registry(let said, let state): registries[said] = state
            case .status(let key, let status):
                statuses[key] = status
                guard status == nil else { continue }
                issuers[key.subject]?.remove(key.registry)
                if issuers[key.subject]?.isEmpty == true { issuers[key.subject] = nil }
            case .credential(let said, let record):
                credentials[said] = record
                if record == nil { order.removeLast() }
            case .schema(let said): schemas[said] = nil
            case .escrow(let key, let item): escrows.set(item, under: key)
            }
        }
    }
}
