// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

extension WaitingReader {
    /// An event that is not in its log yet.
    mutating func read(
        _ event: KeyEvent, _ attachments: Attachments, _ reason: EscrowReason, _ detail: String, since: Timestamp,
        until: Timestamp?
    ) throws {
        let aid = event.aid
        let subject = WaitingItem.Subject.event(EventSeal(aid: aid, sn: event.sn, said: event.said), event.kind)
        let isOurs = isOurs(aid)
        let (missing, actor, remedy): (WaitingItem.Missing, WaitingItem.Actor, WaitingItem.Remedy)
        switch reason {
        case .outOfOrder:
            let before = event.sn.previous ?? .zero
            (missing, actor, remedy) = (try self.missing(aid, through: before), .anybody, .resolve(aid))
        case .partialSignatures:
            let places = try unsigned(event, attachments)
            (missing, actor, remedy) =
                isOurs ? (.keys(places), .us(aid), .sign(aid)) : (.keys(places), .others([aid]), .wait)
        case .partialDelegation, .delegable:
            (missing, actor, remedy) = try approval(of: event)
        case .partialWitnesses:
            let (count, witnesses) = try unreceipted(event, attachments)
            (missing, actor, remedy) = (
                .receipts(count, of: witnesses), .others(witnesses), isOurs ? .publish(aid) : .resolve(aid)
            )
        case .misfit:
            (missing, actor, remedy) = (
                .decision, .us(aid), ledger.group(aid) == nil ? .inspect(aid) : .followGroup(aid)
            )
        default:
            (missing, actor, remedy) = (.nothing, .nobody, .inspect(aid))
        }
        add(subject, of: aid, reason, missing, detail, actor, since: since, until: until, remedy)
    }

    /// Whose approval a delegated event waits for: one of our AIDs', or somebody else's whose log may be missing.
    private func approval(
        of event: KeyEvent
    ) throws -> (WaitingItem.Missing, WaitingItem.Actor, WaitingItem.Remedy) {
        let stated: AID? =
            if let named = event.delegator { named } else { try store.keyState(of: event.aid)?.delegator }
        guard let delegator = stated else { return (.nothing, .nobody, .inspect(event.aid)) }
        if isOurs(delegator) {
            return (.seal(delegator), .us(delegator), .approveDelegate(event.aid, as: delegator))
        }
        if try store.keyState(of: delegator) == nil {
            return (.log(delegator), .others([delegator]), .resolve(delegator))
        }
        return (
            .seal(delegator), .others([delegator]),
            isOurs(event.aid) ? .requestApproval(event.aid, of: delegator) : .wait
        )
    }

    /// The state that an event stands behind, nil for an inception or when its log does not reach there.
    private func base(of event: KeyEvent) throws -> KeyState? {
        guard let before = event.sn.previous else { return nil }
        return try store.trunkState(of: event.aid, through: before)
    }

    /// The places of the keys that have not signed.
    private func unsigned(_ event: KeyEvent, _ attachments: Attachments) throws -> [Int] {
        let keys = GroupKeys(event, base: try base(of: event))
        let signed = Set(attachments.controllerSignatures.compactMap { keys.verified($0)?.index })
        return keys.keys.indices.filter { !signed.contains($0) }
    }

    /// How many receipts are missing, and of which witnesses there is none.
    private func unreceipted(_ event: KeyEvent, _ attachments: Attachments) throws -> (Int, [AID]) {
        let (witnesses, threshold) = WitnessList.inForce(at: event, base: try base(of: event))
        var receipted: Set<Int> = []
        for signature in attachments.witnessSignatures where witnesses.indices.contains(signature.index) {
            guard let key = VerificationKey(witnesses[signature.index].primitive),
                signature.code.algorithm == key.algorithm, key.verifies(signature.span, over: event.bytes.span)
            else { continue }
            receipted.insert(signature.index)
        }
        for couple in attachments.nonTransferableReceipts {
            guard let place = witnesses.firstIndex(where: { $0.primitive == couple.key }),
                let key = VerificationKey(couple.key),
                let indexed = IndexedSignature(couple.signature, of: key, index: place),
                key.verifies(indexed.span, over: event.bytes.span)
            else { continue }
            receipted.insert(place)
        }
        return (
            max(0, Int(threshold) - receipted.count),
            witnesses.indices.filter { !receipted.contains($0) }.map { witnesses[$0] }
        )
    }
}

/// The witnesses of an AID.
enum WitnessList {
    /// The list behind an event that may wait still; that in force when what comes before it is not here.
    static func known<Transaction: KeyEventTransaction>(
        of event: KeyEvent, in transaction: Transaction
    ) throws -> [AID] {
        guard let before = event.sn.previous else { return inForce(at: event, base: nil).witnesses }
        return inForce(at: event, base: try transaction.trunkState(of: event.aid, through: before)).witnesses
    }

    /// The list and the threshold behind an event: the old list without the cuts, in its order, then the added.
    static func inForce(at event: KeyEvent, base: KeyState?) -> (witnesses: [AID], threshold: UInt32) {
        let current = base?.witnesses ?? []
        guard let stated = event.establishment else { return (current, base?.witnessThreshold ?? 0) }
        let cuts = Set(stated.witnessesCut)
        return (current.filter { !cuts.contains($0) } + stated.witnessesAdded, stated.witnessThreshold)
    }
}
