// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// One authority of this issuer: its key, what it was admitted as, and how it stands.
public struct AuthorityEntry: Hashable, Sendable {
    /// How an authority stands. The raw values are those of SPIRE's journal. Facts (SPIFFE) 13.1.
    public enum Status: Int, Hashable, Sendable, CaseIterable {
        /// Published, so that peers learn it before it signs.
        case prepared = 2
        /// Signs.
        case active = 3
        /// Signs no more; what it signed is valid as long as it is in the bundle.
        case old = 4
    }

    /// The key.
    public let key: AuthorityKey
    /// How it stands.
    public internal(set) var status: Status
    /// When it was made.
    public let issuedAt: CertificateTime
    /// Until when what it signs may be valid.
    public let notAfter: CertificateTime
    /// What the gate said about it.
    public let admission: Admission
    /// Its certificate; nil for a key that signs tokens.
    public let certificate: X509Certificate?
    /// The certificates between its own and a root elsewhere, nearest first; empty for a root of its own.
    public let upstreamChain: [X509Certificate]
    /// The hex subject key identifier of the root elsewhere; nil for a root of its own.
    public let upstreamAuthorityID: String?

    /// Joins the parts.
    init(
        key: AuthorityKey, status: Status, issuedAt: CertificateTime, notAfter: CertificateTime, admission: Admission,
        certificate: X509Certificate? = nil, upstreamChain: [X509Certificate] = [], upstreamAuthorityID: String? = nil
    ) {
        self.key = key
        self.status = status
        self.issuedAt = issuedAt
        self.notAfter = notAfter
        self.admission = admission
        self.certificate = certificate
        self.upstreamChain = upstreamChain
        self.upstreamAuthorityID = upstreamAuthorityID
    }

    /// What the authority is called.
    public var authorityID: String { key.authorityID }

    /// What is shipped behind a leaf: nothing for a root of its own, else its certificate and the chain above it.
    public var shippedChain: [X509Certificate] {
        guard upstreamAuthorityID != nil, let certificate else { return [] }
        return [certificate] + upstreamChain
    }
}
