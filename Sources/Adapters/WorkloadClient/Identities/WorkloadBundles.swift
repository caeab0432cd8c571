// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import SPIFFE

/// How bundles stand in messages of the Workload API. Facts (SPIFFE) 3.3, 6.5.
enum WorkloadBundles {
    /// Bundles of certificates, by the ID of their trust domain.
    static func x509(
        _ bundles: [String: Data], limits: WorkloadAPIClient.Limits
    ) throws(WorkloadAPIError) -> BundleMap {
        try all(bundles, limits) { (der, trustDomain) throws(WorkloadAPIError) in
            try x509(der, of: trustDomain, limits: limits)
        }
    }

    /// Bundles of keys of JWT-SVIDs, by the ID of their trust domain.
    static func jwt(
        _ bundles: [String: Data], limits: WorkloadAPIClient.Limits
    ) throws(WorkloadAPIError) -> BundleMap {
        try all(bundles, limits) { (json, trustDomain) throws(WorkloadAPIError) in
            do {
                let keys = try TokenBundle(parsing: [UInt8](json), trustDomain: trustDomain)
                guard keys.authorities.count <= limits.authorities else {
                    throw WorkloadAPIError(.malformed, "too many keys of \(trustDomain)")
                }
                return try TrustBundle(trustDomain: trustDomain, jwtAuthorities: keys.authorities)
            } catch {
                throw WorkloadAPIError(.malformed, "bundle of \(trustDomain): \(error)")
            }
        }
    }

    /// Certificates one behind the other. None is what a trust domain has whose authorities are all revoked.
    static func x509(
        _ der: Data, of trustDomain: TrustDomain, limits: WorkloadAPIClient.Limits
    ) throws(WorkloadAPIError) -> TrustBundle {
        do {
            let certificates = try CertificateEncoding.certificates(
                inConcatenatedDER: [UInt8](der), most: limits.authorities)
            return try TrustBundle(
                trustDomain: trustDomain,
                x509Authorities: certificates.map { X509Authority(try X509Certificate(der: $0)) })
        } catch {
            throw WorkloadAPIError(.malformed, "bundle of \(trustDomain): \(error)")
        }
    }

    static func trustDomain(_ name: String) throws(WorkloadAPIError) -> TrustDomain {
        do {
            return try TrustDomain(nameOrID: name)
        } catch {
            throw WorkloadAPIError(.malformed, "name of a trust domain: \(error)")
        }
    }

    static func map(_ bundles: some Sequence<TrustBundle>) throws(WorkloadAPIError) -> BundleMap {
        do {
            return try BundleMap(Array(bundles))
        } catch {
            throw WorkloadAPIError(.malformed, "\(error)")
        }
    }

    private static func all(
        _ bundles: [String: Data], _ limits: WorkloadAPIClient.Limits,
        _ read: (Data, TrustDomain) throws(WorkloadAPIError) -> TrustBundle
    ) throws(WorkloadAPIError) -> BundleMap {
        guard bundles.count <= limits.authorities else { throw WorkloadAPIError(.malformed, "too many bundles") }
        var all: [TrustBundle] = []
        for (name, data) in bundles { all.append(try read(data, try trustDomain(name))) }
        return try map(all)
    }
}
