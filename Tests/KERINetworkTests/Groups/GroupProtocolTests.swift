// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KERINetwork
import KelmarkBytes
import Synchronization
import Testing

/// Inceptions, rotations and interactions of groups whose members do as they should.
struct GroupProtocolTests {
    static let thresholds: [Threshold] = [
        .count(2), .count(3), .count(1), weighted([["1/2", "1/2", "1/2"]]), weighted([["1/2", "1/2"], ["1"]]),
    ]

    static func weighted(_ clauses: [[String]]) -> Threshold {
        (try? Threshold.weighted(clauses)) ?? .count(0)
    }

    @Test(arguments: thresholds)
    func `One proposes, the others approve, and all have the same group`(_ threshold: Threshold) async throws {
        let world = try await GroupWorld()
        let progress = try await world.alice.groups.incept(
            try world.plan(world.alice, threshold: threshold), now: groupMoment(5))
        let said = progress.event.said
        #expect(progress.signed == [try world.alice.aid])
        for site in [world.bob, world.carol] {
            let outcomes = try await world.deliverOnce(to: site)
            if case .proposed(let first)? = outcomes.first {
                #expect(first.next == .decision)
            } else {
                #expect(outcomes.contains { if case .merged = $0 { true } else { false } })
            }
            _ = try await site.groups.approve(said, named: "team", now: groupMoment(6))
        }
        try await world.deliver()
        let states = try world.states(of: progress.event.aid)
        #expect(states.allSatisfy { $0?.said == said })
        for site in world.sites {
            let group = try site.groups.group("team")
            #expect(group.signing == (try world.aids))
            #expect(group.proposal(said)?.stage == .accepted)
            #expect(group.proposal(said)?.signatures.count == 3)
            #expect(try site.wallet.identifier("team").waitingEvent == nil)
        }
    }

    @Test func `The third member's signature is not needed`() async throws {
        let world = try await GroupWorld()
        let said = try await world.alice.groups.incept(try world.plan(world.alice), now: groupMoment(5)).event.said
        _ = try await world.deliverOnce(to: world.bob)
        let progress = try await world.bob.groups.approve(said, named: "team", now: groupMoment(6))
        #expect(progress.stage == .accepted)
        #expect(progress.missing == [try world.carol.aid])
        #expect(progress.next == .nothing)
        try await world.deliver()
        #expect(try world.alice.wallet.keyState(of: progress.event.aid)?.said == said)
        // Nothing moves at Carol's before she says so.
        #expect(try world.carol.wallet.keyState(of: progress.event.aid) == nil)
        let late = try await world.carol.groups.approve(said, named: "team", now: groupMoment(7))
        #expect(late.stage == .accepted)
        #expect(late.signed.count == 3)
    }

    @Test(arguments: 0..<8)
    func `Members who make the same plan at once need no approval, in every order of arrival`(
        _ order: Int
    ) async throws {
        let world = try await GroupWorld()
        var aid: AID?
        for site in world.sites {
            aid = try await site.groups.incept(try world.plan(site), now: groupMoment(5)).event.aid
        }
        let aids = try world.aids
        try await world.deliver { items in
            aids.enumerated().flatMap { place, aid in
                let own = items.filter { $0.recipient == aid }
                return order & (1 << place) == 0 ? own : own.reversed()
            }
        }
        let states = try world.states(of: try #require(aid))
        #expect(states.allSatisfy { $0 != nil && $0?.said == states[0]?.said })
    }

    @Test(arguments: thresholds)
    func `A group rotates and interacts`(_ threshold: Threshold) async throws {
        let (world, aid) = try await GroupWorld.incepted(threshold: threshold)
        try await world.rotateMembers()
        let rotation = try await world.bob.groups.rotate("team", GroupRotationPlan(), now: groupMoment(20))
        try await world.deliver()
        for site in [world.alice, world.carol] {
            _ = try await site.groups.approve(rotation.event.said, now: groupMoment(21))
        }
        try await world.deliver()
        #expect(try world.states(of: aid).allSatisfy { $0?.said == rotation.event.said })
        let anchor = try await world.carol.groups.anchor("team", [["d": .text(aid.text)]], now: groupMoment(30))
        try await world.deliver()
        for site in [world.bob, world.alice] {
            _ = try await site.groups.approve(anchor.event.said, now: groupMoment(31))
        }
        try await world.deliver()
        #expect(try world.states(of: aid).allSatisfy { $0?.said == anchor.event.said })
        // A stranger who gets the log can check it alone.
        let stranger = GroupSite("stranger", world.bus)
        _ = try stranger.wallet.ingest(try world.alice.wallet.export(aid), now: groupMoment(40))
        #expect(try stranger.wallet.keyState(of: aid)?.said == anchor.event.said)
    }

    @Test func `Only members that rotated take part, and a new one without a pre-rotated key signs for the new keys`()
        async throws
    {
        let world = try await GroupWorld(["alice", "bob", "carol", "dave"])
        let aids = try world.aids
        for site in world.sites.prefix(3) {
            var plan = GroupPlan(name: "team", member: try site.aid, signing: Array(aids.prefix(3)))
            plan.signingThreshold = .count(2)
            plan.nextThreshold = .count(2)
            _ = try await site.groups.incept(plan, now: groupMoment(5))
        }
        try await world.deliver()
        let aid = try world.alice.groups.group("team").aid
        try await world.alice.rotate()
        try await world.bob.rotate()
        try world.shareLogs()
        let dave = world.sites[3]
        _ = try dave.wallet.ingest(try world.alice.wallet.export(aid), now: groupMoment(10))
        var plan = GroupRotationPlan()
        plan.signing = [aids[3], aids[0], aids[1]]
        plan.rotation = [aids[0], aids[1], aids[2], aids[3]]
        plan.signingThreshold = .count(3)
        plan.nextThreshold = .count(3)
        let rotation = try await world.alice.groups.rotate("team", plan, now: groupMoment(20))
        try await world.deliver()
        _ = try await dave.groups.approve(rotation.event.said, named: "ours", now: groupMoment(21))
        _ = try await world.bob.groups.approve(rotation.event.said, now: groupMoment(21))
        await #expect(throws: GroupError.self) {
            try await world.carol.groups.approve(rotation.event.said, now: groupMoment(21))
        }
        try await world.deliver()
        for site in [world.alice, world.bob, dave] {
            #expect(try site.wallet.keyState(of: aid)?.said == rotation.event.said)
        }
        let signatures = try #require(try dave.groups.group("ours").proposal(rotation.event.said)).signatures
        #expect(signatures.map(\.code) == [.ed25519CurrentOnly, .ed25519Big, .ed25519Big])
        #expect(signatures.map(\.ondex) == [nil, 0, 1])
    }

