// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOHTTP1
import NodeAgent
import Testing
import WorkloadTestKit

@testable import NodeLocal

/// A scripted Docker at a Unix socket.
@Suite(.timeLimit(.minutes(1)))
struct ContainerEngineTests {
    static let id = String(repeating: "ab", count: 32)
    let folder: TestDirectory

    init() throws { folder = try TestDirectory() }

    private func inspect(
        _ id: String = id, socket: String = "s",
        _ reply: @escaping @Sendable (ScriptedHTTP.Request) -> ScriptedHTTP.Reply
    ) async throws -> (result: [UInt8]?, requests: [ScriptedHTTP.Request]) {
        let path = "\(folder.path)/\(socket)"
        return try await ScriptedHTTP.serving(at: .socket(path), reply) { _ in
            try await asking { try await ContainerEngine(socket: path, http: $0).inspect(id) }
        }
    }

    @Test(arguments: ["docker.sock", "a b%2f", "ü", "[::1]:80?x#y"])
    func `a container is asked for at the socket`(socket: String) async throws {
        let (result, requests) = try await inspect(socket: socket) { _ in .answer(200, [1, 2, 3]) }
        #expect(result == [1, 2, 3])
        #expect(requests.map(\.method) == ["GET"])
        #expect(requests.map(\.target) == ["/containers/\(Self.id)/json"])
    }

    @Test func `a container that the engine does not know is none`() async throws {
        #expect(try await inspect { _ in .answer(404, [1]) }.result == nil)
    }

    @Test(arguments: [301, 400, 403, 500, 503])
    func `another status is no answer, and leads nowhere`(status: Int) async throws {
        let path = "\(folder.path)/s"
        let requests = try await ScriptedHTTP.serving(
            at: .socket(path), { _ in .answer(status, [1], ["Location": "/containers/other/json"]) }
        ) { _ in
            try await asking { http in
                await #expect(throws: AttestorError.self) {
                    _ = try await ContainerEngine(socket: path, http: http).inspect(Self.id)
                }
            }
        }.requests
        #expect(requests.count == 1)
    }

    @Test func `more than the answer may have is not read`() async throws {
        await #expect(throws: AttestorError.self) {
            try await inspect { _ in .answer(200, [UInt8](repeating: 0x20, count: DockerAttestor.largestAnswer + 1)) }
        }
        let most = [UInt8](repeating: 0x20, count: DockerAttestor.largestAnswer)
        #expect(try await inspect { _ in .answer(200, most) }.result == most)
    }

    @Test(arguments: [true, false]) func `silence is given up`(trickles: Bool) async throws {
        let path = "\(folder.path)/s"
        let (signal, end) = AsyncStream.makeStream(of: Never.self)
        _ = try await ScriptedHTTP.serving(
            at: .socket(path),
            { _ in
                end.finish()
                return trickles ? .trickle : .silence
            }
        ) { _ in
            try await asking(clock: ImpatientClock(signal: signal)) { http in
                await #expect(throws: AttestorError.self) {
                    _ = try await ContainerEngine(socket: path, http: http).inspect(Self.id)
                }
            }
        }
    }

    @Test func `nobody at the socket is no answer`() async throws {
        try await asking { http in
            await #expect(throws: AttestorError.self) {
                _ = try await ContainerEngine(socket: "\(folder.path)/none", http: http).inspect(Self.id)
            }
        }
    }

    @Test(arguments: ["", "abc", String(repeating: "AB", count: 32), id + "0", String(id.dropLast(3)) + "/.."])
    func `what is no container ID is not asked for`(id: String) async throws {
        let path = "\(folder.path)/s"
        let requests = try await ScriptedHTTP.serving(at: .socket(path), { _ in .answer(200, []) }) { _ in
            try await asking { http in
                await #expect(throws: AttestorError.self) {
                    _ = try await ContainerEngine(socket: path, http: http).inspect(id)
                }
            }
        }.requests
        #expect(requests.isEmpty)
    }

    @Test func `a client that was closed asks no more`() async throws {
        let path = "\(folder.path)/s"
        _ = try await ScriptedHTTP.serving(at: .socket(path), { _ in .answer(200, []) }) { _ in
            let http = LocalHTTPClient(clock: PatientClock())
            await http.close()
            await #expect(throws: AttestorError.self) {
                _ = try await ContainerEngine(socket: path, http: http).inspect(Self.id)
            }
        }
    }
}
