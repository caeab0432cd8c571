// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Closes connections whose bytes become no part of a request for too long: heads and trailers without an end, blank
/// lines, sizes of chunks. Stands before the parser; ``Marker`` stands behind it.
final class UnparsedLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let limit: Int
    private var seen = 0

    init(_ limit: Int) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        seen += unwrapInboundIn(data).readableBytes
        // A part that is complete with these bytes sets the count back.
        context.fireChannelRead(data)
        if seen > limit { context.close(promise: nil) }
    }

    /// Tells of parts.
    final class Marker: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart

        private let counted: UnparsedLimit

        init(_ counted: UnparsedLimit) { self.counted = counted }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            counted.seen = 0
            context.fireChannelRead(data)
        }
    }
}

extension HTTPRequestHead {
    /// The bytes of the head as a peer writes it.
    var wireCount: Int {
        headers.reduce(method.rawValue.utf8.count + uri.utf8.count + 14) {
            $0 + $1.name.utf8.count + $1.value.utf8.count + 4
        }
    }
}
