// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes
internal import KelmarkCrypto

/// One AID of a wallet with its keys: makes and signs its events. Also called Hab in KERIpy.
public struct Controller<Store: KeyEventStore>: Sendable {
    /// Where it belongs.
    public let wallet: Wallet<Store>
    /// Its name and AID.
    public let identifier: OwnedIdentifier

    /// The controller of an AID of the wallet, by name or AID.
    /// - Throws: ``ControllerError`` `unknown`.
    public init(_ wallet: Wallet<Store>, _ nameOrAID: String) throws {
        self.wallet = wallet
        identifier = try wallet.identifier(nameOrAID)
    }

    /// The AID.
    public var aid: AID { identifier.aid }

    /// The state after the latest accepted event.
    /// - Throws: ``ControllerError`` `eventWaiting` when not even the inception is accepted.
    public func keyState() throws -> KeyState {
        guard let state = try wallet.keyState(of: aid) else {
            throw ControllerError(.eventWaiting, "the inception of \(identifier.name) is still waiting")
        }
        return state
    }

    /// The state that a new event stands behind; refuses while another event waits.
    private func base(at position: SequenceNumber? = nil) throws -> KeyState {
        if try wallet.book.load().first(where: { $0.aid == aid })?.waitingEvent != nil {
            throw ControllerError(.eventWaiting, "an event of \(identifier.name) is still waiting")
        }
        let latest = try keyState()
        guard latest.isTransferable else {
            throw ControllerError(.ended, "\(identifier.name) can have no further events")
        }
        guard let position else { return latest }
        let first = latest.delegator == nil ? latest.establishmentSn.next : latest.establishmentSn
        guard let first, position >= first, position <= latest.sn, let before = position.previous,
            let base = try wallet.store.read({ try $0.trunkState(of: aid, through: before) })
        else {
            throw ControllerError(
                .position, "a recovery of \(identifier.name) can stand at \(first?.hex ?? "none") to \(latest.sn.hex)")
        }
        return base
    }

    // MARK: Interactions

    /// Anchors seals or other data in an interaction.
    /// - Throws: ``ControllerError``, ``Rejection``, ``EventBuilder/Failure``, ``VaultError``, ``StoreError``.
    public func anchor(
        _ anchors: [OrderedValue], signers: [Int]? = nil, format: DocumentFormat = .json, now: Timestamp
    ) async throws -> AuthoredEvent {
        let state = try base()
        guard !state.isEstablishmentOnly else {
            throw ControllerError(.establishmentOnly, "\(identifier.name) takes establishment events only")
        }
        let event = try EventBuilder.interaction(of: state, anchors: anchors, format: format)
        let signatures = try await sign(event.bytes, as: state, signers: signers)
        return try wallet.finish(event, signedBy: signatures, now: now)
    }

    /// Signs any bytes with the keys in force, as receipts, replies and exchange messages need it.
    /// - Throws: ``ControllerError``, ``VaultError``.
    public func sign(_ message: [UInt8], signers: [Int]? = nil) async throws -> [IndexedSignature] {
        try await sign(message, as: try keyState(), signers: signers)
    }

    /// Signs any bytes with one of the keys in force, whatever the threshold: for what a single key may ask for.
    /// - Throws: ``ControllerError`` `keyIndex`, `keyMissing`; ``VaultError``.
    public func signAlone(_ message: [UInt8], with place: Int) async throws -> IndexedSignature {
        let state = try keyState()
        guard state.keys.indices.contains(place) else {
            throw ControllerError(.keyIndex, "\(identifier.name) has no key \(place)")
        }
        guard let key = try await wallet.ring().key(state.keys[place]) else {
            throw ControllerError(.keyMissing, "the vault has not key \(place) of \(identifier.name)")
        }
        return try key.indexedSignature(over: message, index: place)
    }

    private func sign(_ message: [UInt8], as state: KeyState, signers: [Int]?) async throws -> [IndexedSignature] {
        let places = try Signing.choice(signers, of: state.keys.count)
        guard state.signingThreshold.isSatisfied(by: SignerSet(places)) else {
            throw ControllerError(
                .keysInsufficient,
                "\(places.count) of \(state.keys.count) keys sign, the threshold is \(state.signingThreshold.summary)")
        }
        let ring = try await wallet.ring()
        var signatures: [IndexedSignature] = []
        for place in places {
            guard let key = try await ring.key(state.keys[place]) else {
                throw ControllerError(.keyMissing, "the vault has not key \(place) of \(identifier.name)")
            }
            signatures.append(try key.indexedSignature(over: message, index: place))
        }
        return signatures
    }

    // MARK: Rotations

