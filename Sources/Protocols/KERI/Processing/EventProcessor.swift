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

    /// Decides again about everything in escrow, until nothing moves any more; drops what has waited too long.
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
}
