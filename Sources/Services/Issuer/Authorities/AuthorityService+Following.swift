// SPDX-License-Identifier: Apache-2.0

internal import KelmarkConcurrency
internal import SPIFFE

extension AuthorityService {
    /// Takes over what an issuer above publishes: its roots in place of ours, its keys of tokens beside ours. An authority
    /// of ours signs no more once its root is gone.
    ///
    /// No key is on its way meanwhile: a bundle that was asked for before a root came would take that away again.
    /// - Returns: our own keys of tokens that the issuer above lacks.
    func follow(_ upstream: any UpstreamIssuer) async throws -> [TokenAuthority] {
        try await moves(.x509).pass {
            let above = try await upstream.bundle()
            guard above.trustDomain == configuration.trustDomain else {
                throw IssuerError(
                    .unavailable, "the issuer above is of another trust domain", detail: "\(above.trustDomain)")
            }
            let ledger = try await change { (ledger) throws(IssuerError) in
                var next = ledger
                let own = Set(ledger.jwt.entries.map(\.authorityID))
                next.bundle = try ledger.bundle.changed { (draft) throws(IssuerError) in
                    // Ours stay as they are here, also those that were revoked: the issuer above is told of keys only.
                    try draft.replace(
                        x509: above.x509Authorities,
                        jwt: draft.jwt.filter { own.contains($0.keyID) }
                            + above.jwtAuthorities.filter {
                                !own.contains($0.keyID) && ledger.endedKeys[$0.keyID] == nil
                            })
                }
                for entry in ledger.x509.entries where entry.status != .old {
                    guard let root = entry.upstreamAuthorityID, !next.bundle.contains(.x509, root) else { continue }
                    next.x509.retire(entry.authorityID)
                }
                return next
            }
            let known = Set(above.jwtAuthorities.map(\.keyID))
            let own = Set(ledger.jwt.entries.map(\.authorityID))
            return ledger.bundle.trustBundle.jwtAuthorities.filter {
                own.contains($0.keyID) && !known.contains($0.keyID)
            }
        }
    }
}
