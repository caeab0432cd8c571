// SPDX-License-Identifier: Apache-2.0

public import AsyncHTTPClient
private import FoundationEssentials
public import NIOCore
private import NIOHTTP1
public import WorkloadClient

/// AsyncHTTPClient for servers that show an X.509-SVID: each connection shows the identity that is current, and judges the
/// server by SPIFFE's rules instead of by its host name. Facts (SPIFFE) 3.2.
///
/// ```swift
/// try await MutualTLSHTTPClient.with(MutualTLS(source, authorizer: .exactly(reports))) { client in
///     let answer = try await client.execute(HTTPClientRequest(url: "https://reports.internal/today"), timeout: .seconds(10))
///     print(try await answer.body.collect(upTo: 1 << 20))
/// }
/// ```
///
/// It speaks HTTP/1.1. Connections are kept and used again as AsyncHTTPClient does it, until they reach the
/// `connectionAge` of `MutualTLS` or an SVID expires: then they end, after the answer that is under way if it is there within
/// ten seconds. Else its body fails: what takes longer than the age needs a greater one.
///
/// To AsyncHTTPClient each request is one of plain HTTP, with TLS beneath it. What it tells is told so: the `url` and the
/// `history` of an answer, and its logs and metrics, begin with `http` and name the port.
public struct MutualTLSHTTPClient: Sendable {
    private let client: HTTPClient

    /// Makes a client, which must be ended by ``shutdown()``: a debug build traps when it is dropped before. ``with(_:configuration:eventLoopGroup:_:)``
    /// does that in any case.
    /// - Parameters:
    ///   - tls: the identity, and who may answer. It negotiates `http/1.1`, whatever else the value says.
    ///   - configuration: time limits, pools and the like. What it says of TLS, HTTP versions and redirects does not
    ///     count: a redirect would ask somebody else under the same rule, and is handed to the caller.
    ///     Its `http1_1ConnectionDebugInitializer` runs when TLS is in place.
    ///   - eventLoopGroup: where connections live.
    public init(
        _ tls: MutualTLS, configuration: HTTPClient.Configuration = HTTPClient.Configuration(),
        eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup
    ) {
        var tls = tls
        tls.applicationProtocols = ["http/1.1"]
        var own = configuration
        own.httpVersion = .http1Only
        own.redirectConfiguration = .disallow
        let former = configuration.http1_1ConnectionDebugInitializer
        own.http1_1ConnectionDebugInitializer = { [tls] channel in
            tls.addClientHandler(to: channel, ending: ConnectionEnd.begin) { channel in
                channel.eventLoop.makeCompletedFuture { try ConnectionEnd.add(to: channel) }.flatMap {
                    former?(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
                }
            }
        }
        client = HTTPClient(eventLoopGroup: eventLoopGroup, configuration: own)
    }

    /// A client for as long as `body` runs.
    /// - Parameters:
    ///   - tls: the identity, and who may answer.
    ///   - configuration: as of ``init(_:configuration:eventLoopGroup:)``.
    ///   - eventLoopGroup: where connections live.
    ///   - body: what asks. Answers are to be read in it.
    /// - Throws: what `body` throws.
    @discardableResult
    public static func with<Result: Sendable>(
        _ tls: MutualTLS, configuration: HTTPClient.Configuration = HTTPClient.Configuration(),
        eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup,
        _ body: (MutualTLSHTTPClient) async throws -> Result
    ) async throws -> Result {
        let client = MutualTLSHTTPClient(tls, configuration: configuration, eventLoopGroup: eventLoopGroup)
        let result: Result
        do {
            result = try await body(client)
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
        return result
    }

    /// Sends a request.
    /// - Parameters:
    ///   - request: its URL begins with `https`.
    ///   - timeout: how long the head of the answer may take.
    /// - Throws: ``MutualTLSHTTPError`` for other URLs; what AsyncHTTPClient throws, also when the server is not allowed. While
    ///   there is no own identity it tries again until `timeout`, as for a server that can't be reached.
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
