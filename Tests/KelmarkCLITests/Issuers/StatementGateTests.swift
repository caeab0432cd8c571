// SPDX-License-Identifier: Apache-2.0

import Foundation
import Issuer
import Logging
import SPIFFE
import Testing

@testable import KelmarkCLI

/// What makes a key of an issuer that is served an authority, and what ends it.
@Suite(.timeLimit(.minutes(3))) struct StatementGateTests {
    @Test func aKeyIsStatedOnce() async throws {
        let issuer = try await AuthorisedIssuer()
        let prepared = try AuthorisedIssuer.prepared()
        let admission = try await issuer.gate.admit(prepared)
        #expect(admission.statement != nil)
        #expect(admission.notAfter == prepared.notAfter)
        // Asked again later, the gate gives what it gave, with the validity of then.
        let later = PreparedKey(
            key: prepared.key, trustDomain: prepared.trustDomain, notBefore: prepared.notBefore.advanced(by: 60),
            notAfter: prepared.notAfter.advanced(by: 60), allowsDownstream: false)
        #expect(try await issuer.gate.admit(later) == admission)
    }

    /// The time of its statement is over: offered again and again, the key would keep its place for ever.
    @Test func aKeyWhoseStatementHasEndedIsSpent() async throws {
        let issuer = try await AuthorisedIssuer()
        let prepared = try AuthorisedIssuer.prepared()
        _ = try await issuer.gate.admit(prepared)
        let late = PreparedKey(
            key: prepared.key, trustDomain: prepared.trustDomain, notBefore: prepared.notAfter,
            notAfter: prepared.notAfter.advanced(by: 3_600), allowsDownstream: false)
        let refusal = await #expect(throws: AdmissionRefusal.self) { try await issuer.gate.admit(late) }
        #expect(refusal?.isKeySpent == true)
    }

    @Test func aKeyWhoseStatementWasWithdrawnIsSpent() async throws {
        let issuer = try await AuthorisedIssuer()
        let prepared = try AuthorisedIssuer.prepared()
        let admission = try await issuer.gate.admit(prepared)
        let other = try AuthorisedIssuer.prepared(.x509B)
        let kept = try await issuer.gate.admit(other)
        #expect(try await issuer.gate.stands(admission))
        try await issuer.run("authority withdraw \(try #require(admission.statement)) --yes")
        #expect(try await !issuer.gate.stands(admission))
        let refusal = await #expect(throws: AdmissionRefusal.self) { try await issuer.gate.admit(prepared) }
        #expect(refusal?.isKeySpent == true)
        #expect(try await issuer.gate.admit(other) == kept)
        #expect(try await issuer.gate.stands(kept))
        #expect(try await issuer.gate.stands(try await issuer.gate.admit(try AuthorisedIssuer.prepared())))
    }

    /// The next credential does not vouch for what was stated under the one before.
    @Test func aKeyWhoseCredentialWasRevokedIsSpent() async throws {
        let issuer = try await AuthorisedIssuer()
        let prepared = try AuthorisedIssuer.prepared()
        let admission = try await issuer.gate.admit(prepared)
        try await issuer.run("authority revoke \(issuer.credential) --yes")
        #expect(try await !issuer.gate.stands(admission))
        try await issuer.run("issuer authorise issuer --from acme --trust-domain acme.example")
        #expect(try await !issuer.gate.stands(admission))
        let refusal = await #expect(throws: AdmissionRefusal.self) { try await issuer.gate.admit(prepared) }
        #expect(refusal?.isKeySpent == true)
        _ = try await issuer.gate.admit(try AuthorisedIssuer.prepared())
    }

    /// Made when nobody stood behind the issuer.
    @Test func whatWasNeverStatedDoesNotStand() async throws {
        let issuer = try await AuthorisedIssuer()
        #expect(try await issuer.gate.standing(of: [.open]) == [.open: .ended])
    }

    /// A file that is lost ends nothing, and hides nothing that has ended.
    @Test func whatIsNotInTheHomeIsUnknown() async throws {
        let issuer = try await AuthorisedIssuer()
        let lost = try await issuer.gate.admit(try AuthorisedIssuer.prepared())
        let ended = try await issuer.gate.admit(try AuthorisedIssuer.prepared(.x509B))
        try await issuer.run("authority withdraw \(try #require(ended.statement)) --yes")
        let file = "\(issuer.context.home.issuers)/\(try #require(lost.statement)).json"
        try FileManager.default.removeItem(atPath: file)
        let unknown = String(repeating: "E", count: 44)
        // The macro can't have the name of a module in it.
        let made = Issuer.Admission(aid: unknown, statement: unknown)
        let foreign = try #require(made)
        #expect(
            try await issuer.gate.standing(of: [lost, ended, foreign])
                == [lost: .unknown, ended: .ended, foreign: .unknown])
        try FileManager.default.removeItem(atPath: issuer.context.home.issuers)
        #expect(
            try await issuer.gate.standing(of: [lost, ended]) == [lost: .unknown, ended: .unknown])
    }

    /// A file under the name of another statement must not speak for that.
    @Test func aStatementGoesByItsOwnName() async throws {
        let issuer = try await AuthorisedIssuer()
        let good = try #require(try await issuer.gate.admit(try AuthorisedIssuer.prepared()).statement)
        let ended = try await issuer.gate.admit(try AuthorisedIssuer.prepared(.x509B))
        let folder = issuer.context.home.issuers
        try FileManager.default.removeItem(atPath: "\(folder)/\(try #require(ended.statement)).json")
        try FileManager.default.copyItem(
            atPath: "\(folder)/\(good).json", toPath: "\(folder)/\(try #require(ended.statement)).json")
        await #expect(throws: CommandFailure.self) { _ = try await issuer.gate.standing(of: [ended]) }
    }

    /// Without a credential no other key helps either.
    @Test func withoutAuthorityNoKeyIsGivenUp() async throws {
        let issuer = try await AuthorisedIssuer()
        try await issuer.run("authority revoke \(issuer.credential) --yes")
        let refusal = await #expect(throws: AdmissionRefusal.self) {
            try await issuer.gate.admit(try AuthorisedIssuer.prepared())
        }
        #expect(refusal?.isKeySpent == false)
    }
}

