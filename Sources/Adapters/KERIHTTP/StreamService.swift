// SPDX-License-Identifier: Apache-2.0

public import HTTPServing
public import KERINetwork
public import Logging
internal import NIOCore
internal import NIOPosix
public import ServiceLifecycle

/// A TCP listener for one stream handler, bounded by `ServerLimits` like ``HTTPService``.
public final class StreamService: Service {
    private let handler: any StreamHandler
    private let host: String
    private let port: Int
    private let limits: ServerLimits
    private let logger: Logger
    private let connections: ConnectionRegistry
    private let bound = Promise<Int>()

    /// Serves `handler` at an address; port 0 takes a free one, which ``boundPort()`` tells.
    public init(
        _ handler: any StreamHandler, host: String = "127.0.0.1", port: Int, limits: ServerLimits = ServerLimits(),
        logger: Logger
    ) {
        self.handler = handler
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        connections = ConnectionRegistry(limits)
    }

    /// The port, as soon as the listener listens.
    /// - Throws: why it doesn't.
    public func boundPort() async throws -> Int { try await bound.value }

    /// Listens until graceful shutdown, which closes what is open.
    /// - Throws: `ListenError` when the address can't be listened at.
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
                        try AcceptedChannel(channel) {
                            let pipeline = channel.pipeline.syncOperations
                            try pipeline.addHandler(IdleStateHandler(allTimeout: TimeAmount(limits.idle)))
                            try pipeline.addHandler(IdleCloser())
                        }
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
                            if let connection: NIOAsyncChannel<ByteBuffer, ByteBuffer> = try? await accepted.opened(
                                .init())
                            {
                                await converse(connection, source: source)
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
    }

    private func converse(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>, source: ConnectionSource) async {
        let conversation = handler.open(from: source.address)
        do {
            try await connection.executeThenClose { inbound, outbound in
                for try await chunk in inbound {
                    guard let answer = await conversation.receive(Array(chunk.readableBytesView)) else { return }
                    if !answer.isEmpty { try await outbound.write(ByteBuffer(bytes: answer)) }
                }
            }
        } catch {
            logger.debug("a connection ended", metadata: ["source": "\(source)", "error": "\(error)"])
        }
    }
}

/// Closes a connection that rests too long.
private final class IdleCloser: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
