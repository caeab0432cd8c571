// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import Issuer

/// The life of an agent. Facts (SPIFFE) 12.
struct AgentServiceTests {
    struct Bench {
        let kit: RegistrationKit
        let signer: ScriptedSigner
        let agents: AgentService

        init(
            _ kit: RegistrationKit, attestors: [any NodeAttestor] = [], signer: ScriptedSigner = ScriptedSigner(),
            limiter: RateLimiter? = nil
        ) {
            self.kit = kit
            self.signer = signer
            agents = AgentService(
                kit.directory, attestors: attestors + [JoinTokenAttestor(kit.directory, clock: kit.clock)],
                signer: signer,
                limiter: limiter, clock: kit.clock)
        }

        static let caller = Caller.remote(address: "192.0.2.1", identity: nil)

        func attest(_ type: String, _ payload: String) async throws(IssuerError) -> AgentSVID {
            var session = agents.attestation(for: Self.caller)
            guard
                case .result(let svid, _) = try await session.receive(
                    .parameters(type: type, payload: Array(payload.utf8), request: [1]))
            else { throw IssuerError(.internal, "no result") }
            return svid
        }

        func caller(_ id: SPIFFEID, serial: String, validFor seconds: Int64 = 60) -> Caller {
            .remote(
                address: "192.0.2.1",
                identity: CallerIdentity(
                    id: id, serialNumber: serial, notAfter: kit.clock.now().advanced(by: seconds)))
        }

        func refusal(_ body: () async throws(IssuerError) -> Void) async -> IssuerError? {
            do throws(IssuerError) {
                try await body()
                return nil
            } catch { return error }
        }
    }

    // MARK: Conversation

    @Test func asksUntilItBelieves() async throws {
        let bench = Bench(try await RegistrationKit(), attestors: [ScriptedAttestor(type: "t", secrets: ["a", "b"])])
        var session = bench.agents.attestation(for: Bench.caller)
        let begin = AttestationMessage.parameters(type: "t", payload: Array("n".utf8), request: [7])
        let first = try await session.receive(begin)
        #expect(first == .challenge(Array("which?".utf8)))
        let second = try await session.receive(.response(Array("a".utf8)))
        #expect(second == .challenge(Array("which?".utf8)))
        let goesOn = !session.isFinished
        #expect(goesOn)
        guard case .result(let svid, true) = try await session.receive(.response(Array("b".utf8))) else {
            Issue.record("no result")
            return
        }
        let isOver = session.isFinished
        #expect(isOver)
        #expect(svid.id == .example("/spire/agent/t/n") && svid.chain == [[7]])
        let agent = try await bench.agents.agent(.example("/spire/agent/t/n"))
        #expect(agent.selectors == .of("t:name:n") && agent.attestationType == "t" && agent.canReattest)
        #expect(agent.serialNumber == "1" && agent.expiresAt == 1_800_003_600)
    }

