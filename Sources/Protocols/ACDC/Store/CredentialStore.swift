// SPDX-License-Identifier: Apache-2.0

public import KERI

/// Where registries, credentials and schemas are kept, beside the key event logs that vouch for them. Also called Reger
/// in KERIpy.
///
/// One decision is one write transaction. A store never judges what it keeps; the only rule of its own is that a log has
/// no gaps.
public protocol CredentialStore: Sendable {
    /// What a transaction can see and do.
    associatedtype Transaction: CredentialTransaction
    /// The store of the key event logs.
    associatedtype KeyEventLogs: KeyEventStore where KeyEventLogs.Transaction == Transaction.KeyEvents

    /// The key event logs that this store stands beside. Writing to both goes through ``write(credentials:)``.
    var keyEventLogs: KeyEventLogs { get }

    /// Runs `body` on a consistent view.
    /// - Throws: what `body` throws, and ``StoreError``.
    func read<R: Sendable>(credentials body: (inout Transaction) throws -> R) throws -> R

    /// Runs `body` and makes its writes durable at once, or undoes all of them when it throws.
    /// - Throws: what `body` throws, and ``StoreError``.
    func write<R: Sendable>(credentials body: (inout Transaction) throws -> R) throws -> R
}

/// What can be read and written in one transaction. Every method may throw ``StoreError``.
public protocol CredentialTransaction: CredentialView {
    /// Reads and writes the key event logs in the same transaction.
    mutating func withKeyEvents<R>(_ body: (inout KeyEvents) throws -> R) throws -> R

    // MARK: Registries

    /// The events of a log of a registry in order, at most `limit`.
    func events(
        of subject: SAID, in registry: SAID, from sn: SequenceNumber, limit: Int
    ) throws -> [RegistryEventRecord]
    /// Registries in ascending order of their digest behind `after`, of one issuer or of all, at most `limit`.
    func registries(of issuer: AID?, after: SAID?, limit: Int) throws -> [RegistryState]
    /// What a registry says of its credentials, in ascending order of their digest behind `after`, at most `limit`.
    func statuses(in registry: SAID, after: SAID?, limit: Int) throws -> [CredentialStatus]
    /// The registries in which a digest was issued, in ascending order, at most `limit`. A credential counts only in the
    /// one that it names.
    func registriesIssuing(_ credential: SAID, limit: Int) throws -> [SAID]
    /// Appends an event of a registry itself, together with the state it leads to. One that stands at its position makes
    /// room, with those behind it.
    /// - Throws: ``StoreError/Code/conflict`` when there is none before it.
    mutating func append(_ record: RegistryEventRecord, leadingTo state: RegistryState) throws
    /// Appends an event of a credential, together with the status it leads to. One that stands at its position makes room;
    /// those behind it stay.
    /// - Throws: ``StoreError/Code/conflict`` when there is none before it.
    mutating func append(_ record: RegistryEventRecord, leadingTo status: CredentialStatus) throws
    /// Replaces the backers' signatures of an accepted event.
    /// - Throws: ``StoreError/Code/conflict`` when there is no such event.
    mutating func setBackerSignatures(of record: RegistryEventRecord) throws

    // MARK: Backing

    /// What a backer has signed at a place of a registry.
    func backedEvent(of subject: SAID, in registry: SAID, at sn: SequenceNumber, by backer: AID) throws -> BackedEvent?
    /// Keeps what a backer signs; what was kept at the place makes room.
    mutating func putBackedEvent(_ event: BackedEvent) throws

    // MARK: Credentials and schemas

    /// A credential that was accepted, with when and in which order.
    func credentialRecord(_ said: SAID) throws -> CredentialRecord?
    /// Accepted credentials in the order of acceptance behind `after`, at most `limit`.
    func credentials(_ filter: CredentialFilter, after: UInt64?, limit: Int) throws -> [CredentialRecord]
    /// Adds an accepted credential, or replaces its bytes by those of a fuller copy; it keeps its place and time then.
    mutating func putCredential(_ credential: Credential, seenAt: Timestamp) throws
    /// Schemas in ascending order of their digest behind `after`, at most `limit`.
    func schemas(after: SAID?, limit: Int) throws -> [CredentialSchema]
    /// Adds a schema, once.
    mutating func putSchema(_ schema: CredentialSchema) throws

    // MARK: Escrows

    /// The escrowed message under a key.
    func credentialEscrow(_ key: CredentialEscrowKey) throws -> CredentialEscrowEntry?
    /// Escrowed messages in order of arrival behind `after`, optionally of one reason and one subject, at most `limit`.
    func credentialEscrows(
        reason: CredentialEscrowReason?, subject: SAID?, after: UInt64?, limit: Int
    ) throws -> [(arrival: UInt64, entry: CredentialEscrowEntry)]
    /// How many messages are escrowed: verified ones or the others, of one issuer or of all.
    func credentialEscrowCount(isVerified: Bool, issuer: AID?) throws -> Int
    /// The first escrowed message behind `after` in order of arrival that waits for something.
    func nextCredentialEscrow(
        waitingFor arrival: CredentialArrival, after: UInt64?
    ) throws -> (arrival: UInt64, entry: CredentialEscrowEntry)?
    /// The escrowed message that nobody could check which arrived first, optionally of one issuer.
    func oldestUnverifiedCredentialEscrow(issuer: AID?) throws -> CredentialEscrowKey?
    /// Escrowed messages that have been here since before `time`, the oldest first, at most `limit`.
    func credentialEscrowKeys(isVerified: Bool, before time: Timestamp, limit: Int) throws -> [CredentialEscrowKey]
    /// Adds or replaces an escrowed message; a replaced one keeps its place.
    mutating func putCredentialEscrow(_ entry: CredentialEscrowEntry) throws
    /// Removes an escrowed message, if it is there.
    mutating func removeCredentialEscrow(_ key: CredentialEscrowKey) throws

    /// Runs `body` and undoes what it wrote, and nothing else, when it throws.
    /// - Throws: what `body` throws.
    mutating func attempt<R>(_ body: (inout Self) throws -> R) throws -> R
}

/// An accepted credential as a store keeps it.
public struct CredentialRecord: Sendable, Hashable {
    /// The credential.
    public let credential: Credential
    /// Its place in the order of acceptance here.
    public let ordinal: UInt64
    /// When it was accepted here.
    public let seenAt: Timestamp

    /// Collects a record, for stores that read one back.
    public init(credential: Credential, ordinal: UInt64, seenAt: Timestamp) {
        self.credential = credential
        self.ordinal = ordinal
        self.seenAt = seenAt
    }
}

/// Which credentials to list; nil in a member stands for all.
public struct CredentialFilter: Sendable, Hashable {
    /// Who issued them.
    public var issuer: AID?
    /// To whom they are issued.
    public var issuee: AID?
    /// In which registry.
    public var registry: SAID?
    /// With which schema.
    public var schema: SAID?

    /// Chooses; all credentials by default.
    public init(issuer: AID? = nil, issuee: AID? = nil, registry: SAID? = nil, schema: SAID? = nil) {
        self.issuer = issuer
        self.issuee = issuee
        self.registry = registry
        self.schema = schema
    }

    /// Whether a credential is one of those to list.
    public func admits(_ credential: Credential) -> Bool {
        (issuer.map { $0 == credential.issuer } ?? true) && (issuee.map { $0 == credential.issuee } ?? true)
            && (registry.map { $0 == credential.registry } ?? true) && (schema.map { $0 == credential.schema } ?? true)
    }
}
