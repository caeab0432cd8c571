// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI

/// Decides about registry events: pure, it only looks. Also called Tevery in KERIpy (facts 13.1–13.3).
///
/// A registry event has no signature of its issuer; it counts because the issuer's key event log seals it. Who the issuer
/// is, the inception of the registry says and nothing else does.
public struct RegistryDecision<View: CredentialView> {
    let view: View

    /// Decides over a view.
    public init(_ view: View) { self.view = view }

    /// What to do with an event.
    public enum Verdict: Sendable, Hashable {
        /// Append it to the log of the registry, which is in this state then.
        case acceptRegistry(RegistryEventRecord, RegistryState)
        /// Append it to the log of the credential, which has this status then.
        case acceptStatus(RegistryEventRecord, CredentialStatus)
        /// It is there already; the record has these more signatures of backers.
        case duplicate(RegistryEventRecord, added: Int)
        /// Keep it for later.
        case escrow(RegistryEscrow)
        /// Drop it.
        case reject(CredentialRejection)
    }

    /// Decides about one event.
    ///
    /// - Parameters:
    ///   - event: the typed body.
    ///   - signatures: what backers attached. Where an event is sealed is looked up and not believed.
    ///   - now: the time to record.
    /// - Throws: ``StoreError``.
    public func decide(
        _ event: RegistryEvent, backerSignatures signatures: [IndexedSignature], now: Timestamp
    ) throws -> Verdict {
        switch event.kind {
        case .registryInception: return try decideInception(event, signatures, now)
        case .registryRotation: return try decideRotation(event, signatures, now)
        default: return try decideStatus(event, signatures, now)
        }
    }

    // MARK: Registries

    private func decideInception(
        _ event: RegistryEvent, _ signatures: [IndexedSignature], _ now: Timestamp
    ) throws -> Verdict {
        guard event.sn == .zero, let issuer = event.issuer else { return .reject(.wrongPosition) }
        if let record = try view.event(of: event.subject, in: event.subject, at: .zero) {
            return try decideDuplicate(of: record, signatures)
        }
        let isBackerless = event.traits.contains(RegistryTrait.noBackers)
        let backers = event.backersAdded
        let threshold = event.backerThreshold ?? 0
        guard BackerRule.fits(threshold, backers), !(isBackerless && !backers.isEmpty) else {
            return .reject(.badBackers)
        }
        let context = Context(registry: event.subject, issuer: issuer, backers: backers, threshold: threshold)
        return try prove(event, context, signatures, now) { record in
            .acceptRegistry(
                record,
                RegistryState(
                    registry: event.subject, issuer: issuer, sn: .zero, event: event.said, isBackerless: isBackerless,
                    backers: backers, backerThreshold: threshold, anchor: record.anchor))
        }
    }

    private func decideRotation(
        _ event: RegistryEvent, _ signatures: [IndexedSignature], _ now: Timestamp
    ) throws -> Verdict {
        guard let before = event.sn.previous else { return .reject(.wrongPosition) }
        guard let state = try view.registry(event.subject) else {
            return .escrow(.unknownRegistry(event.subject, signatures))
        }
        guard !state.isBackerless else { return .reject(.wrongBacking) }
        if let verdict = try decideOccupied(event, in: state, signatures) { return verdict }
        guard let prior = try view.event(of: state.registry, in: state.registry, at: before) else {
            return .escrow(
                try outOfOrder(
                    event, in: state, "event \(before) of the registry", .registry(state.registry), signatures))
        }
        guard event.prior == prior.said else {
            return try decideMismatch(event, behind: prior.seal, in: state, .registry(state.registry), signatures)
        }
        let threshold = event.backerThreshold ?? 0
        guard let (current, _) = try backers(of: state, at: prior.seal),
            let backers = BackerRule.list(after: event, from: current), BackerRule.fits(threshold, backers)
        else { return .reject(.badBackers) }
        let context = Context(registry: state.registry, issuer: state.issuer, backers: backers, threshold: threshold)
        return try prove(event, context, signatures, now) { record in
            .acceptRegistry(
                record,
                RegistryState(
                    registry: state.registry, issuer: state.issuer, sn: event.sn, event: event.said,
                    isBackerless: false, backers: backers, backerThreshold: threshold, anchor: record.anchor))
        }
    }

    // MARK: Credentials

