// SPDX-License-Identifier: Apache-2.0

import Glibc
import KelmarkBytes
import NIOHTTP1
import Testing
import WorkloadTestKit

@testable import IdentityHTTP

/// Health and metrics over a real socket.
@Suite(.timeLimit(.minutes(1)))
struct OperationsServiceTests {
    private static func serving<R: Sendable>(
        health: HealthEndpoint? = nil, metrics: MetricsEndpoint? = nil, _ body: (Int) async throws -> R
    ) async throws -> R {
        let service = OperationsService(health: health, metrics: metrics, port: 0, logger: quiet)
        return try await running(service) { try await body(try await service.boundPort()) }
    }

    @Test func healthIsAskedForEachTime() async throws {
        let store = Current(HealthCheck.Finding.healthy)
        let health = HealthEndpoint([
            HealthCheck("server") { .healthy }, HealthCheck("catalog.datastore") { store.value },
        ])
        try await Self.serving(health: health) { port in
            for path in ["/livez", "/readyz", "/live", "/ready"] {
                #expect(try await ask(port, path, isTLS: false).status == 200, "\(path)")
            }
            #expect(try await ask(port, "/readyz", isTLS: false).text == "ok\n")
            store.value = .notReady("locked")
            #expect(try await ask(port, "/livez", isTLS: false).status == 200)
            #expect(try await ask(port, "/live", isTLS: false).status == 200)
            let short = try await ask(port, "/readyz", isTLS: false)
            #expect(short.status == 503)
            #expect(short.text == "[-]catalog.datastore not ok: locked\nnot ok\n")
            let verbose = try await ask(port, "/readyz?verbose", isTLS: false)
            #expect(verbose.text == "[+]server ok\n[-]catalog.datastore not ok: locked\nnot ok\n")
            store.value = .healthy("proven as of 3")
            let founded = try await ask(port, "/readyz?verbose", isTLS: false)
            #expect(founded.text == "[+]server ok\n[+]catalog.datastore ok: proven as of 3\nok\n")
            #expect(try await ask(port, "/readyz", isTLS: false).text == "ok\n")
            store.value = .notReady("locked")
            let json = try await ask(port, "/ready", isTLS: false)
            #expect(json.status == 500)
            let text = Array(json.text.utf8)
            let parts = try OrderedValue(parsingJSON: text.span, strictness: .interoperable)
            #expect(parts.value(at: "server", "ready")?.booleanValue == true)
            #expect(parts.value(at: "catalog.datastore", "ready")?.booleanValue == false)
            #expect(parts.value(at: "catalog.datastore", "error")?.textValue == "locked")
            store.value = HealthCheck.Finding(isLive: false, isReady: false)
            #expect(try await ask(port, "/livez", isTLS: false).status == 503)
            #expect(try await ask(port, "/metrics", isTLS: false).status == 404)
        }
    }

    /// Who does not answer is not ready, and the answer comes all the same.
    @Test func silenceIsNotReady() async throws {
        let health = HealthEndpoint(
            [
                HealthCheck("stuck") {
                    try? await Task.sleep(for: .seconds(3600)); return .healthy
                }
            ],
            patience: .milliseconds(1))
        try await Self.serving(health: health) { port in
            let answer = try await ask(port, "/readyz", isTLS: false)
            #expect(answer.text.contains("does not answer"))
        }
    }

    @Test func metricsAreOpenMetrics() async throws {
        let metrics = MetricsEndpoint {
            [
                MetricFamily(
                    "svids_issued", .counter, help: "SVIDs that were signed.",
                    samples: [
                        .init(12, [.init("type", "x509")]), .init(0.5, [.init("type", "a\"b\\c\nd")]),
                        .init(99, [.init("type", "x509")]),
                    ]),
                MetricFamily("bundle_sequence", .gauge, help: "Number of the bundle.", samples: [.init(3)]),
                MetricFamily("build", .info, help: "What runs.", samples: [.init(7, [.init("version", "1")])]),
            ]
        }
        try await Self.serving(metrics: metrics) { port in
            let answer = try await ask(port, "/metrics", isTLS: false)
            #expect(
                answer.headers.first(name: "content-type")
                    == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(
                answer.text == """
                    # TYPE kelmark_build info
                    # HELP kelmark_build What runs.
                    kelmark_build_info{version="1"} 1
                    # TYPE kelmark_bundle_sequence gauge
                    # HELP kelmark_bundle_sequence Number of the bundle.
                    kelmark_bundle_sequence 3
                    # TYPE kelmark_svids_issued counter
                    # HELP kelmark_svids_issued SVIDs that were signed.
                    kelmark_svids_issued_total{type="x509"} 12
                    kelmark_svids_issued_total{type="a\\"b\\\\c\\nd"} 0.5
                    # EOF

                    """)
        }
    }

