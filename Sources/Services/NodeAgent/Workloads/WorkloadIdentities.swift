// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes
internal import KelmarkConcurrency
internal import Logging
public import SPIFFE
internal import Synchronization

/// What workloads get from their agent: everything that the Workload API, SDS and the Delegated Identity API serve.
///
/// ```swift
/// for try await update in try await identities.x509Updates(for: .peer(peer)) { … }  // full states, newest wins
/// ```
///
/// Every call finds out anew who is meant; a stream keeps what was found when it began. What can't be given is thrown as
/// a ``WorkloadDenial``, which an adapter translates into a status and says on the wire as it stands. Facts (SPIFFE) 8,
/// 10, 21.
public final class WorkloadIdentities: Sendable {
    /// What callers may do.
    public let policy: WorkloadPolicy
    let cache: SVIDCache
    let clock: any AgentClock
    let logger: Logger
    let tokens: TokenIssuance
    private let attestation: WorkloadAttestation
    private let processes: ProcessTable
    private let explanations = ExplanationLimit()

    init(
        cache: SVIDCache, attestation: WorkloadAttestation, tokens: TokenIssuance, clock: any AgentClock,
        policy: WorkloadPolicy, processes: ProcessTable, logger: Logger
    ) {
        self.cache = cache
        self.attestation = attestation
        self.tokens = tokens
        self.clock = clock
        self.policy = policy
        self.processes = processes
        self.logger = logger
    }

    // MARK: Streams

