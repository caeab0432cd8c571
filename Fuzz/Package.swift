// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// One libFuzzer executable for each way in. `scripts/fuzz` builds and runs them; see Fuzz/README.md.

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// An entry point named `Fuzz<name>` and what it reaches: a product of ours, perhaps properties shared with others.
@MainActor func entry(_ name: String, _ product: String, shares local: String? = nil) -> Target {
    let shared: [Target.Dependency] = local.map { [.target(name: $0)] } ?? []
    return .executableTarget(
        name: "Fuzz\(name)",
        dependencies: ["FuzzSupport", .product(name: product, package: "kelmark")] + shared, swiftSettings: settings)
}

let package = Package(
    name: "kelmark-fuzz",
    dependencies: [.package(name: "kelmark", path: "..")],
    targets: [
        .target(name: "FuzzSupport", swiftSettings: settings),
        .target(
            name: "EventProperties", dependencies: ["FuzzSupport", .product(name: "KERI", package: "kelmark")],
            swiftSettings: settings),
        entry("Primitive", "CESR"),
        entry("Stream", "CESR"),
        entry("EventJSON", "KERI", shares: "EventProperties"),
        entry("EventCBOR", "KERI", shares: "EventProperties"),
        entry("EventMessagePack", "KERI", shares: "EventProperties"),
        entry("ProofFile", "TrustBinding"),
        entry("VaultFile", "KERI"),
        entry("Schema", "ACDC"),
        entry("Credential", "ACDC"),
        entry("RegistryEvent", "ACDC"),
        entry("Token", "SPIFFE"),
        entry("TrustBundle", "SPIFFE"),
        entry("SVIDChain", "SPIFFE"),
        entry("EndpointSocket", "SPIFFE"),
        .target(
            name: "NetworkProperties",
            dependencies: ["FuzzSupport", .product(name: "KERINetwork", package: "kelmark")],
            swiftSettings: settings),
        entry("PeerText", "KERINetwork"),
        entry("PeerMessage", "KERINetwork", shares: "NetworkProperties"),
        entry("PeerAnswer", "KERINetwork", shares: "NetworkProperties"),
        entry("ServiceRequest", "KERINetwork", shares: "NetworkProperties"),
    ]
)
