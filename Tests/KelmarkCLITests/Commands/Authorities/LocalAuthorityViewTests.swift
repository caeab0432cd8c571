// SPDX-License-Identifier: Apache-2.0

import IdentityGRPC
import KelmarkBytes
import Testing

@testable import KelmarkCLI

@Suite struct LocalAuthorityViewTests {
    private let x509 = AuthorityRecord(id: "402e05d94d3c70b4de20c5a65a2b31c871974a3d", expiresAt: 1_795_299_708)
    private let jwt = AuthorityRecord(id: "2quOnQKjqKL23u1m1VsVCKSVYMGW5DNY", expiresAt: 0)

    @Test func whatWasDoneIsShownAsSPIREsToolDoes() {
        let prepared = LocalAuthorityView.done("prepared", .x509, x509)
        #expect(
            prepared.text == [
                "Prepared X.509 authority:", "  Authority ID: 402e05d94d3c70b4de20c5a65a2b31c871974a3d",
                "  Expires at: 2026-11-21 22:21:48 +0000 UTC", "  Upstream authority ID: No upstream authority",
            ])
        #expect(prepared.json.labels == ["prepared_authority"])
        #expect(
            LocalAuthorityView.done("revoked", .jwt, jwt).text == [
                "Revoked JWT authority:", "  Authority ID: 2quOnQKjqKL23u1m1VsVCKSVYMGW5DNY",
                "  Expires at: 1970-01-01 00:00:00 +0000 UTC",
            ])
    }

    @Test func onlyKeysThatAreThereAreInTheJSON() {
        let answer = LocalAuthorityView.states(.x509, AuthorityStates(active: x509))
        #expect(
            answer.json.compactText
                == #"{"active":{"authority_id":"402e05d94d3c70b4de20c5a65a2b31c871974a3d","expires_at":"1795299708","#
                + #""upstream_authority_subject_key_id":""}}"#)
        #expect(answer.text.contains("  No prepared X.509 authority found"))
        #expect(answer.text.contains("Old X.509 authority:"))
    }

    /// What hangs from a root that others share is claimed, and says so where operators look.
    @Test func aKeyBelowAnotherIsGraded() {
        let below = AuthorityRecord(id: "40", expiresAt: 1_795_299_708, upstreamID: "aa")
        let answer = LocalAuthorityView.states(.x509, AuthorityStates(active: below, prepared: x509))
        #expect(answer.text.prefix(5).suffix(2) == ["  Upstream authority ID: aa", "  Grade: claimed"])
        #expect(answer.text.count { $0.contains("Grade") } == 1)
        #expect(answer.json["active"]?["grade"] == "claimed")
        #expect(answer.json["prepared"]?["grade"] == nil)
    }

    @Test func theServerTellsOfItselfAsSPIREDoes() {
        let chain = [
            ServerInfo.Certificate(
                id: IDRecord(trustDomain: "example.org", path: "/spire/server"), expiresAt: 1_795_215_634,
                subject: "O=SPIRE,C=US")
        ]
        let info = ServerInfo(uptime: 1197, nodes: 1, entries: 3, federatedBundles: 1, chain: chain)
        #expect(
            DebugInfoCommand.answer(info).text == [
                "Server Debug Info:",
                "  Uptime:                  19m57s",
                "  Registered Agents:       1",
                "  Registration Entries:    3",
                "  Federated Bundles:       1",
                "  SVID Chain:",
                "    [0] SPIFFE ID:  spiffe://example.org/spire/server",
                "        Subject:    O=SPIRE,C=US",
                "        Expires At: 2026-11-20T23:00:34Z",
            ])
        #expect(SPIREText.duration(3725) == "1h2m5s")
    }

    @Test func levelsAreShownAsSPIREDoes() {
        let answer = LoggerView.answer(LoggerRecord(current: .debug, launch: .debug))
        #expect(answer.text == ["Logger Level : debug", "Launch Level : debug", ""])
        #expect(answer.json.compactText == #"{"current_level":"DEBUG","launch_level":"DEBUG"}"#)
    }
}
