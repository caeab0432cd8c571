// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes
internal import KelmarkCrypto
public import SPIFFE

/// Fetches a text over plain HTTP; composition fills it.
public protocol HTTPChallengeFetcher: Sendable {
    /// The body of `http://host:port/path`, at most `limit` bytes of it, within some seconds. Follows no redirect, and
    /// succeeds for status 200 only.
    func fetch(host: String, port: UInt16, path: String, limit: Int) async throws -> [UInt8]
}

/// Attests nodes that answer HTTP at a DNS name. Facts (SPIFFE) 12.3.
///
/// Whoever may open the port on the node is believed, so by default only the first one is, and a port below 1024 may be
/// demanded, which only the super user opens.
public struct HTTPChallengeAttestor: NodeAttestor {
    /// `http_challenge`.
    public static let type = "http_challenge"
    /// Most bytes of an agent's name.
    static let longestName = 32

    /// Which hosts and ports are asked.
    public struct Policy: Hashable, Sendable {
        /// Host names, and `*.` with a domain for every host below it; nil for any host.
        public var hosts: [String]?
        /// The only port; nil for any that ``allowsHighPorts`` allows.
        public var requiredPort: UInt16?
        /// Whether ports from 1024 on are asked.
        public var allowsHighPorts: Bool
        /// Whether a node may attest once only.
        public var isFirstUseOnly: Bool

        /// Any host at any port, once.
        public init(
            hosts: [String]? = nil, requiredPort: UInt16? = nil, allowsHighPorts: Bool = true,
            isFirstUseOnly: Bool = true
        ) {
            self.hosts = hosts
            self.requiredPort = requiredPort
            self.allowsHighPorts = allowsHighPorts
            self.isFirstUseOnly = isFirstUseOnly
        }
    }

    private let trustDomain: TrustDomain
    private let policy: Policy
    private let fetcher: any HTTPChallengeFetcher
    private let random: RandomSource

    /// - Throws: ``IssuerError``, `invalidArgument` for a policy that would believe whoever opens a high port again and
    ///   again.
    public init(
        trustDomain: TrustDomain, policy: Policy = Policy(), fetcher: any HTTPChallengeFetcher,
        random: RandomSource = .system
    ) throws(IssuerError) {
        let isLow = policy.requiredPort.map { $0 < 1024 } ?? !policy.allowsHighPorts
        guard policy.isFirstUseOnly || isLow else {
            throw IssuerError(.invalidArgument, "nodes may attest again only at ports below 1024")
        }
        self.trustDomain = trustDomain
        self.policy = policy
        self.fetcher = fetcher
        self.random = random
    }

    /// `http_challenge`.
    public var type: String { Self.type }

    /// The payload names host, agent and port.
    public func attest(_ payload: [UInt8], from address: String?) async throws(IssuerError) -> AttestationStep {
        let data = try AttestationJSON(payload, "attestation data")
        let host = try data.text("hostname")
        try check(host)
        let name = try data.text("agentname")
        guard (1...Self.longestName).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameCharacter) else {
            throw IssuerError(.invalidArgument, "agent name is not valid")
        }
        guard let number = try data.number("port"), let port = UInt16(exactly: number), port > 0 else {
            throw IssuerError(.invalidArgument, "port is invalid")
        }
        if let required = policy.requiredPort, port != required {
            throw IssuerError(.invalidArgument, "port \(port) is not allowed to be used by this server")
        }
        guard policy.allowsHighPorts || port < 1024 else {
            throw IssuerError(.invalidArgument, "port \(port) is not allowed to be >= 1024")
        }
        let secret = try random.bytes(AttestationLimits.nonceBytes)
        let nonce = Base64URL.encodedString(secret.span)
        let node = AttestedNode(
            id: try AgentPathTemplate(of: "Hostname").agentID(
                ["PluginName": Self.type, "Hostname": host], in: trustDomain),
            selectors: Set([try? Selector(type: Self.type, value: "hostname:\(host)")].compactMap(\.self)),
            canReattest: !policy.isFirstUseOnly)
        let challenge = HTTPChallenge(host: host, port: port, name: name, nonce: nonce, node: node, fetcher: fetcher)
        return .challenge(try AttestationJSON.write(["nonce": .text(nonce)]), challenge)
    }

    private func check(_ host: String) throws(IssuerError) {
        // Only the name of another host: an address or this machine's own name would prove nothing.
        guard DNSName.isValid(host), host == host.lowercased() else {
            throw IssuerError(.invalidArgument, "hostname is not valid")
        }
        guard host != "localhost", !host.hasSuffix(".localhost") else {
            throw IssuerError(.invalidArgument, "you can not use localhost as a hostname")
        }
        guard let hosts = policy.hosts else { return }
        let isAllowed = hosts.contains { pattern in
            pattern.hasPrefix("*.")
                ? host.hasSuffix(pattern.dropFirst()) && host.count >= pattern.count : host == pattern
        }
        guard isAllowed else {
            throw IssuerError(.permissionDenied, "the requested hostname is not allowed to connect")
        }
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// The question of ``HTTPChallengeAttestor``: serve our nonce at your name.
private struct HTTPChallenge: AttestationChallenge {
    let host: String
    let port: UInt16
    let name: String
    let nonce: String
    let node: AttestedNode
    let fetcher: any HTTPChallengeFetcher

    /// The answer only says that the node serves it now.
    func answered(_ response: [UInt8]) async throws(IssuerError) -> AttestationStep {
        let served: [UInt8]
        do {
            served = try await fetcher.fetch(
                host: host, port: port, path: "/.well-known/spiffe/nodeattestor/http_challenge/\(name)/challenge",
                limit: nonce.utf8.count + 2)
        } catch {
            throw IssuerError(.permissionDenied, "challenge verification failed", cause: error)
        }
        var text = served
        while text.last == 0x0a || text.last == 0x0d { text.removeLast() }
        let expected = Array(nonce.utf8)
        guard constantTimeEquals(text.span, expected.span) else {
            throw IssuerError(.permissionDenied, "challenge verification failed: nonce mismatch")
        }
        return .attested(node)
    }
}
