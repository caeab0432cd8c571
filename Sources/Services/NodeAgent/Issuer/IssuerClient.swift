// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// What an agent asks of the issuer of its trust domain. Facts (SPIFFE) 12, 15.4.
///
/// An adapter fills it and puts a deadline on every call. The agent tells it by ``use(_:)`` whom to trust and who it is;
/// chains come back as bytes and are judged here, not there.
public protocol IssuerClient: Sendable {
    /// Speaks with these credentials from now on; connections made with others are closed.
    func use(_ credentials: IssuerCredentials) async

    /// Proves which node this is; needs no identity.
    /// - Parameters:
    ///   - data: what the attestor knows about the node.
    ///   - request: a PKCS#10 request in DER for the agent's new key.
    ///   - answer: answers one challenge of the issuer; called any number of times.
    func attest(
        _ data: NodeAttestationData, request: [UInt8],
        answer: @Sendable ([UInt8]) async throws(IssuerClientError) -> [UInt8]
    ) async throws(IssuerClientError) -> IssuedAgentSVID

    /// Gets a new SVID for the agent in exchange for the current one.
    /// - Parameter request: a PKCS#10 request in DER for the agent's new key.
    /// - Returns: the chain in DER, leaf first.
    func renew(request: [UInt8]) async throws(IssuerClientError) -> [[UInt8]]

    /// The entries that this agent may serve, as far as they are not the known ones.
    func syncEntries(known: [EntryRevision]) async throws(IssuerClientError) -> EntryChanges

    /// SVIDs for several entries; at most 500 at once.
    /// - Returns: one answer for each request, in their order.
    func newX509SVIDs(_ requests: [X509SVIDRequest]) async throws(IssuerClientError) -> [X509SVIDAnswer]

    /// A token for the workload of one entry.
    func newJWTSVID(entryID: String, audience: [String]) async throws(IssuerClientError) -> IssuedJWTSVID

    /// The bundle of the agent's own trust domain; needs no identity.
    func bundle() async throws(IssuerClientError) -> TrustBundle

    /// The bundle of another trust domain; nil when the issuer has none.
    func federatedBundle(of trustDomain: TrustDomain) async throws(IssuerClientError) -> TrustBundle?

    /// Says which version the agent is.
    func postStatus(agentVersion: String) async throws(IssuerClientError)
}

/// Whom an agent takes for its issuer.
public enum IssuerTrust: Hashable, Sendable {
    /// Who has an SVID `spiffe://<domain>/spire/server` under these authorities; the host name does not matter.
    case bundle(X509Bundle)
    /// Whoever answers: only at the first contact, and only where the operator allowed it.
    case anybody
}

/// Whom an agent trusts, and who it is.
public struct IssuerCredentials: Hashable, Sendable {
    /// Whom it takes for its issuer.
    public let trust: IssuerTrust
    /// Its own SVID; nil before it has one.
    public let identity: AgentIdentity?

    /// Joins both.
    public init(trust: IssuerTrust, identity: AgentIdentity?) {
        self.trust = trust
        self.identity = identity
    }
}

/// What an attestor knows about the node: its type, and bytes in that type's own form. Facts (SPIFFE) 12.3.
public struct NodeAttestationData: Hashable, Sendable {
    /// `join_token` or `x509pop` for instance.
    public let type: String
    /// What the type says.
    public let payload: [UInt8]

    /// Joins both.
    public init(type: String, payload: [UInt8]) {
        self.type = type
        self.payload = payload
    }
}

/// What a successful attestation gives.
public struct IssuedAgentSVID: Hashable, Sendable {
    /// The chain in DER, leaf first.
    public let chain: [[UInt8]]
    /// Whether the node may attest again with the same data.
    public let isReattestable: Bool

    /// Joins both.
    public init(chain: [[UInt8]], isReattestable: Bool) {
        self.chain = chain
        self.isReattestable = isReattestable
    }
}

/// Which state of an entry the agent has.
public struct EntryRevision: Hashable, Sendable {
    /// The entry's ``RegistrationEntry/id``.
    public let id: String
    /// Its ``RegistrationEntry/revision``.
    public let revision: Int64
    /// Its ``RegistrationEntry/createdAt``: an entry may be deleted and made again under the same id.
    public let createdAt: Int64

    /// Joins the three.
    public init(id: String, revision: Int64, createdAt: Int64) {
        self.id = id
        self.revision = revision
        self.createdAt = createdAt
    }

    /// The state of an entry.
    public init(of entry: RegistrationEntry) {
        self.init(id: entry.id, revision: entry.revision, createdAt: entry.createdAt)
    }
}

/// What is different from what the agent has.
public struct EntryChanges: Hashable, Sendable {
    /// New entries, and known ones in their new state.
    public let updated: [RegistrationEntry]
    /// Ids of entries that the agent may serve no more.
    public let removed: Set<String>

    /// Joins both.
    public init(updated: [RegistrationEntry] = [], removed: Set<String> = []) {
        self.updated = updated
        self.removed = removed
    }
}

/// Asks for one workload's certificate.
public struct X509SVIDRequest: Hashable, Sendable {
    /// For which entry.
    public let entryID: String
    /// A PKCS#10 request in DER.
    public let request: [UInt8]

    /// Joins both.
    public init(entryID: String, request: [UInt8]) {
        self.entryID = entryID
        self.request = request
    }
}

/// What became of one request of several.
public enum X509SVIDAnswer: Hashable, Sendable {
    /// The chain in DER, leaf first.
    case issued([[UInt8]])
    /// Refused, and why.
    case refused(IssuerClientError)
}

/// A token as it came.
public struct IssuedJWTSVID: Hashable, Sendable {
    /// The token.
    public let token: String
    /// When it was issued.
    public let issuedAt: CertificateTime
    /// Its end.
    public let expiresAt: CertificateTime

    /// Joins the three.
    public init(token: String, issuedAt: CertificateTime, expiresAt: CertificateTime) {
        self.token = token
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}
