// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Synchronization
import Testing

@testable import NodeAgent

@Suite(.timeLimit(.minutes(1))) struct AgentSelfCheckTests {
    let clock = TestClock()
    /// What comes next; the last one stays.
    private let answers = Answers()

    private final class Answers: Sendable {
        let next = Mutex<[Bool?]>([true])
        let asked = Counter()

        func take() -> Bool? {
            _ = asked.next()
            return next.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }
    }

    private func run(
        _ check: AgentSelfCheck, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let running = Task { await check.run() }
        defer { running.cancel() }
        try await body()
    }

    private func check() -> AgentSelfCheck {
        AgentSelfCheck(clock: clock, interval: .seconds(10)) { [answers] in answers.take() }
    }

    @Test func `nothing has passed before it was asked`() async throws {
        let check = check()
        #expect(!check.passes)
        try await run(check) { [clock, answers] in
            await clock.untilSleeping(1)
            #expect(check.passes)
            #expect(answers.asked.value == 1)
        }
    }

    @Test func `an agent that answers no more is asked again after a while`() async throws {
        answers.next.withLock { $0 = [true, false, true] }
        let check = check()
        try await run(check) { [clock, answers] in
            for expected in [true, false, true] {
                await clock.untilSleeping(1)
                #expect(check.passes == expected)
                let asked = answers.asked.value
                clock.advance(by: .seconds(9))
                // Who was woken too early sleeps again, and has asked meanwhile.
                await clock.untilSleeping(1)
                #expect(answers.asked.value == asked)
                clock.advance(by: .seconds(1))
            }
        }
    }

    @Test func `one that does not serve yet is looked at soon`() async throws {
        answers.next.withLock { $0 = [nil, true] }
        let check = check()
        try await run(check) { [clock] in
            await clock.untilSleeping(1)
            #expect(!check.passes)
            clock.advance(by: .milliseconds(250))
            while !check.passes { await Task.yield() }
        }
    }

    @Test func `an answer that is late counts as none, and nobody asks beside it`() async throws {
        let asked = Counter()
        let check = AgentSelfCheck(clock: clock, interval: .seconds(10), patience: .seconds(5)) { [clock] in
            if asked.next() == 2 { try? await clock.sleep(for: .seconds(60)) }
            return true
        }
        try await run(check) { [clock] in
            await clock.untilSleeping(1)
            #expect(check.passes)
            clock.advance(by: .seconds(10))
            while asked.value < 2 { await Task.yield() }
            await clock.untilSleeping(1)
            clock.advance(by: .seconds(5))
            #expect(check.passes)
            clock.advance(by: .seconds(1))
            #expect(!check.passes)
            clock.advance(by: .seconds(30))
            #expect(asked.value == 2)
            #expect(!check.passes)
            // At last.
            clock.advance(by: .seconds(24))
            while !check.passes { await Task.yield() }
        }
    }

    @Test func `an agent without a working attestor serves, and does not pass`() async throws {
        let authority = TestAuthority()
        let issuer = ScriptedIssuer(authority, clock: clock)
        for (attestors, passes) in [([FixedAttestor { _ in [] }], true), ([], false)] as [([FixedAttestor], Bool)] {
            let agent = Agent(
                AgentConfiguration(trustDomain: Sample.domain, version: "1", bootstrap: .anybody), issuer: issuer,
                admission: OpenBundleAdmission(), nodeProof: JoinTokenProof(token: "abc"), attestors: attestors,
                store: MemoryAgentStore(), threads: BlockingThreads(), clock: clock, jitter: Sample.steady,
                logger: Sample.silent)
            let check = AgentSelfCheck(of: agent)
            let running = Task { try await agent.run() }
            defer { running.cancel() }
            while agent.phase != .serving { await Task.yield() }
            try await run(check) { [clock] in
                while !check.passes, passes { await Task.yield() }
                await clock.untilSleeping(3)
                #expect(agent.health.isReady)
                #expect(check.passes == passes)
            }
        }
    }
}
