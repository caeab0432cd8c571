// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// Everything that the issuer knows about its authorities, kept as one document: the bundle and the journals change
/// together or not at all.
struct IssuerLedger: Hashable, Sendable {
    var bundle: DomainBundle
    var x509: AuthoritySlots
    var jwt: AuthoritySlots
    /// Revoked authorities whose statements are still to be withdrawn, oldest first.
    var withdrawals: [StatedAuthority] = []
    /// Keys of ours for tokens that were taken out before their end, with that: longer than the journal remembers them,
    /// because an issuer above may publish them still.
    var endedKeys: [String: CertificateTime] = [:]

    /// The beginning.
    init(trustDomain: TrustDomain, refreshHint: Int64) throws(IssuerError) {
        bundle = try DomainBundle(trustDomain: trustDomain, refreshHint: refreshHint)
        x509 = AuthoritySlots(.x509)
        jwt = AuthoritySlots(.jwt)
    }

    init(bundle: DomainBundle, x509: AuthoritySlots, jwt: AuthoritySlots) {
        self.bundle = bundle
        self.x509 = x509
        self.jwt = jwt
    }

    subscript(kind: AuthorityKind) -> AuthoritySlots {
        get { kind == .x509 ? x509 : jwt }
        set {
            switch kind {
            case .x509: x509 = newValue
            case .jwt: jwt = newValue
            }
        }
    }

    /// Under what name an authority of ours stands in the bundle.
    static func bundleID(of entry: AuthorityEntry) -> String { entry.upstreamAuthorityID ?? entry.authorityID }

    /// The authorities that statements keep in the bundle, or let sign below a root elsewhere.
    var stated: [(authority: StatedAuthority, admission: Admission)] {
        (x509.entries + jwt.entries).compactMap { entry -> (authority: StatedAuthority, admission: Admission)? in
            let kind = entry.key.slot.kind
            let counts =
                entry.upstreamAuthorityID == nil
                ? bundle.contains(kind, entry.authorityID) : entry.status != .old
            guard counts, let authority = StatedAuthority(entry) else { return nil }
            return (authority: authority, admission: entry.admission)
        }
    }

    /// Remembers that an authority was taken out, as long as somebody could bring it back.
    mutating func rememberEnd(of kind: AuthorityKind, _ id: String, at now: CertificateTime) {
        endedKeys = endedKeys.filter { $0.value >= now }
        guard kind == .jwt, let entry = jwt.entries.last(where: { $0.authorityID == id }) else { return }
        endedKeys[id] = entry.notAfter
    }

    /// The names in the bundle that sign or will sign.
    var namesInUse: Set<String> {
        Set([x509, jwt].flatMap { [$0.active, $0.prepared].compactMap { $0 } }.map(Self.bundleID(of:)))
    }
}
