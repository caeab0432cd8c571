// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import IdentityHTTP
internal import NodeAgent
internal import SPIFFE

/// What a node agent tells.
struct AgentMetrics: Sendable {
    /// The phases by their names; why an agent stopped is in its log.
    private static let phases = ["starting", "bootstrapping", "attesting", "synchronising", "serving", "stopped"]

    private let health: @Sendable () -> AgentHealth
    private let attestations: AttestationMeter
    private let process: ProcessMetrics

    /// - Parameters:
    ///   - health: how the agent is.
    ///   - attestations: what its attestors are timed by.
    ///   - meters: those of its listeners.
    init(health: @escaping @Sendable () -> AgentHealth, attestations: AttestationMeter, meters: [CallMeter]) {
        self.health = health
        self.attestations = attestations
        process = ProcessMetrics(part: "agent", meters: meters, start: health().at)
    }

    /// What `/metrics` answers.
    var endpoint: MetricsEndpoint { MetricsEndpoint { families() } }

    /// The families of ``MetricCatalog/Process`` and ``MetricCatalog/Agent``.
    func families() -> [MetricFamily] {
        typealias Catalog = MetricCatalog.Agent
        let health = self.health()
        let phase: String = if case .stopped = health.phase { "stopped" } else { health.phase.description }
        return process.families() + [
            Catalog.phase.numbers(Self.phases.map { MetricDefinition.Row($0 == phase ? 1 : 0, [$0]) }),
            Catalog.identityExpiry.number(health.identityExpiresAt.map { Double($0.seconds) }),
            // A clock that was set back makes no negative age.
            Catalog.syncAge.number(health.synchronisedAt.map { Double(max(0, health.at.seconds - $0.seconds)) }),
            Catalog.failedRounds.number(Double(health.failedRounds)),
            Catalog.entries.number(Double(health.entries)),
            Catalog.cached.numbers([
                MetricDefinition.Row(Double(health.x509SVIDs), ["x509"]),
                MetricDefinition.Row(Double(health.tokens), ["jwt"]),
            ]),
            Catalog.streams.number(Double(health.subscribers)),
            Catalog.attestations.distributions(attestations.distributions),
        ]
    }
}
