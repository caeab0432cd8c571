// SPDX-License-Identifier: Apache-2.0

/// One HTTP request to a service of ours, read whole and within bounds by the adapter that owns the socket.
public struct ServiceRequest: Sendable {
    /// Upper case, such as `GET`.
    public let method: String
    /// The path, percent-decoded, without the query.
    public let path: String
    /// The query's members in order, percent-decoded.
    public let query: [(name: String, value: String)]
    /// Names in lower case, and values, in order.
    public let headers: [(name: String, value: String)]
    /// The body.
    public let body: [UInt8]
    /// The address that the connection comes from, without port: what limits are counted by.
    public let source: String

    /// Collects a request.
    public init(
        method: String, path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8] = [], source: String
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.source = source
    }

    /// The first value of a header; `name` in lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    /// The first value of a query member.
    public func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// What a service of ours answers.
public struct ServiceResponse: Sendable {
    /// What follows the head.
    public enum Body: Sendable {
        /// Bytes that are there.
        case bytes([UInt8])
        /// A `text/event-stream` that lasts until the sequence ends or the peer goes away, which cancels the sequence.
        case events(AsyncStream<ServerSentEvent>)
    }

    /// The status code.
    public var status: Int
    /// Names and values in order; the adapter adds length and date.
    public var headers: [(name: String, value: String)]
    /// What follows.
    public var body: Body

    /// Collects a response.
    public init(status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer of one content type.
    public init(status: Int = 200, contentType: String, _ bytes: [UInt8]) {
        self.init(status: status, headers: [("Content-Type", contentType)], body: .bytes(bytes))
    }
}

/// A service behind HTTP. It never throws: what goes wrong is an answer.
public protocol RequestHandler: Sendable {
    /// Answers one request.
    func respond(to request: ServiceRequest) async -> ServiceResponse
}

/// A service behind a bare CESR stream.
public protocol StreamHandler: Sendable {
    /// A conversation with a peer that has just connected from an address.
    func open(from source: String) -> any StreamConversation
}

/// One conversation over a bare CESR stream.
public protocol StreamConversation: Sendable {
    /// Takes bytes in as they arrive and returns what is to be sent; nil ends the conversation.
    func receive(_ bytes: [UInt8]) async -> [UInt8]?
}
