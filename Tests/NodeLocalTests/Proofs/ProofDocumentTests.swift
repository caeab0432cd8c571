// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import NodeAgent
import Testing
import WorkloadTestKit

@testable import NodeLocal

@Suite(.timeLimit(.minutes(1)))
struct ProofDocumentTests {
    let folder: TestDirectory

    init() throws { folder = try TestDirectory() }

    private func document(_ place: String, _ http: LocalHTTPClient, largest: Int = 100) -> ProofDocument {
        ProofDocument(at: ProofDocument.Place(place), largest: largest, http: http, threads: BlockingThreads())
    }

    @Test func `a file is read each time`() async throws {
        let path = try folder.write("p.kel", "one")
        try await asking { http in
            let document = document(path, http)
            #expect(try await document.read()?.bytes == Array("one".utf8))
            await document.accept(nil)
            try folder.write("p.kel", "two")
            #expect(try await document.read()?.bytes == Array("two".utf8))
            try folder.write("p.kel", String(repeating: "x", count: 101))
            await #expect(throws: AttestorError.self) { _ = try await document.read() }
        }
        try await asking { http in
            await #expect(throws: AttestorError.self) { _ = try await document("\(folder.path)/none", http).read() }
        }
    }

    @Test func `a document that is in use is not sent again`() async throws {
        let server = try TestTrustDomain()
        let requests = try await ScriptedHTTP.serving(
            at: .port, tls: try server.webCertificate("whoever"),
            { request in
                request.headers["if-none-match"] == ["\"1\""]
                    ? .answer(304, []) : .answer(200, [7], ["ETag": "\"1\""])
            }
        ) { port in
            try await asking { http in
                let document = document("https://127.0.0.1:\(port)/proof.kel", http)
                let first = try #require(try await document.read())
                #expect(first.bytes == [7])
                // Not believed yet: it is asked for as a whole again.
                #expect(try await document.read()?.bytes == [7])
                await document.accept(first.tag)
                #expect(try await document.read() == nil)
            }
        }.requests
        #expect(requests.map(\.target) == ["/proof.kel", "/proof.kel", "/proof.kel"])
        #expect(requests.map { $0.headers["if-none-match"] } == [[], [], ["\"1\""]])
    }

    @Test(arguments: [304, 302, 404, 503]) func `another status is no document`(status: Int) async throws {
        _ = try await ScriptedHTTP.serving(at: .port, { _ in .answer(status, [], ["Location": "/"]) }) { port in
            try await asking { http in
                await #expect(throws: AttestorError.self) {
                    _ = try await document("http://127.0.0.1:\(port)/", http).read()
                }
            }
        }
    }

    @Test func `more than a document may have is not read`() async throws {
        _ = try await ScriptedHTTP.serving(at: .port, { _ in .answer(200, [UInt8](repeating: 1, count: 101)) }) {
            port in
            try await asking { http in
                await #expect(throws: AttestorError.self) {
                    _ = try await document("http://127.0.0.1:\(port)/", http).read()
                }
            }
        }
    }
}
