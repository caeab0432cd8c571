// SPDX-License-Identifier: Apache-2.0

import Foundation
import SPIFFE
import Testing

@testable import NodeAgent

/// Whole agents against a scripted issuer, on a clock that a test moves.
@Suite(.timeLimit(.minutes(2)))
struct AgentTests {
    let authority = TestAuthority()
    let clock = TestClock()
    let issuer: ScriptedIssuer
    let store = MemoryAgentStore()
    let workload: WorkloadReference = .selectors([Sample.web])

    init() { issuer = ScriptedIssuer(authority, clock: clock) }

    func agent(
        _ change: (inout AgentConfiguration) -> Void = { _ in }, admission: any BundleAdmission = OpenBundleAdmission(),
        attestors: [any WorkloadAttestor] = [FixedAttestor { _ in [Sample.web] }], jitter: Jitter = Sample.steady
    ) -> Agent {
        var configuration = AgentConfiguration(trustDomain: Sample.domain, version: "1", bootstrap: .anybody)
        change(&configuration)
        return Agent(
            configuration, issuer: issuer, admission: admission, nodeProof: JoinTokenProof(token: "t"),
            attestors: attestors, store: store, threads: BlockingThreads(), clock: clock, jitter: jitter,
            logger: Sample.silent)
    }

    /// Runs an agent while `body` looks at it.
    func run<Result: Sendable>(
        _ agent: Agent, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let running = Task { try await agent.run() }
        defer { running.cancel() }
        return try await body()
    }

    /// Lets one round pass: both loops sleep, the time moves, and both sleep again.
    func pass(_ duration: Duration = .seconds(5)) async {
        await clock.untilSleeping(2)
        clock.advance(by: duration)
        await clock.untilSleeping(2)
    }

    /// Has a serving agent's record in the store.
    private func attested(reattestable: Bool = false) async throws {
        await issuer.change { $0.isReattestable = reattestable }
        let agent = agent()
        try await run(agent) { await clock.untilSleeping(2) }
        #expect(await store.load()?.identity != nil)
        await issuer.forgetCalls()
    }

