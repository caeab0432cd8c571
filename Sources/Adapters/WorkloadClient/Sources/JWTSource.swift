// SPDX-License-Identifier: Apache-2.0

public import Logging
public import SPIFFE

/// Tokens for this process, fetched when asked for, and the bundles that judge those of others, kept up to date while
/// ``run()`` runs. It treats withdrawal and absence as ``X509Source`` does, and is no sequence either: ``updates()`` gives one.
public final class JWTSource: WorkloadSource, BundleSource {
    private let client: WorkloadAPIClient
    private let configuration: SourceConfiguration
    private let leeway: TokenLeeway
    private let clock: any WorkloadClock
    private let logger: Logger
    private let state = SourceState<BundleMap>()

    /// A source that is current while ``run()`` runs.
    /// - Parameters:
    ///   - client: Whom it asks.
    ///   - configuration: How long callers wait, and when it tries again.
    ///   - leeway: By how much clocks may differ when tokens are judged.
    ///   - clock: What time it is.
    ///   - logger: Where it says what happens to it.
    public init(
        _ client: WorkloadAPIClient, configuration: SourceConfiguration = SourceConfiguration(),
        leeway: TokenLeeway = .standard, clock: any WorkloadClock = SystemWorkloadClock(), logger: Logger = .silent
    ) {
        self.client = client
        self.configuration = configuration
        self.leeway = leeway
        self.clock = clock
        self.logger = logger
    }

    /// Keeps the bundles up to date until the task is cancelled or shutdown begins; only once.
    /// - Throws: ``WorkloadAPIError`` when the endpoint says that asking again can't help.
    public func run() async throws {
        let watch = WorkloadWatch<BundleMap>(backoff: configuration.backoff, clock: clock) {
            [client] (receive) throws(WorkloadAPIError) in
            try await client.streamJWTBundles(receive)
        }
        try await state.follow(watch, logger: logger)
    }

    /// A token for one audience. Each call asks the endpoint, which keeps tokens while they are fresh.
    /// - Throws: ``WorkloadAPIError``.
    public func jwtSVID(audience: String, subject: SPIFFEID? = nil) async throws(WorkloadAPIError) -> JWTSVIDDocument {
        try await client.fetchJWTSVID(audience: audience, subject: subject)
    }

    /// Judges a token that somebody showed, by the bundle of its subject's trust domain, without a call.
    /// - Parameters:
    ///   - token: What was shown, in its compact form.
    ///   - audience: Under which name this process knows itself; the token must list it.
    /// - Throws: ``WorkloadAPIError``: why there are no bundles.
    public func validate(_ token: String, audience: String) async throws(WorkloadAPIError) -> JWTSVIDOutcome {
        let bundles = try await bundles()
        return JWTSVIDOutcome.verifying(token, audience: audience, at: clock.now(), leeway: leeway) {
            bundles[$0]?.jwtBundle
        }
    }

    /// All bundles.
    /// - Throws: ``WorkloadAPIError``: why there are none.
    public func bundles() async throws(WorkloadAPIError) -> BundleMap {
        try await state.value(within: configuration.patience, clock)
    }

    /// The JWT authorities of a trust domain; nil when this process may not use it.
    /// - Throws: ``WorkloadAPIError``: why nothing is known.
    public func bundle(of trustDomain: TrustDomain) async throws(WorkloadAPIError) -> TrustBundle? {
        try await bundles()[trustDomain]
    }

    /// The newest state now, if there is one, then each newer one.
    public func updates() -> WorkloadUpdates<BundleMap> { WorkloadUpdates(standings: state.standings()) }
}
