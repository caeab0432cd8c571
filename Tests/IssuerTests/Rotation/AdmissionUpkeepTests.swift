// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import Issuer

/// Revoked authorities lose their statements, and authorities without one leave the bundle.
@Suite(.timeLimit(.minutes(1))) struct AdmissionUpkeepTests {
    private let clock = ManualIssuerClock()
    private let gate = ScriptedGate(.state)

    /// An issuer with an old authority of a kind, and the name of that.
    private func rotated(_ kind: AuthorityKind) async throws -> (IssuerFixture, old: String) {
        let fixture = try await IssuerFixture(clock: clock, gate: gate)
        let old = try #require(fixture.authorities.state[kind].active)
        let next = try await fixture.authorities.prepare(kind)
        _ = try await fixture.authorities.activate(kind, next.authorityID)
        return (fixture, old.authorityID)
    }

    private func stated(_ kind: AuthorityKind, _ id: String) -> StatedAuthority {
        StatedAuthority(
            kind: kind, authorityID: id, aid: IssuerFixture.aid, statement: ScriptedGate.statement(of: id))
    }

    /// Nothing stands behind an authority any more.
    private func fell(_ id: String) { gate.set(.allBut([ScriptedGate.statement(of: id)])) }

    // MARK: Withdrawals

    @Test(arguments: AuthorityKind.allCases) func aRevokedAuthorityIsWithdrawnOnce(_ kind: AuthorityKind) async throws {
        let (fixture, old) = try await rotated(kind)
        _ = try await fixture.authorities.taint(kind, old)
        await fixture.upkeep.withdrawRevoked()
        #expect(gate.withdrawn.isEmpty, "a tainted authority is still in the bundle")
        _ = try await fixture.authorities.revoke(kind, old)
        #expect(fixture.authorities.withdrawals == [stated(kind, old)])
        await fixture.upkeep.withdrawRevoked()
        #expect(gate.withdrawn == [stated(kind, old)])
        #expect(fixture.authorities.withdrawals.isEmpty)
        await fixture.upkeep.withdrawRevoked()
        #expect(gate.withdrawn.count == 1)
        let records = try await fixture.issuanceStore.auditRecords(from: 0, limit: 100)
            .map { String(decoding: $0.content, as: UTF8.self) }
        #expect(records.count { $0.contains("\"action\":\"withdraw-\(kind.rawValue)\",\"actor\":\"issuer\"") } == 1)
    }

    @Test func whatHasNoStatementIsNotWithdrawn() async throws {
        gate.set(.admit(.open))
        let (fixture, old) = try await rotated(.x509)
        _ = try await fixture.authorities.revoke(.x509, old)
        #expect(fixture.authorities.withdrawals.isEmpty)
    }

    @Test func aWithdrawalThatFailsIsTriedAgainLessAndLess() async throws {
        let (fixture, old) = try await rotated(.x509)
        gate.failsToWithdraw(true)
        _ = try await fixture.authorities.revoke(.x509, old)
        await fixture.upkeep.withdrawRevoked()
        #expect(fixture.authorities.withdrawals == [stated(.x509, old)])
        #expect(!fixture.authorities.ledger.bundle.contains(.x509, old), "the bundle does not wait for the statement")
        gate.failsToWithdraw(false)
        clock.advance(by: 9)
        await fixture.upkeep.withdrawRevoked()
        #expect(gate.withdrawn.isEmpty)
        clock.advance(by: 1)
        await fixture.upkeep.withdrawRevoked()
        #expect(gate.withdrawn == [stated(.x509, old)])
    }

    /// The process ends between the revocation and the withdrawal, and then between the withdrawal and its note.
    @Test func aWithdrawalIsResumedAfterACrash() async throws {
        let (fixture, old) = try await rotated(.jwt)
        _ = try await fixture.authorities.revoke(.jwt, old)
        let second = try await fixture.restarted(gate: gate)
        #expect(second.authorities.withdrawals == [stated(.jwt, old)])
        await second.upkeep.withdrawRevoked()
        #expect(gate.withdrawn.count == 1)
        // The one that crashed had told the gate, too: it is told twice, and the first process can't undo the note.
        await fixture.upkeep.withdrawRevoked()
        let third = try await fixture.restarted(gate: gate)
        #expect(third.authorities.withdrawals.isEmpty)
        await third.upkeep.withdrawRevoked()
        #expect(gate.withdrawn.count == 2)
    }

    @Test func theServiceWithdrawsAsSoonAsAnAuthorityIsRevoked() async throws {
        let (fixture, old) = try await rotated(.x509)
        let running = Task { await fixture.upkeep.run() }
        while clock.sleeperCount < 2 { await Task.yield() }
        _ = try await fixture.authorities.revoke(.x509, old)
        for await _ in fixture.authorities.states() where fixture.authorities.withdrawals.isEmpty { break }
        #expect(gate.withdrawn == [stated(.x509, old)])
        running.cancel()
        await running.value
    }

    // MARK: What has fallen

    /// The names of the roots in each bundle that readers saw.
    private func watched(
        _ fixture: IssuerFixture, _ body: () async throws -> Void
    ) async throws -> [Set<String>] {
        let stream = fixture.bundles.bundles()
        let watching = Task {
            var seen: [Set<String>] = []
            for await bundle in stream {
                seen.append(Set(bundle.x509Authorities.map { DomainBundle.authorityID(of: $0.certificate) }))
            }
            return seen
        }
        try await body()
        watching.cancel()
        return await watching.value
    }

    @Test(arguments: AuthorityKind.allCases)
    func anAuthorityThatFellIsReplacedAndDropped(_ kind: AuthorityKind) async throws {
        let fixture = try await IssuerFixture(clock: clock, gate: gate)
        let fallen = try #require(fixture.authorities.state[kind].active).authorityID
        fell(fallen)
        let seen = try await watched(fixture) { await fixture.upkeep.dropFallen() }
        #expect(seen.allSatisfy { !$0.isEmpty })
        let state = fixture.authorities.state
        #expect(!fixture.authorities.ledger.bundle.contains(kind, fallen))
        #expect(state[kind].active == nil)
        let next = try #require(state[kind].prepared)
        await fixture.rotation.look()
        #expect(fixture.authorities.state[kind].active?.authorityID == next.authorityID)
        _ = try await fixture.issued()
        let asked = gate.asked.count
        await fixture.upkeep.dropFallen()
        #expect(gate.asked.count == asked)
        #expect(fixture.authorities.withdrawals.isEmpty, "what fell needs no withdrawal of ours")
        let records = try await fixture.issuanceStore.auditRecords(from: 0, limit: 100)
            .map { String(decoding: $0.content, as: UTF8.self) }
        #expect(records.count { $0.contains("\"action\":\"drop-\(kind.rawValue)\",\"actor\":\"issuer\"") } == 1)
        let again = try await fixture.restarted(gate: gate)
        #expect(again.authorities.state.bundle == fixture.authorities.state.bundle)
    }

    /// The organisation has ended the issuer: there is no other key, and the bundle is empty.
    @Test func theLastAuthorityIsDroppedWithoutASuccessor() async throws {
        let fixture = try await IssuerFixture(clock: clock, gate: gate) { $0.signsTokens = false }
        let last = try #require(fixture.authorities.state.x509.active).authorityID
        gate.set(.refuse("the credential is revoked"))
        fell(last)
        await fixture.upkeep.dropFallen()
        #expect(fixture.authorities.state.bundle.x509Authorities.isEmpty)
        #expect(fixture.authorities.state.x509.active == nil)
        await #expect(throws: IssuerError(.unavailable, "X.509 authority is not available for signing")) {
            _ = try await fixture.issued()
        }
        await fixture.rotation.look()
        #expect(fixture.authorities.state.bundle.x509Authorities.isEmpty)
        // When it lets the issuer sign again, the issuer does.
        gate.set(.admit(.open))
        clock.advance(by: 300)
        await fixture.rotation.look()
        _ = try await fixture.issued()
    }

    @Test func aSuccessorThatKeepsWaitingDelaysNothing() async throws {
        let fixture = try await IssuerFixture(clock: clock, gate: gate) { $0.signsTokens = false }
        let last = try #require(fixture.authorities.state.x509.active).authorityID
        gate.set(.hang)
        fell(last)
        let dropping = Task { await fixture.upkeep.dropFallen() }
        // The limit of the admission and the patience of the drop.
        while clock.sleeperCount < 2 { await Task.yield() }
        #expect(fixture.authorities.ledger.bundle.contains(.x509, last))
        clock.advance(by: 3)
        await dropping.value
        #expect(fixture.authorities.state.bundle.x509Authorities.isEmpty)
    }

    @Test func aPreparedAuthorityThatFellIsDroppedAlone() async throws {
        let fixture = try await IssuerFixture(clock: clock, gate: gate)
        let active = try #require(fixture.authorities.state.x509.active)
        let prepared = try await fixture.authorities.prepare(.x509)
        fell(prepared.authorityID)
        await fixture.upkeep.dropFallen()
        let state = fixture.authorities.state
        #expect(state.x509.active == active)
        #expect(state.x509.prepared == nil)
        #expect(state.bundle.x509Authorities.map(\.certificate) == [active.certificate])
    }

    /// Who makes the gate unreadable must not take the bundle away.
    @Test func whileNothingCanBeToldAllStay() async throws {
        let fixture = try await IssuerFixture(clock: clock, gate: gate)
        let before = fixture.authorities.state
        gate.set(.unknown)
        await fixture.upkeep.dropFallen()
        #expect(fixture.authorities.state == before)
    }

    /// A statement that is only not at hand has not ended: its key signs no more, and what it signed stays good.
    @Test func whatIsNotAtHandIsReplacedAndStays() async throws {
        let fixture = try await IssuerFixture(clock: clock, gate: gate)
        let lost = try #require(fixture.authorities.state.x509.active)
        gate.set(.lost([ScriptedGate.statement(of: lost.authorityID)]))
        await fixture.upkeep.dropFallen()
        #expect(fixture.authorities.state.x509.active == lost)
        await fixture.rotation.look()
        #expect(fixture.authorities.state.x509.active?.authorityID != lost.authorityID)
        await fixture.upkeep.dropFallen()
        #expect(fixture.authorities.ledger.bundle.contains(.x509, lost.authorityID))
    }

    /// Served without its AID for a while, the issuer must not take a withdrawal for done.
    @Test func withoutTheIssuerThatStatedItAWithdrawalWaits() async throws {
        let (fixture, old) = try await rotated(.x509)
        _ = try await fixture.authorities.revoke(.x509, old)
        let claimed = try await fixture.restarted()
        await claimed.upkeep.withdrawRevoked()
        #expect(claimed.authorities.withdrawals == [stated(.x509, old)])
        let back = try await claimed.restarted(gate: gate)
        await back.upkeep.withdrawRevoked()
        #expect(back.authorities.withdrawals.isEmpty)
        #expect(gate.withdrawn == [stated(.x509, old)])
    }

    @Test func rotationReplacesWhatWasDroppedAtOnce() async throws {
        let (fixture, _) = try await rotated(.x509)
        let running = Task { await fixture.rotation.run() }
        while clock.sleeperCount == 0 { await Task.yield() }
        let fallen = try #require(fixture.authorities.state.x509.active).authorityID
        try await fixture.authorities.drop([stated(.x509, fallen)])
        for await state in fixture.authorities.states() where state.x509.active != nil { break }
        #expect(fixture.authorities.state.x509.active?.authorityID != fallen)
        running.cancel()
        await running.value
    }

    /// Below a root elsewhere only the right to sign can be taken: the root is not the issuer's.
    @Test func belowARootElsewhereAFallenAuthoritySignsNoMore() async throws {
        let upper = try await IssuerFixture(clock: clock) { $0.allowsDownstream = true }
        let lower = try await IssuerFixture(clock: clock, gate: gate, upstream: NestedAuthority(upper.issuing)) {
            $0.signsTokens = false
        }
        let active = try #require(lower.authorities.state.x509.active)
        let roots = lower.authorities.state.bundle.x509Authorities
        try await lower.authorities.drop([stated(.x509, active.authorityID)])
        #expect(lower.authorities.state.x509.active == nil)
        #expect(lower.authorities.state.bundle.x509Authorities == roots)
    }
}
