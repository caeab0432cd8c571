// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import SPIFFE
import Testing

@testable import TrustBinding

/// What held at positions of the logs.
struct AsOfVerdictTests {
    // MARK: Order of acceptance

    /// A recovery takes the number right behind `position`; what it supersedes had been accepted before.
    private struct Recovered {
        let scenario: ProofScenario
        let before: LogPosition
        let after: LogPosition
        let issuer: LogPosition

        func at(_ position: LogPosition) throws -> String { try scenario.verify(asOf: position, issuer).summary }
    }

    private func recovered(_ change: (inout ProofScenario) throws -> Void) async throws -> Recovered {
        var scenario = try await ProofScenario()
        let base = try scenario.organisation.state
        try scenario.organisation.anchor(["something"])
        try change(&scenario)
        try scenario.organisation.rotate(from: base)
        let after = try scenario.position(scenario.organisation)
        return Recovered(
            scenario: scenario, before: LogPosition(aid: scenario.organisation.aid, sn: base.sn), after: after,
            issuer: try scenario.position(scenario.issuer))
    }

    @Test func aSupersededRevocationCountsAtTheRecovery() async throws {
        let revoked = try await recovered { try $0.credential.revoke() }
        #expect(try revoked.at(revoked.after) == "contradicted credential credential-revoked")
        #expect(try revoked.at(revoked.before) == "proven")
        // Later events change nothing of that.
        try revoked.scenario.organisation.anchor(["later"])
        #expect(try revoked.at(revoked.after) == "contradicted credential credential-revoked")
        #expect(try revoked.at(revoked.before) == "proven")
    }

    @Test func aSupersededWithdrawalCountsAtTheRecovery() async throws {
        let withdrawn = try await recovered { scenario in
            let withdrawal = try Withdrawal(
                author: scenario.organisation.aid.primitive, trustDomain: Sample.domain,
                subject: scenario.statement.said, reason: "")
            scenario.records.append(.withdrawal(withdrawal))
            try scenario.organisation.seal(withdrawal.said)
        }
        #expect(try withdrawn.at(withdrawn.after) == "contradicted withdrawal statement-withdrawn")
        #expect(try withdrawn.at(withdrawn.before) == "proven")
    }

    @Test func thePlaceThatARevocationNamesMovesNothing() async throws {
        let revoked = try await recovered { scenario in
            let revocation = try scenario.credential.revocation()
            try scenario.credential.registry.seal(revocation)
            scenario.credential.registry.removeLast()
            try scenario.credential.registry.add(
                revocation, sealedBy: SealSource(sn: SequenceNumber(0xffff), said: revocation.said))
        }
        #expect(try revoked.scenario.verify().summary == "contradicted credential credential-revoked")
        #expect(try revoked.at(revoked.after) == "contradicted credential credential-revoked")
        #expect(try revoked.at(revoked.before) == "proven")
    }

    /// Whoever damages the superseded event does not get rid of it.
    @Test func whatWasNotAcceptedIsJudgedWhereItStands() async throws {
        var event: KeyEvent?
        let revoked = try await recovered { scenario in
            event = try scenario.organisation.anchor([scenario.credential.revocation().seal.value])
        }
        let sealing = try #require(event)
        var attachments = Attachments()
        attachments.controllerSignatures = [
            try IndexedSignature(
                code: IndexedSignature.code(for: .ed25519, index: 0), index: 0,
                raw: revoked.scenario.organisation.key(0, 0).signingKey.sign(sealing.bytes.span))
        ]
        let unsigned = sealing.bytes + (try attachments.encoded())
        let log = revoked.scenario.organisation.messages.map { $0.starts(with: sealing.bytes) ? unsigned : $0 }
        var parts = try ProofFile(try revoked.scenario.file()).parts
        parts[0] = ProofPart(name: parts[0].name, count: log.count, content: log.flatMap { $0 }, offset: 0)
        let report = try revoked.scenario.verify(
            ProofFileWriter.file(of: parts), asOf: revoked.after, revoked.issuer)
        #expect(report.summary == "contradicted organisation event-refused")
    }

    // MARK: Both logs

    @Test func aPositionOfOneLogLeavesTheOtherOpen() async throws {
        let scenario = try await ProofScenario(sealing: false)
        let organisation = try scenario.position(scenario.organisation)
        let early = try scenario.position(scenario.issuer)
        try scenario.credential.revoke()
        // A revoked issuer seals a new key and claims that it was before.
        try scenario.issuer.seal(scenario.statement.said)
        #expect(try scenario.verify().summary == "contradicted credential credential-revoked")
        #expect(try scenario.verify(asOf: organisation).summary == "undecidable statement position-missing")
        #expect(
            try scenario.verify(asOf: organisation, early).summary
                == "contradicted statement statement-absent-at-position")
        #expect(try scenario.verify(asOf: early).summary == "contradicted credential credential-revoked")
        let honest = try await ProofScenario()
        let both = (try honest.position(honest.organisation), try honest.position(honest.issuer))
        try honest.credential.revoke()
        #expect(try honest.verify(asOf: both.0).summary == "undecidable statement position-missing")
        #expect(try honest.verify(asOf: both.0, both.1).summary == "proven")
        // Leaving the organisation's newest events out does not change what a position of one log can say.
        let short = try await ProofScenario()
        #expect(
            try short.verify(asOf: short.position(short.organisation)).summary
                == "undecidable statement position-missing")
    }

    @Test func aSealedRotationBehindTheStatementShowsTheOrder() async throws {
        let scenario = try await ProofScenario(delegated: true)
        let open = try scenario.position(scenario.organisation)
        try scenario.issuer.rotate(delegator: scenario.organisation)
        let ordered = try scenario.position(scenario.organisation)
        try scenario.credential.revoke()
        #expect(try scenario.verify(asOf: open).summary == "undecidable statement position-missing")
        #expect(try scenario.verify(asOf: ordered).summary == "proven")
        // A statement behind the rotation is not shown by it.
        let late = try await ProofScenario(delegated: true, sealing: false)
        try late.issuer.rotate(delegator: late.organisation)
        let position = try late.position(late.organisation)
        try late.credential.revoke()
        try late.issuer.seal(late.statement.said)
        #expect(try late.verify(asOf: position).summary == "undecidable statement position-missing")
        // Nor by a rotation of an issuer that nobody delegated.
        let autonomous = try await ProofScenario()
        try autonomous.issuer.rotate()
        let last = try autonomous.position(autonomous.organisation)
        #expect(try autonomous.verify(asOf: last).summary == "undecidable statement position-missing")
    }

    @Test func oneLogHasOnePosition() async throws {
        let scenario = try await ProofScenario()
        let issuer = try scenario.position(scenario.issuer)
        let earlier = LogPosition(aid: issuer.aid, sn: .zero)
        #expect(try scenario.verify(asOf: issuer, issuer).summary == "proven")
        #expect(try scenario.verify(asOf: issuer, earlier).summary == "undecidable file position-conflicting")
    }
}
