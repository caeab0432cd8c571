// SPDX-License-Identifier: Apache-2.0

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
}
