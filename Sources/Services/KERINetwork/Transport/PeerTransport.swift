// SPDX-License-Identifier: Apache-2.0

/// One HTTP request to a peer.
public struct PeerRequest: Sendable {
    /// What is asked of the resource.
    public enum Method: String, Sendable, Hashable { case get = "GET", post = "POST", put = "PUT" }

    /// The host and port; its path is not used.
    public let url: PeerURL
    /// What is asked.
    public let method: Method
    /// Path and query, as they stand on the wire.
    public let target: String
    /// Names and values in order.
    public let headers: [(name: String, value: String)]
    /// The body, empty for none.
    public let body: [UInt8]

    /// Collects a request.
    public init(
        _ method: Method, _ url: PeerURL, target: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.target = target
        self.headers = headers
        self.body = body
    }
}

/// What a peer answered.
public struct PeerResponse: Sendable {
    /// The status code.
    public let status: Int
    /// Names in lower case, and values.
    public let headers: [(name: String, value: String)]
    /// The body.
    public let body: [UInt8]

    /// Collects a response.
    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header; `name` in lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// One event of a `text/event-stream` (WHATWG HTML, server-sent events).
public struct ServerSentEvent: Sendable, Hashable {
    /// The member `id`.
    public var id: String?
    /// The member `event`.
    public var name: String?
    /// The member `data`; lines are joined by line feeds.
    public var data: String?
    /// The member `retry`, in milliseconds.
    public var retry: Int?

    /// Collects an event.
    public init(id: String? = nil, name: String? = nil, data: String? = nil, retry: Int? = nil) {
        self.id = id
        self.name = name
        self.data = data
        self.retry = retry
    }
}

/// How peers are reached. Adapters implement it; services never see a socket.
public protocol PeerTransport: Sendable {
    /// Sends a request and reads the whole answer, at most `limit` bytes of body. Redirects are not followed.
    func send(
        _ request: PeerRequest, timeout: Duration, limit: Int
    ) async throws(TransportError) -> PeerResponse

    /// Sends a request whose answer is a stream of events and calls `receive` for each until it returns false, the peer
    /// ends the stream, or nothing came for `idle`.
    /// - Throws: ``TransportError``, also for an answer that is no event stream.
    func events(
        _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
    ) async throws(TransportError)

    /// Writes a stream to a `tcp` peer and reads what comes back until `isEnough` says so, the peer closes, nothing came
    /// for `idle`, or `limit` bytes are there.
    func converse(
        _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
    ) async throws(TransportError) -> [UInt8]
}

/// Why a peer could not be talked to.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Nobody answers there: name unknown, connection refused or broken off.
        case unreachable
        /// The peer took too long.
        case timedOut = "timed-out"
        /// The answer is larger than what is read.
        case tooLarge = "too-large"
        /// The answer is not of the protocol.
        case malformed
        /// The TLS handshake failed.
        case insecure
        /// We stopped waiting ourselves.
        case cancelled
    }

    /// What happened.
    public let code: Code
    /// Words for the operator: the peer and what it did.
    public let detail: String

    /// Joins a code and words.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }

    /// Whether trying again later can help.
    public var isTransient: Bool { code == .unreachable || code == .timedOut }
}
