// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
//
// The manifest reads as the architecture: five layers, each module with its layer, the modules of ours it may
// import (`uses`) and the packages it may import (`external`). An edge that points upward, or at a module declared
// later in the same layer, stops the manifest from loading.

import Foundation
import PackageDescription

// `KELMARK_CORE_ONLY=1` leaves Services, Adapters and Apps (and every package that only they need) out.
// `KELMARK_SERVICES_ONLY=1` leaves Adapters and Apps out, for whoever works on a service.
// `KELMARK_FUZZ=1` offers modules to Fuzz/ that are no products, `KELMARK_BENCH=1` to Benchmarks/.
let coreOnly = ProcessInfo.processInfo.environment["KELMARK_CORE_ONLY"] == "1"
let servicesOnly = ProcessInfo.processInfo.environment["KELMARK_SERVICES_ONLY"] == "1"
let topLayer: Layer = coreOnly ? .protocols : servicesOnly ? .services : .apps

enum Layer: Int {
    case foundations, protocols, services, adapters, apps

    var folder: String {
        switch self {
        case .foundations: "Foundations"
        case .protocols: "Protocols"
        case .services: "Services"
        case .adapters: "Adapters"
        case .apps: "Apps"
        }
    }
}

let pureSettings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
]

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

var targets: [Target] = []
var products: [Product] = []
var placed: [String: (layer: Layer, order: Int)] = [:]

extension Target.Dependency {
    static let crypto: Self = .product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras: Self = .product(name: "CryptoExtras", package: "swift-crypto")
    static let asn1: Self = .product(name: "SwiftASN1", package: "swift-asn1")
    static let x509: Self = .product(name: "X509", package: "swift-certificates")
    static let grdb: Self = .product(name: "GRDB", package: "GRDB.swift")
    static let sqlite: Self = .product(name: "GRDBSQLite", package: "GRDB.swift")
    static let argumentParser: Self = .product(name: "ArgumentParser", package: "swift-argument-parser")
    static let yams: Self = .product(name: "Yams", package: "Yams")
    static let systemPackage: Self = .product(name: "SystemPackage", package: "swift-system")
    static let logging: Self = .product(name: "Logging", package: "swift-log")
    static let lifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let signals: Self = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let nioCore: Self = .product(name: "NIOCore", package: "swift-nio")
    static let nioPosix: Self = .product(name: "NIOPosix", package: "swift-nio")
    static let nioHTTP1: Self = .product(name: "NIOHTTP1", package: "swift-nio")
    static let nioEmbedded: Self = .product(name: "NIOEmbedded", package: "swift-nio")
    static let nioTLS: Self = .product(name: "NIOTLS", package: "swift-nio")
    static let nioHTTP2: Self = .product(name: "NIOHTTP2", package: "swift-nio-http2")
    static let nioHPACK: Self = .product(name: "NIOHPACK", package: "swift-nio-http2")
    static let nioSSL: Self = .product(name: "NIOSSL", package: "swift-nio-ssl")
    static let httpTypes: Self = .product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird: Self = .product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore: Self = .product(name: "HummingbirdCore", package: "hummingbird")
    static let httpClient: Self = .product(name: "AsyncHTTPClient", package: "async-http-client")
    static let protobuf: Self = .product(name: "SwiftProtobuf", package: "swift-protobuf")
    static let grpc: Self = .product(name: "GRPCCore", package: "grpc-swift-2")
    static let grpcProtobuf: Self = .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
    static let grpcTransport: Self = .product(
        name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
    static let secp256k1: Self = .target(name: "CSecp256k1", condition: .when(traits: ["Secp256k1"]))
}

/// Declares one module of ours and refuses edges that point upward or forward.
@MainActor func module(
    _ layer: Layer, _ name: String, uses: [String] = [], external: [Target.Dependency] = [], pure: Bool = false,
    product: Bool = false, executable: Bool = false, exclude: [String] = [], resources: [Resource] = []
) {
    if layer.rawValue > topLayer.rawValue { return }
    for used in uses {
        guard let other = placed[used] else { fatalError("\(name) uses \(used), which is not declared before it") }
        guard other.layer.rawValue <= layer.rawValue else { fatalError("\(name) points upward at \(used)") }
    }
    placed[name] = (layer, placed.count)
    let dependencies = uses.map { Target.Dependency.target(name: $0) } + external
    let path = "Sources/\(layer.folder)/\(name)"
    let all = pure ? settings + pureSettings : settings
    targets.append(
        executable
            ? .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: all)
            : .target(
                name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources,
                swiftSettings: all))
    if product { products.append(.library(name: name, targets: [name])) }
}

