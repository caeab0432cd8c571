// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// An issuer above this one: certifies its authorities, and shares one bundle with it. Facts (SPIFFE) 16.3.
public protocol UpstreamIssuer: UpstreamAuthority {
    /// The bundle of the trust domain as the issuer above publishes it.
    /// - Throws: ``IssuerError``.
    func bundle() async throws -> TrustBundle
    /// Has the issuer above publish a key of ours that signs tokens.
    /// - Throws: ``IssuerError``.
    func publish(_ key: TokenAuthority) async throws
}