    /// A histogram counts in each bucket what the ones before it have as well; its unit is told.
    @Test func distributionsAreOpenMetrics() async throws {
        let calls = MetricDefinition(
            "rpc_duration_seconds", .histogram, labels: ["method"], help: "How long calls took.")
        let metrics = MetricsEndpoint {
            [
                calls.distributions([
                    .init(Distribution(bounds: [0.5, 10], counts: [1, 2, 3], sum: 99.5), ["a"]),
                    .init(Distribution(bounds: [0.5, 10], counts: [0, 0, 0, 9], sum: 0), ["b"]),
                    .init(Distribution(bounds: [], counts: [], sum: 0), []),
                ]),
                // A reading that its kind does not have is not told.
                MetricFamily(
                    "wrong", .gauge, help: "None.",
                    samples: [
                        .init(Distribution(bounds: [], counts: [1], sum: 0))
                    ]),
            ]
        }
        try await Self.serving(metrics: metrics) { port in
            let answer = try await ask(port, "/metrics", isTLS: false)
            #expect(
                answer.text == """
                    # TYPE kelmark_rpc_duration_seconds histogram
                    # HELP kelmark_rpc_duration_seconds How long calls took.
                    # UNIT kelmark_rpc_duration_seconds seconds
                    kelmark_rpc_duration_seconds_bucket{method="a",le="0.5"} 1
                    kelmark_rpc_duration_seconds_bucket{method="a",le="10.0"} 3
                    kelmark_rpc_duration_seconds_bucket{method="a",le="+Inf"} 6
                    kelmark_rpc_duration_seconds_count{method="a"} 6
                    kelmark_rpc_duration_seconds_sum{method="a"} 99.5
                    kelmark_rpc_duration_seconds_bucket{method="b",le="0.5"} 0
                    kelmark_rpc_duration_seconds_bucket{method="b",le="10.0"} 0
                    kelmark_rpc_duration_seconds_bucket{method="b",le="+Inf"} 0
                    kelmark_rpc_duration_seconds_count{method="b"} 0
                    kelmark_rpc_duration_seconds_sum{method="b"} 0
                    # TYPE kelmark_wrong gauge
                    # HELP kelmark_wrong None.
                    # EOF

                    """)
        }
    }

    /// A family has no sample whose labels are not those of its definition.
    @Test func rowsHaveTheLabelsOfTheirDefinition() {
        let definition = MetricDefinition("entries", .gauge, labels: ["kind"], help: "Entries.")
        #expect(definition.numbers([.init(1, ["a"]), .init(2, []), .init(3, ["a", "b"])]).samples.count == 1)
        #expect(definition.numbers([.init(1, ["a"])]).samples.first?.labels == [.init("kind", "a")])
        #expect(MetricDefinition("up", .gauge, help: "Up.").number(nil).samples.isEmpty)
        #expect(definition.fullName == "kelmark_entries")
    }

    /// The service manager opened the socket before there was a process.
    @Test func socketsThatWereHandedOverAreServed() async throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(descriptor, 8) == 0
            }
        }
        try #require(isListening)
        let service = OperationsService(
            health: HealthEndpoint([HealthCheck("server") { .healthy }]), metrics: nil, port: 1,
            descriptor: descriptor, logger: quiet)
        try await running(service) {
            let port = try await service.boundPort()
            #expect(port > 1)
            #expect(try await ask(port, "/livez", isTLS: false).status == 200)
        }
    }
}
