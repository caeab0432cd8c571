// SPDX-License-Identifier: Apache-2.0

package import NodeAgent

/// What the services of an agent's sockets ask; ``WorkloadIdentities`` answers.
package protocol WorkloadAnswers: Sendable {
    associatedtype X509Updates: AsyncSequence & Sendable where X509Updates.Element == X509Update
    associatedtype X509BundleUpdates: AsyncSequence & Sendable where X509BundleUpdates.Element == X509BundleUpdate
    associatedtype JWTBundleUpdates: AsyncSequence & Sendable where JWTBundleUpdates.Element == JWTBundleUpdate

    /// See ``WorkloadIdentities/x509Updates(for:)``.
    func x509Updates(for workload: WorkloadReference) async throws(WorkloadDenial) -> X509Updates
    /// See ``WorkloadIdentities/x509BundleUpdates(for:)``.
    func x509BundleUpdates(for workload: WorkloadReference) async throws(WorkloadDenial) -> X509BundleUpdates
    /// See ``WorkloadIdentities/jwtBundleUpdates(for:)``.
    func jwtBundleUpdates(for workload: WorkloadReference) async throws(WorkloadDenial) -> JWTBundleUpdates
    /// See ``WorkloadIdentities/jwtSVIDs(for:audience:id:)``.
    func jwtSVIDs(
        for workload: WorkloadReference, audience: [String], id: String?
    ) async throws(WorkloadDenial) -> [WorkloadToken]
    /// See ``WorkloadIdentities/validate(token:audience:for:)``.
    func validate(
        token: String, audience: String, for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> WorkloadIdentities.ValidatedToken
    /// See ``WorkloadIdentities/allX509Bundles()``.
    func allX509Bundles() async -> X509BundleUpdates
    /// See ``WorkloadIdentities/allJWTBundles()``.
    func allJWTBundles() async -> JWTBundleUpdates
    /// See ``WorkloadIdentities/authorizeDelegate(_:)``.
    func authorizeDelegate(_ peer: WorkloadPeer) async throws(WorkloadDenial)
}

extension WorkloadIdentities: WorkloadAnswers {}
