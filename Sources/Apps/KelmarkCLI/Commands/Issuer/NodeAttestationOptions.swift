// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Issuer
internal import SPIFFE

/// How nodes may prove what they are beside join tokens, as it is typed.
struct NodeAttestationOptions: ParsableArguments {
    @Option(
        name: .customLong("x509pop-ca"),
        help: ArgumentHelp("Authorities (PEM) whose certificates prove nodes; may be repeated.", valueName: "file"),
        completion: .file())
    var x509Authorities: [String] = []

    @Option(
        name: .customLong("sshpop-ca"),
        help: ArgumentHelp(
            "Public keys of OpenSSH whose host certificates prove nodes, one a line; may be repeated.",
            valueName: "file"), completion: .file())
    var sshAuthorities: [String] = []
    @Option(
        name: .customLong("sshpop-domain"),
        help: ArgumentHelp("The domain in which the hosts of those certificates lie.", valueName: "name"))
    var sshDomain: HostNameArgument?
    @Flag(
        name: .customLong("sshpop-sha1"), help: "Let RSA host keys prove themselves with SHA-1, as SPIRE's agents do.")
    var acceptsSHA1 = false

    @Option(
        name: .customLong("http-challenge-host"),
        help: ArgumentHelp(
            "A host, *.domain, or * for all, that proves itself by what it serves; may be repeated.",
            valueName: "pattern"))
    var challengedHosts: [HostPatternArgument] = []
    @Option(
        name: .customLong("http-challenge-port"),
        help: ArgumentHelp("The only port that such hosts are asked at.", valueName: "port"))
    var challengePort: UInt16?
    @Flag(
        name: .customLong("http-challenge-non-root-ports"), inversion: .prefixedNo,
        help: "Whether ports from 1024 on are asked, which every user of a node may open.")
    var challengesHighPorts = true
    @Flag(
        name: .customLong("http-challenge-tofu"), inversion: .prefixedNo,
        help: "Whether only the first is believed who proves to be a host. Needed unless the port is below 1024.")
    var challengesOnce = true

    @Option(
        name: .customLong("k8s-psat-cluster"),
        help: ArgumentHelp("A Kubernetes cluster whose projected tokens prove nodes.", valueName: "name"))
    var cluster: PathSegmentArgument?
    @Option(
        name: .customLong("k8s-psat-service-account"),
        help: ArgumentHelp("The service account of agents; may be repeated.", valueName: "namespace:name"))
    var serviceAccounts: [ServiceAccountArgument] = []
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
    var apiServer: String?
    @Option(
        name: .customLong("k8s-psat-ca-file"),
        help: ArgumentHelp("Who vouches for the API server (PEM).", valueName: "file"), completion: .file())
    var apiAuthorities = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    @Option(
        name: .customLong("k8s-psat-token-file"),
        help: ArgumentHelp("The token of the issuer's own service account.", valueName: "file"), completion: .file())
    var apiToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"

    func validate() throws {
        guard !sshAuthorities.isEmpty || (sshDomain == nil && !acceptsSHA1) else {
            throw ValidationError("--sshpop-domain and --sshpop-sha1 need --sshpop-ca.")
        }
        guard !challengedHosts.isEmpty || (challengePort == nil && challengesHighPorts && challengesOnce) else {
            throw ValidationError("The other options of --http-challenge need --http-challenge-host.")
        }
        let isLow = challengePort.map { $0 < 1024 } ?? !challengesHighPorts
        guard challengesOnce || isLow else {
            throw ValidationError(
                "--no-http-challenge-tofu needs a port below 1024: --http-challenge-port or "
                    + "--no-http-challenge-non-root-ports.")
        }
        guard
            cluster != nil
                || (serviceAccounts.isEmpty && audiences.isEmpty && nodeLabels.isEmpty
                    && podLabels.isEmpty && apiServer == nil)
        else { throw ValidationError("The other options of --k8s-psat need --k8s-psat-cluster.") }
        guard cluster == nil || !serviceAccounts.isEmpty else {
            throw ValidationError("--k8s-psat-cluster needs --k8s-psat-service-account.")
        }
    }

    /// The plan that the options make.
    /// - Parameter environment: where a pod finds the API server of its own cluster.
    func plan(environment: [String: String]) throws -> NodeAttestationPlan {
        var plan = NodeAttestationPlan()
        plan.x509Authorities = x509Authorities
        if !sshAuthorities.isEmpty {
            plan.ssh = .init(
                authorityFiles: sshAuthorities, canonicalDomain: sshDomain?.name ?? "", acceptsSHA1: acceptsSHA1)
        }
        if !challengedHosts.isEmpty {
            plan.httpChallenge = .init(
                hosts: challengedHosts.contains(.any) ? nil : challengedHosts.map(\.pattern),
                requiredPort: challengePort, allowsHighPorts: challengesHighPorts, isFirstUseOnly: challengesOnce)
        }
        if let cluster {
            plan.clusters = [
                .init(
                    name: cluster.segment, serviceAccounts: Set(serviceAccounts.map(\.account)),
                    audiences: audiences.isEmpty ? ["spire-server"] : audiences, nodeLabels: Set(nodeLabels),
                    podLabels: Set(podLabels), server: try apiServer ?? Self.apiServer(of: environment),
                    authorityFile: apiAuthorities, tokenFile: apiToken)
            ]
        }
        return plan
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

/// A host name as it is typed.
struct HostNameArgument: ExpressibleByArgument, Hashable, Sendable {
    let name: String

    init?(argument: String) {
        guard DNSName.isValid(argument), argument == argument.lowercased() else { return nil }
        name = argument
    }
}

/// A host name, `*.` and a domain for every host below it, or `*`.
struct HostPatternArgument: ExpressibleByArgument, Hashable, Sendable {
    /// Every host.
    static let any = HostPatternArgument(pattern: "*")

    let pattern: String

    private init(pattern: String) { self.pattern = pattern }

    init?(argument: String) {
        let host = argument.hasPrefix("*.") ? String(argument.dropFirst(2)) : argument
        guard argument == "*" || HostNameArgument(argument: host) != nil else { return nil }
        self.init(pattern: argument)
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
