// SPDX-License-Identifier: Apache-2.0

public import CESR

/// Takes typed messages, decides about them, and carries the decision out in one write transaction. Also called Kevery
/// in KERIpy.
///
/// The decision itself is pure (`EventValidator`); this type is the only one that writes to a store. A message that
/// can't be decided yet is escrowed, and ``resume(now:)`` feeds escrowed messages to the same decision again.
public struct EventProcessor<Store: KeyEventStore>: Sendable {
    /// Where logs and escrows are kept.
    public let store: Store
    /// What this processor may do.
    public var policy: ProcessingPolicy

    /// Creates a processor over a store.
    public init(store: Store, policy: ProcessingPolicy = ProcessingPolicy()) {
        self.store = store
        self.policy = policy
    }

    /// Decides about one message and makes the outcome durable.
    ///
    /// - Parameters:
    ///   - message: the typed body.
    ///   - attachments: what was attached to it.
    ///   - origin: who made it.
    ///   - now: the time to record.
    /// - Throws: ``StoreError``; nothing has changed then.
    public func process(
        _ message: Message, with attachments: Attachments, origin: MessageOrigin = .remote, now: Timestamp
    ) throws -> EventOutcome {
        try store.write { transaction in
            try self.apply(message, with: attachments, origin: origin, to: &transaction, now: now)
        }
    }

    /// Decides about one message inside a transaction that the caller holds, so that several decisions can become
    /// durable together.
    public func apply(
        _ message: Message, with attachments: Attachments, origin: MessageOrigin = .remote,
        to transaction: inout Store.Transaction, now: Timestamp
    ) throws -> EventOutcome {
        var steps = MessageSteps(transaction: transaction, policy: policy, origin: origin, now: now)
        defer { transaction = steps.transaction }
        return try steps.apply(message, with: attachments, since: now)
    }

    func apply(
        event: KeyEvent, with attachments: Attachments, checks: SignatureChecks, origin: MessageOrigin,
        to transaction: inout Store.Transaction, now: Timestamp
    ) throws -> EventOutcome {
        var steps = MessageSteps(transaction: transaction, policy: policy, origin: origin, now: now)
        defer { transaction = steps.transaction }
        return try steps.apply(event: event, with: attachments, checks: checks, since: now)
    }

    /// Decides again about what waits for the log of `aid`, and for the logs that grow by it, until nothing moves any
    /// more. To be called when a message of `aid` has had an outcome that ``EventOutcome/wakesOthers``.
    ///
    /// - Parameters:
    ///   - aid: whose log has grown.
    ///   - now: the time to record.
    ///   - limit: most escrowed messages to look at in this call.
    /// - Throws: ``StoreError``; nothing has changed then.
    public func resume(after aid: AID, now: Timestamp, limit: Int = 1024) throws -> WakeupResult {
        try resume([Wakeup(aid)], now: now, limit: limit)
    }

    /// Goes on where an earlier call stopped at its limit, or begins with several logs.
    ///
    /// What remains is not kept by the store: a process that stops before it has come to the end calls
    /// ``resume(now:)`` when it starts again.
    public func resume(_ wakeups: [Wakeup], now: Timestamp, limit: Int = 1024) throws -> WakeupResult {
        guard !wakeups.isEmpty else { return WakeupResult(resumed: [], remaining: []) }
        return try store.write { transaction in
            try resume(wakeups, in: &transaction, now: now, limit: limit)
        }
    }

    /// As ``resume(_:now:limit:)``, inside a transaction that the caller holds.
    public func resume(
        _ wakeups: [Wakeup], in transaction: inout Store.Transaction, now: Timestamp, limit: Int = 1024
    ) throws -> WakeupResult {
        var steps = MessageSteps(transaction: transaction, policy: policy, origin: .remote, now: now)
        defer { transaction = steps.transaction }
        return try steps.resume(wakeups, limit: limit)
    }

    /// Drops what has waited too long; to be called now and then.
    ///
    /// - Returns: what was dropped; as many as `limit` mean that there may be more.
    /// - Throws: ``StoreError``; nothing has changed then.
    public func expire(now: Timestamp, limit: Int = 4096) throws -> [ResumedMessage] {
        try store.write { transaction in
            var steps = MessageSteps(transaction: transaction, policy: policy, origin: .remote, now: now)
            defer { transaction = steps.transaction }
            return try steps.expire(limit: max(1, limit))
        }
    }

    /// Decides again about everything in escrow, until nothing moves any more; drops what has waited too long. For
    /// starts and for files; a service that runs wakes what has a reason to move (``resume(after:now:limit:)``).
    /// - Returns: every escrowed message that left its escrow, with what became of it.
    public func resume(now: Timestamp) throws -> [ResumedMessage] {
        try store.write { transaction in
            var steps = MessageSteps(transaction: transaction, policy: policy, origin: .remote, now: now)
            defer { transaction = steps.transaction }
            return try steps.resume()
        }
    }
}

/// What became of a message that had been escrowed.
public struct ResumedMessage: Sendable, Hashable {
    /// Under what it was kept.
    public let key: EscrowKey
    /// What became of it; nil when it waited too long and was dropped.
    public let outcome: EventOutcome?
    /// The message with its attachments, for the handler that may act on it now: present when the outcome is
    /// ``EventOutcome/verified``.
    public let message: [UInt8]?

    init(key: EscrowKey, outcome: EventOutcome?, message: [UInt8]? = nil) {
        self.key = key
        self.outcome = outcome
        self.message = message
    }
}
