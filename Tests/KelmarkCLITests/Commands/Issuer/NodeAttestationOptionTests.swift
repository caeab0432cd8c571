// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Issuer
import SPIFFE
import Testing

@testable import KelmarkCLI

/// Attestors of nodes as they are typed.
@Suite struct NodeAttestationOptionTests {
    private static let domain = try! TrustDomain("acme.example")

    private func plan(
        _ line: String, environment: [String: String] = [:]
    ) throws -> NodeAttestationPlan {
        try NodeAttestationOptions.parse(line.split(separator: " ").map(String.init)).plan(environment: environment)
    }

    private func attestors(_ plan: NodeAttestationPlan) throws -> [any NodeAttestor] {
        try plan.attestors(for: Self.domain, clock: SystemIssuerClock()) {
            X509Bundle(trustDomain: Self.domain, authorities: [])
        }
    }

    @Test func withoutOptionsThereAreJoinTokensOnly() throws {
        let plan = try plan("")
        #expect(try attestors(plan).isEmpty)
    }

    @Test func eachKindHasItsOptions() throws {
        let plan = try plan(
            "--http-challenge-host a.example --http-challenge-host *.b.example --http-challenge-port 80 "
                + "--no-http-challenge-tofu --k8s-psat-cluster main --k8s-psat-service-account prod:agent "
                + "--k8s-psat-audience us --k8s-psat-node-label zone --k8s-psat-pod-label app "
                + "--k8s-psat-api-server https://10.0.0.1:6443 --k8s-psat-ca-file ca.pem --k8s-psat-token-file token")
        #expect(
            plan.httpChallenge
                == .init(
                    hosts: ["a.example", "*.b.example"], requiredPort: 80, allowsHighPorts: true, isFirstUseOnly: false
                ))
        #expect(
            plan.clusters == [
                .init(
                    name: "main", serviceAccounts: ["prod:agent"], audiences: ["us"], nodeLabels: ["zone"],
                    podLabels: ["app"], server: "https://10.0.0.1:6443", authorityFile: "ca.pem", tokenFile: "token")
            ])
        #expect(
            try attestors(plan).map(\.type) == ["http_challenge", "k8s_psat"])
    }

    @Test func allHostsAreNamedByAStar() throws {
        let plan = try plan("--http-challenge-host a.example --http-challenge-host *")
        #expect(plan.httpChallenge == .init())
    }

    @Test func aPodFindsItsOwnCluster() throws {
        let line = "--k8s-psat-cluster main --k8s-psat-service-account prod:agent"
        let found = try plan(
            line, environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"])
        #expect(found.clusters.first?.server == "https://[fd00::1]:6443")
        #expect(found.clusters.first?.audiences == ["spire-server"])
        #expect(throws: CommandFailure.self) { try plan(line) }
    }

    @Test func nodesCanShowSVIDsOfTheTrustDomain() throws {
        let usual = try plan("--x509pop-mode spiffe")
        #expect(usual.x509 == .init(trust: .ownSVIDs(prefix: "/spire-exchange")))
        #expect(try attestors(usual).map(\.type) == ["x509pop"])
        let line = "--x509pop-mode spiffe --x509pop-svid-prefix /nodes/ --x509pop-agent-path-template"
        let options = try NodeAttestationOptions.parse(
            line.split(separator: " ").map(String.init) + ["{{ .PluginName }}/n/{{ .SVIDPathTrimmed }}"])
        let template = try AgentPathTemplate(
            "{{ .PluginName }}/n/{{ .SVIDPathTrimmed }}", names: X509PoPAttestor.templateValues)
        #expect(
            try options.plan(environment: [:]).x509
                == .init(trust: .ownSVIDs(prefix: "/nodes"), template: template))
    }

    @Test func agentsAreNamedByTemplates() throws {
        let plan = try plan(
            "--x509pop-ca a --x509pop-ca b --x509pop-mode external_pki --x509pop-agent-path-template "
                + "x/{{.Subject.CommonName}} --sshpop-ca k --sshpop-agent-path-template h/{{.Hostname}}")
        #expect(
            plan.x509
                == .init(
                    trust: .authorities(["a", "b"]),
                    template: try AgentPathTemplate("x/{{.Subject.CommonName}}", names: ["Subject.CommonName"])))
        #expect(plan.ssh?.template == (try AgentPathTemplate("h/{{.Hostname}}", names: ["Hostname"])))
    }

    @Test func severalClustersHaveWhatIsTheirsAndWhatIsForAll() throws {
        let plan = try plan(
            "--k8s-psat-cluster a --k8s-psat-cluster b --k8s-psat-service-account prod:agent "
                + "--k8s-psat-service-account b=test:agent --k8s-psat-node-label a=zone --k8s-psat-pod-label app "
                + "--k8s-psat-api-server b=https://b.example --k8s-psat-ca-file b=b.pem --k8s-psat-ca-file all.pem "
                + "--k8s-psat-token-file b=./x=y --k8s-psat-audience b=us",
            environment: ["KUBERNETES_SERVICE_HOST": "10.0.0.1"])
        #expect(
            plan.clusters == [
                .init(
                    name: "a", serviceAccounts: ["prod:agent"], audiences: ["spire-server"], nodeLabels: ["zone"],
                    podLabels: ["app"], server: "https://10.0.0.1:443", authorityFile: "all.pem",
                    tokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token"),
                .init(
                    name: "b", serviceAccounts: ["prod:agent", "test:agent"], audiences: ["us"], podLabels: ["app"],
                    server: "https://b.example", authorityFile: "b.pem", tokenFile: "./x=y"),
            ])
    }

    /// Already when the options are read, as `config check` does it.
    @Test(arguments: [
        "a=https://k.example b=https://k.example", "https://K.example/ b=HTTPS://k.example:443",
        "a=https://[FD00::1]:6443 b=https://[fd00::1]:6443/", "a=k.example b=k.example", "https://k.example", "",
    ])
    func anAPIServerHasOneCluster(_ servers: String) {
        let words =
            ["--k8s-psat-cluster", "a", "--k8s-psat-cluster", "b", "--k8s-psat-service-account", "p:a"]
            + ["--k8s-psat-token-file", "a=t", "--k8s-psat-token-file", "b=t"]
            + servers.split(separator: " ").flatMap { ["--k8s-psat-api-server", String($0)] }
        let error = #expect(throws: (any Error).self) { try NodeAttestationOptions.parse(words) }
        let message = error.map { NodeAttestationOptions.message(for: $0) }
        #expect(message?.contains("Clusters a and b have one API server") == true, "\(message ?? "")")
    }

    @Test func theClusterOfThePodHasOneName() throws {
        let line =
            "--k8s-psat-cluster a --k8s-psat-cluster b --k8s-psat-service-account p:a --k8s-psat-token-file b=t "
            + "--k8s-psat-api-server b=https://10.0.0.1"
        let failure = #expect(throws: CommandFailure.self) {
            try plan(line, environment: ["KUBERNETES_SERVICE_HOST": "10.0.0.1"])
        }
        #expect(failure?.code == "KM-USAGE")
        #expect(failure?.cause.contains("Clusters a and b have one API server") == true)
        for environment in [
            ["KUBERNETES_SERVICE_HOST": "10.0.0.2"],
            ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"],
        ] {
            #expect(try plan(line, environment: environment).clusters.count == 2)
        }
    }

    @Test(arguments: [
        "--x509pop-mode spiffe --x509pop-ca a", "--x509pop-mode external_pki", "--x509pop-svid-prefix /x",
        "--x509pop-agent-path-template x/{{.Fingerprint}}", "--x509pop-mode other --x509pop-ca a",
        "--x509pop-mode spiffe --x509pop-svid-prefix /", "--x509pop-mode spiffe --x509pop-svid-prefix x",
        "--x509pop-mode spiffe --x509pop-svid-prefix /spire/agent", "--x509pop-mode spiffe --x509pop-svid-prefix //",
        "--x509pop-ca a --x509pop-agent-path-template x/{{.Hostname}}", "--sshpop-agent-path-template x/{{.Hostname}}",
        "--sshpop-ca a --sshpop-agent-path-template x/{{.Hostname",
        "--k8s-psat-cluster a --k8s-psat-cluster a --k8s-psat-service-account p:a --k8s-psat-api-server a=https://a "
            + "--k8s-psat-token-file a=t",
        "--k8s-psat-cluster a --k8s-psat-cluster b --k8s-psat-service-account p:a",
        "--k8s-psat-cluster a --k8s-psat-cluster b --k8s-psat-service-account p:a --k8s-psat-api-server https://a "
            + "--k8s-psat-token-file a=t --k8s-psat-token-file b=t",
        "--k8s-psat-cluster a --k8s-psat-service-account p:a --k8s-psat-api-server https://a",
        "--k8s-psat-cluster a --k8s-psat-cluster b --k8s-psat-service-account p:a --k8s-psat-api-server b=https://b",
        "--k8s-psat-cluster a --k8s-psat-cluster b --k8s-psat-service-account p:a --k8s-psat-api-server b=https://b "
            + "--k8s-psat-token-file b=t --k8s-psat-token-file t",
        "--k8s-psat-cluster a --k8s-psat-service-account p:a --k8s-psat-audience b=x",
        "--k8s-psat-cluster a --k8s-psat-service-account p:a --k8s-psat-audience a=",
        "--k8s-psat-cluster a --k8s-psat-service-account p:a --k8s-psat-ca-file x --k8s-psat-ca-file y",
        "--k8s-psat-cluster a --k8s-psat-cluster b --k8s-psat-service-account a=p:a --k8s-psat-api-server b=https://b "
            + "--k8s-psat-token-file b=t",
        "--sshpop-domain a.example", "--sshpop-sha1", "--http-challenge-port 80", "--no-http-challenge-tofu",
        "--http-challenge-host a.example --no-http-challenge-tofu",
        "--http-challenge-host a.example --http-challenge-port 8080 --no-http-challenge-tofu",
        "--http-challenge-host A.example", "--http-challenge-host *b.example", "--http-challenge-host 10.0.0.1",
        "--http-challenge-host a.example --http-challenge-port 65536", "--k8s-psat-cluster main",
        "--k8s-psat-service-account prod:agent", "--k8s-psat-node-label zone",
        "--k8s-psat-cluster a/b --k8s-psat-service-account prod:agent",
        "--k8s-psat-cluster .. --k8s-psat-service-account prod:agent",
        "--k8s-psat-cluster main --k8s-psat-service-account agent",
        "--k8s-psat-cluster main --k8s-psat-service-account :agent",
        "--k8s-psat-cluster main --k8s-psat-service-account a:b:c", "--sshpop-ca keys --sshpop-domain a_b",
    ])
    func whatMakesNoSenseIsRefused(_ line: String) {
        // In a pod, so that it is not the missing API server that is refused.
        #expect(throws: (any Error).self) { try plan(line, environment: ["KUBERNETES_SERVICE_HOST": "10.0.0.1"]) }
    }

    // MARK: Files

    private func written(_ text: String) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "kelmark-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// A public key as `ssh-keygen` writes it.
    private static var sshKey: String {
        let name = Array("ssh-ed25519".utf8)
        let key = [UInt8](repeating: 9, count: 32)
        let wire = [0, 0, 0, UInt8(name.count)] + name + [0, 0, 0, 32] + key
        return "ssh-ed25519 \(Data(wire).base64EncodedString()) host-ca"
    }

    @Test func keysOfAuthoritiesStandOneALine() throws {
        let file = try written("# authorities\n\n\(Self.sshKey)\r\n")
        defer { try? FileManager.default.removeItem(atPath: file) }
        let plan = try plan("--sshpop-ca \(file) --sshpop-domain acme.example --sshpop-sha1")
        #expect(plan.ssh == .init(authorityFiles: [file], canonicalDomain: "acme.example", acceptsSHA1: true))
        #expect(try attestors(plan).map(\.type) == ["sshpop"])
    }

    @Test(arguments: ["", "# nothing\n", "ssh-ed25519\n", "ssh-rsa AAAA\n", "-----BEGIN CERTIFICATE-----\n"])
    func filesWithoutKeysAreNamed(_ text: String) throws {
        let file = try written(text)
        defer { try? FileManager.default.removeItem(atPath: file) }
        for line in ["--sshpop-ca \(file)", "--x509pop-ca \(file)"] {
            let plan = try plan(line)
            let error = #expect(throws: CommandFailure.self) {
                try attestors(plan)
            }
            #expect(error?.code == "KM-ISSUER-FILE")
            #expect(error?.cause.contains(file) == true)
        }
    }
}
