// SPDX-License-Identifier: Apache-2.0

import KERI
import SPIFFE
import Testing

@testable import TrustBinding

struct CorruptionDrillTests {
    @Test func everyCorruptionHasItsOneVerdict() async throws {
        let scenario = try await ProofScenario()
        let drill = try #require(
            CorruptionDrill(
                file: scenario.file(), root: scenario.organisation.aid, trustDomain: Sample.domain, at: Sample.now))
        let results = try await drill.run()
        #expect(results.count == 59)
        #expect(Set(results.map(\.corruption.name)).count == results.count)
        for result in results {
            #expect(
                result.isAsExpected,
                "\(result.corruption.name): \(result.verdict) \(String(describing: result.rung)) \(String(describing: result.reason))"
            )
            #expect(result.corruption.exitCode == result.verdict.exitCode)
        }
        // Each verdict and each rung that a corruption can reach is reached.
        #expect(Set(results.map(\.verdict)) == Set(Verdict.allCases))
        #expect(
            Set(results.compactMap(\.rung)) == [
                .file, .organisation, .registry, .credential, .issuer, .statement, .authority, .svid,
            ])
    }

    @Test func theTableIsTheSameEachTime() async throws {
        let scenario = try await ProofScenario()
        let file = try scenario.file()
        var tables: [[CorruptionResult]] = []
        for _ in 0..<2 {
            let drill = try #require(
                CorruptionDrill(
                    file: file, root: scenario.organisation.aid, trustDomain: Sample.domain, at: Sample.now))
            tables.append(try await drill.run())
        }
        #expect(tables[0] == tables[1])
    }

    @Test func rotatedLogsChangeNothing() async throws {
        let scenario = try await ProofScenario(delegated: true)
        try scenario.organisation.rotate()
        try scenario.issuer.rotate(delegator: scenario.organisation)
        let drill = try #require(
            CorruptionDrill(
                file: scenario.file(), root: scenario.organisation.aid, trustDomain: Sample.domain, at: Sample.now))
        let results = try await drill.run()
        #expect(results.filter { !$0.isAsExpected }.map(\.corruption.name) == [])
    }

    @Test func onlyAProvenFileIsDrilled() async throws {
        let scenario = try await ProofScenario(sealing: false)
        #expect(
            CorruptionDrill(
                file: try scenario.file(), root: scenario.organisation.aid, trustDomain: Sample.domain, at: Sample.now)
                == nil)
    }
}
