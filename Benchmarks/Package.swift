// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Benchmarks are a package of their own, so that nobody who uses the libraries builds them. `make bench` runs them in
// release mode; they share no scratch path with debug builds.

import Foundation
import PackageDescription

let package = Package(
    name: "kelmark-benchmarks",
    dependencies: [
        // `KELMARK_BENCH=1` makes the issuer's services a product of it.
        .package(name: "kelmark", path: "..", traits: ["Secp256k1"]),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    ],
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
                .product(name: "SPIFFE", package: "kelmark"),
                .product(name: "Issuer", package: "kelmark"),
                .product(name: "StorageSQLite", package: "kelmark"),
                .product(name: "WorkloadClient", package: "kelmark"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"), .treatAllWarnings(as: .error),
            ]),
    ]
)
