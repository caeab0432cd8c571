// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Attests nodes of Kubernetes by the projected token of the agent's service account. Facts (SPIFFE) 12.3.
///
/// Nothing of the token is read here: the cluster itself says whose it is, and of which pod on which node.
public struct KubernetesPSATAttestor: NodeAttestor {
    /// `k8s_psat`.
    public static let type = "k8s_psat"

    /// A cluster whose tokens count.
    public struct Cluster: Sendable {
        /// Service accounts of agents, each as `namespace:name`.
        public var serviceAccounts: Set<String>
        /// For whom tokens must be; empty for the API server itself.
        public var audiences: [String]
        /// Labels of nodes that become selectors.
        public var nodeLabels: Set<String>
        /// Labels of pods that become selectors.
        public var podLabels: Set<String>
        /// How its API server is asked.
        public var transport: any KubernetesTransport

        /// Collects the settings.
        public init(
            serviceAccounts: Set<String>, audiences: [String] = ["spire-server"], nodeLabels: Set<String> = [],
            podLabels: Set<String> = [], transport: any KubernetesTransport
        ) {
            self.serviceAccounts = serviceAccounts
            self.audiences = audiences
            self.nodeLabels = nodeLabels
            self.podLabels = podLabels
            self.transport = transport
        }
    }

    private let trustDomain: TrustDomain
    private let clusters: [String: Cluster]

    /// - Parameter clusters: by the names that agents use.
    public init(trustDomain: TrustDomain, clusters: [String: Cluster]) {
        self.trustDomain = trustDomain
        self.clusters = clusters
    }

    /// `k8s_psat`.
    public var type: String { Self.type }

    /// The payload names the cluster and holds the token.
    public func attest(_ payload: [UInt8], from address: String?) async throws(IssuerError) -> AttestationStep {
        let data = try AttestationJSON(payload, "attestation data")
        let name = try data.text("cluster")
        let text = try data.text("token")
        guard !name.isEmpty else { throw IssuerError(.invalidArgument, "missing cluster in attestation data") }
        guard !text.isEmpty else { throw IssuerError(.invalidArgument, "missing token in attestation data") }
        guard let cluster = clusters[name] else {
            throw IssuerError(.invalidArgument, "not configured for cluster \"\(name)\"")
        }
        let review = KubernetesReview(transport: cluster.transport)
        let token = try await review.token(text, audiences: cluster.audiences)
        let account = "\(token.namespace):\(token.serviceAccount)"
        guard cluster.serviceAccounts.contains(account) else {
            throw IssuerError(.permissionDenied, "\"\(account)\" is not an allowed service account")
        }
        let pod = try await review.pod(token.podName, in: token.namespace)
        // Another pod may have taken the name of the one that the token was made for.
        guard pod.uid == token.podUID else {
            throw IssuerError(.permissionDenied, "the pod of the token is gone")
        }
        let node = try await review.node(pod.node)

        var values = [
            "cluster:\(name)", "agent_ns:\(token.namespace)", "agent_sa:\(token.serviceAccount)",
            "agent_pod_name:\(token.podName)", "agent_pod_uid:\(token.podUID)", "agent_node_name:\(pod.node)",
            "agent_node_uid:\(node.uid)",
        ]
        if !pod.hostIP.isEmpty { values.append("agent_node_ip:\(pod.hostIP)") }
        for (label, value) in node.labels where cluster.nodeLabels.contains(label) {
            values.append("agent_node_label:\(label):\(value)")
        }
        for (label, value) in pod.labels where cluster.podLabels.contains(label) {
            values.append("agent_pod_label:\(label):\(value)")
        }
        let id: SPIFFEID
        do {
            id = try SPIFFEID(trustDomain: trustDomain, path: "/spire/agent/\(Self.type)/\(name)/\(node.uid)")
        } catch {
            throw IssuerError(.permissionDenied, "failed to create spiffe ID", cause: error)
        }
        return .attested(
            AttestedNode(
                id: id, selectors: Set(values.compactMap { try? Selector(type: Self.type, value: $0) }),
                canReattest: true))
    }
}
