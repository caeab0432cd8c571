// SPDX-License-Identifier: Apache-2.0

public import GRPCCore
public import GRPCNIOTransportHTTP2Posix
public import NIOCore
internal import NIOHTTP2
internal import NIOPosix

extension MutualTLS {
    /// A transport for clients of gRPC: each connection shows the identity that is current, and judges the server.
    ///
    /// A connection takes no further calls once it has reached ``connectionAge``; the next one is opened then.
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
            tls.addClientHandler(to: channel, ending: Self.goAway) { channel in
                former?(channel) ?? channel.eventLoop.makeSucceededVoidFuture()
            }
        }
        return try HTTP2ClientTransport.Posix(
            target: target, transportSecurity: .customSecure, config: config, serviceConfig: serviceConfig)
    }

    /// A transport for servers of gRPC: clients must show an SVID that is allowed.
    ///
    /// Connections end after ``connectionAge``, so that peers whose identity is gone come no longer. Handlers of calls are
    /// not told who calls, gRPC's library gives them nothing of the connection: the rule of this value is what decides.
    public func grpcServerTransport(host: String, port: Int) -> HTTP2ServerTransport.Custom<MutualTLSListener> {
        var tls = self
        tls.applicationProtocols = ["h2"]
        return HTTP2ServerTransport.Custom(
            listenerFactory: MutualTLSListener(tls: tls, host: host, port: port),
            config: HTTP2ServerTransport.Custom<MutualTLSListener>.Config.defaults)
    }

    /// To a client as if the server said that it takes no more calls: those that were begun go on.
    private static let goAway: Ending = { channel in
        let http2 = try? channel.pipeline.syncOperations.context(handlerType: NIOHTTP2Handler.self)
        let frame = HTTP2Frame(
            streamID: .rootStream, payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil))
        http2?.fireChannelRead(NIOAny(frame))
        http2?.fireChannelReadComplete()
    }

    /// To the handlers of a server's connection, not to those of its streams, which would cancel calls.
    fileprivate static let drain: Ending = { channel in
        let http2 = try? channel.pipeline.syncOperations.context(handlerType: NIOHTTP2Handler.self)
        http2?.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
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
                tls.accept(channel, ending: MutualTLS.drain) { channel in
                    connectionConfigurator.configure(channel: channel, tls: .configured(requireALPN: true))
                }
            }
    }
}
