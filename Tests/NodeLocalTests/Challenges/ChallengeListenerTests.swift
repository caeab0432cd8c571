// SPDX-License-Identifier: Apache-2.0

import NodeAgent
import ServiceLifecycle
import Testing

@testable import NodeLocal

@Suite(.timeLimit(.minutes(1)))
struct ChallengeListenerTests {
    private func running(_ body: @escaping @Sendable (ChallengeListener) async throws -> Void) async throws {
        let listener = ChallengeListener(host: "127.0.0.1", port: 0, logger: quiet)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: listener)], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(listener)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        await #expect(throws: CancellationError.self) { try await listener.open() }
    }

    private static func ask(_ port: UInt16, _ path: String) async throws -> (status: Int, text: String) {
        try await asking { http in
            let answer = try await http.get("http://127.0.0.1:\(port)\(path)", limit: 1024, within: .seconds(30))
            return (answer.status, String(decoding: answer.body, as: UTF8.self))
        }
    }

    @Test func `the challenge is served at its path, as long as the port is open`() async throws {
        try await running { listener in
            for round in 1...2 {
                let port = try await listener.open()
                #expect(port > 0)
                #expect(try await Self.ask(port, "/c").status == 404)
                await listener.serve(Array("nonce \(round)".utf8), at: "/c")
                #expect(try await Self.ask(port, "/c") == (200, "nonce \(round)"))
                for path in ["/", "/c/", "/other"] { #expect(try await Self.ask(port, path).status == 404) }
                await listener.close()
                while (try? await Self.ask(port, "/c")) != nil { await Task.yield() }
            }
        }
    }

    @Test func `a new attestation forgets what the last one served`() async throws {
        try await running { listener in
            _ = try await listener.open()
            await listener.serve([1], at: "/c")
            let port = try await listener.open()
            #expect(try await Self.ask(port, "/c").status == 404)
        }
    }

    @Test func `an address that can't be listened at is told`() async throws {
        let listener = ChallengeListener(host: "192.0.2.1", port: 1, logger: quiet)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await listener.run() }
            await #expect(throws: (any Error).self) { try await listener.open() }
            group.cancelAll()
        }
    }

    @Test func `who waits for a port when it all ends is told`() async throws {
        let listener = ChallengeListener(host: "127.0.0.1", port: 0, logger: quiet)
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { try? await listener.run() }
            await group.waitForAll()
        }
        await #expect(throws: CancellationError.self) { try await listener.open() }
    }
}
