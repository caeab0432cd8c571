// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import StoreConformance
import Testing

@testable import ACDC

@Suite("Registry events")
struct RegistryDecisionTests {
    // MARK: The way of a credential

    @Test func issuedThenRevoked() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        #expect(state.isBackerless && state.sn == .zero && state.event == state.registry)
        #expect(try state.issuer == scene.issuer())
        let issuance = try scene.issuance("a", in: state)
        #expect(try scene.feedSealed(issuance) == .accepted)
        var status = try #require(try scene.status(issuance.subject, in: state.registry))
        #expect(status.kind == .issuance && !status.isRevoked && status.issuance == issuance.said)
        #expect(status.anchor.sn == SequenceNumber(2) && status.anchor == status.issuanceAnchor)
        let revocation = try scene.revocation("a", in: state)
        #expect(try scene.feedSealed(revocation) == .accepted)
        status = try #require(try scene.status(issuance.subject, in: state.registry))
        #expect(status.isRevoked && status.event == revocation.said && status.issuance == issuance.said)
        #expect(status.anchor.sn == SequenceNumber(3) && status.issuanceAnchor.sn == SequenceNumber(2))
        #expect(try scene.isAnchored(status))
    }

    @Test func theSameEventAgainChangesNothing() throws {
        let scene = RegistryScene()
        let inception = try scene.inception()
        #expect(try scene.feedSealed(inception) == .accepted)
        let state = try #require(try scene.state(of: inception.subject))
        let issuance = try scene.issuance("a", in: state)
        #expect(try scene.feedSealed(issuance) == .accepted)
        let revocation = try scene.revocation("a", in: state)
        #expect(try scene.feedSealed(revocation) == .accepted)
        for event in [inception, issuance, revocation] { #expect(try scene.feed(event) == .duplicate) }
        #expect(try scene.status(issuance.subject, in: state.registry)?.isRevoked == true)
    }

    // MARK: Anchors

    @Test func nothingCountsWithoutASeal() throws {
        let scene = RegistryScene()
        let inception = try scene.inception()
        #expect(try scene.feed(inception) == .escrowed(.missingAnchor))
        #expect(try scene.state(of: inception.subject) == nil)
        let state = try scene.registry(nonce: "other")
        let issuance = try scene.issuance("a", in: state)
        #expect(try scene.feed(issuance) == .escrowed(.missingAnchor))
        try scene.seal([issuance.seal])
        #expect(try scene.feed(issuance) == .accepted)
        let revocation = try scene.revocation("a", in: state)
        #expect(try scene.feed(revocation) == .escrowed(.missingAnchor))
    }

    @Test func aSealOfAnotherDoesNotCount() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let issuance = try scene.issuance("a", in: state)
        try scene.seal([issuance.seal], by: "stranger")
        #expect(try scene.feed(issuance) == .escrowed(.missingAnchor))
        let seal = issuance.seal
        try scene.seal([
            EventSeal(aid: seal.aid, sn: SequenceNumber(1), said: seal.said),
            EventSeal(aid: state.issuer, sn: seal.sn, said: seal.said),
            EventSeal(aid: seal.aid, sn: seal.sn, said: state.registry),
        ])
        #expect(try scene.feed(issuance) == .escrowed(.missingAnchor))
    }

    /// keripy wants a seal to be alone (facts 13.2).
    @Test func aSealCountsAtAnyPlace() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let (one, two) = (try scene.issuance("a", in: state), try scene.issuance("b", in: state))
        try scene.seal([one.seal, two.seal])
        #expect(try scene.feed(two) == .accepted)
        #expect(try scene.feed(one) == .accepted)
    }

    /// What somebody attaches may name a later place, or nothing at all.
    @Test func theFirstSealIsTheAnchor() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        let issuance = try scene.issuance("a", in: state)
        try scene.seal([issuance.seal])
        let later = try scene.seal([issuance.seal])
        var attachments = Attachments()
        attachments.sealSourceCouples = [
            SealSourceCouple(sn: later.event.sn.value, said: later.event.said.primitive)
        ]
        #expect(try scene.processor.process(issuance, with: attachments, now: RegistryScene.now) == .accepted)
        #expect(try scene.status(issuance.subject, in: state.registry)?.anchor.sn == SequenceNumber(2))
    }

    // MARK: Squatters

    /// Anybody can issue any digest in an own registry (facts 0.18); the registry of the credential is asked for it.
    @Test func issuingTheSameDigestElsewhereHarmsNobody() throws {
        let scene = RegistryScene()
        let foreign = try scene.registry(by: "mallory")
        let state = try scene.registry()
        let theft = try scene.issuance("a", in: foreign)
        #expect(try scene.feedSealed(theft, by: "mallory") == .accepted)
        #expect(try scene.feedSealed(try scene.revocation("a", in: foreign), by: "mallory") == .accepted)
        let issuance = try scene.issuance("a", in: state)
        #expect(try scene.feedSealed(issuance) == .accepted)
        #expect(try scene.status(issuance.subject, in: state.registry)?.isRevoked == false)
        #expect(try scene.status(issuance.subject, in: foreign.registry)?.isRevoked == true)
        let registries = try scene.store.read(credentials: {
            $0.registriesIssuing(issuance.subject, limit: 9)
        })
        #expect(registries == [state.registry, foreign.registry].sorted())
    }

    @Test func nobodyElseRevokes() throws {
        let scene = RegistryScene()
        let state = try scene.registry()
        #expect(try scene.feedSealed(try scene.issuance("a", in: state)) == .accepted)
        let revocation = try scene.revocation("a", in: state)
        try scene.seal([revocation.seal], by: "mallory")
        #expect(try scene.feed(revocation) == .escrowed(.missingAnchor))
        #expect(try scene.status(revocation.subject, in: state.registry)?.isRevoked == false)
    }

    // MARK: Illegal transitions

    /// What stands in the logs when an event arrives.
    enum Stage: String, CaseIterable { case nothing, registry, issued, revoked }

    /// An event that arrives; each is sealed.
    enum Step: String, CaseIterable {
        case vcp, vrt, iss, rev, bis, brv, otherIss, otherRev, revOfOther, lateIss, earlyRev, lateRev, lateVcp
    }

    static let table: [(Stage, [Step: CredentialOutcome])] = [
        (
            .nothing,
            [
                .vcp: .accepted, .vrt: .escrowed(.outOfOrder), .iss: .escrowed(.outOfOrder),
                .rev: .escrowed(.outOfOrder), .bis: .escrowed(.outOfOrder), .brv: .escrowed(.outOfOrder),
                .lateIss: .rejected(.wrongPosition), .earlyRev: .rejected(.wrongPosition),
                .lateRev: .rejected(.wrongPosition), .lateVcp: .rejected(.wrongPosition),
            ]
        ),
        (
            .registry,
            [
                .vcp: .duplicate, .vrt: .rejected(.wrongBacking), .iss: .accepted, .rev: .escrowed(.outOfOrder),
                .bis: .rejected(.wrongBacking), .brv: .rejected(.wrongBacking),
                .lateIss: .rejected(.wrongPosition), .lateRev: .rejected(.wrongPosition),
            ]
        ),
        (
            .issued,
            [
                .vcp: .duplicate, .iss: .duplicate, .otherIss: .rejected(.likelyDuplicitous), .rev: .accepted,
                .revOfOther: .rejected(.priorMismatch), .bis: .rejected(.wrongBacking),
                .earlyRev: .rejected(.wrongPosition), .lateRev: .rejected(.wrongPosition),
            ]
        ),
        (
            .revoked,
            [
                .iss: .duplicate, .otherIss: .rejected(.likelyDuplicitous), .rev: .duplicate,
                .otherRev: .rejected(.likelyDuplicitous), .lateRev: .rejected(.wrongPosition),
                .lateIss: .rejected(.wrongPosition),
            ]
        ),
    ]

    @Test func everyTransition() throws {
        for (stage, steps) in Self.table {
            for (step, expected) in steps {
                let scene = RegistryScene()
                let inception = try scene.inception()
                let state = RegistryState(
                    registry: inception.said, issuer: try scene.issuer(), sn: .zero, event: inception.said,
                    isBackerless: true, backers: [], backerThreshold: 0,
                    anchor: SealSource(sn: .zero, said: inception.said))
                let backed = RegistryState(
                    registry: inception.said, issuer: try scene.issuer(), sn: .zero, event: inception.said,
                    isBackerless: false, backers: [], backerThreshold: 0,
                    anchor: SealSource(sn: .zero, said: inception.said))
                func issuance(_ state: RegistryState, _ seconds: Int64 = 0) throws -> RegistryEvent {
                    try scene.issuance("a", in: state, seconds: seconds)
                }
                func revocation(of issuance: RegistryEvent, _ seconds: Int64 = 0) throws -> RegistryEvent {
                    let isBacked = issuance.kind == .backedIssuance
                    let status = CredentialStatus(
                        credential: issuance.subject, registry: state.registry, kind: issuance.kind, sn: .zero,
                        event: issuance.said, issuance: issuance.said, dated: RegistryScene.now,
                        anchor: state.anchor, issuanceAnchor: state.anchor)
                    return try RegistryEventBuilder.revocation(
                        of: status, in: isBacked ? backed : state, dated: RegistryScene.now.advanced(bySeconds: seconds)
                    )
                }
                func at(_ sn: String, _ event: RegistryEvent) throws -> RegistryEvent {
                    try RegistryScene.changed(event) { $0["s"] = .text(sn) }
                }
                if stage != .nothing { #expect(try scene.feedSealed(inception) == .accepted) }
                let issued = try issuance(state)
                if stage == .issued || stage == .revoked { #expect(try scene.feedSealed(issued) == .accepted) }
                if stage == .revoked { #expect(try scene.feedSealed(try revocation(of: issued)) == .accepted) }
                let event =
                    switch step {
                    case .vcp: inception
                    case .vrt: try RegistryEventBuilder.rotation(of: backed, cut: [], added: [], threshold: 0)
                    case .iss: issued
                    case .rev: try revocation(of: issued)
                    case .bis: try issuance(backed)
                    case .brv: try revocation(of: try issuance(backed))
                    case .otherIss: try issuance(state, 5)
                    case .otherRev: try revocation(of: issued, 5)
                    case .revOfOther: try revocation(of: try issuance(state, 5))
                    case .lateIss: try at("1", issued)
                    case .earlyRev: try at("0", try revocation(of: issued))
                    case .lateRev: try at("2", try revocation(of: issued))
                    case .lateVcp: try at("1", inception)
                    }
                #expect(try scene.feedSealed(event) == expected, "\(stage.rawValue): \(step.rawValue)")
            }
        }
    }

    /// A bis must name one registry, not two.
    @Test func anEventOfTwoRegistriesIsRefused() throws {
        let scene = RegistryScene()
        let backer = try Backer("1")
        let one = try scene.registry(backers: [backer], threshold: 1)
        let two = try scene.registry(backers: [backer], threshold: 1, nonce: "other")
        let issuance = try RegistryScene.changed(try scene.issuance("a", in: one)) {
            $0["ii"] = .text(two.registry.text)
        }
        #expect(try scene.feedSealed(issuance, signedBy: [backer]) == .rejected(.foreignRegistry))
    }
}
