// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import KERINetwork

/// Proposals that are wrong, each in its own way; nothing of them may be offered for approval.
struct GroupRefusalTests {
    private func receive(_ message: [UInt8], _ site: GroupSite) async throws -> GroupOutcome {
        try await site.groups.receive(message, now: groupMoment(10))
    }

    /// Refused, and nothing kept.
    private func expectRefused(
        _ code: GroupError.Code, _ message: [UInt8], _ site: GroupSite,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try site.groups.list()
        let outcome = try await receive(message, site)
        #expect(outcome.isRefused, sourceLocation: sourceLocation)
        #expect(outcome.error?.code == code, sourceLocation: sourceLocation)
        #expect(try site.groups.list() == before, sourceLocation: sourceLocation)
        #expect(try site.book.load().unread.isEmpty, sourceLocation: sourceLocation)
    }

    /// Kept until more arrives, and not offered for approval.
    private func expectKept(
        _ code: GroupError.Code, _ message: [UInt8], _ site: GroupSite,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try site.groups.list()
        let outcome = try await receive(message, site)
        #expect(outcome.isKept, sourceLocation: sourceLocation)
        #expect(outcome.error?.code == code, sourceLocation: sourceLocation)
        #expect(try site.groups.list() == before, sourceLocation: sourceLocation)
        #expect(try site.book.load().unread.map(\.reason.code) == [code], sourceLocation: sourceLocation)
    }

    // MARK: Members and their keys

    @Test func `What an honest member sends is offered`() async throws {
        let world = try await GroupWorld()
        let message = try await GroupForger(site: world.alice).inception(world.aids)
        #expect(try await receive(message, world.bob).isProposed)
        #expect(try await receive(message, world.bob).isMerged)
        #expect(try world.bob.groups.list().count == 1)
        // Our own copy that comes back says nothing new.
        _ = try await world.bob.groups.approve(
            try #require(try world.bob.groups.list().first?.proposals.first).event.said, named: "team",
            now: groupMoment(11))
        let own = try #require(world.bus.takeAll().first).message
        #expect(try await receive(own, world.bob) == .repeated)
    }

