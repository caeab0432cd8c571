// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import Testing
import X509

@testable import Issuer

@Suite struct RotationTests {
    private static let day: Int64 = 86_400

    /// Looks as the service does while time passes.
    private func pass(_ seconds: Int64, step: Int64 = 600, _ fixture: IssuerFixture) async {
        var left = seconds
        while left > 0 {
            fixture.clock.advance(by: min(step, left))
            left -= step
            await fixture.rotation.look()
        }
    }

    @Test func followsTheTimetable() async throws {
        let fixture = try await IssuerFixture()
        let first = try #require(fixture.authorities.state.x509.active)
        fixture.clock.advance(by: 43_199)
        await fixture.rotation.look()
        #expect(fixture.authorities.state.x509.prepared == nil)
        fixture.clock.advance(by: 1)
        await fixture.rotation.look()
        let second = try #require(fixture.authorities.state.x509.prepared)
        #expect(fixture.authorities.state.x509.active == first)
        #expect(fixture.authorities.state.jwt.prepared != nil)
        fixture.clock.advance(by: 28_799)
        await fixture.rotation.look()
        #expect(fixture.authorities.state.x509.active == first)
        fixture.clock.advance(by: 1)
        await fixture.rotation.look()
        let state = fixture.authorities.state
        #expect(state.x509.active?.authorityID == second.authorityID)
        #expect(state.x509.old?.authorityID == first.authorityID)
        #expect(state.x509.prepared == nil)
        #expect(state.bundle.x509Authorities.count == 2)
    }

    @Test func tenDaysNeverLeaveNobodyToSign() async throws {
        let fixture = try await IssuerFixture()
        var seen: Set<String> = []
        for _ in 0..<(10 * 24) {
            await pass(3_600, step: 1_200, fixture)
            let active = try #require(fixture.authorities.state.x509.active)
            let left = active.notAfter.seconds - fixture.clock.now().seconds
            #expect(left >= 14_400 - 1_200)
            seen.insert(active.authorityID)
            #expect(fixture.authorities.state.bundle.x509Authorities.count <= 5)
        }
        #expect((19...21).contains(seen.count))
        _ = try await fixture.issued()
    }

    @Test func expiredAuthoritiesLeaveTheBundleAfterADay() async throws {
        let fixture = try await IssuerFixture { $0.signsTokens = false }
        let first = try #require(fixture.authorities.state.x509.active)
        await pass(2 * Self.day - 600, fixture)
        #expect(fixture.authorities.ledger.bundle.contains(.x509, first.authorityID))
        await pass(6 * 3_600 + 1_200, fixture)
        #expect(!fixture.authorities.ledger.bundle.contains(.x509, first.authorityID))
        #expect(fixture.authorities.state.x509.active != nil)
    }

    // MARK: Clocks that are set

