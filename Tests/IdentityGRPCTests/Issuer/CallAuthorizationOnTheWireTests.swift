// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import Issuer
import SPIFFE
import SPIREAPI
import Testing

@testable import IdentityGRPC

/// Each row of the table of facts (SPIFFE) 15.2, asked over the sockets.
@Suite(.timeLimit(.minutes(3))) struct CallAuthorizationOnTheWireTests {
    /// What the Unix socket serves beside the port.
    private static let localOnly: Set<IssuerMethod> = [
        .debugInfo, .getLogger, .setLogLevel, .resetLogLevel, .checkHealth, .listHealth, .watchHealth,
    ]

    private func denied(_ method: IssuerMethod) -> String { "authorization denied for method \(method.rawValue)" }

    @Test func whoMayMakeWhichCall() async throws {
        let issuer = try await ServedIssuer(configure: { $0.allowsDownstream = true })
        try await issuer.serve { port in
            let admin = try await issuer.peer("/admin", isAdmin: true)
            let downstream = try await issuer.peer("/downstream", isDownstream: true)
            let agent = try await issuer.agent()
            let workload = try await issuer.peer("/workload")
            let callers: [(IssuerMethod.Audience, TestPeer?)] = [
                ([], nil), ([], workload), (.admin, admin), (.downstream, downstream), (.agent, agent),
            ]
            for (audience, peer) in callers {
                try await issuer.remote(port, as: peer) { client in
                    for method in IssuerMethod.allCases {
                        let error = await failure { try await client.ask(method) }
                        let allowed = !method.audience.isDisjoint(with: audience.union(.anyone))
                        if Self.localOnly.contains(method) {
                            #expect(error?.code == .unimplemented, "\(method) as \(audience)")
                        } else if allowed {
                            #expect(error?.message != denied(method), "\(method) as \(audience)")
                        } else {
                            #expect(error?.code == .permissionDenied, "\(method) as \(audience)")
                            #expect(error?.message == denied(method), "\(method) as \(audience)")
                        }
                    }
                }
            }
        }
    }

    @Test func whatLocalCallersMayDo() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            // Watching has no end.
            for method in IssuerMethod.allCases where method != .watchHealth {
                let error = await failure { try await client.ask(method) }
                if method.audience.isDisjoint(with: [.local, .anyone]) {
                    #expect(error?.code == .permissionDenied, "\(method)")
                    #expect(error?.message == denied(method), "\(method)")
                } else {
                    #expect(error?.message != denied(method), "\(method)")
                }
            }
        }
    }

    @Test func administratorsByConfigurationNeedNoEntry() async throws {
        let id = ServedIssuer.id("/operator")
        let issuer = try await ServedIssuer(administrators: [id])
        try await issuer.serve { port in
            let peer = try await issuer.peer("/operator")
            try await issuer.remote(port, as: peer) { client in
                _ = try await Spire_Api_Server_Entry_V1_Entry.Client(wrapping: client).countEntries(.init())
            }
        }
        let line = try #require(issuer.log.accesses(of: "CountEntries").first)
        #expect(line["authorized_as"] == "admin")
        #expect(line["authorized_via"] == "config")
        #expect(line["caller_id"] == id.description)
    }

    @Test func callsThatAreNoneOfTheIssuerAreNotServed() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let error = await failure {
                try await client.ask("/spire.api.server.entry.v1.Entry/DropEverything")
            }
            #expect(error?.code == .unimplemented)
        }
    }
}

extension TestClient {
    /// A call with an empty message.
    func ask(_ method: IssuerMethod) async throws { try await ask(method.rawValue) }

    func ask(_ path: String, _ message: [UInt8] = []) async throws {
        let parts = path.split(separator: "/").map(String.init)
        var options = CallOptions.defaults
        options.timeout = .seconds(20)
        try await unary(
            request: ClientRequest(message: message),
            descriptor: MethodDescriptor(fullyQualifiedService: parts[0], method: parts[1]), serializer: RawBytes(),
            deserializer: RawBytes(), options: options
        ) { _ = try $0.message }
    }
}
