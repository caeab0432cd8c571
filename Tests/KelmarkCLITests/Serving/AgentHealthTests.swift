// SPDX-License-Identifier: Apache-2.0

import IdentityHTTP
import SPIFFE
import Testing

@testable import KelmarkCLI
@testable import NodeAgent

struct AgentHealthTests {
    private static let now = CertificateTime("2026-08-01T12:00:00Z")

    private func health(answers: Bool = true) throws -> AgentHealth {
        let now = try #require(Self.now)
        return AgentHealth(
            phase: .serving, answersWorkloads: answers, identityExpiresAt: now, synchronisedAt: nil, failedRounds: 3,
            entries: 0, x509SVIDs: 0, tokens: 0, subscribers: 0, at: now)
    }

    @Test func `who does not answer a call of its own is not ready, and lives`() throws {
        let well = try health().finding(answersOwnCall: true)
        #expect((well.isLive, well.isReady) == (true, true))
        #expect(well.detail.isEmpty)
        let ill = try health().finding(answersOwnCall: false)
        #expect((ill.isLive, ill.isReady) == (true, false))
        #expect(ill.detail == "serving, but a call of its own is not answered")
        let early = try health(answers: false).finding(answersOwnCall: true)
        #expect(!early.isReady)
        #expect(early.detail == "serving, 3 rounds failed")
    }
}
