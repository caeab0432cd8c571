// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// How an agent is, for health endpoints and metrics. Facts (SPIFFE) 19.3.
public struct AgentHealth: Hashable, Sendable {
    /// Where it stands.
    public let phase: AgentPhase
    /// Whether workloads are answered at all.
    public let answersWorkloads: Bool
    /// End of the agent's own SVID; nil before it has one.
    public let identityExpiresAt: CertificateTime?
    /// When the issuer last answered a whole round; nil before the first time.
    public let synchronisedAt: CertificateTime?
    /// Rounds that failed since.
    public let failedRounds: Int
    /// Entries that the agent may serve.
    public let entries: Int
    /// X.509-SVIDs in the cache.
    public let x509SVIDs: Int
    /// Tokens in the cache.
    public let tokens: Int
    /// Streams that are open.
    public let subscribers: Int
    /// When this was looked at.
    public let at: CertificateTime

    /// Whether the process should go on: it has not stopped.
    public var isLive: Bool {
        if case .stopped = phase { false } else { true }
    }

    /// Whether workloads should come: they are answered, and the agent's own SVID has not run out, so that it can get
    /// them new ones.
    public var isReady: Bool { answersWorkloads && identityExpiresAt.map { $0 >= at } ?? false }
}
