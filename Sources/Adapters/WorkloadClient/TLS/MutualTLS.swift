// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkConcurrency
public import Logging
public import NIOCore
internal import NIOSSL
public import SPIFFE

/// TLS between workloads: both show an X.509-SVID, and each judges the other by SPIFFE's rules. Facts (SPIFFE) 3.2, 22.
///
/// Identity and bundles are taken from their sources at each handshake, so that rotation needs no restart. A context
/// serves one connection and no session is ever resumed: a resumed one would pass over the judgement. A connection that is
/// open keeps what it was opened with until it ends: see ``connectionAge``.
public struct MutualTLS: Sendable {
    /// The own identity.
    public let svids: any SVIDSource
    /// By whose authorities peers are judged.
    public let bundles: any BundleSource
    /// Which verified peers may go on.
    public let authorizer: PeerAuthorizer
    /// What is spoken over TLS, in order of preference, such as `h2`; empty for no negotiation.
    public var applicationProtocols: [String] = []
    /// How long the own identity may take to come, and after it the handshake of a connection, at either end: a connection
    /// that does not get on is closed then.
    public var handshakeTime = Duration.seconds(10)
    /// How long a connection may last. The next one is judged anew, so this bounds how long a withdrawn identity, an
    /// authority that was removed or a changed rule goes unnoticed. Nil for no bound but the one that always holds: as long
    /// as the SVIDs of both ends are valid.
    ///
    /// What is spoken is asked to end when that time is over: HTTP and gRPC finish what was begun, other handlers hear
    /// `ChannelShouldQuiesceEvent`. Ten seconds later the connection is closed.
    public var connectionAge: Duration? = .seconds(180)
    /// How long what is spoken may take to end.
    package var grace = Duration.seconds(10)

    private let clock: any WorkloadClock
    private let logger: Logger
    private let refusals = ExplanationLimit()

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

    // MARK: Connections

    /// Makes a connection that was accepted speak TLS, and what `configure` adds over it; to be returned by the initializer of
    /// child channels.
    ///
    /// What `configure` returns lives as long as the connection: a listener that closes in this moment drops it unused, and
    /// a `NIOAsyncChannel` that is dropped so ends the process.
    public func accept<Accepted: Sendable>(
        _ channel: any Channel, configure: @escaping @Sendable (any Channel) throws -> Accepted
    ) -> EventLoopFuture<Accepted> {
        accept(channel, ending: Self.quiesce) { channel in
            channel.eventLoop.makeCompletedFuture { try configure(channel) }
        }
    }

    /// Makes a connection that was accepted speak TLS; to be called in the initializer of child channels, before
    /// handlers of protocols are added. Where that initializer returns a `NIOAsyncChannel`, use ``accept(_:configure:)``.
    public func addServerHandler(to channel: any Channel) -> EventLoopFuture<Void> {
        accept(channel, ending: Self.quiesce) { $0.eventLoop.makeSucceededVoidFuture() }
    }

    /// Makes a connection that is going to be opened speak TLS; to be called in the initializer of channels.
    public func addClientHandler(to channel: any Channel) -> EventLoopFuture<Void> {
        addClientHandler(to: channel, ending: Self.quiesce) { $0.eventLoop.makeSucceededVoidFuture() }
    }

