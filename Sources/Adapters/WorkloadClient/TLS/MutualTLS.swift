// SPDX-License-Identifier: Apache-2.0

internal import JOSE
public import Logging
public import NIOCore
internal import NIOSSL
public import SPIFFE

/// TLS between workloads: both show an X.509-SVID, and each judges the other by SPIFFE's rules. Facts (SPIFFE) 3.2, 22.
///
/// Identity and bundles are taken from their sources at each handshake, so that rotation needs no restart. A context
/// serves one connection and no session is ever resumed: a resumed one would pass over the judgement. Connections that are
/// open keep what they were opened with; give servers a greatest age of connections.
public struct MutualTLS: Sendable {
    /// The own identity.
    public let svids: any SVIDSource
    /// By whose authorities peers are judged.
    public let bundles: any BundleSource
    /// Which verified peers may go on.
    public let authorizer: PeerAuthorizer
    /// What is spoken over TLS, in order of preference, such as `h2`; empty for no negotiation.
    public var applicationProtocols: [String] = []
    /// How long a client of ours may take to show who it is: a connection that says nothing is closed then.
    public var handshakeTime = Duration.seconds(10)

    private let clock: any WorkloadClock
    private let logger: Logger

    /// Joins sources and a rule. ``X509Source`` is a source of both.
    public init(
        svids: any SVIDSource, bundles: any BundleSource, authorizer: PeerAuthorizer,
        clock: any WorkloadClock = SystemWorkloadClock(), logger: Logger = .silent
    ) {
        self.svids = svids
        self.bundles = bundles
        self.authorizer = authorizer
        self.clock = clock
        self.logger = logger
    }

    /// One source for both.
    public init(
        _ source: some SVIDSource & BundleSource, authorizer: PeerAuthorizer,
        clock: any WorkloadClock = SystemWorkloadClock(), logger: Logger = .silent
    ) {
        self.init(svids: source, bundles: source, authorizer: authorizer, clock: clock, logger: logger)
    }

    /// Makes a connection that was accepted speak TLS; to be called in the initializer of child channels, before
    /// handlers of protocols are added.
    public func addServerHandler(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeFutureWithTask { try await material() }.flatMapThrowing { material in
            let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(handshakeTime)) { channel.close(promise: nil) }
            channel.closeFuture.whenComplete { _ in deadline.cancel() }
            let handler = NIOSSLServerHandler(
                context: try serverContext(material),
                customVerificationCallbackWithMetadata: { presented, promise in
                    // It has come as far as to show a certificate.
                    deadline.cancel()
                    promise.completeWithTask { await judge(presented) }
                })
            try channel.pipeline.syncOperations.addHandler(handler, position: .first)
        }.flatMapErrorThrowing { error in
            // Whoever listens goes on; this connection has nobody to speak for it.
            channel.close(promise: nil)
            throw error
        }
    }

    /// Makes a connection that is going to be opened speak TLS; to be called in the initializer of channels.
    public func addClientHandler(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeFutureWithTask { try await material() }.flatMapThrowing { material in
            let handler = try NIOSSLClientHandler(
                context: try clientContext(material), serverHostname: nil,
                customVerificationCallbackWithMetadata: { presented, promise in
                    promise.completeWithTask { await judge(presented) }
                })
            try channel.pipeline.syncOperations.addHandler(handler, position: .first)
        }
    }

    /// Whom the other end of a connection was verified to be; nil before the handshake, and without TLS of ours.
    public static func peerID(of channel: any Channel) async -> SPIFFEID? {
        guard let chain = try? await channel.nioSSL_peerValidatedCertificateChain().get(),
            let leaf = try? X509Certificate(der: chain.leaf.toDERBytes()), leaf.uris.count == 1
        else { return nil }
        return try? SPIFFEID(leaf.uris[0])
    }

    // MARK: Judging

    /// Judges what a peer presented. Fails closed: without a bundle of the peer's own trust domain nobody passes.
    func judge(_ presented: [NIOSSLCertificate]) async -> NIOSSLVerificationResultWithMetadata {
        do {
            let svid = try await verified(presented)
            let path = try svid.path.map { try NIOSSLCertificate(bytes: $0.der, format: .der) }
            return .certificateVerified(VerificationMetadata(ValidatedCertificateChain(path)))
        } catch {
            logger.info("peer was refused", metadata: ["reason": "\(error)"])
            return .failed
        }
    }

    private func verified(_ presented: [NIOSSLCertificate]) async throws -> VerifiedX509SVID {
        guard presented.count <= X509SVIDOutcome.longestChain else { throw PeerRefusal.noIdentity }
        let chain = try presented.map { try X509Certificate(der: $0.toDERBytes()) }
        guard let leaf = chain.first, leaf.uris.count == 1, let id = try? SPIFFEID(leaf.uris[0]) else {
            throw PeerRefusal.noIdentity
        }
        guard let bundle = try await bundles.bundle(of: id.trustDomain) else {
            throw PeerRefusal.unknownTrustDomain(id.trustDomain)
        }
        let outcome = X509SVIDOutcome.verifying(chain: chain, against: bundle.x509Bundle, at: clock.now())
        guard let svid = outcome.svid else { throw PeerRefusal.refused(outcome.faults) }
        guard authorizer.allows(svid.id) else { throw PeerRefusal.notAllowed(svid.id, authorizer.description) }
        return svid
    }

    // MARK: Showing

    private struct Material: Sendable {
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
    }

    private func material() async throws -> Material {
        let svid = try await svids.x509SVID()
        guard clock.now() <= svid.leaf.notAfter else {
            throw WorkloadAPIError(.expired, "\(svid.id) expired at \(svid.leaf.notAfter)")
        }
        return Material(
            chain: try svid.chain.map { .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der)) },
            key: .privateKey(try NIOSSLPrivateKey(bytes: svid.privateKey.pkcs8, format: .der)))
    }

    private func serverContext(_ material: Material) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: material.chain, privateKey: material.key)
        configuration.certificateVerification = .noHostnameVerification
        return try context(&configuration)
    }

    private func clientContext(_ material: Material) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = material.chain
        configuration.privateKey = material.key
        configuration.certificateVerification = .noHostnameVerification
        return try context(&configuration)
    }

    private func context(_ configuration: inout TLSConfiguration) throws -> NIOSSLContext {
        configuration.minimumTLSVersion = .tlsv12
        // Nobody is judged by these: the judgement is ours.
        configuration.trustRoots = .certificates([])
        configuration.applicationProtocols = applicationProtocols
        return try NIOSSLContext(configuration: configuration)
    }
}

/// Why a peer may not go on.
private enum PeerRefusal: Error, CustomStringConvertible {
    case noIdentity
    case unknownTrustDomain(TrustDomain)
    case refused([X509SVIDFault])
    case notAllowed(SPIFFEID, String)

    var description: String {
        switch self {
        case .noIdentity: "no certificate with exactly one SPIFFE ID"
        case .unknownTrustDomain(let trustDomain): "no bundle of \(trustDomain)"
        case .refused(let faults): faults.map(\.description).joined(separator: "; ")
        case .notAllowed(let id, let rule): "\(id) is not \(rule)"
        }
    }
}
