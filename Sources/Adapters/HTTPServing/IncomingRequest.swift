// SPDX-License-Identifier: Apache-2.0

/// One HTTP request, read whole and within the limits of its server.
package struct IncomingRequest: Sendable {
    /// Upper case, such as `GET`.
    package let method: String
    /// The path, percent-decoded, without the query.
    package let path: String
    /// The query's members in order, percent-decoded.
    package let query: [(name: String, value: String)]
    /// Names in lower case, and values, in order.
    package let headers: [(name: String, value: String)]
    /// The body.
    package let body: [UInt8]
    /// The address that the connection comes from, without port.
    package let source: String
    /// Names the request in logs: number of the connection and of the request on it, counted from the start of the server.
    package var id = ""

    /// Collects a request.
    package init(
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
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    /// Whether the query has a member of this name, with whatever value.
    package func asks(for name: String) -> Bool { query.contains { $0.name == name } }
}

/// What a server answers.
package struct OutgoingResponse: Sendable {
    /// What follows the head.
    package enum Body: Sendable {
        /// Bytes that are there.
        case bytes([UInt8])
        /// Chunks as they come; the stream ends with them, or when the peer goes away, which cancels the sequence.
        case stream(any AsyncSequence<[UInt8], Never> & Sendable)
    }

    /// The status code.
    package var status: Int
    /// Names and values in order; the server adds length and date.
    package var headers: [(name: String, value: String)]
    /// What follows.
    package var body: Body

    /// Collects a response.
    package init(status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer of one content type.
    package init(status: Int = 200, contentType: String, _ bytes: [UInt8]) {
        self.init(status: status, headers: [("Content-Type", contentType)], body: .bytes(bytes))
    }
}
