// SPDX-License-Identifier: Apache-2.0

/// The X.509 authorities of exactly one trust domain.
public struct X509Bundle: Hashable, Sendable {
    /// Whose authorities these are.
    public let trustDomain: TrustDomain
    /// Certificates at which a path may end. Empty means: nothing of this trust domain is trusted.
    public let authorities: [X509Certificate]

    /// A bundle of parsed certificates. Each is judged when a path reaches it.
    public init(trustDomain: TrustDomain, authorities: [X509Certificate]) {
        self.trustDomain = trustDomain
        self.authorities = authorities
    }

    /// A bundle from DER certificates.
    /// - Throws: ``X509CertificateError`` when one can't be read; no bundle is made of the others.
    public init(trustDomain: TrustDomain, der: [[UInt8]]) throws(X509CertificateError) {
        var authorities: [X509Certificate] = []
        for certificate in der { authorities.append(try X509Certificate(der: certificate)) }
        self.init(trustDomain: trustDomain, authorities: authorities)
    }
}
