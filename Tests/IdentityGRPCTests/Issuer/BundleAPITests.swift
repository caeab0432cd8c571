// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import JOSE
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Synchronization
import Testing

@testable import IdentityGRPC
@testable import Issuer

@Suite(.timeLimit(.minutes(2))) struct BundleAPITests {
    typealias Bundles = Spire_Api_Server_Bundle_V1_Bundle
    typealias Domains = Spire_Api_Server_Trustdomain_V1_TrustDomain

    private static func key(_ id: String) throws -> Spire_Api_Types_JWTKey {
        let key = try PrivateKey(generating: .p256)
        return .with {
            $0.keyID = id
            $0.publicKey = Data(key.publicKey.subjectPublicKeyInfo)
        }
    }

    private static func bundle(_ name: String) throws -> Spire_Api_Types_Bundle {
        let key = try key("key-of-\(name)")
        return .with {
            $0.trustDomain = name
            $0.jwtAuthorities = [key]
            $0.sequenceNumber = 4
            $0.refreshHint = 60
        }
    }

    @Test func whoeverAsksGetsTheOwnBundle() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serve { port in
            try await issuer.remote(port) { client in
                let bundles = Bundles.Client(wrapping: client)
                let whole = try await bundles.getBundle(.init())
                #expect(whole.trustDomain == "example.org")
                #expect(whole.x509Authorities.count == 1)
                #expect(whole.jwtAuthorities.count == 1)
                #expect(whole.sequenceNumber > 0)
                let part = try await bundles.getBundle(.with { $0.outputMask = .with { $0.sequenceNumber = true } })
                #expect(part.sequenceNumber == whole.sequenceNumber)
                #expect(part.x509Authorities.isEmpty && part.jwtAuthorities.isEmpty)
            }
        }
        #expect(issuer.log.accesses(of: "GetBundle").first?["authorized_as"] == "nobody")
    }

    @Test func authoritiesAreAppended() async throws {
        let issuer = try await ServedIssuer()
        let key = try Self.key("another")
        try await issuer.serveLocally { client in
            let bundles = Bundles.Client(wrapping: client)
            let appended = try await bundles.appendBundle(
                .with {
                    $0.jwtAuthorities = [key]
                    $0.outputMask = .with { $0.jwtAuthorities = true }
                })
            #expect(appended.jwtAuthorities.contains { $0.keyID == "another" })
            for error in [
                await failure { _ = try await bundles.appendBundle(.init()) },
                await failure { _ = try await bundles.appendBundle(.with { $0.x509Authorities = [.init()] }) },
                await failure { _ = try await bundles.appendBundle(.with { $0.jwtAuthorities = [.init()] }) },
                await failure {
                    _ = try await bundles.appendBundle(
                        .with {
                            $0.jwtAuthorities = [
                                .with {
                                    $0.keyID = "k"
                                    $0.publicKey = Data([1, 2])
                                }
                            ]
                        })
                },
                await failure {
                    var past = key
                    past.expiresAt = -1
                    _ = try await bundles.appendBundle(.with { $0.jwtAuthorities = [past] })
                },
            ] { #expect(error?.code == .invalidArgument) }
            let wit = await failure { _ = try await bundles.appendBundle(.with { $0.witAuthorities = [.init()] }) }
            #expect(wit?.code == .unimplemented)
        }
    }

    @Test func downstreamServersPublishTheirKeys() async throws {
        let issuer = try await ServedIssuer()
        let downstream = try await issuer.peer("/downstream", isDownstream: true)
        let key = try Self.key("below")
        try await issuer.serve { port in
            try await issuer.remote(port, as: downstream) { client in
                let bundles = Bundles.Client(wrapping: client)
                let keys = try await bundles.publishJWTAuthority(.with { $0.jwtAuthority = key })
                #expect(keys.jwtAuthorities.count == 2)
                let none = await failure { _ = try await bundles.publishJWTAuthority(.init()) }
                #expect(none?.code == .invalidArgument)
                let wit = await failure { _ = try await bundles.publishWITAuthority(.init()) }
                #expect(wit?.code == .unimplemented)
            }
        }
        let line = try #require(issuer.log.accesses(of: "PublishJWTAuthority").first)
        #expect(line["authorized_as"] == "downstream")
        #expect(line["authority_id"] == "below")
    }

    @Test func foreignBundlesAreKept() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let bundles = Bundles.Client(wrapping: client)
            let other = try Self.bundle("other.test")
            let own = try Self.bundle("example.org")
            let made = try await bundles.batchCreateFederatedBundle(.with { $0.bundle = [other, own, .init(), other] })
            #expect(made.results.map(\.status.code) == [0, 3, 3, 6])
            #expect(made.results[0].bundle == other)
            let shown = try await bundles.getFederatedBundle(
                .with {
                    $0.trustDomain = "spiffe://other.test"
                    $0.outputMask = .with { $0.refreshHint = true }
                })
            #expect(
                shown
                    == .with {
                        $0.trustDomain = "other.test"
                        $0.refreshHint = 60
                    })
            let updated = try await bundles.batchUpdateFederatedBundle(
                .with { request in
                    request.bundle = [
                        .with {
                            $0.trustDomain = "other.test"
                            $0.refreshHint = 90
                        }
                    ]
                    request.inputMask = .with { $0.refreshHint = true }
                })
            #expect(updated.results.first?.bundle.refreshHint == 90)
            #expect(updated.results.first?.bundle.jwtAuthorities.count == 1)
            let set = try await bundles.batchSetFederatedBundle(.with { $0.bundle = [try Self.bundle("third.test")] })
            #expect(set.results.map(\.status.code) == [0])
            let first = try await bundles.listFederatedBundles(.with { $0.pageSize = 1 })
            #expect(first.bundles.map(\.trustDomain) == ["other.test"])
            let rest = try await bundles.listFederatedBundles(
                .with {
                    $0.pageSize = 1
                    $0.pageToken = first.nextPageToken
                })
            #expect(rest.bundles.map(\.trustDomain) == ["third.test"])
            let counted = try await bundles.countBundles(.init())
            #expect(counted.count == 3)

            var draft = EntryDraft.sample("/web", parent: "/node")
            draft.federatesWith = ["other.test"]
            _ = try await issuer.facades.entries.create([draft])
            let kept = try await bundles.batchDeleteFederatedBundle(
                .with { $0.trustDomains = ["other.test", "none.test"] })
            #expect(kept.results.map(\.status.code) == [9, 5])
            #expect(
                kept.results[0].status.message == "cannot delete bundle; federated with 1 registration entries")
            let gone = try await bundles.batchDeleteFederatedBundle(
                .with {
                    $0.trustDomains = ["other.test"]
                    $0.mode = .dissociate
                })
            #expect(gone.results.map(\.status.code) == [0])
            #expect(gone.results.map(\.trustDomain) == ["other.test"])
            let unknown = await failure {
                _ = try await bundles.batchDeleteFederatedBundle(.with { $0.mode = .UNRECOGNIZED(9) })
            }
            #expect(unknown?.code == .invalidArgument)
            let own2 = await failure {
                _ = try await bundles.getFederatedBundle(.with { $0.trustDomain = "example.org" })
            }
            #expect(own2?.code == .invalidArgument)
        }
        #expect(issuer.log.accesses(of: "BatchDeleteFederatedBundle").contains { $0["mode"] == "dissociate" })
    }

    // MARK: Relationships

    @Test func relationshipsAreMadeChangedAndEnded() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let domains = Domains.Client(wrapping: client)
            let web = Spire_Api_Types_FederationRelationship.with {
                $0.trustDomain = "other.test"
                $0.bundleEndpointURL = "https://other.test/bundle"
                $0.httpsWeb = .init()
            }
            var spiffe = web
            spiffe.trustDomain = "third.test"
            spiffe.httpsSpiffe.endpointSpiffeID = "spiffe://third.test/server"
            spiffe.trustDomainBundle = try Self.bundle("third.test")
            var plain = web
            plain.bundleEndpointURL = "http://other.test"
            let made = try await domains.batchCreateFederationRelationship(
                .with { $0.federationRelationships = [web, spiffe, plain, .init(), web] })
            #expect(made.results.map(\.status.code) == [0, 0, 3, 3, 6])
            #expect(made.results[0].federationRelationship == web)
            #expect(made.results[1].federationRelationship == spiffe)
            let listed = try await domains.listFederationRelationships(
                .with { $0.outputMask = .with { $0.bundleEndpointURL = true } })
            #expect(listed.federationRelationships.map(\.trustDomain) == ["other.test", "third.test"])
            #expect(listed.federationRelationships.allSatisfy { $0.bundleEndpointProfile == nil })
            let shown = try await domains.getFederationRelationship(.with { $0.trustDomain = "third.test" })
            #expect(shown == spiffe)
            let changed = try await domains.batchUpdateFederationRelationship(
                .with { request in
                    request.federationRelationships = [
                        .with {
                            $0.trustDomain = "third.test"
                            $0.bundleEndpointURL = "https://third.test/new"
                        }
                    ]
                    request.inputMask = .with { $0.bundleEndpointURL = true }
                })
            #expect(changed.results.first?.federationRelationship.bundleEndpointURL == "https://third.test/new")
            #expect(changed.results.first?.federationRelationship.httpsSpiffe == spiffe.httpsSpiffe)
            let refresh = await failure { _ = try await domains.refreshBundle(.with { $0.trustDomain = "other.test" }) }
            #expect(refresh?.code == .unimplemented)
            let ended = try await domains.batchDeleteFederationRelationship(
                .with { $0.trustDomains = ["other.test", "other.test"] })
            #expect(ended.results.map(\.status.code) == [0, 5])
            let missing = await failure {
                _ = try await domains.refreshBundle(.with { $0.trustDomain = "other.test" })
            }
            #expect(missing?.code == .notFound)
        }
    }
}
