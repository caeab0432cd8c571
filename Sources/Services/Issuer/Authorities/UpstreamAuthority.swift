// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// An authority elsewhere that certifies ours, in place of roots of our own. Facts (SPIFFE) 13.5.
///
/// What hangs from it is as trustworthy as it is, whatever the gate said about our key: its SVIDs show as `claimed`.
public protocol UpstreamAuthority: Sendable {
    /// Certifies the key of a PKCS#10 request as an authority of the trust domain.
    /// - Parameter lifetime: seconds that the certificate should live; it may live shorter.
    /// - Throws: ``IssuerError``.
    func certify(request: [UInt8], for trustDomain: TrustDomain, lifetime: Int64) async throws -> UpstreamCertificate
}

/// What an upstream authority answered.
public struct UpstreamCertificate: Hashable, Sendable {
    /// Our certificate, then those above it below the root, each signed by the next.
    public let chain: [X509Certificate]
    /// The roots for the bundle.
    public let roots: [X509Certificate]

    /// Joins the two.
    public init(chain: [X509Certificate], roots: [X509Certificate]) {
        self.chain = chain
        self.roots = roots
    }
}
