// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import SPIFFE
internal import Synchronization

/// The agent's own identity: from the disk, by attestation, by renewal.
extension Agent {
    /// Takes up what the agent knew before.
    /// - Throws: what the store fails with: a record that can't be read is for the operator to look at, not to overwrite.
    func loadRecord() async throws {
        guard var record = try await store.load() else {
            return try state.withLock { try $0.machine.apply(.nothingLoaded) }
        }
        // What was trusted before need not be now: the agent may have been bound to an organisation since.
        record.bundle = await admitted(record.bundle)
        let identity = record.identity.flatMap { judged($0, under: record.bundle) }
        try state.withLock { [record] state in
            state.record = record
            state.identity = identity
            if identity != nil {
                try state.machine.apply(.identityLoaded)
            } else if record.bundle.x509Authorities.isEmpty {
                try state.machine.apply(.nothingLoaded)
            } else {
                try state.machine.apply(.trustLoaded)
            }
        }
        await useCredentials()
    }

    private func admitted(_ stored: TrustBundle) async -> TrustBundle {
        switch await admission.decide(on: stored, replacing: nil) {
        case .admitted(let bundle, _): return bundle
        case .refused(let reason):
            logger.error("Stored bundle not admitted", metadata: ["reason": "\(reason)"])
            return stored.filtered { _ in false }
        }
    }

    /// Brings the agent to a valid SVID, and replaces one in the second half of its life or under a condemned authority.
    func keepIdentity() async throws {
        if phase == .bootstrapping {
            // Who knew a bundle once has lost its last authority: whoever answers now is not to be trusted for that.
            if case .anybody = configuration.bootstrap, state.withLock({ $0.record }) != nil {
                throw BootstrapError(.empty, "the last authority was revoked; only a bundle that is given helps")
            }
            let known = state.withLock { $0.record }
            let bundle = try await Bootstrap(
                source: configuration.bootstrap, trustDomain: configuration.trustDomain, issuer: issuer,
                admission: admission, threads: threads, revoked: known?.revoked ?? []
            ).bundle()
            // An SVID that was kept is good again if it is under the new bundle: the old one may only have been in doubt.
            var record = known ?? AgentRecord(bundle: bundle)
            record.follow(bundle)
            try await save(record)
            let identity = record.identity.flatMap { judged($0, under: bundle) }
            try state.withLock { state in
                state.identity = identity
                try state.machine.apply(identity == nil ? .trustFound : .identityLoaded)
            }
            await useCredentials()
        }
        let now = clock.now()
        if let identity, identity.notAfter < now, phase != .attesting {
            // Nobody takes it any more, so that it can't be renewed. Perhaps only the clock here is wrong; then an agent that
            // can't attest again would be lost for nothing.
            guard identity.isReattestable else {
                throw IssuerClientError(.failed, "the agent's SVID has run out by the clock of this machine")
            }
            try meet(IssuerClientError(.agentExpired, "the agent's SVID has run out"))
        }
        if phase == .attesting {
            do {
                try await attest()
            } catch let error as IssuerClientError where error.code == .denied || error.code == .invalidRequest {
                logger.error("The issuer does not believe the node's proof", metadata: ["error": "\(error)"])
                try state.withLock { try $0.machine.apply(.attestationDenied) }
                throw AgentPhase.StopReason.attestationDenied
            }
            try state.withLock { try $0.machine.apply(.attested) }
            return
        }
        guard let identity else { return }
        let isCondemned = cache.read { $0.trust.condemns(identity.authority) } ?? false
        guard isCondemned || identity.renewsAt <= now else { return }
        try await renew(identity)
    }

    private func judged(_ stored: AgentRecord.StoredIdentity, under bundle: TrustBundle) -> AgentIdentity? {
        try? AgentIdentity(
            chain: stored.chain, key: stored.key, isReattestable: stored.isReattestable, under: bundle.x509Bundle,
            at: clock.now(), spread: jitter.factor(0.1))
    }

    private func attest() async throws {
        let key = try await threads.run { try SVIDKey.random(.p256) }
        let issued: IssuedAgentSVID
        do {
            issued = try await prove(key)
        } catch {
            await nodeProof.finish()
            throw error
        }
        await nodeProof.finish()
        try await take(issued.chain, key: key, isReattestable: issued.isReattestable)
        logger.info("Agent attested", metadata: ["spiffe_id": "\(identity?.id.description ?? "")"])
    }

    private func prove(_ key: SVIDKey) async throws -> IssuedAgentSVID {
        let data: NodeAttestationData
        do {
            data = try await nodeProof.data()
        } catch let reason as AgentPhase.StopReason {
            throw reason
        } catch {
            throw IssuerClientError(.failed, "the node attestor has nothing to send: \(error)")
        }
        return try await issuer.attest(data, request: try key.certificateRequest()) {
            [nodeProof] challenge throws(IssuerClientError) in
            do {
                return try await nodeProof.answer(challenge)
            } catch {
                throw IssuerClientError(.failed, "a challenge can't be answered: \(error)")
            }
        }
    }

