// SPDX-License-Identifier: Apache-2.0

private import Glibc
public import Logging
public import SPIFFE
public import ServiceLifecycle
internal import Synchronization

/// The agent of one node: keeps its own identity, follows the issuer, and gives workloads theirs.
///
/// ```swift
/// let agent = Agent(
///     configuration, issuer: client, admission: admission, nodeProof: attestor, attestors: [UnixAttestor(…)],
///     store: store, threads: threads, clock: SystemAgentClock(), logger: logger)
/// try await agent.run()  // until shutdown; agent.identities answers workloads from the first round on
/// ```
///
/// Without the issuer it goes on serving what it has, and asks less and less often. After a restart it is who it was, and
/// serves again from the first answer of the issuer on. It ends by throwing only when the issuer has banned it, does not
/// believe which node it is, or no longer takes its SVID and it can't attest again. Facts (SPIFFE) 20.
public final class Agent: Service {
    /// What workloads get.
    public let identities: WorkloadIdentities
    /// How it works.
    public let configuration: AgentConfiguration

    let cache: SVIDCache
    let issuer: any IssuerClient
    let admission: any BundleAdmission
    let nodeProof: any NodeProof
    let store: any AgentStore
    let threads: BlockingThreads
    let clock: any AgentClock
    let jitter: Jitter
    let logger: Logger
    let sync: IssuerSync
    let signer: SVIDSigner
    let tokens: TokenIssuance
    /// Rung when the main loop should not wait for its next round.
    let bell = Bell()
    let state = Mutex(State())

    struct State {
        var machine = AgentStateMachine()
        var identity: AgentIdentity?
        var record: AgentRecord?
        /// Whether the issuer itself said that it does not take the agent's SVID any more.
        var isDisowned = false
        /// Whether the store has the record; a full disk may have kept it from that.
        var isRecordStored = true
        var synchronisedAt: CertificateTime?
        var failedRounds = 0
        var hasPostedStatus = false
    }

    /// Puts the parts together; nothing happens before ``run()``.
    /// - Parameters:
    ///   - configuration: how it works.
    ///   - issuer: whom it asks.
    ///   - admission: which authorities of the own trust domain are trusted.
    ///   - nodeProof: how it proves which node it is.
    ///   - attestors: what finds out about workloads.
    ///   - store: what outlives a restart.
    ///   - threads: for what waits.
    ///   - clock: the time of day and waiting.
    ///   - jitter: spreads what many agents do at the same time.
    ///   - logger: for the operator.
    ///   - showsSelectors: whether the log names the selectors of workloads.
    public init(
        _ configuration: AgentConfiguration, issuer: any IssuerClient, admission: any BundleAdmission,
        nodeProof: any NodeProof, attestors: [any WorkloadAttestor], store: any AgentStore,
        threads: BlockingThreads, clock: any AgentClock, jitter: Jitter = .system, logger: Logger,
        showsSelectors: Bool = false
    ) {
        self.configuration = configuration
        self.issuer = issuer
        self.admission = admission
        self.nodeProof = nodeProof
        self.store = store
        self.threads = threads
        self.clock = clock
        self.jitter = jitter
        self.logger = logger
        cache = SVIDCache(capacity: configuration.mostSVIDs)
        tokens = TokenIssuance(
            cache, issuer: issuer, clock: clock, policy: configuration.policy, news: bell, logger: logger)
        sync = IssuerSync(
            trustDomain: configuration.trustDomain, cache: cache, tokens: tokens, issuer: issuer, admission: admission,
            clock: clock, logger: logger)
        signer = SVIDSigner(
            cache, issuer: issuer, clock: clock, keyKind: configuration.workloadKeys, threads: threads, jitter: jitter,
            logger: logger)
        identities = WorkloadIdentities(
            cache: cache,
            attestation: WorkloadAttestation(
                attestors, clock: clock, threads: threads, logger: logger, showsSelectors: showsSelectors),
            tokens: tokens, clock: clock, policy: configuration.policy, processes: configuration.processes,
            logger: logger)
    }

