// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import GRPCCore
import IdentityGRPC
import IssuerTestKit
import JOSE
import KelmarkBytes
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Synchronization
import Testing

@testable import KelmarkCLI

private typealias API = Workload_SpiffeWorkloadAPI.Method

@Suite struct WorkloadCommandTests {
    private static func response(_ own: TestCertificates, _ other: TestCertificates) -> Workload_X509SVIDResponse {
        .with {
            $0.svids = [
                .with {
                    $0.spiffeID = "spiffe://example.org/web"
                    $0.x509Svid = Data(own.leaf.der)
                    $0.x509SvidKey = Data(own.leafKey)
                    $0.bundle = Data(own.authority.der)
                    $0.hint = "internal"
                }
            ]
            $0.federatedBundles = ["spiffe://other.test": Data(other.authority.der)]
        }
    }

    private static func fetching(_ response: Workload_X509SVIDResponse) -> [any ScriptedMethod] {
        [
            ScriptedCall(streaming: API.FetchX509SVID.descriptor) { (_: API.FetchX509SVID.Input, metadata: Metadata) in
                guard Array(metadata[stringValues: "workload.spiffe.io"]) == ["true"] else {
                    throw RPCError(code: .invalidArgument, message: "security header missing from request")
                }
                return [response]
            }
        ]
    }

