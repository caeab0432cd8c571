// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import NodeAgent

/// What an agent has for workloads, and how it keeps it. Facts (SPIFFE) 8.3, 10, 20.3, 20.7.
struct WorkloadOfferOptions: ParsableArguments {
    @Option(
        name: .customLong("workload-x509-svid-key-type"), help: "Which keys workloads get.")
    var keyType = SVIDKey.Kind.p256
    @Option(
        name: .customLong("x509-svid-cache-max-size"),
        help: ArgumentHelp("X.509-SVIDs that are kept beside those in use.", valueName: "number"))
    var mostSVIDs = 1000
    @Option(
        name: .customLong("jwt-svid-cache-max-size"),
        help: ArgumentHelp("JWT-SVIDs that are kept for who asks again.", valueName: "number"))
    var mostTokens = 1000
    @Option(help: ArgumentHelp("Time between two rounds with the issuer.", valueName: "time"))
    var syncInterval = IntervalArgument.fiveSeconds
    @Option(
        name: .customLong("allowed-foreign-jwt-claim"),
        help: ArgumentHelp(
            "A claim that is shown of tokens of other trust domains, beside sub, exp and aud; may be repeated.",
            valueName: "name"))
    var foreignClaims: [String] = []
    @Flag(help: "Let every local process read bundles and validate tokens.")
    var allowUnauthenticatedVerifiers = false
    @Option(
        name: .customLong("authorized-delegate"),
        help: ArgumentHelp("An identity that may ask on behalf of others; may be repeated.", valueName: "spiffe-id"))
    var delegates: [SPIFFEIDArgument] = []

    @Option(
        name: .customLong("sds-default-svid-name"),
        help: ArgumentHelp(
            "What Envoy calls the first identity of whoever asks; empty for no such name.", valueName: "name"))
    var identityName = SecretNames().defaultIdentity
    @Option(
        name: .customLong("sds-default-bundle-name"),
        help: ArgumentHelp(
            "What Envoy calls the authorities of the own trust domain; empty for no such name.", valueName: "name"))
    var bundleName = SecretNames().ownBundle
    @Option(
        name: .customLong("sds-default-all-bundles-name"),
        help: ArgumentHelp(
            "What Envoy calls the authorities of all trust domains; empty for no such name.", valueName: "name"))
    var bundlesName = SecretNames().allBundles
    @Flag(
        name: .customLong("disable-spiffe-cert-validation"),
        help: "Give Envoy authorities only, without the rule that a certificate's ID must be of their trust domain.")
    var disablesSPIFFEValidation = false
    @Flag(name: .customLong("disable-workload-api"), help: "Serve no Workload API.")
    var disablesWorkloadAPI = false
    @Flag(name: .customLong("disable-sds-api"), help: "Serve no secret discovery for Envoy.")
    var disablesSecretDiscovery = false

    func validate() throws {
        guard (1...1_000_000).contains(mostSVIDs) else {
            throw ValidationError("--x509-svid-cache-max-size is a number from 1 to 1000000.")
        }
        guard (1...1_000_000).contains(mostTokens) else {
            throw ValidationError("--jwt-svid-cache-max-size is a number from 1 to 1000000.")
        }
        guard foreignClaims.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("--allowed-foreign-jwt-claim is the name of a claim.")
        }
        guard !disablesSecretDiscovery || (names == SecretNames()) else {
            throw ValidationError("--disable-sds-api leaves nobody to use the other --sds-… options: leave those out.")
        }
    }

    private var names: SecretNames {
        var names = SecretNames()
        names.defaultIdentity = identityName
        names.ownBundle = bundleName
        names.allBundles = bundlesName
        names.disablesSPIFFEValidation = disablesSPIFFEValidation
        return names
    }

    /// What the public socket serves.
    var offer: IdentityServer.WorkloadOffer {
        var offer = IdentityServer.WorkloadOffer()
        offer.workloadAPI = !disablesWorkloadAPI
        offer.secrets = disablesSecretDiscovery ? nil : names
        return offer
    }

    /// Puts what is kept, and for whom, into a configuration.
    func configure(_ configuration: inout AgentConfiguration) {
        configuration.workloadKeys = keyType
        configuration.mostSVIDs = mostSVIDs
        configuration.syncInterval = syncInterval.interval
        configuration.policy.mostTokens = mostTokens
        configuration.policy.foreignClaims = Set(foreignClaims)
        configuration.policy.delegates = Set(delegates.map(\.id))
        configuration.policy.allowsUnauthenticatedVerifiers = allowUnauthenticatedVerifiers
    }
}

/// Time between two things that are done again and again, from a second to an hour: `5s`, `1m30s`.
struct IntervalArgument: ExpressibleByArgument, Hashable, Sendable {
    let seconds: Int64

    static let fiveSeconds = IntervalArgument(seconds: 5)

    private init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        guard let duration = DurationText(argument), (1...3600).contains(duration.seconds) else { return nil }
        seconds = Int64(duration.seconds)
    }

    /// As a duration.
    var interval: Duration { .seconds(seconds) }

    var defaultValueDescription: String { "\(seconds)s" }
}
