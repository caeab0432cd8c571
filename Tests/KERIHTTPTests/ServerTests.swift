// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import HTTPTransport
import KERIHTTP
import KERINetwork
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// The server and the client with real sockets on loopback.
struct ServerTests {
    /// Answers with what it was asked; `/events` streams, `/wait` waits until it is told.
    struct Echo: RequestHandler {
        let streams = StreamCount()

        func respond(to request: ServiceRequest) async -> ServiceResponse {
            switch request.path {
            case "/events":
                let streams = streams
                streams.opened()
                return ServiceResponse(
                    status: 200, headers: [("Content-Type", "text/event-stream")],
                    body: .events(
                        AsyncStream(
                            unfolding: {
                                let number = streams.next()
                                if number > 3 { try? await Task.sleep(for: .seconds(3600)) }
                                return Task.isCancelled
                                    ? nil : ServerSentEvent(id: String(number), name: "/x", data: "a\nb")
                            }, onCancel: { streams.closed() })))
            default:
                let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                return ServiceResponse(
                    contentType: "text/plain",
                    Array("\(request.method) \(request.path) [\(query)] \(request.source) ".utf8) + request.body)
            }
        }
    }

    final class StreamCount: Sendable {
        private let state = Mutex((open: 0, closed: 0, number: 0))
        func next() -> Int {
            state.withLock {
                $0.number += 1; return $0.number
            }
        }
        func opened() { state.withLock { $0.open += 1 } }
        func closed() { state.withLock { $0.closed += 1 } }
        var counts: (open: Int, closed: Int) { state.withLock { ($0.open, $0.closed) } }
    }

    /// Runs a server while `body` talks to it.
    static func serving<R>(
        _ limits: ServerLimits = ServerLimits(), _ body: (PeerURL, Echo) async throws -> R
    ) async throws -> R {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let echo = Echo()
        let server = HTTPService(echo, port: 0, limits: limits, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [.init(service: server)], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await server.boundPort()
            let url = try #require(PeerURL("http://127.0.0.1:\(port)/"))
            let result = try await body(url, echo)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }

    @Test func asksAndAnswers() async throws {
        try await Self.serving { url, _ in
            let transport = NetworkTransport()
            let response = try await transport.send(
                PeerRequest(
                    .post, url, target: "/a%20b?x=1&y=%2B+z", headers: [("X-Y", "z")], body: Array("body".utf8)),
                timeout: .seconds(10), limit: 1000)
            #expect(response.status == 200)
            #expect(String(decoding: response.body, as: UTF8.self) == "POST /a b [x=1,y=+ z] 127.0.0.1 body")
            #expect(response.header("date")?.hasSuffix("GMT") == true)
            await #expect(throws: TransportError.self) {
                try await transport.send(PeerRequest(.get, url, target: "/"), timeout: .seconds(10), limit: 3)
            }
            await transport.shutdown()
        }
    }

    @Test func streamsEventsAndNoticesWhoLeaves() async throws {
        try await Self.serving { url, echo in
            let transport = NetworkTransport()
            let events = EventLog()
            try await transport.events(PeerRequest(.get, url, target: "/events"), idle: .seconds(30)) { event in
                events.add(event) < 3
            }
            #expect(events.all.map(\.id) == ["1", "2", "3"])
            #expect(events.all.allSatisfy { $0.data == "a\nb" && $0.name == "/x" })
            await #expect(throws: TransportError.self) {
                try await transport.events(PeerRequest(.get, url, target: "/"), idle: .seconds(5)) { _ in true }
            }
            await transport.shutdown()
            while echo.streams.counts.closed == 0 { await Task.yield() }
        }
    }

    final class EventLog: Sendable {
        private let events = Mutex<[ServerSentEvent]>([])
        func add(_ event: ServerSentEvent) -> Int {
            events.withLock {
                $0.append(event); return $0.count
            }
        }
        var all: [ServerSentEvent] { events.withLock { $0 } }
    }

    /// Requests of which only a part ever comes are cut off, and others are served meanwhile.
    @Test(arguments: ["", "GET / HT", "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", "\0\0\0garbage\r\n\r\n"])
    func slowOnesAreCutOff(_ part: String) async throws {
        var limits = ServerLimits()
        limits.arrival = .seconds(2)
        limits.idle = .seconds(2)
        try await Self.serving(limits) { url, _ in
            let slow = try RawClient(url.port)
            slow.send(part)
            let transport = NetworkTransport()
            let response = try await transport.send(
                PeerRequest(.get, url, target: "/other"), timeout: .seconds(10), limit: 1000)
            #expect(response.status == 200)
            // Returns when the server has closed.
            let rest = await slow.readToEnd()
            #expect(!rest.contains("200 OK"))
            await transport.shutdown()
        }
    }

    @Test func largeOnesAreRefused() async throws {
        var limits = ServerLimits()
        limits.bodyBytes = 100
        limits.headBytes = 2000
        try await Self.serving(limits) { url, _ in
            let transport = NetworkTransport()
            let response = try await transport.send(
                PeerRequest(.post, url, target: "/", body: [UInt8](repeating: 65, count: 101)), timeout: .seconds(10),
                limit: 1000)
            #expect(response.status == 413)
            let head = try RawClient(url.port)
            head.send(
                "GET / HTTP/1.1\r\n" + String(repeating: "A: \(String(repeating: "b", count: 90))\r\n", count: 60))
            #expect(await !head.readToEnd().contains("200 OK"))
            let encoded = try RawClient(url.port)
            encoded.send("GET /%zz HTTP/1.1\r\nConnection: close\r\n\r\n")
            #expect(await encoded.readToEnd().contains("400 "))
            await transport.shutdown()
        }
    }

    @Test func oneSourceDoesNotTakeAllConnections() async throws {
        var limits = ServerLimits()
        limits.connectionsPerSource = 5
        try await Self.serving(limits) { url, _ in
            let flood = try (0..<20).map { _ in try RawClient(url.port, from: "127.0.0.2") }
            let transport = NetworkTransport()
            let response = try await transport.send(
                PeerRequest(.get, url, target: "/"), timeout: .seconds(10), limit: 1000)
            #expect(response.status == 200)
            await transport.shutdown()
            withExtendedLifetime(flood) {}
        }
    }

    @Test func nobodyThere() async throws {
        let url = try await Self.serving { url, _ in url }
        let transport = NetworkTransport()
        await #expect {
            try await transport.send(PeerRequest(.get, url, target: "/"), timeout: .seconds(5), limit: 10)
        } throws: { ($0 as? TransportError)?.code == .unreachable }
        await transport.shutdown()
    }
}
