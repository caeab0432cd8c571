// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import KERIHTTP
import KERINetwork
import Logging
import ServiceLifecycle
import Testing

/// The TCP listener: garbage, silence, slow readers, too many.
@Suite(.timeLimit(.minutes(1)))
struct StreamServiceTests {
    /// Says back what it hears; a `!` ends the conversation, a `+` is answered by much.
    private struct Parrot: StreamHandler {
        struct Conversation: StreamConversation {
            func receive(_ bytes: [UInt8]) async -> [UInt8]? {
                if bytes.contains(UInt8(ascii: "!")) { return nil }
                return bytes.contains(UInt8(ascii: "+")) ? [UInt8](repeating: 65, count: 1 << 20) : bytes
            }
        }

        func open(from source: String) -> any StreamConversation { Conversation() }
    }

    private func serving<R: Sendable>(
        _ limits: ServerLimits, _ body: (UInt16, ServiceGroup) async throws -> R
    ) async throws -> R {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = StreamService(Parrot(), port: 0, limits: limits, logger: logger)
        return try await running(service, service.boundPort, body)
    }

    private func isServed(_ port: UInt16) async throws -> Bool {
        let other = try RawClient(port, from: "127.0.0.9")
        other.send("hello.")
        return await other.read(until: ".") == "hello."
    }

    @Test func whatTheHandlerEndsIsClosed() async throws {
        try await serving(ServerAbuseTests.patient) { port, _ in
            let client = try RawClient(port)
            client.send("abc.")
            #expect(await client.read(until: ".") == "abc.")
            client.send("!")
            #expect(await client.readToEnd().isEmpty)
            #expect(try await isServed(port))
        }
    }

    /// Silence, and answers that nobody reads.
    @Test(arguments: ["", "+"])
    func restingTooLong(_ text: String) async throws {
        var limits = ServerAbuseTests.patient
        limits.idle = .seconds(5)
        try await serving(limits) { port, _ in
            let slow = try RawClient(port)
            if text.isEmpty { #expect(await slow.readToEnd().isEmpty) } else { await slow.sendForever(text) }
            #expect(try await isServed(port))
        }
    }

    @Test func oneSourceDoesNotTakeAll() async throws {
        var limits = ServerAbuseTests.patient
        limits.connectionsPerSource = 2
        try await serving(limits) { port, _ in
            var held: [RawClient] = []
            for _ in 0..<2 {
                let client = try RawClient(port)
                client.send("a.")
                #expect(await client.read(until: ".") == "a.")
                held.append(client)
            }
            #expect(await (try RawClient(port)).readToEnd().isEmpty)
            #expect(try await isServed(port))
            held[0].send("!")
            #expect(await held[0].readToEnd().isEmpty)
            var again = ""
            while again.isEmpty {
                let client = try RawClient(port)
                client.send("b.")
                again = await client.read(until: ".")
            }
            #expect(again == "b.")
        }
    }

    @Test func shutdownCloses() async throws {
        try await serving(ServerAbuseTests.patient) { port, group in
            let client = try RawClient(port)
            client.send("a.")
            #expect(await client.read(until: ".") == "a.")
            await group.triggerGracefulShutdown()
            #expect(await client.readToEnd().isEmpty)
        }
    }

    @Test func anAddressThatIsTakenIsSaid() async throws {
        try await serving(ServerAbuseTests.patient) { port, _ in
            let second = StreamService(Parrot(), port: Int(port), logger: Logger(label: "test"))
            await #expect(throws: ListenError.self) { try await second.run() }
            await #expect(throws: ListenError.self) { try await second.boundPort() }
        }
    }
}
