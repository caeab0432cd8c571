// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
public import KERI
internal import KelmarkBytes

extension Issuing {
    // MARK: Sealing

    func owner(of registry: OwnedRegistry) throws -> Controller<Store.KeyEventLogs> {
        try Controller(wallet, registry.owner.text)
    }

    func refuseWhilePending(_ subject: SAID, what: String) throws {
        guard try !book.load().pending.contains(where: { $0.subject == subject }) else {
            throw IssuingError(.registryWaiting, "an event about \(what) is still on its way")
        }
    }

    static func writing(_ body: () throws -> RegistryEvent) throws -> RegistryEvent {
        do { return try body() } catch let failure as RegistryEventBuilder.Failure {
            throw IssuingError(.notWritable, "the registry event can't be written: \(failure)")
        }
    }

    /// Keeps an event, seals it, and takes it in as far as its proof goes.
    func seal(
        _ event: RegistryEvent, by controller: Controller<Store.KeyEventLogs>, naming registry: OwnedRegistry? = nil,
        credential: [UInt8]? = nil, signers: [Int]?, now: Timestamp
    ) async throws -> IssuedEvent {
        let pending = PendingRegistryEvent(event, owner: controller.aid, credential: credential, since: now)
        if !wallet.isDryRun {
            try book.update { ledger in
                if let registry { ledger.registries.append(registry) }
                ledger.pending.append(pending)
            }
        }
        do {
            return try await anchor(pending, event.seal, by: controller, signers: signers, now: now)
        } catch {
            // Only what no seal can speak of is forgotten.
            let isSealed = try wallet.store.read {
                try !$0.sealings(of: pending.said, by: pending.owner).isEmpty
            }
            if !wallet.isDryRun, try !isSealed && !mayBeSealedSoon(pending) {
                try book.update { ledger in
                    ledger.pending.removeAll { $0.said == pending.said }
                    if let registry { ledger.registries.removeAll { $0.said == registry.said } }
                }
            }
            throw error
        }
    }

    private func anchor(
        _ pending: PendingRegistryEvent, _ seal: EventSeal, by controller: Controller<Store.KeyEventLogs>,
        signers: [Int]?, now: Timestamp
    ) async throws -> IssuedEvent {
        let sealing: AuthoredEvent
        if try controller.keyState().isEstablishmentOnly {
            var plan = RotationPlan()
            plan.anchors = [seal.value]
            plan.signers = signers
            sealing = try await controller.rotate(plan, now: now)
        } else {
            sealing = try await controller.anchor([seal.value], signers: signers, now: now)
        }
        guard !wallet.isDryRun else { return IssuedEvent(event: pending, sealing: sealing, stage: .planned) }
        return IssuedEvent(event: pending, sealing: sealing, stage: try settle(pending, now: now))
    }

    /// Whether an event of the owner that waits may have a seal of the event.
    private func mayBeSealedSoon(_ pending: PendingRegistryEvent) throws -> Bool {
        if try wallet.identifier(pending.owner.text).waitingEvent != nil { return true }
        return try wallet.store.read { transaction in
            let digest = Array(pending.said.text.utf8)
            return try transaction.escrows(reason: nil, aid: pending.owner, limit: .max)
                .contains { $0.message.firstRange(of: digest) != nil }
        }
    }

    // MARK: Going on

    /// Takes in what has been sealed meanwhile.
    /// - Returns: every event that is or was on its way, with how far it has come.
    /// - Throws: what book and store fail with.
    @discardableResult
    public func settle(now: Timestamp) throws -> [IssuedEvent] {
        guard !wallet.isDryRun else { return [] }
        return try book.load().pending.map { pending in
            IssuedEvent(event: pending, sealing: nil, stage: try settle(pending, now: now))
        }
    }

    /// Takes an event in when the owner's log seals it, then its credential; forgets it when both are accepted.
    public func settle(_ pending: PendingRegistryEvent, now: Timestamp) throws -> IssuedEvent.Stage {
        guard case .registryEvent(let event)? = try? StoredMessage(pending.event).message else {
            throw IssuingError(.bookDamaged, "the registry event \(pending.said) can't be read back")
        }
        // A revocation counts on any branch; everything else must be sealed where the log stands now.
        let isSealed = try store.read(credentials: { try $0.anchor(of: event, by: pending.owner) != nil })
        guard isSealed else { return .waitsForSeal }
        let processor = CredentialProcessor(store: store)
        switch try processor.process(event, with: Attachments(), now: now) {
        case .accepted, .duplicate: break
        case .escrowed(let reason): return .waits(reason)
        case .rejected(let rejection): return .refused(rejection)
        }
        if let body = pending.credential {
            let credential = try Self.credential(body)
            switch try processor.process(credential, with: Attachments(), now: now).outcome {
            case .accepted, .duplicate: break
            case .escrowed(let reason): return .waits(reason)
            case .rejected(let rejection): return .refused(rejection)
            }
        }
        var arrivals: [CredentialArrival] = [event.arrival, .keyEvents(pending.owner)]
        if pending.credential != nil { arrivals.append(.credential(pending.subject)) }
        _ = try processor.resume(after: arrivals, now: now)
        try book.update { ledger in ledger.pending.removeAll { $0.said == pending.said } }
        return .accepted
    }

    private static func credential(_ body: [UInt8]) throws -> Credential {
        var reader = StreamReader()
        var parser = CredentialParser()
        guard case .message(let frame) = reader.next(in: body.span),
            let credential = try? parser.parse(body.span.extracting(frame.bodyRange), version: frame.version)
        else { throw IssuingError(.bookDamaged, "a credential on its way can't be read back") }
        return credential
    }

    /// Forgets an event that can't come to count: one that is refused, or that nothing seals and nothing will.
    /// - Throws: ``IssuingError`` `unknownRegistry` when there is no such event, `registryWaiting` while it may count.
    public func drop(_ said: SAID, now: Timestamp) throws {
        guard let pending = try book.load().pending.first(where: { $0.said == said }) else {
            throw IssuingError(.unknownRegistry, "no event \(said) is on its way")
        }
        switch try settle(pending, now: now) {
        case .refused: break
        case .waitsForSeal where try !mayBeSealedSoon(pending): break
        default: throw IssuingError(.registryWaiting, "\(said) may still count")
        }
        try book.update { ledger in
            ledger.pending.removeAll { $0.said == said }
            ledger.registries.removeAll { $0.said == pending.subject && pending.kind == .registryInception }
        }
    }

    /// Seals an event that no seal speaks of, as after a crash, and takes it in as far as its proof goes.
    /// - Throws: what ``Controller/anchor(_:signers:format:now:)`` throws.
    public func resume(
        _ pending: PendingRegistryEvent, signers: [Int]? = nil, now: Timestamp
    ) async throws -> IssuedEvent {
        let stage = try settle(pending, now: now)
        guard stage == .waitsForSeal, let seal = pending.seal, try !mayBeSealedSoon(pending) else {
            return IssuedEvent(event: pending, sealing: nil, stage: stage)
        }
        return try await anchor(
            pending, seal, by: try Controller(wallet, pending.owner.text), signers: signers, now: now)
    }
}
