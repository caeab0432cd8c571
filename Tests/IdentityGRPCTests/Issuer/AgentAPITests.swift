// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import JOSE
import LogTestKit
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC
@testable import Issuer

@Suite(.timeLimit(.minutes(2))) struct AgentAPITests {
    typealias Agents = Spire_Api_Server_Agent_V1_Agent
    typealias Step = Spire_Api_Server_Agent_V1_AttestAgentRequest

    private static func params(_ token: String, csr: [UInt8]) -> Step {
        .with {
            $0.params.data.type = "join_token"
            $0.params.data.payload = Data(token.utf8)
            $0.params.params.csr = Data(csr)
        }
    }

    private static func attest(
        _ client: TestClient, _ messages: [Step]
    ) async throws -> Spire_Api_Server_Agent_V1_AttestAgentResponse {
        try await Agents.Client(wrapping: client).attestAgent(
            requestProducer: { writer in for message in messages { try await writer.write(message) } },
            onResponse: { response in
                for try await message in response.messages { return message }
                throw TestFailure("no answer")
            })
    }

    @Test func aNodeJoinsByATokenAndCallsAsAgent() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serve { port in
            let token = try await issuer.local { client in
                try await Agents.Client(wrapping: client).createJoinToken(.with { $0.ttl = 60 })
            }
            #expect(token.expiresAt == issuer.clock.now().seconds + 60)
            let key = try PrivateKey(generating: .p256)
            let reply = try await issuer.remote(port) { client in
                try await Self.attest(client, [Self.params(token.value, csr: try TestRequest.der(key))])
            }
            let svid = reply.result.svid
            #expect(!reply.result.reattestable)
            #expect(svid.id.path == "/spire/agent/join_token/\(token.value)")
            let leaf = try X509Certificate(der: Array(try #require(svid.certChain.first)))
            #expect(leaf.uris == ["spiffe://example.org\(svid.id.path)"])
            #expect(svid.expiresAt == leaf.notAfter.seconds)
            let agent = TestPeer(
                id: ServedIssuer.id(svid.id.path), chain: svid.certChain.map { Array($0) }, key: key)
            try await issuer.remote(port, as: agent) { client in
                _ = try await Agents.Client(wrapping: client).postStatus(.with { $0.agentVersion = "1.2.3" })
            }
            let listed = try await issuer.local { client in
                try await Agents.Client(wrapping: client).listAgents(.init())
            }
            #expect(listed.agents.map(\.agentVersion) == ["1.2.3"])
            #expect(listed.agents.map(\.attestationType) == ["join_token"])
        }
    }

    @Test func aTokenCountsOnce() async throws {
        let issuer = try await ServedIssuer(limits: RateLimits(perSecond: [:]))
        _ = try await issuer.agent("once")
        try await issuer.serve { port in
            try await issuer.remote(port) { client in
                let error = await failure {
                    _ = try await Self.attest(client, [Self.params("once", csr: try TestRequest.der())])
                }
                #expect(error?.code == .invalidArgument || error?.code == .permissionDenied)
            }
        }
    }

    @Test(arguments: ["no step", "no data", "no params", "answer first", "no payload", "bad request", "no message"])
    func attestationThatBeginsWrongIsRefused(_ name: String) async throws {
        let issuer = try await ServedIssuer(limits: RateLimits(perSecond: [:]))
        _ = try await issuer.facades.agents.createJoinToken(ttl: 60, value: "t")
        var message = Self.params("t", csr: try TestRequest.der())
        switch name {
        case "no step": message = Step()
        case "no data": message.params.clearData()
        case "no params": message.params.clearParams()
        case "answer first": message = .with { $0.challengeResponse = Data([1]) }
        case "no payload": message.params.data.payload = Data()
        case "bad request": message.params.params.csr = Data([0x30, 0x03, 1, 2, 3])
        default: break
        }
        let messages = name == "no message" ? [] : [message]
        try await issuer.serve { port in
            try await issuer.remote(port) { client in
                let error = await failure { _ = try await Self.attest(client, messages) }
                #expect(error?.code == .invalidArgument)
            }
        }
        let line = try #require(issuer.log.accesses(of: "AttestAgent").first)
        #expect(line["status"] == "error")
        #expect(line["status_code"] == "InvalidArgument")
        // Whoever fails to attest leaves nothing in the store.
        #expect(try await issuer.audit().allSatisfy { !$0.contains("AttestAgent") })
    }

    @Test func attestationsOfOneSourceWaitForEachOther() async throws {
        // Nobody waits in this test: who would have to is refused.
        let issuer = try await ServedIssuer(limits: RateLimits(longestWait: .zero))
        try await issuer.serve { port in
            try await issuer.remote(port) { client in
                let csr = try TestRequest.der()
                let first = await failure { _ = try await Self.attest(client, [Self.params("a", csr: csr)]) }
                #expect(first?.code == .invalidArgument || first?.code == .permissionDenied)
                let second = await failure { _ = try await Self.attest(client, [Self.params("a", csr: csr)]) }
                #expect(second?.code == .resourceExhausted)
                issuer.clock.advance(by: 1)
                let third = await failure { _ = try await Self.attest(client, [Self.params("a", csr: csr)]) }
                #expect(third?.code == first?.code)
            }
        }
    }

    // MARK: Standing

    /// What an agent is told on a connection that was open before something happened to it.
    private func told(
        _ happening: @escaping @Sendable (ServedIssuer, TestPeer) async throws -> Void
    ) async throws -> RPCError? {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        return try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let entries = Spire_Api_Server_Entry_V1_Entry.Client(wrapping: client)
                _ = try await entries.getAuthorizedEntries(.init())
                try await happening(issuer, agent)
                return await failure { _ = try await entries.getAuthorizedEntries(.init()) }
            }
        }
    }

    @Test func aBannedAgentIsToldSoAtOnce() async throws {
        let error = try await told { issuer, agent in
            try await issuer.local { client in
                _ = try await Agents.Client(wrapping: client).banAgent(
                    .with { $0.id = Spire_Api_Types_SPIFFEID(agent.id) })
            }
        }
        #expect(error?.code == .permissionDenied)
        #expect(error?.reason == .agentBanned)
    }

    @Test func anEvictedAgentIsToldSoAtOnce() async throws {
        let error = try await told { issuer, agent in
            try await issuer.local { client in
                _ = try await Agents.Client(wrapping: client).deleteAgent(
                    .with { $0.id = Spire_Api_Types_SPIFFEID(agent.id) })
            }
        }
        #expect(error?.code == .permissionDenied)
        #expect(error?.reason == .agentNotAttested)
    }

    @Test func anSVIDThatExpiresOnAnOpenConnectionCountsNoMore() async throws {
        let error = try await told { issuer, _ in issuer.clock.advance(by: 3601) }
        #expect(error?.code == .permissionDenied)
        #expect(error?.reason == .agentExpired)
    }

    @Test func anAgentThatRenewedUsesItsNewSVID() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let key = try PrivateKey(generating: .p256)
                let csr = try TestRequest.der(key)
                let renewed = try await Agents.Client(wrapping: client).renewAgent(
                    .with { $0.params.csr = Data(csr) })
                let entries = Spire_Api_Server_Entry_V1_Entry.Client(wrapping: client)
                // Until the new one was used, the old one counts.
                _ = try await entries.getAuthorizedEntries(.init())
                let next = TestPeer(id: agent.id, chain: renewed.svid.certChain.map { Array($0) }, key: key)
                try await issuer.remote(port, as: next) { client in
                    _ = try await Spire_Api_Server_Entry_V1_Entry.Client(wrapping: client)
                        .getAuthorizedEntries(.init())
                }
                let error = await failure { _ = try await entries.getAuthorizedEntries(.init()) }
                #expect(error?.reason == .agentNotActive)
            }
        }
    }

    @Test func renewingNeedsARequest() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let agents = Agents.Client(wrapping: client)
                let missing = await failure { _ = try await agents.renewAgent(.init()) }
                #expect(missing?.code == .invalidArgument)
                #expect(missing?.message == "params cannot be nil")
                let malformed = await failure {
                    _ = try await agents.renewAgent(.with { $0.params.csr = Data([1, 2, 3]) })
                }
                #expect(malformed?.code == .invalidArgument)
                #expect(malformed?.message == "malformed CSR")
            }
        }
    }

    // MARK: Administration

    @Test func agentsAreShownByMaskAndPage() async throws {
        let issuer = try await ServedIssuer(limits: RateLimits(perSecond: [:]))
        for number in 1...3 { _ = try await issuer.agent("token-\(number)") }
        try await issuer.serveLocally { client in
            let agents = Agents.Client(wrapping: client)
            let first = try await agents.listAgents(
                .with {
                    $0.pageSize = 2
                    $0.outputMask = .with { $0.canReattest = true }
                })
            #expect(
                first.agents.map(\.id.path) == ["/spire/agent/join_token/token-1", "/spire/agent/join_token/token-2"])
            #expect(first.agents.allSatisfy { $0.attestationType.isEmpty && $0.x509SvidSerialNumber.isEmpty })
            let rest = try await agents.listAgents(
                .with {
                    $0.pageSize = 2
                    $0.pageToken = first.nextPageToken
                })
            #expect(rest.agents.count == 1)
            #expect(rest.nextPageToken.isEmpty)
            let counted = try await agents.countAgents(
                .with { $0.filter.byBanned = .with { $0.value = true } })
            #expect(counted.count == 0)
            let typed = try await agents.countAgents(.with { $0.filter.byAttestationType = "join_token" })
            #expect(typed.count == 3)
            for error in [
                await failure { _ = try await agents.listAgents(.with { $0.pageToken = "?" }) },
                await failure { _ = try await agents.listAgents(.with { $0.pageSize = -1 }) },
                await failure { _ = try await agents.countAgents(.with { $0.filter.byExpiresBefore = "soon" }) },
                await failure {
                    _ = try await agents.countAgents(.with { $0.filter.bySelectorMatch.match = .UNRECOGNIZED(9) })
                },
                await failure { _ = try await agents.getAgent(.init()) },
                await failure { _ = try await agents.banAgent(.init()) },
                await failure { _ = try await agents.deleteAgent(.with { $0.id.trustDomain = "Not A Domain" }) },
            ] { #expect(error?.code == .invalidArgument) }
            let missing = await failure {
                _ = try await agents.getAgent(
                    .with { $0.id = Spire_Api_Types_SPIFFEID(ServedIssuer.id("/spire/agent/nobody")) })
            }
            #expect(missing?.code == .notFound)
            #expect(missing?.message == "agent not found")
        }
    }

    @Test func aTokenValueIsTakenOnce() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let agents = Agents.Client(wrapping: client)
            let wish = Spire_Api_Server_Agent_V1_CreateJoinTokenRequest.with {
                $0.ttl = 60
                $0.token = "mine"
            }
            _ = try await agents.createJoinToken(wish)
            let taken = await failure { _ = try await agents.createJoinToken(wish) }
            #expect(taken?.code == .alreadyExists)
            let endless = await failure { _ = try await agents.createJoinToken(.init()) }
            #expect(endless?.code == .invalidArgument)
        }
        // A token is a secret: neither the log nor the audit has it.
        #expect(issuer.log.lines.allSatisfy { !$0.fields.values.contains { $0.contains("mine") } })
        #expect(try await issuer.audit().allSatisfy { !$0.contains("mine") })
    }
}
