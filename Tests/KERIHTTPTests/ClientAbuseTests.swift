// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import KERINetwork
import Synchronization
import Testing

/// What servers do to those who ask: each has its code, and nobody waits for ever.
@Suite(.timeLimit(.minutes(1)))
struct ClientAbuseTests {
    /// The result of asking a server that answers so.
    private func ask<R: Sendable>(
        _ text: String, _ ending: RawServer.Ending, scheme: PeerURL.Scheme = .http,
        limits: ClientLimits = ClientLimits(),
        _ question: @escaping @Sendable (NetworkTransport, PeerURL) async throws(TransportError) -> R
    ) async throws -> Result<R, TransportError> {
        let server = try RawServer()
        let url = try #require(PeerURL(scheme: scheme, host: "127.0.0.1", port: server.port))
        let transport = NetworkTransport(limits: limits)
        return await withTaskGroup { group in
            group.addTask { await server.answerOnce(text, ending) }
            let result: Result<R, TransportError>
            do throws(TransportError) {
                result = .success(try await question(transport, url))
            } catch { result = .failure(error) }
            await transport.shutdown()
            await group.waitForAll()
            return result
        }
    }

    private func code<R>(_ result: Result<R, TransportError>) -> TransportError.Code? {
        guard case .failure(let error) = result else { return nil }
        return error.code
    }

