// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTPServing
import KERIHTTP
import KERINetwork
import Logging
import ServiceLifecycle
import Testing

/// What clients do to a server: each is cut off by a limit of its own, and another client is served meanwhile. Limits that
/// are not meant are out of reach.
@Suite(.timeLimit(.minutes(1)))
struct ServerAbuseTests {
    /// No limit of time is ever reached.
    static var patient: ServerLimits {
        var limits = ServerLimits()
        limits.arrival = .seconds(3600)
        limits.idle = .seconds(3600)
        limits.departure = .seconds(3600)
        limits.headBytes = 2000
        limits.bodyBytes = 5000
        return limits
    }

    private func isServed(_ port: UInt16) async throws -> Bool {
        let other = try RawClient(port, from: "127.0.0.9")
        other.send("GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        return await other.readToEnd().hasSuffix("GET /other 0")
    }

    // MARK: Time

    /// A byte now and then does not make a request that arrives.
    @Test(arguments: ["GET /", "GET / HTTP/1.1\r\nA: ", "POST / HTTP/1.1\r\nContent-Length: 4000\r\n\r\n"])
    func trickles(_ begin: String) async throws {
        var limits = Self.patient
        limits.arrival = .milliseconds(500)
        limits.headBytes = 1 << 20
        try await serving(limits) { port, desk, _ in
            let slow = try RawClient(port)
            slow.send(begin)
            await slow.sendForever("a", pauseMicroseconds: 20_000)
            #expect(desk.answered == 0)
            #expect(try await isServed(port))
        }
    }

    /// A connection that says nothing, before a request and after one.
    @Test(arguments: ["", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"])
    func silence(_ begin: String) async throws {
        var limits = Self.patient
        limits.idle = .seconds(4)
        try await serving(limits) { port, desk, _ in
            let silent = try RawClient(port)
            silent.send(begin)
            let answer = await silent.readToEnd()
            #expect(answer.contains("200 OK") == !begin.isEmpty)
            #expect(try await isServed(port))
        }
    }

    /// Who does not read what he asked for: a large answer, many small ones, an event stream.
    @Test(arguments: ["/large", "/some", "/flood"])
    func slowReaders(_ path: String) async throws {
        var limits = Self.patient
        limits.departure = .milliseconds(500)
        try await serving(limits) { port, desk, _ in
            let slow = try RawClient(port, receiveBuffer: 4096)
            await slow.sendForever("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await isServed(port))
            if path == "/flood" { while desk.left == 0 { await Task.yield() } }
        }
    }

    // MARK: Size

    @Test(arguments: [
        "", "GET / HTTP/1.1\r\n", "\r\n\r\nGET / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    ])
    func headsAndTrailersWithoutEnd(_ begin: String) async throws {
        try await serving(Self.patient) { port, desk, _ in
            let endless = try RawClient(port)
            endless.send(begin)
            await endless.sendForever(begin.isEmpty ? "\r\n" : "A: \(String(repeating: "b", count: 90))\r\n")
            #expect(desk.answered == 0)
            #expect(try await isServed(port))
        }
    }

    @Test func headsThatAreWholeButTooLong() async throws {
        try await serving(Self.patient) { port, desk, _ in
            let long = try RawClient(port)
            long.send("GET / HTTP/1.1\r\nHost: h\r\nA: \(String(repeating: "b", count: 1990))\r\n\r\n")
            #expect(await long.readToEnd().contains(" 431 "))
            let query = try RawClient(port)
            query.send("GET /?\(String(repeating: "b", count: 1990)) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(await query.readToEnd().contains(" 431 "))
            #expect(desk.answered == 0)
            let many = try RawClient(port)
            many.send("GET / HTTP/1.1\r\nHost: h\r\nA: \(String(repeating: "b", count: 1900))\r\n\r\n")
            #expect(await many.read(until: "GET / 0").contains("200 OK"))
        }
    }

    /// Bodies: too large, in chunks without end, larger than what may stand unparsed.
    @Test func bodies() async throws {
        try await serving(Self.patient) { port, desk, _ in
            let large = try RawClient(port)
            large.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n")
            large.send(String(repeating: "a", count: 9000))
            #expect(await large.readToEnd().contains(" 413 "))
            let chunked = try RawClient(port)
            chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            await chunked.sendForever("A\r\n0123456789\r\n")
            #expect(desk.answered == 0)
            let whole = try RawClient(port)
            whole.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n")
            whole.send(String(repeating: "a", count: 5000))
            #expect(await whole.read(until: "POST / 5000").contains("200 OK"))
        }
    }

    // MARK: Order

    /// Requests sent at once are answered in order, and what is not to be read does not end the others.
    @Test func pipelining() async throws {
        try await serving(Self.patient) { port, desk, _ in
            let client = try RawClient(port)
            var text = ""
            for number in 0..<100 { text += "GET /\(number) HTTP/1.1\r\nHost: h\r\n\r\n" }
            text += "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\nGET /last HTTP/1.1\r\nHost: h\r\n\r\n"
            client.send(text)
            let answer = await client.read(until: "GET /last 0")
            var rest = answer[...]
            for number in 0..<100 {
                let mark = try #require(rest.firstRange(of: "GET /\(number) 0"))
                rest = rest[mark.upperBound...]
            }
            #expect(rest.contains(" 400 "))
            #expect(desk.answered == 101)
        }
    }

    /// Also what does not fit into the parser's limits, when it comes while an earlier request is being answered.
    @Test func bodiesMayComeEarly() async throws {
        try await serving(Self.patient) { port, desk, _ in
            let client = try RawClient(port)
            client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
            await desk.arrived.passed()
            let body = String(repeating: "a", count: 5000)
            for _ in 0..<20 { client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n" + body) }
            client.send("GET /last HTTP/1.1\r\nHost: h\r\n\r\n")
            desk.gate.open()
            #expect(await client.read(until: "GET /last 0").contains("waited"))
            #expect(desk.answered == 22)
        }
    }

    @Test func headHasNoBody() async throws {
        try await serving(Self.patient) { port, _, _ in
            let client = try RawClient(port)
            client.send("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let answer = await client.readToEnd()
            #expect(answer.hasSuffix("\r\n\r\n"))
            #expect(answer.lowercased().contains("content-length: 8\r\n"))
        }
    }

    @Test(arguments: [
        "GET * HTTP/1.1", "GET http://h/ HTTP/1.1", "GET /%4 HTTP/1.1", "GET /%ff HTTP/1.1", "GET /?a=%g0 HTTP/1.1",
    ])
    func targetsThatAreNoPaths(_ line: String) async throws {
        try await serving(Self.patient) { port, desk, _ in
            let client = try RawClient(port)
            client.send("\(line)\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(await client.readToEnd().contains(" 400 "))
            #expect(desk.answered == 0)
        }
    }

    // MARK: Number

    @Test func connectionsAreCounted() async throws {
        var limits = Self.patient
        limits.connections = 3
        try await serving(limits) { port, desk, _ in
            var held: [RawClient] = []
            for number in 0..<3 {
                let client = try RawClient(port, from: "127.0.0.\(number + 2)")
                client.send("GET /quiet HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(await client.read(until: "\r\n\r\n").contains("200 OK"))
                held.append(client)
            }
            let refused = try RawClient(port)
            refused.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(await refused.readToEnd().isEmpty)
            // Who ends makes room.
            desk.gate.open()
            for client in held { #expect(await client.readToEnd() == "0\r\n\r\n") }
            while try await !isServed(port) {}
        }
    }

    /// Whoever opens connections and asks nothing locks nobody out.
    @Test func connectionsAtRestMakeRoom() async throws {
        var limits = Self.patient
        limits.connections = 2
        try await serving(limits) { port, desk, _ in
            var resting: [RawClient] = []
            for number in 0..<2 {
                let client = try RawClient(port, from: "127.0.0.\(number + 2)")
                client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(await client.read(until: "GET / 0").contains("200 OK"))
                resting.append(client)
            }
            let late = try RawClient(port)
            late.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(await late.read(until: "GET / 0").contains("200 OK"))
            #expect(await resting[0].readToEnd().isEmpty)
        }
    }

    @Test func streamsOfASourceAreCounted() async throws {
        var limits = Self.patient
        limits.streamsPerSource = 2
        try await serving(limits) { port, desk, _ in
            let text = "GET /quiet HTTP/1.1\r\nHost: h\r\n\r\n"
            let first = try RawClient(port)
            let second = try RawClient(port)
            for client in [first, second] {
                client.send(text)
                #expect(await client.read(until: "\r\n\r\n").contains("200 OK"))
            }
            let third = try RawClient(port)
            third.send(text)
            #expect(await third.readToEnd().contains(" 429 "))
            let other = try RawClient(port, from: "127.0.0.5")
            other.send(text)
            #expect(await other.read(until: "\r\n\r\n").contains("200 OK"))
            desk.gate.open()
            for client in [first, second] { #expect(await client.readToEnd() == "0\r\n\r\n") }
            let again = try RawClient(port)
            again.send(text)
            #expect(await again.readToEnd().contains("200 OK"))
        }
    }

    // MARK: The end

    /// Shutdown closes what rests, refuses what is new, and finishes what is being answered.
    @Test func shutdownDrains() async throws {
        try await serving(Self.patient) { port, desk, group in
            let resting = try RawClient(port)
            resting.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(await resting.read(until: "GET / 0").contains("200 OK"))
            let stream = try RawClient(port)
            stream.send("GET /flood HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(await stream.read(until: "\r\n\r\n").contains("200 OK"))
            let busy = try RawClient(port)
            busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n")
            await desk.arrived.passed()
            while desk.answered < 3 { await Task.yield() }
            await group.triggerGracefulShutdown()
            #expect(await resting.readToEnd().isEmpty)
            _ = await stream.readToEnd()
            desk.gate.open()
            let answer = await busy.readToEnd()
            #expect(answer.hasSuffix("waited"))
            #expect(desk.answered == 3)
        }
    }

    @Test func anAddressThatIsTakenIsSaid() async throws {
        try await serving(Self.patient) { port, _, _ in
            let second = HTTPService(Desk(), port: Int(port), logger: .init(label: "test"))
            await #expect(throws: ListenError.self) { try await second.run() }
            await #expect(throws: ListenError.self) { try await second.boundPort() }
        }
    }

    /// As many connections as the process may have open files do not end the service.
    @Test func noMoreFilesIsNotTheEnd() async {
        await #expect(processExitsWith: .success) {
            try await serving(ServerAbuseTests.patient) { port, desk, _ in
                let free = dup(0)
                var limit = rlimit(rlim_cur: rlim_t(free + 60), rlim_max: rlim_t(free + 60))
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                var flood: [RawClient] = []
                while let client = try? RawClient(port) { flood.append(client) }
                try #require(!flood.isEmpty)
                flood.removeAll()
                // Those that lined up are taken in one after the other.
                let client = try RawClient(port)
                client.send("GET /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                try #require(await client.readToEnd().hasSuffix("GET /other 0"))
            }
        }
    }
}
