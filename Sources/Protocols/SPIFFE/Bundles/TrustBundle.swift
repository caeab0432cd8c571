// SPDX-License-Identifier: Apache-2.0

/// All authorities of exactly one trust domain. Facts (SPIFFE) 6.
///
/// The order of authorities means nothing; they are kept sorted, so that equal content is equal and gives equal bytes.
/// Without authorities, every SVID of the trust domain is untrusted.
public struct TrustBundle: Hashable, Sendable {
    /// Seconds between two looks at a bundle without a hint of its own.
    public static let usualRefreshHint: Int64 = 300

    /// Whose authorities these are.
    public let trustDomain: TrustDomain
    /// By the beginning of their validity, then by their bytes; none twice.
    public let x509Authorities: [X509Authority]
    /// By `kid`.
    public let jwtAuthorities: [TokenAuthority]
    /// By `kid`.
    public let witAuthorities: [TokenAuthority]
    /// Grows with each change of the content; nil where the publisher does not count.
    public var sequence: UInt64?
    /// Seconds after which to look again; nil where the publisher does not say.
    public var refreshHint: Int64?

    /// A bundle. Of certificates that stand twice one is kept, tainted if either is.
    /// - Throws: ``BundleError/Code/keyIDDuplicate`` when two token authorities, of whatever kind, have one `kid`;
    ///   ``BundleError/Code/refreshHint`` when it is negative.
    public init(
        trustDomain: TrustDomain, x509Authorities: [X509Authority] = [], jwtAuthorities: [TokenAuthority] = [],
        witAuthorities: [TokenAuthority] = [], sequence: UInt64? = nil, refreshHint: Int64? = nil
    ) throws(BundleError) {
        var certificates: [X509Certificate: Bool] = [:]
        for authority in x509Authorities { certificates[authority.certificate, default: false] |= authority.isTainted }
        var seen: Set<[UInt8]> = []
        for authority in jwtAuthorities + witAuthorities {
            guard seen.insert(Array(authority.keyID.utf8)).inserted else {
                throw BundleError(.keyIDDuplicate, authority.keyID)
            }
        }
        guard refreshHint ?? 0 >= 0 else { throw BundleError(.refreshHint) }
        self.trustDomain = trustDomain
        self.x509Authorities = certificates.map { X509Authority($0.key, isTainted: $0.value) }.sorted(by: Self.precedes)
        self.jwtAuthorities = jwtAuthorities.sorted(by: Self.precedes)
        self.witAuthorities = witAuthorities.sorted(by: Self.precedes)
        self.sequence = sequence
        self.refreshHint = refreshHint
    }

    /// Whether nothing of the trust domain is trusted.
    public var isEmpty: Bool { x509Authorities.isEmpty && jwtAuthorities.isEmpty && witAuthorities.isEmpty }

    /// The authorities of certificates, tainted ones too.
    public var x509Bundle: X509Bundle {
        X509Bundle(trustDomain: trustDomain, authorities: x509Authorities.map(\.certificate))
    }

    /// The authorities of JWT-SVIDs, tainted ones too.
    public var jwtBundle: TokenBundle { TokenBundle(trustDomain: trustDomain, type: .jwt, authorities: jwtAuthorities) }

    /// The authorities of WIT-SVIDs, tainted ones too.
    public var witBundle: TokenBundle { TokenBundle(trustDomain: trustDomain, type: .wit, authorities: witAuthorities) }

    /// Every authority.
    public var authorities: [TrustAuthority] {
        x509Authorities.map(TrustAuthority.x509) + jwtAuthorities.map(TrustAuthority.jwt)
            + witAuthorities.map(TrustAuthority.wit)
    }

    /// Whether both have the same authorities, tainted alike; sequence and hint may differ.
    public func hasSameAuthorities(as other: TrustBundle) -> Bool {
        trustDomain == other.trustDomain && x509Authorities == other.x509Authorities
            && jwtAuthorities == other.jwtAuthorities && witAuthorities == other.witAuthorities
    }

    /// The bundle with only those authorities that a rule keeps.
    public func filtered(_ keeps: (TrustAuthority) -> Bool) -> TrustBundle {
        TrustBundle(
            checked: trustDomain, x509Authorities.filter { keeps(.x509($0)) },
            jwtAuthorities.filter { keeps(.jwt($0)) },
            witAuthorities.filter { keeps(.wit($0)) }, sequence, refreshHint)
    }

    private init(
        checked trustDomain: TrustDomain, _ x509: [X509Authority], _ jwt: [TokenAuthority], _ wit: [TokenAuthority],
        _ sequence: UInt64?, _ refreshHint: Int64?
    ) {
        self.trustDomain = trustDomain
        x509Authorities = x509
        jwtAuthorities = jwt
        witAuthorities = wit
        self.sequence = sequence
        self.refreshHint = refreshHint
    }

    private static func precedes(_ left: X509Authority, _ right: X509Authority) -> Bool {
        let (one, other) = (left.certificate, right.certificate)
        return one.notBefore == other.notBefore
            ? one.der.lexicographicallyPrecedes(other.der) : one.notBefore < other.notBefore
    }

    private static func precedes(_ left: TokenAuthority, _ right: TokenAuthority) -> Bool {
        left.keyID.utf8.lexicographicallyPrecedes(right.keyID.utf8)
    }
}

extension Bool {
    fileprivate static func |= (left: inout Bool, right: Bool) { left = left || right }
}
