// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import NodeAgent

/// Agents whose clock is wrong, or whose disk is full.
extension AgentTests {
    @Test func `an SVID that ran out by the agent's clock alone is kept until the clock is right`() async throws {
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            await issuer.forgetCalls()
            clock.step(by: 86_400)
            await pass()
            #expect(agent.phase == .serving)
            #expect(!agent.health.isReady)
            clock.step(by: -86_400)
            await pass(.seconds(10))
            #expect(agent.health.isReady)
            #expect(agent.health.failedRounds == 0)
        }
        #expect(await issuer.calls[.attest] == nil)
        #expect(await store.load()?.identity != nil)
    }

    @Test func `an SVID that ran out by the issuer's clock alone is kept as well`() async throws {
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            await issuer.fail(.entries, .agentExpired)
            await pass()
            #expect(agent.phase == .serving)
            #expect(agent.health.failedRounds == 1)
            await pass(.seconds(10))
            #expect(agent.health.failedRounds == 0)
        }
        #expect(await store.load()?.identity != nil)
    }

    @Test func `an agent that may attest again does when its SVID has run out`() async throws {
        await issuer.change { $0.isReattestable = true }
        let agent = agent()
        try await run(agent) {
            await clock.untilSleeping(2)
            await issuer.forgetCalls()
            clock.step(by: 86_400)
            await pass()
            #expect(agent.health.isReady)
        }
        #expect(await issuer.calls[.attest] == 1)
    }

    @Test func `an agent whose authority is gone shows that SVID no more, and attests again`() async throws {
        await issuer.change { $0.isReattestable = true }
        let agent = agent()
        let next = TestAuthority()
        try await run(agent) {
            await clock.untilSleeping(2)
            await issuer.change {
                $0.ownBundle = next.bundle(sequence: 2)
                $0.signer = next
            }
            await pass()
            #expect(agent.identity?.authority == next.certificate)
        }
        #expect(await issuer.shownToAttest == [nil, nil])
        #expect(await issuer.credentials?.identity == agent.identity)
    }

    @Test func `while its authority is only tainted an agent shows its SVID`() async throws {
        await issuer.change { $0.isReattestable = true }
        let agent = agent()
        let next = TestAuthority()
        try await run(agent) {
            await clock.untilSleeping(2)
            let before = agent.identity
            await issuer.change {
                $0.ownBundle = authority.bundle(and: [next], tainted: true, sequence: 2)
                $0.signer = next
            }
            await pass()
            #expect(await issuer.shownToAttest == [nil, before])
        }
    }

    @Test func `after the last authority was revoked an old file brings nothing back`() async throws {
        let folder = TemporaryFolder()
        folder.write("bundle.pem", authority.certificate.pem)
        let start: @Sendable () -> Agent = { [self] in
            agent { $0.bootstrap = .file(path: "\(folder.path)/bundle.pem", .pem) }
        }
        let first = start()
        try await run(first) {
            await clock.untilSleeping(2)
            await issuer.change {
                $0.ownBundle = $0.ownBundle.filtered { _ in false }
            }
            await pass()
        }
        #expect(await store.load()?.bundle.x509Authorities.isEmpty == true)
        let again = start()
        try await run(again) {
            await clock.untilSleeping(2)
            #expect(again.phase == .bootstrapping)
            // What was not revoked is a beginning.
            folder.write("bundle.pem", TestAuthority().certificate.pem)
            await pass(.seconds(10))
            #expect(again.phase != .bootstrapping)
        }
    }

    @Test func `a token of a key that was just published waits for that key`() async throws {
        await issuer.change { $0.entries = [Sample.entry("a")] }
        let agent = agent()
        let next = TestAuthority()
        try await run(agent) {
            await clock.untilSleeping(2)
            await issuer.change {
                $0.ownBundle = authority.bundle(and: [next], sequence: 2)
                $0.tokenSigner = next
            }
            async let token = agent.identities.jwtSVIDs(for: workload, audience: ["db"])
            // No time passes for the round: only the ring lets it begin.
            await issuer.until(.bundle, 3)
            await clock.untilSleeping(3)
            clock.advance(by: .milliseconds(250))
            let tokens = try await token
            #expect(tokens.count == 1)
        }
    }

    @Test func `a bundle that could not be stored is stored as soon as it can be`() async throws {
        let full = FullStore()
        let agent = Agent(
            AgentConfiguration(trustDomain: Sample.domain, version: "1", bootstrap: .anybody), issuer: issuer,
            admission: OpenBundleAdmission(), nodeProof: JoinTokenProof(token: "t"), attestors: [], store: full,
            threads: BlockingThreads(), clock: clock, jitter: Sample.steady, logger: Sample.silent)
        try await run(agent) {
            await clock.untilSleeping(2)
            await full.set(isFull: true)
            await issuer.change { $0.ownBundle = authority.bundle(sequence: 2) }
            await pass()
            #expect(agent.health.isReady)
            #expect(await full.load()?.bundle == authority.bundle(sequence: 1))
            await full.set(isFull: false)
            await pass()
            #expect(await full.load()?.bundle == authority.bundle(sequence: 2))
        }
    }
}

/// A store whose disk may be full.
private actor FullStore: AgentStore {
    struct Full: Error {}

    private var record: AgentRecord?
    private var isFull = false

    func set(isFull: Bool) { self.isFull = isFull }
    func load() -> AgentRecord? { record }

    func save(_ record: AgentRecord) throws {
        guard !isFull else { throw Full() }
        self.record = record
    }
}
