// SPDX-License-Identifier: Apache-2.0

public import ACDC
public import CESR
public import KERI

/// What a witness needs of the place where it keeps registries of its controllers.
public protocol RegistryKeeper: Sendable {
    /// Decides about a registry event and keeps it.
    /// - Parameter serves: whether an owner is one whose registries are kept.
    /// - Throws: what the store fails with.
    func take(
        _ event: RegistryEvent, _ attachments: Attachments, now: Timestamp, serves: (AID) -> Bool
    ) throws -> RegistryKeeping

    /// Signs a registry event as one of its backers, once for each place; what it signs is durable when this returns.
    /// What can't be decided yet is kept as ``take(_:_:now:serves:)`` keeps it.
    /// - Parameters:
    ///   - key: the one key of the backer.
    ///   - serves: whether an owner is one whose registries are backed.
    /// - Throws: what the store fails with.
    func back(
        _ event: RegistryEvent, _ attachments: Attachments, with key: CreatedKey, now: Timestamp,
        serves: (AID) -> Bool
    ) throws -> RegistryBacking

    /// The events of a registry, then those of a credential in it, as keripy replays them; empty when the registry is
    /// not known. Without a registry: those of the credential in every registry that issued its digest.
    /// - Throws: what the store fails with.
    func log(of registry: SAID?, credential: SAID?) throws -> [UInt8]

    /// Whether anything waits for the log of an owner; asked after each of its events, so it has to be cheap.
    /// - Throws: what the store fails with.
    func awaits(_ owner: AID) throws -> Bool

    /// Decides again about what waits for the log of an owner.
    /// - Throws: what the store fails with.
    func wake(after owner: AID, now: Timestamp) throws

    /// Drops what has waited too long.
    /// - Throws: what the store fails with.
    func expire(now: Timestamp) throws

    /// Decides again about everything that waits: a crash may have come between a log and what waits for it.
    /// - Throws: what the store fails with.
    func catchUp(now: Timestamp) throws

    /// The bytes of a schema; nil for one that is not here.
    /// - Throws: what the store fails with.
    func schema(_ said: SAID) throws -> [UInt8]?
}

/// What became of a registry event at a witness.
public enum RegistryKeeping: Hashable, Sendable {
    /// It was decided about.
    case decided(CredentialOutcome)
    /// Its owner is not served here.
    case notServed
}

/// What became of a registry event that a backer was asked to sign.
public enum RegistryBacking: Hashable, Sendable {
    /// It is signed; this is the signature.
    case signed(IndexedSignature, isNew: Bool)
    /// It names other backers, or none; nothing was kept.
    case notBacker
    /// Its owner is not served here.
    case notServed
    /// It lacks something.
    case waits(CredentialEscrowReason)
    /// It was refused.
    case refused(CredentialRejection)
}

/// Registries in a credential store beside the logs of a witness.
public struct RegistryArchive<Store: CredentialStore>: RegistryKeeper {
    private let store: Store
    private let processor: CredentialProcessor<Store>

    /// Most registries of one digest that are looked at: anybody can issue any digest in a registry of one's own.
    private static var mostRegistries: Int { 8 }

    /// Keeps registries in a store.
    public init(_ store: Store, limits: CredentialEscrowLimits = CredentialEscrowLimits()) {
        self.store = store
        processor = CredentialProcessor(store: store, limits: limits)
    }

    /// Decides about a registry event, then about what waits for it.
    public func take(
        _ event: RegistryEvent, _ attachments: Attachments, now: Timestamp, serves: (AID) -> Bool
    ) throws -> RegistryKeeping {
        guard try store.read(credentials: { try Self.isServed(event, serves, $0) }) else { return .notServed }
        let outcome = try processor.process(event, with: attachments, now: now)
        if outcome == .accepted { try resume(event.arrival, now: now) }
        return .decided(outcome)
    }

    /// An event whose registry is not known waits like any stranger's; the quota of strangers bounds it.
    private static func isServed(
        _ event: RegistryEvent, _ serves: (AID) -> Bool, _ transaction: Store.Transaction
    ) throws -> Bool {
        if event.kind == .registryInception { return event.issuer.map(serves) ?? false }
        let named = [event.registry, event.registryAnchor.flatMap { SAID($0.aid.primitive) }, event.subject]
        for said in named {
            if let said, let state = try transaction.registry(said) { return serves(state.issuer) }
        }
        return true
    }

