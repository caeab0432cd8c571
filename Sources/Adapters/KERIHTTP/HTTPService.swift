// SPDX-License-Identifier: Apache-2.0

public import KERINetwork
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import ServiceLifecycle
internal import Synchronization

/// One HTTP/1.1 server for one handler, bounded at every edge by ``ServerLimits``.
///
/// Built on SwiftNIO itself: frameworks above it know a time-out for idle connections, but none for heads and bodies that
/// trickle in, nor a count of connections for each source.
public final class HTTPService: Service {
    private let handler: any RequestHandler
    private let host: String
    private let port: Int
    private let limits: ServerLimits
    private let logger: Logger
    private let connections: ConnectionRegistry
    private let bound = Promise<Int>()

    /// Serves `handler` at an address; port 0 takes a free one, which ``boundPort()`` tells.
    public init(
        _ handler: any RequestHandler, host: String = "127.0.0.1", port: Int, limits: ServerLimits = ServerLimits(),
        logger: Logger
    ) {
        self.handler = handler
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        connections = ConnectionRegistry(limits)
    }

    /// The port, as soon as the server listens.
    /// - Throws: why it doesn't.
    public func boundPort() async throws -> Int { try await bound.value }

    /// Listens until graceful shutdown; requests that are being answered are finished then.
    /// - Throws: ``ListenError`` when the address can't be listened at.
    public func run() async throws {
        let server: NIOAsyncChannel<AcceptedChannel, Never>
        do {
            server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 256)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AcceptPatience())
                    }
                }
                .childChannelOption(.autoRead, value: false)
                .bind(host: host, port: port) { [limits] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try AcceptedChannel(channel) { try Self.configure(channel, limits) }
                    }
                }
        } catch {
            let failure = ListenError(host: host, port: port, detail: "\(error)")
            bound.fail(failure)
            throw failure
        }
        bound.succeed(server.channel.localAddress?.port ?? port)
        logger.info("listening", metadata: ["address": "\(host):\(server.channel.localAddress?.port ?? port)"])
        try await withGracefulShutdownHandler {
            try await server.executeThenClose { inbound in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await accepted in inbound {
                        group.addTask { [self] in
                            let source = accepted.source
                            let close: @Sendable () -> Void = { [channel = accepted.channel] in
                                channel.close(promise: nil)
                            }
                            guard let number = connections.admit(from: source, close: close) else { return }
                            if let connection: Connection = try? await accepted.opened(
                                .init(isOutboundHalfClosureEnabled: true))
                            {
                                await serve(connection, source: source, number: number)
                            }
                            connections.remove(number)
                        }
                    }
                }
            }
        } onGracefulShutdown: { [connections] in
            server.channel.close(promise: nil)
            connections.drain()
        }
        logger.info("stopped", metadata: ["address": "\(host):\(port)"])
    }

    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead>>
    typealias HTTPPart<Head: Equatable> = NIOHTTP1.HTTPPart<Head, IOData>

    private static func configure(_ channel: any Channel, _ limits: ServerLimits) throws {
        let deadlines = DeadlineHandler(limits)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(deadlines)
        let unparsed = UnparsedLimit(limits.headBytes)
        try pipeline.addHandler(unparsed)
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
        // Right behind the parser: what comes early is held back farther on.
        let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        try pipeline.addHandler(UnparsedLimit.Marker(unparsed), position: .after(parser))
        try pipeline.addHandler(RequestMarker(deadlines))
    }

    /// Answers the requests of one connection, one after the other.
    private func serve(_ connection: Connection, source: String, number: Int) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                while case .head(let head)? = try await parts.next() {
                    var body: [UInt8] = []
                    var isWhole = false
                    var refusal = refusal(of: head)
                    while refusal == nil, !isWhole, let part = try await parts.next() {
                        switch part {
                        case .head: return
                        case .body(let chunk):
                            body.append(contentsOf: chunk.readableBytesView)
                            if body.count > limits.bodyBytes { refusal = tooLarge }
                        case .end: isWhole = true
                        }
                    }
                    if let refusal {
                        try await ResponseWriter(outbound, keepAlive: false).write(refusal)
                        // Closed with bytes unread, the connection would be reset, and the refusal lost with it.
                        outbound.finish()
                        var passed = 0
                        while passed <= limits.bodyBytes, let part = try await parts.next() {
                            if case .body(let chunk) = part { passed += chunk.readableBytes } else { passed += 1000 }
                        }
                        return
                    }
                    guard isWhole else { return }
                    let keepAlive = head.isKeepAlive && !connections.isDraining
                    let writer = ResponseWriter(outbound, keepAlive: keepAlive)
                    guard let request = ServiceRequest(head, body: body, source: source) else {
                        try await writer.write(.refusal(400, "Bad Request", "the request target can't be read"))
                        guard keepAlive else { return }
                        continue
                    }
                    connections.set(number, isAnswering: true)
                    let response = await handler.respond(to: request)
                    if case .events = response.body {
                        guard connections.beginStream(number, source: source) else {
                            try await writer.write(
                                .refusal(429, "Too Many Requests", "too many event streams from \(source)"))
                            return
                        }
                        defer { connections.endStream(source: source) }
                        await Self.stream(response, by: writer, on: connection.channel)
                        return
                    }
                    try await writer.write(response, isHead: head.method == .HEAD)
                    connections.set(number, isAnswering: false)
                    guard keepAlive, !connections.isDraining else { return }
                }
            }
        } catch {
            logger.debug("a connection ended", metadata: ["source": "\(source)", "error": "\(error)"])
        }
    }
}

extension HTTPService {
    private var tooLarge: ServiceResponse {
        .refusal(413, "Payload Too Large", "a body has at most \(limits.bodyBytes) bytes")
    }

    /// What is said to a head that is too long.
    private func refusal(of head: HTTPRequestHead) -> ServiceResponse? {
        guard head.wireCount <= limits.headBytes else {
            return .refusal(431, "Request Header Fields Too Large", "a head has at most \(limits.headBytes) bytes")
        }
        return nil
    }

    /// Writes events until they end or the peer leaves, which nothing but the end of its connection tells; then the
    /// connection is closed.
    private static func stream(_ response: ServiceResponse, by writer: ResponseWriter, on channel: any Channel) async {
        await withTaskGroup { group in
            group.addTask {
                try? await writer.write(response)
                channel.close(promise: nil)
            }
            group.addTask { try? await channel.closeFuture.get() }
            await group.next()
            group.cancelAll()
        }
    }
}

/// Why nothing can be listened at.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    /// The address.
    public let host: String
    /// The port.
    public let port: Int
    /// What the system says.
    public let detail: String

    /// Address and cause.
    public var description: String { "\(host):\(port): \(detail)" }
}