    /// Whom the other end of a connection has proven to be; nil before the handshake is complete, after the end of the
    /// connection, and without TLS of ours. Channels of HTTP/2's streams are none of its connections.
    public static func peerID(of channel: any Channel) async -> SPIFFEID? {
        try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: PeerGate.self).peer
        }.get()
    }

    /// Asks what is spoken over a connection to come to an end, on its event loop.
    package typealias Ending = @Sendable (any Channel) -> Void

    private static let quiesce: Ending = { $0.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }

    /// Accepts what is set up in its own time; what that gives lives as long as the connection.
    package func accept<Accepted: Sendable>(
        _ channel: any Channel, then configure: @escaping @Sendable (any Channel) -> EventLoopFuture<Accepted>
    ) -> EventLoopFuture<Accepted> { accept(channel, ending: Self.quiesce, then: configure) }

    /// The same, with an end of its own.
    package func accept<Accepted: Sendable>(
        _ channel: any Channel, ending: @escaping Ending,
        then configure: @escaping @Sendable (any Channel) -> EventLoopFuture<Accepted>
    ) -> EventLoopFuture<Accepted> {
        secure(channel, ending, isAccepted: true) { material, judge in
            NIOSSLServerHandler(
                context: try NIOSSLContext(configuration: serverConfiguration(material)),
                customVerificationCallbackWithMetadata: judge)
        } then: {
            configure($0).map { accepted in
                channel.closeFuture.whenComplete { _ in withExtendedLifetime(accepted) {} }
                return accepted
            }
        }
    }

    /// Connects with an end of one's own, and what is to be done once TLS is in place.
    package func addClientHandler(
        to channel: any Channel, ending: @escaping Ending,
        then configure: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<Void> {
        secure(channel, ending, isAccepted: false) { material, judge in
            try NIOSSLClientHandler(
                context: try NIOSSLContext(configuration: clientConfiguration(material)), serverHostname: nil,
                customVerificationCallbackWithMetadata: judge)
        } then: {
            configure($0)
        }
    }

    private typealias Judge =
        @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResultWithMetadata>) -> Void

    private func secure<Result: Sendable>(
        _ channel: any Channel, _ ending: @escaping Ending, isAccepted: Bool,
        _ makeHandler: @escaping @Sendable (Material, @escaping Judge) throws -> NIOSSLHandler,
        then configure: @escaping @Sendable (any Channel) -> EventLoopFuture<Result>
    ) -> EventLoopFuture<Result> {
        let loop = channel.eventLoop
        guard loop.inEventLoop else {
            return loop.flatSubmit { secure(channel, ending, isAccepted: isAccepted, makeHandler, then: configure) }
        }
        let material = loop.makePromise(of: Material.self)
        let gate = NIOLoopBound(makeGate(ending), eventLoop: loop)
        do {
            // At once: a connection that is open already reads while the identity is asked for.
            try channel.pipeline.syncOperations.addHandler(gate.value, position: .first)
        } catch {
            material.fail(error)
            return loop.makeFailedFuture(error)
        }
        let task = material.completeWithTask { try await self.material() }
        let limit = loop.scheduleTask(in: TimeAmount(handshakeTime)) { material.fail(MutualTLSError.timedOut) }
        channel.closeFuture.whenComplete { _ in material.fail(gate.value.fault ?? ChannelError.ioOnClosedChannel) }
        material.futureResult.whenComplete { _ in
            limit.cancel()
            task.cancel()
        }
        return material.futureResult.flatMapThrowing { material in
            let handler = try makeHandler(material) { presented, verdict in
                judge(presented, verdict, for: gate, of: channel)
            }
            try channel.pipeline.syncOperations.addHandler(handler, position: .first)
            gate.value.secured(
                channel, until: material.notAfter, isConnected: isAccepted || channel.isActive)
        }.flatMap {
            configure(channel)
        }.flatMapError { error in
            // Nobody speaks for this connection. Whoever is told of the failure first takes it for gone already: it would
            // stay open, and its end would be news of a connection that is forgotten.
            channel.close(promise: nil)
            return channel.closeFuture.flatMap { loop.makeFailedFuture(error) }
        }
    }

    private func makeGate(_ ending: @escaping Ending) -> PeerGate {
        PeerGate(
            handshakeTime: TimeAmount(handshakeTime), grace: TimeAmount(grace), ending: ending,
            age: { own, peer in
                let valid = Duration.seconds(max(0, min(own, peer).seconds - clock.now().seconds))
                return TimeAmount(connectionAge.map { min($0, valid) } ?? valid)
            })
    }

    // MARK: Judging

    private func judge(
        _ presented: [NIOSSLCertificate], _ verdict: EventLoopPromise<NIOSSLVerificationResultWithMetadata>,
        for gate: NIOLoopBound<PeerGate>, of channel: any Channel
    ) {
        let judged = channel.eventLoop.makePromise(of: VerifiedX509SVID?.self)
        let task = judged.completeWithTask { await judge(presented) }
        // Whoever goes is judged no longer.
        channel.closeFuture.whenComplete { _ in
            task.cancel()
            judged.succeed(nil)
        }
        judged.futureResult.whenSuccess { svid in
            gate.value.judged = svid
            verdict.succeed(svid == nil ? .failed : .certificateVerified(VerificationMetadata(nil)))
        }
    }

    /// Judges what a peer presented; nil when it may not go on.
    func judge(_ presented: [NIOSSLCertificate]) async -> VerifiedX509SVID? {
        do {
            return try await verified(presented)
        } catch {
            // Anybody may show certificates.
            if let leftOut = refusals.take(at: clock.now().seconds) {
                var line: Logger.Metadata = ["reason": "\(error)"]
                if leftOut > 0 { line["left_out"] = "\(leftOut)" }
                logger.info("peer was refused", metadata: line)
            }
            return nil
        }
    }

    /// Fails closed: without a bundle of the peer's own trust domain nobody passes.
    func verified(_ presented: [NIOSSLCertificate]) async throws -> VerifiedX509SVID {
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

    struct Material: Sendable {
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
        let notAfter: CertificateTime
    }

    func material() async throws -> Material {
        let svid = try await svids.x509SVID()
        guard clock.now() <= svid.leaf.notAfter else {
            throw WorkloadAPIError(.expired, "\(svid.id) expired at \(svid.leaf.notAfter)")
        }
        return Material(
            chain: try svid.chain.map { .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der)) },
            key: .privateKey(try NIOSSLPrivateKey(bytes: svid.privateKey.pkcs8, format: .der)),
            notAfter: svid.leaf.notAfter)
    }

    func serverConfiguration(_ material: Material) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: material.chain, privateKey: material.key)
        configuration.certificateVerification = .noHostnameVerification
        restrict(&configuration)
        return configuration
    }

    func clientConfiguration(_ material: Material) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = material.chain
        configuration.privateKey = material.key
        configuration.certificateVerification = .noHostnameVerification
        restrict(&configuration)
        return configuration
    }

    private func restrict(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv12
        // Nobody is judged by these: the judgement is ours.
        configuration.trustRoots = .certificates([])
        configuration.applicationProtocols = applicationProtocols
    }
}
