// SPDX-License-Identifier: Apache-2.0

import KERI
import KERINetwork
import KelmarkCrypto
import Testing

@Suite struct DelegationTests {
    @Test func oneHomeHoldsBoth() async throws {
        let medium = Medium()
        let wallet = medium.wallet()
        let organisation = try await wallet.create(CreationPlan(name: "acme"), now: moment())
        var plan = CreationPlan(name: "issuer")
        plan.delegator = organisation.event.aid
        let issuer = try await wallet.create(plan, now: moment(1))
        #expect(issuer.waitsFor == .delegable)
        #expect(try wallet.identifier("issuer").waitingEvent != nil)
        await #expect(throws: ControllerError.self) {
            try await Controller(wallet, "issuer").anchor([], now: moment(2))
        }
        let approval = try await Controller(wallet, "acme").approve(issuer.event.aid, now: moment(2))
        #expect(approval.approved.map(\.said) == [issuer.event.said])
        #expect(try wallet.keyState(of: issuer.event.aid)?.delegator == organisation.event.aid)
        #expect(try wallet.identifier("issuer").waitingEvent == nil)
        // Rotations of the delegate need approval again.
        let rotated = try await Controller(wallet, "issuer").rotate(RotationPlan(), now: moment(3))
        #expect(rotated.waitsFor == .delegable)
        _ = try await Controller(wallet, "acme").approve(issuer.event.aid, now: moment(4))
        #expect(try wallet.keyState(of: issuer.event.aid)?.sn.value == 1)
    }

    @Test func twoHomesExchangeStreams() async throws {
        let theirs = Medium()
        let ours = Medium()
        let organisation = try await theirs.wallet().create(CreationPlan(name: "acme"), now: moment())
        _ = try ours.wallet().ingest(try theirs.wallet().export(organisation.event.aid), now: moment(1))
        var plan = CreationPlan(name: "issuer")
        plan.delegator = organisation.event.aid
        let issuer = try await ours.wallet().create(plan, now: moment(2))
        #expect(issuer.waitsFor == .partialDelegation)

        let request = try ours.wallet().export(issuer.event.aid)
        _ = try theirs.wallet().ingest(request, now: moment(3))
        #expect(try theirs.wallet().delegationRequests().map(\.event.said) == [issuer.event.said])
        _ = try await Controller(theirs.wallet(), "acme").approve(issuer.event.aid, now: moment(4))
        #expect(try theirs.wallet().keyState(of: issuer.event.aid) != nil)

        let answer = try ours.wallet().ingest(try theirs.wallet().export(organisation.event.aid), now: moment(5))
        #expect(answer.resumed.isEmpty || answer.resumed.allSatisfy { $0.outcome?.isInLog != false })
        #expect(try ours.wallet().keyState(of: issuer.event.aid) != nil)
        #expect(try ours.wallet().identifier("issuer").waitingEvent == nil)
    }

    @Test func ownEventsSurviveTheEndOfTheirEscrow() async throws {
        let medium = Medium()
        let organisation = try await medium.wallet().create(CreationPlan(name: "acme"), now: moment())
        var plan = CreationPlan(name: "issuer")
        plan.delegator = organisation.event.aid
        let issuer = try await medium.wallet().create(plan, now: moment(1))
        // Escrows forget after an hour; the book does not.
        try medium.wallet().refresh(now: moment(10_000))
        try medium.wallet().refresh(now: moment(20_000))
        #expect(try medium.wallet().delegationRequests().map(\.event.said) == [issuer.event.said])
        _ = try await Controller(medium.wallet(), "acme").approve(issuer.event.aid, now: moment(20_001))
        #expect(try medium.wallet().keyState(of: issuer.event.aid) != nil)
    }

    @Test func strangersCanNotMoveOurLogs() async throws {
        let medium = Medium()
        let made = try await medium.wallet().create(CreationPlan(name: "alice"), now: moment())
        let stolen = Medium()
        for entry in medium.vault.list() {
            try stolen.vault.apply([.store(try medium.vault.load(entry.name), name: entry.name, replacing: nil)])
        }
        stolen.book.save(medium.book.load())
        var reader = StreamProcessor(EventProcessor(store: stolen.store))
        try reader.process(try medium.wallet().export(made.event.aid), origin: .local, now: moment())
        _ = try await Controller(stolen.wallet(), "alice").rotate(RotationPlan(), now: moment(1))
        let report = try medium.wallet().ingest(try stolen.wallet().export(made.event.aid), now: moment(2))
        #expect(try medium.wallet().keyState(of: made.event.aid)?.sn == .zero)
        guard case .decided(_, _, let outcome)? = report.messages.last?.result else {
            Issue.record("no message")
            return
        }
        #expect(outcome == .escrowed(.misfit))
    }

    @Test func nothingIsApprovedThatDoesNotWait() async throws {
        let medium = Medium()
        let organisation = try await medium.wallet().create(CreationPlan(name: "acme"), now: moment())
        await #expect(
            throws: ControllerError(.nothingToApprove, "no event of \(organisation.event.aid) waits for acme")
        ) {
            try await Controller(medium.wallet(), "acme").approve(organisation.event.aid, now: moment(1))
        }
    }
}
