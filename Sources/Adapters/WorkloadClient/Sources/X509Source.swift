// SPDX-License-Identifier: Apache-2.0

public import Logging
public import SPIFFE
internal import ServiceLifecycle

/// The X.509 identity of this process and the bundles that it may use, kept up to date while ``run()`` runs.
///
/// It waits for the first state; later it answers at once with the newest one. When the Workload API takes an identity
/// away (`permissionDenied`), nothing is given any more until there is a new one. While the endpoint is away, the newest
/// state goes on until the identity expires. Facts (SPIFFE) 8.2, 8.4.
///
/// The source itself is no sequence of its states: ``updates()`` gives one, to everybody who asks his own.
public final class X509Source: WorkloadSource, SVIDSource, BundleSource {
    private let client: WorkloadAPIClient
    private let configuration: SourceConfiguration
    private let choose: @Sendable ([X509SVID]) -> X509SVID?
    private let clock: any WorkloadClock
    private let logger: Logger
    private let state = SourceState<X509Context>()

    /// A source that is current while ``run()`` runs.
    /// - Parameters:
    ///   - client: Whom it asks.
    ///   - configuration: How long callers wait, and when it tries again.
    ///   - clock: What time it is.
    ///   - logger: Where it says what happens to it.
    ///   - choose: Picks the identity that ``x509SVID()`` gives; the default one, which is the first, unless said.
    public init(
        _ client: WorkloadAPIClient, configuration: SourceConfiguration = SourceConfiguration(),
        clock: any WorkloadClock = SystemWorkloadClock(), logger: Logger = .silent,
        choose: @escaping @Sendable ([X509SVID]) -> X509SVID? = { $0.first }
    ) {
        self.client = client
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        self.choose = choose
    }

    /// Keeps the source up to date until the task is cancelled or shutdown begins; only once.
    /// - Throws: ``WorkloadAPIError`` when the endpoint says that asking again can't help.
    public func run() async throws {
        let watch = WorkloadWatch<X509Context>(backoff: configuration.backoff, clock: clock) {
            [client] (receive) throws(WorkloadAPIError) in
            try await client.streamX509Contexts(receive)
        }
        try await state.follow(watch, logger: logger)
    }

    /// All identities and bundles.
    /// - Throws: ``WorkloadAPIError``: why there are none.
    public func context() async throws(WorkloadAPIError) -> X509Context {
        try await state.value(within: configuration.patience, clock)
    }

    /// The identity that is to be shown now.
    /// - Throws: ``WorkloadAPIError``: why there is none; `expired` when it has expired and no newer one has come.
    public func x509SVID() async throws(WorkloadAPIError) -> X509SVID {
        guard let svid = choose(try await context().svids) else { throw WorkloadAPIError(.notFound) }
        guard clock.now() <= svid.leaf.notAfter else {
            throw WorkloadAPIError(.expired, "\(svid.id) expired at \(svid.leaf.notAfter)")
        }
        return svid
    }

    /// The X.509 authorities of a trust domain; nil when this process may not use it.
    /// - Throws: ``WorkloadAPIError``: why nothing is known.
    public func bundle(of trustDomain: TrustDomain) async throws(WorkloadAPIError) -> TrustBundle? {
        try await context().bundles[trustDomain]
    }

    /// The newest state now, if there is one, then each newer one.
    public func updates() -> WorkloadUpdates<X509Context> { WorkloadUpdates(standings: state.standings()) }
}

extension Logger {
    /// Writes nothing.
    public static var silent: Logger { Logger(label: "kelmark.workload") { _ in SwiftLogNoOpLogHandler() } }
}

extension SourceState {
    /// Takes in what a watch hears until it ends; then nothing is given any more.
    func follow(_ watch: WorkloadWatch<Value>, logger: Logger) async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await watch.run { [self] update in
                    switch update {
                    case .current: logger.debug("workload state is new")
                    case .withdrawn(let error):
                        logger.warning("workload identity is withdrawn", metadata: ["error": "\(error)"])
                    case .interrupted(let error):
                        logger.info("workload endpoint is interrupted", metadata: ["error": "\(error)"])
                    }
                    receive(update)
                }
            }
        } catch {
            let error = WorkloadAPIError(error)
            end(error)
            guard error.code == .cancelled else {
                logger.error("workload source ended", metadata: ["error": "\(error)"])
                throw error
            }
        }
    }
}
