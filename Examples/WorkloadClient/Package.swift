// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Consumes the product WorkloadClient from outside, as an application does.

import PackageDescription

let package = Package(
    name: "workload-client-example",
    dependencies: [
        .package(name: "kelmark", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .executableTarget(
            name: "hello-server",
            dependencies: [
                .product(name: "WorkloadClient", package: "kelmark"), .product(name: "SPIFFE", package: "kelmark"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "hello-client",
            dependencies: [
                .product(name: "WorkloadClient", package: "kelmark"), .product(name: "SPIFFE", package: "kelmark"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
    ]
)
