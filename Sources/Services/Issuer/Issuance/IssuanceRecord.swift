// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// One SVID that was signed, as the issuer remembers it. It holds no token and no key.
public struct IssuanceRecord: Hashable, Sendable {
    /// What was signed. The raw values stand in leaves and stores.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// An X.509-SVID.
        case x509 = "x509-svid"
        /// A JWT-SVID.
        case jwt = "jwt-svid"
        /// The certificate of an issuer below.
        case downstream = "x509-authority"
    }

    /// What was signed.
    public let kind: Kind
    /// Whom it names.
    public let id: SPIFFEID
    /// SHA-256 of the certificate in DER, or of the token's signing input.
    public let digest: [UInt8]
    /// Hex serial number of a certificate, `jti` of a token.
    public let serial: String
    /// SHA-256 of the DER `SubjectPublicKeyInfo` of a certificate; empty for a token.
    public let keyDigest: [UInt8]
    /// DNS names of a certificate.
    public let dnsNames: [String]
    /// First moment of validity.
    public let notBefore: CertificateTime
    /// Last moment of validity.
    public let notAfter: CertificateTime
    /// The authority that signed.
    public let authorityID: String
    /// SAID of the authority's statement; nil without one.
    public let statement: String?
    /// The registration entry; nil for what was minted.
    public let entryID: String?
    /// Who asked for it: the agent that runs the workload.
    public let node: SPIFFEID?
    /// When it was signed.
    public let issuedAt: CertificateTime

    /// Joins the parts.
    public init(
        kind: Kind, id: SPIFFEID, digest: [UInt8], serial: String, keyDigest: [UInt8], dnsNames: [String],
        notBefore: CertificateTime, notAfter: CertificateTime, authorityID: String, statement: String?,
        entryID: String?, node: SPIFFEID?, issuedAt: CertificateTime
    ) {
        self.kind = kind
        self.id = id
        self.digest = digest
        self.serial = serial
        self.keyDigest = keyDigest
        self.dnsNames = dnsNames
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.authorityID = authorityID
        self.statement = statement
        self.entryID = entryID
        self.node = node
        self.issuedAt = issuedAt
    }
}
