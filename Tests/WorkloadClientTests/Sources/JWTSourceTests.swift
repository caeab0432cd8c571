// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing
import WorkloadTestKit

@testable import WorkloadClient

/// Tokens of one's own, and the judgement of others'.
@Suite(.timeLimit(.minutes(1)))
struct JWTSourceTests {
    private let stage: Stage

    init() throws { stage = try Stage() }

    @Test func tokensAreJudgedByTheNewestBundles() async throws {
        let foreign = try TestTrustDomain("foreign.test")
        let token = try await foreign.token("/client", audiences: ["me"])
        try stage.publish(federated: [try foreign.bundle()])
        try await stage.api.serving {
            let source = JWTSource(stage.client, configuration: stage.configuration)
            try await source.whileRunning {
                let outcome = try await source.validate(token, audience: "me")
                #expect(outcome.svid?.id.description == "spiffe://foreign.test/client")
                #expect(try await source.validate(token, audience: "other").faults.map(\.code) == [.wrongAudience])
                let impostor = try TestTrustDomain("foreign.test")
                let forged = try await impostor.token("/client", audiences: ["me"])
                #expect(try await source.validate(forged, audience: "me").svid == nil)
                try stage.publish()
                _ = await source.updates().first { $0.value.map { $0[foreign.trustDomain] == nil } ?? false }
                #expect(try await source.validate(token, audience: "me").faults.map(\.code) == [.unknownTrustDomain])
            }
        }
    }

    @Test func expiredTokensAreRefused() async throws {
        let clock = ManualClock(isPatient: true)
        let token = try await stage.domain.token("/w", audiences: ["me"])
        try stage.publish()
        try await stage.api.serving {
            let source = JWTSource(stage.client, configuration: stage.configuration, leeway: .none, clock: clock)
            try await source.whileRunning {
                let fresh = try await source.validate(token, audience: "me")
                #expect(fresh.svid != nil)
                clock.advance(by: 301)
                let stale = try await source.validate(token, audience: "me")
                #expect(stale.faults.map(\.code) == [.expired])
            }
        }
    }

    @Test func ownTokensAreFetchedWhenAskedFor() async throws {
        let token = try await stage.domain.token("/w", audiences: ["there"])
        try stage.publish()
        stage.api.hand([("spiffe://example.org/w", token, "")])
        try await stage.api.serving {
            let source = JWTSource(stage.client, configuration: stage.configuration)
            try await source.whileRunning {
                for _ in 0..<2 {
                    let own = try await source.jwtSVID(audience: "there")
                    #expect(own.token == token)
                }
                #expect(stage.api.calls.count == 2)
                stage.api.refuse(.permissionDenied)
                _ = await source.updates().first { $0.isWithdrawn }
                await #expect(
                    performing: { try await source.validate(token, audience: "there") },
                    throws: isCode(.permissionDenied))
            }
        }
    }
}