    /// Replaces the agent's SVID. While the old one is valid, a failure only counts when it is a refusal to have the
    /// agent: the round goes on, and the next one tries again.
    private func renew(_ old: AgentIdentity) async throws {
        do {
            guard !old.isReattestable else { return try await attest() }
            let key = try await threads.run { try SVIDKey.random(.p256) }
            let chain = try await issuer.renew(request: try key.certificateRequest())
            try await take(chain, key: key, isReattestable: false)
        } catch {
            if let error = error as? IssuerClientError, error.demand != nil { throw error }
            logger.warning("Agent's SVID not renewed yet", metadata: ["error": "\(error)"])
        }
    }

    /// Judges an own SVID that the issuer gave, and keeps it before it is used: the issuer forgets the old one.
    private func take(_ chain: [[UInt8]], key: SVIDKey, isReattestable: Bool) async throws(IssuerClientError) {
        guard let record = state.withLock({ $0.record }) else {
            throw IssuerClientError(.untrustedIssuer, "there is no bundle")
        }
        let identity: AgentIdentity
        do {
            identity = try AgentIdentity(
                chain: chain, key: key, isReattestable: isReattestable, under: record.bundle.x509Bundle,
                at: clock.now(), spread: jitter.factor(0.1))
        } catch {
            throw IssuerClientError(.malformedAnswer, "the agent's own SVID: \(error)")
        }
        do {
            var next = record
            next.identity = AgentRecord.StoredIdentity(chain: chain, key: key, isReattestable: isReattestable)
            try await save(next)
        } catch {
            throw IssuerClientError(.failed, "the agent's own SVID can't be stored: \(error)")
        }
        state.withLock { $0.identity = identity }
        await useCredentials()
    }

    /// Does what a refusal asks of the agent's identity, if it asks anything.
    /// - Throws: ``AgentPhase/StopReason`` when the agent can't go on.
    func meet(_ error: IssuerClientError) throws {
        guard let demand = error.demand else { return }
        try state.withLock { state in
            // While it attests, a refusal says nothing new, unless that it is banned.
            if demand == .reattest, state.machine.phase == .attesting || state.machine.phase == .bootstrapping {
                return
            }
            // By the clock here it has not run out, or nobody would have asked. Of two clocks that differ nobody knows which
            // is wrong, and what can't be had again is not given up for that.
            if error.code == .agentExpired, state.identity?.isReattestable == false {
                return logger.error("The clocks of issuer and agent differ", metadata: ["error": "\(error)"])
            }
            logger.warning("Issuer no longer takes the agent's SVID", metadata: ["error": "\(error)"])
            switch demand {
            case .leave: try state.machine.apply(.banned)
            case .reattest:
                try state.machine.apply(.mustReattest(canReattest: state.identity?.isReattestable ?? false))
            }
            if case .stopped(let reason) = state.machine.phase {
                state.isDisowned = true
                throw reason
            }
        }
    }

    // MARK: What outlives a restart

    /// Keeps a bundle that is another than the stored one, and speaks with the issuer under it from now on.
    func keepBundle(_ bundle: TrustBundle) async {
        let (known, isStored) = state.withLock { ($0.record, $0.isRecordStored) }
        guard var record = known else { return }
        let isNew = record.bundle != bundle
        guard isNew || !isStored else { return }
        record.follow(bundle)
        state.withLock { [record] in $0.record = record }
        do {
            try await save(record)
        } catch {
            // Tried again with the next round: an agent that starts with an old bundle may not find its issuer.
            state.withLock { $0.isRecordStored = false }
            logger.error("The bundle could not be stored", metadata: ["error": "\(error)"])
        }
        if isNew { await useCredentials() }
    }

    private func save(_ record: AgentRecord) async throws {
        try await store.save(record)
        state.withLock { state in
            state.record = record
            state.isRecordStored = true
        }
    }

    /// Removes the SVID from the disk; the bundle stays.
    func forgetIdentity() async {
        guard
            var record = state.withLock({ state in
                state.identity = nil
                return state.record
            })
        else { return }
        record.identity = nil
        do {
            try await save(record)
        } catch {
            logger.error("The agent's SVID could not be removed", metadata: ["error": "\(error)"])
        }
    }

    private func useCredentials() async {
        let (record, identity) = state.withLock { ($0.record, $0.identity) }
        guard let record else { return }
        // Over a connection that shows an SVID nobody takes any more nothing is heard, not even a new attestation.
        let isFallen =
            identity.map { held in
                held.isReattestable && !record.bundle.x509Authorities.contains { $0.certificate == held.authority }
            } ?? false
        await issuer.use(
            IssuerCredentials(trust: .bundle(record.bundle.x509Bundle), identity: isFallen ? nil : identity))
    }

    /// Says once which version the agent is. Nothing depends on it.
    func postStatusOnce() async throws {
        guard !state.withLock({ $0.hasPostedStatus }) else { return }
        do throws(IssuerClientError) {
            try await issuer.postStatus(agentVersion: configuration.version)
            state.withLock { $0.hasPostedStatus = true }
        } catch {
            if error.demand != nil { throw error }
            logger.debug("Status not posted", metadata: ["error": "\(error)"])
        }
    }
}
