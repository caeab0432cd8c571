// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import LogTestKit
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing
import X509

@testable import IdentityGRPC
@testable import Issuer

@Suite(.timeLimit(.minutes(2))) struct SVIDAPITests {
    typealias SVIDs = Spire_Api_Server_Svid_V1_SVID

    private static func params(_ id: String, _ csr: [UInt8]) -> Spire_Api_Server_Svid_V1_NewX509SVIDParams {
        .with {
            $0.entryID = id
            $0.csr = Data(csr)
        }
    }

    @Test func aBatchIsSignedItemByItem() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        var draft = EntryDraft.sample("/web", parent: agent.id.path)
        draft.dnsNames = ["web.example.org"]
        draft.hint = "front"
        let made = try await issuer.facades.entries.create([draft, .sample("/other", parent: "/spire/agent/other")])
        let ids = made.compactMap(\.value?.id)
        let csr = try TestRequest.der()
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let reply = try await SVIDs.Client(wrapping: client).batchNewX509SVID(
                    .with {
                        $0.params = [
                            Self.params(ids[0], csr), Self.params(ids[1], csr), Self.params("", csr),
                            Self.params(ids[0], []), Self.params(ids[0], [1, 2, 3]), Self.params("nothing", csr),
                            Self.params(ids[0], csr),
                        ]
                    })
                #expect(reply.results.map(\.status.code) == [0, 5, 3, 3, 3, 5, 0])
                #expect(
                    reply.results.map(\.status.message) == [
                        "OK", "entry not found or not authorized", "missing entry ID", "missing CSR",
                        "malformed CSR", "entry not found or not authorized", "OK",
                    ])
                let svid = reply.results[0].svid
                let leaf = try X509Certificate(der: Array(svid.certChain[0]))
                #expect(leaf.uris == ["spiffe://example.org/web"])
                #expect(svid.hint == "front")
                #expect(svid.expiresAt == leaf.notAfter.seconds)
                #expect(!reply.results[1].hasSvid)
            }
        }
        let lines = issuer.log.accesses(of: "BatchNewX509SVID")
        #expect(lines.count == 7)
        #expect(lines[0]["serial_num"] != nil)
        #expect(lines[0]["csr_sha256"]?.count == 64)
        #expect(lines[0]["authorized_as"] == "agent")
        #expect(lines[1]["status_code"] == "NotFound")
        #expect(try await issuer.issuances.leafCount() >= 2)
    }

    @Test func anEmptyBatchIsRefused() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let error = await failure { _ = try await SVIDs.Client(wrapping: client).batchNewX509SVID(.init()) }
                #expect(error?.code == .invalidArgument)
            }
        }
    }

    @Test func eachCertificateOfABatchCountsForTheLimit() async throws {
        var limits = RateLimits()
        limits.perSecond[.x509Signing] = 3
        let issuer = try await ServedIssuer(limits: limits)
        let agent = try await issuer.agent()
        let csr = try TestRequest.der()
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let svids = SVIDs.Client(wrapping: client)
                let error = await failure {
                    _ = try await svids.batchNewX509SVID(
                        .with { $0.params = Array(repeating: Self.params("x", csr), count: 4) })
                }
                #expect(error?.code == .resourceExhausted)
                let reply = try await svids.batchNewX509SVID(
                    .with { $0.params = Array(repeating: Self.params("x", csr), count: 3) })
                #expect(reply.results.count == 3)
            }
        }
    }

    @Test func tokensAreSignedForAuthorizedEntries() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        let made = try await issuer.facades.entries.create([
            .sample("/web", parent: agent.id.path), .sample("/other", parent: "/spire/agent/other"),
        ])
        let ids = made.compactMap(\.value?.id)
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let svids = SVIDs.Client(wrapping: client)
                let reply = try await svids.newJWTSVID(
                    .with {
                        $0.entryID = ids[0]
                        $0.audience = ["aud"]
                    })
                #expect(reply.svid.id.path == "/web")
                #expect(reply.svid.token.split(separator: ".").count == 3)
                #expect(reply.svid.expiresAt - reply.svid.issuedAt == 300)
                for id in [ids[1], "nothing", ""] {
                    let error = await failure {
                        _ = try await svids.newJWTSVID(
                            .with {
                                $0.entryID = id
                                $0.audience = ["aud"]
                            })
                    }
                    #expect(error?.code == .notFound)
                    #expect(error?.message == "entry not found or not authorized")
                }
                let nobody = await failure { _ = try await svids.newJWTSVID(.with { $0.entryID = ids[0] }) }
                #expect(nobody?.code == .invalidArgument)
                let wit = await failure { _ = try await svids.batchNewWITSVID(.init()) }
                #expect(wit?.code == .unimplemented)
            }
        }
        // A token is a secret of its bearer.
        #expect(issuer.log.lines.allSatisfy { line in !line.fields.values.contains { $0.hasPrefix("eyJ") } })
    }

    @Test func operatorsMint() async throws {
        let issuer = try await ServedIssuer()
        let csr = try TestRequest.der(
            names: [.dnsName("db.example.org"), .uniformResourceIdentifier("spiffe://example.org/db")])
        let bare = try TestRequest.der()
        try await issuer.serveLocally { client in
            let svids = SVIDs.Client(wrapping: client)
            let minted = try await svids.mintX509SVID(
                .with {
                    $0.csr = Data(csr)
                    $0.ttl = 120
                })
            let leaf = try X509Certificate(der: Array(minted.svid.certChain[0]))
            #expect(leaf.uris == ["spiffe://example.org/db"])
            #expect(minted.svid.expiresAt == issuer.clock.now().seconds + 120)
            let token = try await svids.mintJWTSVID(
                .with {
                    $0.id = Spire_Api_Types_SPIFFEID(ServedIssuer.id("/db"))
                    $0.audience = ["a", "b"]
                    $0.ttl = 60
                })
            #expect(token.svid.expiresAt == issuer.clock.now().seconds + 60)

            let id = Spire_Api_Types_SPIFFEID(ServedIssuer.id("/db"))
            for error in [
                await failure { _ = try await svids.mintX509SVID(.init()) },
                await failure { _ = try await svids.mintX509SVID(.with { $0.csr = Data(bare) }) },
                await failure {
                    _ = try await svids.mintX509SVID(
                        .with {
                            $0.csr = Data(csr)
                            $0.ttl = -1
                        })
                },
                await failure { _ = try await svids.mintJWTSVID(.with { $0.audience = ["a"] }) },
                await failure { _ = try await svids.mintJWTSVID(.with { $0.id = id }) },
                await failure {
                    _ = try await svids.mintJWTSVID(
                        .with {
                            $0.id = Spire_Api_Types_SPIFFEID(ServedIssuer.id("/spire/agent/x"))
                            $0.audience = ["a"]
                        })
                },
                await failure {
                    _ = try await svids.mintJWTSVID(
                        .with {
                            $0.id.trustDomain = "other.test"
                            $0.id.path = "/x"
                            $0.audience = ["a"]
                        })
                },
                await failure {
                    _ = try await svids.mintJWTSVID(
                        .with {
                            $0.id.trustDomain = "example.org"
                            $0.audience = ["a"]
                        })
                },
                await failure {
                    _ = try await svids.mintJWTSVID(
                        .with {
                            $0.id.trustDomain = "example.org"
                            $0.id.path = "/a//b"
                            $0.audience = ["a"]
                        })
                },
            ] { #expect(error?.code == .invalidArgument) }
            let wit = await failure { _ = try await svids.mintWITSVID(.init()) }
            #expect(wit?.code == .unimplemented)
        }
        #expect(issuer.log.accesses(of: "MintX509SVID").first?["spiffe_id"] == "spiffe://example.org/db")
    }

    @Test func anIssuerBelowIsCertified() async throws {
        let issuer = try await ServedIssuer(configure: { $0.allowsDownstream = true })
        let downstream = try await issuer.peer("/downstream", isDownstream: true)
        let csr = try TestRequest.der()
        try await issuer.serve { port in
            try await issuer.remote(port, as: downstream) { client in
                let svids = SVIDs.Client(wrapping: client)
                let reply = try await svids.newDownstreamX509CA(.with { $0.csr = Data(csr) })
                let authority = try X509Certificate(der: Array(try #require(reply.caCertChain.first)))
                let root = try X509Certificate(der: Array(try #require(reply.x509Authorities.first)))
                #expect(authority.isAuthority)
                #expect(authority.hasSignature(by: root))
                let missing = await failure { _ = try await svids.newDownstreamX509CA(.init()) }
                #expect(missing?.code == .invalidArgument)
            }
        }
    }
}
