// SPDX-License-Identifier: Apache-2.0

/// How an agent's secrets are called beside their SPIFFE IDs, and in which form authorities are given.
/// Facts (SPIFFE) 10.
package struct SecretNames: Hashable, Sendable {
    /// The first identity; empty for none.
    package var defaultIdentity = "default"
    /// The authorities of the own trust domain; empty for none.
    package var ownBundle = "ROOTCA"
    /// The authorities of all trust domains, each for its own; empty for none.
    package var allBundles = "ALL"
    /// Whether Envoy is to look at the chain only, and never at the trust domain.
    package var disablesSPIFFEValidation = false

    /// The names that SPIRE uses.
    package init() {}
}
