// SPDX-License-Identifier: Apache-2.0

internal import IdentityHTTP

/// Every metric of the processes that serve SPIFFE. `docs/reference/metrics.md` is made of it.
enum MetricCatalog {
    /// What every process tells of itself and of the calls that it gets.
    enum Process {
        static let build = MetricDefinition(
            "build", .info, labels: ["version", "part"], help: "What runs: the version, and issuer or agent.")
        static let start = MetricDefinition(
            "start_time_seconds", .gauge, help: "When the process began to serve, in seconds since 1970.")
        static let calls = MetricDefinition(
            "rpc_duration_seconds", .histogram, labels: ["listener", "service", "method", "status"],
            help: "How long calls took that have ended, and how many they were; a stream ends with its caller.")
        static let active = MetricDefinition(
            "rpc_active", .gauge, labels: ["listener", "service"], help: "Calls and streams that go on now.")
        static let connections = MetricDefinition(
            "connections", .gauge, labels: ["listener"], help: "Connections that are open now.")

        static let all = [build, start, calls, active, connections]
    }

    /// What an issuer tells.
    enum Issuer {
        static let signed = MetricDefinition(
            "issuer_svids_signed", .counter, labels: ["type"],
            help: "SVIDs and certificates of downstream issuers that were signed and recorded.")
        static let refused = MetricDefinition(
            "issuer_issuances_refused", .counter, labels: ["type"],
            help: "What the issuer's own authority did not let it sign: limits, withdrawals, suspensions.")
        static let storeFailures = MetricDefinition(
            "issuer_store_failures", .counter, help: "Issuances that could not be recorded and were not handed out.")
        static let authorities = MetricDefinition(
            "issuer_authorities", .gauge, labels: ["kind", "status"],
            help: "Authorities of the issuer: prepared, active, old.")
        static let authorityExpiry = MetricDefinition(
            "issuer_authority_expiry_timestamp_seconds", .gauge, labels: ["kind", "status"],
            help: "Until when what an authority signs may be valid, in seconds since 1970.")
        static let identityExpiry = MetricDefinition(
            "issuer_svid_expiry_timestamp_seconds", .gauge,
            help: "When the issuer's own SVID expires, in seconds since 1970; missing while it has none.")
        static let bundleSequence = MetricDefinition(
            "issuer_bundle_sequence", .gauge, help: "The sequence number of the published bundle.")
        static let bundleAuthorities = MetricDefinition(
            "issuer_bundle_authorities", .gauge, labels: ["kind"], help: "Authorities in the published bundle.")
        static let federated = MetricDefinition(
            "issuer_federated_bundles", .gauge, help: "Bundles of foreign trust domains.")
        static let entries = MetricDefinition("issuer_entries", .gauge, help: "Registration entries.")
        static let agents = MetricDefinition(
            "issuer_agents", .gauge, labels: ["standing"],
            help: "Attested agents: those that may call, those whose SVID has expired, those that are banned.")

        static let all = [
            signed, refused, storeFailures, authorities, authorityExpiry, identityExpiry, bundleSequence,
            bundleAuthorities, federated, entries, agents,
        ]
    }

    /// What a node agent tells.
    enum Agent {
        static let phase = MetricDefinition(
            "agent_phase", .gauge, labels: ["phase"], help: "1 for the phase in which the agent is, 0 for the others.")
        static let identityExpiry = MetricDefinition(
            "agent_svid_expiry_timestamp_seconds", .gauge,
            help: "When the agent's own SVID expires, in seconds since 1970; missing while it has none.")
        static let syncAge = MetricDefinition(
            "agent_sync_age_seconds", .gauge,
            help: "How long ago the issuer last answered a whole round; missing before the first time.")
        static let failedRounds = MetricDefinition(
            "agent_sync_failed_rounds", .gauge, help: "Rounds with the issuer that failed since one last succeeded.")
        static let entries = MetricDefinition(
            "agent_entries", .gauge, help: "Registration entries that the agent may serve.")
        static let cached = MetricDefinition(
            "agent_svids_cached", .gauge, labels: ["type"], help: "SVIDs that are kept for workloads.")
        static let streams = MetricDefinition(
            "agent_workload_streams", .gauge, help: "Workloads and proxies that follow their identities.")
        static let attestations = MetricDefinition(
            "agent_workload_attestation_duration_seconds", .histogram, labels: ["attestor", "outcome"],
            help: "How long attestors took to find out about a process, and how often they found, did not, or failed.")

        static let all = [
            phase, identityExpiry, syncAge, failedRounds, entries, cached, streams, attestations,
        ]
    }

    /// The tables of `docs/reference/metrics.md`.
    static var reference: String {
        [
            ("Both", Process.all), ("The issuer", Issuer.all), ("The node agent", Agent.all),
        ].map { title, definitions in
            "## \(title)\n\n| metric | kind | labels | what |\n|---|---|---|---|\n"
                + definitions.map { definition in
                    let labels = definition.labelNames.map { "`\($0)`" }.joined(separator: ", ")
                    return
                        "| `\(definition.fullName)` | \(definition.kind.rawValue) | \(labels) | \(definition.help) |\n"
                }.joined()
        }.joined(separator: "\n")
    }
}
