// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
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
    ])
    func `options that contradict each other are refused`(line: String) {
        #expect(throws: (any Error).self) { try parse(line) }
    }

    @Test func `without a word the first trust must be proven`() throws {
        guard case .proven = try parse("").trust.bootstrap else {
            Issue.record("another source")
            return
        }
        guard case .proven = try parse("--root \(Self.aid) --proof p").trust.bootstrap,
            case .file(path: "b", .pem) = try parse("--root \(Self.aid) --proof p --trust-bundle b").trust.bootstrap,
            case .anybody = try parse("--insecure-bootstrap").trust.bootstrap
        else {
            Issue.record("another source")
            return
        }
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
}
