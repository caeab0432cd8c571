// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import ACDC

@Suite("Backers of registries")
struct BackerTests {
    private let backers: [Backer]

    init() throws { backers = try ["1", "2", "3", "4"].map { try Backer($0) } }

    // MARK: Rules for lists

    @Test func inceptionRules() throws {
        let two = [backers[0], backers[1]]
        let cases: [([Backer], UInt32, Bool)] = [
            (two, 0, false), (two, 1, true), (two, 2, true), (two, 3, false), ([backers[0], backers[0]], 1, false),
        ]
        for (list, threshold, isRight) in cases {
            let scene = RegistryScene()
            let event = try scene.inception(backers: list, threshold: threshold)
            let outcome = try scene.feedSealed(event, signedBy: list)
            #expect(outcome == (isRight ? .accepted : .rejected(.badBackers)), "\(list.count) \(threshold)")
        }
    }

    @Test func aRegistryWithoutBackersHasNone() throws {
        let scene = RegistryScene()
        let plain = try scene.inception()
        let withBackers = try RegistryScene.changed(plain) {
            $0["b"] = .list([.text(backers[0].aid.text)])
            $0["bt"] = "1"
        }
        #expect(try scene.feedSealed(withBackers, signedBy: [backers[0]]) == .rejected(.badBackers))
        let withThreshold = try RegistryScene.changed(plain) { $0["bt"] = "1" }
        #expect(try scene.feedSealed(withThreshold) == .rejected(.badBackers))
        // None yet, but some may come.
        let open = try RegistryScene.changed(plain) { $0["c"] = .list([]) }
        #expect(try scene.feedSealed(open) == .accepted)
        #expect(try scene.state(of: open.subject)?.isBackerless == false)
    }

    @Test func rotationRules() throws {
        let two = [backers[0], backers[1]]
        let cases: [(cut: [Int], added: [Int], threshold: UInt32, isRight: Bool)] = [
            ([0], [2], 2, true), ([], [2], 3, true), ([0, 1], [], 0, true), ([], [], 1, true),
            ([2], [], 1, false), ([0, 0], [], 1, false), ([], [0], 1, false), ([], [2, 2], 1, false),
            ([0], [0], 1, false), ([0], [2], 0, false), ([0], [2], 3, false), ([0, 1], [], 1, false),
        ]
        for (cut, added, threshold, isRight) in cases {
            let scene = RegistryScene()
            let state = try scene.registry(backers: two, threshold: 1)
            let event = try RegistryEventBuilder.rotation(
                of: state, cut: cut.map { backers[$0].aid }, added: added.map { backers[$0].aid },
                threshold: threshold)
            let list = two.enumerated().filter { !cut.contains($0.offset) }.map(\.element) + added.map { backers[$0] }
            let outcome = try scene.feedSealed(event, signedBy: list)
            #expect(outcome == (isRight ? .accepted : .rejected(.badBackers)), "cut \(cut) add \(added) \(threshold)")
            if isRight { #expect(try scene.state(of: state.registry)?.backers == list.map(\.aid)) }
        }
    }

    @Test func rotationsFollowEachOther() throws {
        let scene = RegistryScene()
        let state = try scene.registry(backers: [backers[0]], threshold: 1)
        let first = try RegistryEventBuilder.rotation(of: state, cut: [], added: [backers[1].aid], threshold: 1)
        let far = try RegistryScene.changed(first) { $0["s"] = "2" }
        #expect(try scene.feedSealed(far, signedBy: [backers[0]]) == .escrowed(.outOfOrder))
        let stray = try RegistryScene.changed(first) { $0["p"] = .text(RegistryScene.said("stray").text) }
        #expect(try scene.feedSealed(stray, signedBy: [backers[0]]) == .rejected(.priorMismatch))
        #expect(try scene.feedSealed(first, signedBy: [backers[0]]) == .accepted)
        let other = try RegistryEventBuilder.rotation(of: state, cut: [], added: [backers[2].aid], threshold: 1)
        #expect(try scene.feedSealed(other, signedBy: [backers[0]]) == .rejected(.likelyDuplicitous))
        #expect(try scene.feed(first, signedBy: [backers[0]]) == .duplicate)
        let zero = try RegistryScene.changed(first) { $0["s"] = "0" }
        #expect(try scene.feedSealed(zero, signedBy: [backers[0]]) == .rejected(.wrongPosition))
    }

    // MARK: Signatures

    @Test func tooFewSignatures() throws {
        let scene = RegistryScene()
        let three = Array(backers.prefix(3))
        let inception = try scene.inception(backers: three, threshold: 2)
        try scene.seal([inception.seal])
        #expect(try scene.feed(inception) == .escrowed(.partialBackers))
        // The same signature under two indexes, by a stranger, and beyond the list.
        #expect(try scene.feed(inception, signedBy: [three[0], three[0]], at: [0, 1]) == .escrowed(.partialBackers))
        #expect(try scene.feed(inception, signedBy: [backers[3]], at: [1]) == .escrowed(.partialBackers))
        #expect(try scene.feed(inception, signedBy: [backers[3]], at: [3]) == .escrowed(.partialBackers))
        #expect(try scene.feed(inception, signedBy: [three[0], three[0]], at: [0, 0]) == .escrowed(.partialBackers))
        // Copies bring what is missing of each other's.
        #expect(try scene.feed(inception, signedBy: [three[2]], at: [2]) == .accepted)
        #expect(try scene.escrows().isEmpty)
        let record = try #require(
            try scene.store.read(credentials: {
                $0.event(of: inception.subject, in: inception.subject, at: .zero)
            }))
        #expect(record.backerSignatures.map(\.index) == [0, 2])
        // A later copy brings one more; a bad one brings nothing.
        #expect(try scene.feed(inception, signedBy: [backers[3]], at: [1]) == .duplicate)
        #expect(try scene.feed(inception, signedBy: [three[1]], at: [1]) == .duplicate)
        let later = try scene.store.read(credentials: {
            $0.event(of: inception.subject, in: inception.subject, at: .zero)
        })
        #expect(later?.backerSignatures.map(\.index) == [0, 2, 1])
    }

