// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI

/// What a backer has signed at one place of a registry. It is kept before the signature leaves, for a backer that signs
/// two events for one place vouches for neither.
public struct BackedEvent: Sendable, Hashable {
    /// The registry.
    public let registry: SAID
    /// Whose log: the registry itself, or a credential.
    public let subject: SAID
    /// The position.
    public let sn: SequenceNumber
    /// The digest of the event.
    public let said: SAID
    /// What the event does.
    public let kind: MessageKind
    /// The backer.
    public let backer: AID
    /// The signature, with the backer's place in the list.
    public let signature: IndexedSignature
    /// When it was signed.
    public let signedAt: Timestamp

    /// Collects a record.
    public init(
        registry: SAID, subject: SAID, sn: SequenceNumber, said: SAID, kind: MessageKind, backer: AID,
        signature: IndexedSignature, signedAt: Timestamp
    ) {
        self.registry = registry
        self.subject = subject
        self.sn = sn
        self.said = said
        self.kind = kind
        self.backer = backer
        self.signature = signature
        self.signedAt = signedAt
    }

    /// The seal by which the issuer's log vouches for the event.
    public var seal: EventSeal { EventSeal(aid: AID(unchecked: subject.primitive), sn: sn, said: said) }
}

/// Decides whether a backer signs a registry event: pure, it only looks.
public struct BackingDecision<View: CredentialTransaction> {
    private let view: View

    /// Decides over a view.
    public init(_ view: View) { self.view = view }

    /// What a backer does with a registry event.
    public enum Verdict: Sendable, Hashable {
        /// Sign it with this index; it belongs to this registry.
        case sign(index: Int, registry: SAID)
        /// It was signed; this is what was kept.
        case signed(BackedEvent)
        /// It names other backers, or none.
        case notBacker
        /// Another event was signed for the place, and what sealed that one still stands.
        case occupied
        /// It can't be decided yet; it lacks this.
        case waits(CredentialEscrowReason)
        /// It is refused whoever signs it.
        case refused(CredentialRejection)
    }

    /// The registry of an event and the backers that may sign it; nil while the events that name them are not known.
    /// - Throws: ``StoreError``.
    public func backers(of event: RegistryEvent) throws -> (registry: SAID, backers: [AID])? {
        guard let registry = event.registryNamed, let backers = try RegistryDecision(view).backers(of: event) else {
            return nil
        }
        return (registry, backers)
    }

    /// Decides about one event.
    ///
    /// - Parameters:
    ///   - event: the typed body.
    ///   - backer: the AID that is asked.
    ///   - now: the time.
    /// - Throws: ``StoreError``.
    public func decide(_ event: RegistryEvent, by backer: AID, now: Timestamp) throws -> Verdict {
        let rules = RegistryDecision(view)
        let backers = try rules.backers(of: event)
        if let backers, !backers.contains(backer) { return .notBacker }
        guard let registry = event.registryNamed else { return .refused(.foreignRegistry) }
        let owner = try view.registry(registry)?.issuer ?? event.issuer
        let former = try view.backedEvent(of: event.subject, in: registry, at: event.sn, by: backer)
        if let former, former.said != event.said, let owner {
            // What ended a credential is never unsaid; anything else makes room only when its seal is gone.
            let stands = try former.kind.isRevocation || view.isSealed(former.seal, by: owner)
            if stands { return .occupied }
        }
        switch try rules.decide(event, backerSignatures: [], now: now) {
        case .reject(let reason): return .refused(reason)
        case .escrow(let escrow) where escrow.reason != .partialBackers: return .waits(escrow.reason)
        default: break
        }
        guard let owner, let backers, let index = backers.firstIndex(of: backer) else { return .waits(.outOfOrder) }
        guard try view.isProven(event.seal, by: owner) else { return .waits(.missingAnchor) }
        if let former, former.said == event.said, former.signature.index == index { return .signed(former) }
        return .sign(index: index, registry: registry)
    }
}

extension CredentialView {
    /// Whether the trunk of an owner's log seals an event in a key event that others vouch for as well: receipted by as
    /// many witnesses as it needs, and in a delegated log with every rotation sealed by such an event of the delegator.
    ///
    /// A witness accepts events of its controllers ahead of both (facts 8.1, 7.5); nobody may build on them yet.
    func isProven(_ seal: EventSeal, by owner: AID) throws -> Bool {
        var seals = [(seal, owner)]
        var known: Set<EventSeal> = []
        while let (seal, owner) = seals.popLast() {
            guard known.insert(seal).inserted else { continue }
            guard known.count <= 1024, let latest = try keyEvents.keyState(of: owner),
                let source = try keyEvents.trunkSealing(seal, by: latest),
                let record = try keyEvents.record(of: owner, at: source.sn, said: source.said),
                let state = try keyEvents.trunkState(of: owner, through: source.sn),
                record.proof.witnessSignatures.count >= Int(state.witnessThreshold)
            else { return false }
            guard let delegator = state.delegator else { continue }
            for event in try keyEvents.establishments(of: owner, through: source.sn) {
                seals.append((EventSeal(aid: owner, sn: event.sn, said: event.said), delegator))
            }
        }
        return true
    }
}

extension RegistryDecision {
    /// The backers that may sign an event; nil while the events that name them are not known.
    func backers(of event: RegistryEvent) throws -> [AID]? {
        if event.kind == .registryInception { return event.backersAdded }
        guard let registry = event.registryNamed, let state = try view.registry(registry) else { return nil }
        if event.kind == .registryRotation {
            guard let before = event.sn.previous,
                let prior = try view.event(of: registry, in: registry, at: before),
                let (current, _) = try backers(of: state, at: prior.seal)
            else { return nil }
            return BackerRule.list(after: event, from: current) ?? []
        }
        guard let named = event.registryAnchor else { return [] }
        guard named.sn <= state.sn else { return nil }
        return try backers(of: state, at: named).map(\.0) ?? []
    }
}
