// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// Agents: attest, renew, admit, ban, evict, find; and the tokens that let them join. Facts (SPIFFE) 12, 15.4.
public final class AgentService: Sendable {
    /// Largest PKCS#10 request that is looked at.
    static let largestRequest = 64 << 10
    /// Longest version text of an agent.
    static let longestVersion = 255

    let directory: RegistrationDirectory
    let clock: any IssuerClock
    let rules: IdentifierRules
    private let attestors: [String: any NodeAttestor]
    private let signer: any AgentSVIDSigner
    private let limiter: RateLimiter?
    private let random: RandomSource

    /// - Parameters:
    ///   - attestors: the ways to attest; the last one of a type counts.
    ///   - signer: signs the agents' SVIDs.
    ///   - limiter: makes agents wait that attest or renew too often; nil for no limits.
    ///   - random: for tokens.
    public init(
        _ directory: RegistrationDirectory, attestors: [any NodeAttestor], signer: any AgentSVIDSigner,
        limiter: RateLimiter?, clock: any IssuerClock, random: RandomSource = .system
    ) {
        self.directory = directory
        self.attestors = Dictionary(attestors.map { ($0.type, $0) }) { $1 }
        self.signer = signer
        self.limiter = limiter
        self.clock = clock
        self.random = random
        rules = IdentifierRules(trustDomain: directory.trustDomain)
    }

    // MARK: Attestation

    /// A conversation in which an agent is attested.
    /// - Parameters:
    ///   - callID: names the call in the audit.
    ///   - deadline: how long the agent waits at most for its turn; nil when it named no time.
    public func attestation(
        for caller: Caller, callID: String? = nil, deadline: Duration? = nil
    ) -> AttestationSession {
        AttestationSession(self, caller: caller, callID: callID, deadline: deadline)
    }

    func begin(
        type: String, payload: [UInt8], request: [UInt8], caller: Caller, deadline: Duration?
    ) async throws(IssuerError) -> AttestationStep {
        guard !type.isEmpty else {
            throw IssuerError(.invalidArgument, "malformed param: missing attestation data type")
        }
        guard !payload.isEmpty else {
            throw IssuerError(.invalidArgument, "malformed param: missing attestation payload")
        }
        guard payload.count <= AttestationLimits.messageBytes else {
            throw IssuerError(.invalidArgument, "malformed param: attestation payload is too large")
        }
        try Self.check(request)
        try await limiter?.take(from: .attestation, for: caller, deadline: deadline)
        guard let attestor = attestors[type] else {
            throw IssuerError(
                .failedPrecondition, "error getting node attestor: could not find node attestor type \"\(type)\"")
        }
        var address: String?
        if case .remote(let ip, _) = caller { address = ip }
        return try await attestor.attest(payload, from: address)
    }

    /// Gives an attested node its SVID and remembers the agent.
    func enroll(
        _ node: AttestedNode, type: String, request: [UInt8], for requester: Requester
    ) async throws(IssuerError) -> AgentSVID {
        guard node.id.trustDomain == directory.trustDomain, IdentifierRules.isAgent(node.id.path) else {
            throw IssuerError(.internal, "invalid agent ID", detail: "the attestor \(type) named \(node.id)")
        }
        // Asked before signing, so that nothing is signed in vain, and again when the agent is written: of two that
        // use the same proof at once, one gets nothing.
        try await directory.read("read agent") { try Self.mayEnroll(node, $0.agent(node.id)) }
        let svid = try await signer.signAgentSVID(node.id, request: request, for: requester)
        try await directory.change("record an attested agent") { edit in
            let former = try edit.records.agent(node.id)
            try Self.mayEnroll(node, former)
            try edit.records.put(
                AttestedAgent(
                    id: node.id, attestationType: type, selectors: node.selectors,
                    standing: .active(current: svid.record, next: nil), expiresAt: svid.record.expiresAt,
                    canReattest: node.canReattest, version: former?.version ?? ""))
        }
        return svid
    }

    private static func mayEnroll(_ node: AttestedNode, _ known: AttestedAgent?) throws {
        guard let known else { return }
        if known.isBanned {
            throw IssuerError(.permissionDenied, "failed to attest: agent is banned", reason: .agentBanned)
        }
        if !node.canReattest {
            throw IssuerError(
                .permissionDenied, "failed to attest: attestation data has already been used to attest an agent")
        }
    }

    // MARK: Calls of agents

    /// Lets an agent call, or says why not. An SVID that was given out since and is used now becomes the current one.
    /// - Throws: `permissionDenied` with the reason of facts (SPIFFE) 12.2, `internal` when the store fails.
    public func admit(_ identity: CallerIdentity) async throws(IssuerError) {
        guard clock.now() <= identity.notAfter else {
            throw IssuerError(.permissionDenied, "agent SVID is expired", reason: .agentExpired)
        }
        let known = try await directory.read("read agent") { try $0.agent(identity.id) }
        guard try Self.uses(identity, known) == .next else { return }
        try await directory.change("promote an agent's SVID") { edit in
            guard var agent = try edit.records.agent(identity.id), try Self.uses(identity, agent) == .next,
                case .active(_, let next?) = agent.standing
            else { return }
            agent.standing = .active(current: next, next: nil)
            agent.expiresAt = next.expiresAt
            try edit.records.put(agent)
        }
    }

    private enum UsedSVID { case current, next }

