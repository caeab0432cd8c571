// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI

/// Takes registry events, credentials and schemas, decides about them, and carries the decision out in one write
/// transaction. Also called Tevery and Verifier in KERIpy (facts 13.3, 13.5).
///
/// What can't be decided yet is escrowed. Nothing is decided again by itself: whoever feeds a processor calls
/// ``resume(after:now:limit:)`` with what has arrived, such as a key event log that has grown, and
/// ``resume(now:)`` when a process starts.
public struct CredentialProcessor<Store: CredentialStore>: Sendable {
    /// Where registries, credentials and escrows are kept.
    public let store: Store
    /// Bounds of the escrows.
    public var limits: CredentialEscrowLimits

    /// Creates a processor over a store.
    public init(store: Store, limits: CredentialEscrowLimits = CredentialEscrowLimits()) {
        self.store = store
        self.limits = limits
    }

    // MARK: Registry events

    /// Decides about a registry event and makes the outcome durable.
    ///
    /// - Parameters:
    ///   - event: the typed body.
    ///   - attachments: what was attached to it; backers' signatures count, a seal source is looked up and not believed.
    ///   - now: the time to record.
    /// - Throws: ``StoreError``; nothing has changed then.
    public func process(
        _ event: RegistryEvent, with attachments: Attachments, now: Timestamp
    ) throws -> CredentialOutcome {
        try store.write { (transaction: inout Store.Transaction) in
            try apply(event, with: attachments, to: &transaction, now: now)
        }
    }

    /// As ``process(_:with:now:)-(RegistryEvent,_,_)``, inside a transaction that the caller holds.
    public func apply(
        _ event: RegistryEvent, with attachments: Attachments, to transaction: inout Store.Transaction, now: Timestamp
    ) throws -> CredentialOutcome {
        try steps(in: &transaction, now: now) { steps in
            try steps.apply(event, signatures: attachments.witnessSignatures, since: now)
        }
    }

    // MARK: Escrows

    /// Decides again about what waits for something that has arrived, and for what is accepted thereby, until nothing
    /// moves any more.
    ///
    /// - Parameters:
    ///   - arrivals: what has arrived.
    ///   - now: the time to record.
    ///   - limit: most escrowed messages to look at in this call, so that other writers get in between.
    /// - Throws: ``StoreError``; nothing has changed then.
    public func resume(
        after arrivals: [CredentialArrival], now: Timestamp, limit: Int = 1024
    ) throws -> CredentialWakeupResult {
        try resume(arrivals.map { CredentialWakeup($0) }, now: now, limit: limit)
    }

    /// Goes on where an earlier call stopped at its limit. What remains is not kept by the store: a process that stops
    /// before it has come to the end calls ``resume(now:)`` when it starts again.
    public func resume(
        _ wakeups: [CredentialWakeup], now: Timestamp, limit: Int = 1024
    ) throws -> CredentialWakeupResult {
        guard !wakeups.isEmpty else { return CredentialWakeupResult(resumed: [], remaining: []) }
        return try store.write { (transaction: inout Store.Transaction) in
            try resume(wakeups, in: &transaction, now: now, limit: limit)
        }
    }

    /// As ``resume(_:now:limit:)``, inside a transaction that the caller holds.
    public func resume(
        _ wakeups: [CredentialWakeup], in transaction: inout Store.Transaction, now: Timestamp, limit: Int = 1024
    ) throws -> CredentialWakeupResult {
        try steps(in: &transaction, now: now) { try $0.resume(wakeups, limit: limit) }
    }

    /// Decides again about everything in escrow, until nothing moves any more; drops what has waited too long. For starts
    /// and for files.
    /// - Returns: every escrowed message that left its escrow, with what became of it.
    /// - Throws: ``StoreError``; nothing has changed then.
    public func resume(now: Timestamp) throws -> [ResumedCredentialMessage] {
        try store.write { (transaction: inout Store.Transaction) in
            try steps(in: &transaction, now: now) { try $0.resumeAll() }
        }
    }

    /// Drops what has waited too long (``CredentialEscrowLimits``); to be called now and then.
    ///
    /// - Returns: what was dropped; as many as `limit` mean that there may be more.
    /// - Throws: ``StoreError``; nothing has changed then.
    public func expire(now: Timestamp, limit: Int = 4096) throws -> [ResumedCredentialMessage] {
        try store.write { (transaction: inout Store.Transaction) in
            try steps(in: &transaction, now: now) { try $0.expire(limit: max(1, limit)) }
        }
    }

    func steps<R>(
        in transaction: inout Store.Transaction, now: Timestamp,
        _ body: (inout CredentialSteps<Store.Transaction>) throws -> R
    ) throws -> R {
        var steps = CredentialSteps(transaction: transaction, limits: limits, now: now)
        defer { transaction = steps.transaction }
        return try body(&steps)
    }
}