    @Test(
        arguments: [
            ("a response first", [AttestationMessage.response([1])], "invalid-argument: send params first"),
            (
                "parameters twice",
                [
                    .parameters(type: "t", payload: [65], request: [1]),
                    .parameters(type: "t", payload: [65], request: [1]),
                ],
                "invalid-argument: expected a challenge response"
            ),
            (
                "a wrong answer", [.parameters(type: "t", payload: [65], request: [1]), .response([1])],
                "permission-denied: wrong answer"
            ),
            (
                "a large answer",
                [
                    .parameters(type: "t", payload: [65], request: [1]),
                    .response([UInt8](repeating: 1, count: 300_000)),
                ],
                "invalid-argument: challenge response is too large"
            ),
            (
                "no type", [.parameters(type: "", payload: [65], request: [1])],
                "invalid-argument: malformed param: missing attestation data type"
            ),
            (
                "no payload", [.parameters(type: "t", payload: [], request: [1])],
                "invalid-argument: malformed param: missing attestation payload"
            ),
            (
                "a large payload",
                [.parameters(type: "t", payload: [UInt8](repeating: 65, count: 300_000), request: [1])],
                "invalid-argument: malformed param: attestation payload is too large"
            ),
            (
                "no request", [.parameters(type: "t", payload: [65], request: [])],
                "invalid-argument: malformed param: missing CSR"
            ),
            (
                "a large request",
                [.parameters(type: "t", payload: [65], request: [UInt8](repeating: 1, count: 70_000))],
                "invalid-argument: malformed param: CSR is too large"
            ),
            (
                "an unknown type", [.parameters(type: "u", payload: [65], request: [1])],
                "failed-precondition: error getting node attestor: could not find node attestor type \"u\""
            ),
            (
                "an ID outside", [.parameters(type: "outside", payload: [65], request: [1])],
                "internal: invalid agent ID"
            ),
            (
                "a foreign ID", [.parameters(type: "foreign", payload: [65], request: [1])],
                "internal: invalid agent ID"
            ),
        ] as [(String, [AttestationMessage], String)])
    func endsAtARefusal(_ name: String, _ messages: [AttestationMessage], _ words: String) async throws {
        let bench = Bench(
            try await RegistrationKit(),
            attestors: [
                ScriptedAttestor(type: "t", secrets: ["a"]),
                ScriptedAttestor(type: "outside", id: .example("/workload")),
                ScriptedAttestor(type: "foreign", id: try SPIFFEID("spiffe://other.test/spire/agent/x/1")),
            ])
        var session = bench.agents.attestation(for: Bench.caller)
        var refusal: IssuerError?
        for message in messages {
            do throws(IssuerError) { _ = try await session.receive(message) } catch { refusal = error }
        }
        #expect(refusal.map { "\($0.code.rawValue): \($0.message)" } == words)
        let isOver = session.isFinished
        #expect(isOver)
        do throws(IssuerError) {
            _ = try await session.receive(.response(Array("a".utf8)))
            Issue.record("the conversation went on")
        } catch {
            #expect(error == IssuerError(.failedPrecondition, "attestation is over"))
        }
        #expect(bench.signer.signed == 0)
        #expect(try await bench.agents.count() == 0)
    }

    @Test func boundsTheRounds() async throws {
        let bench = Bench(
            try await RegistrationKit(),
            attestors: [ScriptedAttestor(type: "t", secrets: [String](repeating: "a", count: 100))])
        var session = bench.agents.attestation(for: Bench.caller)
        _ = try await session.receive(.parameters(type: "t", payload: [65], request: [1]))
        for _ in 0..<7 { _ = try await session.receive(.response(Array("a".utf8))) }
        do throws(IssuerError) {
            _ = try await session.receive(.response(Array("a".utf8)))
            Issue.record("the conversation went on")
        } catch {
            #expect(error == IssuerError(.failedPrecondition, "attestation takes too many rounds"))
        }
    }

    @Test func waitsForItsTurn() async throws {
        let kit = try await RegistrationKit()
        let bench = Bench(
            kit, attestors: [ScriptedAttestor(type: "t")],
            limiter: RateLimiter(
                RateLimits(perSecond: [.attestation: 1, .x509Signing: 1, .statusPosting: 1]), clock: kit.clock))
        let agent = try await kit.putAgent("/spire/agent/t/a", canReattest: false)
        for _ in 0..<2 { _ = await bench.refusal { () throws(IssuerError) in _ = try await bench.attest("t", "b") } }
        #expect(kit.clock.slept == [.seconds(1)])
        let caller = bench.caller(agent, serial: "1")
        for _ in 0..<2 { _ = try await bench.agents.renew(caller, request: [1]) }
        #expect(kit.clock.slept == [.seconds(1), .seconds(1)])
        for version in ["1", "2"] { try await bench.agents.postStatus(caller, version: version) }
        #expect(kit.clock.slept == [.seconds(1), .seconds(1), .seconds(1)])
    }

    // MARK: Enrolling

