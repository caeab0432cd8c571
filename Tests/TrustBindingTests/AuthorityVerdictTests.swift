// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import SPIFFE
import Testing

@testable import TrustBinding

/// What the authority credential does to a verdict.
struct AuthorityVerdictTests {
    private func limits(
        paths: [String] = ["/"], types: [AuthorityStatement.Kind] = [.x509], ttl: Int64 = 3600, keys: Int = 2,
        downstream: Bool = false, bindings: [AuthorityLimits.Binding]? = nil
    ) throws -> AuthorityLimits {
        try AuthorityLimits(
            pathPrefixes: paths.compactMap(PathPrefix.init), svidTypes: types, longestX509: ttl, longestJWT: 300,
            mostKeys: keys, allowsDownstream: downstream, bindings: bindings)
    }

    private func verdict(_ limits: AuthorityLimits) async throws -> String {
        try await ProofScenario(sample: AuthoritySample(limits: limits)).verify().summary
    }

    // MARK: Limits

    @Test func pathsAreComparedBySegments() async throws {
        #expect(try await verdict(limits(paths: ["/web"])) == "proven")
        #expect(try await verdict(limits(paths: ["/dev", "/web"])) == "proven")
        for path in ["/we", "/web/x", "/dev", "/webs"] {
            #expect(try await verdict(limits(paths: [path])) == "contradicted svid limit-path", "\(path)")
        }
        let deeper = try await ProofScenario(sample: AuthoritySample(limits: limits(paths: ["/web"])), path: "/web/a/b")
        #expect(try deeper.verify().summary == "proven")
    }

    @Test func lifetimesAreBounded() async throws {
        // 600 s, and 10 s of dating back.
        #expect(try await verdict(limits(ttl: 610)) == "proven")
        #expect(try await verdict(limits(ttl: 609)) == "contradicted svid limit-lifetime")
    }

    @Test func typesAreBounded() async throws {
        #expect(try await verdict(limits(types: [.x509, .jwt])) == "proven")
        let scenario = try await ProofScenario(sample: AuthoritySample(limits: limits(types: [.jwt])))
        #expect(try scenario.verify().summary == "contradicted statement limit-type")
        #expect(try scenario.verify().summary(of: .svid) == "contradicted limit-type")
    }

    /// Seals more statements of the same credential; the scenario's own is the first.
    private func adding(
        _ count: Int, to scenario: inout ProofScenario, ended: Bool = false, first: Bool = false
    ) throws {
        for index in 0..<count {
            let other = try AuthorityStatement.x509(
                issuer: scenario.issuer.aid.primitive, trustDomain: Sample.domain,
                key: FakeAuthorityKey(UInt8(20 + index)), notBefore: Sample.now.advanced(by: ended ? -3600 : -60),
                notAfter: Sample.now.advanced(by: ended ? -1 : 60), credential: scenario.credential.said.primitive)
            try scenario.issuer.seal(other.said)
            scenario.records.append(.statement(other))
        }
    }

    @Test func liveKeysAreBounded() async throws {
        var scenario = try await ProofScenario(sealing: false, sample: AuthoritySample(limits: limits(keys: 2)))
        try adding(1, to: &scenario)
        try scenario.issuer.seal(scenario.statement.said)
        #expect(try scenario.verify().summary == "proven")
        // The first ones stand; what was sealed beyond the limit does not count.
        var crowded = try await ProofScenario(sealing: false, sample: AuthoritySample(limits: limits(keys: 2)))
        try adding(2, to: &crowded)
        try crowded.issuer.seal(crowded.statement.said)
        #expect(try crowded.verify().summary == "contradicted statement limit-keys")
        var early = try await ProofScenario(sample: AuthoritySample(limits: limits(keys: 2)))
        try adding(2, to: &early)
        #expect(try early.verify().summary == "proven")
    }

    @Test func deadKeysDoNotCount() async throws {
        var scenario = try await ProofScenario(sealing: false, sample: AuthoritySample(limits: limits(keys: 1)))
        try adding(2, to: &scenario, ended: true)
        try scenario.issuer.seal(scenario.statement.said)
        #expect(try scenario.verify().summary == "proven")
        var withdrawn = try await ProofScenario(sealing: false, sample: AuthoritySample(limits: limits(keys: 1)))
        try adding(1, to: &withdrawn)
        try withdrawn.issuer.seal(withdrawn.statement.said)
        #expect(try withdrawn.verify().summary == "contradicted statement limit-keys")
        guard case .statement(let other)? = withdrawn.records.last else { return }
        let withdrawal = try Withdrawal(
            author: withdrawn.issuer.aid.primitive, trustDomain: Sample.domain, subject: other.said, reason: "")
        withdrawn.records.append(.withdrawal(withdrawal))
        try withdrawn.issuer.seal(withdrawal.said)
        #expect(try withdrawn.verify().summary == "proven")
    }