    @Test func aClockThatJumpsForwardCostsOneKey() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate) { $0.signsTokens = false }
        fixture.clock.jump(by: 2 * Self.day)
        await pass(3_600, step: 10, fixture)
        #expect(gate.asked.count == 2)
        _ = try await fixture.issued()
        #expect(fixture.rotation.serverIdentity?.svid.leaf.isValid(at: fixture.clock.now()) == true)
    }

    @Test func aClockThatJumpsBackCostsOneKey() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate) { $0.signsTokens = false }
        fixture.clock.jump(by: -Self.day)
        await pass(3_600, step: 10, fixture)
        #expect(gate.asked.count == 2)
        _ = try await fixture.issued()
        #expect(fixture.rotation.serverIdentity?.svid.leaf.isValid(at: fixture.clock.now()) == true)
        // When it is right again the new key goes on.
        fixture.clock.jump(by: Self.day - 7_200)
        await pass(600, step: 10, fixture)
        _ = try await fixture.issued()
    }

    @Test func aClockThatSwingsDoesNotCostKeysWithoutEnd() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate) { $0.signsTokens = false }
        var sign: Int64 = 1
        for _ in 0..<360 {
            fixture.clock.jump(by: sign * 3 * Self.day)
            sign = -sign
            fixture.clock.advance(by: 10)
            await fixture.rotation.look()
        }
        #expect(gate.asked.count < 20)
        fixture.clock.advance(by: 3_600)
        await fixture.rotation.look()
        _ = try await fixture.issued()
    }

    @Test func nothingIsPrunedSoonAfterTheClockWasSet() async throws {
        let fixture = try await IssuerFixture { $0.signsTokens = false }
        let first = try #require(fixture.authorities.state.x509.active)
        // The next pruning is due ten minutes later.
        await pass(6 * 3_600, fixture)
        fixture.clock.jump(by: 4 * Self.day)
        await pass(3_600, fixture)
        #expect(fixture.authorities.ledger.bundle.contains(.x509, first.authorityID))
        fixture.clock.jump(by: -4 * Self.day)
        await pass(7 * 3_600, fixture)
        #expect(fixture.authorities.ledger.bundle.contains(.x509, first.authorityID))
    }

    // MARK: Trouble

    /// The credential was revoked and another one issued: what is signed under the former is refused, so a key under the new
    /// one takes over now and not at half life.
    @Test func anAuthorityThatHasFallenIsReplacedAtOnce() async throws {
        let former = try #require(Admission(aid: IssuerFixture.aid, statement: IssuerFixture.statement))
        let newer = try #require(
            Admission(aid: IssuerFixture.aid, statement: String(IssuerFixture.statement.reversed())))
        let gate = ScriptedGate(.admit(former))
        let fixture = try await IssuerFixture(gate: gate) { $0.signsTokens = false }
        let first = try #require(fixture.authorities.state.x509.active)
        _ = try await fixture.authorities.prepare(.x509)
        gate.set(.admit(newer))
        gate.set(.none(but: newer.statement))
        await fixture.rotation.look()
        let active = try #require(fixture.authorities.state.x509.active)
        #expect(active.admission == newer)
        #expect(fixture.authorities.state.x509.prepared == nil)
        #expect(fixture.authorities.ledger.bundle.contains(.x509, first.authorityID))
        await fixture.rotation.look()
        #expect(fixture.authorities.state.x509.active == active)
    }

    /// Nothing makes another key one either: those that there are stay, and the gate is not asked without end.
    @Test func withoutAnotherAdmissionAFallenAuthorityStays() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate) { $0.signsTokens = false }
        let active = try #require(fixture.authorities.state.x509.active)
        gate.set(.refuse("no authority"))
        gate.set(.none(but: nil))
        await pass(3_600, step: 10, fixture)
        #expect(fixture.authorities.state.x509.active == active)
        #expect(gate.asked.count < 20)
    }

    @Test func whatCanNotBeToldChangesNothing() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate) { $0.signsTokens = false }
        let state = fixture.authorities.state
        gate.set(.unknown)
        await fixture.rotation.look()
        #expect(fixture.authorities.state == state)
    }

    @Test func aGateThatRefusesIsAskedLessAndLess() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate) { $0.signsTokens = false }
        let active = try #require(fixture.authorities.state.x509.active)
        gate.set(.refuse("no"))
        fixture.clock.advance(by: 43_200)
        for _ in 0..<360 {
            await fixture.rotation.look()
            fixture.clock.advance(by: 10)
        }
        #expect((10...20).contains(gate.asked.count))
        #expect(Set(gate.asked.dropFirst().map(\.key.authorityID)).count == 1)
        #expect(fixture.authorities.state.x509.active == active)
        gate.set(.admit(.open))
        fixture.clock.advance(by: 300)
        await fixture.rotation.look()
        #expect(fixture.authorities.state.x509.prepared != nil)
    }

    @Test func theServerKeepsItsIdentityWhenItCanNotBeRenewed() async throws {
        let store = CountingIssuanceStore()
        let fixture = try await IssuerFixture(issuanceStore: store)
        let first = try #require(fixture.rotation.serverIdentity).svid.leaf
        store.fails(with: IssuerStoreError(.full, "full"))
        fixture.clock.advance(by: 1_800)
        await fixture.rotation.look()
        #expect(fixture.rotation.serverIdentity?.svid.leaf == first)
        store.fails(with: nil)
        fixture.clock.advance(by: 10)
        await fixture.rotation.look()
        #expect(fixture.rotation.serverIdentity?.svid.leaf != first)
    }

    // MARK: The server's identity

    @Test func theServerIsRenewedAtHalfLife() async throws {
        let fixture = try await IssuerFixture()
        let first = try #require(fixture.rotation.serverIdentity).svid
        #expect(first.id.description == "spiffe://example.org/spire/server")
        fixture.clock.advance(by: 1_790)
        await fixture.rotation.look()
        #expect(fixture.rotation.serverIdentity?.svid.leaf == first.leaf)
        fixture.clock.advance(by: 5)
        await fixture.rotation.look()
        let second = try #require(fixture.rotation.serverIdentity).svid
        #expect(second.leaf != first.leaf)
        #expect(second.privateKey.publicKey != first.privateKey.publicKey)
    }

    /// Agents that have not heard of the end yet trust nothing else.
    @Test func theServerSaysFarewellUnderAnAuthorityThatIsGone() async throws {
        let fixture = try await IssuerFixture { $0.signsTokens = false }
        let old = try #require(fixture.authorities.state.x509.active)
        let first = try #require(fixture.rotation.serverIdentity).svid.leaf
        let next = try await fixture.authorities.prepare(.x509)
        _ = try await fixture.authorities.activate(.x509, next.authorityID)
        _ = try await fixture.authorities.revoke(.x509, old.authorityID)
        for _ in 0..<3 {
            await fixture.rotation.look()
            #expect(fixture.rotation.serverIdentity?.svid.leaf == first)
            fixture.clock.advance(by: 10)
        }
        await fixture.rotation.look()
        let second = try #require(fixture.rotation.serverIdentity).svid.leaf
        #expect(second.hasSignature(by: try #require(next.certificate)))
    }

    @Test func theServerIsRenewedAtOnceWhenItsAuthorityIsTainted() async throws {
        let fixture = try await IssuerFixture()
        let old = try #require(fixture.authorities.state.x509.active)
        var identities = fixture.rotation.serverIdentities().makeAsyncIterator()
        let first = try #require(await identities.next() ?? nil)
        let running = Task { await fixture.rotation.run() }
        let next = try await fixture.authorities.prepare(.x509)
        _ = try await fixture.authorities.activate(.x509, next.authorityID)
        _ = try await fixture.authorities.taint(.x509, old.authorityID)
        let second = try #require(await identities.next() ?? nil)
        #expect(second.svid.leaf != first.svid.leaf)
        #expect(second.svid.leaf.hasSignature(by: try #require(next.certificate)))
        running.cancel()
        await running.value
    }

    // MARK: Steps and pace

    @Test func stepsAreDecidedPurely() throws {
        let now = CertificateTime("2026-08-01T12:00:00Z")!
        func entry(_ slot: AuthoritySlot, _ from: Int64, _ to: Int64) throws -> AuthorityEntry {
            let key = try AuthorityKey(slot: slot, subjectPublicKeyInfo: PrivateKeySample.next().subjectPublicKeyInfo)
            return AuthorityEntry(
                key: key, status: .prepared, issuedAt: now.advanced(by: from), notAfter: now.advanced(by: to),
                admission: .open)
        }
        func step(active: (Int64, Int64)?, prepared: (Int64, Int64)?) throws -> RotationStep {
            var slots = AuthoritySlots(.x509)
            if let active {
                let one = try entry(.x509A, active.0, active.1)
                try slots.prepare(one)
                try slots.activate(one.authorityID)
            }
            if let prepared { try slots.prepare(try entry(slots.placeForNext, prepared.0, prepared.1)) }
            return RotationStep.next(for: slots, at: now)
        }
        #expect(try step(active: nil, prepared: nil) == .replace)
        #expect(try step(active: nil, prepared: (0, 3_600)) == .activate)
        #expect(try step(active: (0, 3_600), prepared: nil) == .wait)
        #expect(try step(active: (-1_800, 1_800), prepared: nil) == .prepare)
        #expect(try step(active: (-1_800, 1_800), prepared: (0, 3_600)) == .wait)
        #expect(try step(active: (-3_000, 600), prepared: (0, 3_600)) == .activate)
        #expect(try step(active: (-3_000, 600), prepared: nil) == .prepare)
        #expect(try step(active: (-3_600, 0), prepared: (0, 3_600)) == .activate)
        #expect(try step(active: (-3_600, 0), prepared: nil) == .replace)
        // Not valid yet: the clock was set back.
        #expect(try step(active: (11, 7_200), prepared: nil) == .replace)
        #expect(try step(active: (10, 7_200), prepared: nil) == .wait)
        #expect(try step(active: (11, 7_200), prepared: (0, 3_600)) == .activate)
        // A successor that is of no use is made anew.
        #expect(try step(active: (-1_800, 1_800), prepared: (100, 3_600)) == .prepare)
        #expect(try step(active: (-3_600, 0), prepared: (-3_600, 0)) == .replace)
    }

    @Test func paceSlowsDownWithinALifetime() {
        var pace = MintingPace(lifetime: 86_400)
        var uptime = Duration.zero
        for _ in 0..<MintingPace.free {
            #expect(pace.allows(at: uptime))
            pace.count(at: uptime)
        }
        for delay in [10, 20, 40, 80] {
            #expect(!pace.allows(at: uptime + .seconds(delay - 1)))
            uptime += .seconds(delay)
            #expect(pace.allows(at: uptime))
            pace.count(at: uptime)
        }
        #expect(!pace.allows(at: uptime))
        #expect(pace.allows(at: uptime + .seconds(86_400)))
    }

    @Test func retriesWaitLongerAndLonger() {
        var retry = RetryDelay()
        #expect(retry.allows(at: .zero))
        var uptime = Duration.zero
        for delay in [10, 20, 40, 80, 160, 300, 300] {
            retry.fail(at: uptime)
            #expect(!retry.allows(at: uptime + .seconds(delay - 1)))
            uptime += .seconds(delay)
            #expect(retry.allows(at: uptime))
        }
        retry.succeed()
        #expect(retry.allows(at: .zero))
    }
}
