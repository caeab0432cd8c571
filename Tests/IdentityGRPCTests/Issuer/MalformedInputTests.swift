// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import JOSE
import LogTestKit
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing
import X509

@testable import IdentityGRPC
@testable import Issuer

/// Everything that callers can get wrong, through every service that reads it: the status of SPIRE, and no word of what
/// happened inside. Facts (SPIFFE) 12.1, 15.4.
@Suite(.timeLimit(.minutes(2))) struct MalformedInputTests {
    typealias Agents = Spire_Api_Server_Agent_V1_Agent
    typealias Entries = Spire_Api_Server_Entry_V1_Entry
    typealias SVIDs = Spire_Api_Server_Svid_V1_SVID
    typealias Authorities = Spire_Api_Server_Localauthority_V1_LocalAuthority

    /// What a caller is told: a code, and words that are meant for it.
    private func refused(
        _ code: RPCError.Code = .invalidArgument, _ message: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
    ) async {
        let error = await failure(body)
        #expect(error?.code == code, sourceLocation: sourceLocation)
        if let message { #expect(error?.message == message, sourceLocation: sourceLocation) }
        check(error?.message ?? "", sourceLocation)
    }

    /// The same for an item of a batch.
    private func refused(
        _ status: Spire_Api_Types_Status?, _ code: Status.Code = .invalidArgument, _ message: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(status?.code == Int32(code.rawValue), sourceLocation: sourceLocation)
        if let message { #expect(status?.message == message, sourceLocation: sourceLocation) }
        check(status?.message ?? "", sourceLocation)
    }

    private func check(_ message: String, _ sourceLocation: SourceLocation) {
        #expect(!message.isEmpty, sourceLocation: sourceLocation)
        // Names of types are for the log.
        for inner in ["Error(", "Error.", "ASN1", "SwiftProtobuf", "X509.", "Issuer.", "Optional("] {
            #expect(!message.contains(inner), sourceLocation: sourceLocation)
        }
    }

    // MARK: SPIFFE IDs

    /// Trust domain and path.
    static let ids: [(domain: String, path: String)] = [
        ("", "/web"), ("EXAMPLE.org", "/web"), ("example.org:80", "/web"), ("exa mple.org", "/web"),
        ("example.org/", "/web"), ("user@example.org", "/web"), ("ex\u{e4}mple.org", "/web"),
        ("https://example.org", "/web"), ("spiffe://example.org/x", "/web"), ("other.test", "/web"),
        (String(repeating: "a", count: 256), "/web"), ("example.org", "web"), ("example.org", "/"),
        ("example.org", "/web/"), ("example.org", "//web"), ("example.org", "/a//b"), ("example.org", "/./b"),
        ("example.org", "/a/.."), ("example.org", "/a%2fb"), ("example.org", "/a?b"), ("example.org", "/a#b"),
        ("example.org", "/a b"), ("example.org", "/\u{e4}"), ("example.org", "/a\u{0}b"), ("example.org", "/a\nb"),
        ("example.org", "/" + String(repeating: "a", count: 2048)),
    ]

    @Test func malformedIDsAreRefusedByEveryService() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let entries = Entries.Client(wrapping: client)
            let agents = Agents.Client(wrapping: client)
            for (domain, path) in Self.ids {
                let id = Spire_Api_Types_SPIFFEID.with {
                    $0.trustDomain = domain
                    $0.path = path
                }
                var named = Spire_Api_Types_Entry.sample("/web", parent: "/node")
                named.spiffeID = id
                var below = Spire_Api_Types_Entry.sample("/web", parent: "/node")
                below.parentID = id
                let batch = [named, below]
                let made = try await entries.batchCreateEntry(.with { $0.entries = batch })
                for result in made.results { refused(result.status) }
                await refused { _ = try await entries.listEntries(.with { $0.filter.bySpiffeID = id }) }
                await refused { _ = try await entries.countEntries(.with { $0.filter.byParentID = id }) }
                await refused { _ = try await agents.getAgent(.with { $0.id = id }) }
                await refused { _ = try await agents.banAgent(.with { $0.id = id }) }
                await refused { _ = try await agents.deleteAgent(.with { $0.id = id }) }
                await refused {
                    _ = try await agents.createJoinToken(
                        .with {
                            $0.ttl = 60
                            $0.agentID = id
                        })
                }
                await refused {
                    _ = try await SVIDs.Client(wrapping: client).mintJWTSVID(
                        .with {
                            $0.id = id
                            $0.audience = ["a"]
                        })
                }
            }
            let counted = try await entries.countEntries(.init())
            #expect(counted.count == 0)
        }
    }

    @Test(arguments: ["/web", "/spire/server", "/spire/agentx/a", "/spire"])
    func whoIsNoAgentIsNotManagedAsOne(_ path: String) async throws {
        let issuer = try await ServedIssuer()
        let id = Spire_Api_Types_SPIFFEID(ServedIssuer.id(path))
        try await issuer.serveLocally { client in
            let agents = Agents.Client(wrapping: client)
            await refused { _ = try await agents.getAgent(.with { $0.id = id }) }
            await refused { _ = try await agents.banAgent(.with { $0.id = id }) }
            await refused { _ = try await agents.deleteAgent(.with { $0.id = id }) }
        }
    }

    // MARK: Selectors

    @Test func malformedSelectorsAreRefusedByEveryService() async throws {
        let issuer = try await ServedIssuer()
        let long = String(repeating: "x", count: Selector.longest)
        let wrong = [
            ("", "x", "missing selector type"), ("a:b", "x", "selector type contains ':'"),
            ("unix", "", "missing selector value"), ("", "", "missing selector type"),
            ("unix", long, "selector is too long, max length is \(Selector.longest) bytes"),
        ]
        try await issuer.serveLocally { client in
            for (type, value, words) in wrong {
                let selector = Spire_Api_Types_Selector.with {
                    $0.type = type
                    $0.value = value
                }
                var entry = Spire_Api_Types_Entry.sample("/web", parent: "/node")
                entry.selectors.append(selector)
                let batch = [entry]
                let entries = Entries.Client(wrapping: client)
                let made = try await entries.batchCreateEntry(.with { $0.entries = batch })
                refused(made.results.first?.status, .invalidArgument, "failed to convert entry: \(words)")
                await refused {
                    _ = try await entries.listEntries(.with { $0.filter.bySelectors.selectors = [selector] })
                }
                await refused {
                    _ = try await Agents.Client(wrapping: client).listAgents(
                        .with { $0.filter.bySelectorMatch.selectors = [selector] })
                }
            }
        }
    }

    @Test func membersOfEntriesHaveBounds() async throws {
        let issuer = try await ServedIssuer()
        let base = Spire_Api_Types_Entry.sample("/web", parent: "/node")
        let changes: [@Sendable (inout Spire_Api_Types_Entry) -> Void] = [
            { $0.id = "a/b" }, { $0.id = String(repeating: "a", count: 256) }, { $0.selectors = [] },
            { $0.x509SvidTtl = -1 }, { $0.jwtSvidTtl = -1 }, { $0.expiresAt = -1 }, { $0.dnsNames = [""] },
            { $0.dnsNames = ["a..b"] }, { $0.dnsNames = ["a", "a"] }, { $0.dnsNames = ["a.*"] },
            { $0.dnsNames = ["-a"] }, { $0.federatesWith = ["example.org"] }, { $0.federatesWith = ["Not A Domain"] },
            { $0.hint = String(repeating: "h", count: 1025) }, { $0.clearSpiffeID() }, { $0.clearParentID() },
            { $0.spiffeID.path = "/spire/agent/x" }, { $0.spiffeID.path = "" }, { $0.parentID.path = "" },
            { $0.parentID.path = "/spire/other" },
        ]
        let batch = changes.map { change in
            var entry = base
            change(&entry)
            return entry
        }
        try await issuer.serveLocally { client in
            let entries = Entries.Client(wrapping: client)
            let made = try await entries.batchCreateEntry(.with { $0.entries = batch })
            #expect(made.results.count == batch.count)
            for result in made.results { refused(result.status) }
            let good = try await entries.batchCreateEntry(.with { $0.entries = [base] })
            let id = try #require(good.results.first?.entry.id)
            // The same rules hold for changes, except that the ID says which entry is meant.
            let changed = try await entries.batchUpdateEntry(
                .with { request in
                    request.entries = batch.dropFirst(2).map { entry in
                        var entry = entry
                        entry.id = id
                        return entry
                    }
                })
            for result in changed.results { refused(result.status) }
            let kept = try await entries.getEntry(.with { $0.id = id })
            #expect(kept.revisionNumber == 0)
        }
    }

    // MARK: Requests for certificates

    private struct Request: Sendable {
        let der: [UInt8]
        let message: String
    }

    private static func requests() throws -> [Request] {
        let good = try TestRequest.der()
        var damaged = good
        damaged[damaged.count - 1] ^= 1
        return [
            Request(der: [0x30], message: "malformed CSR"), Request(der: [1, 2, 3], message: "malformed CSR"),
            Request(der: Array("-----BEGIN".utf8), message: "malformed CSR"),
            Request(der: Array(good.dropLast()), message: "malformed CSR"),
            Request(der: good + [0], message: "malformed CSR"),
            Request(der: [UInt8](repeating: 0x30, count: 70_000), message: "malformed CSR"),
            Request(der: damaged, message: "CSR is not signed by its key"),
        ]
    }

    @Test func malformedRequestsAreRefusedByEveryService() async throws {
        let issuer = try await ServedIssuer(
            limits: RateLimits(perSecond: [:]), configure: { $0.allowsDownstream = true })
        let agent = try await issuer.agent()
        let downstream = try await issuer.peer("/downstream", isDownstream: true)
        let made = try await issuer.facades.entries.create([.sample("/web", parent: agent.id.path)])
        let entry = try #require(made.first?.value?.id)
        let requests = try Self.requests()
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                for request in requests {
                    let batch = try await SVIDs.Client(wrapping: client).batchNewX509SVID(
                        .with {
                            $0.params = [
                                .with {
                                    $0.entryID = entry
                                    $0.csr = Data(request.der)
                                }
                            ]
                        })
                    refused(batch.results.first?.status, .invalidArgument, request.message)
                    await refused(.invalidArgument) {
                        _ = try await Agents.Client(wrapping: client).renewAgent(
                            .with { $0.params.csr = Data(request.der) })
                    }
                }
            }
            try await issuer.remote(port, as: downstream) { client in
                for request in requests {
                    await refused(.invalidArgument, request.message) {
                        _ = try await SVIDs.Client(wrapping: client).newDownstreamX509CA(
                            .with { $0.csr = Data(request.der) })
                    }
                }
            }
            try await issuer.local { client in
                for request in requests {
                    await refused(.invalidArgument, request.message) {
                        _ = try await SVIDs.Client(wrapping: client).mintX509SVID(.with { $0.csr = Data(request.der) })
                    }
                }
            }
        }
        // What happened inside stands in the log, under the name of the call.
        let why = issuer.log.lines.filter { $0.message == "call refused" }
        #expect(why.contains { $0.fields["request_id"]?.isEmpty == false && $0.fields["error"]?.isEmpty == false })
    }

    /// Whom a minted certificate names, its request says.
    @Test func mintedRequestsNameExactlyOneWorkloadOfTheDomain() async throws {
        let issuer = try await ServedIssuer()
        func uri(_ texts: String...) -> [GeneralName] { texts.map { .uniformResourceIdentifier($0) } }
        let names: [[GeneralName]] = [
            [], uri("spiffe://example.org/a", "spiffe://example.org/b"), uri("https://example.org/a"),
            uri("spiffe://other.test/a"), uri("spiffe://example.org"), uri("spiffe://example.org/spire/server"),
            uri("spiffe://example.org/a/../b"), uri("spiffe://example.org/a") + [.dnsName("a..b")],
            uri("spiffe://example.org/a") + [.rfc822Name("a@example.org")],
        ]
        let requests = try names.map { try TestRequest.der(names: $0) }
        try await issuer.serveLocally { client in
            for (request, names) in zip(requests, names) {
                let error = await failure {
                    _ = try await SVIDs.Client(wrapping: client).mintX509SVID(.with { $0.csr = Data(request) })
                }
                #expect(error?.code == .invalidArgument, "\(names)")
            }
        }
        #expect(try await issuer.issuances.issuances(from: 0, limit: 10).allSatisfy { $0.record.id.path != "/a" })
    }

    // MARK: Join tokens

    @Test func malformedTokensAreRefused() async throws {
        let issuer = try await ServedIssuer(limits: RateLimits(perSecond: [:]))
        let csr = try TestRequest.der()
        try await issuer.serve { port in
            try await issuer.local { client in
                let agents = Agents.Client(wrapping: client)
                for ttl: Int32 in [0, -1, .min] {
                    await refused(.invalidArgument, "ttl is required, you must provide one") {
                        _ = try await agents.createJoinToken(.with { $0.ttl = ttl })
                    }
                }
                for token in ["a/b", "a b", "..", "\u{e4}", "a\u{0}", String(repeating: "a", count: 5000)] {
                    await refused {
                        _ = try await agents.createJoinToken(
                            .with {
                                $0.ttl = 60
                                $0.token = token
                            })
                    }
                }
            }
            try await issuer.remote(port) { client in
                for token in [Data("unknown".utf8), Data([0xff, 0xfe]), Data(repeating: 0x61, count: 5000)] {
                    await refused {
                        _ = try await Agents.Client(wrapping: client).attestAgent(
                            requestProducer: { writer in
                                try await writer.write(
                                    .with {
                                        $0.params.data.type = "join_token"
                                        $0.params.data.payload = token
                                        $0.params.params.csr = Data(csr)
                                    })
                            }, onResponse: { for try await _ in $0.messages {} })
                    }
                }
                await refused(.failedPrecondition) {
                    _ = try await Agents.Client(wrapping: client).attestAgent(
                        requestProducer: { writer in
                            try await writer.write(
                                .with {
                                    $0.params.data.type = "magic"
                                    $0.params.data.payload = Data([1])
                                    $0.params.params.csr = Data(csr)
                                })
                        }, onResponse: { for try await _ in $0.messages {} })
                }
            }
            // A token that is over is none, and stays so.
            try await issuer.local { client in
                _ = try await Agents.Client(wrapping: client).createJoinToken(
                    .with {
                        $0.ttl = 1
                        $0.token = "short"
                    })
            }
            issuer.clock.advance(by: 2)
            try await issuer.remote(port) { client in
                for message in [
                    "join token expired", "failed to attest: join token does not exist or has already been used",
                ] {
                    await refused(.invalidArgument, message) {
                        _ = try await Agents.Client(wrapping: client).attestAgent(
                            requestProducer: { writer in
                                try await writer.write(
                                    .with {
                                        $0.params.data.type = "join_token"
                                        $0.params.data.payload = Data("short".utf8)
                                        $0.params.params.csr = Data(csr)
                                    })
                            }, onResponse: { for try await _ in $0.messages {} })
                    }
                }
            }
        }
    }

    // MARK: Names of authorities

    @Test(arguments: ["unknown", "\u{0}", String(repeating: "0", count: 100_000)])
    func namesOfNoAuthorityAreRefused(_ name: String) async throws {
        let issuer = try await ServedIssuer()
        let before = issuer.authorities.state
        try await issuer.serveLocally { client in
            let authorities = Authorities.Client(wrapping: client)
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await authorities.activateX509Authority(.with { $0.authorityID = name }) },
                { _ = try await authorities.taintX509Authority(.with { $0.authorityID = name }) },
                { _ = try await authorities.revokeX509Authority(.with { $0.authorityID = name }) },
                { _ = try await authorities.activateJWTAuthority(.with { $0.authorityID = name }) },
                { _ = try await authorities.taintJWTAuthority(.with { $0.authorityID = name }) },
                { _ = try await authorities.revokeJWTAuthority(.with { $0.authorityID = name }) },
            ]
            for call in calls { await refused(.invalidArgument, "unexpected authority ID", call) }
        }
        #expect(issuer.authorities.state == before)
    }

    // MARK: Bytes that are no messages

    @Test(arguments: [
        "spire.api.server.agent.v1.Agent/CreateJoinToken", "spire.api.server.bundle.v1.Bundle/AppendBundle",
        "spire.api.server.entry.v1.Entry/BatchCreateEntry", "spire.api.server.svid.v1.SVID/MintX509SVID",
        "spire.api.server.trustdomain.v1.TrustDomain/BatchCreateFederationRelationship",
        "spire.api.server.localauthority.v1.LocalAuthority/ActivateX509Authority",
        "spire.api.server.logger.v1.Logger/SetLogLevel",
    ])
    func bytesThatAreNoMessageAreRefused(_ method: String) async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            for bytes: [UInt8] in [[0xff], [0x0a, 0x7f], [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x07]] {
                await refused(.invalidArgument, "malformed request") { try await client.ask("/\(method)", bytes) }
            }
        }
    }
}
