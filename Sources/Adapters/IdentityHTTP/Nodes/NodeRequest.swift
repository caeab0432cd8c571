// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// What one request about a node may take.
package struct NodeRequestLimits: Hashable, Sendable {
    /// How long a connection may take to open.
    package var connect = Duration.seconds(5)
    /// How long everything may take, to the last byte of the answer.
    package var exchange = Duration.seconds(10)

    /// The standard limits.
    package init() {}
}

/// One HTTP/1.1 request over a connection of its own: none is kept, so that each sees the credentials and the peer of this
/// moment. No redirect is followed, and no proxy of the environment asked.
struct NodeRequest: Sendable {
    let method: HTTPMethod
    let url: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// Who may vouch for the server; nil for plain HTTP.
    var roots: [NIOSSLCertificate]?
    let limits: NodeRequestLimits

    /// Sends it and reads the whole answer.
    /// - Parameter limit: most bytes of the answer's body.
    func send(limit: Int) async throws(NodeRequestError) -> (status: Int, body: [UInt8]) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = TimeAmount(limits.connect)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        if let roots {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.harden()
            tls.certificateVerification = .fullVerification
            tls.trustRoots = .certificates(roots)
            configuration.tlsConfiguration = tls
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<(status: Int, body: [UInt8]), NodeRequestError>
        do {
            result = .success(try await exchange(client, limit))
        } catch {
            result = .failure(translated(error, limit))
        }
        try? await client.shutdown()
        return try result.get()
    }

    private func exchange(_ client: HTTPClient, _ limit: Int) async throws -> (status: Int, body: [UInt8]) {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "User-Agent", value: "kelmark")
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        if let body { request.body = .bytes(body) }
        let (outgoing, patience) = (request, limits.exchange)
        return try await withThrowingTaskGroup { group in
            group.addTask {
                let response = try await client.execute(outgoing, deadline: .distantFuture)
                let body = try await response.body.collect(upTo: limit)
                return (status: Int(response.status.code), body: Array(body.readableBytesView))
            }
            // The client's own deadline ends with the head of the answer; bodies can trickle as well.
            group.addTask {
                try await Task.sleep(for: patience)
                throw NodeRequestError(.timedOut, url)
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw CancellationError() }
            return answer
        }
    }

    private func translated(_ error: any Error, _ limit: Int) -> NodeRequestError {
        switch error {
        case let error as NodeRequestError: error
        case is NIOTooManyBytesError: NodeRequestError(.tooLarge, "\(url) answers more than \(limit) bytes")
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            NodeRequestError(.timedOut, url)
        default: NodeRequestError(.unreachable, "\(url): \(error)")
        }
    }
}
