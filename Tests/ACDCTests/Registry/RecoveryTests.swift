// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import Testing

@testable import ACDC

/// What a recovery rotation does to registries and credentials that only the superseded branch seals.
@Suite("Anchors that are superseded")
struct RecoveryTests {
    @Test func anIssuanceIsUnanchoredThen() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let before = try scene.state()
        let kept = try scene.issuance("kept", in: state)
        let lost = try scene.issuance("lost", in: state)
        #expect(try scene.feedSealed(kept) == .accepted)
        #expect(try scene.feedSealed(lost) == .accepted)
        let late = try scene.issuance("late", in: state)
        try scene.seal([late.seal])
        for event in [kept, lost] {
            #expect(try scene.isAnchored(try #require(try scene.status(event.subject, in: state.registry))))
        }
        // The log ends at the rotation; positions behind it still show the old branch.
        try scene.recover(behind: before, sealing: [kept.seal])
        #expect(try scene.isAnchored(try #require(try scene.status(kept.subject, in: state.registry))))
        #expect(try !scene.isAnchored(try #require(try scene.status(lost.subject, in: state.registry))))
        #expect(try scene.feed(late) == .escrowed(.missingAnchor))
        // Also when the log is long again.
        for _ in 0..<4 { try scene.seal([]) }
        #expect(try !scene.isAnchored(try #require(try scene.status(lost.subject, in: state.registry))))
        #expect(try scene.feed(late) == .escrowed(.missingAnchor))
        // Sealed anew, it counts again.
        try scene.seal([lost.seal])
        #expect(try scene.isAnchored(try #require(try scene.status(lost.subject, in: state.registry))))
    }

    @Test func aRegistryIsUnanchoredWithAllItsCredentials() throws {
        let scene = RegistryScene()
        let before = try scene.state()
        let state = try scene.registry()
        let issuance = try scene.issuance("a", in: state)
        #expect(try scene.feedSealed(issuance) == .accepted)
        try scene.recover(behind: before, sealing: [issuance.seal])
        #expect(try !scene.store.read(credentials: { try $0.isAnchored(state) }))
        #expect(try !scene.isAnchored(try #require(try scene.status(issuance.subject, in: state.registry))))
    }

    /// Whoever hears of a revocation before the recovery and whoever hears of it afterwards come to the same end.
    @Test(arguments: [true, false]) func aRevocationStays(_ isHeardBefore: Bool) throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let issuance = try scene.issuance("a", in: state)
        #expect(try scene.feedSealed(issuance) == .accepted)
        let before = try scene.state()
        let revocation = try scene.revocation("a", in: state)
        try scene.seal([revocation.seal])
        if isHeardBefore { #expect(try scene.feed(revocation) == .accepted) }
        try scene.recover(behind: before)
        #expect(try scene.feed(revocation) == (isHeardBefore ? .duplicate : .accepted))
        let status = try #require(try scene.status(issuance.subject, in: state.registry))
        #expect(status.isRevoked)
        #expect(try scene.isAnchored(status))
        let other = try scene.issuance("a", in: state, seconds: 9)
        #expect(try scene.feedSealed(other) == .rejected(.likelyDuplicitous))
    }

    /// Found by the fuzzer of stories: the new issuance came first, and the revocation of the old one was refused.
    @Test(arguments: [true, false]) func aRevocationStaysWhenItIsIssuedAnew(_ isHeardBefore: Bool) throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let before = try scene.state()
        let issuance = try scene.issuance("a", in: state)
        try scene.seal([issuance.seal])
        let revocation = try RegistryScene.changed(issuance) { map in
            map["t"] = "rev"
            map["s"] = "1"
            let dated = map["dt"]
            map["dt"] = nil
            map["p"] = .text(issuance.said.text)
            map["dt"] = dated
        }
        try scene.seal([revocation.seal])
        if isHeardBefore {
            #expect(try scene.feed(issuance) == .accepted)
            #expect(try scene.feed(revocation) == .accepted)
        }
        let anew = try scene.issuance("a", in: state, seconds: 9)
        try scene.recover(behind: before, sealing: [anew.seal])
        #expect(try scene.feed(anew) == .accepted)
        #expect(try scene.feed(revocation) == (isHeardBefore ? .duplicate : .accepted))
        let status = try #require(try scene.status(issuance.subject, in: state.registry))
        #expect(status.isRevoked)
        #expect(status.issuance == anew.said)
        #expect(try scene.isAnchored(status))
    }

    /// What a thief sealed must not keep the place from the owner.
    @Test func aPlaceIsFreeWhenNothingSealsWhatStandsThere() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let before = try scene.state()
        let theft = try scene.issuance("a", in: state)
        #expect(try scene.feedSealed(theft) == .accepted)
        let honest = try scene.issuance("a", in: state, seconds: 9)
        #expect(try scene.feedSealed(honest) == .rejected(.likelyDuplicitous))
        try scene.recover(behind: before)
        #expect(try scene.feed(honest) == .escrowed(.missingAnchor))
        try scene.seal([honest.seal])
        #expect(try scene.feed(honest) == .accepted)
        let status = try #require(try scene.status(honest.subject, in: state.registry))
        #expect(status.issuance == honest.said && !status.isRevoked)
        #expect(try scene.isAnchored(status))
        #expect(try scene.feed(theft) == .rejected(.likelyDuplicitous))
    }

    /// The revocation of an issuance comes before the issuance itself, while a thief's still stands in its place.
    @Test func aRevocationCountsAheadOfItsOwnIssuance() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let before = try scene.state()
        let theft = try scene.issuance("a", in: state)
        #expect(try scene.feedSealed(theft) == .accepted)
        let honest = try scene.issuance("a", in: state, seconds: 9)
        let status = CredentialStatus(
            credential: honest.subject, registry: state.registry, kind: .issuance, sn: .zero, event: honest.said,
            issuance: honest.said, dated: RegistryScene.now, anchor: state.anchor, issuanceAnchor: state.anchor)
        let revocation = try RegistryEventBuilder.revocation(of: status, in: state, dated: RegistryScene.now)
        #expect(try scene.feed(revocation) == .rejected(.priorMismatch))
        try scene.recover(behind: before)
        #expect(try scene.feed(revocation) == .escrowed(.outOfOrder))
        try scene.seal([honest.seal])
        try scene.seal([revocation.seal])
        #expect(try scene.feed(revocation) == .accepted)
        #expect(try scene.feed(honest) == .accepted)
        #expect(try scene.status(honest.subject, in: state.registry)?.isRevoked == true)
    }

    @Test func aRevocationOutlivesItsIssuance() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let before = try scene.state()
        let theft = try scene.issuance("a", in: state)
        #expect(try scene.feedSealed(theft) == .accepted)
        let revocation = try scene.revocation("a", in: state)
        #expect(try scene.feedSealed(revocation) == .accepted)
        try scene.recover(behind: before)
        let honest = try scene.issuance("a", in: state, seconds: 9)
        #expect(try scene.feedSealed(honest) == .accepted)
        let status = try #require(try scene.status(honest.subject, in: state.registry))
        #expect(status.isRevoked && status.issuance == honest.said && status.event == revocation.said)
    }

    @Test func aStolenRotationOfBackersMakesRoom() throws {
        let scene = RegistryScene()
        let backers = try ["1", "2", "3"].map { try Backer($0) }
        let state = try scene.registry(backers: [backers[0]], threshold: 1)
        let before = try scene.state()
        let theft = try RegistryEventBuilder.rotation(
            of: state, cut: [backers[0].aid], added: [backers[1].aid], threshold: 1)
        #expect(try scene.feedSealed(theft, signedBy: [backers[1]]) == .accepted)
        let stolen = try #require(try scene.state(of: state.registry))
        let further = try RegistryEventBuilder.rotation(of: stolen, cut: [], added: [], threshold: 1)
        #expect(try scene.feedSealed(further, signedBy: [backers[1]]) == .accepted)
        try scene.recover(behind: before)
        let honest = try RegistryEventBuilder.rotation(of: state, cut: [], added: [backers[2].aid], threshold: 2)
        #expect(try scene.feedSealed(honest, signedBy: [backers[0], backers[2]]) == .accepted)
        let now = try #require(try scene.state(of: state.registry))
        #expect(now.event == honest.said && now.sn == SequenceNumber(1))
        #expect(now.backers == [backers[0].aid, backers[2].aid])
        let log = try scene.store.read(credentials: {
            $0.events(of: state.registry, in: state.registry, from: .zero, limit: 9).map(\.said)
        })
        #expect(log == [state.registry, honest.said])
    }
}
