// SPDX-License-Identifier: Apache-2.0

public import HTTPServing
public import KERINetwork
public import Logging
public import ServiceLifecycle

/// One HTTP/1.1 server for one handler of ours, bounded at every edge by `ServerLimits`.
public final class HTTPService: Service {
    private let server: HTTPServer

    /// Serves `handler` at an address; port 0 takes a free one, which ``boundPort()`` tells.
    public init(
        _ handler: any RequestHandler, host: String = "127.0.0.1", port: Int, limits: ServerLimits = ServerLimits(),
        logger: Logger
    ) {
        server = HTTPServer(host: host, port: port, limits: limits, logger: logger) { request in
            OutgoingResponse(await handler.respond(to: ServiceRequest(request)))
        }
    }

    /// The port, as soon as the server listens.
    /// - Throws: why it doesn't.
    public func boundPort() async throws -> Int { try await server.boundPort() }

    /// Listens until graceful shutdown; requests that are being answered are finished then.
    /// - Throws: `ListenError` when the address can't be listened at.
    public func run() async throws { try await server.run() }
}

extension ServiceRequest {
    init(_ request: IncomingRequest) {
        self.init(
            method: request.method, path: request.path, query: request.query, headers: request.headers,
            body: request.body, source: request.source)
    }
}

extension OutgoingResponse {
    init(_ response: ServiceResponse) {
        let body: Body =
            switch response.body {
            case .bytes(let bytes): .bytes(bytes)
            case .events(let events): .stream(events.map { Array($0.wireText.utf8) })
            }
        self.init(status: response.status, headers: response.headers, body: body)
    }
}
