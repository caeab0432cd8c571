// SPDX-License-Identifier: Apache-2.0

/// Which verified peers may go on: a rule about SPIFFE IDs, with a name for the log.
///
/// It is asked after verification, never instead of it. Facts (SPIFFE) 3.2, step 5.
public struct PeerAuthorizer: Sendable, CustomStringConvertible {
    /// The rule in a few words.
    public let description: String
    private let admits: @Sendable (SPIFFEID) -> Bool

    /// A rule of one's own.
    public init(_ description: String, admits: @escaping @Sendable (SPIFFEID) -> Bool) {
        self.description = description
        self.admits = admits
    }

    /// Whoever was verified, of whatever trust domain the verifier has a bundle of.
    public static let any = PeerAuthorizer("any") { _ in true }

    /// Nobody: what an empty configuration means.
    public static let nobody = PeerAuthorizer("nobody") { _ in false }

    /// One identity.
    public static func exactly(_ id: SPIFFEID) -> PeerAuthorizer { PeerAuthorizer("exactly \(id)") { $0 == id } }

    /// One of several identities; nobody when there are none.
    public static func oneOf(_ ids: Set<SPIFFEID>) -> PeerAuthorizer {
        PeerAuthorizer("one of \(ids.count)") { ids.contains($0) }
    }

    /// Whoever is of one trust domain.
    public static func member(of trustDomain: TrustDomain) -> PeerAuthorizer {
        PeerAuthorizer("member of \(trustDomain)") { $0.trustDomain == trustDomain }
    }

    /// Whether a peer may go on. An ID without a path names a trust domain, not a peer, and may not.
    public func allows(_ id: SPIFFEID) -> Bool { !id.isTrustDomainID && admits(id) }
}
