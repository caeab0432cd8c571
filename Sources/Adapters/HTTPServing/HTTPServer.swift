// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import NIOSSL
internal import ServiceLifecycle

/// One HTTP/1.1 server, bounded at every edge by ``ServerLimits``.
///
/// Built on SwiftNIO itself: frameworks above it know a time-out for idle connections, but none for heads and bodies that
/// trickle in, nor a count of connections for each source.
package final class HTTPServer: Service {
    /// Answers one request. It never throws: what goes wrong is an answer.
    package typealias Answer = @Sendable (IncomingRequest) async -> OutgoingResponse
    /// Makes what one connection needs for TLS. A context of its own for each means that no session is ever resumed: a
    /// peer sees the certificate that is current.
    package typealias TLSContext = @Sendable () async throws -> NIOSSLContext

    private let answer: Answer
    private let tls: TLSContext?
    private let host: String
    private let port: Int
    private let descriptor: CInt?
    private let limits: ServerLimits
    private let logger: Logger
    private let connections: ConnectionRegistry
    private let bound = Promise<Int>()

    /// Serves at an address; port 0 takes a free one, which ``boundPort()`` tells.
    /// - Parameters:
    ///   - descriptor: A listening TCP socket that somebody opened for this process, in place of host and port.
    ///   - tls: Asked once for each connection, before anything is read; must not take long. Nil for plain HTTP.
    package init(
        host: String = "127.0.0.1", port: Int, descriptor: CInt? = nil, limits: ServerLimits = ServerLimits(),
        tls: TLSContext? = nil,
        logger: Logger, answer: @escaping Answer
    ) {
        self.answer = answer
        self.tls = tls
        self.host = host
        self.port = port
        self.descriptor = descriptor
        let limits = limits.fitting(openFiles: OpenFiles.most)
        self.limits = limits
        self.logger = logger
        connections = ConnectionRegistry(limits)
    }

    /// The port, as soon as the server listens.
    /// - Throws: why it doesn't.
    package func boundPort() async throws -> Int { try await bound.value }

    /// Listens until graceful shutdown; requests that are being answered are finished then.
    /// - Throws: ``ListenError`` when the address can't be listened at.
    package func run() async throws {
        let server: NIOAsyncChannel<AcceptedChannel, Never>
        do {
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 256)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AcceptPatience())
                    }
                }
                .childChannelOption(.autoRead, value: false)
            let accept: @Sendable (any Channel) -> EventLoopFuture<AcceptedChannel> = { [limits] channel in
                channel.eventLoop.makeCompletedFuture {
                    try AcceptedChannel(channel) { try Self.configure(channel, limits) }
                }
            }
            if let descriptor {
                server = try await bootstrap.bind(descriptor, childChannelInitializer: accept)
            } else {
                server = try await bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: host, port: port, childChannelInitializer: accept)
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
                            await serve(accepted, source: source, number: number)
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
    private func serve(_ accepted: AcceptedChannel, source: ConnectionSource, number: Int) async {
        do {
            let context = try await tls?()
            let connection: Connection = try await accepted.opened(.init(isOutboundHalfClosureEnabled: true)) {
                channel in
                guard let context else { return }
                let pipeline = channel.pipeline.syncOperations
                // The deadlines see the bytes of the handshake too; what follows counts what was decrypted.
                let deadlines = try pipeline.handler(type: DeadlineHandler.self)
                try pipeline.addHandler(NIOSSLServerHandler(context: context), position: .after(deadlines))
            }
            try await connection.executeThenClose { inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                var count = 0
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
                    count += 1
                    guard var request = IncomingRequest(head, body: body, source: source.address) else {
                        try await writer.write(.refusal(400, "Bad Request", "the request target can't be read"))
                        guard keepAlive else { return }
                        continue
                    }
                    request.id = "\(number)-\(count)"
                    connections.set(number, isAnswering: true)
                    let response = await answer(request)
                    if case .stream = response.body {
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
            logger.debug(
                "a connection ended",
                metadata: ["source": "\(source)", "connection": "\(number)", "error": "\(error)"])
        }
    }
}

extension HTTPServer {
    private var tooLarge: OutgoingResponse {
        .refusal(413, "Payload Too Large", "a body has at most \(limits.bodyBytes) bytes")
    }

    /// What is said to a head that is too long.
    private func refusal(of head: HTTPRequestHead) -> OutgoingResponse? {
        guard head.wireCount <= limits.headBytes else {
            return .refusal(431, "Request Header Fields Too Large", "a head has at most \(limits.headBytes) bytes")
        }
        return nil
    }

    /// Writes events until they end or the peer leaves, which nothing but the end of its connection tells; then the
    /// connection is closed.
    private static func stream(_ response: OutgoingResponse, by writer: ResponseWriter, on channel: any Channel) async {
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

    /// A refusal of the system.
    package init(host: String, port: Int, detail: String) {
        self.host = host
        self.port = port
        self.detail = detail
    }

    /// Address and cause.
    public var description: String { "\(host):\(port): \(detail)" }
}
