// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
package import NodeAgent
internal import ServiceLifecycle
internal import Synchronization

/// Asks services beside the agent over HTTP/1.1: a container engine at its Unix socket, the kubelet of the node.
///
/// Each request has a time limit and a limit for the answer; redirects are not followed, and nothing is tried twice.
/// As a service it only waits for shutdown, to close its connections.
package final class LocalHTTPClient: Service {
    /// What came back.
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
        /// The header `ETag`.
        let tag: String?
    }

    private enum State {
        case unused
        case open(HTTPClient)
        case closed
    }

    private let clock: any AgentClock
    /// Which names are looked up nowhere, and where they are instead.
    private let places: [String: String]
    private let state = Mutex(State.unused)

    /// - Parameters:
    ///   - clock: measures patience.
    ///   - places: addresses of names that are not looked up; servers prove themselves by the names all the same.
    package init(clock: any AgentClock, places: [String: String] = [:]) {
        self.clock = clock
        self.places = places
    }

    /// Waits for shutdown, and closes all connections.
    package func run() async throws {
        try? await gracefulShutdown()
        await close()
    }

    /// Closes all connections; requests fail from now on.
    package func close() async {
        let client: HTTPClient? = state.withLock { state in
            defer { state = .closed }
            guard case .open(let client) = state else { return nil }
            return client
        }
        try? await client?.shutdown()
    }

    /// Makes one `GET` request.
    /// - Parameters:
    ///   - limit: most bytes of the answer.
    ///   - patience: until the whole answer must be there.
    /// - Throws: what keeps the answer from coming whole.
    func get(
        _ url: String, headers: [(name: String, value: String)] = [], tls: TLSConfiguration? = nil, limit: Int,
        within patience: Duration
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        request.tlsConfiguration = tls
        let client = try client()
        return try await clock.within(patience) { [request] in
            // The client's own deadline ends with the head of the answer; bodies can trickle as well.
            let response = try await client.execute(request, deadline: .distantFuture)
            let body = try await response.body.collect(upTo: limit)
            return Answer(
                status: Int(response.status.code), body: Array(body.readableBytesView),
                tag: response.headers.first(name: "etag"))
        }
    }

    /// The URL of a path at a Unix socket, whose own path becomes the host.
    static func url(ofSocket socket: String, _ path: String) -> String {
        let host = socket.utf8.map { byte -> String in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
        return "http+unix://\(host)\(path)"
    }

    private func client() throws -> HTTPClient {
        try state.withLock { state in
            switch state {
            case .open(let client): return client
            case .closed: throw AttestorError("the agent stops")
            case .unused:
                var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
                configuration.timeout.connect = .seconds(5)
                configuration.connectionPool.retryConnectionEstablishment = false
                configuration.httpVersion = .http1Only
                configuration.dnsOverride = places
                let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
                state = .open(client)
                return client
            }
        }
    }
}
