// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NodeAgent

/// Proofs by tokens, by HTTP, and those that are made anew each time.
struct NodeProofTests {
    // MARK: k8s_psat

    private func payload(_ token: String) async throws -> String {
        let data = try await KubernetesTokenProof(cluster: "prod") { Array(token.utf8) }.data()
        #expect(data.type == "k8s_psat")
        return String(decoding: data.payload, as: UTF8.self)
    }

    @Test func `a service account token goes with its cluster`() async throws {
        #expect(try await payload("a.b.c") == #"{"cluster":"prod","token":"a.b.c"}"#)
        #expect(try await payload("a.b.c\n") == #"{"cluster":"prod","token":"a.b.c"}"#)
    }

    @Test(arguments: ["", "\n", "a b", "a\nb", "a\r\nInjected: yes", "\u{7f}", "ü"])
    func `what is no token is not sent`(text: String) async {
        await #expect(throws: AttestorError.self) { try await payload(text) }
    }

    @Test func `a token is bounded, and never challenged`() async {
        await #expect(throws: AttestorError.self) { try await payload(String(repeating: "a", count: (64 << 10) + 1)) }
        #expect(throws: IssuerClientError.self) { try KubernetesTokenProof(cluster: "prod") { [] }.answer([]) }
    }

    // MARK: http_challenge

    private actor Port: ChallengePort {
        private(set) var log: [String] = []
        func open() -> UInt16 {
            log.append("open")
            return 4321
        }
        func serve(_ text: [UInt8], at path: String) { log.append("\(path) \(String(decoding: text, as: UTF8.self))") }
        func close() { log.append("close") }
    }

    @Test func `a node opens a port, serves what it is told, and closes it`() async throws {
        let port = Port()
        let proof = HTTPChallengeProof(host: "web1.example.org", name: "a-1", port: port)
        let data = try await proof.data()
        #expect(data.type == "http_challenge")
        #expect(
            String(decoding: data.payload, as: UTF8.self)
                == #"{"hostname":"web1.example.org","agentname":"a-1","port":4321}"#)
        #expect(try await proof.answer(Array(#"{"nonce":"ab-_9="}"#.utf8)) == Array("{}".utf8))
        await proof.finish()
        #expect(
            await port.log == [
                "open", "/.well-known/spiffe/nodeattestor/http_challenge/a-1/challenge ab-_9=", "close",
            ])
    }

    @Test func `a port that is reached under another number is named by that`() async throws {
        let data = try await HTTPChallengeProof(host: "h.example", advertisedPort: 80, port: Port()).data()
        #expect(
            String(decoding: data.payload, as: UTF8.self)
                == #"{"hostname":"h.example","agentname":"default","port":80}"#)
    }

    @Test(
        arguments: [
            "", "{}", #"{"nonce":""}"#, #"{"nonce":"<script>"}"#, #"{"nonce":"a b"}"#, #"{"nonce":1}"#,
            #"{"nonce":"a","nonce":"b"}"#, #"{"nonce":"\#(String(repeating: "a", count: 513))"}"#,
            #"{"nonce":"a","x":"\#(String(repeating: "a", count: 4096))"}"#,
        ])
    func `nothing else than random text is served`(challenge: String) async {
        let port = Port()
        await #expect(throws: AttestorError.self) {
            try await HTTPChallengeProof(host: "h.example", port: port).answer(Array(challenge.utf8))
        }
        #expect(await port.log.isEmpty)
    }

    // MARK: Made anew

    private struct Numbered: NodeProof {
        let number: Int
        let ended: Switch
        func data() -> NodeAttestationData { NodeAttestationData(type: "n", payload: [UInt8(number)]) }
        func answer(_ challenge: [UInt8]) -> [UInt8] { challenge + [UInt8(number)] }
        func finish() { ended.isOn = true }
    }

    @Test func `each attestation has a proof of its own, which answers its challenges`() async throws {
        let counter = Counter()
        let ended = Switch()
        let proof = RereadProof { Numbered(number: counter.next(), ended: ended) }
        await #expect(throws: AttestorError.self) { try await proof.answer([9]) }
        #expect(try await proof.data().payload == [1])
        #expect(try await proof.answer([9]) == [9, 1])
        #expect(!ended.isOn)
        await proof.finish()
        #expect(ended.isOn)
        await #expect(throws: AttestorError.self) { try await proof.answer([9]) }
        #expect(try await proof.data().payload == [2])
        #expect(try await proof.answer([9]) == [9, 2])
    }

    @Test func `a proof that can't be made keeps nothing of the last one`() async throws {
        let fails = Switch()
        let ended = Switch()
        let proof = RereadProof {
            if fails.isOn { throw AttestorError("gone") }
            return Numbered(number: 1, ended: ended)
        }
        _ = try await proof.data()
        await proof.finish()
        fails.isOn = true
        await #expect(throws: AttestorError.self) { try await proof.data() }
        await #expect(throws: AttestorError.self) { try await proof.answer([]) }
    }
}
