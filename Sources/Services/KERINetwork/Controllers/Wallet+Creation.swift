// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes
internal import KelmarkCrypto

extension Wallet {
    /// Makes an AID. Also called Habery.makeHab in KERIpy.
    /// - Throws: ``ControllerError``, ``Rejection``, ``EventBuilder/Failure``, ``VaultError``, ``StoreError``.
    public func create(_ plan: CreationPlan, now: Timestamp) async throws -> AuthoredEvent {
        guard OwnedIdentifier.isValid(name: plan.name) else {
            throw ControllerError(.nameMalformed, "\(plan.name) can't be a name")
        }
        if !isDryRun { try keepWaitingEvents() }
        guard try !identifiers().contains(where: { $0.name == plan.name }) else {
            throw ControllerError(.nameTaken, "\(plan.name) is the name of another AID")
        }
        var ring = try await ring()
        let (derivation, changes) = try await derivation(of: plan, in: ring)
        var position = derivation
        let keys = try await ring.make(
            plan.keyCount, for: &position, algorithm: plan.algorithm, isTransferable: plan.isTransferable,
            salt: plan.salt?.secret)
        let nextCount = plan.isTransferable ? plan.nextCount ?? plan.keyCount : 0
        let next = try await ring.make(
            nextCount, for: &position, algorithm: plan.algorithm, salt: plan.salt?.secret)
        let stated = try establishment(of: plan, keys: keys, next: next)
        let event =
            plan.isTransferable
            ? try EventBuilder.inception(
                stated, delegator: plan.delegator, anchors: plan.anchors, format: plan.format)
            : try EventBuilder.basicInception(stated, anchors: plan.anchors, format: plan.format)
        let signatures = try Signing.sign(
            event, with: keys.enumerated().map { Signing.Place(key: $0.element, ondex: nil, isFresh: false) },
            chosen: plan.signers, threshold: stated.signingThreshold)
        if !isDryRun {
            try await ring.save(with: changes)
            // A name whose AID has no event is left over from a crash and free.
            let named = try identifiers()
            try book.save(
                named + [
                    OwnedIdentifier(
                        name: plan.name, aid: event.aid, createdAt: now, derivation: position, algorithm: plan.algorithm
                    )
                ])
        }
        do {
            return try finish(event, signedBy: signatures, now: now)
        } catch {
            // Where nothing uses the keys, the name becomes free again.
            if !isDryRun, !mayBeDurable(event) { try? book.save(try book.load().filter { $0.aid != event.aid }) }
            throw error
        }
    }

    private func derivation(
        of plan: CreationPlan, in ring: KeyRing
    ) async throws -> (KeyDerivation, [VaultChange]) {
        guard let salt = plan.salt else { return (.random, []) }
        let saltName = "salt \(plan.name)"
        let position = SaltyPosition(saltName: saltName, stem: salt.stem ?? plan.name, tier: salt.tier)
        // A salt that a crash left behind is replaced.
        let old = ring.contains(saltName) ? try await vault?.list().first { $0.name == saltName }?.version : nil
        return (.salty(position), [.store(salt.secret, name: saltName, replacing: old)])
    }

    private func establishment(
        of plan: CreationPlan, keys: [CreatedKey], next: [CreatedKey]
    ) throws -> Establishment {
        guard plan.isTransferable || (keys.count == 1 && plan.witnesses.isEmpty && plan.delegator == nil) else {
            throw ControllerError(.ended, "an AID that can't be rotated has one key, no witnesses and no delegator")
        }
        let signing = plan.signingThreshold ?? StandardNumbers.half(of: keys.count)
        let nextThreshold = next.isEmpty ? .count(0) : plan.nextThreshold ?? StandardNumbers.half(of: next.count)
        try Signing.require(signing, fits: keys.count, "signing threshold")
        try Signing.require(nextThreshold, fits: next.count, "threshold of the next keys")
        guard Set(plan.witnesses).count == plan.witnesses.count else {
            throw ControllerError(.witness, "a witness is named twice")
        }
        let witnessThreshold = plan.witnessThreshold ?? StandardNumbers.ample(plan.witnesses.count)
        try Signing.require(witnessThreshold, fits: plan.witnesses)
        return Establishment(
            signingThreshold: signing, keys: keys.map(\.verificationKey), nextThreshold: nextThreshold,
            nextDigests: next.map { KeyDigest(of: $0.verificationKey) }, witnessThreshold: witnessThreshold,
            witnessesAdded: plan.witnesses, traits: plan.traits)
    }
}
