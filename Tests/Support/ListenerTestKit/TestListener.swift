// SPDX-License-Identifier: Apache-2.0

package import GRPCNIOTransportHTTP2Posix
package import NIOCore
internal import NIOPosix

/// Listens at a Unix socket for gRPC of tests.
///
/// The library's own transport traps when it ends in the moment in which a connection comes: that is dropped unused.
package struct TestListener: HTTP2ServerTransport.ListenerFactory {
    package typealias Accepted = HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel

    let path: String

    /// A transport at the path of a socket that is not there yet.
    package static func transport(at path: String) -> HTTP2ServerTransport.Custom<TestListener> {
        HTTP2ServerTransport.Custom(listenerFactory: TestListener(path: path), config: .defaults)
    }

    package var eventLoopGroup: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    package func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<Accepted, Never> {
        try await ServerBootstrap(group: eventLoopGroup)
            .serverChannelInitializer { listenerConfigurator.configure(channel: $0) }
            .bind(unixDomainSocketPath: path) { channel in
                connectionConfigurator.configure(channel: channel, tls: .none).map { accepted in
                    channel.closeFuture.whenComplete { _ in withExtendedLifetime(accepted) {} }
                    return accepted
                }
            }
    }
}
