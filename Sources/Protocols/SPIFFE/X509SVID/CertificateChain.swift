// SPDX-License-Identifier: Apache-2.0

internal import X509

/// Chains whose leaf is no X.509-SVID: the certificates that nodes already have when they ask for an identity.
package enum CertificateChain {
    /// The path from a leaf to one of the given authorities, leaf first, when there is one that breaks no rule of
    /// issuers (flags, validity, path length, name constraints) and the leaf itself is valid and no authority.
    ///
    /// What the leaf says of itself beyond that, its names above all, is the caller's to judge.
    package static func path(
        from leaf: X509Certificate, through pool: [X509Certificate], to authorities: [X509Certificate],
        at time: CertificateTime
    ) -> Result<[X509Certificate], X509SVIDFaults> {
        var faults = CertificatePath.validity(of: leaf, at: time)
        let name = leaf.certificate.subject.description
        if leaf.isAuthority { faults.append(X509SVIDFault(.leafIsAuthority, name)) }
        if !leaf.unreadCriticalExtensions.isEmpty { faults.append(X509SVIDFault(.unknownCriticalExtension, name)) }
        guard faults.isEmpty else { return .failure(X509SVIDFaults(faults: faults)) }
        var search = CertificatePath(pool: pool, authorities: authorities, time: time)
        switch search.search(from: leaf) {
        case .found(let path): return .success(path)
        case .refused(let faults): return .failure(X509SVIDFaults(faults: faults))
        }
    }
}

/// Why a chain is refused.
package struct X509SVIDFaults: Error, Hashable, Sendable, CustomStringConvertible {
    package let faults: [X509SVIDFault]

    package var description: String { faults.map(\.description).joined(separator: "; ") }
}
