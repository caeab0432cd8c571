// SPDX-License-Identifier: Apache-2.0

public import JOSE
public import KelmarkBytes

/// The keys of exactly one trust domain that sign one kind of token.
public struct TokenBundle: Hashable, Sendable {
    /// Whose keys these are.
    public let trustDomain: TrustDomain
    /// What the keys sign: JWT-SVIDs or WIT-SVIDs.
    public let type: SVIDType
    /// The keys, by `kid`.
    public let authorities: [TokenAuthority]

    init(trustDomain: TrustDomain, type: SVIDType, authorities: [TokenAuthority]) {
        self.trustDomain = trustDomain
        self.type = type
        self.authorities = authorities
    }

    /// The key of a `kid`, compared byte by byte.
    public func authority(keyID: String) -> TokenAuthority? {
        authorities.first { $0.keyID.utf8.elementsEqual(keyID.utf8) }
    }

    /// The JWK Set that the Workload API carries (FetchJWTBundles): `kid` and numbers, no `use`, no SPIFFE members.
    ///
    /// Peers take every key of it as one for these tokens. Keys stand by `kid`, so that equal bundles are equal bytes.
    /// Facts (SPIFFE) 6.5.
    public var keySet: [UInt8] {
        let keys = authorities.map { JWK(key: $0.key, keyID: $0.keyID) }
        // Their `kid` were found to be unique.
        return (try? JWKSet(keys: keys))?.json ?? Array(#"{"keys":[]}"#.utf8)
    }

    /// Reads a JWK Set of the Workload API.
    ///
    /// A key whose `use` names another kind of document is left out, as is one of an unknown kind.
    /// - Throws: ``BundleError``: no JWK Set, a key without `kid`, two of one `kid`.
    public init(
        parsing keySet: [UInt8], trustDomain: TrustDomain, type: SVIDType = .jwt, limits: Limits = .jose
    ) throws(BundleError) {
        let set: JWKSet
        do {
            set = try JWKSet(parsing: keySet, limits: limits)
        } catch {
            throw BundleError(error.code == .keysMissing ? .keysMissing : .key, error.description)
        }
        var authorities: [TokenAuthority] = []
        for key in set.keys where key.use == nil || key.use == type.rawValue {
            guard JWSAlgorithm.usual(for: key.key.kind) != nil else { continue }
            guard let id = key.keyID else { throw BundleError(.keyIDMissing) }
            authorities.append(try TokenAuthority(keyID: id, key: key.key))
        }
        self.init(
            trustDomain: trustDomain, type: type,
            authorities: authorities.sorted { $0.keyID.utf8.lexicographicallyPrecedes($1.keyID.utf8) })
    }
}
