// SPDX-License-Identifier: Apache-2.0

internal import GRPCNIOTransportHTTP2Posix
private import Glibc
internal import HTTPServing
internal import NIOCore
internal import NIOHTTP2
internal import NIOPosix

/// Makes the listening channel of a server: admits connections within the limits, learns who they are, marks them.
struct SocketListener: HTTP2ServerTransport.ListenerFactory {
    enum Place: Sendable {
        case descriptor(CInt)
        case port(host: String, Int)
    }

    /// Most connections that wait to be taken.
    private static let queue: CInt = 4096

    typealias Accepted = HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel

    let place: Place
    let entry: any ConnectionEntry
    let limits: ListenerLimits
    let connections: ConnectionRegistry
    let callers: CallerTable
    /// Told the port, 0 where there is none, as soon as connections are taken.
    let onListening: @Sendable (Int) -> Void

    var eventLoopGroup: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<Accepted, Never> {
        let bootstrap = ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.backlog, value: Self.queue)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // A connection that can't be taken, for want of a descriptor above all, must not end the server.
                    try channel.pipeline.syncOperations.addHandler(AcceptPatience())
                }.flatMap { listenerConfigurator.configure(channel: channel) }
            }
        let accept: @Sendable (any Channel) -> EventLoopFuture<Accepted> = { channel in
            self.accept(channel, connectionConfigurator)
        }
        let listening: NIOAsyncChannel<Accepted, Never>
        switch place {
        case .descriptor(let descriptor):
            listening = try await bootstrap.bind(descriptor, childChannelInitializer: accept)
            // The library has begun to listen anew, with a queue of 128 whatever its option says; from a full queue others
            // are turned away.
            _ = listen(descriptor, Self.queue)
        case .port(let host, let port):
            listening = try await bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port, childChannelInitializer: accept)
        }
        onListening(listening.channel.localAddress?.port ?? 0)
        return listening
    }

    /// What the server's transport is told.
    var configuration: HTTP2ServerTransport.Custom<SocketListener>.Config {
        var configuration = HTTP2ServerTransport.Custom<SocketListener>.Config.defaults
        configuration.connection.maxIdleTime = limits.idle
        configuration.connection.maxAge = limits.age
        configuration.connection.maxGraceTime = limits.grace
        // Peers that are gone without a word are noticed, and clients may ask after us as often as they like.
        configuration.connection.keepalive.time = .seconds(60)
        configuration.connection.keepalive.clientBehavior = .init(
            minPingIntervalWithoutCalls: .seconds(10), allowWithoutCalls: true)
        configuration.http2.maxConcurrentStreams = limits.callsPerConnection
        configuration.rpc.maxRequestPayloadSize = limits.messageBytes
        configuration.channelDebuggingCallbacks.onAcceptHTTP2Stream = { acceptCall($0) }
        return configuration
    }

    /// A connection that fails here is closed and never handed on; the listener goes on.
    private func accept(
        _ channel: any Channel, _ configurator: HTTP2ServerTransport.ConnectionConfigurator
    ) -> EventLoopFuture<Accepted> {
        entry.enter(channel, limits: limits).flatMap { entered in
            guard
                let number = connections.admit(
                    entered.shares, close: { [weak channel] in channel?.close(promise: nil) })
            else { return channel.eventLoop.makeFailedFuture(ChannelError.connectTimeout(.zero)) }
            let name = callers.add(entered.caller)
            channel.closeFuture.whenComplete { [connections, callers] _ in
                callers.remove(name)
                connections.remove(number)
            }
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ConnectionMark(name: name, number: number))
            }.flatMap {
                configurator.configure(channel: channel, tls: entry.isTLS ? .configured(requireALPN: true) : .none)
            }.map { accepted in
                // Dropped before it is active and used, it traps: because its listener closes in this moment, or because it
                // makes room for another one at once. So it lives as long as its channel.
                channel.closeFuture.whenComplete { _ in withExtendedLifetime(accepted) {} }
                return accepted
            }
        }.flatMapErrorThrowing { error in
            channel.close(promise: nil)
            throw error
        }
    }

    /// Stamps a new call; to be called as ``HTTP2ServerTransport/Config/ChannelDebuggingCallbacks/onAcceptHTTP2Stream``.
    func acceptCall(_ stream: any Channel) -> EventLoopFuture<Void> {
        stream.eventLoop.makeCompletedFuture {
            guard let parent = stream.parent else { throw ChannelError.ioOnClosedChannel }
            let mark = try parent.pipeline.syncOperations.handler(type: ConnectionMark.self)
            try stream.pipeline.syncOperations.addHandlers(
                [CallerStamp(mark.name), MessageLimit(limits.messageBytes)], position: .first)
            let number = mark.number
            connections.callBegan(on: number)
            stream.closeFuture.whenComplete { [connections] _ in connections.callEnded(on: number) }
        }
    }
}
