// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import SPIFFE
import Testing

@testable import TrustBinding

struct ProofVerifierTests {
    @Test func aWholeFileIsProvenWithEveryRung() async throws {
        let scenario = try await ProofScenario()
        let report = try scenario.verify()
        #expect(report.rungs.map(\.name) == Rung.Name.allCases)
        #expect(report.rungs.allSatisfy { $0.verdict == .proven && !$0.reasons.isEmpty })
        #expect(report.verdict == .proven)
        #expect(report.verdict.exitCode == 0)
        #expect(report.decidingRung == nil)
        #expect(report.subject == Sample.id)
        #expect(report.asOf.map(\.aid) == [scenario.organisation.aid.text, scenario.issuer.aid.text])
        #expect(report.asOf.map(\.sn) == [2, 1])
        #expect(report.authority?.said == scenario.credential.said)
        #expect(report.assumptions.map(\.code) == ["root-given", "clock-local"])
        #expect(report.notChecked.map(\.code).contains("no-transparency-log"))
        #expect(report.notChecked.map(\.code).contains("no-witnesses"))
        #expect(try scenario.verify() == report)
    }

    @Test func rotatedLogsAreProven() async throws {
        for delegated in [false, true] {
            let scenario = try await ProofScenario(delegated: delegated)
            try scenario.organisation.rotate()
            try scenario.issuer.rotate(delegator: delegated ? scenario.organisation : nil)
            try scenario.organisation.rotate()
            #expect(try scenario.verify().summary == "proven")
        }
    }

