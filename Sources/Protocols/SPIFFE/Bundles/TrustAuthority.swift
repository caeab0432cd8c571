// SPDX-License-Identifier: Apache-2.0

public import JOSE

/// A certificate at which the X.509-SVIDs of a trust domain end.
public struct X509Authority: Hashable, Sendable {
    /// The certificate.
    public let certificate: X509Certificate
    /// Whether its SVIDs should be replaced: they are still valid, but nobody should go on using them. Never leaves the
    /// trust domain; a bundle document does not say it.
    public var isTainted: Bool

    /// An authority, not tainted unless said.
    public init(_ certificate: X509Certificate, isTainted: Bool = false) {
        self.certificate = certificate
        self.isTainted = isTainted
    }
}

/// A key that signs the tokens of a trust domain: JWT-SVIDs or WIT-SVIDs.
public struct TokenAuthority: Hashable, Sendable {
    /// `kid`: how tokens name the key; not empty, unique in its bundle.
    public let keyID: String
    /// The key; one of the nine algorithms fits it.
    public let key: PublicKey
    /// Seconds since 1970 after which the key signs no more; nil when unknown, as in bundle documents.
    public var expiresAt: Int64?
    /// As ``X509Authority/isTainted``.
    public var isTainted: Bool

    /// An authority, not tainted unless said.
    /// - Throws: ``BundleError``: an empty `kid`, a key that can't sign tokens.
    public init(
        keyID: String, key: PublicKey, expiresAt: Int64? = nil, isTainted: Bool = false
    ) throws(BundleError) {
        guard !keyID.isEmpty else { throw BundleError(.keyIDMissing) }
        guard JWSAlgorithm.usual(for: key.kind) != nil else { throw BundleError(.keyKind, key.kind.description) }
        self.keyID = keyID
        self.key = key
        self.expiresAt = expiresAt
        self.isTainted = isTainted
    }
}

/// One authority of a bundle, whatever it signs.
public enum TrustAuthority: Hashable, Sendable {
    /// Signs certificates.
    case x509(X509Authority)
    /// Signs JWT-SVIDs.
    case jwt(TokenAuthority)
    /// Signs WIT-SVIDs.
    case wit(TokenAuthority)
}

/// The kinds of identity documents; the raw value is the `use` of their keys.
public enum SVIDType: String, Hashable, Sendable, CaseIterable {
    /// Certificates.
    case x509 = "x509-svid"
    /// Bearer tokens.
    case jwt = "jwt-svid"
    /// Tokens with proof of possession (incubating).
    case wit = "wit-svid"
}
