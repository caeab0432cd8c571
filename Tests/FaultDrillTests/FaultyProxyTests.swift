// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import KERIHTTP
import KERINetwork
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import FaultDrill

/// The proxy does exactly the harm that it is told to do.
struct FaultyProxyTests {
    /// Answers every request with a number of its own.
    final class Counter: RequestHandler {
        private let number = Mutex(0)

        func respond(to request: ServiceRequest) async -> ServiceResponse {
            let number = number.withLock { number in
                number += 1
                return number
            }
            return ServiceResponse(
                contentType: "text/plain", Array("answer \(number) \(String(repeating: "x", count: 200))".utf8))
        }
    }

    /// Runs a server behind a proxy while `body` asks.
    /// - Returns: how many answers of the server the proxy saw.
    static func proxied(
        _ body: (FaultyProxy, (_ timeout: Duration) async throws -> PeerResponse) async throws -> Void
    ) async throws -> Int {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = HTTPService(Counter(), port: 0, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: server)], logger: logger))
        let transport = NetworkTransport()
        let seen = Seen()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let proxy = try await FaultyProxy(
                upstream: try await server.boundPort(), seed: 1, lateness: .seconds(3600)
            ) { _ in seen.add() }
            tasks.addTask { try await proxy.run() }
            let url = try #require(PeerURL("http://127.0.0.1:\(proxy.port)/"))
            try await body(proxy) { timeout in
                try await transport.send(
                    PeerRequest(.post, url, target: "/receipts", body: [1, 2, 3]), timeout: timeout, limit: 10_000)
            }
            await group.triggerGracefulShutdown()
            tasks.cancelAll()
        }
        await transport.shutdown()
        return seen.count
    }

    final class Seen: Sendable {
        private let state = Mutex(0)
        func add() { state.withLock { $0 += 1 } }
        var count: Int { state.withLock { $0 } }
    }

    @Test func passesEverythingOnWhenNothingIsWrong() async throws {
        let seen = try await Self.proxied { proxy, ask in
            for number in 1...3 {
                let answer = try await ask(.seconds(20))
                #expect(answer.status == 200)
                #expect(String(decoding: answer.body, as: UTF8.self).hasPrefix("answer \(number) "))
            }
            #expect(proxy.requests == 3)
            #expect(proxy.counts.isEmpty)
        }
        #expect(seen == 3)
    }

    @Test(arguments: [Fault.deaf, .mute, .noise, .truncated])
    func breaksAnswers(_ fault: Fault) async throws {
        let seen = try await Self.proxied { proxy, ask in
            proxy.set(fault)
            await #expect(throws: TransportError.self) { _ = try await ask(.seconds(20)) }
            #expect(proxy.counts == [fault: 1])
            proxy.set(nil)
            let answer = try await ask(.seconds(20))
            #expect(answer.status == 200)
        }
        #expect(seen == (fault == .deaf ? 1 : 2))
    }

    @Test func answersThatItFails() async throws {
        let seen = try await Self.proxied { proxy, ask in
            proxy.set(.failing)
            let answer = try await ask(.seconds(20))
            #expect(answer.status == 500)
        }
        #expect(seen == 1)
    }

    @Test func isLate() async throws {
        let seen = try await Self.proxied { proxy, ask in
            proxy.set(.late)
            await #expect(throws: TransportError.self) { _ = try await ask(.milliseconds(300)) }
        }
        #expect(seen <= 1)
    }

    @Test func altersOneCharacter() async throws {
        _ = try await Self.proxied { proxy, ask in
            proxy.set(.altered)
            let answer = try await ask(.seconds(20)).body
            let genuine = Array("answer 1 \(String(repeating: "x", count: 200))".utf8)
            #expect(answer.count == genuine.count)
            #expect(zip(answer, genuine).filter { $0 != $1 }.count == 1)
        }
    }

    @Test func repeatsAnEarlierReceipt() async throws {
        _ = try await Self.proxied { proxy, ask in
            let first = try await ask(.seconds(20)).body
            proxy.set(.stale)
            let answer = try await ask(.seconds(20))
            #expect(answer.body == first)
        }
    }

    @Test func seesWhereMessagesEnd() {
        func extent(_ text: String, isAnswer: Bool = true) -> HTTPExtent {
            HTTPExtent.of(Array(text.utf8), isAnswer: isAnswer)
        }
        #expect(extent("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r") == .incomplete)
        #expect(extent("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na") == .incomplete)
        #expect(extent("HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nabc") == .whole(39))
        #expect(extent("HTTP/1.1 204 No Content\r\n\r\n") == .whole(27))
        #expect(extent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == .stream(head: 47))
        #expect(extent("HTTP/1.1 200 OK\r\n\r\nabc") == .stream(head: 19))
        #expect(extent("GET / HTTP/1.1\r\nHost: x\r\n\r\n", isAnswer: false) == .whole(27))
    }
}