    @Test func issuersBelowNeedAuthority() async throws {
        let allowed = try await ProofScenario(
            pathLength: 1, sample: AuthoritySample(limits: limits(downstream: true)))
        #expect(try allowed.verify().summary == "proven")
        let refused = try await ProofScenario(pathLength: 1)
        #expect(try refused.verify().summary == "contradicted authority authority-downstream")
    }

    @Test func boundPathsAreNamedAsNotConsidered() async throws {
        let bound = try limits(bindings: [.init(path: "/web", service: try #require(AID(RecordSample.issuer)))])
        let scenario = try await ProofScenario(sample: AuthoritySample(limits: bound))
        #expect(try scenario.verify().notChecked.map(\.code).contains("bindings-not-considered"))
    }

    // MARK: Whose, for whom

    @Test func theOrganisationIssuesForThisIssuer() async throws {
        let stranger = try #require(AID(RecordSample.issuer))
        #expect(
            try await ProofScenario(sample: AuthoritySample(issuer: stranger)).verify().summary
                == "contradicted credential credential-of-another")
        #expect(
            try await ProofScenario(sample: AuthoritySample(issuee: stranger)).verify().summary
                == "contradicted credential credential-issuee")
        #expect(
            try await ProofScenario(registryOwner: stranger).verify().summary
                == "contradicted registry registry-of-another")
        #expect(
            try await ProofScenario(sample: AuthoritySample(domain: TrustDomain("partner.test"))).verify().summary
                == "contradicted credential credential-trust-domain")
        #expect(
            try await ProofScenario(sample: AuthoritySample(schema: RecordSample.credential.text)).verify().summary
                == "contradicted credential credential-schema")
    }

    @Test func aRegistryHasNoBackers() async throws {
        #expect(try await ProofScenario(traits: []).verify().summary == "contradicted registry registry-backed")
    }

    // MARK: Issuance

    @Test func theIssuanceIsSealed() async throws {
        let open = try await ProofScenario(issuing: false)
        #expect(try open.verify().summary == "undecidable credential issuance-missing")
        // It says that an event behind the end of the log seals it.
        let promised = SealSource(sn: SequenceNumber(9), said: open.credential.said)
        try open.credential.registry.add(open.credential.issuance, sealedBy: promised)
        #expect(try open.verify().summary == "undecidable credential issuance-not-sealed")
        // It names an event of the log that seals something else.
        open.credential.registry.removeLast()
        let state = try open.organisation.state
        try open.credential.registry.add(
            open.credential.issuance, sealedBy: SealSource(sn: state.sn, said: state.said))
        #expect(try open.verify().summary == "contradicted registry registry-event-untrue")
    }

    @Test func theSealMayStandAnywhereInTheList() async throws {
        let scenario = try await ProofScenario(issuing: false)
        let event = try scenario.organisation.anchor([
            "data", scenario.credential.issuance.seal.value, ["d": .text(RecordSample.credential.text)],
        ])
        try scenario.credential.registry.add(
            scenario.credential.issuance, sealedBy: SealSource(sn: event.sn, said: event.said))
        // What the same event seals besides could be a withdrawal.
        #expect(try scenario.verify().summary == "undecidable withdrawal seal-unexplained")
        #expect(try scenario.verify().summary(of: .credential) == "proven issuance-sealed")
    }

    /// It could be a withdrawal of the key that the credential's issuer names again now.
    @Test func whatWasSealedBeforeTheIssuanceIsNoted() async throws {
        let plain = try await ProofScenario().verify()
        #expect(!plain.notChecked.map(\.code).contains("earlier-withdrawals"))
        let report = try await ProofScenario(sealedBefore: RecordSample.credential).verify()
        #expect(report.summary == "proven")
        #expect(report.notChecked.first { $0.code == "earlier-withdrawals" }?.detail.hasPrefix("1 digest") == true)
    }

    @Test func theCredentialNamesItsIssuance() async throws {
        let scenario = try await ProofScenario()
        var parts = try ProofFile(try scenario.file()).parts
        let place = try #require(parts.firstIndex { $0.name.kind == .credential })
        let other = try scenario.credential.message(issuance: scenario.credential.registry.said)
        parts[place] = parts[place].replacing(other)
        #expect(
            try scenario.verify(ProofFileWriter.file(of: parts)).summary
                == "contradicted credential issuance-mismatch")
        let twice = try await ProofScenario()
        try twice.credential.registry.seal(
            twice.credential.registry.issuance(of: twice.credential.said, dated: "2026-08-01T11:00:01.000000+00:00"))
        #expect(try twice.verify().summary == "contradicted credential issuance-conflicting")
    }

    @Test func whatOnlyASupersededBranchSealsDoesNotStand() async throws {
        let scenario = try await ProofScenario(issuing: false)
        let before = try scenario.organisation.state
        try scenario.credential.registry.seal(scenario.credential.issuance)
        #expect(try scenario.verify().summary == "proven")
        try scenario.organisation.rotate(from: before)
        #expect(try scenario.verify().summary == "contradicted credential issuance-superseded")
        // A recovery seals again what it keeps; the old place may still be named.
        try scenario.organisation.anchor([scenario.credential.issuance.seal.value])
        #expect(try scenario.verify().summary == "proven")
    }

    @Test func whatWasWithdrawnBeforeARecoveryIsNotForgotten() async throws {
        let scenario = try await ProofScenario(issuing: false)
        let before = try scenario.organisation.state
        try scenario.credential.registry.seal(scenario.credential.issuance)
        let withdrawal = try Withdrawal(
            author: scenario.organisation.aid.primitive, trustDomain: Sample.domain, subject: scenario.statement.said,
            reason: "")
        try scenario.organisation.seal(withdrawal.said)
        try scenario.organisation.rotate(from: before)
        try scenario.organisation.anchor(["later"])
        try scenario.organisation.anchor([scenario.credential.issuance.seal.value])
        // The issuance stands at a later place now, but the withdrawal came behind the first.
        #expect(try scenario.verify().summary == "undecidable withdrawal seal-unexplained")
    }

    @Test func aSupersededRegistryDoesNotStand() async throws {
        let scenario = try await ProofScenario()
        let fresh = MemoryKeyEventStore()
        var stream = StreamProcessor(EventProcessor(store: fresh))
        try stream.process(scenario.organisation.messages[0], now: Timestamp(seconds: 0))
        let early = try #require(try fresh.read { $0.keyState(of: scenario.organisation.aid) })
        try scenario.organisation.rotate(from: early)
        #expect(try scenario.verify().summary == "contradicted registry registry-superseded")
    }

    // MARK: Revocation

    @Test func aRevocationContradictsFromItsPositionOn() async throws {
        let scenario = try await ProofScenario()
        let before = try scenario.organisation.state.sn
        let issuer = try scenario.position(scenario.issuer)
        try scenario.credential.revoke()
        #expect(try scenario.verify().summary == "contradicted credential credential-revoked")
        func at(_ sn: SequenceNumber) throws -> String {
            try scenario.verify(asOf: LogPosition(aid: scenario.organisation.aid, sn: sn), issuer).summary
        }
        #expect(try at(before) == "proven")
        #expect(try at(#require(before.next)) == "contradicted credential credential-revoked")
        // A position of the issuer's log says nothing about the organisation's.
        #expect(try scenario.verify(asOf: issuer).summary == "contradicted credential credential-revoked")
    }

    @Test func leavingARevocationOutLeavesOpen() async throws {
        let scenario = try await ProofScenario()
        try scenario.credential.revoke()
        scenario.credential.registry.removeLast()
        #expect(try scenario.verify().summary == "undecidable credential revocation-unexplained")
    }

    @Test func aRevocationStaysWhenItsEventIsSuperseded() async throws {
        let scenario = try await ProofScenario()
        let before = try scenario.organisation.state
        try scenario.credential.revoke()
        try scenario.organisation.rotate(from: before)
        #expect(try scenario.verify().summary == "contradicted credential credential-revoked")
        // Issuing again behind it does not help.
        try scenario.organisation.anchor([scenario.credential.issuance.seal.value])
        #expect(try scenario.verify().summary == "contradicted credential credential-revoked")
    }

    @Test func aRevocationThatIsNotSealedYetLeavesOpen() async throws {
        let scenario = try await ProofScenario()
        let promised = SealSource(sn: SequenceNumber(9), said: scenario.credential.said)
        try scenario.credential.registry.add(scenario.credential.revocation(), sealedBy: promised)
        #expect(try scenario.verify().summary == "undecidable credential revocation-not-sealed")
        // Somebody's piece of text about the past is no revocation then.
        let position = try scenario.position(scenario.organisation)
        try scenario.organisation.rotate()
        #expect(try scenario.verify(asOf: position, scenario.position(scenario.issuer)).summary == "proven")
    }

    @Test func aRevocationFollowsTheIssuance() async throws {
        let scenario = try await ProofScenario()
        try scenario.credential.registry.seal(
            scenario.credential.registry.revocation(
                of: scenario.credential.said, after: scenario.credential.registry.said))
        #expect(try scenario.verify().summary == "undecidable credential revocation-unexplained")
    }

    @Test func anotherCredentialsRevocationDoesNotMatter() async throws {
        let scenario = try await ProofScenario()
        let other = try #require(SAID(RecordSample.credential))
        let issuance = try scenario.credential.registry.issuance(of: other)
        try scenario.credential.registry.seal(issuance)
        try scenario.credential.registry.seal(
            scenario.credential.registry.revocation(of: other, after: issuance.said))
        #expect(try scenario.verify().summary == "proven")
    }

    @Test func aSuspensionIsANote() async throws {
        var scenario = try await ProofScenario()
        let suspension = try Suspension(
            organisation: scenario.organisation.aid.primitive, trustDomain: Sample.domain,
            subject: scenario.statement.said, begins: Sample.now)
        scenario.records.append(.suspension(suspension))
        let report = try scenario.verify()
        #expect(report.summary == "proven")
        let note = try #require(report.notChecked.first { $0.code == "suspension-not-considered" })
        #expect(note.detail.contains(scenario.organisation.aid.text))
    }
}
