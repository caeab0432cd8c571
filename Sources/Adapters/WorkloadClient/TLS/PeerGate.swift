// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOTLS
internal import SPIFFE

/// Stands right behind the TLS of one connection, and before TLS is there in its place.
///
/// Nothing passes until the handshake is complete: what comes earlier was never encrypted. A handshake that takes too long
/// ends the connection, and so does its age later. Who the peer is, is known here, and only once it has proven to hold its
/// key: a certificate alone can be shown by anybody.
final class PeerGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let handshakeTime: TimeAmount
    private let grace: TimeAmount
    /// Asks what is spoken over the connection to come to an end.
    private let ending: (any Channel) -> Void
    /// How old the connection may become, by how long the SVIDs of both ends are valid.
    private let age: (CertificateTime, CertificateTime) -> TimeAmount

    /// How long the own SVID is valid; known once TLS is in place.
    private var notAfter: CertificateTime?
    private var isOpen = false
    private var timer: Scheduled<Void>?

    /// Whom the judge found behind the certificate; not proven yet.
    var judged: VerifiedX509SVID?
    /// Whom the peer has proven to be.
    private(set) var peer: SPIFFEID?
    /// Why nobody may pass.
    private(set) var fault: MutualTLSError?

    init(
        handshakeTime: TimeAmount, grace: TimeAmount, ending: @escaping (any Channel) -> Void,
        age: @escaping (CertificateTime, CertificateTime) -> TimeAmount
    ) {
        self.handshakeTime = handshakeTime
        self.grace = grace
        self.ending = ending
        self.age = age
    }

    /// TLS stands before the gate now.
    /// - Parameter isConnected: false while a client has yet to reach its server, which has a limit of its own. What was
    ///   accepted counts as connected: if the listener ends in this moment, nobody else closes it.
    func secured(_ channel: any Channel, until notAfter: CertificateTime, isConnected: Bool) {
        self.notAfter = notAfter
        if isConnected { limitHandshake(channel) }
    }

    func channelActive(context: ChannelHandlerContext) {
        if notAfter != nil, !isOpen { limitHandshake(context.channel) }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isOpen else {
            fault = .clearText
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if !isOpen, case .handshakeCompleted? = event as? TLSUserEvent {
            timer?.cancel()
            // Fails closed: a handshake that we did not judge opens nothing.
            guard let notAfter, let judged else {
                context.close(promise: nil)
                return
            }
            isOpen = true
            peer = judged.id
            limitAge(context.channel, age(notAfter, judged.notAfter))
        }
        context.fireUserInboundEventTriggered(event)
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    private func limitHandshake(_ channel: any Channel) {
        timer?.cancel()
        timer = channel.eventLoop.assumeIsolated().scheduleTask(in: handshakeTime) { [self] in
            fault = .timedOut
            channel.pipeline.fireErrorCaught(MutualTLSError.timedOut)
            channel.close(promise: nil)
        }
    }

    private func limitAge(_ channel: any Channel, _ age: TimeAmount) {
        timer = channel.eventLoop.assumeIsolated().scheduleTask(in: age) { [self] in
            ending(channel)
            timer = channel.eventLoop.assumeIsolated().scheduleTask(in: grace) {
                // Or whoever reads an answer without a length takes what has come for the whole of it.
                channel.pipeline.fireErrorCaught(MutualTLSError.tooOld)
                channel.close(promise: nil)
            }
        }
    }
}

/// Why a connection never came to speak, or speaks no more.
public enum MutualTLSError: String, Error, Hashable, Sendable, CaseIterable {
    /// The peer spoke before there was TLS.
    case clearText = "mutual-tls-clear-text"
    /// The own identity did not come in time, or the peer did not show who it is.
    case timedOut = "mutual-tls-timed-out"
    /// What was spoken did not come to its end when the connection had reached its age.
    case tooOld = "mutual-tls-too-old"
}
