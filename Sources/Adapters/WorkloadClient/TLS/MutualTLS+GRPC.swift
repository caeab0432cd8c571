// SPDX-License-Identifier: Apache-2.0

public import GRPCCore
public import GRPCNIOTransportHTTP2Posix
public import NIOCore
internal import NIOPosix

extension MutualTLS {
    /// A transport for clients of gRPC: each connection shows the identity that is current, and judges the server.
    /// - Throws: when nothing can resolve the target.
    public func grpcClientTransport(
        to target: any ResolvableTarget, config: HTTP2ClientTransport.Posix.Config = .defaults,
        serviceConfig: ServiceConfig = ServiceConfig()
    ) throws -> HTTP2ClientTransport.Posix {
        var tls = self
        tls.applicationProtocols = ["h2"]
        var config = config
        let former = config.channelDebuggingCallbacks.onCreateTCPConnection
        config.channelDebuggingCallbacks.onCreateTCPConnection = { [tls] channel in
            tls.addClientHandler(to: channel).flatMap {
                former?(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
            }
        }
        return try HTTP2ClientTransport.Posix(
            target: target, transportSecurity: .customSecure, config: config, serviceConfig: serviceConfig)
    }

    /// A transport for servers of gRPC: clients must show an SVID that is allowed.
    ///
    /// Connections end after `connectionAge`, so that peers whose identity is gone come no longer.
    public func grpcServerTransport(
        host: String, port: Int, connectionAge: Duration? = .seconds(180)
    ) -> HTTP2ServerTransport.Custom<MutualTLSListener> {
        var tls = self
        tls.applicationProtocols = ["h2"]
        var config = HTTP2ServerTransport.Custom<MutualTLSListener>.Config.defaults
        config.connection.maxAge = connectionAge
        config.connection.maxGraceTime = .seconds(10)
        return HTTP2ServerTransport.Custom(
            listenerFactory: MutualTLSListener(tls: tls, host: host, port: port), config: config)
    }
}

/// Accepts connections of gRPC that speak mutual TLS.
public struct MutualTLSListener: HTTP2ServerTransport.ListenerFactory {
    let tls: MutualTLS
    let host: String
    let port: Int

    /// Where connections live.
    public var eventLoopGroup: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    /// Opens the port.
    public func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
        try await ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { listenerConfigurator.configure(channel: $0) }
            .bind(host: host, port: port) { channel in
                tls.addServerHandler(to: channel).flatMap {
                    connectionConfigurator.configure(channel: channel, tls: .configured(requireALPN: true))
                }.map { accepted in
                    // Handed to a listener that closes in this moment, it would be dropped unused, which traps.
                    channel.closeFuture.whenComplete { _ in withExtendedLifetime(accepted) {} }
                    return accepted
                }
            }
    }
}
