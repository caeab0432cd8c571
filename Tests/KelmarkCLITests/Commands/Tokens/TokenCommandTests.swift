// SPDX-License-Identifier: Apache-2.0

import Foundation
import IssuerTestKit
import KelmarkBytes
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import KelmarkCLI

private typealias API = Spire_Api_Server_Agent_V1_Agent.Method

@Suite struct TokenCommandTests {
    private static let value = "123b393f-b5c3-4511-bab3-38eb08911ecc"

    private static var methods: [any ScriptedMethod] {
        [
            ScriptedCall(API.CreateJoinToken.descriptor) {
                (request: API.CreateJoinToken.Input) -> API.CreateJoinToken.Output in
                #expect(request.ttl == 600)
                #expect(!request.hasAgentID || request.agentID.path == "/n2")
                return .with {
                    $0.value = value
                    $0.expiresAt = 1_795_213_831
                }
            }
        ]
    }

    @Test func aTokenIsPrintedAsSPIREsToolDoes() async throws {
        let named = try await CommandDrive.run(
            "token", "generate", "-spiffeID", "spiffe://example.org/n2", "-output", "json", against: Self.methods)
        #expect(named.text == [#"{"expires_at":"1795213831","value":"\#(Self.value)"}"#])
        let bare = try await CommandDrive.run("token", "create", against: Self.methods)
        #expect(bare.text == ["Token: \(Self.value)", "Warning: Missing SPIFFE ID."])
    }

    @Test func aTokenInAFileIsTheOwnersOnly() async throws {
        let folder = try CommandFolder()
        let file = folder.path + "/token"
        let result = try await CommandDrive.run(
            "token", "create", "--spiffe-id", "spiffe://example.org/n2", "--out", file, against: Self.methods)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == Self.value + "\n")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(!result.text.joined().contains(Self.value))
        #expect(!result.data.compactText.contains(Self.value))
    }

    @Test func aTokenThatNeverLivesIsNotAskedFor() async throws {
        let failure = await #expect(throws: CommandFailure.self) {
            try await CommandDrive.run(["token", "create", "--ttl", "0"])
        }
        #expect(failure?.code == "KM-USAGE")
    }
}