    @Test func `Another key or digest at our place`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        try await expectRefused(
            .notOurKey, try await forger.inception(world.aids) { $0.keys[1] = try forger.key() }, world.bob)
        try await expectRefused(
            .notOurDigest,
            try await forger.inception(world.aids) { $0.nextDigests[1] = KeyDigest(of: try forger.key()) }, world.bob)
    }

    @Test func `Another key or digest at the place of a third`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        try await expectKept(
            .foreignKey, try await forger.inception(world.aids) { $0.keys[2] = try forger.key() }, world.bob)
        try await expectKept(
            .foreignDigest,
            try await forger.inception(world.aids) { $0.nextDigests[1] = KeyDigest(of: try forger.key()) },
            world.carol)
    }

    @Test func `Members that are missing, too many, or named twice`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        let aids = try world.aids
        try await expectRefused(
            .membersMismatch, try await forger.inception(aids, signing: Array(aids.prefix(2))), world.bob)
        try await expectRefused(
            .membersMismatch, try await forger.inception(aids, rotation: Array(aids.prefix(2))), world.bob)
        try await expectRefused(
            .membersMismatch, try await forger.inception(aids, signing: [aids[0], aids[1], aids[1]]), world.bob)
        try await expectRefused(
            .membersMismatch, try await forger.inception(aids, rotation: [aids[1], aids[1], aids[2]]), world.bob)
    }

    @Test func `Members that nobody knows, that are behind, or stale`() async throws {
        let world = try await GroupWorld()
        let dave = GroupSite("dave", world.bus)
        try await dave.create()
        _ = try world.alice.wallet.ingest(try dave.wallet.export(try dave.aid), now: groupMoment(3))
        let forger = GroupForger(site: world.alice)
        let unknown = try await forger.inception(try world.aids + [try dave.aid])
        try await expectKept(.memberUnknown, unknown, world.bob)
        #expect(try world.bob.book.load().unread.first?.reason.actor == dave.aid)
        // When the log arrives the proposal is offered.
        _ = try world.bob.wallet.ingest(try dave.wallet.export(try dave.aid), now: groupMoment(4))
        _ = try await world.bob.groups.resume(now: groupMoment(11))
        #expect(try world.bob.book.load().unread.isEmpty)
        #expect(try world.bob.groups.list().first?.proposals.first?.stage == .proposed)
    }

    @Test func `A member whose rotation has not arrived yet`() async throws {
        let world = try await GroupWorld()
        try await world.carol.rotate()
        try world.shareLogs(of: [world.carol], with: [world.alice])
        let message = try await GroupForger(site: world.alice).inception(world.aids)
        try await expectKept(.memberBehind, message, world.bob)
        try world.shareLogs(of: [world.carol], with: [world.bob])
        _ = try await world.bob.groups.resume(now: groupMoment(11))
        #expect(try world.bob.groups.list().count == 1)
    }

    @Test func `A member whose keys are replaced`() async throws {
        let world = try await GroupWorld()
        try await world.carol.rotate()
        try world.shareLogs(of: [world.carol], with: [world.bob])
        let forger = GroupForger(site: world.alice)
        try await expectRefused(.memberStale, try await forger.inception(world.aids), world.bob)
        let signing = Array(try world.aids.prefix(2))
        try await expectRefused(
            .memberStale,
            try await forger.inception(world.aids, signing: signing, rotation: world.aids) {
                $0.keys = Array($0.keys.prefix(2))
            }, world.bob)
    }

    @Test func `A witness, the group or an ended AID is no member`() async throws {
        let world = try await GroupWorld()
        let witness = try #require(AID("BBilc4-L3tFUnfM_wJr4S4OJanAv_VmF_dJNN6vkf2Ha"))
        let forger = GroupForger(site: world.alice)
        let aids = try world.aids
        try await expectRefused(
            .memberUnfit, try await forger.inception(aids, signing: [aids[0], aids[1], witness]), world.bob)
        var plan = RotationPlan()
        plan.isAbandonment = true
        _ = try await Controller(world.carol.wallet, "carol").rotate(plan, now: groupMoment(4))
        try world.shareLogs(of: [world.carol], with: [world.bob])
        try await expectRefused(.memberUnfit, try await forger.inception(aids), world.bob)
    }

    @Test func `A threshold that can't be satisfied`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        try await expectRefused(
            .badThreshold, try await forger.inception(world.aids) { $0.signingThreshold = .count(4) }, world.bob)
        try await expectRefused(
            .badThreshold, try await forger.inception(world.aids) { $0.nextThreshold = .count(4) }, world.bob)
    }

    @Test func `An event that KERI refuses`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        try await expectRefused(
            .invalidEvent, try await forger.inception(world.aids) { $0.witnessThreshold = 1 }, world.bob)
    }

    // MARK: Senders

    @Test func `A sender that is no member, and members none of which is ours`() async throws {
        let world = try await GroupWorld(["alice", "bob", "carol", "dave"])
        let aids = try world.aids
        try await expectRefused(
            .stranger, try await GroupForger(site: world.sites[3]).inception(Array(aids.prefix(3))), world.bob)
        try await expectRefused(
            .notOurs, try await GroupForger(site: world.alice).inception([aids[0], aids[2], aids[3]]), world.bob)
    }

    @Test func `A sender that has not signed what it proposes`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        try await expectRefused(
            .unsignedBySender, try await forger.inception(world.aids, isSigned: false), world.bob)
        // A signature over something else is none.
        let other = try EventBuilder.inception(try forger.establishment(world.aids, threshold: .count(3)))
        let event = try EventBuilder.inception(try forger.establishment(world.aids))
        var proposal = try await forger.proposal(event, signing: world.aids, isSigned: false)
        proposal.add(try await forger.signature(other, of: try #require(other.establishment?.keys.first), at: 0))
        try await expectRefused(.unsignedBySender, try await forger.message(proposal), world.bob)
        // The signature of a third does not show that the sender stands by it.
        var borrowed = try await forger.proposal(event, signing: world.aids, isSigned: false)
        let third = try #require(event.establishment?.keys.last)
        borrowed.add(try await GroupForger(site: world.carol).signature(event, of: third, at: 2))
        try await expectRefused(.unsignedBySender, try await forger.message(borrowed), world.bob)
        // A member that only rotates has no place to sign; then nobody has signed.
        let aids = try world.aids
        let silent = try await forger.inception(aids, signing: [aids[1], aids[2]], rotation: aids) {
            $0.keys = Array($0.keys.dropFirst())
        }
        try await expectRefused(.unsignedBySender, silent, world.bob)
    }

    @Test func `A message whose signature is wrong, or whose signer is unknown`() async throws {
        let world = try await GroupWorld()
        let message = try await GroupForger(site: world.alice).inception(world.aids)
        let text = String(decoding: message, as: UTF8.self)
        // Each signature ends in another; swapping the message for another of the same length breaks it.
        let forged = try await GroupForger(site: world.alice).message(
            try await GroupForger(site: world.alice).proposal(
                try EventBuilder.inception(try GroupForger(site: world.alice).establishment(world.aids)),
                signing: world.aids)
        ) { $0["dt"] = .text(groupMoment(8).description) }
        let end = try #require(text.firstRange(of: "}}-F")).lowerBound
        let forgedText = String(decoding: forged, as: UTF8.self)
        let forgedEnd = try #require(forgedText.firstRange(of: "}}-F")).lowerBound
        try await expectRefused(.unsigned, Array((text[..<end] + forgedText[forgedEnd...]).utf8), world.bob)

        let stranger = GroupSite("eve", world.bus)
        try await stranger.create()
        for site in world.sites {
            _ = try stranger.wallet.ingest(try site.wallet.export(site.aid), now: groupMoment(3))
        }
        let unknown = try await GroupForger(site: stranger).inception(try world.aids + [try stranger.aid])
        try await expectKept(.senderUnknown, unknown, world.bob)
    }

    @Test func `A sender that signs with keys it has replaced`() async throws {
        let world = try await GroupWorld()
        let message = try await GroupForger(site: world.alice).inception(world.aids)
        try await world.alice.rotate()
        try world.shareLogs(of: [world.alice])
        try await expectRefused(.senderStale, message, world.bob)
    }

    // MARK: Form

    @Test func `Messages of another form`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        let aids = try world.aids
        let event = try EventBuilder.inception(try forger.establishment(aids))
        let proposal = try await forger.proposal(event, signing: aids)
        func message(_ change: (inout OrderedMap) -> Void) async throws -> [UInt8] {
            try await forger.message(proposal, change: change)
        }
        try await expectRefused(.malformed, try await message { $0["a"]?["smids"] = nil }, world.bob)
        try await expectRefused(.malformed, try await message { $0["a"]?["smids"] = .list([]) }, world.bob)
        try await expectRefused(.malformed, try await message { $0["a"]?["smids"] = .list([1]) }, world.bob)
        try await expectRefused(.malformed, try await message { $0["a"]?["rmids"] = "all" }, world.bob)
        try await expectRefused(.malformed, try await message { $0["a"]?["gid"] = "nobody" }, world.bob)
        try await expectRefused(
            .malformed, try await message { $0["a"]?["delegator"] = .text(aids[0].text) }, world.bob)
        try await expectRefused(.malformed, try await message { $0["e"]?["rot"] = "more" }, world.bob)
        try await expectRefused(.malformed, try await message { $0["e"] = .map([:]) }, world.bob)
        try await expectRefused(
            .wrongGroup, try await message { $0["a"]?["gid"] = .text(aids[2].text) }, world.bob)
        try await expectRefused(
            .wrongKind,
            try await message {
                $0["r"] = "/multisig/rot"
                $0["e"] = .map(["rot": $0["e"]?["icp"] ?? .null, "d": ""])
            }, world.bob)
        // The last message of keripy's form without the list means the same members.
        #expect(try await receive(try await message { $0["a"]?["rmids"] = .null }, world.bob).isProposed)
    }

    @Test func `Embeds that were tampered with`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        let event = try EventBuilder.inception(try forger.establishment(world.aids))
        let proposal = try await forger.proposal(event, signing: world.aids)
        func tampered(
            sealsEmbeds: Bool = true, _ change: (inout OrderedValue) -> Void
        ) async throws -> [UInt8] {
            try await forger.message(proposal, sealsEmbeds: sealsEmbeds) { map in
                guard var embed = map["e"]?["icp"] else { return }
                change(&embed)
                map["e"]?["icp"] = embed
            }
        }
        try await expectRefused(.forgedBlock, try await tampered(sealsEmbeds: false) { $0["kt"] = "1" }, world.bob)
        try await expectRefused(.forgedEvent, try await tampered { $0["kt"] = "1" }, world.bob)
        try await expectRefused(.forgedEvent, try await tampered { $0["v"] = "KERI10CBOR000000_" }, world.bob)
        try await expectRefused(.forgedEvent, try await tampered { $0["v"] = nil }, world.bob)
        try await expectRefused(.forgedEvent, try await tampered { $0["d"] = .text(world.bus.someSAID) }, world.bob)
        let receipt = try MessageBuilder.receipt(of: EventSeal(aid: event.aid, sn: .zero, said: event.said))
        let other = try OrderedValue(parsing: receipt.span, format: .json)
        try await expectRefused(.forgedEvent, try await tampered { $0 = other }, world.bob)
    }

    @Test func `Attachments of an embed that are not its own, or not only its own`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        let event = try EventBuilder.inception(try forger.establishment(world.aids))
        let proposal = try await forger.proposal(event, signing: world.aids)
        func message(_ attach: (inout [PathedGroup]) throws -> Void) async throws -> [UInt8] {
            try await forger.message(proposal, attach: attach)
        }
        try await expectRefused(.malformed, try await message { $0 += $0 }, world.bob)
        try await expectRefused(
            .unsignedBySender,
            try await message { groups in
                let path = try FieldPath(["e", "rot"]).primitive.encoded(in: .text)
                let own = try FieldPath(["e", "icp"]).primitive.encoded(in: .text)
                groups[0].content = path + groups[0].content.dropFirst(own.count)
            }, world.bob)
        // A second message behind the first would be nobody's.
        let state = try #require(try world.alice.wallet.keyState(of: try world.alice.aid))
        var padding = "x"
        var other = try EventBuilder.interaction(of: state, anchors: [["x": .text(padding)]])
        while other.bytes.count % 4 != 0 {
            padding += "x"
            other = try EventBuilder.interaction(of: state, anchors: [["x": .text(padding)]])
        }
        try await expectRefused(.forgedEvent, try await message { $0[0].content += other.bytes }, world.bob)
        try await expectRefused(
            .malformed,
            try await forger.message(proposal) { map in
                map["a"]?["smids"] = .list(
                    [OrderedValue](repeating: .text(state.aid.text), count: GroupMessage.memberLimit + 1))
            }, world.bob)
    }

    @Test func `A copy that names other members`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        let event = try EventBuilder.inception(try forger.establishment(world.aids))
        let honest = try await forger.proposal(event, signing: world.aids)
        #expect(try await receive(try await forger.message(honest), world.bob).isProposed)
        let aids = try world.aids
        let other = try await forger.proposal(event, signing: [aids[0], aids[2], aids[1]], rotation: aids)
        try await expectRefused(.membersDiffer, try await forger.message(other), world.bob)
        let next = try await forger.proposal(event, signing: aids, rotation: [aids[0], aids[2], aids[1]])
        try await expectRefused(.membersDiffer, try await forger.message(next), world.bob)
    }

    @Test func `Other messages are left alone`() async throws {
        let world = try await GroupWorld()
        let forger = GroupForger(site: world.alice)
        let event = try EventBuilder.inception(try forger.establishment(world.aids))
        let proposal = try await forger.proposal(event, signing: world.aids)
        let other = try await forger.message(proposal) { $0["r"] = "/challenge/response" }
        #expect(try await receive(other, world.bob) == .notForGroups)
        #expect(try await receive(event.bytes, world.bob) == .notForGroups)
        try await expectRefused(.malformed, [1, 2, 3], world.bob)
    }
}

extension GroupBus {
    /// A digest of nothing.
    var someSAID: String { "E" + String(repeating: "A", count: 43) }
}
