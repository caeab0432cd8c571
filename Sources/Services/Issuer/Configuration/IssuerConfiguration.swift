// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// How an issuer signs. Lifetimes are seconds; the defaults are SPIRE's. Facts (SPIFFE) 13.2, 14, appendix B.
public struct IssuerConfiguration: Hashable, Sendable {
    /// Longest lifetime of anything, in seconds: ten years.
    public static let longestLifetime: Int64 = 10 * 365 * 86_400
    /// Shortest lifetime of an authority, in seconds; below it, rotation could not keep up.
    public static let shortestAuthorityLifetime: Int64 = 60

    /// Whose SVIDs are signed.
    public var trustDomain: TrustDomain
    /// What kind of key signs certificates.
    public var x509KeyAlgorithm: AuthorityKeyAlgorithm = .p256
    /// What kind of key signs tokens.
    public var jwtKeyAlgorithm: AuthorityKeyAlgorithm = .p256
    /// How long an authority lives (`ca_ttl`).
    public var authorityLifetime: Int64 = 86_400
    /// How long an X.509-SVID lives unless its entry says otherwise (`default_x509_svid_ttl`).
    public var x509TTL: Int64 = 3_600
    /// How long a JWT-SVID lives unless its entry says otherwise (`default_jwt_svid_ttl`).
    public var jwtTTL: Int64 = 300
    /// How long the SVID of an agent lives; nil for ``x509TTL`` (`agent_ttl`).
    public var agentTTL: Int64?
    /// What the subjects of workloads begin with.
    public var subject = SubjectNames(country: "US", organization: "SPIRE")
    /// What the subjects of authorities begin with (`ca_subject`).
    public var authoritySubject = SubjectNames(country: "US", organization: "SPIFFE")
    /// `iss` of tokens; nil for the ID of the trust domain (`jwt_issuer`).
    public var tokenIssuer: String?
    /// Whether tokens are signed at all (`disable_jwt_svids`).
    public var signsTokens = true
    /// After how many seconds readers of the bundle should look again.
    public var refreshHint: Int64 = 300
    /// Whether one issuer below may be certified: path length 1 in place of 0.
    public var allowsDownstream = false
    /// How long the admission of a key may take.
    public var admissionTimeout: Duration = .seconds(60)

    /// The defaults.
    public init(trustDomain: TrustDomain) { self.trustDomain = trustDomain }

    /// Refuses values with which nothing good can be signed.
    /// - Throws: ``IssuerError``, `invalidArgument` with the name of the value.
    public func check() throws(IssuerError) {
        func refuse(_ name: String) -> IssuerError { IssuerError(.invalidArgument, "\(name) is out of bounds") }
        guard (Self.shortestAuthorityLifetime...Self.longestLifetime).contains(authorityLifetime) else {
            throw refuse("authorityLifetime")
        }
        for (name, value) in [("x509TTL", x509TTL), ("jwtTTL", jwtTTL), ("agentTTL", agentTTL ?? x509TTL)]
        where !(1...Self.longestLifetime).contains(value) { throw refuse(name) }
        guard (1...Self.longestLifetime).contains(refreshHint) else { throw refuse("refreshHint") }
        guard admissionTimeout > .zero else { throw refuse("admissionTimeout") }
        guard subject.isValid else { throw refuse("subject") }
        guard authoritySubject.isValid else { throw refuse("authoritySubject") }
        if let tokenIssuer, !(1...2_048).contains(tokenIssuer.utf8.count) { throw refuse("tokenIssuer") }
    }

    /// The longest lifetime of an SVID that no rotation of an authority ever cuts.
    public var longestSafeTTL: Int64 { RotationSchedule.activationMargin(lifetime: authorityLifetime) }

    /// What will work but not as an operator may expect, one clause each.
    public var warnings: [String] {
        [("x509TTL", x509TTL), ("jwtTTL", jwtTTL), ("agentTTL", agentTTL ?? x509TTL)]
            .filter { $0.1 > longestSafeTTL }
            .map {
                "\($0.0) of \($0.1) s is more than \(longestSafeTTL) s: SVIDs will be cut where their authority ends"
            }
    }
}

/// The attributes that a subject begins with.
public struct SubjectNames: Hashable, Sendable {
    /// `C`, two letters; nil for none.
    public var country: String?
    /// `O`; nil for none.
    public var organization: String?
    /// `CN`; nil for none. A workload with DNS names has the first of them here.
    public var commonName: String?

    /// Joins the attributes.
    public init(country: String? = nil, organization: String? = nil, commonName: String? = nil) {
        self.country = country
        self.organization = organization
        self.commonName = commonName
    }

    var isValid: Bool {
        (country.map { $0.utf8.count == 2 && $0.utf8.allSatisfy { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a } } ?? true)
            && [organization, commonName].compactMap { $0 }.allSatisfy { (1...64).contains($0.unicodeScalars.count) }
    }
}
