// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import IdentityHTTP
internal import Issuer
internal import KelmarkCrypto
internal import Logging
internal import SPIFFE
internal import ServiceLifecycle
internal import StorageSQLite

/// An issuer with everything that it is made of, ready to be served.
struct IssuerHost: Sendable {
    /// How it is to be.
    struct Plan: Sendable {
        var configuration: IssuerConfiguration
        /// Where its file and its keys are.
        var folder: String
        var gate: any AuthorityGate
        var authorizer: any IssuanceAuthorizer
        /// How nodes may prove what they are.
        var nodes = NodeAttestationPlan()
        /// Who certifies X.509 authorities; nil for roots of its own.
        var upstream: (any UpstreamAuthority)?
        var administrators: Set<SPIFFEID> = []
        var limits = RateLimits()
        /// When agents are forgotten; nil for never.
        var pruning: RegistrationSweep.AgentPruning?
        /// What stands behind its keys, for operators.
        var standing = "claimed"
    }

    let plan: Plan
    let facades: IssuerFacades
    let rotation: RotationService
    let authorities: AuthorityService
    let logger: Logger
    let issuance: IssuanceMeter
    private let admissions: AdmissionUpkeep
    private let upstreamSync: UpstreamSync?
    private let sweep: RegistrationSweep
    private let poller: BundlePoller
    private let listening = ListeningFlag()

    /// Opens the file and the keys of an issuer, and makes the authorities and the identity that are due.
    static func open(
        _ plan: Plan, vault: any KeyVault, log: String, levels: LogLevelSwitch, logger: Logger
    ) async throws -> IssuerHost {
        let clock = SystemIssuerClock()
        let domain = plan.configuration.trustDomain
        let store = try SQLiteIssuerStore(path: plan.folder + "/" + Product.HomeFile.issuerStore)
        let blinding = try await LeafBlinding.open(log: log, in: vault)
        let authorities = try await AuthorityService.open(
            configuration: plan.configuration, keys: try await VaultAuthorityKeys.open(vault), store: store,
            gate: plan.gate, upstream: plan.upstream, audit: store, clock: clock, logger: logger)
        let issuance = IssuanceMeter()
        let issuing = IssuingService(
            authorities: authorities, store: MeteredIssuances(store: store, meter: issuance),
            authorizer: MeteredAuthorizer(authorizer: plan.authorizer, meter: issuance), blinding: blinding,
            logger: logger)
        let rotation = RotationService(authorities: authorities, issuing: issuing, logger: logger)
        let directory = try await RegistrationDirectory.open(trustDomain: domain, store: store)
        let limiter = RateLimiter(plan.limits, clock: clock)
        let bundles = BundleService(authorities)
        let attestors = try plan.nodes.attestors(for: domain, clock: clock) { bundles.bundle.x509Bundle }
        let agents = AgentService(
            directory, attestors: [JoinTokenAttestor(directory, clock: clock)] + attestors, signer: issuing,
            limiter: limiter, clock: clock)
        let entries = EntryService(directory, clock: clock)
        let sweep = RegistrationSweep(
            entries: entries, agents: agents, pruning: plan.pruning, clock: clock, logger: logger)
        let poller = BundlePoller(
            directory, fetcher: HTTPSBundleFetcher(now: { clock.now() }), ownBundle: { bundles.bundle.x509Bundle },
            clock: clock, logger: logger)
        let facades = IssuerFacades(
            issuing: issuing, authorities: authorities, entries: entries, agents: agents,
            federation: FederationService(directory),
            authorization: CallAuthorization(
                directory, agents: agents, administrators: plan.administrators, clock: clock),
            limiter: limiter, audit: AuditTrail(store: store, blinding: blinding), clock: clock, levels: levels,
            identity: { rotation.serverIdentity?.svid }, refreshBundle: { try await poller.refresh($0.name) })
        let admissions = AdmissionUpkeep(authorities: authorities, logger: logger)
        await admissions.look()
        await rotation.look()
        return IssuerHost(
            plan: plan, facades: facades, rotation: rotation, authorities: authorities, logger: logger,
            issuance: issuance, admissions: admissions,
            upstreamSync: (plan.upstream as? any UpstreamIssuer).map { above in
                UpstreamSync(authorities: authorities, upstream: above, logger: logger)
            }, sweep: sweep, poller: poller)
    }

    /// What looks after authorities, entries, tokens and foreign bundles while the issuer is served.
    func upkeep() -> [any Service] {
        var services: [any Service] = [rotation, admissions, sweep, poller]
        if let upstreamSync { services.append(upstreamSync) }
        return services
    }

    /// Raises the flag of the health endpoint when the server of the issuer listens.
    func notice(of server: IssuerGRPCServer) -> some Service {
        ListeningNotice(listening) { try await server.ready() }
    }

    /// Whether it can sign, in words for health endpoints.
    func health() -> HealthEndpoint {
        HealthEndpoint([
            HealthCheck("server.ca") { [facades, standing = plan.standing] in
                await facades.isHealthy() ? .healthy(standing) : .notReady("no authority can sign")
            },
            HealthCheck("server") { [rotation] in
                rotation.serverIdentity == nil ? .notReady("the issuer has no SVID of its own") : .healthy
            },
            listening.check("server.listeners"),
        ])
    }
}

/// The bundle of an issuer that runs in this process.
struct OwnBundleSource: BundleSource {
    let bundles: BundleService

    func bundle(of trustDomain: TrustDomain) -> TrustBundle? {
        let bundle = bundles.bundle
        return bundle.trustDomain == trustDomain ? bundle : nil
    }
}

/// The SVID of an issuer that runs in this process.
struct OwnSVIDSource: SVIDSource {
    let rotation: RotationService

    func x509SVID() throws -> X509SVID {
        guard let identity = rotation.serverIdentity else {
            throw IssuerError(.unavailable, "the issuer has no SVID of its own yet")
        }
        return identity.svid
    }
}
