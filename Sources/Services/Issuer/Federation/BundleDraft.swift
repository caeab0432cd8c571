// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import SPIFFE

/// The bundle of a foreign trust domain as a caller sent it, unchecked.
public struct BundleDraft: Hashable, Sendable {
    /// A key of tokens, unchecked.
    public struct Key: Hashable, Sendable {
        /// `kid`.
        public var keyID: String
        /// DER of its `SubjectPublicKeyInfo`.
        public var publicKey: [UInt8]
        /// Seconds since 1970; 0 when unknown.
        public var expiresAt: Int64
        /// Whether it should not be used any more.
        public var isTainted: Bool

        /// Collects the parts.
        public init(keyID: String, publicKey: [UInt8], expiresAt: Int64 = 0, isTainted: Bool = false) {
            self.keyID = keyID
            self.publicKey = publicKey
            self.expiresAt = expiresAt
            self.isTainted = isTainted
        }
    }

    /// A certificate, unchecked.
    public struct Authority: Hashable, Sendable {
        /// DER of one certificate.
        public var der: [UInt8]
        /// Whether its SVIDs should be replaced.
        public var isTainted: Bool

        /// Collects the parts.
        public init(der: [UInt8], isTainted: Bool = false) {
            self.der = der
            self.isTainted = isTainted
        }
    }

    /// By name or ID.
    public var trustDomain: String
    /// Its certificates.
    public var x509Authorities: [Authority] = []
    /// Its keys of JWT-SVIDs.
    public var jwtAuthorities: [Key] = []
    /// Its keys of WIT-SVIDs.
    public var witAuthorities: [Key] = []
    /// Seconds; 0 when it has none.
    public var refreshHint: Int64 = 0
    /// 0 when it is not counted.
    public var sequence: UInt64 = 0

    /// A draft of a bundle without authorities.
    public init(trustDomain: String) { self.trustDomain = trustDomain }

    /// The bundle of the draft.
    /// - Throws: `invalidArgument` for the own trust domain, a certificate or a key that can't be read.
    func bundle(_ rules: IdentifierRules) throws(IssuerError) -> TrustBundle {
        let domain = try rules.foreignDomain(trustDomain)
        do {
            return try TrustBundle(
                trustDomain: domain,
                x509Authorities: x509Authorities.map { authority in
                    X509Authority(try X509Certificate(der: authority.der), isTainted: authority.isTainted)
                }, jwtAuthorities: jwtAuthorities.map(Self.authority),
                witAuthorities: witAuthorities.map(Self.authority),
                sequence: sequence == 0 ? nil : sequence, refreshHint: refreshHint == 0 ? nil : refreshHint)
        } catch {
            throw IssuerError(.invalidArgument, "failed to convert bundle: \(error)")
        }
    }

    private static func authority(_ key: Key) throws -> TokenAuthority {
        try TokenAuthority(
            keyID: key.keyID, key: try PublicKey(subjectPublicKeyInfo: key.publicKey),
            expiresAt: key.expiresAt == 0 ? nil : key.expiresAt, isTainted: key.isTainted)
    }
}

/// Members of a bundle: which of them an update changes, which an answer shows.
public struct BundleMask: OptionSet, Hashable, Sendable {
    /// One bit for each.
    public let rawValue: UInt8
    /// The set of these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The certificates.
    public static let x509Authorities = BundleMask(rawValue: 1 << 0)
    /// The keys of JWT-SVIDs.
    public static let jwtAuthorities = BundleMask(rawValue: 1 << 1)
    /// The keys of WIT-SVIDs.
    public static let witAuthorities = BundleMask(rawValue: 1 << 2)
    /// When to look again.
    public static let refreshHint = BundleMask(rawValue: 1 << 3)
    /// The number of the version.
    public static let sequence = BundleMask(rawValue: 1 << 4)
    /// Every member.
    public static let all = BundleMask(rawValue: (1 << 5) - 1)
}

extension TrustBundle {
    /// This bundle with the members of a mask taken from another.
    func taking(_ mask: BundleMask, from other: TrustBundle) throws(BundleError) -> TrustBundle {
        try TrustBundle(
            trustDomain: trustDomain,
            x509Authorities: mask.contains(.x509Authorities) ? other.x509Authorities : x509Authorities,
            jwtAuthorities: mask.contains(.jwtAuthorities) ? other.jwtAuthorities : jwtAuthorities,
            witAuthorities: mask.contains(.witAuthorities) ? other.witAuthorities : witAuthorities,
            sequence: mask.contains(.sequence) ? other.sequence : sequence,
            refreshHint: mask.contains(.refreshHint) ? other.refreshHint : refreshHint)
    }
}