    private func decideStatus(
        _ event: RegistryEvent, _ signatures: [IndexedSignature], _ now: Timestamp
    ) throws -> Verdict {
        let isIssuance = event.kind == .issuance || event.kind == .backedIssuance
        let isBacked = event.kind == .backedIssuance || event.kind == .backedRevocation
        guard event.sn == (isIssuance ? .zero : SequenceNumber(1)) else { return .reject(.wrongPosition) }
        guard let registry = event.registryNamed else { return .reject(.foreignRegistry) }
        guard let state = try view.registry(registry) else {
            return .escrow(.unknownRegistry(registry, signatures))
        }
        guard state.isBackerless != isBacked else { return .reject(.wrongBacking) }
        if let verdict = try decideOccupied(event, in: state, signatures) { return verdict }
        var context = Context(registry: registry, issuer: state.issuer, backers: [], threshold: 0)
        if let named = event.registryAnchor {
            guard named.sn <= state.sn else {
                return .escrow(
                    try outOfOrder(
                        event, in: state, "event \(named.sn) of the registry", .registry(registry), signatures))
            }
            guard let inForce = try backers(of: state, at: named) else { return .reject(.badBackers) }
            (context.backers, context.threshold) = inForce
            context.registryEvent = named
        }
        let status = try view.status(of: event.subject, in: registry)
        if isIssuance {
            return try prove(event, context, signatures, now) { record in
                // What was revoked stays so, whatever becomes of its issuance.
                let issued = CredentialStatus(record, event, issuance: event.said, anchor: record.anchor)
                return .acceptStatus(record, status?.isRevoked == true ? status?.issued(by: record) ?? issued : issued)
            }
        }
        guard let status else {
            return .escrow(
                try outOfOrder(
                    event, in: state, "the issuance in registry \(registry)", .status(event.subject), signatures))
        }
        guard try event.prior == status.issuance || wasIssued(event, by: state.issuer) else {
            let seal = EventSeal(aid: event.seal.aid, sn: .zero, said: status.issuance)
            return try decideMismatch(event, behind: seal, in: state, .status(event.subject), signatures)
        }
        return try prove(event, context, signatures, now) { record in
            .acceptStatus(
                record,
                CredentialStatus(record, event, issuance: status.issuance, anchor: status.issuanceAnchor))
        }
    }

    /// Whether the issuer's log once sealed the issuance that a revocation names. A recovery may have put another one in its
    /// place; whoever hears of the revocation only then must not think better of the credential.
    private func wasIssued(_ event: RegistryEvent, by issuer: AID) throws -> Bool {
        guard let issuance = event.prior else { return false }
        let seal = EventSeal(aid: AID(unchecked: event.subject.primitive), sn: .zero, said: issuance)
        return try view.anchor(of: seal, by: issuer, onAnyBranch: true) != nil
    }

    /// The backers in force after the event of the registry that a credential event names; nil when it has no such event.
    func backers(of state: RegistryState, at named: EventSeal) throws -> ([AID], UInt32)? {
        if named.said == state.event, named.sn == state.sn { return (state.backers, state.backerThreshold) }
        var parser = MessageParser()
        var backers: [AID] = []
        var sn: SequenceNumber? = .zero
        while let position = sn, position <= named.sn {
            guard let record = try view.event(of: state.registry, in: state.registry, at: position),
                case .registryEvent(let event)? = try? parser.parse(record.bytes.span, format: record.format),
                let list = BackerRule.list(after: event, from: backers)
            else { throw StoreError(.corrupt, "event \(position) of registry \(state.registry) can't be read back") }
            backers = list
            if position == named.sn {
                return record.said == named.said ? (backers, event.backerThreshold ?? 0) : nil
            }
            sn = position.next
        }
        return nil
    }

    // MARK: Parts

    /// Whose event it is and who must have receipted it.
    private struct Context {
        let registry: SAID
        let issuer: AID
        var backers: [AID]
        var threshold: UInt32
        /// The event of the registry that names these backers; nil without backers and in events of the registry itself.
        var registryEvent: EventSeal?
    }

    /// What an occupied place says of an event; nil when it is free. The same event is a duplicate (keripy calls it
    /// duplicitous too); another one never counts, unless what stands there has no seal any more: a recovery has taken
    /// back what a thief had sealed, and must not leave the place to him. A revocation never makes room.
    private func decideOccupied(
        _ event: RegistryEvent, in state: RegistryState, _ signatures: [IndexedSignature]
    ) throws -> Verdict? {
        guard let record = try view.event(of: event.subject, in: state.registry, at: event.sn) else { return nil }
        guard record.said != event.said else { return try decideDuplicate(of: record, signatures) }
        let stays = try event.isRevocation || view.isSealed(record.seal, by: state.issuer)
        return stays ? .reject(.likelyDuplicitous) : nil
    }

