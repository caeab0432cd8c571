// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import KelmarkTestSupport
import SPIFFE
import Synchronization
import Testing

@testable import Issuer
@testable import NodeAgent

/// The proofs of our node agent before the attestors of our issuer.
@Suite(.timeLimit(.minutes(1))) struct NodeProofsOfOursTests {
    private static let domain = try! TrustDomain("example.org")

    /// Has a node attested as an agent and an issuer do it together.
    private func attest(_ proof: some NodeProof, by attestor: some Issuer.NodeAttestor) async throws -> AttestedNode {
        let data = try await proof.data()
        #expect(data.type == attestor.type)
        var step = try await attestor.attest(data.payload, from: nil)
        while case .challenge(let bytes, let challenge) = step {
            step = try await challenge.answered(try await proof.answer(bytes))
        }
        await proof.finish()
        guard case .attested(let node) = step else { throw CancellationError() }
        return node
    }

    @Test(arguments: ["ed25519", "p256", "p384", "p521", "rsa"])
    func `a host key of each kind is believed`(kind: String) async throws {
        let host = try #require(SSHSamples.hosts[kind])
        let attestor = SSHPoPAttestor(
            trustDomain: Self.domain, authorities: [try SSHPublicKey(line: SSHSamples.authority)],
            canonicalDomain: "example.org", template: nil, clock: IssuerTestClock())
        let proof = try SSHHostProof(certificate: host.certificate, key: host.key)
        let node = try await attest(proof, by: attestor)
        #expect(node.id.path.hasPrefix("/spire/agent/sshpop/"))
        #expect(node.canReattest)
    }

    @Test func `the key of another host is not`() async throws {
        let (one, other) = (try #require(SSHSamples.hosts["p256"]), try #require(SSHSamples.hosts["p384"]))
        let attestor = SSHPoPAttestor(
            trustDomain: Self.domain, authorities: [try SSHPublicKey(line: SSHSamples.authority)],
            clock: IssuerTestClock())
        let honest = try SSHHostProof(certificate: one.certificate, key: one.key)
        let impostor = try SSHHostProof(certificate: other.certificate, key: other.key)
        guard
            case .challenge(let bytes, let challenge) = try await attestor.attest(try honest.data().payload, from: nil)
        else {
            Issue.record("no challenge")
            return
        }
        let answer = try impostor.answer(bytes)
        await #expect(throws: IssuerError.self) { _ = try await challenge.answered(answer) }
    }

    /// A node whose port the issuer reaches.
    private final class Node: ChallengePort, HTTPChallengeFetcher {
        private let served = Mutex<(path: String, text: [UInt8])?>(nil)

        func open() -> UInt16 { 80 }
        func serve(_ text: [UInt8], at path: String) { served.withLock { $0 = (path, text) } }
        func close() { served.withLock { $0 = nil } }
        var isClosed: Bool { served.withLock { $0 == nil } }

        func fetch(host: String, port: UInt16, path: String, limit: Int) throws -> [UInt8] {
            guard let found = served.withLock({ $0 }), found.path == path, host == "web1.example.org", port == 80 else {
                throw CancellationError()
            }
            return Array(found.text.prefix(limit))
        }
    }

    @Test func `a node that answers at its name is believed, and closes the port`() async throws {
        let node = Node()
        let attestor = try HTTPChallengeAttestor(
            trustDomain: Self.domain, policy: .init(hosts: ["*.example.org"], allowsHighPorts: false), fetcher: node)
        let attested = try await attest(HTTPChallengeProof(host: "web1.example.org", port: node), by: attestor)
        #expect(attested.id.path == "/spire/agent/http_challenge/web1.example.org")
        #expect(node.isClosed)
    }
}
