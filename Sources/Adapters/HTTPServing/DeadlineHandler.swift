// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Closes connections of peers that take too long: to send a request, to read an answer, or between requests. Sees raw
/// bytes, so heads that trickle in are noticed.
final class DeadlineHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase { case resting, arriving, answering }

    private let limits: ServerLimits
    private var phase = Phase.resting
    private var timer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    init(_ limits: ServerLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    /// Nothing is expected of the peer before it is listened to.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is AcceptedChannel.Opened { start(limits.idle) }
        context.fireUserInboundEventTriggered(event)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        writeTimer?.cancel()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if phase == .resting {
            phase = .arriving
            start(limits.arrival)
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        writeTimer = nil
        if !context.channel.isWritable { writeTimer = schedule(limits.departure) }
        context.fireChannelWritabilityChanged()
    }

    /// The request is there as a whole.
    func requestArrived() {
        phase = .answering
        timer?.cancel()
        timer = nil
    }

    /// The answer is written as a whole.
    func answered() {
        phase = .resting
        start(limits.idle)
    }

    private func start(_ duration: Duration) {
        timer?.cancel()
        timer = schedule(duration)
    }

    private func schedule(_ duration: Duration) -> Scheduled<Void>? {
        guard let context else { return nil }
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: TimeAmount(duration)) { channel.close(promise: nil) }
    }
}

/// Tells the deadlines where requests and answers end.
final class RequestMarker: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let deadlines: DeadlineHandler

    init(_ deadlines: DeadlineHandler) { self.deadlines = deadlines }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .end = unwrapInboundIn(data) { deadlines.requestArrived() }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { deadlines.answered() }
        context.write(data, promise: promise)
    }
}
