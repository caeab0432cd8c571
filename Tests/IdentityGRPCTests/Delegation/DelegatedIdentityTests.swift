// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC
@testable import NodeAgent

@Suite(.timeLimit(.minutes(2))) struct DelegatedIdentityTests {
    typealias API = Spire_Api_Agent_Delegatedidentity_V1_DelegatedIdentity

    private let folder: SocketFolder
    private let answers: ScriptedAnswers
    private let levels = LogLevelSwitch(launch: .info)

    init() throws {
        folder = try SocketFolder()
        answers = try ScriptedAnswers()
    }

    private func client<Result: Sendable>(
        _ body: @escaping @Sendable (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Result
    ) async throws -> Result {
        var limits = ListenerLimits.local
        limits.grace = .zero
        let debug = AgentDebugService(startedAt: Authority.now.advanced(by: -5), identity: { nil }) {
            AgentHealth(
                phase: .serving, answersWorkloads: true, identityExpiresAt: nil, synchronisedAt: Authority.now,
                failedRounds: 0, entries: 1, x509SVIDs: 2, tokens: 3, subscribers: 4, at: Authority.now)
        }
        let server = IdentityServer.administration(
            at: .path(folder.socket, permissions: 0o770), answers: answers,
            services: [
                (debug, Spire_Agent_Debug_V1_Debug.descriptor),
                (AgentLoggerService(levels), Spire_Api_Agent_Logger_V1_Logger.descriptor),
            ], limits: limits, logger: ScriptedAnswers.silent,
            isServing: { true })
        return try await serving(server) { [path = folder.socket] in try await calling(path, body) }
    }

    private static func selector(_ type: String, _ value: String) -> Spire_Api_Types_Selector {
        .with {
            $0.type = type
            $0.value = value
        }
    }

    private static func first(
        _ client: GRPCClient<HTTP2ClientTransport.Posix>, selectors: [Spire_Api_Types_Selector] = [], pid: Int32 = 0
    ) async throws -> Spire_Api_Agent_Delegatedidentity_V1_SubscribeToX509SVIDsResponse {
        try await API.Client(wrapping: client).subscribeToX509SVIDs(
            .with {
                $0.selectors = selectors
                $0.pid = pid
            }
        ) { response in
            for try await message in response.messages { return message }
            throw RPCError(code: .unknown, message: "no message")
        }
    }

    @Test func aDelegateGetsWhatSelectorsGet() async throws {
        let update = try answers.update("/web")
        answers.publish(update)
        let message = try await client { try await Self.first($0, selectors: [Self.selector("unix", "uid:1")]) }
        #expect(message.x509Svids.count == 1)
        let svid = message.x509Svids[0].x509Svid
        #expect(svid.certChain.map { Array($0) } == update.svids[0].chain.map(\.der))
        #expect((svid.id.trustDomain, svid.id.path) == ("example.org", "/web"))
        #expect(svid.expiresAt == update.svids[0].chain[0].notAfter.seconds)
        #expect(svid.hint == "hint of /web")
        #expect(Array(message.x509Svids[0].x509SvidKey) == update.svids[0].key.pkcs8)
        #expect(message.federatesWith == ["spiffe://partner.test"])
        #expect(
            answers.asked == [
                "delegate peer \(getpid())", "x509 selectors [unix:uid:1]", "delegate peer \(getpid())",
            ])
    }

    @Test func whoIsADelegateNoMoreGetsNoFurtherKeys() async throws {
        answers.publish(try answers.update("/web"))
        let next = try answers.update("/web", "/db")
        let error = try await client { [answers] client in
            await #expect(throws: RPCError.self) {
                try await API.Client(wrapping: client).subscribeToX509SVIDs(.with { $0.pid = 42 }) { response in
                    for try await message in response.messages {
                        #expect(message.x509Svids.count == 1)
                        answers.denyDelegates(.notADelegate)
                        answers.publish(next)
                    }
                }
            }
        }
        #expect(error?.code == .permissionDenied)
        // Once at the beginning, and before each of the two answers.
        #expect(answers.asked.filter { $0.hasPrefix("delegate") }.count == 3)
    }

    @Test func aDelegateGetsWhatAProcessGets() async throws {
        answers.publish(try answers.update("/web"))
        _ = try await client { try await Self.first($0, pid: 42) }
        #expect(answers.asked.contains("x509 process 42"))
    }

    static let wrongReferences: [([Spire_Api_Types_Selector], Int32)] = [
        ([], 0), ([selector("unix", "uid:1")], 7), ([selector("", "x")], 0), ([selector("a:b", "x")], 0), ([], -1),
    ]

    @Test(arguments: wrongReferences) func aReferenceIsOneOrTheOther(
        selectors: [Spire_Api_Types_Selector], pid: Int32
    ) async throws {
        let error = try await client { client in
            await #expect(throws: RPCError.self) {
                _ = try await Self.first(client, selectors: selectors, pid: pid)
            }
        }
        #expect(error?.code == .invalidArgument)
        #expect(answers.asked == ["delegate peer \(getpid())"])
    }

    @Test func othersGetNothing() async throws {
        answers.publish(try answers.update("/web"))
        answers.deny(.notADelegate)
        let codes = try await client { client in
            let api = API.Client(wrapping: client)
            var codes: [RPCError.Code?] = []
            func note(_ call: () async throws -> Void) async {
                do {
                    try await call()
                    codes.append(nil)
                } catch {
                    codes.append((error as? RPCError)?.code)
                }
            }
            await note { _ = try await Self.first(client, pid: 42) }
            await note { try await api.subscribeToX509Bundles(.init()) { for try await _ in $0.messages {} } }
            await note { try await api.subscribeToJWTBundles(.init()) { for try await _ in $0.messages {} } }
            await note { _ = try await api.fetchJWTSVIDs(.with { $0.pid = 42 }) }
            return codes
        }
        #expect(codes == Array(repeating: .permissionDenied, count: 4))
        #expect(answers.asked == Array(repeating: "delegate peer \(getpid())", count: 4))
    }

    @Test func tokensCarryTheirTimes() async throws {
        let answer = try await client { client in
            try await API.Client(wrapping: client).fetchJWTSVIDs(
                .with {
                    $0.audience = ["a"]
                    $0.pid = 42
                })
        }
        #expect(answer.svids.map(\.issuedAt) == [1_785_585_600])
        #expect(answer.svids.map(\.expiresAt) == [1_785_585_900])
        #expect(answer.svids.map(\.id.path) == ["/web"])
    }

    @Test func bundlesAreAllThatTheAgentHas() async throws {
        let (names, keys) = try await client { client in
            let api = API.Client(wrapping: client)
            let names = try await api.subscribeToX509Bundles(.init()) { response in
                try await response.messages.reduce(into: [String]()) { $0 = $1.caCertificates.keys.sorted() }
            }
            let keys = try await api.subscribeToJWTBundles(.init()) { response in
                try await response.messages.reduce(into: [String]()) { $0 = $1.bundles.keys.sorted() }
            }
            return (names, keys)
        }
        #expect(names == ["spiffe://example.org", "spiffe://partner.test"])
        #expect(keys == ["spiffe://partner.test"])
        let delegate = "delegate peer \(getpid())"
        #expect(answers.asked == [delegate, "all bundles", delegate, delegate, "all keys", delegate])
    }

    @Test func noIdentityIsAnEmptyAnswer() async throws {
        answers.publish(
            X509Update(svids: [], bundle: answers.authority.bundle, federatedBundles: [answers.partner.bundle]))
        let message = try await client { try await Self.first($0, pid: 42) }
        #expect(message.x509Svids.isEmpty)
    }

    @Test func theAgentTellsHowItIs() async throws {
        let info = try await client { client in
            try await Spire_Agent_Debug_V1_Debug.Client(wrapping: client).getInfo(.init())
        }
        #expect(info.uptime == 5)
        #expect((info.cachedX509SvidsCount, info.cachedJwtSvidsCount) == (2, 3))
        #expect(info.lastSyncSuccess == Authority.now.seconds)
        #expect(info.svidChain.isEmpty)
    }

    @Test func workloadsAreNotServedHere() async throws {
        let error = try await client { client in
            await #expect(throws: RPCError.self) {
                try await Workload_SpiffeWorkloadAPI.Client(wrapping: client).fetchJWTSVID(.init())
            }
        }
        #expect(error?.code == .unimplemented)
    }

    @Test func whatIsLoggedIsChangedAndChangedBack() async throws {
        try await client { [levels] client in
            let api = Spire_Api_Agent_Logger_V1_Logger.Client(wrapping: client)
            let first = try await api.getLogger(.init())
            #expect((first.currentLevel, first.launchLevel) == (.info, .info))
            let more = try await api.setLogLevel(.with { $0.newLevel = .debug })
            #expect((more.currentLevel, more.launchLevel) == (.debug, .info))
            #expect(levels.current == .debug)
            let error = await #expect(throws: RPCError.self) { _ = try await api.setLogLevel(.init()) }
            #expect(error?.code == .invalidArgument)
            #expect(levels.current == .debug)
            #expect(try await api.resetLogLevel(.init()).currentLevel == .info)
            #expect(levels.current == .info)
        }
    }
}
