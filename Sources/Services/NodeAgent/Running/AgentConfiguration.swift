// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// How an agent works. Facts (SPIFFE) 20, appendix B.
public struct AgentConfiguration: Sendable {
    /// Whose agent it is.
    public var trustDomain: TrustDomain
    /// What it says it is.
    public var version: String
    /// Where its first trust comes from.
    public var bootstrap: BootstrapSource
    /// Time between two rounds with the issuer.
    public var syncInterval: Duration
    /// Longest time between two looks at what is to be signed; a new subscriber is not made to wait.
    public var signingInterval: Duration
    /// SVIDs that are kept beside those that somebody reads.
    public var mostSVIDs: Int
    /// Which keys workloads get.
    public var workloadKeys: SVIDKey.Kind
    /// What callers may do.
    public var policy: WorkloadPolicy
    /// Where the processes of callers are.
    public var processes: ProcessTable

    /// A configuration; the defaults are SPIRE's.
    public init(
        trustDomain: TrustDomain, version: String, bootstrap: BootstrapSource, syncInterval: Duration = .seconds(5),
        signingInterval: Duration = .milliseconds(500), mostSVIDs: Int = 1000, workloadKeys: SVIDKey.Kind = .p256,
        policy: WorkloadPolicy = WorkloadPolicy(), processes: ProcessTable = .system
    ) {
        self.trustDomain = trustDomain
        self.version = version
        self.bootstrap = bootstrap
        self.syncInterval = syncInterval
        self.signingInterval = signingInterval
        self.mostSVIDs = mostSVIDs
        self.workloadKeys = workloadKeys
        self.policy = policy
        self.processes = processes
    }
}
