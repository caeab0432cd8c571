// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI

/// An event that was made, signed and decided about here.
public struct AuthoredEvent: Sendable, Hashable {
    /// The event.
    public let event: KeyEvent
    /// The signatures of our keys.
    public let signatures: [IndexedSignature]
    /// What became of it.
    public let outcome: EventOutcome
    /// What it waits for, when it does.
    public let missing: String?

    /// The event with its signatures as one CESR message.
    /// - Throws: ``CESRError`` when there are more signatures than a counter can tell.
    public func message() throws -> [UInt8] {
        var attachments = Attachments()
        attachments.controllerSignatures = signatures
        return event.bytes + (try attachments.encoded(in: .text))
    }

    /// Whether it waits for its delegator, who may be one of ours or somebody else.
    public var waitsForDelegator: Bool { waitsFor == .partialDelegation || waitsFor == .delegable }

    /// Why it waits, nil when it doesn't.
    public var waitsFor: EscrowReason? {
        if case .escrowed(let reason) = outcome { reason } else { nil }
    }
}

extension Wallet {
    /// An authored event with what has become of it since.
    /// - Throws: what the store fails with.
    public func settled(_ authored: AuthoredEvent) throws -> AuthoredEvent {
        let event = authored.event
        return try store.read { transaction in
            if let record = try transaction.record(of: event.aid, at: event.sn, said: event.said) {
                return AuthoredEvent(
                    event: event, signatures: authored.signatures, outcome: .accepted(ordinal: record.ordinal),
                    missing: nil)
            }
            guard let reason = authored.waitsFor,
                let entry = try transaction.escrow(
                    EscrowKey(reason: reason, aid: event.aid, sn: event.sn, said: event.said))
            else { return authored }
            return AuthoredEvent(
                event: event, signatures: authored.signatures, outcome: authored.outcome, missing: entry.missing)
        }
    }

    /// Whether an event stands in its log or waits; true also when that can't be found out, for then nothing that the
    /// event commits to may be forgotten.
    func mayBeDurable(_ event: KeyEvent) -> Bool {
        let isKnown = try? store.read { transaction in
            if try transaction.record(of: event.aid, at: event.sn, said: event.said) != nil { return true }
            return try transaction.escrows(reason: nil, aid: event.aid, limit: .max)
                .contains { $0.key.said == event.said }
        }
        return isKnown ?? true
    }

    /// Signs an event with keys at places of its key list, decides about it, and keeps it in the book while it waits.
    /// - Throws: ``Rejection`` when the event is refused; what store and book fail with.
    func finish(
        _ event: KeyEvent, signedBy signatures: [IndexedSignature], now: Timestamp
    ) throws -> AuthoredEvent {
        var attachments = Attachments()
        attachments.controllerSignatures = signatures
        let outcome = try process(event, attachments, now: now)
        if case .rejected(let reason) = outcome { throw reason }
        var missing: String?
        if case .escrowed(let reason) = outcome {
            let message = event.bytes + (try attachments.encoded(in: .text))
            try update(event.aid) { $0.waitingEvent = message }
            missing = try store.read {
                try $0.escrow(EscrowKey(reason: reason, aid: event.aid, sn: event.sn, said: event.said))?.missing
            }
        }
        return AuthoredEvent(event: event, signatures: signatures, outcome: outcome, missing: missing)
    }
}