    /// What an event that does not follow the one before it comes to. When nothing seals that one any more, a recovery has
    /// taken it back, and the event that it follows may still come.
    private func decideMismatch(
        _ event: RegistryEvent, behind former: EventSeal, in state: RegistryState, _ awaited: CredentialArrival,
        _ signatures: [IndexedSignature]
    ) throws -> Verdict {
        guard try !view.isSealed(former, by: state.issuer) else { return .reject(.priorMismatch) }
        return .escrow(try outOfOrder(event, in: state, "the event before it", awaited, signatures))
    }

    private func outOfOrder(
        _ event: RegistryEvent, in state: RegistryState, _ missing: String, _ awaited: CredentialArrival,
        _ signatures: [IndexedSignature]
    ) throws -> RegistryEscrow {
        let isSealed = try view.anchor(of: event, by: state.issuer) != nil
        return RegistryEscrow(
            reason: .outOfOrder, issuer: state.issuer, missing: missing,
            // A seal that comes later gives the entry the rank that it deserves.
            waitsFor: isSealed ? [awaited] : [awaited, .keyEvents(state.issuer)], isVerified: isSealed,
            backerSignatures: signatures)
    }

    private func decideDuplicate(
        of record: RegistryEventRecord, _ signatures: [IndexedSignature]
    ) throws -> Verdict {
        let news = signatures.filter { signature in
            !record.backerSignatures.contains { $0.index == signature.index }
        }
        guard !news.isEmpty, let state = try view.registry(record.registry), !state.isBackerless else {
            return .duplicate(record, added: 0)
        }
        var parser = MessageParser()
        guard case .registryEvent(let event)? = try? parser.parse(record.bytes.span, format: record.format) else {
            throw StoreError(.corrupt, "registry event \(record.said) can't be read back")
        }
        let own = EventSeal(aid: AID(unchecked: record.registry.primitive), sn: record.sn, said: record.said)
        guard let (backers, _) = try self.backers(of: state, at: event.registryAnchor ?? own) else {
            return .duplicate(record, added: 0)
        }
        var updated = record
        updated.backerSignatures += BackerRule.verified(news, over: record.bytes, by: backers)
        return .duplicate(updated, added: updated.backerSignatures.count - record.backerSignatures.count)
    }

    /// Accepts an event that is in its place when the issuer's log seals it and enough backers signed it.
    private func prove(
        _ event: RegistryEvent, _ context: Context, _ signatures: [IndexedSignature], _ now: Timestamp,
        accept: (RegistryEventRecord) -> Verdict
    ) throws -> Verdict {
        let valid = BackerRule.verified(signatures, over: event.bytes, by: context.backers)
        guard let anchor = try view.anchor(of: event, by: context.issuer) else {
            return .escrow(
                RegistryEscrow(
                    reason: .missingAnchor, issuer: context.issuer,
                    missing: "the seal in the key event log of \(context.issuer)",
                    waitsFor: [.keyEvents(context.issuer)], isVerified: false, backerSignatures: valid))
        }
        guard try isInForce(context, at: anchor, sealing: event.seal) else { return .reject(.badBackers) }
        guard valid.count >= Int(context.threshold) else {
            return .escrow(
                RegistryEscrow(
                    reason: .partialBackers, issuer: context.issuer,
                    missing: "backers' signatures: \(valid.count) valid, \(context.threshold) needed", waitsFor: [],
                    isVerified: true, backerSignatures: valid))
        }
        return accept(
            RegistryEventRecord(
                registry: context.registry, subject: event.subject, sn: event.sn, said: event.said, kind: event.kind,
                seenAt: now, bytes: event.bytes, format: event.format, anchor: anchor, backerSignatures: valid))
    }

    /// Whether the registry had not changed its backers before an event was sealed: who was removed must not vouch for
    /// anything any more.
    private func isInForce(_ context: Context, at anchor: SealSource, sealing seal: EventSeal) throws -> Bool {
        guard let named = context.registryEvent, let sn = named.sn.next,
            let later = try view.event(of: context.registry, in: context.registry, at: sn),
            let change = try view.anchor(of: later.seal, by: context.issuer)
        else { return true }
        guard change.sn == anchor.sn else { return change.sn > anchor.sn }
        guard let record = try view.keyEvents.record(of: context.issuer, at: anchor.sn, said: anchor.said),
            let place = record.place(of: seal), let placeOfChange = record.place(of: later.seal)
        else { return false }
        return place < placeOfChange
    }
}