/// What an issuer that is served may sign.
@Suite(.timeLimit(.minutes(3))) struct AuthorityIssuanceTests {
    private let clock = StandingClock()

    private func issuance(_ issuer: AuthorisedIssuer) -> AuthorityIssuance {
        AuthorityIssuance(
            context: issuer.context, issuer: "issuer", clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func proposal(_ path: String, under statement: String?, lifetime: Int64 = 60) throws -> IssuanceProposal {
        let now = clock.now()
        return IssuanceProposal(
            kind: .x509, id: try SPIFFEID(trustDomain: AuthorisedIssuer.domain, path: path), notBefore: now,
            notAfter: now.advanced(by: lifetime), authorityID: "x", statement: statement)
    }

    @Test func theCredentialBoundsWhatIsSigned() async throws {
        let issuer = try await AuthorisedIssuer()
        let issuance = issuance(issuer)
        let statement = try await issuer.gate.admit(try AuthorisedIssuer.prepared()).statement
        #expect(await issuance.decide(about: try proposal("/web/a", under: statement)) == .allowed())
        #expect(await issuance.decide(about: try proposal("/spire/server", under: statement)) == .allowed())
        for refused in [
            try proposal("/db", under: statement), try proposal("/web", under: nil),
            try proposal("/web", under: statement, lifetime: 10 * 365 * 86_400),
        ] { #expect(await issuance.decide(about: refused) != .allowed()) }
    }

    @Test func aWithdrawnStatementIsNoticedWithinSeconds() async throws {
        let issuer = try await AuthorisedIssuer()
        let issuance = issuance(issuer)
        let statement = try #require(try await issuer.gate.admit(try AuthorisedIssuer.prepared()).statement)
        let wish = try proposal("/web", under: statement)
        #expect(await issuance.decide(about: wish) == .allowed())
        try await issuer.run("authority withdraw \(statement) --yes")
        clock.pass(AuthorityIssuance.freshness)
        let ended = IssuanceDecision.refused(
            ["the statement of the signing key does not stand any more"], detail: "statement \(statement)")
        #expect(await issuance.decide(about: wish) == ended)
        #expect(await issuance.decide(about: wish) == ended)
    }

    /// A key that signs from now on must not wait for what was read before it was stated.
    @Test func aFreshStatementCountsAtOnce() async throws {
        let issuer = try await AuthorisedIssuer()
        let issuance = issuance(issuer)
        for slot in [AuthoritySlot.x509A, .x509B] {
            let statement = try await issuer.gate.admit(try AuthorisedIssuer.prepared(slot)).statement
            #expect(await issuance.decide(about: try proposal("/web", under: statement)) == .allowed())
        }
    }

    /// Whoever is refused asks again and again: the logs are not read for each of them.
    @Test func whatWasNotFoundIsNotLookedForAtOnce() async throws {
        let issuer = try await AuthorisedIssuer()
        let issuance = issuance(issuer)
        let prepared = try AuthorisedIssuer.prepared()
        let unknown = try proposal("/web", under: "EUnknownAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        #expect(await issuance.decide(about: unknown) != .allowed())
        #expect(issuance.readCount == 1)
        #expect(await issuance.decide(about: unknown) != .allowed())
        #expect(issuance.readCount == 1)
        clock.pass(AuthorityIssuance.patience)
        #expect(await issuance.decide(about: unknown) != .allowed())
        #expect(issuance.readCount == 2)
        let statement = try await issuer.gate.admit(prepared).statement
        #expect(await issuance.decide(about: try proposal("/web", under: statement)) == .allowed())
        #expect(issuance.readCount == 3)
    }

    /// Trouble in reading, such as a full disk, is no refusal; and inner words, such as where the home is, are not for agents.
    @Test func whatCanNotBeReadIsUndecided() async throws {
        let issuer = try await AuthorisedIssuer()
        let issuance = AuthorityIssuance(
            context: issuer.context, issuer: "nobody", clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let wish = try proposal("/web", under: "EUnknownAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        for _ in 0..<2 {
            #expect(await issuance.decide(about: wish) == .undecided(detail: "the issuer's authority can't be read"))
        }
        #expect(issuance.readCount == 1)
    }
}
