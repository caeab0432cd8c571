// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import TrustBinding

/// What proven contradictions from elsewhere do to a verdict.
struct EvidenceVerdictTests {
    /// Evidence that a controller signed another event at the place of its latest one.
    private func evidence(against controller: FakeController, in scenario: ProofScenario) throws -> VerifiedDuplicity {
        let place = try #require(try controller.state.sn.previous)
        let before = try #require(
            try scenario.store.read { try $0.trunkState(of: controller.aid, through: place) })
        let fork = try EventBuilder.interaction(of: before, anchors: ["another story"])
        let message = try controller.add(fork, generation: controller.generation, keep: false)
        // A store of its own: the file and its replay never see the other branch.
        let elsewhere = MemoryKeyEventStore()
        var stream = StreamProcessor(EventProcessor(store: elsewhere))
        try stream.process(
            scenario.organisation.log + scenario.issuer.log + message, now: Timestamp(seconds: 0))
        let record = try #require(try elsewhere.read { $0.duplicities(of: controller.aid) }.first)
        return try elsewhere.read { try $0.evidence(of: record) }
    }

    private func verify(
        _ scenario: ProofScenario, _ evidence: [VerifiedDuplicity], asOf positions: LogPosition...,
        file: [UInt8]? = nil
    ) throws -> VerdictReport {
        ProofVerifier.verify(
            try file ?? scenario.file(), root: scenario.organisation.aid, trustDomain: Sample.domain,
            at: scenario.time, asOf: positions, evidence: evidence)
    }

    @Test func duplicityOfTheRootContradicts() async throws {
        let scenario = try await ProofScenario()
        #expect(try verify(scenario, []).summary == "proven")
        let found = try evidence(against: scenario.organisation, in: scenario)
        let report = try verify(scenario, [found])
        #expect(report.summary == "contradicted organisation duplicity")
        #expect(report.decidingRung?.reasons.first?.detail.contains(found.statement.first.text) == true)
        // Without the log in the file there is nothing to prove, but still something false.
        var writer = ProofFileWriter()
        writer.append(keyEventLog: scenario.issuer.log)
        #expect(try verify(scenario, [found], file: writer.finish()).summary == "contradicted organisation duplicity")
    }

    @Test func duplicityOfTheIssuerContradicts() async throws {
        let scenario = try await ProofScenario()
        let found = try evidence(against: scenario.issuer, in: scenario)
        #expect(try verify(scenario, [found]).summary == "contradicted issuer duplicity")
        var writer = ProofFileWriter()
        writer.append(keyEventLog: scenario.organisation.log)
        writer.append(.statement(scenario.statement))
        #expect(try verify(scenario, [found], file: writer.finish()).summary == "contradicted issuer duplicity")
    }

    @Test func duplicityOfOthersDecidesNothing() async throws {
        let scenario = try await ProofScenario()
        let other = try await ProofScenario(seed: 40)
        let found = try evidence(against: other.organisation, in: other)
        #expect(try verify(scenario, [found]).summary == "proven")
    }

    /// What held before the contradiction is not touched by it.
    @Test func positionsBeforeItStand() async throws {
        let scenario = try await ProofScenario()
        try scenario.organisation.rotate()
        try scenario.organisation.anchor(["later"])
        let found = try evidence(against: scenario.organisation, in: scenario)
        let last = try scenario.organisation.state.sn
        #expect(found.statement.sn == last)
        let before = LogPosition(aid: scenario.organisation.aid, sn: try #require(last.previous))
        let issuer = try scenario.position(scenario.issuer)
        #expect(try verify(scenario, [found], asOf: before, issuer).summary == "proven")
        let at = LogPosition(aid: scenario.organisation.aid, sn: last)
        #expect(try verify(scenario, [found], asOf: at).summary == "contradicted organisation duplicity")
    }

    @Test func duplicitousWitnessesAreNamed() async throws {
        let scenario = try await ProofScenario(witnesses: 2)
        let witness = scenario.organisation.witnesses[0]
        let stranger = try await ProofScenario(seed: 60, witnesses: 1).organisation.witnesses[0]
        func receipts(by key: CreatedKey) throws -> VerifiedDuplicity {
            let state = try scenario.organisation.state
            func signed(_ anchor: OrderedValue) throws -> SignedEvent {
                let event = try EventBuilder.interaction(of: state, anchors: [anchor])
                var attachments = Attachments()
                attachments.nonTransferableReceipts = [
                    NonTransferableReceipt(
                        key: key.verificationKey.primitive,
                        signature: try Primitive(
                            code: .ed25519Signature, raw: try key.signingKey.sign(event.bytes.span)))
                ]
                return SignedEvent(event: event, attachments: attachments)
            }
            return try .ofWitness(
                try #require(AID(key.verificationKey.primitive)), signed("one"), signed("other"),
                seenAt: Timestamp(seconds: 1))
        }
        let report = try verify(scenario, [receipts(by: witness)])
        #expect(report.summary == "proven")
        #expect(report.notChecked.map(\.code).contains("witness-duplicitous"))
        #expect(
            try verify(scenario, [receipts(by: stranger)]).notChecked.map(\.code).contains("witness-duplicitous")
                == false)
    }
}