    /// Rotates the keys as planned.
    /// - Throws: ``ControllerError``, ``Rejection``, ``EventBuilder/Failure``, ``VaultError``, ``StoreError``.
    public func rotate(_ plan: RotationPlan, now: Timestamp) async throws -> AuthoredEvent {
        let base = try base(at: plan.position)
        var ring = try await wallet.ring()
        var derivation = identifier.derivation
        let revealed = try await reveal(plan, base, from: ring)
        let fresh = try await ring.make(plan.addedKeyCount, for: &derivation, algorithm: identifier.algorithm)
        let places =
            revealed.map { Signing.Place(key: $0.key, ondex: $0.ondex, isFresh: false) }
            + fresh.map { Signing.Place(key: $0, ondex: nil, isFresh: true) }
        guard !places.isEmpty else { throw ControllerError(.keyIndex, "a rotation needs at least one key") }

        let carried =
            plan.isAbandonment || plan.reveal == nil || !plan.carriesUnrevealed
            ? [] : base.nextDigests.indices.filter { place in !revealed.contains { $0.ondex == place } }
        let nextCount = plan.isAbandonment ? 0 : plan.nextCount ?? base.nextDigests.count
        guard carried.count <= nextCount else {
            throw ControllerError(
                .keyIndex, "\(carried.count) digests are carried on, but \(nextCount) next keys wanted")
        }
        let next = try await ring.make(nextCount - carried.count, for: &derivation, algorithm: identifier.algorithm)
        let stated = try establishment(
            plan, base, keys: places.map(\.key.verificationKey),
            next: carried.map { base.nextDigests[$0] } + next.map { KeyDigest(of: $0.verificationKey) },
            revealsAll: revealed.count == base.nextDigests.count)
        let event = try EventBuilder.rotation(of: base, stated, anchors: plan.anchors, format: plan.format)
        let signatures = try Signing.sign(
            event, with: places, chosen: plan.signers, threshold: stated.signingThreshold)
        try require(base.nextThreshold, revealedBy: signatures, places)
        if !wallet.isDryRun {
            try await ring.save()
            try wallet.update(aid) { $0.derivation = derivation }
        }
        do {
            return try wallet.finish(event, signedBy: signatures, now: now)
        } catch {
            // Where nothing commits to the new keys, salty ones come again from the same path.
            if !wallet.mayBeDurable(event) { try? wallet.update(aid) { $0.derivation = identifier.derivation } }
            throw error
        }
    }

    /// The pre-rotated keys that the plan turns into signing keys, with their places.
    private func reveal(
        _ plan: RotationPlan, _ base: KeyState, from ring: KeyRing
    ) async throws -> [(key: CreatedKey, ondex: Int)] {
        let places =
            plan.reveal == nil
            ? Array(base.nextDigests.indices)
            : try Signing.choice(plan.reveal, of: base.nextDigests.count)
        let keys = try await ring.keys(behind: base.nextDigests)
        return try places.map { place in
            guard let key = keys[place] else {
                throw ControllerError(.keyMissing, "the vault has not pre-rotated key \(place) of \(identifier.name)")
            }
            return (key, place)
        }
    }

    private func establishment(
        _ plan: RotationPlan, _ base: KeyState, keys: [VerificationKey], next: [KeyDigest], revealsAll: Bool
    ) throws -> Establishment {
        let signing =
            plan.signingThreshold
            ?? (revealsAll && keys.count == base.nextDigests.count
                ? base.nextThreshold
                : StandardNumbers.half(of: keys.count))
        let nextThreshold =
            next.isEmpty
            ? .count(0)
            : plan.nextThreshold
                ?? (next.count == base.nextDigests.count ? base.nextThreshold : StandardNumbers.half(of: next.count))
        try Signing.require(signing, fits: keys.count, "signing threshold")
        try Signing.require(nextThreshold, fits: next.count, "threshold of the next keys")
        let cuts = Set(plan.witnessesCut)
        guard cuts.count == plan.witnessesCut.count, cuts.isSubset(of: base.witnesses) else {
            throw ControllerError(.witness, "a witness to remove is none, or named twice")
        }
        let adds = Set(plan.witnessesAdded)
        guard adds.count == plan.witnessesAdded.count, adds.isDisjoint(with: cuts),
            adds.isDisjoint(with: base.witnesses)
        else { throw ControllerError(.witness, "a witness to add is one already, or named twice") }
        let list = base.witnesses.filter { !cuts.contains($0) } + plan.witnessesAdded
        let witnessThreshold =
            plan.witnessThreshold
            ?? (list == base.witnesses ? base.witnessThreshold : StandardNumbers.ample(list.count))
        try Signing.require(witnessThreshold, fits: list)
        return Establishment(
            signingThreshold: signing, keys: keys, nextThreshold: nextThreshold, nextDigests: next,
            witnessThreshold: witnessThreshold, witnessesAdded: plan.witnessesAdded, witnessesCut: plan.witnessesCut)
    }

    /// Refuses when those who sign do not reveal enough pre-rotated keys (facts 7.3, rule 7).
    private func require(
        _ threshold: Threshold, revealedBy signatures: [IndexedSignature], _ places: [Signing.Place]
    ) throws {
        let revealed = SignerSet(signatures.compactMap { places[$0.index].ondex })
        guard threshold.isSatisfied(by: revealed) else {
            throw ControllerError(
                .keysInsufficient,
                "\(revealed.count) pre-rotated keys sign, the threshold of the next keys is \(threshold.summary)")
        }
    }
}
