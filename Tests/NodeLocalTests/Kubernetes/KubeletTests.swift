// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import NodeAgent
import SPIFFE
import Testing
import WorkloadTestKit

@testable import NodeLocal

/// A scripted kubelet, over TLS and without.
@Suite(.timeLimit(.minutes(1)))
struct KubeletTests {
    let folder: TestDirectory
    let domain: TestTrustDomain
    let authorities: String
    let token: String

    init() throws {
        folder = try TestDirectory()
        domain = try TestTrustDomain()
        authorities = try folder.write("ca.crt", domain.certificate.pem)
        token = try folder.write("token", "a.b.c\n")
    }

    /// What comes of asking once, and what was asked.
    private func ask(
        _ scheme: String = "https", named name: String? = "node-1", certificate: String = "node-1",
        proof: Kubelet.Proof? = nil, token: String? = nil,
        _ reply: @escaping @Sendable (ScriptedHTTP.Request) -> ScriptedHTTP.Reply = { _ in .answer(200, [1, 2]) }
    ) async throws -> (pods: [UInt8]?, requests: [ScriptedHTTP.Request]) {
        let tls = scheme == "https" ? try domain.webCertificate(certificate) : nil
        let (pods, requests) = try await ScriptedHTTP.serving(at: .port, tls: tls, reply) { port -> [UInt8]? in
            let kubelet = try Kubelet(
                at: try #require(KubeletPlace("\(scheme)://127.0.0.1:\(port)")), named: name,
                proof: proof ?? .authority(file: authorities), tokenFile: token ?? self.token, clock: PatientClock(),
                threads: BlockingThreads())
            do {
                let pods = try await kubelet.pods()
                await kubelet.connections.close()
                return pods
            } catch {
                await kubelet.connections.close()
                #expect(error is AttestorError)
                return nil
            }
        }
        return (pods, requests)
    }

    @Test func `pods are asked for with the agent's token, of a kubelet that proves itself`() async throws {
        let (pods, requests) = try await ask()
        #expect(pods == [1, 2])
        #expect(requests.map(\.target) == ["/pods"])
        #expect(requests.first?.headers["authorization"] == ["Bearer a.b.c"])
    }

    @Test func `who proves to be somebody else gets no request`() async throws {
        for (name, certificate) in [("node-1", "node-2"), (nil, "node-1")] as [(String?, String)] {
            let (pods, requests) = try await ask(named: name, certificate: certificate)
            #expect(pods == nil)
            #expect(requests.isEmpty)
        }
        let others = try folder.write("others.crt", TestTrustDomain().certificate.pem)
        let (pods, requests) = try await ask(proof: .authority(file: others))
        #expect(pods == nil)
        #expect(requests.isEmpty)
    }

    @Test func `authorities are read anew`() async throws {
        try folder.write("ca.crt", TestTrustDomain().certificate.pem)
        #expect(try await ask().pods == nil)
        try folder.write("ca.crt", domain.certificate.pem)
        #expect(try await ask().pods == [1, 2])
    }

    @Test func `a kubelet that proves nothing is believed at loopback only, where told to`() async throws {
        let (pods, requests) = try await ask(named: nil, certificate: "anything", proof: Kubelet.Proof.none)
        #expect(pods == [1, 2])
        #expect(requests.first?.headers["authorization"] == ["Bearer a.b.c"])
        let far = try #require(KubeletPlace("https://10.0.0.7:10250"))
        #expect(throws: AttestorError.self) {
            try Kubelet(at: far, proof: .none, tokenFile: nil, clock: PatientClock(), threads: BlockingThreads())
        }
        let near = try #require(KubeletPlace("https://127.0.0.1:10250"))
        for name in ["", "a b", "a/b", "a:1", "ü"] {
            #expect(throws: AttestorError.self) {
                try Kubelet(
                    at: near, named: name, proof: .authority(file: authorities), tokenFile: nil, clock: PatientClock(),
                    threads: BlockingThreads())
            }
        }
    }

    @Test func `the port without authentication gets no token`() async throws {
        let (pods, requests) = try await ask("http", named: nil)
        #expect(pods == [1, 2])
        #expect(requests.first?.headers["authorization"].isEmpty == true)
    }

    @Test(arguments: [302, 401, 403, 500]) func `another status is no answer`(status: Int) async throws {
        let (pods, requests) = try await ask { _ in .answer(status, [1], ["Location": "/pods"]) }
        #expect(pods == nil)
        #expect(requests.count == 1)
    }

    @Test(arguments: ["", "a b", "a\nX-Injected: yes"]) func `without a token nobody is asked`(text: String)
        async throws
    {
        let (pods, requests) = try await ask(token: try folder.write("other", text))
        #expect(pods == nil)
        #expect(requests.isEmpty)
    }

    @Test func `files that are missing or hold something else end it`() async throws {
        #expect(try await ask(token: "\(folder.path)/none").pods == nil)
        #expect(try await ask(proof: .authority(file: "\(folder.path)/none")).pods == nil)
        #expect(try await ask(proof: .authority(file: token)).pods == nil)
    }
}
