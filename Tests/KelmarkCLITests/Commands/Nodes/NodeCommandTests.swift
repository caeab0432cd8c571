// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import IdentityGRPC
import IssuerTestKit
import KelmarkBytes
import SPIREAPI
import SwiftProtobuf
import Synchronization
import Testing

@testable import KelmarkCLI

private typealias API = Spire_Api_Server_Agent_V1_Agent.Method

@Suite struct NodeCommandTests {
    private static let path = "/spire/agent/join_token/88c5d47d-f628-40bf-985e-7adcaf766820"

    private static func node() -> NodeRecord {
        var node = NodeRecord(id: IDRecord(trustDomain: "example.org", path: path))
        node.attestationType = "join_token"
        node.expiresAt = 1_795_215_637
        node.serialNumber = "336868934725211586029635305382891237249"
        node.agentVersion = "1.16.0-dev-unk"
        return node
    }

    @Test func aNodeIsShownAsSPIREsToolDoes() {
        var node = Self.node()
        let head = ["Found an attested agent given its SPIFFE ID", ""]
        #expect(
            NodeView.shown(node).text == head + [
                "SPIFFE ID         : spiffe://example.org\(Self.path)",
                "Attestation type  : join_token",
                "Expiration time   : 2026-11-20 23:00:37 +0000 UTC",
                "Serial number     : 336868934725211586029635305382891237249",
                "Can re-attest     : false",
                "Agent version     : 1.16.0-dev-unk",
                "",
            ])
        node.isBanned = true
        node.serialNumber = ""
        #expect(NodeView.shown(node).text[5] == "Banned            : true")
        #expect(!NodeView.shown(node).text.contains { $0.hasPrefix("Serial number") })
    }

    @Test func listsAreThoseOfTheAPI() {
        #expect(
            NodeView.found([Self.node()]).json.compactText
                == #"{"agents":[{"agent_version":"1.16.0-dev-unk","attestation_type":"join_token","banned":false,"#
                + #""can_reattest":false,"id":{"path":"\#(Self.path)","trust_domain":"example.org"},"selectors":[],"#
                + #""x509svid_expires_at":"1795215637","x509svid_serial_number":"336868934725211586029635305382891237249"}],"#
                + #""next_page_token":""}"#)
        #expect(NodeView.found([]).text == ["No attested agents found"])
    }

    @Test func filtersReachTheIssuer() async throws {
        let result = try await CommandDrive.run(
            "node", "count", "--banned", "--no-can-reattest", "--expires-before", "2026-11-20T22:00:00Z",
            "--selector", "a:b", "--match-selectors-on", "any",
            against: [
                ScriptedCall(API.CountAgents.descriptor) { (request: API.CountAgents.Input) -> API.CountAgents.Output in
                    #expect(request.filter.byBanned.value)
                    #expect(request.filter.hasByCanReattest && !request.filter.byCanReattest.value)
                    #expect(request.filter.byExpiresBefore == "2026-11-20 22:00:00 +0000 +00")
                    #expect(request.filter.bySelectorMatch.match == .matchAny)
                    return .with { $0.count = 1 }
                }
            ])
        #expect(result.text == ["1 attested agent"])
        #expect(result.data.compactText == #"{"count":1}"#)
    }

    @Test func banAndEvictNameTheNode() async throws {
        let named = Mutex<[String]>([])
        let methods: [any ScriptedMethod] = [
            ScriptedCall(API.BanAgent.descriptor) { (request: API.BanAgent.Input) -> API.BanAgent.Output in
                named.withLock { $0.append("ban \(request.id.path)") }
                return .init()
            },
            ScriptedCall(API.DeleteAgent.descriptor) { (request: API.DeleteAgent.Input) -> API.DeleteAgent.Output in
                named.withLock { $0.append("evict \(request.id.path)") }
                return .init()
            },
        ]
        let banned = try await CommandDrive.run("node", "ban", "spiffe://example.org/spire/agent/x/1", against: methods)
        #expect(banned.text == ["Agent banned successfully"])
        let evicted = try await CommandDrive.run(
            "node", "evict", "-spiffeID", "spiffe://example.org/spire/agent/x/1", against: methods)
        #expect(evicted.text == ["Agent evicted successfully"])
        #expect(named.withLock { $0 } == ["ban /spire/agent/x/1", "evict /spire/agent/x/1"])
    }

    @Test func purgeForgetsOnlyWhatIsLongGoneAndMayReturn() async throws {
        let evicted = Mutex<[String]>([])
        let methods: [any ScriptedMethod] = [
            ScriptedCall(API.ListAgents.descriptor) { (request: API.ListAgents.Input) -> API.ListAgents.Output in
                #expect(request.filter.byCanReattest.value && !request.filter.byBanned.value)
                // A server that ignores the filter.
                return .with {
                    $0.agents = [
                        ("gone", 1, true, false), ("tofu", 1, false, false), ("banned", 1, true, true),
                        ("live", .max, true, false),
                    ]
                    .map { (name: String, expires: Int64, canReattest: Bool, isBanned: Bool) in
                        .with {
                            $0.id.trustDomain = "a.test"
                            $0.id.path = "/spire/agent/x/\(name)"
                            $0.x509SvidExpiresAt = expires
                            $0.canReattest = canReattest
                            $0.banned = isBanned
                        }
                    }
                }
            },
            ScriptedCall(API.DeleteAgent.descriptor) { (request: API.DeleteAgent.Input) -> API.DeleteAgent.Output in
                evicted.withLock { $0.append(request.id.path) }
                return .init()
            },
        ]
        _ = try await CommandDrive.run("node", "purge", "-dryRun", against: methods)
        #expect(evicted.withLock { $0 }.isEmpty)
        _ = try await CommandDrive.run("node", "purge", against: methods)
        #expect(evicted.withLock { $0 } == ["/spire/agent/x/gone"])
    }

    @Test func nothingToPurgeIsSaid() async throws {
        let result = try await CommandDrive.run(
            "node", "purge", "-dryRun",
            against: [
                ScriptedCall(API.ListAgents.descriptor) { (_: API.ListAgents.Input) -> API.ListAgents.Output in .init()
                }
            ])
        #expect(result.text == ["No agents to purge."])
    }
}
