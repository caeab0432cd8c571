// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERINetwork
internal import SPIFFE

/// Kubernetes clusters whose projected tokens prove nodes, as they are typed. What is said of a cluster holds for each, or,
/// with `NAME=` before it, for the one of that name.
struct KubernetesNodeOptions: ParsableArguments {
    @Option(
        name: .customLong("k8s-psat-cluster"),
        help: ArgumentHelp(
            "A Kubernetes cluster whose projected tokens prove nodes; may be repeated. What the options below say then "
                + "holds for each cluster, or, as NAME=…, for one.", valueName: "name"))
    var names: [PathSegmentArgument] = []
    @Option(
        name: .customLong("k8s-psat-service-account"),
        help: ArgumentHelp("The service account of agents; may be repeated.", valueName: "namespace:name"))
    var serviceAccounts: [String] = []
    @Option(
        name: .customLong("k8s-psat-audience"),
        help: ArgumentHelp(
            "For whom their tokens are; may be repeated. spire-server unless given.", valueName: "text"))
    var audiences: [String] = []
    @Option(
        name: .customLong("k8s-psat-node-label"),
        help: ArgumentHelp("A label of nodes that becomes a selector; may be repeated.", valueName: "name"))
    var nodeLabels: [String] = []
    @Option(
        name: .customLong("k8s-psat-pod-label"),
        help: ArgumentHelp("A label of agents' pods that becomes a selector; may be repeated.", valueName: "name"))
    var podLabels: [String] = []
    @Option(
        name: .customLong("k8s-psat-api-server"),
        help: ArgumentHelp(
            "https://host:port of the API server; that of this pod's cluster unless given.", valueName: "URL"))
    var apiServers: [String] = []
    @Option(
        name: .customLong("k8s-psat-ca-file"),
        help: ArgumentHelp(
            "Who vouches for the API server (PEM); the file that pods have for it unless given.", valueName: "file"),
        completion: .file())
    var apiAuthorities: [String] = []
    @Option(
        name: .customLong("k8s-psat-token-file"),
        help: ArgumentHelp(
            "The token of the issuer's own service account. For the API server of this pod's cluster the file that pods "
                + "have for it unless given; of several clusters each has its own, as NAME=….",
            valueName: "file"), completion: .file())
    var apiTokens: [String] = []

    /// Where Kubernetes puts what pods need to speak with it.
    private static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The values of each option, by its name.
    private var values: [(option: String, values: [String])] {
        [
            ("service-account", serviceAccounts), ("audience", audiences), ("node-label", nodeLabels),
            ("pod-label", podLabels), ("api-server", apiServers), ("ca-file", apiAuthorities),
            ("token-file", apiTokens),
        ]
    }

    func validate() throws {
        let clusters = names.map(\.segment)
        guard !clusters.isEmpty || values.allSatisfy({ $0.values.isEmpty }) else {
            throw ValidationError("The other options of --k8s-psat need --k8s-psat-cluster.")
        }
        guard Set(clusters).count == clusters.count else {
            throw ValidationError("--k8s-psat-cluster names a cluster twice: give each a name of its own.")
        }
        for (option, values) in values {
            for value in values {
                guard !Self.split(value).value.isEmpty else {
                    throw ValidationError("--k8s-psat-\(option) \(value) has no value: leave it out.")
                }
                guard let name = Self.split(value).cluster, !clusters.contains(name) else { continue }
                throw ValidationError("--k8s-psat-\(option) is for \(name), which is no --k8s-psat-cluster: add it.")
            }
        }
        for account in serviceAccounts where ServiceAccountArgument(argument: Self.split(account).value) == nil {
            throw ValidationError("--k8s-psat-service-account \(account) is not namespace:name.")
        }
        for cluster in clusters {
            guard !all(serviceAccounts, of: cluster).isEmpty else {
                throw ValidationError("--k8s-psat-cluster \(cluster) needs --k8s-psat-service-account.")
            }
            for (option, values) in values.suffix(3) where Self.competing(values, for: cluster) {
                throw ValidationError("--k8s-psat-\(option) is given twice for \(cluster): leave one out.")
            }
        }
        for cluster in clusters where one(apiServers, of: cluster) != nil {
            // A token goes to no other server than the one that it is for.
            guard token(of: cluster) != nil else {
                throw ValidationError(
                    "--k8s-psat-api-server of \(cluster) needs a token for it: --k8s-psat-token-file "
                        + "\(clusters.count > 1 ? cluster + "=" : "")FILE.")
            }
        }
        guard clusters.count <= 1 || apiTokens.allSatisfy({ Self.split($0).cluster != nil }) else {
            throw ValidationError(
                "Several clusters have several tokens: say which by --k8s-psat-token-file NAME=FILE.")
        }
        if let fault = complaint(about: clusters.map { one(apiServers, of: $0) }) {
            throw ValidationError(fault)
        }
    }

