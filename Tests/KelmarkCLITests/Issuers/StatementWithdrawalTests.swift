// SPDX-License-Identifier: Apache-2.0

import Issuer
import KelmarkBytes
import Testing

@testable import KelmarkCLI

/// What becomes of the statement about a key that the served issuer revoked.
@Suite(.timeLimit(.minutes(3))) struct StatementWithdrawalTests {
    /// The position of the issuer's newest event.
    private func position(_ issuer: AuthorisedIssuer) async throws -> String? {
        try await issuer.run("id list").data["identifiers"]?.listValue?
            .first { $0["name"]?.textValue == "issuer" }?["s"]?.textValue
    }

    private func stated(_ admission: Issuer.Admission, _ key: PreparedKey) throws -> StatedAuthority {
        StatedAuthority(
            kind: key.key.slot.kind, authorityID: key.key.authorityID, aid: try #require(admission.aid),
            statement: try #require(admission.statement))
    }

    @Test(arguments: [AuthoritySlot.x509A, .jwtA]) func theWithdrawalIsSealedOnce(_ slot: AuthoritySlot) async throws {
        let issuer = try await AuthorisedIssuer()
        let prepared = try AuthorisedIssuer.prepared(slot)
        let other = try await issuer.gate.admit(try AuthorisedIssuer.prepared(.x509B))
        let admission = try await issuer.gate.admit(prepared)
        let authority = try stated(admission, prepared)
        let before = try await position(issuer)
        try await issuer.gate.withdraw(authority)
        #expect(try await !issuer.gate.stands(admission))
        #expect(try await issuer.gate.stands(other))
        let after = try await position(issuer)
        #expect(after != before)
        // Asked again, as after a crash, it has nothing to do.
        try await issuer.gate.withdraw(authority)
        #expect(try await position(issuer) == after)
    }

    /// The organisation was first: there is nothing left to say.
    @Test func whatTheOrganisationWithdrewIsNotWithdrawnAgain() async throws {
        let issuer = try await AuthorisedIssuer()
        let prepared = try AuthorisedIssuer.prepared()
        let admission = try await issuer.gate.admit(prepared)
        try await issuer.run("authority withdraw \(try #require(admission.statement)) --by acme --yes")
        let before = try await position(issuer)
        try await issuer.gate.withdraw(try stated(admission, prepared))
        #expect(try await position(issuer) == before)
    }

    @Test func statementsOfOthersAreNotWithdrawn() async throws {
        let issuer = try await AuthorisedIssuer()
        let prepared = try AuthorisedIssuer.prepared()
        let admission = try await issuer.gate.admit(prepared)
        let unknown = String(repeating: "E", count: 44)
        let foreign = StatedAuthority(
            kind: .x509, authorityID: "x", aid: unknown, statement: try #require(admission.statement))
        let foreignRefusal = await #expect(throws: CommandFailure.self) { try await issuer.gate.withdraw(foreign) }
        #expect(foreignRefusal?.code == "KM-ISSUER-FOREIGN")
        let missing = StatedAuthority(
            kind: .x509, authorityID: "x", aid: try #require(admission.aid), statement: unknown)
        let missingRefusal = await #expect(throws: CommandFailure.self) { try await issuer.gate.withdraw(missing) }
        #expect(missingRefusal?.code == "KM-ISSUER-NO-STATEMENT")
        #expect(try await issuer.gate.stands(admission))
    }
}
