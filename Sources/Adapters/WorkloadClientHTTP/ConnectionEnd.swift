// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Ends a connection of AsyncHTTPClient that is old enough: at once while nothing is asked over it, else after the answer, of
/// which the client is told that it is the last one.
final class ConnectionEnd: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private var isEnding = false
    private var isAsking = false
    private var isAnswered = true

    /// Behind the parser, before what the client decides by.
    static func add(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(ConnectionEnd(), position: .after(parser))
    }

    /// The connection is old enough.
    static func begin(on channel: any Channel) {
        let found = try? channel.pipeline.syncOperations.context(handlerType: ConnectionEnd.self)
        guard let context = found, let end = context.handler as? ConnectionEnd else { return }
        end.isEnding = true
        end.closeWhenIdle(context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head:
            isAsking = true
            isAnswered = false
        case .body: break
        case .end: isAsking = false
        }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(var head) where isEnding:
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .head, .body: context.fireChannelRead(data)
        case .end:
            isAnswered = true
            context.fireChannelRead(data)
            // The client may have asked the next thing meanwhile.
            closeWhenIdle(context)
        }
    }

    private func closeWhenIdle(_ context: ChannelHandlerContext) {
        if isEnding, isAnswered, !isAsking { context.close(promise: nil) }
    }
}
