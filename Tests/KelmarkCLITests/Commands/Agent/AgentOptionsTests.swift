// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import IdentityGRPC
import KelmarkTestSupport
import Logging
import NodeAgent
import SPIFFE
import Testing

@testable import KelmarkCLI

/// Options of `agent serve`, and what they come to.
@Suite struct AgentOptionsTests {
    private let folder: CommandFolder
    private let threads = BlockingThreads()
    private static let aid = "EAWnmLi7pxQ_xbWL4UUYaDl-Af6WTeiPqyuzJijI-ORj"

    init() throws { folder = try CommandFolder() }

    private func parse(_ words: [String]) throws -> AgentServeCommand {
        let whole = ["agent", "serve", "--trust-domain", "acme.example"] + words
        return try #require(try RootCommand.parseAsRoot(whole) as? AgentServeCommand)
    }

    private func parse(_ line: String) throws -> AgentServeCommand {
        try parse(line.split(separator: " ").map(String.init))
    }

    @Test(arguments: [
        "--join-token-file a --k8s-psat-cluster b", "--x509pop-certificate a", "--x509pop-key a", "--sshpop-key a",
        "--sshpop-certificate a", "--x509pop-certificate a --x509pop-key b --sshpop-certificate c --sshpop-key d",
        "--http-challenge-host a_b!", "--http-challenge-host h.example --http-challenge-agent a/b",
        "--http-challenge-host h.example --http-challenge-port 0", "--insecure-bootstrap --trust-bundle b",
        "--root \(aid)", "--proof p", "--root \(aid) --proof p --insecure-bootstrap", "--root x --proof p",
        "--kubelet 127.0.0.1", "--kubelet http://10.0.0.7:10255", "--kubelet-name node-1", "--kubelet-unverified",
        "--kubelet https://node-1:10250 --kubelet-unverified",
        "--trust-bundle b --trust-bundle-url https://i.example/", "--trust-bundle-url http://i.example/",
        "--insecure-bootstrap --trust-bundle-url https://i.example/", "--trust-bundle-format pem",
        "--insecure-bootstrap --trust-bundle-format spiffe", "--trust-bundle b --trust-bundle-format der",
        "--trust-bundle-unix-socket /s", "--trust-bundle b --trust-bundle-unix-socket /s",
        "--trust-bundle-url https://i.example/ --trust-bundle-unix-socket /s",
        "--trust-bundle-url http://i.example/ --trust-bundle-unix-socket s", "--workload-size-limit 5",
        "--x509-svid-cache-max-size 0", "--jwt-svid-cache-max-size 0", "--workload-x509-svid-key-type ec-p384",
        "--sync-interval 0s", "--sync-interval 2h", "--sync-interval 61m", "--allowed-foreign-jwt-claim=",
        "--disable-sds-api --sds-default-svid-name x", "--disable-sds-api --disable-spiffe-cert-validation",
    ])
    func `options that contradict each other are refused`(line: String) {
        #expect(throws: (any Error).self) { try parse(line) }
    }

    private func bootstrap(_ line: String) throws -> (source: BootstrapSource, services: Int) {
        let (source, services) = try parse(line).trust.bootstrap(clock: SystemAgentClock())
        return (source, services.count)
    }

    @Test func `without a word the first trust must be proven`() throws {
        guard case (.proven, 0) = try bootstrap("") else {
            Issue.record("another source")
            return
        }
        guard case (.proven, 0) = try bootstrap("--root \(Self.aid) --proof p"),
            case (.file(path: "b", .pem), 0) = try bootstrap("--root \(Self.aid) --proof p --trust-bundle b"),
            case (.file(path: "b", .spiffe), 0) = try bootstrap("--trust-bundle b --trust-bundle-format spiffe"),
            case (.anybody, 0) = try bootstrap("--insecure-bootstrap"),
            case (.fetched(.pem, _), 1) = try bootstrap("--trust-bundle-url https://i.example/"),
            case (.fetched(.spiffe, _), 1) = try bootstrap(
                "--trust-bundle-url http://i/ --trust-bundle-unix-socket /s --trust-bundle-format spiffe")
        else {
            Issue.record("another source")
            return
        }
    }

    // MARK: What workloads have