    @Test func `The lowest index among those who signed fetches the receipts`() async throws {
        let world = try await GroupWorld()
        let witness = try #require(AID("BBilc4-L3tFUnfM_wJr4S4OJanAv_VmF_dJNN6vkf2Ha"))
        var plan = try world.plan(world.bob)
        plan.witnesses = [witness]
        let said = try await world.bob.groups.incept(plan, now: groupMoment(5)).event.said
        try await world.deliver()
        let carol = try await world.carol.groups.approve(said, named: "team", now: groupMoment(6))
        #expect(carol.next == .receipts(by: try world.bob.aid))
        #expect(!carol.isOurs)
        try await world.deliver()
        let bob = try await world.bob.groups.resume(now: groupMoment(7))
        #expect(bob.first?.next == .receipts(by: try world.bob.aid))
        #expect(bob.first?.isOurs == true)
        let late = try await world.alice.groups.approve(said, named: "team", now: groupMoment(8))
        #expect(late.next == .receipts(by: try world.alice.aid))
    }

    @Test func `A delegated group asks its delegator`() async throws {
        let world = try await GroupWorld(["alice", "bob", "carol", "dora"])
        let aids = try world.aids
        var plan = GroupPlan(name: "team", member: aids[0], signing: Array(aids.prefix(2)))
        plan.signingThreshold = .count(2)
        plan.delegator = aids[3]
        let said = try await world.alice.groups.incept(plan, now: groupMoment(5)).event.said
        try await world.deliver()
        let progress = try await world.bob.groups.approve(said, named: "team", now: groupMoment(6))
        #expect(progress.next == .approval(delegator: aids[3], askedBy: aids[0]))
        try await world.deliver()
        let dora = world.sites[3]
        _ = try dora.wallet.ingest(progress.message, now: groupMoment(7))
        _ = try await Controller(dora.wallet, "dora").approve(progress.event.aid, now: groupMoment(8))
        try world.shareLogs(of: [dora])
        for site in [world.alice, world.bob] {
            _ = try await site.groups.resume(now: groupMoment(9))
            #expect(try site.wallet.keyState(of: progress.event.aid)?.said == said)
            #expect(try site.groups.group("team").proposal(said)?.stage == .accepted)
        }
    }

    @Test(arguments: ExchangeForm.allCases)
    func `Both forms of exchange messages are understood`(_ form: ExchangeForm) async throws {
        let world = try await GroupWorld()
        for site in world.sites { site.form = form }
        var aid: AID?
        for site in world.sites {
            aid = try await site.groups.incept(try world.plan(site), now: groupMoment(5)).event.aid
        }
        let members = try #require(world.bus.waiting.first).message
        #expect(String(decoding: members, as: UTF8.self).contains("\"rp\":") == (form == .withRecipient))
        try await world.deliver()
        #expect(try world.states(of: try #require(aid)).allSatisfy { $0 != nil })
    }

    @Test func `Repeated messages change nothing`() async throws {
        let world = try await GroupWorld()
        for site in world.sites { _ = try await site.groups.incept(try world.plan(site), now: groupMoment(5)) }
        let items = world.bus.waiting
        try await world.deliver()
        let before = world.sites.map { $0.book.document.withLock { $0 } }
        for item in items + items {
            _ = try await world.site(item.recipient).groups.receive(item.message, now: groupMoment(50))
        }
        #expect(world.sites.map { $0.book.document.withLock { $0 } } == before)
        #expect(world.bus.waiting.isEmpty)
    }

    @Test func `Who is out of reach gets the copy later`() async throws {
        let world = try await GroupWorld()
        world.alice.unreachable = [try world.carol.aid]
        let progress = try await world.alice.groups.incept(try world.plan(world.alice), now: groupMoment(5))
        #expect(progress.undelivered.map(\.member) == [try world.carol.aid])
        #expect(world.bus.waiting.map(\.recipient) == [try world.bob.aid])
        world.alice.unreachable = []
        _ = try await world.alice.groups.resume(now: groupMoment(6))
        #expect(world.bus.waiting.map(\.recipient) == [try world.bob.aid, try world.carol.aid])
        // What got lost on the way is sent again when asked for.
        _ = world.bus.takeAll()
        _ = try await world.alice.groups.resume(now: groupMoment(7))
        #expect(world.bus.waiting.isEmpty)
        _ = try await world.alice.groups.resume(now: groupMoment(8), resending: true)
        #expect(world.bus.waiting.count == 2)
    }
}
