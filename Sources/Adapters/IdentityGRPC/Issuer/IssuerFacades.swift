// SPDX-License-Identifier: Apache-2.0

package import Issuer
package import SPIFFE

/// What the issuer's gRPC services stand on: one set for all listeners.
package struct IssuerFacades: Sendable {
    /// Signs SVIDs.
    package let issuing: IssuingService
    /// The issuer's own authorities.
    package let authorities: AuthorityService
    /// The bundle of the own trust domain.
    package let bundles: BundleService
    /// Registration entries.
    package let entries: EntryService
    /// Agents and join tokens.
    package let agents: AgentService
    /// Bundles of foreign trust domains and where they come from.
    package let federation: FederationService
    /// Who may make which call.
    package let authorization: CallAuthorization
    /// How often callers may ask. The agent service must have the same one.
    package let limiter: RateLimiter
    /// Where what callers change is recorded.
    package let audit: AuditTrail
    /// Time.
    package let clock: any IssuerClock
    /// What the issuer shows to those who connect: the newest, asked for each connection; nil until it has one.
    package let identity: @Sendable () -> X509SVID?
    /// Fetches the bundle of a foreign trust domain now.
    /// - Throws: ``IssuerError``, `notFound` without a relationship.
    package let refreshBundle: @Sendable (TrustDomain) async throws -> Void
    /// Whether the issuer can sign now.
    package let isHealthy: @Sendable () async -> Bool
    /// What is logged.
    package let levels: LogLevelSwitch

    /// Collects the parts.
    /// - Parameters:
    ///   - refreshBundle: nil where nothing is fetched: then every call for it is answered `unimplemented`.
    ///   - isHealthy: nil to ask whether an authority can sign.
    package init(
        issuing: IssuingService, authorities: AuthorityService, entries: EntryService, agents: AgentService,
        federation: FederationService, authorization: CallAuthorization, limiter: RateLimiter, audit: AuditTrail,
        clock: any IssuerClock, levels: LogLevelSwitch, identity: @escaping @Sendable () -> X509SVID?,
        refreshBundle: (@Sendable (TrustDomain) async throws -> Void)? = nil,
        isHealthy: (@Sendable () async -> Bool)? = nil
    ) {
        self.issuing = issuing
        self.authorities = authorities
        bundles = BundleService(authorities)
        self.entries = entries
        self.agents = agents
        self.federation = federation
        self.authorization = authorization
        self.limiter = limiter
        self.audit = audit
        self.clock = clock
        self.levels = levels
        self.identity = identity
        self.refreshBundle =
            refreshBundle ?? { _ in throw IssuerError(.unimplemented, "bundles are not fetched by this issuer") }
        self.isHealthy =
            isHealthy ?? {
                guard let active = authorities.state.x509.active else { return false }
                return clock.now() < active.notAfter
            }
    }
}

extension IssuerClock {
    /// Runs a conversation that must be over after some time.
    /// - Throws: `deadlineExceeded` when it is not; what `body` throws.
    func limited(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                try await sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            guard try await group.next() == true else {
                throw IssuerError(.deadlineExceeded, "the call took too long")
            }
        }
    }
}
