// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import LogTestKit
import Logging
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC
@testable import Issuer

/// What operators ask for at the Unix socket.
@Suite(.timeLimit(.minutes(2))) struct OperationsAPITests {
    typealias Authorities = Spire_Api_Server_Localauthority_V1_LocalAuthority

    @Test func anX509AuthorityIsReplaced() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let authorities = Authorities.Client(wrapping: client)
            let before = try await authorities.getX509AuthorityState(.init())
            #expect(before.hasActive && !before.hasPrepared && !before.hasOld)
            #expect(before.active.expiresAt > issuer.clock.now().seconds)
            let prepared = try await authorities.prepareX509Authority(.init()).preparedAuthority
            let other = await failure {
                _ = try await authorities.activateX509Authority(.with { $0.authorityID = "x" })
            }
            #expect(other?.code == .invalidArgument)
            #expect(other?.message == "unexpected authority ID")
            let activated = try await authorities.activateX509Authority(
                .with { $0.authorityID = prepared.authorityID })
            #expect(activated.activatedAuthority == prepared)
            let active = await failure {
                _ = try await authorities.taintX509Authority(.with { $0.authorityID = prepared.authorityID })
            }
            #expect(active?.code == .invalidArgument)
            #expect(active?.message == "unable to taint current local authority")
            let nothing = await failure { _ = try await authorities.taintX509Authority(.init()) }
            #expect(nothing?.message == "no authority ID provided")
            let tainted = try await authorities.taintX509Authority(.with { $0.authorityID = before.active.authorityID })
            #expect(tainted.taintedAuthority.authorityID == before.active.authorityID)
            let bundle = try await Spire_Api_Server_Bundle_V1_Bundle.Client(wrapping: client).getBundle(.init())
            #expect(bundle.x509Authorities.filter(\.tainted).count == 1)
            let revoked = try await authorities.revokeX509Authority(
                .with { $0.authorityID = before.active.authorityID })
            #expect(revoked.revokedAuthority.authorityID == before.active.authorityID)
            let again = await failure {
                _ = try await authorities.revokeX509Authority(.with { $0.authorityID = before.active.authorityID })
            }
            #expect(again?.code == .internalError)
            for error in [
                await failure { _ = try await authorities.taintX509UpstreamAuthority(.with { $0.subjectKeyID = "a" }) },
                await failure {
                    _ = try await authorities.revokeX509UpstreamAuthority(.with { $0.subjectKeyID = "a" })
                },
            ] { #expect(error?.code == .failedPrecondition) }
        }
        // Once, with the name that the call has in the log; the moves that nobody asked for are there too.
        let records = try await issuer.audit()
        #expect(records.count { $0.contains("\"outcome\":\"done\"") && $0.contains("revoke-x509") } == 1)
        #expect(!records.contains { $0.contains("RevokeX509Authority") })
        let call = try #require(issuer.log.accesses(of: "RevokeX509Authority").first?["request_id"])
        #expect(records.contains { $0.contains("revoke-x509") && $0.contains(call) })
        #expect(records.contains { $0.contains("\"action\":\"prepare-x509\",\"actor\":\"issuer\"") })
    }

    @Test func aJWTAuthorityIsReplaced() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let authorities = Authorities.Client(wrapping: client)
            let before = try await authorities.getJWTAuthorityState(.init())
            let prepared = try await authorities.prepareJWTAuthority(.init()).preparedAuthority
            _ = try await authorities.activateJWTAuthority(.with { $0.authorityID = prepared.authorityID })
            let after = try await authorities.getJWTAuthorityState(.init())
            #expect(after.active.authorityID == prepared.authorityID)
            #expect(after.old.authorityID == before.active.authorityID)
            _ = try await authorities.taintJWTAuthority(.with { $0.authorityID = before.active.authorityID })
            _ = try await authorities.revokeJWTAuthority(.with { $0.authorityID = before.active.authorityID })
            let bundle = try await Spire_Api_Server_Bundle_V1_Bundle.Client(wrapping: client).getBundle(.init())
            #expect(bundle.jwtAuthorities.map(\.keyID) == [prepared.authorityID])
        }
    }

    @Test func thereAreNoWITAuthorities() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let authorities = Authorities.Client(wrapping: client)
            for error in [
                await failure { _ = try await authorities.getWITAuthorityState(.init()) },
                await failure { _ = try await authorities.prepareWITAuthority(.init()) },
                await failure { _ = try await authorities.activateWITAuthority(.init()) },
                await failure { _ = try await authorities.taintWITAuthority(.init()) },
                await failure { _ = try await authorities.revokeWITAuthority(.init()) },
            ] { #expect(error?.code == .unimplemented) }
        }
    }

    @Test func theLogLevelIsChangedAndReset() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let loggers = Spire_Api_Server_Logger_V1_Logger.Client(wrapping: client)
            let first = try await loggers.getLogger(.init())
            #expect(first.currentLevel == .info)
            let changed = try await loggers.setLogLevel(.with { $0.newLevel = .debug })
            #expect(changed.currentLevel == .debug)
            #expect(changed.launchLevel == .info)
            #expect(issuer.levels.current == .debug)
            for level in [Spire_Api_Types_LogLevel.unspecified, .UNRECOGNIZED(42)] {
                let error = await failure { _ = try await loggers.setLogLevel(.with { $0.newLevel = level }) }
                #expect(error?.code == .invalidArgument)
            }
            #expect(issuer.levels.current == .debug)
            let reset = try await loggers.resetLogLevel(.init())
            #expect(reset.currentLevel == .info)
        }
    }

    @Test func aHandlerFollowsTheSwitch() {
        let levels = LogLevelSwitch(launch: .warning)
        let collector = LineCollector()
        let logger = Logger(label: "test") { _ in SwitchedLogHandler(collector.handler, levels) }
        logger.info("unseen")
        levels.set(.info)
        logger.info("seen", metadata: ["a": "b"])
        levels.reset()
        logger.info("unseen")
        #expect(collector.lines.map(\.message) == ["seen"])
        #expect(collector.lines.first?.fields == ["a": "b"])
    }

    @Test func howMuchThereIs() async throws {
        let issuer = try await ServedIssuer()
        _ = try await issuer.agent()
        _ = try await issuer.facades.entries.create([.sample("/web", parent: "/node")])
        issuer.clock.advance(by: 7)
        try await issuer.serveLocally { client in
            let debug = Spire_Api_Server_Debug_V1_Debug.Client(wrapping: client)
            let info = try await debug.getInfo(.init())
            #expect(info.uptime == 7)
            #expect(info.agentsCount == 1)
            #expect(info.entriesCount == 1)
            #expect(info.federatedBundlesCount == 0)
            #expect(info.svidChain.map(\.id.path) == ["/spire/server", ""])
            #expect(info.svidChain.allSatisfy { $0.id.trustDomain == "example.org" && !$0.subject.isEmpty })
            _ = try await issuer.facades.entries.create([.sample("/db", parent: "/node")])
            let cached = try await debug.getInfo(.init())
            #expect(cached.entriesCount == 1)
            issuer.clock.advance(by: 5)
            let fresh = try await debug.getInfo(.init())
            #expect(fresh.entriesCount == 2)
            #expect(fresh.uptime == 12)
        }
    }

    @Test func healthIsAskedLocally() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let health = Grpc_Health_V1_Health.Client(wrapping: client)
            let well = try await health.check(.init())
            #expect(well.status == .serving)
            let unknown = await failure { _ = try await health.check(.with { $0.service = "x" }) }
            #expect(unknown?.code == .notFound)
            let listed = try await health.list(.init())
            #expect(listed.statuses[""]?.status == .serving)
            let seen = try await health.watch(.init()) { response in
                for try await message in response.messages { return message.status }
                return .unknown
            }
            #expect(seen == .serving)
            // An issuer whose authority is over can't sign.
            issuer.clock.advance(by: 86_401)
            let over = try await health.check(.init())
            #expect(over.status == .notServing)
        }
    }

    @Test func reflectionNamesWhatIsServed() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serve { port in
            let names = try await issuer.local { client in
                try await Grpc_Reflection_V1_ServerReflection.Client(wrapping: client).serverReflectionInfo(
                    requestProducer: { try await $0.write(.with { $0.listServices = "" }) },
                    onResponse: { response in
                        for try await message in response.messages {
                            return message.listServicesResponse.service.map(\.name)
                        }
                        return []
                    })
            }
            #expect(names.contains("spire.api.server.entry.v1.Entry"))
            #expect(names.contains("spire.api.server.logger.v1.Logger"))
            #expect(names.contains("grpc.reflection.v1.ServerReflection"))
            #expect(!names.contains("SpiffeWorkloadAPI"))
            // The network is told nothing.
            let remote = await failure {
                try await issuer.remote(port) { client in
                    try await client.ask("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
                }
            }
            #expect(remote?.code == .unimplemented)
        }
    }

    @Test func aPlaceThatIsTakenEndsTheServer() async throws {
        let first = try await ServedIssuer()
        try await first.serve { port in
            let second = IssuerGRPCServer(
                first.facades, local: nil, remote: .init(host: "127.0.0.1", port: port), logger: first.log.logger)
            await #expect(throws: ListenerError.self) { try await second.run() }
        }
    }
}
