// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A connection that was accepted and is not read yet. It is closed when nobody holds it any more.
///
/// An asynchronous channel traps when it is dropped without having been used, as happens to one that is accepted in the
/// moment in which the listener closes. So it is made only when there is a task that uses it.
package final class AcceptedChannel: Sendable {
    package let channel: any Channel
    /// Where it comes from.
    package let source: ConnectionSource
    private let ready: EventLoopFuture<Void>

    /// Adds what `configure` adds; the channel must not read by itself.
    package init(_ channel: any Channel, configure: () throws -> Void) throws {
        self.channel = channel
        source = ConnectionSource(channel.remoteAddress)
        let promise = channel.eventLoop.makePromise(of: Void.self)
        ready = promise.futureResult
        do {
            try channel.pipeline.syncOperations.addHandler(Readiness(promise))
            try configure()
        } catch {
            promise.fail(error)
            throw error
        }
    }

    deinit { channel.close(promise: nil) }

    /// Begins to read; who calls this must use what he gets.
    /// - Parameter prepare: Adds handlers that could not be made when the connection was accepted.
    /// - Throws: when the peer has left, and whatever `prepare` throws.
    package func opened<Inbound: Sendable, Outbound: Sendable>(
        _ configuration: NIOAsyncChannel<Inbound, Outbound>.Configuration,
        prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) async throws -> NIOAsyncChannel<Inbound, Outbound> {
        try await ready.get()
        return try await channel.eventLoop.submit { [channel] in
            guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            try prepare(channel)
            let connection = try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: configuration)
            channel.pipeline.fireUserInboundEventTriggered(Opened())
            try channel.syncOptions?.setOption(.autoRead, value: true)
            return connection
        }.get()
    }

    /// Told to the handlers when reading begins.
    struct Opened: Sendable {}

    /// Tells when the channel is active, or never will be.
    private final class Readiness: ChannelInboundHandler {
        typealias InboundIn = Any

        private let promise: EventLoopPromise<Void>

        init(_ promise: EventLoopPromise<Void>) { self.promise = promise }

        func channelActive(context: ChannelHandlerContext) {
            promise.succeed()
            context.fireChannelActive()
        }

        func handlerRemoved(context: ChannelHandlerContext) { promise.fail(ChannelError.ioOnClosedChannel) }
    }
}