    /// The clusters that the options make.
    /// - Parameter environment: where a pod finds the API server of its own cluster.
    func clusters(environment: [String: String]) throws -> [NodeAttestationPlan.Cluster] {
        let clusters: [NodeAttestationPlan.Cluster] = try names.map(\.segment).map { name in
            let audiences = all(audiences, of: name)
            return NodeAttestationPlan.Cluster(
                name: name, serviceAccounts: Set(all(serviceAccounts, of: name)),
                audiences: audiences.isEmpty ? ["spire-server"] : audiences, nodeLabels: Set(all(nodeLabels, of: name)),
                podLabels: Set(all(podLabels, of: name)),
                server: try one(apiServers, of: name) ?? Self.apiServer(of: environment),
                authorityFile: one(apiAuthorities, of: name) ?? Self.serviceAccount + "/ca.crt",
                tokenFile: token(of: name) ?? Self.serviceAccount + "/token")
        }
        // Only here it is known where the cluster of this pod is.
        if let fault = complaint(about: clusters.map { $0.server }) {
            throw CommandFailure("KM-USAGE", fault, next: "\(Product.command) issuer serve --help")
        }
        return clusters
    }

    /// What is wrong with the API servers of the clusters, in their order; one that is nil is that of this pod's cluster.
    /// Two names for one cluster would give its nodes two identities.
    private func complaint(about servers: [String?]) -> String? {
        var seen: [String?: String] = [:]
        for (cluster, server) in zip(names.map(\.segment), servers) {
            // In one spelling: https://K.example and https://k.example:443/ are one server.
            let place = server.map { PeerURL($0)?.description ?? $0 }
            guard let other = seen.updateValue(cluster, forKey: place) else { continue }
            return "Clusters \(other) and \(cluster) have one API server, \(server ?? "that of this pod's cluster"): "
                + "leave one name out, or say which server is whose by --k8s-psat-api-server NAME=https://…."
        }
        return nil
    }

    // MARK: Values of one cluster

    /// The cluster before `=`, if there is one, and the value. Neither URLs nor paths with a folder are taken for names.
    private static func split(_ text: String) -> (cluster: String?, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, PathSegmentArgument(argument: parts[0]) != nil else { return (nil, text) }
        return (parts[0], parts[1])
    }

    /// What is said of a cluster, and of all.
    private func all(_ values: [String], of cluster: String) -> [String] {
        values.map(Self.split).filter { $0.cluster == nil || $0.cluster == cluster }.map(\.value)
    }

    /// The value for a cluster; else the one for all, unless it must be the cluster's own.
    private func one(_ values: [String], of cluster: String, own: Bool = false) -> String? {
        let values = values.map(Self.split)
        return values.first { $0.cluster == cluster }?.value ?? (own ? nil : values.first { $0.cluster == nil }?.value)
    }

    /// The token file for the API server of a cluster: of several clusters each has its own.
    private func token(of cluster: String) -> String? { one(apiTokens, of: cluster, own: names.count > 1) }

    /// Whether two values claim to be the one.
    private static func competing(_ values: [String], for cluster: String) -> Bool {
        let values = values.map(split)
        return values.count { $0.cluster == cluster } > 1 || values.count { $0.cluster == nil } > 1
    }

    private static func apiServer(of environment: [String: String]) throws -> String {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty else {
            throw CommandFailure(
                "KM-USAGE", "this is no pod of a cluster: the API server has to be named",
                next: "\(Product.command) issuer serve --help")
        }
        let port = environment["KUBERNETES_SERVICE_PORT"] ?? "443"
        return "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}

/// A name that becomes one segment of a path.
struct PathSegmentArgument: ExpressibleByArgument, Hashable, Sendable {
    let segment: String

    init?(argument: String) {
        guard !argument.contains("/"), (try? SPIFFEID("spiffe://domain.test/\(argument)")) != nil else { return nil }
        segment = argument
    }
}

/// A service account of Kubernetes: `namespace:name`.
struct ServiceAccountArgument: ExpressibleByArgument, Hashable, Sendable {
    let account: String

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.contains { $0.isWhitespace } }) else {
            return nil
        }
        account = argument
    }
}
