// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Benchmarks are a package of their own, so that nobody who uses the libraries builds them. `make bench` runs them in
// release mode; they share no scratch path with debug builds.

import Foundation
import PackageDescription

let package = Package(
    name: "kelmark-benchmarks",
    dependencies: [.package(name: "kelmark", path: "..", traits: ["Secp256k1"])],
    targets: [
        // The bare C library, called without anything of ours in between: the ceiling that replay is compared with.
        .systemLibrary(name: "CSodiumBare", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .executableTarget(
            name: "kelmark-bench",
            dependencies: [
                "CSodiumBare",
                .product(name: "KelmarkBytes", package: "kelmark"),
                .product(name: "KelmarkCrypto", package: "kelmark"),
                .product(name: "CESR", package: "kelmark"),
                .product(name: "KERI", package: "kelmark"),
                .product(name: "ACDC", package: "kelmark"),
                .product(name: "StorageSQLite", package: "kelmark"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"), .treatAllWarnings(as: .error),
            ]),
    ]
)
