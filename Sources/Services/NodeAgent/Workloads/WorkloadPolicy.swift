// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// What an agent allows its callers.
public struct WorkloadPolicy: Hashable, Sendable {
    /// Whether callers without an identity get the own bundles and may have tokens checked.
    public var allowsUnauthenticatedVerifiers: Bool
    /// Who may ask for other workloads. Facts (SPIFFE) 21.
    public var delegates: Set<SPIFFEID>
    /// Claims of tokens of other trust domains that are shown beside `sub`, `exp` and `aud`.
    public var foreignClaims: Set<String>
    /// Most tokens that are kept.
    public var mostTokens: Int
    /// Most audiences of one token.
    public var mostAudiences: Int
    /// How long to wait for the issuer to make a token.
    public var patience: Duration

    /// A policy; the defaults are SPIRE's.
    public init(
        allowsUnauthenticatedVerifiers: Bool = false, delegates: Set<SPIFFEID> = [], foreignClaims: Set<String> = [],
        mostTokens: Int = 1000, mostAudiences: Int = 64, patience: Duration = .seconds(30)
    ) {
        self.allowsUnauthenticatedVerifiers = allowsUnauthenticatedVerifiers
        self.delegates = delegates
        self.foreignClaims = foreignClaims
        self.mostTokens = mostTokens
        self.mostAudiences = mostAudiences
        self.patience = patience
    }
}
