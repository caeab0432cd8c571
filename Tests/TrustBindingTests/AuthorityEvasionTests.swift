// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import SPIFFE
import Testing

@testable import TrustBinding

/// Ways around what the organisation says about its issuer.
struct AuthorityEvasionTests {
    // MARK: Events left out

    /// Takes the newest event out of the registry of a file and writes the manifest anew.
    private func withoutNewestEvent(_ scenario: ProofScenario) throws -> [UInt8] {
        var parts = try ProofFile(try scenario.file()).parts
        let place = try #require(parts.firstIndex { $0.name.kind == .registry })
        let kept = parts[place].events.dropLast()
        let end = try #require(kept.last?.range.upperBound)
        parts[place] = ProofPart(
            name: parts[place].name, count: kept.count, content: Array(parts[place].content[..<end]), offset: 0)
        return try ProofFileWriter.file(of: parts)
    }

    @Test func aRevocationLeftOutIsMissed() async throws {
        let scenario = try await ProofScenario()
        let organisation = try scenario.position(scenario.organisation)
        let issuer = try scenario.position(scenario.issuer)
        let base = try scenario.organisation.state
        try scenario.credential.revoke()
        let revoked = try scenario.position(scenario.organisation)
        let bytes = try withoutNewestEvent(scenario)
        #expect(try scenario.verify(bytes).summary == "undecidable credential revocation-unexplained")
        #expect(
            try scenario.verify(bytes, asOf: revoked, issuer).summary
                == "undecidable credential revocation-unexplained")
        #expect(try scenario.verify(bytes, asOf: organisation, issuer).summary == "proven")
        // A recovery that takes its seal away does not make it forgotten.
        try scenario.organisation.rotate(from: base)
        #expect(
            try scenario.verify(withoutNewestEvent(scenario)).summary
                == "undecidable credential revocation-unexplained")
    }

    @Test func anEventOfTheRegistryLeftOutIsMissed() async throws {
        let scenario = try await ProofScenario()
        let registry = scenario.credential.registry.said
        try scenario.organisation.anchor([
            ["i": .text(registry.text), "s": "1", "d": .text(RecordSample.credential.text)]
        ])
        #expect(try scenario.verify().summary == "undecidable registry registry-event-missing")
        // Events of other registries are not asked for.
        let other = try await ProofScenario()
        try other.organisation.anchor([
            ["i": .text(RecordSample.credential.text), "s": "1", "d": .text(registry.text)]
        ])
        #expect(try other.verify().summary == "proven")
    }

    // MARK: Keys

    private func statement(
        _ scenario: ProofScenario, key: UInt8, begins: Int64 = -60
    ) throws -> AuthorityStatement {
        try AuthorityStatement.x509(
            issuer: scenario.issuer.aid.primitive, trustDomain: Sample.domain, key: FakeAuthorityKey(key),
            notBefore: Sample.now.advanced(by: begins), notAfter: Sample.now.advanced(by: 60),
            credential: scenario.credential.said.primitive)
    }

    private func limits(keys: Int = 2, downstream: Bool = false, paths: [String] = ["/"]) throws -> AuthoritySample {
        AuthoritySample(
            limits: try AuthorityLimits(
                pathPrefixes: paths.compactMap(PathPrefix.init), longestX509: 3600, longestJWT: 300, mostKeys: keys,
                allowsDownstream: downstream))
    }

    @Test func statementsLeftOutAreMissed() async throws {
        var scenario = try await ProofScenario(sealing: false, sample: limits(keys: 1))
        let other = try statement(scenario, key: 20)
        try scenario.issuer.seal(other.said)
        try scenario.issuer.seal(scenario.statement.said)
        #expect(try scenario.verify().summary == "undecidable withdrawal seal-unexplained")
        scenario.records.append(.statement(other))
        #expect(try scenario.verify().summary == "contradicted statement limit-keys")
    }

    @Test func aKeyThatIsNamedAgainCountsOnce() async throws {
        var scenario = try await ProofScenario(sealing: false, sample: limits(keys: 2))
        for (key, begins) in [(1, -60), (20, -60), (20, -61), (1, -61)] as [(UInt8, Int64)] {
            let other = try statement(scenario, key: key, begins: begins)
            try scenario.issuer.seal(other.said)
            scenario.records.append(.statement(other))
        }
        try scenario.issuer.seal(scenario.statement.said)
        #expect(try scenario.verify().summary == "proven")
        // The place is that of the key, wherever it was named first.
        var crowded = try await ProofScenario(sealing: false, sample: limits(keys: 1))
        for key in [20, 20] as [UInt8] {
            let other = try statement(crowded, key: key, begins: -60 - Int64(crowded.records.count))
            try crowded.issuer.seal(other.said)
            crowded.records.append(.statement(other))
        }
        try crowded.issuer.seal(crowded.statement.said)
        #expect(try crowded.verify().summary == "contradicted statement limit-keys")
    }

    @Test func aWithdrawnKeyStaysWithdrawnUnderAnotherStatement() async throws {
        for byOrganisation in [false, true] {
            var scenario = try await ProofScenario(sealing: false)
            let first = try statement(scenario, key: 1)
            try scenario.issuer.seal(first.said)
            scenario.records.append(.statement(first))
            let author = byOrganisation ? scenario.organisation : scenario.issuer
            let withdrawal = try Withdrawal(
                author: author.aid.primitive, trustDomain: Sample.domain, subject: first.said, reason: "")
            try author.seal(withdrawal.said)
            scenario.records.append(.withdrawal(withdrawal))
            try scenario.issuer.seal(scenario.statement.said)
            let expected = byOrganisation ? "contradicted withdrawal key-withdrawn" : "proven"
            // The SVID is the newer statement's: the authority's subject names it.
            #expect(try scenario.verify().summary == expected)
            // Without the first statement nobody knows whose key was withdrawn.
            scenario.records.removeAll { $0.said == first.said }
            #expect(try scenario.verify().summary == "undecidable withdrawal seal-unexplained")
        }
    }

    @Test func nobodySignsBetween() async throws {
        let scenario = try await ProofScenario(pathLength: 1, sample: limits(downstream: true))
        #expect(try scenario.verify().summary == "proven")
        var parts = try ProofFile(try scenario.file()).parts
        let last = parts.count - 1
        let chain = scenario.leaf.der + scenario.authority.certificate.der
        parts[last] = ProofPart(name: parts[last].name, count: 2, content: chain, offset: 0)
        #expect(
            try scenario.verify(ProofFileWriter.file(of: parts)).summary == "contradicted svid svid-intermediate")
    }

    // MARK: Limits

    @Test func aPrefixEndsWithItsSegment() async throws {
        for (path, summary) in [
            ("/dev", "proven"), ("/dev/web", "proven"), ("/development", "contradicted svid limit-path"),
            ("/de", "contradicted svid limit-path"),
        ] {
            let scenario = try await ProofScenario(sample: limits(paths: ["/dev"]), path: path)
            #expect(try scenario.verify().summary == summary, "\(path)")
        }
    }

    @Test func limitsInOtherFormsAreNoLimits() async throws {
        let numbers: [OrderedValue] = [
            .float("1e+16"), .float("3600.0"), .integer("1180591620717411303424"), .integer("4294967296"),
            .integer("-1"), .integer("0"), .text("3600"), .null, .list([]),
        ]
        for member in ["maxX509TTL", "maxJWTTL", "maxKeys"] {
            for number in numbers {
                try await isRefused("credential-value", "\(member) \(number)") { $0[member] = number }
            }
        }
        for paths: OrderedValue in [.list([]), .list([""]), .text(""), .text("/"), .null, .list(["/", ""])] {
            try await isRefused("credential-value", "\(paths)") { $0["pathPrefixes"] = paths }
        }
        for types: OrderedValue in [.list([]), .list([""]), .text("x509"), .null] {
            try await isRefused("credential-value", "\(types)") { $0["svidTypes"] = types }
        }
        try await isRefused("credential-members", "another attribute") { $0["exempt"] = true }
        for label in ["maxKeys", "maxX509TTL", "pathPrefixes", "downstream"] {
            try await isRefused("credential-members", "no \(label)") { $0[label] = nil }
        }
    }

    private func isRefused(
        _ code: String, _ what: String, _ change: @escaping @Sendable (inout OrderedMap) -> Void
    ) async throws {
        let scenario = try await ProofScenario(sample: AuthoritySample(change: change))
        #expect(try scenario.verify().summary == "contradicted credential \(code)", "\(what)")
    }

    @Test func anAuthorityStandsOnNothingElse() async throws {
        let edges: @Sendable (inout OrderedMap) -> Void = { body in
            var edges: OrderedMap = ["d": "", "other": ["n": .text(RecordSample.credential.text)]]
            _ = try? KERI.SelfAddressing.seal(&edges)
            body["e"] = .map(edges)
        }
        let scenario = try await ProofScenario(sample: AuthoritySample(changeBody: edges))
        #expect(try scenario.verify().summary == "contradicted credential credential-sections")
    }

    /// A registry of the organisation's delegate is not the organisation's, though its inception names the organisation.
    @Test func aDelegateIssuesNoAuthority() async throws {
        let scenario = try await ProofScenario(delegated: true)
        let other = try FakeAuthority(organisation: scenario.issuer, issuer: scenario.issuer.aid)
        let claimed = try FakeAuthority(
            organisation: scenario.issuer, issuer: scenario.issuer.aid,
            sample: AuthoritySample(issuer: scenario.organisation.aid), registryOwner: scenario.organisation.aid)
        for (authority, expected) in [
            (other, "contradicted registry registry-of-another"), (claimed, "undecidable registry registry-not-sealed"),
        ] {
            let statement = try AuthorityStatement.x509(
                issuer: scenario.issuer.aid.primitive, trustDomain: Sample.domain, key: FakeAuthorityKey(1),
                notBefore: scenario.statement.notBefore, notAfter: scenario.statement.notAfter,
                credential: authority.said.primitive)
            try scenario.issuer.seal(statement.said)
            var writer = ProofFileWriter()
            writer.append(keyEventLog: scenario.organisation.log)
            writer.append(keyEventLog: scenario.issuer.log)
            writer.append(registry: authority.registry.messages.flatMap { $0 })
            writer.append(credential: try authority.message())
            writer.append(.statement(statement))
            writer.append(authority: scenario.authority.certificate)
            writer.append(svid: [scenario.leaf])
            let report = try scenario.verify(writer.finish())
            #expect(report.summary == expected)
        }
    }
}
