// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkBytes
public import SPIFFE

/// The bundle of the issuer's own trust domain as the issuer keeps it. A value: every change makes a new one with the next
/// sequence number. Facts (SPIFFE) 6.1, 13.2.
public struct DomainBundle: Hashable, Sendable {
    /// Most authorities of one kind that others bring it to; who may append is trusted, but not without bound.
    public static let mostAuthorities = 1_000
    /// How many the issuer's own may go beyond: whoever appends must not keep it from replacing its keys.
    static let reservedForOwn = 100
    /// Most bytes of the document that others bring it to; our own readers take twice as many.
    static let largestDocument = BundleDocument.limits.bodyBytes / 2
    /// How long an expired authority stays, in seconds: one day.
    static let graceOfExpired: Int64 = 86_400

    /// What peers see.
    public let trustBundle: TrustBundle

    /// A bundle as it was kept.
    init(_ trustBundle: TrustBundle) { self.trustBundle = trustBundle }

    /// The beginning.
    init(trustDomain: TrustDomain, refreshHint: Int64) throws(IssuerError) {
        self.init(try Self.checked(trustDomain, [], [], [], 0, refreshHint))
    }

    /// Whose bundle it is.
    public var trustDomain: TrustDomain { trustBundle.trustDomain }
    /// Grows by one with every change of the content.
    public var sequence: UInt64 { trustBundle.sequence ?? 0 }

    private static func checked(
        _ trustDomain: TrustDomain, _ x509: [X509Authority], _ jwt: [TokenAuthority], _ wit: [TokenAuthority],
        _ sequence: UInt64, _ refreshHint: Int64?
    ) throws(IssuerError) -> TrustBundle {
        do {
            return try TrustBundle(
                trustDomain: trustDomain, x509Authorities: x509, jwtAuthorities: jwt, witAuthorities: wit,
                sequence: sequence, refreshHint: refreshHint)
        } catch {
            throw IssuerError(.internal, "bundle can't be made", cause: error)
        }
    }

    /// The bundle after some changes; the sequence number is one more when they changed anything.
    func changed(_ change: (inout Draft) throws(IssuerError) -> Void) throws(IssuerError) -> DomainBundle {
        var draft = Draft(
            x509: trustBundle.x509Authorities, jwt: trustBundle.jwtAuthorities, refreshHint: trustBundle.refreshHint)
        try change(&draft)
        func bundle(_ sequence: UInt64) throws(IssuerError) -> DomainBundle {
            DomainBundle(
                try Self.checked(
                    trustDomain, draft.x509, draft.jwt, trustBundle.witAuthorities, sequence, draft.refreshHint))
        }
        let same = try bundle(sequence)
        return same == self ? self : try bundle(sequence + 1)
    }

    // MARK: Looking

    /// How an X.509 authority is called: hex subject key identifier of its key.
    public static func authorityID(of certificate: X509Certificate) -> String {
        if let identifier = certificate.subjectKeyIdentifier { return Hexadecimal.text(identifier) }
        guard let key = try? PublicKey(subjectPublicKeyInfo: certificate.subjectPublicKeyInfo) else { return "" }
        return Hexadecimal.text(KeyIdentifier.subjectKeyIdentifier(of: key))
    }

    /// Whether an authority of this name is there.
    public func contains(_ kind: AuthorityKind, _ id: String) -> Bool { isTainted(kind, id) != nil }

    /// The names of the X.509 authorities that are marked.
    var taintedRoots: Set<String> {
        Set(trustBundle.x509Authorities.filter(\.isTainted).map { Self.authorityID(of: $0.certificate) })
    }

    /// Whether the authority of this name is marked; nil when there is none.
    public func isTainted(_ kind: AuthorityKind, _ id: String) -> Bool? {
        switch kind {
        case .x509: trustBundle.x509Authorities.first { Self.authorityID(of: $0.certificate) == id }?.isTainted
        case .jwt: trustBundle.jwtAuthorities.first { $0.keyID == id }?.isTainted
        }
    }
}

extension DomainBundle {
    /// A bundle that is being changed.
    struct Draft {
        private(set) var x509: [X509Authority]
        private(set) var jwt: [TokenAuthority]
        var refreshHint: Int64?

        init(x509: [X509Authority], jwt: [TokenAuthority], refreshHint: Int64?) {
            self.x509 = x509
            self.jwt = jwt
            self.refreshHint = refreshHint
        }

        /// Adds a root; one that is there already stays as it is.
        mutating func append(_ authority: X509Authority, isOwn: Bool = false) throws(IssuerError) {
            guard !x509.contains(where: { $0.certificate == authority.certificate }) else { return }
            guard x509.count < Self.most(isOwn) else {
                throw IssuerError(.resourceExhausted, "bundle has too many X.509 authorities")
            }
            x509.append(authority)
        }

        /// Adds a key of tokens; the same key under the same name stays as it is, another key under it is refused.
        mutating func append(_ authority: TokenAuthority, isOwn: Bool = false) throws(IssuerError) {
            if let present = jwt.first(where: { $0.keyID == authority.keyID }) {
                guard present.key == authority.key else {
                    throw IssuerError(.alreadyExists, "another JWT authority has this key ID")
                }
                return
            }
            guard jwt.count < Self.most(isOwn) else {
                throw IssuerError(.resourceExhausted, "bundle has too many JWT authorities")
            }
            jwt.append(authority)
        }

        private static func most(_ isOwn: Bool) -> Int { mostAuthorities + (isOwn ? reservedForOwn : 0) }

        /// Puts others in the stead of all.
        mutating func replace(x509: [X509Authority], jwt: [TokenAuthority]) throws(IssuerError) {
            guard x509.count <= Self.most(true), jwt.count <= Self.most(true) else {
                throw IssuerError(.resourceExhausted, "bundle has too many authorities")
            }
            self.x509 = x509
            self.jwt = jwt
        }

        /// Marks an authority; false when there is none of this name.
        mutating func taint(_ kind: AuthorityKind, _ id: String) -> Bool {
            switch kind {
            case .x509:
                // Several certificates may be of one key.
                let places = x509.indices.filter { authorityID(of: x509[$0].certificate) == id }
                guard !places.isEmpty else { return false }
                for place in places { x509[place].isTainted = true }
            case .jwt:
                guard let index = jwt.firstIndex(where: { $0.keyID == id }) else { return false }
                jwt[index].isTainted = true
            }
            return true
        }

        /// Takes an authority out; false when there is none of this name.
        mutating func remove(_ kind: AuthorityKind, _ id: String) -> Bool {
            let before = x509.count + jwt.count
            switch kind {
            case .x509: x509.removeAll { authorityID(of: $0.certificate) == id }
            case .jwt: jwt.removeAll { $0.keyID == id }
            }
            return before != x509.count + jwt.count
        }

        /// Takes out what expired more than a day ago, except what is named: what signs is never taken out.
        mutating func prune(at now: CertificateTime, keeping inUse: Set<String>) {
            let limit = now.advanced(by: -graceOfExpired)
            x509.removeAll { $0.certificate.notAfter < limit && !inUse.contains(authorityID(of: $0.certificate)) }
            jwt.removeAll { authority in
                authority.expiresAt.map { $0 < limit.seconds } ?? false && !inUse.contains(authority.keyID)
            }
        }
    }
}
