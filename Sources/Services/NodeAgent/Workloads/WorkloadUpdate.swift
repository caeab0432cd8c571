// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// One identity of a workload: certificate, key, and what the workload is told about it.
public struct WorkloadSVID: Hashable, Sendable {
    /// The entry behind it.
    public let entryID: String
    /// Who the workload is.
    public let id: SPIFFEID
    /// The chain, leaf first, without the authority.
    public let chain: [X509Certificate]
    /// The leaf's key.
    public let key: SVIDKey
    /// What the identity is for; unique in one update, or empty.
    public let hint: String
}

/// Everything that a workload is by certificate, and whom it trusts: always the full state.
public struct X509Update: Hashable, Sendable {
    /// The first is the default identity. A workload has at least one; to a delegate, none says that there is none now.
    public let svids: [WorkloadSVID]
    /// The authorities of the own trust domain; never empty.
    public let bundle: X509Bundle
    /// Those of the others, by trust domain name.
    public let federatedBundles: [X509Bundle]
}

/// The X.509 authorities that a workload trusts: always the full state.
public struct X509BundleUpdate: Hashable, Sendable {
    /// By trust domain name, the own one among them; the own one is never empty.
    public let bundles: [X509Bundle]
}

/// The JWT authorities that a workload trusts: always the full state.
public struct JWTBundleUpdate: Hashable, Sendable {
    /// JWK Sets by trust domain name, the own one among them.
    public let bundles: [KeySet]

    /// One trust domain's JWK Set.
    public struct KeySet: Hashable, Sendable {
        /// Whose keys.
        public let trustDomain: TrustDomain
        /// The set in JSON; equal keys give equal bytes.
        public let document: [UInt8]
    }
}

/// One token for one identity of a workload.
public struct WorkloadToken: Hashable, Sendable {
    /// Whose it is.
    public let id: SPIFFEID
    /// The token.
    public let token: String
    /// What the identity is for, or empty.
    public let hint: String
}
