// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Nodes that prove themselves to a served issuer, and what they are then. Joining by a token is a matter of other suites.
@Suite(.timeLimit(.minutes(5))) struct ServedNodeProofTests {
    private static func make(_ box: Sandbox, _ line: String) throws {
        let words = line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
        let made = try Sandbox.run("/usr/bin/env", words, in: box.folder, environment: box.environment)
        try #require(made.status == 0, "\(line): \(made.errors)")
    }

    /// An issuer without an organisation, and the port at which agents find it.
    private static func served(_ box: Sandbox, _ options: [String]) throws -> (ServedDomain, UInt16) {
        let port = try ServedWitnesses.freePort()
        return (try ServedDomain(box, ["--claimed"] + options, port: port), port)
    }

    private static func home() throws -> Sandbox {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        return box
    }

    /// Starts an agent that proves itself so, and ends it.
    /// - Returns: its name and selectors at the issuer; nil when it was not believed.
    private static func node(
        _ domain: ServedDomain, _ port: UInt16, _ proof: [String]
    ) throws -> (path: String, selectors: Set<String>)? {
        let (agent, socket) = try domain.startAgent(port, proof: proof)
        defer {
            agent.terminate()
            agent.waitUntilExit()
            unlink(socket)
        }
        let agents = try domain.ask("node list")["agents"]?.listValue ?? []
        guard let only = agents.first else { return nil }
        #expect(agents.count == 1)
        let selectors = (only["selectors"]?.listValue ?? []).map {
            "\($0["type"]?.textValue ?? ""):\($0["value"]?.textValue ?? "")"
        }
        return (try #require(only["id"]?["path"]?.textValue), Set(selectors))
    }

    @Test func aHostKeyWithACertificateOfSSH() throws {
        let box = try Self.home()
        for key in ["ca", "other", "host"] { try Self.make(box, "ssh-keygen -q -t ed25519 -N '' -f \(key)") }
        let sign = "-I node -h -n n1.acme.example -V +1h host.pub"
        try Self.make(box, "ssh-keygen -q -s other \(sign)")
        let (domain, port) = try Self.served(
            box, ["--sshpop-ca", box.path("ca.pub"), "--sshpop-domain", "acme.example"])
        let proof = ["--sshpop-certificate", box.path("host-cert.pub"), "--sshpop-key", box.path("host")]
        #expect(try Self.node(domain, port, proof) == nil)
        try Self.make(box, "ssh-keygen -q -s ca \(sign)")
        let node = try #require(try Self.node(domain, port, proof))
        #expect(node.path.hasPrefix("/spire/agent/sshpop/"))
    }

    @Test func aHostThatAnswersUnderItsName() throws {
        var name = [CChar](repeating: 0, count: 256)
        try #require(gethostname(&name, name.count - 1) == 0)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
        let box = try Self.home()
        let (domain, port) = try Self.served(box, ["--http-challenge-host", host])
        let answer = ["--http-challenge-listen", "0.0.0.0:0", "--http-challenge-host"]
        #expect(try Self.node(domain, port, answer + ["elsewhere.acme.example"]) == nil)
        let node = try #require(
            try Self.node(domain, port, answer + [host]), "is the name of this machine, \(host), known to itself?")
        #expect(node.path == "/spire/agent/http_challenge/\(host)")
        #expect(node.selectors == ["http_challenge:hostname:\(host)"])
    }

    @Test func aPodWithATokenOfItsCluster() throws {
        let box = try Self.home()
        try Self.make(
            box,
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout api.key -out api.pem -days 2 "
                + "-subj /CN=api -addext subjectAltName=DNS:localhost,IP:127.0.0.1")
        let cluster = try ScriptedCluster(in: box, issuer: "of-the-issuer", node: "of-the-node")
        try box.write("of-the-issuer", to: "issuer.token", mode: 0o600)
        let token = try box.write("forged", to: "node.token", mode: 0o600)
        let (domain, port) = try Self.served(
            box,
            [
                "--k8s-psat-cluster", "main", "--k8s-psat-service-account", "prod:agent", "--k8s-psat-node-label",
                "zone",
                "--k8s-psat-api-server", "https://localhost:\(cluster.port)", "--k8s-psat-ca-file", box.path("api.pem"),
                "--k8s-psat-token-file", box.path("issuer.token"),
            ])
        let proof = ["--k8s-psat-cluster", "main", "--k8s-psat-token", token]
        #expect(try Self.node(domain, port, proof) == nil)
        try box.write("of-the-node", to: "node.token", mode: 0o600)
        let node = try #require(try Self.node(domain, port, proof))
        #expect(node.path == "/spire/agent/k8s_psat/main/node-uid")
        #expect(
            node.selectors.isSuperset(of: [
                "k8s_psat:agent_node_label:zone:a", "k8s_psat:agent_ns:prod", "k8s_psat:agent_sa:agent",
                "k8s_psat:agent_pod_name:agent-1", "k8s_psat:agent_node_name:n1", "k8s_psat:cluster:main",
            ]))
    }
}
