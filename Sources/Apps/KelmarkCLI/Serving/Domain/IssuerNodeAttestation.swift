// SPDX-License-Identifier: Apache-2.0

internal import IdentityHTTP
internal import Issuer
internal import SPIFFE

/// How nodes may prove what they are to an issuer that is served, beside join tokens. Flags fill it.
struct NodeAttestationPlan: Sendable {
    /// `sshpop`.
    struct SSH: Hashable, Sendable {
        /// Files with public keys of authorities, one a line, as `ssh-keygen` writes them.
        var authorityFiles: [String]
        /// The domain in which hosts lie; empty for any.
        var canonicalDomain = ""
        /// Whether RSA keys may prove themselves with SHA-1, as SPIRE's agents do.
        var acceptsSHA1 = false
        /// How agents are named; nil for the fingerprint.
        var template: AgentPathTemplate?
    }

    /// `k8s_psat`: a cluster whose tokens count.
    struct Cluster: Hashable, Sendable {
        var name: String
        /// Each as `namespace:name`.
        var serviceAccounts: Set<String>
        var audiences: [String]
        var nodeLabels: Set<String> = []
        var podLabels: Set<String> = []
        /// `https://host:port` of its API server.
        var server: String
        /// Who vouches for that; a PEM file.
        var authorityFile: String
        /// The file with the token of the issuer's own service account.
        var tokenFile: String
    }

    /// `x509pop`.
    struct Certificates: Hashable, Sendable {
        /// Whose certificates count.
        enum Trust: Hashable, Sendable {
            /// Those of authorities elsewhere; PEM files.
            case authorities([String])
            /// SVIDs of the own trust domain whose path begins so; the rest names the agent.
            case ownSVIDs(prefix: String)
        }

        var trust: Trust
        /// How agents are named; nil for the fingerprint, or the rest of the SVID's path.
        var template: AgentPathTemplate?
    }

    var x509: Certificates?
    var ssh: SSH?
    var httpChallenge: HTTPChallengeAttestor.Policy?
    var clusters: [Cluster] = []

    /// The attestors of the plan.
    /// - Parameter ownBundle: the authorities of the trust domain, for nodes that have SVIDs of it.
    /// - Throws: when a file can't be read, or a setting is none.
    func attestors(
        for domain: TrustDomain, clock: any IssuerClock, ownBundle: @escaping @Sendable () async throws -> X509Bundle
    ) throws -> [any NodeAttestor] {
        var attestors: [any NodeAttestor] = []
        if let x509 {
            let trust: X509PoPAttestor.Trust
            switch x509.trust {
            case .authorities(let files):
                // Read at once, so that a wrong file is told before anybody is served, and anew at each attestation.
                let load: @Sendable () throws -> [X509Certificate] = {
                    try files.flatMap { try Self.certificates(inFile: $0) }
                }
                _ = try load()
                trust = .authorities { try load() }
            case .ownSVIDs(let prefix): trust = .ownSVIDs(prefix: prefix, bundle: ownBundle)
            }
            attestors.append(X509PoPAttestor(trustDomain: domain, trust: trust, template: x509.template, clock: clock))
        }
        if let ssh {
            attestors.append(
                SSHPoPAttestor(
                    trustDomain: domain, authorities: try ssh.authorityFiles.flatMap { try Self.keys(inFile: $0) },
                    canonicalDomain: ssh.canonicalDomain, template: ssh.template, acceptsSHA1Proofs: ssh.acceptsSHA1,
                    clock: clock))
        }
        if let httpChallenge {
            attestors.append(
                try HTTPChallengeAttestor(trustDomain: domain, policy: httpChallenge, fetcher: HTTPChallengeClient()))
        }
        if !clusters.isEmpty {
            attestors.append(
                KubernetesPSATAttestor(
                    trustDomain: domain,
                    clusters: Dictionary(
                        try clusters.map { ($0.name, try Self.cluster($0)) }, uniquingKeysWith: { first, _ in first })))
        }
        return attestors
    }

    private static let largestFile = 1 << 20

    private static func certificates(inFile path: String) throws -> [X509Certificate] {
        let text = String(decoding: try DurableFile.read(path, atMost: largestFile), as: UTF8.self)
        guard
            let certificates = try? CertificateEncoding.certificates(inPEM: text, most: 1000).map({
                try X509Certificate(der: $0)
            }),
            !certificates.isEmpty
        else { throw CommandFailure("KM-ISSUER-FILE", "\(path) holds no certificates in PEM") }
        return certificates
    }

    /// Keys as `authorized_keys` has them, without options; empty lines and comments count for nothing.
    private static func keys(inFile path: String) throws -> [SSHPublicKey] {
        let text = String(decoding: try DurableFile.read(path, atMost: largestFile), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).filter { line in
            line.contains { !$0.isWhitespace } && !line.hasPrefix("#")
        }
        do throws(IssuerError) {
            var keys: [SSHPublicKey] = []
            for line in lines { keys.append(try SSHPublicKey(line: String(line))) }
            guard !keys.isEmpty else { throw IssuerError(.invalidArgument, "there is none") }
            return keys
        } catch {
            throw CommandFailure("KM-ISSUER-FILE", "\(path) holds no public keys of OpenSSH: \(error.message)")
        }
    }

    private static func cluster(_ cluster: Cluster) throws -> KubernetesPSATAttestor.Cluster {
        let (authorities, token) = (cluster.authorityFile, cluster.tokenFile)
        do throws(NodeRequestError) {
            return KubernetesPSATAttestor.Cluster(
                serviceAccounts: cluster.serviceAccounts, audiences: cluster.audiences,
                nodeLabels: cluster.nodeLabels, podLabels: cluster.podLabels,
                transport: try KubernetesAPIClient(
                    server: cluster.server,
                    authorities: { try DurableFile.read(authorities, atMost: largestFile) },
                    token: {
                        let bytes = try DurableFile.read(token, atMost: 1 << 16)
                        return String(String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline })
                    }))
        } catch {
            throw CommandFailure("KM-USAGE", "\(cluster.server): \(error.detail)")
        }
    }
}
