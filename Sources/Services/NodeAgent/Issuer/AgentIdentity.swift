// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// The agent's own SVID with its key.
public struct AgentIdentity: Hashable, Sendable {
    /// Who the agent is.
    public let id: SPIFFEID
    /// The chain, leaf first.
    public let chain: [X509Certificate]
    /// The leaf's key.
    public let key: SVIDKey
    /// Whether the node may attest again with the same data.
    public let isReattestable: Bool
    /// The authority under which the chain was verified.
    let authority: X509Certificate
    /// Last moment of validity of the whole path.
    public let notAfter: CertificateTime

    /// From when on it should be replaced: half of its life, counted from its first moment, spread so that agents that
    /// attested together do not come back together. Facts (SPIFFE) 20.3, 24.
    let renewsAt: CertificateTime

    /// Joins a chain with its key.
    /// - Parameter spread: by which part of it half of the life is longer or shorter, around 1.
    /// - Throws: ``AgentIdentityError`` when the chain is no SVID of an agent of the trust domain under these
    ///   authorities, or not for this key.
    init(
        chain: [[UInt8]], key: SVIDKey, isReattestable: Bool, under bundle: X509Bundle, at time: CertificateTime,
        spread: Double = 1
    ) throws(AgentIdentityError) {
        let outcome = X509SVIDOutcome.verifying(chain: chain, against: bundle, at: time)
        guard let svid = outcome.svid else { throw .chain(outcome.faults) }
        guard svid.id.path.hasPrefix("/spire/agent/") else { throw .notAnAgent(svid.id) }
        guard svid.leaf.subjectPublicKeyInfo == key.subjectPublicKeyInfo else { throw .otherKey }
        id = svid.id
        // Parsed once more because a verified path ends with the authority, which is not presented to others.
        self.chain = chain.compactMap { try? X509Certificate(der: $0) }
        self.key = key
        self.isReattestable = isReattestable
        authority = svid.authority
        notAfter = svid.notAfter
        let lifetime = svid.leaf.notAfter.seconds - svid.leaf.notBefore.seconds
        renewsAt = svid.leaf.notBefore.advanced(by: Int64(Double(lifetime) * 0.5 * spread))
    }

    /// The leaf; every identity has one.
    public var leaf: X509Certificate { chain[0] }
}

/// Why bytes are no identity of an agent.
enum AgentIdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The chain breaks rules.
    case chain([X509SVIDFault])
    /// The ID is not below `/spire/agent/`.
    case notAnAgent(SPIFFEID)
    /// The leaf is for another key.
    case otherKey

    var description: String {
        switch self {
        case .chain(let faults): faults.map(\.description).joined(separator: "; ")
        case .notAnAgent(let id): "\(id) is no agent's ID"
        case .otherKey: "the certificate is for another key"
        }
    }
}
