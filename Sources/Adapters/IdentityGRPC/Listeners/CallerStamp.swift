// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// First handler of each stream: removes every copy of the reserved header that the client sent, and writes the name of
/// the connection's caller. Counts the stream as a call of its connection.
final class CallerStamp: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    private let name: String

    init(_ name: String) { self.name = name }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .headers(var frame) = unwrapInboundIn(data) else {
            context.fireChannelRead(data)
            return
        }
        frame.headers.remove(name: CallerTable.header)
        frame.headers.add(name: CallerTable.header, value: name, indexing: .neverIndexed)
        context.fireChannelRead(wrapInboundOut(.headers(frame)))
    }
}

/// What a connection is known as; sits in its pipeline and does nothing there.
final class ConnectionMark: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    /// Its name in ``CallerTable``.
    let name: String
    /// Its number in ``ConnectionRegistry``.
    let number: Int

    init(name: String, number: Int) {
        self.name = name
        self.number = number
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.fireChannelRead(data) }
}