    @Test func believesTheFirstOnly() async throws {
        let bench = Bench(try await RegistrationKit(), attestors: [ScriptedAttestor(type: "tofu", canReattest: false)])
        _ = try await bench.attest("tofu", "n")
        let used = IssuerError(
            .permissionDenied, "failed to attest: attestation data has already been used to attest an agent")
        #expect(await bench.refusal { () throws(IssuerError) in _ = try await bench.attest("tofu", "n") } == used)
        #expect(bench.signer.signed == 1)
        // Evicted, it may.
        try await bench.agents.delete(.example("/spire/agent/tofu/n"))
        #expect(try await bench.attest("tofu", "n").serialNumber == "2")
    }

    @Test func givesOneOfTwoAtOnceNothing() async throws {
        let kit = try await RegistrationKit()
        let signer = ScriptedSigner { (id) throws(IssuerError) in
            // Somebody else with the same proof is faster.
            do { try await kit.putAgent(id.path, serial: "77", canReattest: false) } catch {
                throw IssuerError(.internal, "\(error)")
            }
        }
        let bench = Bench(kit, attestors: [ScriptedAttestor(type: "tofu", canReattest: false)], signer: signer)
        #expect(
            await bench.refusal { () throws(IssuerError) in _ = try await bench.attest("tofu", "n") }?.code
                == .permissionDenied)
        #expect(try await bench.agents.agent(.example("/spire/agent/tofu/n")).serialNumber == "77")
    }

    @Test func keepsBannedAgentsOut() async throws {
        let bench = Bench(try await RegistrationKit(), attestors: [ScriptedAttestor(type: "t")])
        let svid = try await bench.attest("t", "n")
        _ = try await bench.attest("t", "n")
        try await bench.agents.ban(.example("/spire/agent/t/n"))
        let agent = try await bench.agents.agent(.example("/spire/agent/t/n"))
        #expect(agent.isBanned && agent.serialNumber.isEmpty && agent.expiresAt == 1_800_003_600)
        let banned = await bench.refusal { () throws(IssuerError) in _ = try await bench.attest("t", "n") }
        #expect(banned == IssuerError(.permissionDenied, "failed to attest: agent is banned", reason: .agentBanned))
        let identity = CallerIdentity(id: svid.id, serialNumber: "2", notAfter: .latest)
        #expect(
            await bench.refusal { () throws(IssuerError) in try await bench.agents.admit(identity) }?.reason
                == .agentBanned)
        #expect(bench.signer.signed == 2)
    }

    // MARK: Renewing

    /// What is signed for an agent is found in the log by the name of the call.
    @Test func callsAreNamedForTheAudit() async throws {
        let bench = Bench(try await RegistrationKit(), attestors: [ScriptedAttestor(type: "t")])
        let begin = AttestationMessage.parameters(type: "t", payload: Array("n".utf8), request: [1])
        var session = bench.agents.attestation(for: Bench.caller, callID: "call 1")
        _ = try await session.receive(begin)
        var local = bench.agents.attestation(for: .unknown, callID: "call 2")
        _ = try await local.receive(begin)
        let id = try await bench.kit.putAgent("/spire/agent/t/1", serial: "old", canReattest: false)
        _ = try await bench.agents.renew(bench.caller(id, serial: "old"), request: [3], callID: "call 3")
        #expect(
            bench.signer.requesters == [
                Requester(name: "node at 192.0.2.1", callID: "call 1"), Requester(name: "local node", callID: "call 2"),
                Requester(id, callID: "call 3"),
            ])
    }

    @Test func promotesTheNextSVIDWhenItIsUsed() async throws {
        let bench = Bench(try await RegistrationKit())
        let id = try await bench.kit.putAgent("/spire/agent/t/1", serial: "old", canReattest: false)
        let renewed = try await bench.agents.renew(bench.caller(id, serial: "old"), request: [3])
        #expect(renewed.serialNumber == "1" && renewed.chain == [[3]])
        // Both count until the new one is used.
        func admits(_ serial: String) async -> IssuerError.Reason? {
            await bench.refusal { () throws(IssuerError) in
                try await bench.agents.admit(CallerIdentity(id: id, serialNumber: serial, notAfter: .latest))
            }?.reason
        }
        #expect(await admits("old") == nil)
        #expect(try await bench.agents.agent(IDDraft(id)).serialNumber == "old")
        #expect(await admits("1") == nil)
        let agent = try await bench.agents.agent(IDDraft(id))
        #expect(agent.standing == .active(current: .init(serialNumber: "1", expiresAt: 1_800_003_600), next: nil))
        #expect(await admits("old") == .agentNotActive)
        #expect(await admits("other") == .agentNotActive)
    }

    @Test func refusesRenewals() async throws {
        let bench = Bench(try await RegistrationKit())
        let id = try await bench.kit.putAgent("/spire/agent/t/1", canReattest: false)
        let again = try await bench.kit.putAgent("/spire/agent/t/2", canReattest: true)
        func reason(_ caller: Caller, _ request: [UInt8] = [1]) async -> IssuerError? {
            await bench.refusal { () throws(IssuerError) in _ = try await bench.agents.renew(caller, request: request) }
        }
        #expect(await reason(Bench.caller)?.reason == .agentNotAttested)
        #expect(await reason(bench.caller(id, serial: "2"))?.reason == .agentNotActive)
        #expect(await reason(bench.caller(id, serial: "1", validFor: -1))?.reason == .agentExpired)
        #expect(await reason(bench.caller(again, serial: "1"))?.reason == .agentMustReattest)
        #expect(await reason(bench.caller(id, serial: "1"), [])?.code == .invalidArgument)
        #expect(bench.signer.signed == 0)
    }

    @Test func renewsNobodyWhoWasBannedMeanwhile() async throws {
        let kit = try await RegistrationKit()
        let signer = ScriptedSigner { (id) throws(IssuerError) in
            do {
                try await kit.store.write {
                    var agent = try #require(try $0.agent(id))
                    agent.standing = .banned
                    try $0.put(agent)
                }
            } catch { throw IssuerError(.internal, "\(error)") }
        }
        let bench = Bench(kit, signer: signer)
        let id = try await kit.putAgent("/spire/agent/t/1", canReattest: false)
        #expect(
            await bench.refusal { () throws(IssuerError) in
                _ = try await bench.agents.renew(bench.caller(id, serial: "1"), request: [1])
            }?.reason == .agentBanned)
        #expect(try await bench.agents.agent(IDDraft(id)).isBanned)
    }

    // MARK: Status

    @Test func remembersTheVersion() async throws {
        let bench = Bench(try await RegistrationKit())
        let id = try await bench.kit.putAgent("/spire/agent/t/1")
        let caller = bench.caller(id, serial: "1")
        try await bench.agents.postStatus(caller, version: "1.2.3")
        #expect(try await bench.agents.agent(IDDraft(id)).version == "1.2.3")
        #expect(
            await bench.refusal { () throws(IssuerError) in
                try await bench.agents.postStatus(caller, version: String(repeating: "x", count: 256))
            }?.code == .invalidArgument)
        #expect(
            await bench.refusal { () throws(IssuerError) in
                try await bench.agents.postStatus(bench.caller(.example("/spire/agent/t/2"), serial: "1"), version: "1")
            }?.code == .notFound)
    }

    // MARK: Join tokens

    @Test func joinsOnce() async throws {
        let bench = Bench(try await RegistrationKit())
        let token = try await bench.agents.createJoinToken(ttl: 600, agentID: .example("/fleet"))
        #expect(token.expiresAt == bench.kit.clock.seconds + 600)
        let path = "/spire/agent/join_token/\(token.value)"
        let alias = try #require(try bench.kit.entries.list().elements.first)
        #expect(alias.spiffeID == .example("/fleet") && alias.parentID == .example(path))
        #expect(alias.selectors == .of("spiffe_id:spiffe://example.org\(path)"))
        _ = try await bench.kit.entries.create([EntryDraft.workload("/web", under: "/fleet").with { $0.id = "web" }])

        let svid = try await bench.attest("join_token", token.value)
        #expect(svid.id == .example(path))
        #expect(try await bench.agents.agent(.example(path)).selectors == [])
        #expect(
            Set(try await bench.kit.entries.authorizedEntries(of: svid.id).map(\.id)) == ["web", alias.id])
        let gone = IssuerError(
            .invalidArgument, "failed to attest: join token does not exist or has already been used")
        #expect(
            await bench.refusal { () throws(IssuerError) in _ = try await bench.attest("join_token", token.value) }
                == gone)
    }

    @Test func usesALateTokenUp() async throws {
        let bench = Bench(try await RegistrationKit())
        let token = try await bench.agents.createJoinToken(ttl: 10, value: "mine")
        bench.kit.clock.advance(by: .seconds(10))
        func refusal() async -> String? {
            await bench.refusal { () throws(IssuerError) in _ = try await bench.attest("join_token", token.value) }?
                .message
        }
        #expect(await refusal() == "join token expired")
        #expect(await refusal() == "failed to attest: join token does not exist or has already been used")
    }

    @Test func refusesTokens() async throws {
        let bench = Bench(try await RegistrationKit())
        _ = try await bench.agents.createJoinToken(ttl: 1, value: "taken")
        func code(_ ttl: Int32, _ value: String, _ id: IDDraft? = nil) async -> IssuerError.Code? {
            await bench.refusal { () throws(IssuerError) in
                _ = try await bench.agents.createJoinToken(ttl: ttl, value: value, agentID: id)
            }?.code
        }
        #expect(await code(0, "x") == .invalidArgument)
        #expect(await code(-1, "x") == .invalidArgument)
        #expect(await code(1, "a/b") == .invalidArgument)
        #expect(await code(1, "..") == .invalidArgument)
        #expect(await code(1, String(repeating: "x", count: 129)) == .invalidArgument)
        #expect(await code(1, "taken") == .alreadyExists)
        #expect(await code(1, "x", .example("/spire/agent/x")) == .invalidArgument)
        #expect(await code(1, "x") == nil, "what was refused took no value")
        for payload in ["", "\u{0}", String(repeating: "x", count: 129)] {
            #expect(
                await bench.refusal { () throws(IssuerError) in _ = try await bench.attest("join_token", payload) }?
                    .code
                    == .invalidArgument)
        }
    }

    @Test func forgetsExpiredTokens() async throws {
        let bench = Bench(try await RegistrationKit())
        for (value, ttl) in [("a", 10), ("b", 100)] as [(String, Int32)] {
            _ = try await bench.agents.createJoinToken(ttl: ttl, value: value)
        }
        bench.kit.clock.advance(by: .seconds(50))
        #expect(try await bench.agents.removeExpiredTokens() == 1)
        #expect(try await bench.attest("join_token", "b").id == .example("/spire/agent/join_token/b"))
    }

    // MARK: Administration

    @Test func finds() async throws {
        let bench = Bench(try await RegistrationKit())
        for index in 0..<5 {
            try await bench.kit.putAgent(
                "/spire/agent/t/\(index)", selectors: .of("s:\(index)", "all:1"), type: index < 2 ? "t" : "u",
                canReattest: index != 0)
        }
        try await bench.agents.ban(.example("/spire/agent/t/4"))
        func ids(_ change: (inout AgentFilter) -> Void) async throws -> String {
            var filter = AgentFilter()
            change(&filter)
            let found = try await bench.agents.list(filter).elements
            #expect(try await bench.agents.count(filter) == found.count)
            return found.map { String($0.id.path.last ?? "?") }.joined()
        }
        #expect(try await ids { _ in } == "01234")
        #expect(try await ids { $0.attestationType = "t" } == "01")
        #expect(try await ids { $0.isBanned = true } == "4")
        #expect(try await ids { $0.isBanned = false } == "0123")
        #expect(try await ids { $0.canReattest = false } == "0")
        #expect(try await ids { $0.selectors = .init([.init(type: "s", value: "3")], .superset) } == "3")
        // 1 800 003 600 is 2027-01-15 09:00:00 UTC.
        #expect(try await ids { $0.expiresBefore = "2027-01-15 09:00:00 +0000 UTC" } == "")
        #expect(try await ids { $0.expiresBefore = "2027-01-15 09:00:01 +0000 UTC" } == "01234")
        #expect(try await ids { $0.expiresBefore = "2027-01-15 11:00:01 +0200 +02" } == "01234")
        #expect(try await ids { $0.expiresBefore = "2027-01-15 02:00:00 -0700 -07" } == "")
        let page = try await bench.agents.list(pageSize: 2)
        #expect(page.elements.count == 2)
        #expect(try await bench.agents.list(pageSize: 3, pageToken: page.nextToken).elements.count == 3)
        #expect(try await bench.agents.list(pageSize: 3, pageToken: page.nextToken).nextToken.isEmpty)
    }

    @Test(arguments: [
        "2027-01-15", "2027-01-15 09:00:00", "2027-01-15 09:00:00 +0000", "2027-13-15 09:00:00 +0000 UTC",
        "2027-01-15 09:00:00 0000 UTC", "2027-01-15 09:00:00 +00 UTC", "2027-01-15 09:00:00 +0060 UTC",
        "2027-01-15 09:00:00 ++000 UTC", "2027-01-15 09:00:00 +9900 UTC", "2027-01-15 09:00:00 +0000 ",
    ])
    func refusesTimes(_ text: String) async throws {
        let bench = Bench(try await RegistrationKit())
        var filter = AgentFilter()
        filter.expiresBefore = text
        let asked = filter
        #expect(
            await bench.refusal { () throws(IssuerError) in _ = try await bench.agents.count(asked) }?.code
                == .invalidArgument)
    }

    @Test func refusesOtherIDs() async throws {
        let bench = Bench(try await RegistrationKit())
        let wrong = [
            nil, IDDraft.example("/workload"), .example("/spire/server"), .example("/spire/agent"),
            IDDraft(trustDomain: "other.test", path: "/spire/agent/t/1"),
        ]
        for id in wrong {
            #expect(
                await bench.refusal { () throws(IssuerError) in try await bench.agents.ban(id) }?.code
                    == .invalidArgument)
            #expect(
                await bench.refusal { () throws(IssuerError) in try await bench.agents.delete(id) }?.code
                    == .invalidArgument)
            #expect(
                await bench.refusal { () throws(IssuerError) in _ = try await bench.agents.agent(id) }?.code
                    == .invalidArgument)
        }
        let missing = IssuerError(.notFound, "agent not found")
        let unknown = IDDraft.example("/spire/agent/t/1")
        #expect(await bench.refusal { () throws(IssuerError) in try await bench.agents.ban(unknown) } == missing)
        #expect(await bench.refusal { () throws(IssuerError) in try await bench.agents.delete(unknown) } == missing)
        #expect(await bench.refusal { () throws(IssuerError) in _ = try await bench.agents.agent(unknown) } == missing)
        #expect(
            await bench.refusal { () throws(IssuerError) in _ = try await bench.agents.list(pageToken: "x") }?.code
                == .invalidArgument)
    }

    @Test func purges() async throws {
        let bench = Bench(try await RegistrationKit())
        for (name, canReattest) in [("old", true), ("first", false), ("banned", true)] {
            try await bench.kit.putAgent("/spire/agent/t/\(name)", canReattest: canReattest)
        }
        try await bench.agents.ban(.example("/spire/agent/t/banned"))
        let renewed = AttestedAgent(
            id: .example("/spire/agent/t/renewed"), attestationType: "t",
            standing: .active(
                current: .init(serialNumber: "1", expiresAt: 1),
                next: .init(serialNumber: "2", expiresAt: 1_900_000_000)),
            expiresAt: 1, canReattest: true)
        try await bench.kit.store.write { try $0.put(renewed) }
        let end = bench.kit.clock.seconds + 3600
        #expect(try await bench.agents.purge(expiredBefore: end) == [])
        #expect(try await bench.agents.purge(expiredBefore: end + 1) == [.example("/spire/agent/t/old")])
        #expect(
            try await bench.agents.purge(expiredBefore: end + 1, includingFirstUse: true)
                == [.example("/spire/agent/t/first")])
        #expect(try await bench.agents.count() == 2)
    }
}