    @Test func anotherRootOrDomainIsNotProven() async throws {
        let scenario = try await ProofScenario()
        #expect(
            try scenario.verify(root: scenario.issuer.aid).summary == "contradicted registry registry-of-another")
        let stranger = try await ProofScenario(seed: 40)
        #expect(
            try scenario.verify(root: stranger.organisation.aid).summary == "contradicted registry registry-of-another"
        )
        let elsewhere = try scenario.verify(domain: TrustDomain("partner.test"))
        #expect(elsewhere.summary == "contradicted credential credential-trust-domain")
        #expect(elsewhere.summary(of: .statement) == "contradicted statement-trust-domain")
        #expect(try stranger.verify(stranger.file(), root: stranger.organisation.aid).summary == "proven")
        // A file with nothing but the organisation's log is missing the rest.
        var writer = ProofFileWriter()
        writer.append(keyEventLog: scenario.issuer.log)
        #expect(
            try scenario.verify(writer.finish()).summary == "undecidable organisation organisation-log-missing")
    }

    @Test func whoeverDelegatedTheIssuerIsTheOrganisation() async throws {
        let alone = try await ProofScenario()
        #expect(try alone.verify().rungs[4].reasons.last?.code == "issuer-autonomous")
        let delegated = try await ProofScenario(delegated: true)
        #expect(try delegated.verify().summary == "proven")
        #expect(try delegated.verify().rungs[4].reasons.last?.code == "issuer-delegated")
        let store = MemoryKeyEventStore()
        let stranger = FakeController(seed: 90, store: store)
        try stranger.incept()
        let scenario = try await ProofScenario(delegator: stranger, store: store)
        var parts = try ProofFile(try scenario.file()).parts
        parts.insert(
            ProofPart(name: .init(kind: .keyEventLog, id: ""), count: 1, content: stranger.log, offset: 0), at: 0)
        #expect(
            try scenario.verify(ProofFileWriter.file(of: parts)).summary == "contradicted issuer issuer-of-another")
    }

    @Test func missingPartsLeaveOpen() async throws {
        let scenario = try await ProofScenario()
        func without(_ kind: ProofPart.Kind, _ id: String? = nil) throws -> String {
            let file = try ProofFile(try scenario.file())
            let parts = file.parts.filter { $0.name.kind != kind || (id != nil && $0.name.id != id) }
            return try scenario.verify(ProofFileWriter.file(of: parts)).summary
        }
        #expect(
            try without(.keyEventLog, scenario.organisation.aid.text)
                == "undecidable organisation organisation-log-missing")
        #expect(try without(.keyEventLog, scenario.issuer.aid.text) == "undecidable issuer issuer-log-missing")
        #expect(try without(.record) == "undecidable statement statement-missing")
        #expect(try without(.registry) == "undecidable registry registry-missing")
        #expect(try without(.credential) == "undecidable registry credential-missing")
        #expect(try without(.schema) == "proven")
        #expect(try without(.authority) == "undecidable authority authority-missing")
        #expect(try without(.svid) == "undecidable svid svid-missing")
        #expect(try scenario.verify([]).summary == "undecidable file manifest-missing")
    }

    @Test func timeDecides() async throws {
        var scenario = try await ProofScenario()
        scenario.time = Sample.now.advanced(by: 601)
        #expect(try scenario.verify().summary == "contradicted svid expired")
        scenario.time = Sample.now.advanced(by: -11)
        #expect(try scenario.verify().summary == "contradicted svid not-yet-valid")
        for seconds: Int64 in [-3601, 86_401] {
            scenario.time = Sample.now.advanced(by: seconds)
            #expect(try scenario.verify().summary == "contradicted statement statement-not-valid")
        }
    }

    // MARK: Statement

    @Test func anUnsealedStatementIsOpen() async throws {
        let scenario = try await ProofScenario(sealing: false)
        #expect(try scenario.verify().summary == "undecidable statement statement-not-sealed")
    }

    @Test func aStatementIsFoundedOnACredential() async throws {
        let scenario = try await ProofScenario(credential: RecordSample.credential)
        #expect(try scenario.verify().summary == "undecidable registry credential-missing")
        // Files from before there were credentials.
        let old = try await ProofScenario(delegated: true, standIn: true)
        #expect(try old.verify().summary == "contradicted statement statement-without-credential")
    }

    @Test func aSupersededStatementIsContradicted() async throws {
        let scenario = try await ProofScenario()
        let base = try scenario.store.read { $0.record(of: scenario.issuer.aid, at: .zero) }
        // The state behind the inception, from a replay of only that.
        let fresh = MemoryKeyEventStore()
        for controller in [scenario.organisation, scenario.issuer] {
            var stream = StreamProcessor(EventProcessor(store: fresh))
            let log = controller === scenario.issuer ? controller.messages[0] : controller.log
            try stream.process(log, now: Timestamp(seconds: 0))
        }
        let early = try #require(try fresh.read { $0.keyState(of: scenario.issuer.aid) })
        #expect(early.said == base?.said)
        try scenario.issuer.rotate(from: early)
        #expect(try scenario.verify().summary == "contradicted statement statement-superseded")
        // Sealing it again makes it stand again.
        try scenario.issuer.seal(scenario.statement.said)
        #expect(try scenario.verify().summary == "proven")
    }

    // MARK: Withdrawal

    @Test func aWithdrawalEndsTheStatement() async throws {
        for byOrganisation in [false, true] {
            var scenario = try await ProofScenario()
            let author = byOrganisation ? scenario.organisation : scenario.issuer
            let withdrawal = try Withdrawal(
                author: author.aid.primitive, trustDomain: Sample.domain, subject: scenario.statement.said,
                reason: "key lost")
            // Not sealed, it is only a piece of text.
            scenario.records.append(.withdrawal(withdrawal))
            #expect(try scenario.verify().summary == "proven")
            try author.seal(withdrawal.said)
            #expect(try scenario.verify().summary == "contradicted withdrawal statement-withdrawn")
            // Leaving it out does not help: nobody knows what the seal stands for.
            scenario.records.removeLast()
            #expect(try scenario.verify().summary == "undecidable withdrawal seal-unexplained")
        }
    }

    @Test func aWithdrawalStaysWhenItsEventIsSuperseded() async throws {
        var scenario = try await ProofScenario()
        let before = try scenario.organisation.state
        let withdrawal = try Withdrawal(
            author: scenario.organisation.aid.primitive, trustDomain: Sample.domain, subject: scenario.statement.said,
            reason: "")
        try scenario.organisation.seal(withdrawal.said)
        try scenario.organisation.rotate(from: before)
        scenario.records.append(.withdrawal(withdrawal))
        #expect(try scenario.verify().summary == "contradicted withdrawal statement-withdrawn")
    }

    @Test func sealsThatTheFileExplainsDoNotMatter() async throws {
        var scenario = try await ProofScenario()
        let other = try #require(SelfAddressing.address(["d": "", "t": "note", "text": "x"], label: "d"))
        try scenario.issuer.seal(other.said)
        #expect(try scenario.verify().summary == "undecidable withdrawal seal-unexplained")
        scenario.records.append(try BindingRecord(parsing: other.bytes))
        #expect(try scenario.verify().summary == "proven")
        // A withdrawal of something else, and a digest of another algorithm, which no record of ours has.
        let withdrawal = try Withdrawal(
            author: scenario.issuer.aid.primitive, trustDomain: Sample.domain, subject: RecordSample.credential,
            reason: "")
        try scenario.issuer.seal(withdrawal.said)
        scenario.records.append(.withdrawal(withdrawal))
        try scenario.issuer.seal(try Primitive(code: .sha2_256, raw: [UInt8](repeating: 5, count: 32)))
        #expect(try scenario.verify().summary == "proven")
    }

    @Test func whatTheOrganisationSealedBeforeTheIssuanceDoesNotMatter() async throws {
        let scenario = try await ProofScenario(sealedBefore: RecordSample.credential)
        #expect(try scenario.verify().summary == "proven")
        try scenario.organisation.seal(RecordSample.credential)
        #expect(try scenario.verify().summary == "undecidable withdrawal seal-unexplained")
    }

    @Test func aStatementSealedAgainBehindItsWithdrawalStaysWithdrawn() async throws {
        var scenario = try await ProofScenario(sealing: false)
        let withdrawal = try Withdrawal(
            author: scenario.issuer.aid.primitive, trustDomain: Sample.domain, subject: scenario.statement.said,
            reason: "")
        try scenario.issuer.seal(withdrawal.said)
        try scenario.issuer.seal(scenario.statement.said)
        #expect(try scenario.verify().summary == "undecidable withdrawal seal-unexplained")
        scenario.records.append(.withdrawal(withdrawal))
        #expect(try scenario.verify().summary == "contradicted withdrawal statement-withdrawn")
    }

    @Test func eachEventStandsOnceWithItsOwnBytes() async throws {
        let scenario = try await ProofScenario()
        let messages = scenario.organisation.messages
        func verdict(_ log: [[UInt8]]) throws -> String {
            var parts = try ProofFile(try scenario.file()).parts
            parts[0] = ProofPart(name: parts[0].name, count: log.count, content: log.flatMap { $0 }, offset: 0)
            return try scenario.verify(ProofFileWriter.file(of: parts)).summary
        }
        #expect(try verdict(messages) == "proven")
        #expect(try verdict(messages + [messages[1]]) == "contradicted organisation event-repeated")
        // Other content under the digest of a genuine event, behind it.
        var forged = messages[1]
        let place = try #require(forged.lastIndex(of: UInt8(ascii: "}")))
        forged[place - 5] ^= 1
        #expect(try verdict(messages + [forged]) == "contradicted organisation event-unreadable")
        // A second signature of an index, which the log did not need and did not take.
        var padded = Attachments()
        padded.controllerSignatures = [
            try IndexedSignature(code: .ed25519, index: 0, raw: [UInt8](repeating: 1, count: 64))
        ]
        let junk = try padded.encoded()
        #expect(
            try verdict([messages[0] + junk] + messages.dropFirst()) == "contradicted organisation signature-invalid")
    }

    // MARK: Certificates

    @Test func nothingAuthorisesIssuersBelow() async throws {
        #expect(
            try await ProofScenario(pathLength: 1).verify().summary == "contradicted authority authority-downstream")
        let scenario = try await ProofScenario()
        var parts = try ProofFile(try scenario.file()).parts
        let last = parts.count - 1
        let chain = scenario.leaf.der + scenario.authority.certificate.der
        parts[last] = ProofPart(name: parts[last].name, count: 2, content: chain, offset: 0)
        #expect(
            try scenario.verify(ProofFileWriter.file(of: parts)).summary == "contradicted svid svid-intermediate")
    }

    @Test func theAuthorityIsTheOneThatTheStatementNames() async throws {
        #expect(
            try await ProofScenario(authorityKey: 9).verify().summary == "contradicted authority authority-key")
        #expect(
            try await ProofScenario(notAfter: Sample.now.advanced(by: 86_401)).verify().summary
                == "contradicted authority authority-validity")
        let foreign = try await ProofScenario(authorityDomain: TrustDomain("partner.test"))
        #expect(try foreign.verify().summary == "contradicted authority authority-names")
    }

    @Test func theChainEndsAtTheAuthority() async throws {
        let scenario = try await ProofScenario()
        let other = try await ProofScenario(seed: 40, statementKey: 9, authorityKey: 9)
        let file = try ProofFile(try scenario.file())
        let foreign = try ProofFile(try other.file())
        let parts = file.parts.dropLast() + foreign.parts.suffix(1)
        let report = try scenario.verify(ProofFileWriter.file(of: Array(parts)))
        #expect(report.verdict == .contradicted)
        #expect(report.decidingRung?.name == .svid)
        let two = try ProofFileWriter.file(of: file.parts + foreign.parts.suffix(1))
        #expect(try scenario.verify(two).summary == "contradicted svid svid-several")
    }

    @Test func twoAuthoritiesDuringARotation() async throws {
        let scenario = try await ProofScenario()
        let other = try await Sample.authority(seed: 9)
        let bytes = try scenario.file { $0.append(authority: other.certificate) }
        #expect(try scenario.verify(bytes).summary == "proven")
    }

    // MARK: Logs

    @Test func aFalseSignatureContradicts() async throws {
        let scenario = try await ProofScenario()
        // 2 of 3 signed: one false signature leaves the threshold unmet, but it is false, not missing.
        for (log, rung) in [(0, "organisation"), (1, "issuer")] {
            var parts = try ProofFile(try scenario.file()).parts
            for event in parts[log].events {
                parts = try ProofFile(try scenario.file()).parts
                var content = parts[log].content
                let place = event.range.upperBound - 20
                content[place] = content[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                parts[log] = ProofPart(name: parts[log].name, count: 1, content: content, offset: 0)
                let report = try scenario.verify(ProofFileWriter.file(of: parts))
                #expect(report.verdict == .contradicted)
                #expect(report.decidingRung?.name.rawValue == rung, "\(report.summary)")
            }
        }
    }

    @Test func aFalseSignatureBesideEnoughGoodOnesContradicts() async throws {
        let scenario = try await ProofScenario()
        let event = scenario.organisation.messages[0]
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: event.span) else {
            Issue.record("no message")
            return
        }
        var attachments = frame.attachments
        let first = attachments.controllerSignatures[0]
        attachments.controllerSignatures.append(
            try IndexedSignature(code: first.code, index: 2, raw: first.raw))
        let signed = Array(event[frame.bodyRange]) + (try attachments.encoded())
        var parts = try ProofFile(try scenario.file()).parts
        parts[0] = ProofPart(
            name: parts[0].name, count: 2, content: signed + scenario.organisation.messages[1], offset: 0)
        #expect(
            try scenario.verify(ProofFileWriter.file(of: parts)).summary
                == "contradicted organisation signature-invalid")
    }

    @Test func tooFewSignaturesLeaveOpen() async throws {
        let scenario = try await ProofScenario()
        let event = scenario.organisation.messages[1]
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: event.span) else {
            Issue.record("no message")
            return
        }
        var attachments = frame.attachments
        attachments.controllerSignatures.removeLast()
        let signed = Array(event[frame.bodyRange]) + (try attachments.encoded())
        var parts = try ProofFile(try scenario.file()).parts
        parts[0] = ProofPart(
            name: parts[0].name, count: 2, content: scenario.organisation.messages[0] + signed, offset: 0)
        #expect(
            try scenario.verify(ProofFileWriter.file(of: parts)).summary
                == "undecidable organisation signatures-missing")
    }

    @Test func aLostEventLeavesOpen() async throws {
        let scenario = try await ProofScenario()
        try scenario.organisation.rotate()
        var parts = try ProofFile(try scenario.file()).parts
        let messages = scenario.organisation.messages
        parts[0] = ProofPart(name: parts[0].name, count: 2, content: messages[0] + messages[2], offset: 0)
        #expect(
            try scenario.verify(ProofFileWriter.file(of: parts)).summary == "undecidable organisation event-missing")
    }

    @Test func theSealOfTheDelegationMustStand() async throws {
        let scenario = try await ProofScenario(delegated: true)
        var parts = try ProofFile(try scenario.file()).parts
        parts[0] = ProofPart(
            name: parts[0].name, count: 1, content: scenario.organisation.messages[0], offset: 0)
        #expect(
            try scenario.verify(ProofFileWriter.file(of: parts)).summary(of: .issuer)
                == "undecidable delegation-seal-missing")
        // The organisation recovers from the event that sealed the delegation.
        let fresh = MemoryKeyEventStore()
        var stream = StreamProcessor(EventProcessor(store: fresh))
        try stream.process(scenario.organisation.messages[0], now: Timestamp(seconds: 0))
        let early = try #require(try fresh.read { $0.keyState(of: scenario.organisation.aid) })
        try scenario.organisation.rotate(from: early)
        let report = try scenario.verify()
        #expect(report.summary(of: .issuer).hasPrefix("contradicted"))
    }

    @Test func aSealPastTheRecoveredEndDoesNotCount() async throws {
        // The delegation is sealed at 2; the organisation then recovers at 1, so that 2 belongs to no branch that counts.
        let scenario = try await ProofScenario(delegated: true, sealedBefore: RecordSample.credential)
        #expect(try scenario.verify().summary == "proven")
        let fresh = MemoryKeyEventStore()
        var stream = StreamProcessor(EventProcessor(store: fresh))
        try stream.process(scenario.organisation.messages[0], now: Timestamp(seconds: 0))
        let early = try #require(try fresh.read { $0.keyState(of: scenario.organisation.aid) })
        try scenario.organisation.rotate(from: early)
        #expect(try scenario.verify().summary(of: .issuer) == "undecidable delegation-seal-missing")
    }

    @Test func duplicityContradicts() async throws {
        let scenario = try await ProofScenario()
        let fresh = MemoryKeyEventStore()
        var stream = StreamProcessor(EventProcessor(store: fresh))
        try stream.process(scenario.organisation.messages[0], now: Timestamp(seconds: 0))
        let early = try #require(try fresh.read { $0.keyState(of: scenario.organisation.aid) })
        let event = try EventBuilder.interaction(of: early, anchors: [["x": "other"]])
        let other = try scenario.organisation.add(event, generation: 0, keep: false)
        var parts = try ProofFile(try scenario.file()).parts
        parts[0] = ProofPart(name: parts[0].name, count: 3, content: parts[0].content + other, offset: 0)
        let report = try scenario.verify(ProofFileWriter.file(of: parts))
        #expect(report.decidingRung?.name == .organisation)
        #expect(report.verdict == .contradicted)
        #expect(report.rungs[1].reasons.map(\.code).contains("duplicity"))
    }

    /// The scenario's file with the attachments of the organisation's last event changed.
    private func changingLastEvent(
        of scenario: ProofScenario, _ change: (inout Attachments) throws -> Void
    ) throws -> [UInt8] {
        let messages = scenario.organisation.messages
        let event = messages[messages.count - 1]
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: event.span) else { throw CancellationError() }
        var attachments = frame.attachments
        try change(&attachments)
        let changed = Array(event[frame.bodyRange]) + (try attachments.encoded())
        var parts = try ProofFile(try scenario.file()).parts
        parts[0] = ProofPart(
            name: parts[0].name, count: messages.count, content: messages.dropLast().flatMap { $0 } + changed,
            offset: 0)
        return try ProofFileWriter.file(of: parts)
    }

    @Test func receiptsOfWitnessesAreNeeded() async throws {
        let scenario = try await ProofScenario(witnesses: 2)
        let report = try scenario.verify()
        #expect(report.summary == "proven")
        #expect(report.notChecked.map(\.code).contains("no-first-seen-guarantee"))
        #expect(report.notChecked.first { $0.code == "no-witnesses" }?.detail == scenario.issuer.aid.text)
        let missing = try changingLastEvent(of: scenario) { $0.witnessSignatures.removeLast() }
        #expect(try scenario.verify(missing).summary == "undecidable organisation receipts-missing")
    }

    @Test func aFalseReceiptContradicts() async throws {
        // The second of two receipts is false: the event waits for it, and what is there is not true.
        let scenario = try await ProofScenario(witnesses: 2)
        let flipped = try changingLastEvent(of: scenario) { attachments in
            let good = attachments.witnessSignatures[0]
            attachments.witnessSignatures[1] = try IndexedSignature(code: good.code, index: 1, raw: good.raw)
        }
        #expect(try scenario.verify(flipped).summary == "contradicted organisation signature-invalid")
        // One too many, of nobody.
        let tooMany = try changingLastEvent(of: scenario) { attachments in
            let good = attachments.witnessSignatures[0]
            attachments.witnessSignatures.append(try IndexedSignature(code: good.code, index: 2, raw: good.raw))
        }
        #expect(try scenario.verify(tooMany).summary == "contradicted organisation signature-invalid")
    }

    @Test func theOrderOfTheLogsDoesNotMatter() async throws {
        let scenario = try await ProofScenario()
        var parts = try ProofFile(try scenario.file()).parts
        parts.swapAt(0, 1)
        #expect(try scenario.verify(ProofFileWriter.file(of: parts)).summary == "proven")
    }

    // MARK: As of

    @Test func positionsCutTheLogs() async throws {
        var scenario = try await ProofScenario()
        func at(_ controller: FakeController, _ sn: UInt128) throws -> String {
            try scenario.verify(asOf: LogPosition(aid: controller.aid, sn: SequenceNumber(sn))).summary
        }
        #expect(try at(scenario.issuer, 2) == "undecidable issuer position-beyond-file")
        #expect(try at(scenario.organisation, 3) == "undecidable organisation position-beyond-file")
        let withdrawal = try Withdrawal(
            author: scenario.issuer.aid.primitive, trustDomain: Sample.domain, subject: scenario.statement.said,
            reason: "")
        try scenario.issuer.seal(withdrawal.said)
        scenario.records.append(.withdrawal(withdrawal))
        #expect(try scenario.verify().summary == "contradicted withdrawal statement-withdrawn")
        #expect(try at(scenario.issuer, 2) == "contradicted withdrawal statement-withdrawn")
        #expect(try at(scenario.issuer, 1) == "proven")
        #expect(try at(scenario.issuer, 0) == "contradicted statement statement-absent-at-position")
        #expect(try at(scenario.organisation, 2) == "contradicted withdrawal statement-withdrawn")
        #expect(try at(scenario.organisation, 1) == "contradicted credential issuance-absent-at-position")
        #expect(try at(scenario.organisation, 0) == "contradicted registry registry-absent-at-position")
        let delegated = try await ProofScenario(delegated: true)
        let before = LogPosition(aid: delegated.organisation.aid, sn: .zero)
        #expect(
            try delegated.verify(asOf: before).summary(of: .issuer) == "contradicted delegation-absent-at-position")
    }

    @Test func aPositionOfAForeignLogIsOpen() async throws {
        let scenario = try await ProofScenario()
        let stranger = try await ProofScenario(seed: 40)
        let report = try scenario.verify(asOf: LogPosition(aid: stranger.organisation.aid, sn: .zero))
        #expect(report.summary == "undecidable file position-foreign")
    }

    @Test func positionsAreRead() throws {
        let text = "\(RecordSample.issuer.text):1f"
        #expect(LogPosition(text)?.sn.value == 31)
        #expect(LogPosition(text)?.description == text)
        for other in ["", ":", RecordSample.issuer.text, "\(text):1", "x:1", "\(RecordSample.issuer.text):01"] {
            #expect(LogPosition(other) == nil)
        }
    }

    @Test func noFlippedByteIsProven() async throws {
        let scenario = try await ProofScenario()
        let bytes = try scenario.file()
        for place in stride(from: 0, to: bytes.count, by: 11) {
            var damaged = bytes
            damaged[place] ^= 0x01
            #expect(try scenario.verify(damaged).verdict != .proven, "byte \(place)")
        }
    }
}
