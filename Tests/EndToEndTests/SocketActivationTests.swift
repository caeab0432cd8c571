// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Issuer and agent as systemd starts them: by a configuration file alone, with every socket handed over.
@Suite(.timeLimit(.minutes(3))) struct SocketActivationTests {
    /// A path that is short enough for a socket.
    private static func socketPath() -> String { NSTemporaryDirectory() + "k\(UUID().uuidString.prefix(8))" }

    @Test func socketsOutliveTheProcess() throws {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        // Workloads get to see the folder of their socket: no other socket may be in it.
        let shared = Self.socketPath()
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: false)
        let paths = [Self.socketPath(), shared + "/w", Self.socketPath()]
        defer { for path in paths + [shared] { try? FileManager.default.removeItem(atPath: path) } }
        let operators = try ListeningSocket(path: paths[0])
        let (agents, bundle, issuerHealth) = (try ListeningSocket(), try ListeningSocket(), try ListeningSocket())
        let folder = box.path("issuer")
        try FileManager.default.createDirectory(atPath: box.path("kelmark.yaml.d"), withIntermediateDirectories: true)
        let file = try box.write(
            "issuer:\n  trust-domain: wrong.example\n  claimed: true\n  folder: \(folder)\n", to: "kelmark.yaml")
        try box.write("issuer:\n  trust-domain: acme.example\n", to: "kelmark.yaml.d/10-site.yaml")

        let issuer = try ManagedProcess(
            "issuer serve --config \(file)",
            sockets: [
                ("health-listen", issuerHealth), ("socket-path", operators), ("listen", agents),
                ("bundle-listen", bundle),
            ], in: box)
        #expect(issuer.told() == "READY=1\nSTATUS=serving")
        let told = try box.kelmark("bundle show --format pem --socket-path \(paths[0])", expecting: 0)
        try box.write(told.output, to: "bundle.pem")
        try box.kelmark("token create --out \(box.path("token")) --socket-path \(paths[0])", expecting: 0)
        let metrics = try issuerHealth.get("/metrics")
        #expect(metrics.contains("kelmark_issuer_svids_signed_total{type=\"x509-svid\"} 1\n"))
        #expect(metrics.contains("kelmark_connections{listener=\"operators\"}"))
        #expect(
            metrics.contains("service=\"spire.api.server.agent.v1.Agent\",method=\"CreateJoinToken\",status=\"OK\""))
        #expect(metrics.hasSuffix("# EOF\n"))
        #expect(try issuerHealth.becomes200("/readyz"))

        let workloads = try ListeningSocket(path: paths[1])
        let delegates = try ListeningSocket(path: paths[2])
        let agentHealth = try ListeningSocket()
        try box.write(
            """
            agent:
              trust-domain: acme.example
              server: 127.0.0.1:\(agents.port)
              trust-bundle: \(box.path("bundle.pem"))
              join-token-file: \(box.path("token"))
              folder: \(box.path("agent"))
            """, to: "agent.yaml")
        let agent = try ManagedProcess(
            "agent serve --config \(box.path("agent.yaml"))",
            sockets: [
                ("admin-socket-path", delegates), ("socket-path", workloads), ("health-listen", agentHealth),
            ], in: box)
        #expect(agent.told() == "READY=1\nSTATUS=serving")
        #expect(try agentHealth.becomes200("/readyz"))
        // Nobody has an entry, so that whoever asks gets nothing; but it is the agent who says so.
        #expect(try box.kelmark("workload fetch x509 --socket-path \(paths[1])").status != 0)
        let counted = try agentHealth.get("/metrics")
        #expect(
            counted.contains(
                "kelmark_rpc_duration_seconds_count{listener=\"workloads\",service=\"SpiffeWorkloadAPI\","
                    + "method=\"FetchX509SVID\""))
        #expect(counted.contains("kelmark_build_info{version="))
        #expect(counted.contains("kelmark_agent_workload_attestation_duration_seconds_count{attestor=\"unix\""))

        #expect(agent.stop() == 0)
        #expect(agent.told() == "STOPPING=1\nSTATUS=stopping")
        #expect(issuer.stop() == 0)
        #expect(issuer.told() == "STOPPING=1\nSTATUS=stopping")
        // The files are the manager's: the next process answers at them.
        for path in paths { #expect(FileManager.default.fileExists(atPath: path)) }
        let again = try ManagedProcess(
            "issuer serve --config \(file)",
            sockets: [
                ("health-listen", issuerHealth), ("socket-path", operators), ("listen", agents),
                ("bundle-listen", bundle),
            ], in: box)
        #expect(again.told() == "READY=1\nSTATUS=serving")
        try box.kelmark("entry show --socket-path \(paths[0])", expecting: 0)
        #expect(again.stop() == 0)
    }

    /// A socket that no option has, or of the wrong kind, is told before anything is served.
    @Test func socketsForNothingAreRefused() throws {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        let port = try ListeningSocket()
        for name in ["health", "socket-path"] {
            let issuer = try ManagedProcess(
                "issuer serve --claimed --trust-domain acme.example", sockets: [(name, port)], in: box)
            #expect(issuer.ended() == 2)
            let printed = try String(contentsOfFile: issuer.log, encoding: .utf8)
            #expect(printed.contains("KM-SOCKET-UNUSABLE"), "\(printed)")
        }
    }
}