    @Test func `a new agent finds its issuer, attests, and serves`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        let agent = agent()
        try await run(agent) {
            await issuer.until(.x509, 1)
            var updates = try await agent.identities.x509Updates(for: workload).makeAsyncIterator()
            let update = try #require(try await updates.next())
            let outcome = X509SVIDOutcome.verifying(
                chain: update.svids[0].chain, against: update.bundle, at: Sample.now)
            #expect(outcome.svid?.id.path == "/web")
        }
        #expect(await issuer.attested == [NodeAttestationData(type: "join_token", payload: Array("t".utf8))])
        #expect(await issuer.calls[.status] == 1)
        let credentials = try #require(await issuer.credentials)
        #expect(credentials.identity?.id == Sample.agentID)
        #expect(credentials.trust == .bundle(authority.bundle().x509Bundle))
        #expect(await store.load()?.bundle == authority.bundle(sequence: 1))
    }

    @Test func `an agent that comes before its issuer waits for it`() async throws {
        await issuer.fail(.bundle, .unavailable, .unavailable)
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            #expect(agent.phase == .bootstrapping)
            #expect(agent.health.failedRounds == 1)
            await pass(.seconds(10))
            #expect(agent.health.failedRounds == 2)
            await pass(.seconds(20))
            #expect(agent.phase == .serving)
            #expect(agent.health.failedRounds == 0)
        }
    }

    @Test func `after a restart the agent is who it was, also while the issuer is away`() async throws {
        try await attested()
        await issuer.keepFailing(.bundle, .unavailable)
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            #expect(agent.identity?.id == Sample.agentID)
            #expect(agent.phase == .synchronising)
            #expect(agent.health.isLive)
            #expect(!agent.health.isReady)
            await issuer.keepFailing(.bundle, nil)
            await pass(.seconds(10))
            #expect(agent.phase == .serving)
            #expect(agent.health.isReady)
        }
        #expect(await issuer.calls[.attest] == nil)
    }

    @Test func `an SVID that ran out while the agent was off leads to a new attestation under the old bundle`()
        async throws
    {
        try await attested()
        clock.advance(by: .seconds(4000))
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            #expect(agent.phase == .serving)
        }
        #expect(await issuer.calls[.attest] == 1)
        // The stored bundle was enough: whoever answers was not asked for another one.
        #expect(await issuer.calls[.bundle] == 1)
    }

    @Test func `a record that can't be read is for the operator`() async throws {
        let folder = TemporaryFolder()
        folder.write("agent.json", "nonsense")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: "\(folder.path)/agent.json")
        let agent = Agent(
            AgentConfiguration(trustDomain: Sample.domain, version: "1", bootstrap: .anybody), issuer: issuer,
            admission: OpenBundleAdmission(), nodeProof: JoinTokenProof(token: "t"), attestors: [],
            store: try FileAgentStore(folder: folder.path, trustDomain: Sample.domain, threads: BlockingThreads()),
            threads: BlockingThreads(), clock: clock, logger: Sample.silent)
        await #expect(throws: AgentRecordError.malformed) { try await agent.run() }
        #expect(await issuer.calls.isEmpty)
    }

    @Test func `whoever answers is trusted once, not again when the last authority was revoked`() async throws {
        let empty = AgentRecord(bundle: try TrustBundle(trustDomain: Sample.domain, sequence: 5))
        await store.save(empty)
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            #expect(agent.phase == .bootstrapping)
        }
        #expect(await issuer.calls.isEmpty)
        #expect(await store.load() == empty)
    }

    @Test func `an SVID that was kept is good again under a bundle that is given anew`() async throws {
        try await attested()
        let identity = try #require(await store.load()?.identity)
        await store.save(
            AgentRecord(bundle: try TrustBundle(trustDomain: Sample.domain, sequence: 5), identity: identity))
        let document = BundleDocument.encode(authority.bundle(sequence: 1))
        let agent = agent { $0.bootstrap = .fetched(.spiffe) { document } }
        try await run(agent) {
            await clock.untilSleeping(2)
            #expect(agent.phase == .serving)
        }
        #expect(await issuer.calls[.attest] == nil)
        #expect(await store.load()?.identity == identity)
    }

    // MARK: Own identity

    @Test func `the agent renews its SVID at half of its life`() async throws {
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            let first = agent.identity
            await pass(.seconds(1700))
            #expect(await issuer.calls[.renew] == nil)
            await pass(.seconds(90))
            #expect(await issuer.calls[.renew] == 1)
            #expect(agent.identity != first)
            #expect(agent.identity?.key != first?.key)
        }
        let identity = try #require(await issuer.credentials?.identity)
        #expect(await store.load()?.identity?.chain == identity.chain.map(\.der))
    }

    /// Agents that attested together do not come back together.
    @Test(arguments: [(0, 1570), (0.999_999, 1930)])
    func `half of its life is a tenth more or less`(number: Double, half: Int64) async throws {
        let agent = agent(jitter: Jitter { number })
        try await run(agent) {
            await clock.untilSleeping(2)
            await pass(.seconds(half))
            #expect(await issuer.calls[.renew] == nil)
            await pass(.seconds(60))
            #expect(await issuer.calls[.renew] == 1)
        }
    }

    @Test func `an agent that may attest again does so instead of renewing`() async throws {
        await issuer.change { $0.isReattestable = true }
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            await pass(.seconds(1790))
        }
        #expect(await issuer.calls[.renew] == nil)
        #expect(await issuer.calls[.attest] == 2)
    }

    @Test func `a failed renewal is tried again, with the old SVID in use`() async throws {
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            let first = agent.identity
            await issuer.fail(.renew, .unavailable)
            await pass(.seconds(1790))
            #expect(agent.identity == first)
            #expect(agent.phase == .serving)
            await pass()
            #expect(agent.identity != first)
        }
    }

    @Test func `a tainted authority replaces the agent's SVID at once`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        let next = TestAuthority()
        let agent = agent()
        try await run(agent) {
            await issuer.until(.x509, 1)
            await clock.untilSleeping(2)
            await issuer.change { issuer in
                issuer.ownBundle = try! TrustBundle(
                    trustDomain: Sample.domain,
                    x509Authorities: [
                        X509Authority(authority.certificate, isTainted: true), X509Authority(next.certificate),
                    ], jwtAuthorities: [authority.tokenAuthority], sequence: 2)
                issuer.signer = next
            }
            // In the round in which it hears of it: the authority may end before the next.
            await pass()
            #expect(agent.identity?.authority == next.certificate)
            // The signer follows at its own pace.
            while (agent.cache.read { $0.held("a")?.authority } ?? nil) != next.certificate { await Task.yield() }
        }
        #expect(await issuer.calls[.renew] == 1)
    }

    @Test func `an SVID for another key, or no agent's, is refused`() async throws {
        let entry = Sample.entry("a")
        let foreign = Sample.held(entry, by: authority).svid.chain.map(\.der)
        let key = try SVIDKey.random(.p256)
        let stolen = authority.chain(
            Sample.agentID, request: try key.certificateRequest(), notBefore: Sample.now.advanced(by: -10))
        let unknown = TestAuthority().chain(
            Sample.agentID, request: try key.certificateRequest(), notBefore: Sample.now.advanced(by: -10))
        for chain in [foreign, stolen, unknown, []] {
            #expect(throws: AgentIdentityError.self) {
                try AgentIdentity(
                    chain: chain,
                    key: chain == foreign ? Sample.held(entry, by: authority).svid.key : try .random(.p256),
                    isReattestable: false, under: authority.bundle().x509Bundle, at: Sample.now)
            }
        }
        let notAnAgent = Sample.held(entry, by: authority)
        #expect(throws: AgentIdentityError.notAnAgent(entry.spiffeID)) {
            try AgentIdentity(
                chain: notAnAgent.svid.chain.map(\.der), key: notAnAgent.svid.key, isReattestable: false,
                under: authority.bundle().x509Bundle, at: Sample.now)
        }
        #expect(throws: AgentIdentityError.otherKey) {
            try AgentIdentity(
                chain: stolen, key: try .random(.p256), isReattestable: false, under: authority.bundle().x509Bundle,
                at: Sample.now)
        }
    }

    @Test func `a join token answers no challenge`() async throws {
        await issuer.change { $0.challenges = [[1]] }
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            #expect(agent.phase == .attesting)
        }
        #expect(await store.load()?.identity == nil)
    }

    // MARK: Refusals

    @Test(arguments: [IssuerClientError.Code.denied, .invalidRequest])
    func `a node whose proof is not believed stops`(code: IssuerClientError.Code) async throws {
        await issuer.fail(.attest, code)
        let agent = agent()
        await #expect(throws: AgentPhase.StopReason.attestationDenied) { try await agent.run() }
        #expect(await issuer.calls[.attest] == 1)
        #expect(await store.load()?.bundle == authority.bundle(sequence: 1))
    }

    @Test func `a banned agent stops and forgets its SVID, not its bundle`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        let agent = agent()
        let running = Task { try await agent.run() }
        await issuer.until(.x509, 1)
        await clock.untilSleeping(2)
        await issuer.fail(.entries, .agentBanned)
        clock.advance(by: .seconds(5))
        await #expect(throws: AgentPhase.StopReason.banned) { try await running.value }
        #expect(agent.phase == .stopped(.banned))
        #expect(!agent.health.isLive)
        let record = try #require(await store.load())
        #expect(record.identity == nil)
        #expect(record.bundle == authority.bundle(sequence: 1))
        var updates = try await agent.identities.x509Updates(for: workload).makeAsyncIterator()
        await #expect(throws: WorkloadDenial.notServing) { try await updates.next() }
    }

    @Test(arguments: [IssuerClientError.Code.agentNotActive, .agentNotAttested, .agentMustReattest])
    func `an agent that may not attest again stops`(code: IssuerClientError.Code) async throws {
        let agent = agent()
        let running = Task { try await agent.run() }
        await clock.untilSleeping(2)
        await issuer.fail(.entries, code)
        clock.advance(by: .seconds(5))
        await #expect(throws: AgentPhase.StopReason.cannotReattest) { try await running.value }
        #expect(await store.load()?.identity == nil)
    }

    @Test func `an agent that may attest again does, and serves meanwhile`() async throws {
        await issuer.change { issuer in
            issuer.isReattestable = true
            issuer.entries = [Sample.entry("a")]
        }
        let agent = agent()
        try await run(agent) {
            await issuer.until(.x509, 1)
            await clock.untilSleeping(2)
            await issuer.fail(.entries, .agentNotAttested)
            await pass()
            #expect(agent.phase == .attesting)
            var updates = try await agent.identities.x509Updates(for: workload).makeAsyncIterator()
            #expect(try await updates.next() != nil)
            await pass(.seconds(10))
            #expect(agent.phase == .serving)
        }
        #expect(await issuer.calls[.attest] == 2)
    }

    @Test func `a refusal that the signer gets has the agent ask at once`() async throws {
        let agent = agent()
        let running = Task { try await agent.run() }
        await clock.untilSleeping(2)
        await issuer.change { $0.entries = [Sample.entry("a")] }
        await issuer.keepFailing(.x509, .agentBanned)
        clock.advance(by: .seconds(5))
        // One at the start, one after five seconds, and one without any time passing.
        await issuer.until(.entries, 3)
        await issuer.keepFailing(.entries, .agentBanned)
        await clock.untilSleeping(2)
        clock.advance(by: .seconds(5))
        await #expect(throws: AgentPhase.StopReason.banned) { try await running.value }
    }

    @Test func `a refusal of an SVID that was replaced meanwhile does not stop the agent`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        await issuer.fail(.x509, .agentNotActive)
        let agent = agent()
        try await run(agent) {
            await issuer.until(.entries, 2)
            await clock.untilSleeping(2)
            #expect(agent.phase == .serving)
            await pass()
            await issuer.until(.x509, 2)
            #expect(agent.phase == .serving)
        }
        #expect(await store.load()?.identity != nil)
    }

    // MARK: Clocks

    @Test func `a clock that is behind at the start costs the agent nothing but that start`() async throws {
        try await attested()
        clock.advance(by: .seconds(-86_400))
        await issuer.fail(.attest, .denied)
        let early = agent()
        await #expect(throws: AgentPhase.StopReason.attestationDenied) { try await early.run() }
        clock.advance(by: .seconds(86_400))
        await issuer.forgetCalls()
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            #expect(agent.phase == .serving)
        }
        #expect(await issuer.calls[.attest] == nil)
    }

    // MARK: Issuer away

    @Test func `without the issuer the agent goes on serving`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        let agent = agent()
        try await run(agent) {
            await issuer.until(.x509, 1)
            await clock.untilSleeping(2)
            await issuer.keepFailing(.bundle, .unavailable)
            await pass()
            await pass(.seconds(10))
            #expect(agent.health.failedRounds == 2)
            #expect(agent.health.isReady)
            var updates = try await agent.identities.x509Updates(for: workload).makeAsyncIterator()
            #expect(try await updates.next()?.svids.count == 1)
        }
    }

    @Test func `a revocation reaches workloads also when the issuer is gone, and the agent with it`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        let revoked = Switch()
        let agent = agent(admission: FakeAdmission { _ in revoked.isOn ? nil : .proven })
        try await run(agent) {
            await issuer.until(.x509, 1)
            var updates = try await agent.identities.x509Updates(for: workload).makeAsyncIterator()
            let before = try #require(try await updates.next())
            await clock.untilSleeping(2)
            for call in [ScriptedIssuer.Call.bundle, .renew, .x509] { await issuer.keepFailing(call, .untrustedIssuer) }
            revoked.isOn = true
            agent.wake()
            let after = try #require(try await updates.next())
            #expect(after.svids == before.svids)
            #expect(after.bundle.authorities.count == 1)
            #expect(after.bundle != before.bundle)
            await pass(.seconds(10))
            #expect(agent.phase == .serving)
            #expect(await store.load()?.bundle.x509Authorities.isEmpty == true)
            #expect(await issuer.credentials?.trust == .bundle(X509Bundle(trustDomain: Sample.domain, authorities: [])))
        }
    }

    // MARK: Health

    @Test func `an agent that can answer a call of its own is well`() async throws {
        let agent = agent()
        #expect(await !agent.answersOwnCall())
        try await run(agent) {
            await clock.untilSleeping(2)
            // Nobody has an identity here: that is an answer, too.
            #expect(await agent.answersOwnCall())
            let health = agent.health
            #expect(health.isReady)
            #expect(health.synchronisedAt == Sample.now)
            #expect(health.identityExpiresAt == Sample.now.advanced(by: 3590))
        }
        let blind = self.agent(attestors: [])
        try await run(blind) {
            await clock.untilSleeping(2)
            #expect(await !blind.answersOwnCall())
        }
    }

    @Test func `an agent whose SVID ran out is not ready`() {
        func health(_ end: CertificateTime?, answers: Bool = true) -> AgentHealth {
            AgentHealth(
                phase: .serving, answersWorkloads: answers, identityExpiresAt: end, synchronisedAt: nil,
                failedRounds: 0, entries: 0, x509SVIDs: 0, tokens: 0, subscribers: 0, at: Sample.now)
        }
        #expect(health(Sample.now).isReady)
        #expect(!health(Sample.now.advanced(by: -1)).isReady)
        #expect(!health(nil).isReady)
        #expect(!health(Sample.now, answers: false).isReady)
    }

    /// Counts how often attestations ended.
    private struct CountedProof: NodeProof {
        let ended = Counter()
        func data() -> NodeAttestationData { NodeAttestationData(type: "x", payload: []) }
        func answer(_ challenge: [UInt8]) throws -> [UInt8] { challenge }
        func finish() { _ = ended.next() }
    }

    @Test func `a proof is told that the attestation is over, however it ends`() async throws {
        let proof = CountedProof()
        await issuer.fail(.attest, .unavailable)
        let agent = Agent(
            AgentConfiguration(trustDomain: Sample.domain, version: "1", bootstrap: .anybody), issuer: issuer,
            admission: OpenBundleAdmission(), nodeProof: proof, attestors: [], store: store, threads: BlockingThreads(),
            clock: clock, jitter: Sample.steady, logger: Sample.silent)
        try await run(agent) {
            await clock.untilSleeping(2)
            #expect(proof.ended.value == 1)
            #expect(agent.phase == .attesting)
            clock.advance(by: .seconds(10))
            await issuer.until(.attest, 2)
            await clock.untilSleeping(2)
        }
        #expect(proof.ended.value == 2)
    }

    @Test func `what was trusted before is decided about again`() async throws {
        try await attested()
        // Bound to an organisation since, which vouches for nobody here: nothing that was kept is used.
        let bound = agent({ $0.bootstrap = .proven }, admission: FakeAdmission { _ in nil })
        try await run(bound) { await clock.untilSleeping(2) }
        #expect(bound.identity == nil)
        #expect(bound.phase == .bootstrapping)
        #expect(await issuer.calls[.renew] == nil)
        #expect(await issuer.credentials?.identity == nil)
    }

    @Test func `a kept bundle that can't be decided about is not used`() async throws {
        try await attested()
        let bound = agent({ $0.bootstrap = .proven }, admission: RefusingAdmission())
        try await run(bound) { await clock.untilSleeping(2) }
        #expect(bound.identity == nil)
        #expect(bound.phase == .bootstrapping)
    }

    private struct NeverProof: NodeProof {
        func data() throws -> NodeAttestationData { throw AgentPhase.StopReason.cannotReattest }
        func answer(_ challenge: [UInt8]) -> [UInt8] { challenge }
    }

    @Test func `an agent that has no way to attest ends when it must`() async throws {
        let agent = Agent(
            AgentConfiguration(trustDomain: Sample.domain, version: "1", bootstrap: .anybody), issuer: issuer,
            admission: OpenBundleAdmission(), nodeProof: NeverProof(), attestors: [], store: store,
            threads: BlockingThreads(), clock: clock, jitter: Sample.steady, logger: Sample.silent)
        await #expect(throws: AgentPhase.StopReason.cannotReattest) { try await agent.run() }
        #expect(await issuer.calls[.attest] == nil)
    }
}