    private func plan(_ line: String) async throws -> AgentHost.Plan {
        let words = line.split(separator: " ").map { $0 == "%" ? "" : String($0) }
        let command = try parse(words)
        return try await command.plan(
            command.trustDomain.domain, folder.path, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func `what is said of workloads reaches the agent`() async throws {
        let usual = try await plan("")
        #expect(usual.offer == IdentityServer.WorkloadOffer())
        #expect(usual.configuration.policy == WorkloadPolicy())
        #expect(usual.configuration.syncInterval == .seconds(5))
        #expect(usual.configuration.mostSVIDs == 1000)
        #expect(usual.configuration.workloadKeys == .p256)
        let plan = try await plan(
            "--x509-svid-cache-max-size 7 --jwt-svid-cache-max-size 8 --workload-x509-svid-key-type rsa-2048 "
                + "--sync-interval 1m --allowed-foreign-jwt-claim a --allowed-foreign-jwt-claim b "
                + "--authorized-delegate spiffe://acme.example/d --allow-unauthenticated-verifiers "
                + "--sds-default-svid-name % --sds-default-bundle-name ours --sds-default-all-bundles-name every "
                + "--disable-spiffe-cert-validation --disable-workload-api")
        #expect(plan.configuration.mostSVIDs == 7)
        #expect(plan.configuration.policy.mostTokens == 8)
        #expect(plan.configuration.workloadKeys == .rsa2048)
        #expect(plan.configuration.syncInterval == .seconds(60))
        #expect(plan.configuration.policy.foreignClaims == ["a", "b"])
        #expect(plan.configuration.policy.delegates.map(\.description) == ["spiffe://acme.example/d"])
        #expect(plan.configuration.policy.allowsUnauthenticatedVerifiers)
        var offer = IdentityServer.WorkloadOffer()
        offer.workloadAPI = false
        offer.secrets?.defaultIdentity = ""
        offer.secrets?.ownBundle = "ours"
        offer.secrets?.allBundles = "every"
        offer.secrets?.disablesSPIFFEValidation = true
        #expect(plan.offer == offer)
        #expect(try await self.plan("--disable-sds-api").offer.secrets == nil)
    }

    @Test(
        arguments: [
            ("", false, nil), ("--discover-workload-path", true, 256 << 20),
            ("--discover-workload-path --workload-size-limit 5", true, 5),
            ("--discover-workload-path --workload-size-limit 0", true, Int64.max),
            ("--discover-workload-path --workload-size-limit -1", true, nil),
        ] as [(String, Bool, Int64?)])
    func `programs are hashed up to a size`(line: String, findsPath: Bool, largest: Int64?) throws {
        #expect(
            try parse(line).workloads.program
                == UnixAttestor.ProgramPolicy(findsPath: findsPath, largestHashed: largest))
    }

    // MARK: Sockets

    private func judge(_ line: String, admin: String?, workloads: String = "/run/kelmark/workload.sock") throws
        -> String?
    {
        try judge(line, .path(workloads, permissions: 0o666), admin.map { .path($0, permissions: 0o600) })
    }

    private func judge(
        _ line: String, _ workloads: IdentityServer.LocalPlace, _ admin: IdentityServer.LocalPlace?
    ) throws -> String? {
        let command = try parse(line)
        do throws(CommandFailure) {
            try command.judge(workloads, admin)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `the admin socket is not where workloads reach`() throws {
        for path in [
            "/run/kelmark/admin.sock", "/run/kelmark/private/admin.sock", "/run/other/../kelmark/a",
            "/run//kelmark/./a",
        ] {
            #expect(try judge("", admin: path) == "KM-USAGE", "\(path)")
        }
        for path in ["/run/admin.sock", "/run/kelmark-agent/admin.sock", "/run/kelmark/../admin.sock"] {
            #expect(try judge("", admin: path) == nil, "\(path)")
        }
        #expect(try judge("", admin: "\(folder.path)/a/b", workloads: "\(folder.path)/w") == "KM-USAGE")
        try FileManager.default.createDirectory(atPath: "\(folder.path)/open", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/link", withDestinationPath: "\(folder.path)/open")
        #expect(try judge("", admin: "\(folder.path)/link/a", workloads: "\(folder.path)/open/w") == "KM-USAGE")
    }

    @Test func `sockets that systemd opened are where they were bound`() throws {
        for name in ["open", "closed"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)", withIntermediateDirectories: false)
        }
        let workloads = try BoundSocket(path: "\(folder.path)/open/w")
        let beside = try BoundSocket(path: "\(folder.path)/open/a")
        let apart = try BoundSocket(path: "\(folder.path)/closed/a")
        defer { withExtendedLifetime([workloads, beside, apart]) {} }
        #expect(try judge("", workloads.place, .path("\(folder.path)/open/b", permissions: 0o600)) == "KM-USAGE")
        #expect(try judge("", workloads.place, beside.place) == "KM-USAGE")
        #expect(try judge("", .path("\(folder.path)/open/v", permissions: 0o666), beside.place) == "KM-USAGE")
        #expect(try judge("", workloads.place, apart.place) == nil)
        #expect(try judge("", workloads.place, .path("\(folder.path)/closed/b", permissions: 0o600)) == nil)
        #expect(try judge("", workloads.place, nil) == nil)
    }

    @Test func `something is served`() throws {
        let nothing = "--disable-workload-api --disable-sds-api"
        #expect(try judge(nothing, admin: nil) == "KM-USAGE")
        #expect(try judge(nothing, admin: "/run/kelmark-agent/a") == nil)
        #expect(try judge("--disable-workload-api", admin: nil) == nil)
        #expect(try judge("--disable-sds-api", admin: nil) == nil)
    }

    private func attestors(_ line: String) throws -> ([String], Int) {
        let (attestors, services) = try parse(line).workloads.attestors(clock: SystemAgentClock(), threads: threads)
        return (attestors.map(\.name), services.count)
    }

    @Test func `attestors are those that were named`() throws {
        #expect(try attestors("") == (["unix"], 0))
        #expect(try attestors("--docker-socket /a --docker-socket /b") == (["unix", "docker", "docker"], 1))
        #expect(
            try attestors("--kubelet https://127.0.0.1 --kubelet-unverified --systemd") == (
                ["unix", "k8s", "systemd"], 1
            ))
        #expect(try attestors("--kubelet https://10.0.0.7 --kubelet-name node-1") == (["unix", "k8s"], 1))
        let failure = #expect(throws: CommandFailure.self) {
            try attestors("--kubelet https://10.0.0.7 --kubelet-name a/b")
        }
        #expect(failure?.code == "KM-AGENT-ATTESTOR")
    }

    // MARK: Proofs

    private func data(_ words: [String]) async throws -> NodeAttestationData? {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try await parse(words).node.proof(threads: threads, logger: logger)?.proof.data()
    }

    private func failure(_ words: [String]) async -> String? {
        do {
            _ = try await data(words)
            return nil
        } catch {
            return (error as? CommandFailure)?.code
        }
    }

    private func file(_ name: String, _ bytes: [UInt8], mode: Int = 0o600) throws -> String {
        let path = try folder.file(name, String(decoding: bytes, as: UTF8.self))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    @Test func `a node proves itself in the way that was named`() async throws {
        #expect(try await data([]) == nil)
        let token = try file("token", Array("t-1\n".utf8))
        #expect(
            try await data(["--join-token-file", token])
                == NodeAttestationData(type: "join_token", payload: Array("t-1".utf8)))
        #expect(
            try await data(["--k8s-psat-cluster", "prod", "--k8s-psat-token", token])?.payload
                == Array(#"{"cluster":"prod","token":"t-1"}"#.utf8))
        let host = try #require(SSHSamples.hosts["p256"])
        let certificate = try file("cert", host.certificate, mode: 0o644)
        let key = try file("key", host.key)
        #expect(try await data(["--sshpop-certificate", certificate, "--sshpop-key", key])?.type == "sshpop")
        let node = try TestCertificates("acme.example")
        let pem = try file("node.pem", Array(node.leaf.pem.utf8), mode: 0o644)
        let pemKey = try file("node.key", Array(CertificateEncoding.pem(pkcs8: node.leafKey).utf8))
        #expect(try await data(["--x509pop-certificate", pem, "--x509pop-key", pemKey])?.type == "x509pop")
    }

    @Test func `files that can't be used are told at once`() async throws {
        let host = try #require(SSHSamples.hosts["p256"])
        let other = try #require(SSHSamples.hosts["ed25519"])
        let certificate = try file("cert", host.certificate)
        let key = try file("key", host.key)
        let ssh = ["--sshpop-certificate", certificate, "--sshpop-key"]
        #expect(await failure(ssh + [try file("other", other.key)]) == "KM-AGENT-NODE-PROOF")
        #expect(await failure(ssh + [try file("open", host.key, mode: 0o644)]) == "KM-INPUT-EXPOSED")
        #expect(await failure(ssh + ["\(folder.path)/none"]) == "KM-INPUT-MISSING")
        let x509 = ["--x509pop-certificate"]
        #expect(await failure(x509 + [key, "--x509pop-key", key]) == "KM-AGENT-NODE-PROOF")
        let pem = try file("node.pem", Array(try TestCertificates("acme.example").leaf.pem.utf8))
        #expect(await failure(x509 + [pem, "--x509pop-key", key]) == "KM-AGENT-NODE-PROOF")
    }

    @Test func `an agent that has never attested and has no way to does not begin`() async throws {
        let failure = await #expect(throws: CommandFailure.self) {
            try await CommandDrive.run(
                [
                    "agent", "serve", "--trust-domain", "acme.example", "--folder", "\(folder.path)/agent",
                    "--socket-path", folder.socket, "--health-listen", "127.0.0.1:0", "--insecure-bootstrap", "--quiet",
                ], environment: ["KELMARK_HOME": folder.path])
        }
        #expect(failure?.code == "KM-AGENT-NO-ATTESTATION")
    }

    @Test func `an agent that knows nobody to trust does not begin`() async throws {
        let token = try file("token", Array("t-1".utf8))
        let failure = await #expect(throws: CommandFailure.self) {
            try await CommandDrive.run(
                [
                    "agent", "serve", "--trust-domain", "acme.example", "--folder", "\(folder.path)/agent",
                    "--socket-path", folder.socket, "--health-listen", "127.0.0.1:0", "--join-token-file", token,
                    "--quiet",
                ], environment: ["KELMARK_HOME": folder.path])
        }
        #expect(failure?.code == "KM-AGENT-NO-TRUST")
    }
}
