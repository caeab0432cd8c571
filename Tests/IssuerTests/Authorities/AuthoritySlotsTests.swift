// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import Testing

@testable import Issuer

/// Every transition of the slots, and everything that is none.
@Suite struct AuthoritySlotsTests {
    private static let now = CertificateTime("2026-08-01T12:00:00Z")!

    private static func entry(
        _ slot: AuthoritySlot, _ status: AuthorityEntry.Status = .prepared
    ) throws -> AuthorityEntry {
        let key = try PrivateKey(generating: .p256).publicKey
        return AuthorityEntry(
            key: try AuthorityKey(slot: slot, subjectPublicKeyInfo: key.subjectPublicKeyInfo), status: status,
            issuedAt: now, notAfter: now.advanced(by: 86_400), admission: .open)
    }

    @Test func goesFromPreparedToActiveToOld() throws {
        var slots = AuthoritySlots(.x509)
        #expect(slots.placeForNext == .x509A)
        let first = try Self.entry(.x509A)
        try slots.prepare(first)
        #expect(slots.active == nil)
        #expect(slots.prepared?.authorityID == first.authorityID)
        try slots.activate(first.authorityID)
        #expect(slots.active?.authorityID == first.authorityID)
        #expect(slots.prepared == nil)
        #expect(slots.placeForNext == .x509B)
        let second = try Self.entry(.x509B)
        try slots.prepare(second)
        #expect(slots.active?.authorityID == first.authorityID)
        try slots.activate(second.authorityID)
        #expect(slots.active?.authorityID == second.authorityID)
        #expect(slots.old?.authorityID == first.authorityID)
        #expect(slots.entries.map(\.status.rawValue) == [4, 3])
        #expect(slots.placeForNext == .x509A)
    }

    @Test func aSecondPreparedTakesThePlaceOfTheFirst() throws {
        var slots = AuthoritySlots(.jwt)
        let first = try Self.entry(.jwtA)
        try slots.prepare(first)
        #expect(slots.placeForNext == .jwtA)
        let second = try Self.entry(.jwtA)
        try slots.prepare(second)
        #expect(slots.prepared?.authorityID == second.authorityID)
        #expect(slots.old?.authorityID == first.authorityID)
        #expect(throws: IssuerError(.invalidArgument, "unexpected authority ID")) {
            try slots.activate(first.authorityID)
        }
    }

    @Test func refusesWhatCanNotBePrepared() throws {
        var slots = AuthoritySlots(.x509)
        let first = try Self.entry(.x509A)
        try slots.prepare(first)
        try slots.activate(first.authorityID)
        for wrong in [
            try Self.entry(.jwtB), try Self.entry(.x509A), try Self.entry(.x509B, .active),
            try Self.entry(.x509B, .old),
            first,
        ] {
            var copy = slots
            #expect(throws: IssuerError(.internal, "authority can't be prepared")) { try copy.prepare(wrong) }
            #expect(copy == slots)
        }
    }

    @Test func activatesOnlyTheOneThatIsNamed() throws {
        var slots = AuthoritySlots(.x509)
        #expect(throws: IssuerError(.invalidArgument, "no authority ID provided")) { try slots.activate("") }
        #expect(throws: IssuerError(.invalidArgument, "unexpected authority ID")) { try slots.activate("0000") }
        let first = try Self.entry(.x509A)
        try slots.prepare(first)
        #expect(throws: IssuerError(.invalidArgument, "unexpected authority ID")) { try slots.activate("0000") }
        try slots.activate(first.authorityID)
        #expect(throws: IssuerError(.invalidArgument, "unexpected authority ID")) {
            try slots.activate(first.authorityID)
        }
    }

    @Test func endsOnlyOldOnes() throws {
        var slots = AuthoritySlots(.x509)
        let first = try Self.entry(.x509A)
        let second = try Self.entry(.x509B)
        try slots.prepare(first)
        try slots.activate(first.authorityID)
        try slots.prepare(second)
        #expect(throws: IssuerError(.invalidArgument, "no authority ID provided")) { try slots.ending("", .taint) }
        #expect(throws: IssuerError(.invalidArgument, "unexpected authority ID")) { try slots.ending("00", .revoke) }
        #expect(throws: IssuerError(.invalidArgument, "unable to taint current local authority")) {
            try slots.ending(first.authorityID, .taint)
        }
        #expect(throws: IssuerError(.invalidArgument, "unable to revoke current local authority")) {
            try slots.ending(first.authorityID, .revoke)
        }
        #expect(throws: IssuerError(.invalidArgument, "only Old local authorities can be tainted")) {
            try slots.ending(second.authorityID, .taint)
        }
        #expect(throws: IssuerError(.invalidArgument, "only Old local authorities can be revoked")) {
            try slots.ending(second.authorityID, .revoke)
        }
        try slots.activate(second.authorityID)
        #expect(try slots.ending(first.authorityID, .taint).authorityID == first.authorityID)
    }

    @Test func remembersTheNewestTen() throws {
        var slots = AuthoritySlots(.jwt)
        var made: [String] = []
        for _ in 0..<14 {
            let next = try Self.entry(slots.placeForNext)
            try slots.prepare(next)
            try slots.activate(next.authorityID)
            made.append(next.authorityID)
        }
        #expect(slots.entries.map(\.authorityID) == made.suffix(10))
        #expect(slots.active?.authorityID == made.last)
    }

    @Test func aJournalIsBelievedAsFarAsItCanBeTrue() throws {
        let old = try Self.entry(.x509B, .old)
        let active = try Self.entry(.x509A, .active)
        let prepared = try Self.entry(.x509B, .prepared)
        let journal = [old, active, prepared]
        let all = AuthoritySlots(.x509, journal: journal, isPublished: { _ in true }, isHeld: { _ in true })
        #expect(all.entries == journal)
        let keyless = AuthoritySlots(.x509, journal: journal, isPublished: { _ in true }, isHeld: { _ in false })
        #expect(keyless.entries.map(\.status) == [.old, .old, .old])
        #expect(keyless.active == nil)
        let gone = AuthoritySlots(
            .x509, journal: journal, isPublished: { $0.authorityID != active.authorityID }, isHeld: { _ in true })
        #expect(gone.entries.map(\.authorityID) == [old.authorityID, prepared.authorityID])
        let foreign = AuthoritySlots(.jwt, journal: journal, isPublished: { _ in true }, isHeld: { _ in true })
        #expect(foreign.entries.isEmpty)
        let twice = AuthoritySlots(
            .x509, journal: [active, try Self.entry(.x509B, .active)], isPublished: { _ in true },
            isHeld: { _ in true })
        #expect(twice.entries.map(\.status) == [.active, .old])
    }
}
