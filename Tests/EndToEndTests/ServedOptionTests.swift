// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Options of both daemons that are settings of services: what is typed is seen on the wire.
@Suite(.timeLimit(.minutes(5))) struct ServedOptionTests {
    /// Asks for one secret as Envoy does.
    /// - Returns: the status of gRPC.
    private static func secret(_ name: String, at socket: String, _ box: Sandbox) throws -> String? {
        let type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
        var message: [UInt8] = []
        for (field, text) in [(UInt8(3), name), (4, type)] {
            message += [field << 3 | 2, UInt8(text.utf8.count)] + Array(text.utf8)
        }
        try box.write([0, 0, 0, 0, UInt8(message.count)] + message, to: "request")
        let run = try Sandbox.run(
            "/usr/bin/env",
            [
                "curl", "-sS", "--max-time", "10", "--http2-prior-knowledge", "--unix-socket", socket, "-H",
                "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "@request", "-D", "head", "-o",
                "body", "http://agent/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets",
            ], in: box.folder, environment: box.environment)
        try #require(run.status == 0, "\(run.errors)")
        let head = String(decoding: try box.read("head"), as: UTF8.self)
        return head.split(whereSeparator: \.isNewline).first { $0.hasPrefix("grpc-status:") }
            .map { $0.dropFirst(12).trimmingCharacters(in: .whitespaces) }
    }

    @Test func whatIsSaidIsSeen() throws {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        let port = try ServedWitnesses.freePort()
        let domain = try ServedDomain(
            box,
            [
                "--claimed", "--ca-key-type", "ec-p384", "--jwt-key-type", "rsa-2048", "--ca-subject-organization",
                "Acme", "--bundle-refresh-hint", "10m", "--agent-ttl", "2h", "--no-ratelimit-attestation",
                "--no-ratelimit-signing", "--prune-attested-nodes-expired-for", "30d", "--prune-tofu-nodes",
                "--x509pop-mode", "spiffe", "--x509pop-svid-prefix", "/nodes", "--x509pop-agent-path-template",
                "{{ .PluginName }}/n-{{ .SVIDPathTrimmed }}",
            ], port: port)
        let shown = try box.kelmark("bundle show --format spiffe --socket-path \(domain.socket)", expecting: 0)
        try box.write(shown.output, to: "bundle.json")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(shown.output)) as? [String: Any])
        #expect(document["spiffe_refresh_hint"] as? Int == 600)
        let keys = document["keys"] as? [[String: Any]] ?? []
        #expect(keys.first { $0["use"] as? String == "x509-svid" }?["crv"] as? String == "P-384")
        #expect(keys.first { $0["use"] as? String == "jwt-svid" }?["kty"] as? String == "RSA")

        // A node that has an SVID of the domain already; its agent begins with the bundle document.
        try domain.ask("svid mint x509 --spiffe-id spiffe://acme.example/nodes/1 --write node")
        let subject = try Sandbox.run(
            "/usr/bin/env", ["openssl", "x509", "-in", "node/bundle.pem", "-noout", "-subject"], in: box.folder,
            environment: box.environment)
        #expect(subject.text.contains("Acme") && !subject.text.contains("SPIFFE"))
        let (agent, socket) = try domain.startAgent(
            port,
            proof: [
                "--trust-bundle", box.path("bundle.json"), "--trust-bundle-format", "spiffe", "--x509pop-certificate",
                box.path("node/svid.pem"), "--x509pop-key", box.path("node/key.pem"), "--disable-workload-api",
                "--sds-default-svid-name", "mine", "--sds-default-all-bundles-name", "", "--sync-interval", "1s",
                "--x509-svid-cache-max-size", "10", "--workload-x509-svid-key-type", "rsa-2048",
            ])
        defer {
            agent.terminate()
            agent.waitUntilExit()
            unlink(socket)
        }
        let node = try #require(try domain.ask("node list")["agents"]?[0])
        #expect(node["id"]?["path"] == "/spire/agent/x509pop/n-1")
        let expires = try #require(node["x509svid_expires_at"]?.textValue.flatMap { Double($0) })
        #expect(expires - Date().timeIntervalSince1970 > 5400)

        try domain.ask(
            "entry create --parent-id spiffe://acme.example/spire/agent/x509pop/n-1 --spiffe-id "
                + "spiffe://acme.example/web --selector unix:uid:\(getuid())")
        try domain.wait("the secret under its name") { try Self.secret("mine", at: socket, box) == "0" }
        #expect(try box.read("body").count > 1500, "a chain and a key of RSA")
        for name in ["default", "ALL"] {
            #expect(try Self.secret(name, at: socket, box) == "3", "\(name) is no name")
        }
        #expect(try Self.secret("ROOTCA", at: socket, box) == "0")
        let fetched = try box.kelmark("workload fetch x509 --socket-path \(socket) --json")
        #expect(try fetched.code() == "KM-WORKLOAD-NOT-SERVED")
    }

    /// Statements are about keys of tokens of any kind.
    @Test func anRSAKeyForTokensIsStated() throws {
        let domain = try ServedDomain(
            try Sandbox.withAuthority(maxKeys: 8), ["--issuer", "issuer", "--jwt-key-type", "rsa-2048"])
        #expect(try domain.standing(of: try #require(try domain.active("jwt"))) == "live")
        try domain.ask("svid mint jwt --spiffe-id spiffe://acme.example/web --audience a")
    }

    @Test func withoutTokensThereIsNoKeyForThem() throws {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        let domain = try ServedDomain(box, ["--claimed", "--disable-jwt-svids"])
        #expect(try domain.ask("bundle show")["jwt_authorities"]?.listValue?.isEmpty ?? true)
        let mint = "svid mint jwt --spiffe-id spiffe://acme.example/web --audience a --socket-path \(domain.socket)"
        #expect(try box.kelmark(mint).status != 0)
    }
}
