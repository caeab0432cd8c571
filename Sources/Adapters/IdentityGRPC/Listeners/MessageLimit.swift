// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Ends a call that announces a message larger than what is read, and says so: the library would only drop the call, which
/// clients take for an outage and try again.
///
/// It reads the length before each message and nothing else, and lets nothing of a message through that is too large.
final class MessageLimit: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// A flag, and the length in four bytes.
    private static let prefixLength = 5

    private let most: Int
    /// How much of the present message is still to come.
    private var left = 0
    /// The length, as far as it has been read.
    private var length = 0
    private var prefixRead = 0
    /// Whether the call has been answered: at all, and to its end.
    private var hasBegun = false
    private var hasEnded = false
    private var isRefused = false

    init(_ most: Int) { self.most = most }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .data(let frame) = unwrapInboundIn(data), case .byteBuffer(let bytes) = frame.data else {
            context.fireChannelRead(data)
            return
        }
        guard !isRefused else { return }
        guard isTooLarge(bytes) else {
            context.fireChannelRead(data)
            return
        }
        isRefused = true
        refuse(context, isStillSending: !frame.endStream)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isRefused else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        if case .headers(let headers) = unwrapOutboundIn(data) {
            hasBegun = true
            hasEnded = headers.endStream
        }
        context.write(data, promise: promise)
    }

    private func isTooLarge(_ bytes: ByteBuffer) -> Bool {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            guard left == 0 else {
                let passed = min(left, bytes.readableBytes)
                bytes.moveReaderIndex(forwardBy: passed)
                left -= passed
                continue
            }
            guard let byte = bytes.readInteger(as: UInt8.self) else { return false }
            prefixRead += 1
            if prefixRead > 1 { length = length << 8 | Int(byte) }
            guard prefixRead == Self.prefixLength else { continue }
            guard length <= most else { return true }
            (left, length, prefixRead) = (length, 0, 0)
        }
        return false
    }

    private func refuse(_ context: ChannelHandlerContext, isStillSending: Bool) {
        if !hasEnded {
            var headers: HPACKHeaders = hasBegun ? [:] : [":status": "200", "content-type": "application/grpc"]
            // RESOURCE_EXHAUSTED
            headers.add(name: "grpc-status", value: "8")
            headers.add(name: "grpc-message", value: "request is too large")
            context.write(wrapOutboundOut(.headers(.init(headers: headers, endStream: true))), promise: nil)
        }
        // Nobody reads the rest.
        if isStillSending { context.write(wrapOutboundOut(.rstStream(.noError)), promise: nil) }
        context.flush()
    }
}
