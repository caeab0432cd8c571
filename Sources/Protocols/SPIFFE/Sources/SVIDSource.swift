// SPDX-License-Identifier: Apache-2.0

/// Gives the identity that is current now: from the Workload API, from a file, from an issuer in the same process.
public protocol SVIDSource: Sendable {
    /// The default identity with its key; newer ones replace it, so it is asked for at each use.
    /// - Throws: whatever keeps the source from having one.
    func x509SVID() async throws -> X509SVID
}

/// Gives the authorities that are current now.
public protocol BundleSource: Sendable {
    /// The bundle of a trust domain; nil when nothing is known of it, which means that nothing of it is trusted.
    /// - Throws: whatever keeps the source from knowing.
    func bundle(of trustDomain: TrustDomain) async throws -> TrustBundle?
}

/// A fixed set of bundles.
extension BundleMap: BundleSource {
    /// The bundle of a trust domain.
    public func bundle(of trustDomain: TrustDomain) -> TrustBundle? { self[trustDomain] }
}
