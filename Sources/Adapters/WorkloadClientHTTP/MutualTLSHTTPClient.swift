// SPDX-License-Identifier: Apache-2.0

public import AsyncHTTPClient
private import FoundationEssentials
public import NIOCore
private import NIOHTTP1
public import WorkloadClient

/// AsyncHTTPClient for servers that show an X.509-SVID: each connection shows the identity that is current, and judges the
/// server by SPIFFE's rules instead of by its host name.
///
/// ```swift
/// let client = MutualTLSHTTPClient(MutualTLS(source, authorizer: .exactly(reports)))
/// let answer = try await client.execute(HTTPClientRequest(url: "https://reports.internal/today"), timeout: .seconds(10))
/// ```
///
/// It speaks HTTP/1.1. Connections are kept and used again as AsyncHTTPClient does it; one that is open keeps what it was
/// opened with, so that the idle time of the configuration bounds how long a peer is believed.
public struct MutualTLSHTTPClient: Sendable {
    private let client: HTTPClient

    /// Makes a client.
    /// - Parameters:
    ///   - tls: the identity, and who may answer.
    ///   - configuration: time limits, pools and the like. What it says of TLS, HTTP versions and redirects does not
    ///     count: a redirect would ask somebody else under the same rule, and is handed to the caller.
    ///   - eventLoopGroup: where connections live.
    public init(
        _ tls: MutualTLS, configuration: HTTPClient.Configuration = HTTPClient.Configuration(),
        eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup
    ) {
        var own = configuration
        own.httpVersion = .http1Only
        own.redirectConfiguration = .disallow
        own.http1_1ConnectionDebugInitializer = { tls.addClientHandler(to: $0) }
        client = HTTPClient(eventLoopGroup: eventLoopGroup, configuration: own)
    }

    /// Sends a request.
    /// - Parameters:
    ///   - request: its URL begins with `https`.
    ///   - timeout: how long the head of the answer may take.
    /// - Throws: ``MutualTLSHTTPError`` for other URLs; what AsyncHTTPClient throws, also when the server is not allowed.
    public func execute(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        try await client.execute(try Self.withoutOuterTLS(request), timeout: timeout)
    }

    /// Closes all connections.
    public func shutdown() async throws { try await client.shutdown() }

    /// The library's own TLS knows no SPIFFE IDs: it is told plain HTTP, and ours lies beneath.
    static func withoutOuterTLS(_ request: HTTPClientRequest) throws(MutualTLSHTTPError) -> HTTPClientRequest {
        guard var parts = URLComponents(string: request.url), parts.scheme?.lowercased() == "https",
            let host = parts.host, !host.isEmpty
        else { throw MutualTLSHTTPError.notHTTPS }
        let authority = parts.port.map { "\(host):\($0)" } ?? host
        parts.scheme = "http"
        parts.port = parts.port ?? 443
        guard let url = parts.string else { throw MutualTLSHTTPError.notHTTPS }
        var request = request
        request.url = url
        if !request.headers.contains(name: "Host") { request.headers.add(name: "Host", value: authority) }
        return request
    }
}

/// Why a request is not sent.
public enum MutualTLSHTTPError: String, Error, Hashable, Sendable, CaseIterable {
    /// The URL does not begin with `https`, or names no host.
    case notHTTPS = "mutual-tls-not-https"
}
