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
        name: .customLong("x509pop-mode"),
        help: ArgumentHelp(
            "Whose certificates prove nodes: those of --x509pop-ca (external_pki, unless given), or SVIDs of this trust "
                + "domain (spiffe)."))
    var x509Mode: CertificateModeArgument?
    @Option(
        name: .customLong("x509pop-svid-prefix"),
        help: ArgumentHelp(
            "How the paths of such SVIDs begin; the rest names the agent. /spire-exchange unless given.",
            valueName: "path"))
    var x509Prefix: SVIDPrefixArgument?
    @Option(
        name: .customLong("x509pop-agent-path-template"),
        help: ArgumentHelp(
            "How agents are named that a certificate proves, such as '{{ .PluginName }}/{{ .Subject.CommonName }}'.",
            valueName: "template"))
    var x509Template: String?

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
        name: .customLong("sshpop-agent-path-template"),
        help: ArgumentHelp(
            "How agents are named that a host key proves, such as '{{ .PluginName }}/{{ .Hostname }}'.",
            valueName: "template"))
    var sshTemplate: String?

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

    @OptionGroup var kubernetes: KubernetesNodeOptions

    func validate() throws {
        switch x509Mode {
        case .spiffe:
            guard x509Authorities.isEmpty else {
                throw ValidationError("--x509pop-mode spiffe takes SVIDs of this trust domain: leave --x509pop-ca out.")
            }
        case .authorities, nil:
            guard x509Prefix == nil else {
                throw ValidationError("--x509pop-svid-prefix is for --x509pop-mode spiffe: give that, too.")
            }
            guard !x509Authorities.isEmpty || (x509Mode == nil && x509Template == nil) else {
                throw ValidationError("--x509pop-… need --x509pop-ca, or --x509pop-mode spiffe.")
            }
        }
        _ = try template(x509Template, "x509pop", X509PoPAttestor.templateValues)
        guard !sshAuthorities.isEmpty || (sshDomain == nil && !acceptsSHA1 && sshTemplate == nil) else {
            throw ValidationError(
                "--sshpop-domain, --sshpop-sha1 and --sshpop-agent-path-template need --sshpop-ca.")
        }
        _ = try template(sshTemplate, "sshpop", SSHPoPAttestor.templateValues)
        guard !challengedHosts.isEmpty || (challengePort == nil && challengesHighPorts && challengesOnce) else {
            throw ValidationError("The other options of --http-challenge need --http-challenge-host.")
        }
        let isLow = challengePort.map { $0 < 1024 } ?? !challengesHighPorts
        guard challengesOnce || isLow else {
            throw ValidationError(
                "--no-http-challenge-tofu needs a port below 1024: --http-challenge-port or "
                    + "--no-http-challenge-non-root-ports.")
        }
    }

    private func template(
        _ text: String?, _ attestor: String, _ values: Set<String>
    ) throws -> AgentPathTemplate? {
        guard let text else { return nil }
        do throws(AgentPathTemplate.Fault) {
            return try AgentPathTemplate(text, names: values)
        } catch {
            let names = values.sorted().map { "{{ .\($0) }}" }.joined(separator: ", ")
            throw ValidationError("--\(attestor)-agent-path-template: \(error); there are \(names).")
        }
    }

    /// The plan that the options make.
    /// - Parameter environment: where a pod finds the API server of its own cluster.
    func plan(environment: [String: String]) throws -> NodeAttestationPlan {
        var plan = NodeAttestationPlan()
        let byCertificate = try template(x509Template, "x509pop", X509PoPAttestor.templateValues)
        if x509Mode == .spiffe {
            plan.x509 = .init(
                trust: .ownSVIDs(prefix: x509Prefix?.prefix ?? "/spire-exchange"), template: byCertificate)
        } else if !x509Authorities.isEmpty {
            plan.x509 = .init(trust: .authorities(x509Authorities), template: byCertificate)
        }
        if !sshAuthorities.isEmpty {
            plan.ssh = .init(
                authorityFiles: sshAuthorities, canonicalDomain: sshDomain?.name ?? "", acceptsSHA1: acceptsSHA1,
                template: try template(sshTemplate, "sshpop", SSHPoPAttestor.templateValues))
        }
        if !challengedHosts.isEmpty {
            plan.httpChallenge = .init(
                hosts: challengedHosts.contains(.any) ? nil : challengedHosts.map(\.pattern),
                requiredPort: challengePort, allowsHighPorts: challengesHighPorts, isFirstUseOnly: challengesOnce)
        }
        plan.clusters = try kubernetes.clusters(environment: environment)
        return plan
    }
}

/// Whose certificates prove nodes.
enum CertificateModeArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case authorities = "external_pki"
    case spiffe
}

/// What the paths of some SVIDs begin with: whole segments.
struct SVIDPrefixArgument: ExpressibleByArgument, Hashable, Sendable {
    let prefix: String

    init?(argument: String) {
        let path = argument.hasSuffix("/") ? String(argument.dropLast()) : argument
        // Without a segment every workload could become an agent, and below /spire are the issuer and its agents.
        guard path.hasPrefix("/"), (try? SPIFFEID("spiffe://domain.test\(path)"))?.isTrustDomainID == false,
            path != "/spire", !path.hasPrefix("/spire/")
        else { return nil }
        prefix = path
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