    @Test func credentialsAreReceiptedByTheBackersInForce() throws {
        let scene = RegistryScene()
        let old = try scene.registry(backers: [backers[0]], threshold: 1)
        let first = try scene.issuance("a", in: old)
        #expect(try scene.feedSealed(first) == .escrowed(.partialBackers))
        #expect(try scene.feed(first, signedBy: [backers[0]]) == .accepted)
        let early = try scene.issuance("b", in: old)
        try scene.seal([early.seal])
        let rotation = try RegistryEventBuilder.rotation(
            of: old, cut: [backers[0].aid], added: [backers[1].aid], threshold: 1)
        #expect(try scene.feedSealed(rotation, signedBy: [backers[1]]) == .accepted)
        let new = try #require(try scene.state(of: old.registry))
        // Sealed before the rotation: the old backers were in force.
        #expect(try scene.feed(early, signedBy: [backers[0]]) == .accepted)
        // Sealed behind it and still naming the old event: whoever was removed must not vouch any more.
        #expect(
            try scene.feedSealed(try scene.issuance("c", in: old), signedBy: [backers[0]]) == .rejected(.badBackers))
        #expect(
            try scene.feedSealed(try scene.issuance("d", in: new), signedBy: [backers[0]])
                == .escrowed(.partialBackers))
        #expect(try scene.feedSealed(try scene.issuance("e", in: new), signedBy: [backers[1]]) == .accepted)
        #expect(try scene.feedSealed(try scene.revocation("a", in: new), signedBy: [backers[1]]) == .accepted)
    }

    /// Within one sealing event the order of the seals decides.
    @Test func sealedTogetherWithTheRotation() throws {
        let scene = RegistryScene()
        let old = try scene.registry(backers: [backers[0]], threshold: 1)
        let rotation = try RegistryEventBuilder.rotation(
            of: old, cut: [backers[0].aid], added: [backers[1].aid], threshold: 1)
        let (before, behind) = (try scene.issuance("a", in: old), try scene.issuance("b", in: old))
        try scene.seal([before.seal, rotation.seal, behind.seal])
        #expect(try scene.feed(rotation, signedBy: [backers[1]]) == .accepted)
        #expect(try scene.feed(before, signedBy: [backers[0]]) == .accepted)
        #expect(try scene.feed(behind, signedBy: [backers[0]]) == .rejected(.badBackers))
    }

    @Test func namedRegistryEvents() throws {
        let scene = RegistryScene()
        let state = try scene.registry(backers: [backers[0]], threshold: 1)
        func naming(_ sn: String, _ said: SAID) throws -> RegistryEvent {
            try RegistryScene.changed(try scene.issuance("a", in: state)) {
                $0["ra"] = .map(["i": .text(state.registry.text), "s": .text(sn), "d": .text(said.text)])
            }
        }
        let stray = try naming("0", RegistryScene.said("stray"))
        #expect(try scene.feedSealed(stray, signedBy: [backers[0]]) == .rejected(.badBackers))
        let future = try naming("1", RegistryScene.said("future"))
        #expect(try scene.feedSealed(future, signedBy: [backers[0]]) == .escrowed(.outOfOrder))
        let rotation = try RegistryEventBuilder.rotation(of: state, cut: [], added: [backers[1].aid], threshold: 1)
        #expect(try scene.feedSealed(rotation, signedBy: [backers[0]]) == .accepted)
        let wakeup = try scene.processor.resume(after: [.registry(state.registry)], now: RegistryScene.now)
        #expect(wakeup.resumed.map(\.outcome) == [.rejected(.badBackers)])
        #expect(wakeup.remaining.isEmpty)
        let first = try naming("0", state.registry)
        #expect(try scene.feed(first, signedBy: [backers[0]]) == .escrowed(.missingAnchor))
    }
}
