// SPDX-License-Identifier: Apache-2.0

internal import ACDC
public import KERI

/// A registry event whose seal a recovery takes away.
public struct SupersededSeal: Sendable, Hashable {
    /// The seal.
    public let seal: EventSeal
    /// What the sealed event says.
    public let kind: MessageKind

    /// Whether the event ends a credential. What was ended stays ended, so its seal is written again.
    public var isOfRevocation: Bool { kind.isRevocation }
}

extension Issuing {
    /// The registry events that a recovery of an AID at a position would leave without their seals, in order.
    ///
    /// A recovery takes the place of interactions that a thief may have written. Which issuances among them were ours only
    /// the operator knows; revocations can be sealed again whoever made them, for they take authority and give none.
    /// - Throws: what the store fails with.
    public func superseded(at position: SequenceNumber, of owner: AID) throws -> [SupersededSeal] {
        let pending = try book.load().pending.filter { $0.owner == owner }
        return try store.read(credentials: { transaction in
            guard let state = try transaction.keyEvents.keyState(of: owner) else { return [] }
            var found: [SupersededSeal] = []
            var place: SequenceNumber? = position
            while let sn = place, sn <= state.sn, let record = try transaction.keyEvents.record(of: owner, at: sn) {
                for case .event(let seal)? in record.seals {
                    let known = pending.first { $0.said == seal.said }?.kind
                    guard let kind = try known ?? kind(of: seal, owner: owner, in: transaction) else { continue }
                    found.append(SupersededSeal(seal: seal, kind: kind))
                }
                place = sn.next
            }
            return found
        })
    }

    /// What a sealed registry event of an owner says, nil for a seal of anything else.
    private func kind(
        of seal: EventSeal, owner: AID, in transaction: Store.Transaction
    ) throws -> MessageKind? {
        guard let subject = SAID(seal.aid.primitive) else { return nil }
        for registry in try [subject] + transaction.registriesIssuing(subject, limit: 64) {
            guard try transaction.registry(registry)?.issuer == owner,
                let event = try transaction.event(of: subject, in: registry, at: seal.sn), event.said == seal.said
            else { continue }
            return event.kind
        }
        return nil
    }
}