    @Test func certificatesAreShownAsSPIREsAgentDoes() async throws {
        let response = Self.response(try TestCertificates(), try TestCertificates("other.test", from: 1_795_212_064))
        let result = try await CommandDrive.run("workload", "fetch", "x509", against: Self.fetching(response))
        #expect(result.text.first?.hasPrefix("Received 1 svid after ") == true)
        #expect(
            result.text.dropFirst() == [
                "",
                "SPIFFE ID:\t\tspiffe://example.org/web",
                "Hint:\t\t\tinternal",
                "SVID Valid After:\t2026-11-20 22:21:38 +0000 UTC",
                "SVID Valid Until:\t2026-11-20 23:21:38 +0000 UTC",
                "CA #1 Valid After:\t2026-11-20 22:21:38 +0000 UTC",
                "CA #1 Valid Until:\t2026-11-21 22:21:38 +0000 UTC",
                "[spiffe://other.test] CA #1 Valid After:\t2026-11-20 22:01:04 +0000 UTC",
                "[spiffe://other.test] CA #1 Valid Until:\t2026-11-21 22:01:04 +0000 UTC",
                "",
            ])
    }

    @Test func theJSONIsTheAPIs() async throws {
        let own = try TestCertificates()
        let other = try TestCertificates("other.test")
        let result = try await CommandDrive.run(
            "api", "fetch", "x509", "-output", "json", against: Self.fetching(Self.response(own, other)))
        func base64(_ bytes: [UInt8]) -> String { StandardBase64.encodedString(bytes) }
        #expect(
            result.text == [
                #"{"crl":[],"federated_bundles":{"spiffe://other.test":"\#(base64(other.authority.der))"},"svids":["#
                    + #"{"bundle":"\#(base64(own.authority.der))","hint":"internal","#
                    + #""spiffe_id":"spiffe://example.org/web","x509_svid":"\#(base64(own.leaf.der))","#
                    + #""x509_svid_key":"\#(base64(own.leafKey))"}]}"#
            ])
    }

    @Test func filesHaveSPIREsNamesAndKeysAreTheOwnersOnly() async throws {
        let own = try TestCertificates()
        let folder = try CommandFolder()
        let result = try await CommandDrive.run(
            "workload", "fetch", "x509", "-write", folder.path,
            against: Self.fetching(Self.response(own, try TestCertificates("other.test"))))
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)) == [
                "svid.0.pem", "svid.0.key", "bundle.0.pem", "federated_bundle.0.0.pem",
            ])
        let mode = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/svid.0.key")[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(try String(contentsOfFile: "\(folder.path)/svid.0.pem", encoding: .utf8) == own.leaf.pem)
        #expect(result.text.contains("Writing key #0 to file \(folder.path)/svid.0.key."))
    }

    @Test func theFolderShowsOneState() async throws {
        let own = try TestCertificates()
        let folder = try CommandFolder()
        let files = "\(folder.path)/svids"
        var response = Self.response(own, try TestCertificates("other.test"))
        response.svids.append(response.svids[0])
        // The folder is made.
        _ = try await CommandDrive.run(
            "workload", "fetch", "x509", "--write", files, against: Self.fetching(response))
        let own0: Set = ["svid.0.pem", "svid.0.key", "bundle.0.pem"]
        func names() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: files)) }
        #expect(try names().count == 8)
        #expect(FileManager.default.createFile(atPath: "\(files)/notes.pem", contents: nil))
        response.svids.removeLast()
        response.federatedBundles = [:]
        let result = try await CommandDrive.run(
            "workload", "fetch", "x509", "--write", files, against: Self.fetching(response))
        #expect(try names() == own0.union(["notes.pem"]))
        #expect(result.text.contains("Removing file \(files)/svid.1.key."))
        #expect(try IdentityFiles(folder: files).remove(from: 0).count == 3)
        #expect(try names() == ["notes.pem"])
    }

    @Test func damagedCertificatesAreRefused() async throws {
        var response = Self.response(try TestCertificates(), try TestCertificates("other.test"))
        response.svids[0].x509Svid = Data([0x30, 0x05, 1])
        let failure = await #expect(throws: CommandFailure.self) {
            try await CommandDrive.run("workload", "fetch", "x509", against: Self.fetching(response))
        }
        #expect(failure?.code == "KM-WORKLOAD-ANSWER")
    }

    @Test func tokensAreShownAsSPIREsAgentDoes() async throws {
        let methods: [any ScriptedMethod] = [
            ScriptedCall(API.FetchJWTSVID.descriptor) { (request: API.FetchJWTSVID.Input) -> API.FetchJWTSVID.Output in
                #expect(request.audience == ["foo", "bar"])
                return .with {
                    $0.svids = [
                        .with {
                            $0.spiffeID = "spiffe://example.org/web"
                            $0.svid = "t.o.k"
                            $0.hint = "internal"
                        }
                    ]
                }
            },
            ScriptedCall(streaming: API.FetchJWTBundles.descriptor) {
                (_: API.FetchJWTBundles.Input, _: Metadata) -> [API.FetchJWTBundles.Output] in
                [.with { $0.bundles = ["spiffe://example.org": Data(#"{"keys":[{"kty":"EC"}]}"#.utf8)] }]
            },
        ]
        let text = try await CommandDrive.run("workload", "fetch", "jwt", "-audience", "foo,bar", against: methods)
        #expect(
            text.text.joined(separator: "\n") == """
                token(spiffe://example.org/web):
                \tt.o.k
                hint(spiffe://example.org/web):
                \tinternal
                bundle(spiffe://example.org):
                \t{
                    "keys": [
                        {
                            "kty": "EC"
                        }
                    ]
                }
                """)
        let json = try await CommandDrive.run(
            "workload", "fetch", "jwt", "-audience", "foo", "-audience", "bar", "-output", "json", against: methods)
        #expect(
            json.text == [
                #"[{"svids":[{"hint":"internal","spiffe_id":"spiffe://example.org/web","svid":"t.o.k"}]},"#
                    + #"{"bundles":{"spiffe://example.org":"eyJrZXlzIjpbeyJrdHkiOiJFQyJ9XX0="}}]"#
            ])
    }

    /// What scripts asked SPIRE's older agents for.
    @Test func theFormatIsTheOutput() async throws {
        let methods: [any ScriptedMethod] = [
            ScriptedCall(API.FetchJWTSVID.descriptor) { (_: API.FetchJWTSVID.Input) in API.FetchJWTSVID.Output() },
            ScriptedCall(streaming: API.FetchJWTBundles.descriptor) {
                (_: API.FetchJWTBundles.Input, _: Metadata) -> [API.FetchJWTBundles.Output] in [.init()]
            },
        ]
        let words = ["agent", "api", "fetch", "jwt", "-audience", "foo"]
        for more in [["-format", "json"], ["-format=json", "-output", "pretty"]] {
            let folder = try CommandFolder()
            let result = try await ScriptedServer.serving(methods, at: folder.socket) {
                try await CommandDrive.run(words + more + ["-socketPath", folder.socket, "--quiet"])
            }
            #expect(result.text == [#"[{"svids":[]},{"bundles":{}}]"#])
        }
    }

    @Test func silenceLeavesTheFiles() async throws {
        let folder = try CommandFolder()
        let response = Self.response(try TestCertificates(), try TestCertificates("other.test"))
        let result = try await CommandDrive.run(
            "agent", "api", "fetch", "x509", "-silent=true", "-write", folder.path, against: Self.fetching(response))
        #expect(result.text.isEmpty)
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/svid.0.key"))
    }

    @Test func aTokenIsJudged() async throws {
        let methods: [any ScriptedMethod] = [
            ScriptedCall(API.ValidateJWTSVID.descriptor) {
                (request: API.ValidateJWTSVID.Input) -> API.ValidateJWTSVID.Output in
                guard request.audience == "foo" else {
                    throw RPCError(code: .invalidArgument, message: #"expected audience in ["bar"] (audience=["foo"])"#)
                }
                #expect(request.svid == "t.o.k")
                return .with {
                    $0.spiffeID = "spiffe://example.org/fed"
                    $0.claims.fields = ["sub": .init(stringValue: "s"), "exp": .init(numberValue: 1_795_213_813)]
                }
            }
        ]
        let folder = try CommandFolder()
        let file = try folder.file("token", "t.o.k\n")
        let good = try await CommandDrive.run(
            "workload", "validate", "--audience", "foo", "--svid-file", file, against: methods)
        #expect(
            good.text == [
                "SVID is valid.", "SPIFFE ID : spiffe://example.org/fed", #"Claims    : {"exp":1795213813,"sub":"s"}"#,
            ])
        let bad = try await CommandDrive.run(
            "workload", "validate", "jwt", "-audience", "bar", "-svid", "t.o.k", against: methods)
        #expect(bad.text == [#"SVID is not valid: expected audience in ["bar"] (audience=["foo"])"#])
        #expect(bad.concern?.status == .denied)
    }

    @Test func aWorkloadWithoutIdentityIsDenied() async throws {
        let failure = await #expect(throws: CommandFailure.self) {
            try await CommandDrive.run(
                "workload", "fetch", "x509",
                against: [
                    ScriptedCall(streaming: API.FetchX509SVID.descriptor) {
                        (_: API.FetchX509SVID.Input, _: Metadata) -> [API.FetchX509SVID.Output] in
                        throw RPCError(code: .permissionDenied, message: "no identity issued")
                    }
                ])
        }
        #expect(failure?.code == "KM-WORKLOAD-NO-IDENTITY")
        #expect(failure?.cause == "no identity issued")
        #expect(failure?.status == .denied)
    }

    @Test func watchingStopsAfterSoManyStates() async throws {
        let response = Self.response(try TestCertificates(), try TestCertificates("other.test"))
        let folder = try CommandFolder()
        let result = try await CommandDrive.run(
            "workload", "watch", "--updates", "1", "--write", folder.path, "-output", "json",
            against: Self.fetching(response))
        #expect(result.text.isEmpty)
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/svid.0.pem"))
    }

    @Test func watchingEndsWhenAskingAgainWouldNotHelp() async throws {
        let asked = Mutex(0)
        let failure = await #expect(throws: CommandFailure.self) {
            try await CommandDrive.run(
                "workload", "watch",
                against: [
                    ScriptedCall(streaming: API.FetchX509SVID.descriptor) {
                        (_: API.FetchX509SVID.Input, _: Metadata) -> [API.FetchX509SVID.Output] in
                        asked.withLock { $0 += 1 }
                        throw RPCError(code: .invalidArgument, message: "no")
                    }
                ])
        }
        #expect(failure?.code == "KM-WORKLOAD-REFUSED")
        #expect(asked.withLock { $0 } == 1)
    }

    @Test func theAddressComesFromTheOptionThenTheEnvironment() throws {
        func address(_ words: [String], _ environment: [String: String]) throws -> EndpointAddress {
            let command = try #require(
                try RootCommand.parseAsRoot(["workload", "fetch", "x509"] + words) as? WorkloadFetchX509Command)
            return try command.workload.address(environment)
        }
        let variable = ["SPIFFE_ENDPOINT_SOCKET": "unix:///e.sock"]
        #expect(try address([], [:]) == .unix(path: "/run/kelmark/workload.sock"))
        #expect(try address([], variable) == .unix(path: "/e.sock"))
        #expect(try address([], ["SPIFFE_ENDPOINT_SOCKET": ""]) == .unix(path: "/run/kelmark/workload.sock"))
        #expect(try address(["--socket-path", "/o.sock"], variable) == .unix(path: "/o.sock"))
        #expect(try address(["-socketPath", "unix:///o.sock"], variable) == .unix(path: "/o.sock"))
        #expect(try address(["-socketPath", "tcp://127.0.0.1:1"], [:]) == .tcp(host: "127.0.0.1", port: 1))
        for wrong in ["unix://host/x", "tcp://localhost:1", "http://x"] {
            let failure = #expect(throws: CommandFailure.self) {
                try address([], ["SPIFFE_ENDPOINT_SOCKET": wrong])
            }
            #expect(failure?.code == "KM-WORKLOAD-ADDRESS")
        }
    }

    @Test func healthIsAsked() async throws {
        let healthy = Mutex(true)
        let methods: [any ScriptedMethod] = [
            ScriptedCall(Grpc_Health_V1_Health.Method.Check.descriptor) {
                (request: Grpc_Health_V1_HealthCheckRequest) -> Grpc_Health_V1_HealthCheckResponse in
                #expect(request.service.isEmpty)
                return .with { $0.status = healthy.withLock { $0 } ? .serving : .notServing }
            }
        ]
        #expect(try await CommandDrive.run("healthcheck", against: methods).text == ["Server is healthy."])
        #expect(try await CommandDrive.run("healthcheck", "--agent", against: methods).text == ["Agent is healthy."])
        #expect(
            try await CommandDrive.run("agent", "healthcheck", "-shallow", against: methods).text == [
                "Agent is healthy."
            ])
        healthy.withLock { $0 = false }
        let result = try await CommandDrive.run("healthcheck", against: methods)
        #expect(result.concern?.code == "KM-ADMIN-UNHEALTHY")
        #expect(result.concern?.status == .undecidable)
    }
}
