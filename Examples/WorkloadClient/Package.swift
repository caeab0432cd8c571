// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// Consumes the products for applications from outside, as an application does.

import PackageDescription

let package = Package(
    name: "workload-client-example",
    dependencies: [
        .package(name: "kelmark", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
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
        .executableTarget(
            name: "hello-http-server",
            dependencies: [
                .product(name: "WorkloadClient", package: "kelmark"), .product(name: "SPIFFE", package: "kelmark"),
                .product(name: "WorkloadClientHummingbird", package: "kelmark"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ]),
        .executableTarget(
            name: "hello-http-client",
            dependencies: [
                .product(name: "WorkloadClient", package: "kelmark"), .product(name: "SPIFFE", package: "kelmark"),
                .product(name: "WorkloadClientHTTP", package: "kelmark"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]),
    ]
)