    /// Signs a registry event as one of its backers.
    public func back(
        _ event: RegistryEvent, _ attachments: Attachments, with key: CreatedKey, now: Timestamp,
        serves: (AID) -> Bool
    ) throws -> RegistryBacking {
        guard let backer = AID(key.verificationKey.text) else { return .notBacker }
        let (backing, outcome) = try store.write(credentials: { transaction in
            try decide(event, attachments, key, backer, now: now, serves: serves, in: &transaction)
        })
        if outcome == .accepted { try resume(event.arrival, now: now) }
        return backing
    }

    /// Decides, keeps the event, and keeps what is signed, in one transaction.
    private func decide(
        _ event: RegistryEvent, _ attachments: Attachments, _ key: CreatedKey, _ backer: AID, now: Timestamp,
        serves: (AID) -> Bool, in transaction: inout Store.Transaction
    ) throws -> (RegistryBacking, CredentialOutcome?) {
        guard try Self.isServed(event, serves, transaction) else { return (.notServed, nil) }
        var attachments = attachments
        switch try BackingDecision(transaction).decide(event, by: backer, now: now) {
        case .notBacker: return (.notBacker, nil)
        case .occupied: return (.refused(.likelyDuplicitous), nil)
        case .refused(let reason): return (.refused(reason), nil)
        case .waits(let reason):
            let outcome = try processor.apply(event, with: attachments, to: &transaction, now: now)
            if case .rejected(let why) = outcome { return (.refused(why), outcome) }
            return (.waits(reason), outcome)
        case .signed(let former):
            attachments.witnessSignatures.insert(former.signature, at: 0)
            let outcome = try processor.apply(event, with: attachments, to: &transaction, now: now)
            return (.signed(former.signature, isNew: false), outcome)
        case .sign(let index, let registry):
            let signature = try key.indexedSignature(over: event.bytes, index: index)
            attachments.witnessSignatures.insert(signature, at: 0)
            let outcome = try processor.apply(event, with: attachments, to: &transaction, now: now)
            if case .rejected(let why) = outcome { return (.refused(why), outcome) }
            try transaction.putBackedEvent(
                BackedEvent(
                    registry: registry, subject: event.subject, sn: event.sn, said: event.said, kind: event.kind,
                    backer: backer, signature: signature, signedAt: now))
            return (.signed(signature, isNew: true), outcome)
        }
    }

    private func resume(_ arrival: CredentialArrival, now: Timestamp) throws {
        var result = try processor.resume(after: [arrival], now: now)
        while !result.remaining.isEmpty { result = try processor.resume(result.remaining, now: now) }
    }

    /// The events of a registry, then those of a credential in it.
    public func log(of registry: SAID?, credential: SAID?) throws -> [UInt8] {
        try store.read(credentials: { transaction in
            var stream: [UInt8] = []
            var registries: [SAID] = []
            if let registry {
                stream += try Self.events(of: registry, in: registry, transaction)
                guard !stream.isEmpty else { return [] }
                registries = [registry]
            } else if let credential {
                registries = try transaction.registriesIssuing(credential, limit: Self.mostRegistries)
            }
            if let credential {
                for registry in registries { stream += try Self.events(of: credential, in: registry, transaction) }
            }
            return stream
        })
    }

    private static func events(
        of subject: SAID, in registry: SAID, _ transaction: Store.Transaction
    ) throws -> [UInt8] {
        var stream: [UInt8] = []
        var place: SequenceNumber? = .zero
        while let sn = place {
            let records = try transaction.events(of: subject, in: registry, from: sn, limit: 256)
            for record in records { stream += try record.message() }
            place = records.last?.sn.next
        }
        return stream
    }

    /// Whether anything waits for the log of an owner.
    public func awaits(_ owner: AID) throws -> Bool {
        try store.read(credentials: { try $0.nextCredentialEscrow(waitingFor: .keyEvents(owner), after: nil) != nil })
    }

    /// Decides again about what waits for the log of an owner.
    public func wake(after owner: AID, now: Timestamp) throws { try resume(.keyEvents(owner), now: now) }

    /// Drops what has waited too long.
    public func expire(now: Timestamp) throws { _ = try processor.expire(now: now) }

    /// Decides again about everything that waits.
    public func catchUp(now: Timestamp) throws { _ = try processor.resume(now: now) }

    /// The bytes of a schema.
    public func schema(_ said: SAID) throws -> [UInt8]? {
        try store.read(credentials: { try $0.schema(said)?.bytes })
    }
}
