// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import NIOCore

/// Keeps a listener open when one connection can't be taken, above all because the process has as many files open as it
/// may: whoever connects often enough could end the service otherwise.
package final class AcceptPatience: ChannelInboundHandler {
    package typealias InboundIn = Any

    /// After a failure nothing is accepted for a moment; the listener would report the same failure without end.
    private let pause: TimeAmount
    private var isPausing = false

    package init(pause: TimeAmount = .milliseconds(100)) { self.pause = pause }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard Self.passes(error) else {
            context.fireErrorCaught(error)
            return
        }
        guard !isPausing else { return }
        isPausing = true
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in
            isPausing = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }

    /// Whether the listener can go on: the connection broke off while it was taken, or there was no room for it.
    static func passes(_ error: any Error) -> Bool {
        guard let code = (error as? IOError)?.errnoCode else { return false }
        return [ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code)
    }
}