    @Test(arguments: [
        ("", RawServer.Ending.silence, TransportError.Code.timedOut),
        ("HTTP/1.1 200 OK\r\nContent-Le", .silence, .timedOut),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", .silence, .timedOut),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", .endless("a", pause: 2000), .timedOut),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .endless("1\r\na\r\n", pause: 2000), .timedOut),
        ("", .close, .unreachable), ("HTTP/1.1 200 OK\r\nContent-Le", .close, .unreachable),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", .close, .unreachable),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", .close, .unreachable),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", .silence, .tooLarge),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .endless("5\r\nabcde\r\n", pause: 0), .tooLarge),
        ("HTTP/1.1 200 OK\r\n\r\n", .endless("abcde", pause: 0), .tooLarge),
        ("SSH-2.0-OpenSSH_9.2\r\n", .silence, .malformed),
        ("HTTP/1.1 200 OK\r\n", .endless("A: b\r\n", pause: 0), .malformed),
        ("HTTP/1.1 200 OK\r\nA: ", .endless("b", pause: 0), .malformed),
    ])
    func failures(_ text: String, _ ending: RawServer.Ending, _ expected: TransportError.Code) async throws {
        let result = try await ask(text, ending) { transport, url throws(TransportError) in
            try await transport.send(
                PeerRequest(.get, url, target: "/"),
                timeout: expected == .timedOut ? .milliseconds(300) : .seconds(50), limit: 10_000)
        }
        #expect(code(result) == expected, "\(result)")
    }

    /// What is moved elsewhere is said, not followed: the address of a peer is what it signed.
    @Test(arguments: [301, 302, 307, 308])
    func redirectsAreAnswers(_ status: Int) async throws {
        let text = "HTTP/1.1 \(status) Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        let result = try await ask(text, .close) { transport, url throws(TransportError) in
            try await transport.send(PeerRequest(.get, url, target: "/"), timeout: .seconds(50), limit: 10)
        }
        #expect(try result.get().status == status)
    }

    @Test func whoStopsWaitingIsToldSo() async throws {
        let result = try await ask("", .silence) { transport, url throws(TransportError) in
            let task = Task { () async -> TransportError? in
                do throws(TransportError) {
                    _ = try await transport.send(PeerRequest(.get, url, target: "/"), timeout: .seconds(50), limit: 1)
                    return nil
                } catch { return error }
            }
            task.cancel()
            return await task.value?.code
        }
        #expect(try result.get() == .cancelled)
    }

    @Test func schemesAreKeptApart() async throws {
        let transport = NetworkTransport()
        let tcp = try #require(PeerURL("tcp://127.0.0.1:1/"))
        let http = try #require(PeerURL("http://127.0.0.1:1/"))
        await #expect(throws: TransportError(.malformed, "\(tcp) is no address of a peer over HTTP")) {
            try await transport.send(PeerRequest(.get, tcp, target: "/"), timeout: .seconds(50), limit: 1)
        }
        await #expect(throws: TransportError(.malformed, "\(tcp) is no address of a peer over HTTP")) {
            try await transport.events(PeerRequest(.get, tcp, target: "/"), idle: .seconds(50)) { _ in true }
        }
        await #expect(throws: TransportError(.malformed, "\(http) is no address of a stream")) {
            try await transport.converse([], with: http, idle: .seconds(50), limit: 1) { _ in true }
        }
        // Where clouds keep the secrets of their machines nobody is asked, however the address is written.
        for text in ["http://169.254.169.254/", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/"] {
            let url = try #require(PeerURL(text))
            await #expect(throws: TransportError(.malformed, "\(url) is no address of a peer over HTTP")) {
                try await transport.send(PeerRequest(.get, url, target: "/"), timeout: .seconds(50), limit: 1)
            }
        }
        let link = try #require(PeerURL("tcp://169.254.169.254:80"))
        await #expect(throws: TransportError(.malformed, "\(link) is no address of a stream")) {
            try await transport.converse([], with: link, idle: .seconds(50), limit: 1) { _ in true }
        }
        await transport.shutdown()
    }

    // MARK: Streams of events

    static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

    private func events(
        _ text: String, _ ending: RawServer.Ending, idle: Duration = .seconds(50)
    ) async throws -> (events: [ServerSentEvent], code: TransportError.Code?) {
        var limits = ClientLimits()
        limits.eventLineBytes = 1000
        limits.eventBytes = 1000
        let log = ServerTests.EventLog()
        let result = try await ask(text, ending, limits: limits) { transport, url throws(TransportError) in
            try await transport.events(PeerRequest(.get, url, target: "/"), idle: idle) { log.add($0) < 10 }
        }
        return (log.all, code(result))
    }

    @Test(arguments: [
        ("", RawServer.Ending.silence, TransportError.Code.timedOut),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/ev", .silence, .timedOut), ("", .close, .unreachable),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", .close, .malformed),
        ("HTTP/1.1 404 Not Found\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n", .close, .malformed),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\ndata: 1\n\n", .close, .malformed),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ndata: 1\n\n", .close, .malformed),
        (head, .endless("data", pause: 0), .tooLarge), (head, .endless("data: 1\n", pause: 0), .tooLarge),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nda", .close,
            .unreachable
        ),
    ])
    func failingStreams(_ text: String, _ ending: RawServer.Ending, _ expected: TransportError.Code) async throws {
        let found = try await events(text, ending, idle: expected == .timedOut ? .milliseconds(300) : .seconds(50))
        #expect(found.code == expected)
        #expect(found.events.isEmpty)
    }

    /// An event that its end did not come for is none.
    @Test func halfAnEventIsNone() async throws {
        let found = try await events(Self.head + "data: 1\n\nid: 7\ndata: 2\n", .close)
        #expect(found.events == [ServerSentEvent(data: "1")])
        #expect(found.code == nil)
    }

    @Test func silenceEndsAStream() async throws {
        let found = try await events(Self.head + "data: 1\n\n", .silence, idle: .seconds(2))
        #expect(found.events == [ServerSentEvent(data: "1")])
        #expect(found.code == nil)
    }

    @Test func whoHeardEnoughLeaves() async throws {
        let found = try await events(Self.head, .endless("data: 1\n\n", pause: 0))
        #expect(found.events.count >= 10)
        #expect(found.code == nil)
    }

    // MARK: Conversations

    private func talk(
        _ text: String, _ ending: RawServer.Ending, idle: Duration = .seconds(50),
        whole: Duration = .seconds(50), isEnough: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }
    ) async throws -> Result<[UInt8], TransportError> {
        var limits = ClientLimits()
        limits.conversation = whole
        return try await ask(text, ending, scheme: .tcp, limits: limits) { transport, url throws(TransportError) in
            try await transport.converse(Array("hello".utf8), with: url, idle: idle, limit: 1000, isEnough: isEnough)
        }
    }

    @Test func conversations() async throws {
        #expect(try await talk("abc", .close).get() == Array("abc".utf8))
        #expect(try await talk("abc", .silence, idle: .seconds(2)).get() == Array("abc".utf8))
        #expect(try await talk("abc", .silence) { $0.count == 3 }.get() == Array("abc".utf8))
        #expect(code(try await talk("", .endless("abc", pause: 0))) == .tooLarge)
        // Always a little more: never silent, never at its end.
        #expect(code(try await talk("", .endless("a", pause: 50_000), whole: .milliseconds(300))) == .timedOut)
    }

    @Test func nobodyToTalkTo() async throws {
        let url = try #require(PeerURL(scheme: .tcp, host: "127.0.0.1", port: try RawServer().port))
        let transport = NetworkTransport()
        await #expect {
            try await transport.converse([1], with: url, idle: .seconds(50), limit: 10) { _ in true }
        } throws: { ($0 as? TransportError)?.code == .unreachable }
        await transport.shutdown()
    }

    @Test func whoLeavesAConversationIsToldSo() async throws {
        let result = try await ask("a", .silence, scheme: .tcp) { transport, url throws(TransportError) in
            let heard = Gate()
            let task = Task { () async -> TransportError? in
                do throws(TransportError) {
                    _ = try await transport.converse([1], with: url, idle: .seconds(50), limit: 9) { _ in
                        heard.open()
                        return false
                    }
                    return nil
                } catch { return error }
            }
            await heard.passed()
            task.cancel()
            return await task.value?.code
        }
        #expect(try result.get() == .cancelled)
    }
}
