// SPDX-License-Identifier: Apache-2.0

import IssuerTestKit
import KelmarkBytes
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import KelmarkCLI

private typealias LoggerAPI = Spire_Api_Agent_Logger_V1_Logger.Method
private typealias DebugAPI = Spire_Agent_Debug_V1_Debug.Method

/// Commands at the admin socket of an agent.
@Suite struct AgentAdminCommandTests {
    private static func logger(_ current: Spire_Api_Types_LogLevel) -> Spire_Api_Types_Logger {
        .with {
            $0.currentLevel = current
            $0.launchLevel = .info
        }
    }

    private static let methods: [any ScriptedMethod] = [
        ScriptedCall(LoggerAPI.GetLogger.descriptor) { (_: LoggerAPI.GetLogger.Input) in logger(.info) },
        ScriptedCall(LoggerAPI.SetLogLevel.descriptor) { (request: LoggerAPI.SetLogLevel.Input) in
            logger(request.newLevel)
        },
        ScriptedCall(LoggerAPI.ResetLogLevel.descriptor) { (_: LoggerAPI.ResetLogLevel.Input) in logger(.info) },
        ScriptedCall(DebugAPI.GetInfo.descriptor) { (_: DebugAPI.GetInfo.Input) in
            Spire_Agent_Debug_V1_GetInfoResponse.with { info in
                info.uptime = 65
                info.cachedX509SvidsCount = 3
                info.cachedJwtSvidsCount = 2
                info.svidChain = [
                    .with {
                        $0.id = .with {
                            $0.trustDomain = "acme.example"
                            $0.path = "/spire/agent/x"
                        }
                        $0.subject = "O=SPIRE\u{1b}"
                        $0.expiresAt = 1_800_000_000
                    }
                ]
            }
        },
    ]

    @Test func `the level is shown, changed, and changed back`() async throws {
        let got = try await CommandDrive.run("agent", "logger", "get", against: Self.methods)
        #expect(got.data["current_level"] == "INFO")
        let set = try await CommandDrive.run("agent", "logger", "set", "--level", "debug", against: Self.methods)
        #expect(set.data["current_level"] == "DEBUG")
        #expect(set.data["launch_level"] == "INFO")
        let reset = try await CommandDrive.run("agent", "logger", "reset", against: Self.methods)
        #expect(reset.data["current_level"] == "INFO")
    }

    @Test func `what an agent holds is shown`() async throws {
        let info = try await CommandDrive.run("agent", "debug", against: Self.methods)
        #expect(try await CommandDrive.run("agent", "debug", "getinfo", against: Self.methods).text == info.text)
        #expect(info.data["cached_x509_svids_count"] == 3)
        #expect(info.data["uptime"] == 65)
        #expect(info.text.contains("  Last Sync Success:       never"))
        #expect(info.text.contains { $0.contains("spiffe://acme.example/spire/agent/x") })
        // What a server says does not reach the terminal as it is.
        #expect(!info.text.contains { $0.contains("\u{1b}") })
    }

    @Test func `a server without these calls is named so`() async throws {
        let failure = await #expect(throws: (any Error).self) {
            try await CommandDrive.run("agent", "logger", "get", against: [])
        }
        #expect(failure.map { ErrorTranslation.failure(for: $0).code } == "KM-ADMIN-NOT-SERVED")
    }
}