    private static func uses(_ identity: CallerIdentity, _ agent: AttestedAgent?) throws(IssuerError) -> UsedSVID {
        guard let agent else {
            throw IssuerError(.permissionDenied, "agent is not attested", reason: .agentNotAttested)
        }
        guard case .active(let current, let next) = agent.standing else {
            throw IssuerError(.permissionDenied, "agent is banned", reason: .agentBanned)
        }
        if current.serialNumber == identity.serialNumber { return .current }
        if next?.serialNumber == identity.serialNumber { return .next }
        throw IssuerError(.permissionDenied, "agent SVID is not active", reason: .agentNotActive)
    }

    /// Gives an agent its next SVID; the present one counts until the next is used. Facts (SPIFFE) 12.4.
    /// - Throws: `permissionDenied` for an agent that is not in good standing or has to attest anew,
    ///   `resourceExhausted` when it asks too often.
    public func renew(
        _ caller: Caller, request: [UInt8], callID: String? = nil, deadline: Duration? = nil
    ) async throws(IssuerError) -> AgentSVID {
        guard let identity = caller.identity else {
            throw IssuerError(.permissionDenied, "caller has no agent SVID", reason: .agentNotAttested)
        }
        try await admit(identity)
        try Self.check(request)
        try await limiter?.take(from: .x509Signing, for: caller, deadline: deadline)
        let known = try await directory.read("read agent") { try $0.agent(identity.id) }
        if known?.canReattest == true {
            throw IssuerError(
                .permissionDenied, "agent must reattest instead of renew", reason: .agentMustReattest)
        }
        let svid = try await signer.signAgentSVID(
            identity.id, request: request, for: Requester(identity.id, callID: callID))
        try await directory.change("record a renewed agent") { edit in
            // While the SVID was signed, the agent may have been banned, evicted, or renewed by somebody else.
            guard var agent = try edit.records.agent(identity.id) else { _ = try Self.uses(identity, nil); return }
            guard try Self.uses(identity, agent) == .current, case .active(let current, _) = agent.standing else {
                throw IssuerError(.permissionDenied, "agent SVID is not active", reason: .agentNotActive)
            }
            agent.standing = .active(current: current, next: svid.record)
            try edit.records.put(agent)
        }
        return svid
    }

    /// Takes what an agent says of itself.
    /// - Throws: `invalidArgument` for a version that is too long, `notFound`, `resourceExhausted`.
    public func postStatus(
        _ caller: Caller, version: String, deadline: Duration? = nil
    ) async throws(IssuerError) {
        guard let identity = caller.identity else {
            throw IssuerError(.permissionDenied, "caller has no agent SVID", reason: .agentNotAttested)
        }
        guard version.utf8.count <= Self.longestVersion else {
            throw IssuerError(.invalidArgument, "agent version is too long")
        }
        try await limiter?.take(from: .statusPosting, for: caller, deadline: deadline)
        let known = try await directory.read("read agent") { try $0.agent(identity.id) }
        guard let known else { throw Self.missing }
        // Agents repeat themselves every few seconds; only news is written.
        guard known.version != version else { return }
        try await directory.change("record an agent's status") { edit in
            guard var agent = try edit.records.agent(identity.id) else { throw Self.missing }
            agent.version = version
            try edit.records.put(agent)
        }
    }

    // MARK: Join tokens

    /// Makes a token with which one node can attest once.
    /// - Parameters:
    ///   - ttl: seconds that it counts.
    ///   - value: a value of the caller's choice; empty for a fresh one.
    ///   - agentID: a name that entries can be put under instead of the agent's own; an entry of it is made.
    /// - Throws: `invalidArgument`, `alreadyExists` for a value or a name that is taken.
    public func createJoinToken(
        ttl: Int32, value: String = "", agentID: IDDraft? = nil
    ) async throws(IssuerError) -> JoinToken {
        guard ttl >= 1 else { throw IssuerError(.invalidArgument, "ttl is required, you must provide one") }
        var alias: SPIFFEID?
        if let agentID {
            do throws(IssuerError) {
                alias = try rules.workload(agentID)
            } catch {
                throw IssuerError(.invalidArgument, "invalid agent ID: \(error.message)")
            }
        }
        let text = value.isEmpty ? UUIDText.version4(try random.bytes(16)) : value
        let entryID = UUIDText.version4(try random.bytes(16))
        let agent = try JoinTokenAttestor.agentID(of: text, in: directory.trustDomain)
        let now = clock.now().seconds
        let token = JoinToken(value: text, expiresAt: now + Int64(ttl))
        let name = alias
        try await directory.change("create a join token") { edit in
            guard try edit.records.insert(token) else {
                throw IssuerError(.alreadyExists, "join token already exists")
            }
            guard let name else { return }
            var entry = RegistrationEntry(
                id: entryID, spiffeID: name, parentID: agent,
                selectors: [try Selector(type: "spiffe_id", value: agent.description)])
            entry.createdAt = now
            if let refusal = try EntryService.create(entry, edit).refusal { throw refusal }
        }
        return token
    }

    /// Forgets the tokens whose time is over; says how many.
    public func removeExpiredTokens() async throws(IssuerError) -> Int {
        let now = clock.now().seconds
        return try await directory.change("remove expired join tokens") {
            try $0.records.deleteJoinTokens(expiredBefore: now)
        }
    }

    // MARK: Parts

    static var missing: IssuerError { IssuerError(.notFound, "agent not found") }

    private static func check(_ request: [UInt8]) throws(IssuerError) {
        guard !request.isEmpty else { throw IssuerError(.invalidArgument, "malformed param: missing CSR") }
        guard request.count <= largestRequest else {
            throw IssuerError(.invalidArgument, "malformed param: CSR is too large")
        }
    }
}
