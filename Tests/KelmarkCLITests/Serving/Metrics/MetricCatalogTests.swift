// SPDX-License-Identifier: Apache-2.0

import Foundation
import IdentityGRPC
import IdentityHTTP
import Issuer
import KelmarkTestSupport
import SPIFFE
import Testing

@testable import KelmarkCLI
@testable import NodeAgent

struct MetricCatalogTests {
    private static let all = MetricCatalog.Process.all + MetricCatalog.Issuer.all + MetricCatalog.Agent.all

    @Test func theReferenceHasEveryMetric() throws {
        let file = Vectors.root.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/reference/metrics.md")
        #expect(try String(contentsOf: file, encoding: .utf8).contains(MetricCatalog.reference))
    }

    @Test func namesAreTakenOnceAndEndInBaseUnits() {
        #expect(Set(Self.all.map(\.fullName)).count == Self.all.count)
        for definition in Self.all {
            #expect(definition.fullName.hasPrefix("kelmark_"))
            // What the format adds must not be there twice.
            for suffix in ["_total", "_info", "_bucket", "_count", "_sum", "_milliseconds", "_ms"] {
                #expect(!definition.fullName.hasSuffix(suffix), "\(definition.fullName)")
            }
            if definition.kind == .histogram { #expect(definition.fullName.hasSuffix("_seconds")) }
            #expect(definition.help.hasSuffix("."))
        }
    }

    @Test func agentsTellEverythingThatTheCatalogHas() throws {
        let now = try #require(CertificateTime(seconds: 1_800_000_000))
        let health = AgentHealth.sample(now)
        let metrics = AgentMetrics(
            health: { health }, attestations: AttestationMeter(),
            meters: [CallMeter(listener: "workloads"), CallMeter(listener: "delegates")])
        let families = Dictionary(uniqueKeysWithValues: metrics.families().map { ($0.name, $0) })
        #expect(Set(families.keys) == Set((MetricCatalog.Process.all + MetricCatalog.Agent.all).map(\.name)))
        func number(_ definition: MetricDefinition, _ labels: [String] = []) -> Double? {
            let sample = families[definition.name]?.samples.first { $0.labels.map(\.value) == labels }
            if case .number(let number)? = sample?.reading { return number }
            return nil
        }
        #expect(number(MetricCatalog.Agent.phase, ["serving"]) == 1)
        #expect(families[MetricCatalog.Agent.phase.name]?.samples.count == 6)
        #expect(number(MetricCatalog.Agent.syncAge) == 60)
        #expect(number(MetricCatalog.Agent.failedRounds) == 3)
        #expect(number(MetricCatalog.Agent.cached, ["x509"]) == 5)
        #expect(number(MetricCatalog.Agent.cached, ["jwt"]) == 6)
        #expect(number(MetricCatalog.Agent.entries) == 4)
        #expect(number(MetricCatalog.Agent.streams) == 7)
        #expect(number(MetricCatalog.Agent.identityExpiry) == 1_800_003_600)
        #expect(number(MetricCatalog.Process.connections, ["workloads"]) == 0)
        #expect(number(MetricCatalog.Process.build, [Product.version, "agent"]) == 1)
    }

    /// Phases are told apart by name, and an agent that stopped has one as well.
    @Test func everyPhaseIsTold() throws {
        let now = try #require(CertificateTime(seconds: 1_800_000_000))
        let phases: [AgentPhase] = [
            .starting, .bootstrapping, .attesting, .synchronising, .serving, .stopped(.banned), .stopped(.requested),
        ]
        for phase in phases {
            let metrics = AgentMetrics(
                health: { AgentHealth.sample(now, phase: phase) }, attestations: AttestationMeter(), meters: [])
            let family = try #require(metrics.families().first { $0.name == MetricCatalog.Agent.phase.name })
            let ones = family.samples.filter { $0.reading == .number(1) }
            #expect(ones.count == 1, "\(phase)")
            #expect(phase.description.hasPrefix(ones.first?.labels.first?.value ?? "none"))
        }
    }
}

extension AgentHealth {
    /// An agent whose numbers all differ.
    fileprivate static func sample(_ now: CertificateTime, phase: AgentPhase = .serving) -> AgentHealth {
        AgentHealth(
            phase: phase, answersWorkloads: true, identityExpiresAt: now.advanced(by: 3600),
            synchronisedAt: now.advanced(by: -60), failedRounds: 3, entries: 4, x509SVIDs: 5, tokens: 6,
            subscribers: 7, at: now)
    }
}
