// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import SPIFFE
import Testing
import WorkloadTestKit

@testable import WorkloadClient

/// The five calls over a real Unix socket.
@Suite(.timeLimit(.minutes(1)))
struct WorkloadAPIClientTests {
    private let stage: Stage

    init() throws { stage = try Stage() }

    @Test func identitiesAndBundles() async throws {
        let foreign = try TestTrustDomain("foreign.test")
        let first = try stage.domain.svid("/a", hint: "internal")
        let second = try stage.domain.svid("/b", hint: "external")
        let third = try stage.domain.svid("/c", hint: "external")
        stage.api.publish([first, second, third], bundle: try stage.domain.bundle(), federated: [try foreign.bundle()])
        try await stage.api.serving {
            let context = try await stage.client.fetchX509Context()
            // Of two with one hint the first counts.
            #expect(context.svids.map(\.id) == [first.id, second.id])
            #expect(context.defaultSVID.leaf == first.leaf)
            #expect(context.svid(hint: "external")?.id == second.id)
            #expect(context.svid(hint: "other") == nil)
            #expect(context.bundles[stage.domain.trustDomain]?.x509Bundle == stage.domain.x509Bundle)
            #expect(context.bundles[foreign.trustDomain]?.x509Bundle == foreign.x509Bundle)
            let bundles = try await stage.client.fetchX509Bundles()
            #expect(bundles[foreign.trustDomain]?.x509Bundle == foreign.x509Bundle)
            #expect(bundles[try TrustDomain("unknown.test")] == nil)
        }
    }

    @Test func tokens() async throws {
        let token = try await stage.domain.token("/w", audiences: ["there"])
        try stage.publish()
        stage.api.hand([("spiffe://example.org/w", token, "")])
        try await stage.api.serving {
            let document = try await stage.client.fetchJWTSVID(audience: "there")
            #expect(document.token == token)
            #expect(document.id.description == "spiffe://example.org/w")
            #expect(!"\(document)".contains(token))
            #expect(!String(reflecting: document).contains(token))
            let id = try SPIFFEID("spiffe://example.org/w")
            _ = try await stage.client.fetchJWTSVIDs(audiences: ["a", "b"], subject: id)
            #expect(stage.api.calls == ["jwt there ", "jwt a,b spiffe://example.org/w"])
            let bundles = try await stage.client.fetchJWTBundles()
            #expect(
                bundles[stage.domain.trustDomain]?.jwtAuthorities.map(\.keyID) == [stage.domain.tokenAuthority.keyID])
            let validated = try await stage.client.validateJWTSVID(token, audience: "there")
            #expect(validated.id == id)
            #expect(validated.claims["exp"]?.integerValue == 1_800_000_000)
            await #expect(
                performing: { try await stage.client.validateJWTSVID("x", audience: "a") },
                throws: isCode(.invalidArgument))
        }
    }

    @Test func tokensOfOthersAreRefused() async throws {
        try stage.publish()
        let token = try await stage.domain.token("/w", audiences: ["there"])
        try await stage.api.serving {
            stage.api.hand([("spiffe://example.org/other", token, "")])
            await #expect(
                performing: { try await stage.client.fetchJWTSVID(audience: "there") }, throws: isCode(.malformed))
            stage.api.hand([("spiffe://example.org/w", token, "")])
            let other = try SPIFFEID("spiffe://example.org/other")
            await #expect(
                performing: { try await stage.client.fetchJWTSVID(audience: "there", subject: other) },
                throws: isCode(.malformed))
            stage.api.hand([])
            await #expect(
                performing: { try await stage.client.fetchJWTSVID(audience: "there") }, throws: isCode(.malformed))
            for audiences in [[], [""], ["a", ""]] {
                await #expect(
                    performing: { try await stage.client.fetchJWTSVIDs(audiences: audiences) },
                    throws: isCode(.invalidArgument))
            }
        }
        #expect(stage.api.calls.count == 3)
    }

    @Test func brokenIdentitiesAreRefusedAsAWhole() async throws {
        let svid = try stage.domain.svid("/w")
        let bundle = try stage.domain.bundle()
        try await stage.api.serving {
            stage.api.publish([], bundle: bundle)
            await #expect(performing: { try await stage.client.fetchX509Context() }, throws: isCode(.malformed))
            stage.api.publish([svid], bundle: bundle, claimedID: "spiffe://example.org/other", extra: [])
            await #expect(performing: { try await stage.client.fetchX509Context() }, throws: isCode(.malformed))
            stage.api.publish([svid], bundle: bundle, extra: [0])
            await #expect(performing: { try await stage.client.fetchX509Context() }, throws: isCode(.malformed))
            stage.api.publish([try stage.domain.svid("/h", hint: String(repeating: "h", count: 1025))], bundle: bundle)
            await #expect(performing: { try await stage.client.fetchX509Context() }, throws: isCode(.malformed))
        }
    }

    @Test(arguments: [
        (FakeWorkloadAPI.Refusal.invalidArgument, WorkloadAPIError.Code.invalidArgument),
        (.permissionDenied, .permissionDenied), (.unavailable, .unavailable), (.unimplemented, .unimplemented),
    ])
    func refusalsAreTold(_ refusal: FakeWorkloadAPI.Refusal, _ code: WorkloadAPIError.Code) async throws {
        stage.api.refuse(refusal)
        try await stage.api.serving {
            await #expect(performing: { try await stage.client.fetchX509Context() }, throws: isCode(code))
            await #expect(performing: { try await stage.client.fetchJWTSVID(audience: "a") }, throws: isCode(code))
        }
    }

    @Test func nobodyThere() async throws {
        await #expect(performing: { try await stage.client.fetchX509Context() }, throws: isCode(.unavailable))
    }
}

struct BackoffTests {
    /// 1 s, 2 s … 30 s, as go-spiffe.
    @Test func growsByAStepUpToABound() {
        var backoff = Backoff()
        backoff.spread = 0
        #expect((1...3).map { backoff.wait(before: $0, draw: 1) } == [.seconds(1), .seconds(2), .seconds(3)])
        #expect(backoff.wait(before: 31, draw: 1) == .seconds(30))
        #expect(backoff.wait(before: .max, draw: 1) == .seconds(30))
        #expect(backoff.wait(before: 0, draw: 1) == .seconds(1))
    }

    @Test func isSpread() {
        let backoff = Backoff()
        #expect(backoff.wait(before: 10, draw: 0) == .seconds(10))
        #expect(backoff.wait(before: 10, draw: 1) == .seconds(8))
        #expect(backoff.wait(before: 10, draw: 7) == .seconds(8))
    }
}
