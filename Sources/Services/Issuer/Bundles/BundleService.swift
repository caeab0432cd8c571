// SPDX-License-Identifier: Apache-2.0

public import SPIFFE
internal import X509

/// The bundle of the issuer's own trust domain, as servers hand it out and others add to it. Facts (SPIFFE) 6, 15.4.
public struct BundleService: Sendable {
    private let authorities: AuthorityService

    /// The bundle of these authorities.
    public init(_ authorities: AuthorityService) { self.authorities = authorities }

    /// The bundle now.
    public var bundle: TrustBundle { authorities.state.bundle }

    /// The bundle now, then each newer one; a reader that is slow misses those between, and none comes twice.
    public func bundles() -> AsyncStream<TrustBundle> { authorities.bundles() }

    /// Adds authorities; those that are there stay as they are.
    /// - Returns: the bundle with them.
    /// - Throws: ``IssuerError``: `invalidArgument` for a certificate that is no authority of this trust domain,
    ///   `alreadyExists` for a key ID that another key has, `resourceExhausted`, `unavailable`.
    public func append(
        x509Authorities: [X509Certificate] = [], jwtAuthorities: [TokenAuthority] = []
    ) async throws -> TrustBundle {
        for certificate in x509Authorities {
            guard certificate.isAuthority, certificate.keyUsage?.keyCertSign ?? true,
                certificate.uris.allSatisfy({ $0 == authorities.configuration.trustDomain.id.description })
            else { throw IssuerError(.invalidArgument, "X.509 authority is none of this trust domain") }
        }
        return try await authorities.change { (ledger) throws(IssuerError) in
            var next = ledger
            next.bundle = try ledger.bundle.changed { (draft) throws(IssuerError) in
                for certificate in x509Authorities { try draft.append(X509Authority(certificate)) }
                for authority in jwtAuthorities { try draft.append(authority) }
            }
            guard
                next.bundle == ledger.bundle
                    || BundleDocument.encode(next.bundle.trustBundle).count <= DomainBundle.largestDocument
            else { throw IssuerError(.resourceExhausted, "bundle is too large") }
            return next
        }.bundle.trustBundle
    }

    /// Adds the key with which an issuer below signs tokens.
    /// - Returns: the keys of the domain's tokens with it.
    /// - Throws: ``IssuerError`` as ``append(x509Authorities:jwtAuthorities:)``, and `invalidArgument` for one that has
    ///   ended.
    public func publish(jwtAuthority authority: TokenAuthority) async throws -> [TokenAuthority] {
        if let end = authority.expiresAt, end <= authorities.clock.now().seconds {
            throw IssuerError(.invalidArgument, "JWT authority has expired")
        }
        return try await append(jwtAuthorities: [authority]).jwtAuthorities
    }

    /// Takes out what expired more than a day ago.
    /// - Returns: whether there was anything.
    /// - Throws: ``IssuerError``.
    @discardableResult public func prune() async throws -> Bool {
        let before = bundle.sequence
        let now = authorities.clock.now()
        return try await authorities.change { (ledger) throws(IssuerError) in
            var next = ledger
            next.bundle = try ledger.bundle.changed { $0.prune(at: now, keeping: ledger.namesInUse) }
            return next
        }.bundle.trustBundle.sequence != before
    }
}
