// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Issuer

/// How often agents may ask, and when the issuer forgets them. Facts (SPIFFE) 12.4, 15.3.
struct CallLimitOptions: ParsableArguments {
    @Flag(inversion: .prefixedNo, help: "Whether each address may attest one node a second.")
    var ratelimitAttestation = true
    @Flag(inversion: .prefixedNo, help: "Whether each address may ask for 500 SVIDs of a kind a second.")
    var ratelimitSigning = true
    @Option(
        help: ArgumentHelp(
            "Forget agents whose SVID has expired for so long; banned ones stay. None unless given.",
            valueName: "time"))
    var pruneAttestedNodesExpiredFor: LifetimeArgument?
    @Flag(
        name: .customLong("prune-tofu-nodes"),
        help: "Forget those, too, that could attest only once; whoever proves the node first then is believed again.")
    var prunesFirstUse = false

    func validate() throws {
        guard !prunesFirstUse || pruneAttestedNodesExpiredFor != nil else {
            throw ValidationError("--prune-tofu-nodes needs --prune-attested-nodes-expired-for, which says when.")
        }
    }

    /// How often one address may ask.
    var limits: RateLimits { RateLimits().without(attestation: !ratelimitAttestation, signing: !ratelimitSigning) }

    /// When agents are forgotten; nil for never.
    var pruning: RegistrationSweep.AgentPruning? {
        pruneAttestedNodesExpiredFor.map { .init(expiredFor: $0.seconds, includesFirstUse: prunesFirstUse) }
    }
}
