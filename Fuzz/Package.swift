// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// One libFuzzer executable for each way in. `scripts/fuzz` builds and runs them; see Fuzz/README.md.

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// An entry point named `Fuzz<name>` and the products of ours that it reaches.
@MainActor func entry(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: "Fuzz\(name)",
        dependencies: ["FuzzSupport"] + products.map { .product(name: $0, package: "kelmark") }, swiftSettings: settings
    )
}

let package = Package(
    name: "kelmark-fuzz",
    dependencies: [.package(name: "kelmark", path: "..")],
    targets: [
        .target(name: "FuzzSupport", swiftSettings: settings),
        entry("Primitive", "CESR"),
        entry("Document", "CESR"),
        entry("Stream", "CESR"),
    ]
)
