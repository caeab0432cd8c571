// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import HTTPServing
internal import NIOCore
internal import NIOSSL
package import SPIFFE
internal import Synchronization

/// Who is at the other end of a TLS connection.
package struct RemotePeer: Hashable, Sendable {
    /// Its network address, without the port.
    package let address: String
    /// The SVID that it showed, verified; nil when it showed none. May have expired since.
    package let svid: VerifiedX509SVID?
}

/// The entry of TLS ports: a client certificate is optional, but one that is shown must be an SVID that is trusted.
///
/// Each connection has a TLS context of its own: it shows the server's newest certificate, and no ticket of one
/// connection can stand for the client certificate of another, which would never be judged. Facts (SPIFFE) 22.3, 22.4.
struct TLSEntry: ConnectionEntry {
    let credentials: @Sendable () throws -> TLSCredentials
    let trust: PeerTrust
    let identify: @Sendable (RemotePeer) -> any ServerContext.TransportSpecific
    let log: DoorLog

    var isTLS: Bool { true }

    func enter(_ channel: any Channel, limits: ListenerLimits) -> EventLoopFuture<EnteredConnection> {
        channel.eventLoop.makeCompletedFuture {
            let address = channel.remoteAddress?.ipAddress ?? "unknown"
            let caller = TLSCaller(address: address, trust: trust, identify: identify, log: log)
            let context = try log.noting { try NIOSSLContext(configuration: try credentials().serverConfiguration) }
            let handler = NIOSSLServerHandler(
                context: context,
                customVerificationCallbackWithMetadata: { presented, promise in
                    promise.completeWithTask { await caller.judge(presented) }
                })
            try channel.pipeline.syncOperations.addHandler(handler)
            // One IPv4 address, or one IPv6 network of 64 bits, which is what a single machine usually has.
            let network = ConnectionSource.network(of: address)
            return EnteredConnection(
                shares: [.init(name: "network \(network)", limit: limits.connectionsPerSource)], caller: caller)
        }
    }
}

/// What a peer showed in its handshake.
private final class TLSCaller: ConnectionCaller {
    private let address: String
    private let trust: PeerTrust
    private let identify: @Sendable (RemotePeer) -> any ServerContext.TransportSpecific
    private let log: DoorLog
    private let peer = Mutex<JudgedPeer?>(nil)

    init(
        address: String, trust: PeerTrust,
        identify: @escaping @Sendable (RemotePeer) -> any ServerContext.TransportSpecific, log: DoorLog
    ) {
        self.log = log
        self.address = address
        self.trust = trust
        self.identify = identify
    }

    func judge(_ presented: [NIOSSLCertificate]) async -> NIOSSLVerificationResultWithMetadata {
        guard let chain = try? presented.map({ try $0.toDERBytes() }) else { return .failed }
        let judged: JudgedPeer
        do throws(PeerCertificateError) {
            judged = try await trust.verify(chain)
        } catch {
            log.refused(address, error.code, "\(error)", at: trust.now())
            return .failed
        }
        peer.withLock { $0 = judged }
        return .certificateVerified(VerificationMetadata(ValidatedCertificateChain(presented)))
    }

    func current() async throws -> any ServerContext.TransportSpecific {
        guard let judged = peer.withLock({ $0 }) else { return identify(RemotePeer(address: address, svid: nil)) }
        guard let renewed = await trust.stillTrusts(judged) else {
            log.refused(address, "trusted-no-more", "\(judged.svid.id)", at: trust.now())
            throw RPCError(code: .unauthenticated, message: "the client certificate is trusted no more")
        }
        peer.withLock { $0 = renewed }
        return identify(RemotePeer(address: address, svid: renewed.svid))
    }
}
