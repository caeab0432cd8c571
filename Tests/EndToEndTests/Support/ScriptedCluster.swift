// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// An API server of Kubernetes as a process of its own, which knows one agent's pod and one token. It is a script, since it
/// stands for a foreign program: nothing of ours answers there.
final class ScriptedCluster: Sendable {
    let port: UInt16
    private let process: pid_t

    /// Serves with `api.pem` and `api.key` of the folder.
    /// - Parameters:
    ///   - issuer: the token by which the issuer must show itself.
    ///   - node: the one token of a node that is genuine.
    init(in box: Sandbox, issuer: String, node: String) throws {
        try box.write(Self.script, to: "cluster.py")
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "cluster.py", issuer, node]
        process.currentDirectoryURL = box.folder
        process.environment = box.environment
        process.standardOutput = output
        try process.run()
        self.process = process.processIdentifier
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(UInt16(line.trimmingCharacters(in: .newlines)), "the API server does not start: \(line)")
    }

    deinit { kill(process, SIGKILL) }

    private static let script = """
        import http.server, json, ssl, sys

        ISSUER, NODE = sys.argv[1:]

        class Cluster(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def known(self):
                if self.headers["Authorization"] == "Bearer " + ISSUER:
                    return True
                self.answer(401, {})
                return False

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not self.known():
                    return
                if self.path != "/apis/authentication.k8s.io/v1/tokenreviews":
                    return self.answer(404, {})
                if asked["spec"]["token"] != NODE:
                    return self.answer(201, {"kind": "TokenReview", "status": {"authenticated": False}})
                pod = "authentication.kubernetes.io/pod-"
                self.answer(201, {"kind": "TokenReview", "status": {
                    "authenticated": True, "audiences": asked["spec"]["audiences"],
                    "user": {"username": "system:serviceaccount:prod:agent",
                             "extra": {pod + "name": ["agent-1"], pod + "uid": ["u-1"]}}}})

            def do_GET(self):
                if not self.known():
                    return
                if self.path == "/api/v1/namespaces/prod/pods/agent-1":
                    self.answer(200, {"metadata": {"uid": "u-1"}, "spec": {"nodeName": "n1"},
                                      "status": {"hostIP": "192.0.2.7"}})
                elif self.path == "/api/v1/nodes/n1":
                    self.answer(200, {"metadata": {"uid": "node-uid", "labels": {"zone": "a"}}})
                else:
                    self.answer(404, {})

        server = http.server.HTTPServer(("127.0.0.1", 0), Cluster)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("api.pem", "api.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_port, flush=True)
        server.serve_forever()
        """
}
