// SPDX-License-Identifier: Apache-2.0

package import Issuer
package import NIOSSL
package import SPIFFE

/// Fetches bundle documents of other trust domains from their endpoints. Facts (SPIFFE) 7.1, 7.3.
///
/// Each fetch is a connection of its own: none is left open, none is resumed, and each proves anew who is there. A
/// redirect is followed under the same rules and never remembered.
package struct HTTPSBundleFetcher: BundleFetcher {
    private let limits: FetchLimits
    private let webRoots: NIOSSLTrustRoots
    private let now: @Sendable () -> CertificateTime

    /// - Parameters:
    ///   - webRoots: Whom `https_web` endpoints are judged by; the system's authorities unless named.
    ///   - now: The time of day, for SVIDs.
    package init(
        limits: FetchLimits = FetchLimits(), webRoots: NIOSSLTrustRoots = .default,
        now: @escaping @Sendable () -> CertificateTime
    ) {
        self.limits = limits
        self.webRoots = webRoots
        self.now = now
    }

    /// Fetches the document that the endpoint of a relationship serves. What is in it is judged by whoever reads it.
    /// - Parameter authorities: The authorities of the trust domain of the endpoint's ID; for `https_spiffe` only. When
    ///   the endpoint serves its own trust domain, the newest ones.
    /// - Throws: ``BundleFetchError``.
    package func fetch(
        _ relationship: FederationRelationship, authorities: X509Bundle?
    ) async throws(BundleFetchError) -> [UInt8] {
        let proof: EndpointProof
        switch relationship.profile {
        case .httpsWeb: proof = .web(roots: webRoots)
        case .httpsSPIFFE(let id):
            guard let authorities, authorities.trustDomain == id.trustDomain else {
                throw BundleFetchError(.noEndpointBundle, "no bundle of \(id.trustDomain)")
            }
            proof = .spiffe(id, authorities, now: now)
        }
        guard var url = EndpointURL(relationship.endpointURL) else { throw BundleFetchError(.url) }
        for _ in 0...limits.redirects {
            switch try await BundleExchange(url: url, proof: proof, limits: limits).run() {
            case .document(let body): return body
            case .redirect(let location):
                guard let next = url.following(location) else {
                    throw BundleFetchError(.redirect, "to what is no https URL")
                }
                url = next
            }
        }
        throw BundleFetchError(.redirect, "more than \(limits.redirects) in a row")
    }
}