    /// The identities of a workload by certificate, with the authorities that it trusts. The first state comes as soon
    /// as every SVID of it is signed or refused. Whoever a delegate names may have none, and get some later.
    /// - Throws: ``WorkloadDenial``.
    public func x509Updates(
        for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> WorkloadUpdates<X509Update> {
        let selectors = try await selectors(of: workload)
        let isDelegated = workload.isDelegated
        explain(selectors, workload, call: "x509-svid")
        return updates(selectors, needsSVIDs: true) { state, now in
            state.x509(selectors, isDelegated: isDelegated, at: now)
        }
    }

    /// The X.509 authorities that a workload trusts.
    /// - Throws: ``WorkloadDenial``.
    public func x509BundleUpdates(
        for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> WorkloadUpdates<X509BundleUpdate> {
        let selectors = try await selectors(of: workload)
        let (isDelegated, allowsStrangers) = (workload.isDelegated, policy.allowsUnauthenticatedVerifiers)
        return updates(selectors, needsSVIDs: false) { state, now in
            state.x509Bundles(selectors, isDelegated: isDelegated, allowsStrangers: allowsStrangers, at: now)
        }
    }

    /// The JWT authorities that a workload trusts.
    /// - Throws: ``WorkloadDenial``.
    public func jwtBundleUpdates(
        for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> WorkloadUpdates<JWTBundleUpdate> {
        let selectors = try await selectors(of: workload)
        let (isDelegated, allowsStrangers) = (workload.isDelegated, policy.allowsUnauthenticatedVerifiers)
        return updates(selectors, needsSVIDs: false) { state, now in
            state.jwtBundles(selectors, isDelegated: isDelegated, allowsStrangers: allowsStrangers, at: now)
        }
    }

    private func updates<State: Sendable & Equatable>(
        _ selectors: Set<Selector>, needsSVIDs: Bool,
        _ read: @escaping @Sendable (inout CacheState, CertificateTime) -> CacheState.Reading<State>
    ) -> WorkloadUpdates<State> {
        let subscription = cache.subscribe(selectors, needsSVIDs: needsSVIDs, at: clock.now())
        return WorkloadUpdates(subscription) { [cache, clock] in
            let now = clock.now()
            return cache.read { read(&$0, now) } ?? .denied(.notServing)
        }
    }

    // MARK: Tokens

    /// Tokens for an audience: for each identity of the workload, or for the one that is asked for.
    /// - Parameters:
    ///   - workload: for whom.
    ///   - audience: for whom the tokens are; at least one, none empty.
    ///   - id: which identity, as text from the caller; nil or empty for all.
    /// - Returns: at least one, the default identity's first.
    /// - Throws: ``WorkloadDenial``.
    public func jwtSVIDs(
        for workload: WorkloadReference, audience: [String], id: String? = nil
    ) async throws(WorkloadDenial) -> [WorkloadToken] {
        guard !audience.isEmpty, !audience.contains("") else { throw .audienceMissing }
        guard audience.count <= policy.mostAudiences else { throw .invalidArgument("too many audiences") }
        var wanted: SPIFFEID?
        if let id, !id.isEmpty {
            do {
                wanted = try SPIFFEID(id)
            } catch {
                throw .invalidArgument("invalid requested SPIFFE ID: \(error)")
            }
        }
        let selectors = try await selectors(of: workload)
        explain(selectors, workload, call: "jwt-svid")
        let entries = try identities(selectors, workload).filter { wanted == nil || $0.spiffeID == wanted }
        guard !entries.isEmpty else { throw .noIdentity }
        var answer: [WorkloadToken] = []
        for entry in entries {
            let token = try await tokens.token(for: entry, audience: audience)
            answer.append(WorkloadToken(id: entry.spiffeID, token: token, hint: entry.hint))
        }
        return answer
    }

    /// A token that was found to be valid.
    public struct ValidatedToken: Sendable {
        /// Whom it names.
        public let id: SPIFFEID
        /// Its claims in order: all of them for an own token, else those that the policy lets through.
        public let claims: OrderedMap
    }

    /// Checks a token on behalf of a workload, by the bundles that the workload trusts.
    /// - Parameters:
    ///   - token: as the workload received it.
    ///   - audience: under which name the workload knows itself.
    ///   - workload: who asks.
    /// - Throws: ``WorkloadDenial``; a token that does not hold is an invalid argument.
    public func validate(
        token: String, audience: String, for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> ValidatedToken {
        guard !audience.isEmpty else { throw .audienceMissing }
        guard !token.isEmpty else { throw .invalidArgument("svid must be specified") }
        let selectors = try await selectors(of: workload)
        let entries = try identities(selectors, workload, allowsStrangers: policy.allowsUnauthenticatedVerifiers)
        let federated = entries.reduce(into: Set<TrustDomain>()) { $0.formUnion($1.federatesWith) }
        let trust = cache.read { $0.trust }
        guard let trust, let own = trust.own else { throw .notServing }
        let outcome = JWTSVIDOutcome.verifying(token, audience: audience, at: clock.now()) { domain in
            if domain == own.trustDomain { return own.jwtBundle }
            return federated.contains(domain) ? trust.federated[domain]?.jwtBundle : nil
        }
        guard let svid = outcome.svid else {
            throw .invalidArgument(outcome.faults.map(\.description).joined(separator: "; "))
        }
        guard svid.id.trustDomain != own.trustDomain else { return ValidatedToken(id: svid.id, claims: svid.claims) }
        let shown = policy.foreignClaims.union(["sub", "exp", "aud"])
        var claims = OrderedMap()
        for member in svid.claims.members where shown.contains(member.label) { claims[member.label] = member.value }
        return ValidatedToken(id: svid.id, claims: claims)
    }

    // MARK: Delegates

    /// Whether a caller may ask for other workloads. Facts (SPIFFE) 21.
    /// - Throws: ``WorkloadDenial/notADelegate``, or why it can't be found out.
    public func authorizeDelegate(_ peer: WorkloadPeer) async throws(WorkloadDenial) {
        let selectors = try await selectors(of: .peer(peer))
        let now = clock.now()
        let entries = cache.read { $0.identities(selectors, isDelegated: false, at: now) } ?? []
        guard entries.contains(where: { policy.delegates.contains($0.spiffeID) }) else { throw .notADelegate }
    }

    /// The X.509 authorities of every trust domain that the agent knows: a delegate serves workloads with all of them.
    public func allX509Bundles() -> WorkloadUpdates<X509BundleUpdate> {
        updates([], needsSVIDs: false) { state, _ in state.allX509Bundles() }
    }

    /// The JWT authorities of every trust domain that the agent knows, for a delegate.
    public func allJWTBundles() -> WorkloadUpdates<JWTBundleUpdate> {
        updates([], needsSVIDs: false) { state, _ in state.allJWTBundles() }
    }

    // MARK: Who is meant

    private func selectors(of workload: WorkloadReference) async throws(WorkloadDenial) -> Set<Selector> {
        switch workload {
        case .peer(let peer): return try await attestation.selectors(of: peer.process)
        case .process(let pid): return try await attestation.selectors(ofPID: pid, in: processes)
        case .selectors(let selectors):
            guard !selectors.isEmpty else { throw .invalidArgument("selectors must be specified") }
            return selectors
        }
    }

    private func identities(
        _ selectors: Set<Selector>, _ workload: WorkloadReference, allowsStrangers: Bool = false
    ) throws(WorkloadDenial) -> [RegistrationEntry] {
        let now = clock.now()
        let isDelegated = workload.isDelegated
        guard let entries = cache.read({ $0.identities(selectors, isDelegated: isDelegated, at: now) }) else {
            throw .notServing
        }
        guard !entries.isEmpty || allowsStrangers else {
            let isKnown = cache.read { $0.trust.own != nil && $0.knowsEntries } ?? false
            throw isKnown ? .noIdentity : .notServing
        }
        return entries
    }

    /// One line for the operator about who asked and what is for it. Why there is nothing is said here only, never to
    /// the caller: it would tell which entries there are.
    private func explain(_ selectors: Set<Selector>, _ workload: WorkloadReference, call: String) {
        let isDelegated = workload.isDelegated
        let now = clock.now()
        guard let entries = cache.read({ $0.identities(selectors, isDelegated: isDelegated, at: now) }) else { return }
        var metadata: Logger.Metadata = ["call": "\(call)", "selector_count": "\(selectors.count)"]
        switch workload {
        case .peer(let peer):
            metadata["pid"] = "\(peer.pid)"
            metadata["uid"] = "\(peer.uid)"
        case .process(let pid): metadata["pid"] = "\(pid)"
        case .selectors: metadata["by"] = "selectors"
        }
        guard entries.isEmpty else {
            metadata["spiffe_ids"] = .array(entries.prefix(8).map { .string($0.spiffeID.description) })
            return logger.ofCall.debug("Workload has identities", metadata: metadata)
        }
        guard let leftOut = explanations.take(at: now.seconds), let book = cache.read({ $0.book }) else { return }
        if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        // Outside of the cache's lock: all entries are looked at.
        let nearest = book.nearest(to: selectors, most: 3)
        metadata["nearest"] = .array(
            nearest.map { near in
                .string("\(near.entry.id) lacks \(near.missing.sorted().map(\.description).joined(separator: ", "))")
            })
        logger.ofCall.info("Workload has no identity", metadata: metadata)
    }
}