/// A C library of the system, declared in Foundations; only its Swift wrapper module may import it.
@MainActor func system(_ name: String, pkgConfig: String, apt: String) {
    placed[name] = (.foundations, placed.count)
    targets.append(
        .systemLibrary(
            name: name, path: "Sources/Foundations/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])]))
}

@MainActor func tests(
    _ name: String, uses: [String], external: [Target.Dependency] = [], resources: [Resource] = [],
    exclude: [String] = []
) {
    if uses.contains(where: { placed[$0] == nil }) { return }
    targets.append(
        .testTarget(
            name: name, dependencies: uses.map { .target(name: $0) } + external, path: "Tests/\(name)",
            exclude: exclude, resources: resources, swiftSettings: settings))
}

@MainActor func support(
    _ name: String, from layer: Layer = .foundations, uses: [String], external: [Target.Dependency] = [],
    product: Bool = false
) {
    if layer.rawValue > topLayer.rawValue || uses.contains(where: { placed[$0] == nil }) { return }
    if product { products.append(.library(name: name, targets: [name])) }
    placed[name] = (.apps, placed.count)
    targets.append(
        .target(
            name: name, dependencies: uses.map { .target(name: $0) } + external, path: "Tests/Support/\(name)",
            swiftSettings: settings))
}

// Foundations: no protocol knowledge.
system("CSodium", pkgConfig: "libsodium", apt: "libsodium-dev")
system("CSecp256k1", pkgConfig: "libsecp256k1", apt: "libsecp256k1-dev")
module(.foundations, "KelmarkBytes", pure: true, product: true)
module(.foundations, "KelmarkConcurrency", pure: true)
module(
    .foundations, "KelmarkCrypto", uses: ["KelmarkBytes", "CSodium"], external: [.crypto, .secp256k1], product: true)
module(
    .foundations, "JOSE", uses: ["KelmarkBytes"], external: [.crypto, .cryptoExtras, .asn1], pure: true, product: true)

// Protocols: pure values, codecs and state machines; no I/O, no clock, no framework.
module(.protocols, "CESR", uses: ["KelmarkBytes"], pure: true, product: true)
module(.protocols, "KERI", uses: ["KelmarkBytes", "KelmarkCrypto", "CESR"], product: true)
module(.protocols, "ACDC", uses: ["KelmarkBytes", "KelmarkCrypto", "CESR", "KERI"], product: true)
module(.protocols, "SPIFFE", uses: ["KelmarkBytes", "JOSE"], external: [.asn1, .x509, .crypto], product: true)
module(.protocols, "Transparency", uses: [], external: [.crypto], pure: true)
module(
    .protocols, "TrustBinding", uses: ["KelmarkBytes", "KelmarkCrypto", "JOSE", "CESR", "KERI", "ACDC", "SPIFFE"],
    external: [.asn1, .x509, .crypto], product: true)

// Services: when, how often, who may.
module(
    .services, "KERINetwork",
    uses: ["KelmarkBytes", "KelmarkConcurrency", "KelmarkCrypto", "CESR", "KERI", "ACDC"],
    external: [.logging, .lifecycle], product: ProcessInfo.processInfo.environment["KELMARK_FUZZ"] == "1")
module(
    .services, "Issuer",
    uses: ["KelmarkBytes", "KelmarkConcurrency", "KelmarkCrypto", "JOSE", "SPIFFE", "Transparency"],
    external: [.logging, .lifecycle, .x509, .asn1, .crypto],
    product: ProcessInfo.processInfo.environment["KELMARK_BENCH"] == "1")
module(
    .services, "NodeAgent", uses: ["KelmarkBytes", "KelmarkConcurrency", "KelmarkCrypto", "JOSE", "SPIFFE"],
    external: [.logging, .lifecycle, .x509, .asn1, .crypto, .cryptoExtras])

// Adapters: one framework each.
module(
    .adapters, "StorageSQLite",
    uses: ["KelmarkBytes", "JOSE", "SPIFFE", "CESR", "KERI", "ACDC", "KERINetwork", "Transparency", "Issuer"],
    external: [.grdb, .sqlite],
    product: true)
module(
    .adapters, "HTTPTransport", uses: ["KERINetwork"], external: [.httpClient, .nioCore, .nioPosix, .nioHTTP1])
module(
    .adapters, "HTTPServing", external: [.lifecycle, .logging, .nioCore, .nioPosix, .nioHTTP1, .nioSSL])
module(
    .adapters, "KERIHTTP", uses: ["KERINetwork", "HTTPServing"],
    external: [.lifecycle, .logging, .nioCore, .nioPosix])
module(
    .adapters, "IdentityHTTP", uses: ["KelmarkBytes", "JOSE", "SPIFFE", "Issuer", "HTTPServing"],
    external: [.httpClient, .lifecycle, .logging, .nioCore, .nioPosix, .nioHTTP1, .nioSSL, .crypto])
module(
    .adapters, "NodeLocal", uses: ["NodeAgent", "HTTPServing"],
    external: [.httpClient, .nioCore, .nioPosix, .nioHTTP1, .nioSSL, .logging, .lifecycle])

// Only what scripts/generate-api wrote from Definitions.
module(.adapters, "SPIREAPI", external: [.grpc, .grpcProtobuf, .protobuf], exclude: ["Definitions"])
module(
    .adapters, "WorkloadClient", uses: ["KelmarkBytes", "KelmarkConcurrency", "JOSE", "SPIFFE", "SPIREAPI"],
    external: [
        .grpc, .grpcTransport, .protobuf, .nioCore, .nioPosix, .nioSSL, .nioTLS, .nioHTTP2, .logging, .lifecycle,
    ], product: true)
// Apart, so that who needs neither builds neither.
module(
    .adapters, "WorkloadClientHTTP", uses: ["WorkloadClient"], external: [.httpClient, .nioCore, .nioHTTP1],
    product: true)
module(
    .adapters, "WorkloadClientHummingbird", uses: ["WorkloadClient"],
    external: [.hummingbirdCore, .logging, .nioCore], product: true)
module(
    .adapters, "IdentityGRPC",
    uses: [
        "KelmarkBytes", "KelmarkConcurrency", "KelmarkCrypto", "JOSE", "SPIFFE", "NodeAgent", "Issuer", "SPIREAPI",
        "HTTPServing",
    ],
    external: [
        .grpc, .grpcProtobuf, .grpcTransport, .protobuf, .lifecycle, .logging, .nioCore, .nioPosix, .nioHTTP2,
        .nioHPACK,
        .nioSSL, .x509, .crypto,
    ])

// Apps: the only place where parts are composed.
module(
    .apps, "KelmarkCLI",
    uses: [
        "KelmarkBytes", "KelmarkCrypto", "JOSE", "CESR", "KERI", "ACDC", "SPIFFE", "Transparency", "TrustBinding",
        "KERINetwork", "Issuer", "NodeAgent", "StorageSQLite", "HTTPTransport", "HTTPServing", "KERIHTTP",
        "IdentityHTTP", "NodeLocal",
        "SPIREAPI", "IdentityGRPC",
    ],
    external: [.argumentParser, .yams, .lifecycle, .signals, .logging, .asn1, .x509, .crypto, .grpc])
module(.apps, "kelmark", uses: ["KelmarkCLI"], executable: true)
if topLayer == .apps { products.append(.executable(name: "kelmark", targets: ["kelmark"])) }

// Tests. Vectors live in Tests/Vectors and are found through `KelmarkTestSupport.Vectors`.
support("KelmarkTestSupport", uses: [])
support("LogTestKit", from: .services, uses: [], external: [.logging])
support("StoreConformance", uses: ["KelmarkBytes", "KelmarkCrypto", "CESR", "KERI", "ACDC"])
support("IssuerStoreConformance", uses: ["KelmarkCrypto", "SPIFFE", "Transparency", "Issuer"])
support("ListenerTestKit", from: .apps, uses: [], external: [.grpcTransport, .nioCore, .nioPosix])
// A server at a Unix socket that answers what a test says.
support(
    "IssuerTestKit", uses: ["ListenerTestKit"], external: [.grpc, .grpcProtobuf, .grpcTransport, .protobuf])
// Also for the tests of applications.
support(
    "WorkloadTestKit", uses: ["JOSE", "SPIFFE", "SPIREAPI", "ListenerTestKit"],
    external: [.asn1, .x509, .crypto, .grpc, .grpcTransport, .protobuf], product: true)
tests("KelmarkConcurrencyTests", uses: ["KelmarkConcurrency"])
tests("KelmarkBytesTests", uses: ["KelmarkBytes", "KelmarkTestSupport"])
tests("KelmarkCryptoTests", uses: ["KelmarkCrypto", "KelmarkBytes", "KelmarkTestSupport"], external: [.crypto])
tests("CESRTests", uses: ["CESR", "KelmarkBytes", "KelmarkTestSupport"])
tests(
    "KERITests",
    uses: ["KERI", "CESR", "KelmarkBytes", "KelmarkCrypto", "KelmarkTestSupport", "StoreConformance"])
tests(
    "ACDCTests",
    uses: ["ACDC", "KERI", "CESR", "KelmarkBytes", "KelmarkCrypto", "KelmarkTestSupport", "StoreConformance"],
    exclude: ["exchange.mutations.txt", "mutations.txt", "registry.mutations.txt", "schema.mutations.txt"])
tests(
    "StorageSQLiteTests",
    uses: [
        "StorageSQLite", "Issuer", "KERINetwork", "ACDC", "KERI", "CESR", "SPIFFE", "Transparency", "KelmarkBytes",
        "KelmarkCrypto", "KelmarkTestSupport", "StoreConformance", "IssuerStoreConformance",
    ], external: [.grdb])
tests(
    "KERINetworkTests",
    uses: [
        "KERINetwork", "ACDC", "KERI", "CESR", "KelmarkBytes", "KelmarkCrypto", "KelmarkTestSupport",
        "StoreConformance",
    ],
    exclude: [
        "credentials.mutations.txt", "delivery.mutations.txt", "groups.mutations.txt", "issuing.mutations.txt",
        "mail.mutations.txt", "registrar.mutations.txt", "watch.mutations.txt", "witness.mutations.txt",
    ])
tests("HTTPServingTests", uses: ["HTTPServing"], external: [.nioCore], exclude: ["mutations.txt"])
tests(
    "IdentityHTTPTests",
    uses: ["IdentityHTTP", "HTTPServing", "Issuer", "SPIFFE", "JOSE", "KelmarkBytes", "LogTestKit", "WorkloadTestKit"],
    external: [.logging, .lifecycle, .nioCore, .nioPosix, .nioHTTP1, .nioSSL], exclude: ["mutations.txt"])
tests(
    "NodeLocalTests", uses: ["NodeLocal", "NodeAgent", "SPIFFE", "KelmarkBytes", "WorkloadTestKit"],
    external: [.logging, .lifecycle, .nioCore, .nioPosix, .nioHTTP1, .nioSSL], exclude: ["mutations.txt"])
tests(
    "WorkloadClientTests",
    uses: [
        "WorkloadClient", "WorkloadClientHTTP", "WorkloadClientHummingbird", "SPIREAPI", "SPIFFE", "JOSE",
        "KelmarkBytes", "LogTestKit", "WorkloadTestKit",
    ],
    external: [
        .grpc, .grpcTransport, .nioCore, .nioPosix, .nioSSL, .lifecycle, .logging, .httpClient, .httpTypes,
        .hummingbird, .hummingbirdCore, .nioHTTP1, .nioEmbedded, .nioTLS,
    ], exclude: ["mutations.txt"])
tests(
    "KERIHTTPTests", uses: ["KERIHTTP", "HTTPServing", "HTTPTransport", "KERINetwork"],
    external: [.logging, .lifecycle], exclude: ["mutations.txt"])
tests(
    "IdentityGRPCTests",
    uses: [
        "IdentityGRPC", "SPIREAPI", "NodeAgent", "Issuer", "JOSE", "SPIFFE", "KelmarkBytes", "KelmarkCrypto",
        "KelmarkTestSupport", "LogTestKit", "Transparency",
    ],
    external: [
        .grpc, .grpcProtobuf, .grpcTransport, .protobuf, .lifecycle, .logging, .asn1, .x509, .crypto, .nioCore, .nioSSL,
    ], exclude: ["issuer.mutations.txt", "transport.mutations.txt"])
tests("JOSETests", uses: ["JOSE", "KelmarkBytes", "KelmarkTestSupport"], exclude: ["mutations.txt"])
tests("TransparencyTests", uses: ["Transparency", "KelmarkBytes"], external: [.crypto], exclude: ["mutations.txt"])
tests(
    "SPIFFETests", uses: ["SPIFFE", "JOSE", "KelmarkBytes", "KelmarkTestSupport"], external: [.asn1, .x509, .crypto],
    exclude: ["mutations.txt"])
tests(
    "TrustBindingTests",
    uses: [
        "TrustBinding", "SPIFFE", "ACDC", "KERI", "CESR", "JOSE", "KelmarkBytes", "KelmarkCrypto", "KelmarkTestSupport",
    ],
    external: [.asn1, .x509, .crypto], exclude: ["mutations.txt"])
tests(
    "KelmarkCLITests",
    uses: [
        "KelmarkCLI", "KERINetwork", "StorageSQLite", "TrustBinding", "SPIFFE", "ACDC", "KERI", "CESR", "KelmarkBytes",
        "KelmarkCrypto", "KelmarkTestSupport", "IdentityGRPC", "SPIREAPI", "IssuerTestKit", "JOSE", "IdentityHTTP",
        "Issuer", "NodeAgent", "NodeLocal", "Transparency",
    ], external: [.argumentParser, .yams, .grpc, .protobuf, .x509, .asn1, .crypto, .logging, .lifecycle],
    exclude: ["mutations.txt"])
// Witnesses that are killed, paused and spoiled; what scripts/soak runs, and tests of its parts.
support(
    "FaultDrill",
    uses: ["KERINetwork", "HTTPTransport", "StorageSQLite", "KERI", "CESR", "KelmarkBytes", "KelmarkCrypto"],
    external: [.nioCore, .nioPosix])
tests(
    "FaultDrillTests",
    uses: [
        "FaultDrill", "KERIHTTP", "HTTPTransport", "KERINetwork", "KERI", "CESR", "KelmarkBytes", "KelmarkCrypto",
    ], external: [.logging, .lifecycle])
tests(
    "IssuerTests",
    uses: ["Issuer", "SPIFFE", "JOSE", "Transparency", "KelmarkBytes", "KelmarkCrypto", "KelmarkTestSupport"],
    external: [.logging, .lifecycle, .x509, .asn1, .crypto, .cryptoExtras],
    exclude: ["authorities.mutations.txt", "registrations.mutations.txt"])
tests(
    "NodeAgentTests",
    uses: ["NodeAgent", "SPIFFE", "JOSE", "KelmarkBytes", "KelmarkCrypto", "KelmarkTestSupport", "LogTestKit"],
    external: [.logging, .lifecycle, .x509, .asn1, .crypto], exclude: ["mutations.txt"])
// Runs the built binary.
tests("EndToEndTests", uses: ["kelmark", "KERI", "KelmarkBytes", "KelmarkTestSupport"])

// The process that `scripts/interop` pairs with keripy; no product.
targets.append(
    .executableTarget(
        name: "kelmark-peer", dependencies: ["KERI", "CESR", "KelmarkBytes", "KelmarkCrypto"],
        path: "Tests/InteropTests/KelmarkPeer", swiftSettings: settings))

// The writer that scripts/soak kills, and the checker that looks for what was lost.
if topLayer == .apps {
    targets.append(
        .executableTarget(
            name: "kelmark-soak",
            dependencies: ["FaultDrill", "StorageSQLite", "KERI", "CESR", "KelmarkBytes", "KelmarkCrypto"],
            path: "Tests/Support/kelmark-soak", swiftSettings: settings))
}

// swift-crypto's own trait defaults are enough; nothing else is asked of a package than what is named above.
var packages: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
]
if topLayer.rawValue >= Layer.services.rawValue {
    packages += [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ]
}
if topLayer == .apps {
    packages += [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ]
}

let package = Package(
    name: "kelmark",
    products: products,
    traits: [
        .trait(name: "Secp256k1", description: "Verifies secp256k1 signatures through the system's libsecp256k1.")
    ],
    dependencies: packages,
    targets: targets
)