    /// Works until shutdown or cancellation.
    /// - Throws: ``AgentPhase/StopReason`` when it can't go on; what the store fails with at start.
    public func run() async throws {
        defer {
            state.withLock { try? $0.machine.apply(.stopRequested) }
            cache.close()
        }
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.follow() }
                group.addTask { await self.sign() }
                defer { group.cancelAll() }
                // The signer never ends by itself; whatever ends the main loop ends the agent.
                try await group.next()
            }
        }
    }

    /// Where the agent stands.
    public var phase: AgentPhase { state.withLock { $0.machine.phase } }

    /// Who the agent is; nil before it has an SVID.
    public var identity: AgentIdentity? { state.withLock { $0.identity } }

    /// How the agent is.
    public var health: AgentHealth {
        let counts = cache.read { ($0.entryCount, $0.heldCount, $0.subscriberCount) } ?? (0, 0, 0)
        return state.withLock { state in
            AgentHealth(
                phase: state.machine.phase, answersWorkloads: state.machine.answersWorkloads,
                identityExpiresAt: state.identity?.notAfter, synchronisedAt: state.synchronisedAt,
                failedRounds: state.failedRounds, entries: counts.0, x509SVIDs: counts.1, tokens: tokens.count,
                subscribers: counts.2, at: clock.now())
        }
    }

    /// Begins the next round at once: somebody learnt that there is something new, a revocation for instance.
    public func wake() { bell.ring() }

    /// Whether the agent would answer a workload on this node: it attests itself and looks what it would get. That it
    /// would get nothing is an answer as well.
    public func answersOwnCall() async -> Bool {
        do throws(WorkloadDenial) {
            let updates = try await identities.x509BundleUpdates(for: .process(getpid()))
            var iterator = updates.makeAsyncIterator()
            return try await iterator.next() != nil
        } catch {
            return error.status == .permissionDenied
        }
    }

    // MARK: Loops

    private func sign() async {
        while !Task.isCancelled {
            if state.withLock({ $0.machine.answersWorkloads }) {
                do throws(IssuerClientError) {
                    try await signer.signDue()
                } catch {
                    // The SVID that was refused may have been replaced meanwhile: the main loop asks with that of now.
                    if error.demand != nil { bell.ring() }
                    // Whoever waits was told; the issuer gets a moment.
                    try? await clock.sleep(for: configuration.syncInterval)
                }
            }
            await cache.work.wait(atMost: configuration.signingInterval, by: clock)
        }
    }

    private func follow() async throws {
        try await loadRecord()
        var pace = SyncPace(interval: configuration.syncInterval)
        while !Task.isCancelled {
            do {
                try await round()
                pace.succeeded()
            } catch let reason as AgentPhase.StopReason {
                // A clock that is wrong for a while must not cost the node its identity.
                if state.withLock({ $0.isDisowned }) { await forgetIdentity() }
                logger.critical("Agent stops", metadata: ["reason": "\(reason.rawValue)"])
                throw reason
            } catch {
                pace.failed()
                logger.warning("Round with the issuer failed", metadata: ["error": "\(error)"])
            }
            state.withLock { $0.failedRounds = pace.failures }
            await bell.wait(atMost: pace.pause(jitter), by: clock)
        }
    }

    /// Whether the authority of the agent's own SVID is tainted or gone.
    private var isCondemned: Bool {
        guard let authority = identity?.authority else { return false }
        return cache.read { $0.trust.condemns(authority) } ?? false
    }

    /// One round: what the agent's own identity needs first, then what is new.
    private func round() async throws {
        do {
            try await keepIdentity()
            try await postStatusOnce()
            let wasCondemned = isCondemned
            try await sync.run(keep: keepBundle)
            // Workloads get other SVIDs at once, and whoever ends an authority looks at them: the agent must not be behind.
            if !wasCondemned, isCondemned { try await keepIdentity() }
            try state.withLock { state in
                try state.machine.apply(.synchronised)
                state.synchronisedAt = clock.now()
            }
        } catch {
            // Also when nothing can be asked for, or the agent itself is not trusted any more.
            await sync.decideAgain(keep: keepBundle)
            if let error = error as? IssuerClientError { try meet(error) }
            throw error
        }
    }
}
