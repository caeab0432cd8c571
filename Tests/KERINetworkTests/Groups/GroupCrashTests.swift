// SPDX-License-Identifier: Apache-2.0

import KERI
import KERINetwork
import KelmarkBytes
import Testing

/// Each member stops at each durable step, starts again, and goes on.
struct GroupCrashTests {
    /// What the members do together once everything is set up.
    private struct Story {
        let world: GroupWorld

        /// Does something at a site; when the site stops on the way it starts again, resumes, and does it again.
        func perform(_ site: GroupSite, _ action: (GroupSite) async throws -> Void) async throws {
            do {
                try await action(site)
            } catch is GroupOutage.Happened {
                site.restart()
                _ = try await site.groups.resume(now: groupMoment(90))
                try await action(site)
            }
        }

        /// Delivers everything; a message that its reader did not come to the end of is delivered again.
        func deliver() async throws {
            while !world.bus.waiting.isEmpty {
                for item in world.bus.takeAll() {
                    try await perform(try world.site(item.recipient)) { site in
                        _ = try await site.groups.receive(item.message, now: groupMoment(91))
                    }
                }
            }
        }

        func finish() async throws {
            try await deliver()
            for site in world.sites {
                site.restart()
                _ = try await site.groups.resume(now: groupMoment(92))
            }
            try await deliver()
        }
    }

    private func inception(_ crashing: Int, _ moment: GroupOutage.Moment) async throws -> Bool {
        let world = try await GroupWorld()
        let story = Story(world: world)
        let outage = arm(world.sites[crashing], moment)
        var said: SAID?
        try await story.perform(world.alice) { site in
            said = try await site.groups.incept(try world.plan(site), now: groupMoment(5)).event.said
        }
        try await story.deliver()
        let event = try #require(said)
        for site in [world.bob, world.carol] {
            try await story.perform(site) { site in
                _ = try await site.groups.approve(event, named: "team", now: groupMoment(6))
            }
            try await story.deliver()
        }
        let wasReached = world.sites[crashing].outage !== outage
        try await story.finish()
        try check(world, event)
        return wasReached
    }

    private func rotation(_ crashing: Int, _ moment: GroupOutage.Moment) async throws -> Bool {
        let (world, _) = try await GroupWorld.incepted(threshold: .count(3))
        try await world.rotateMembers()
        let story = Story(world: world)
        let outage = arm(world.sites[crashing], moment)
        var said: SAID?
        try await story.perform(world.alice) { site in
            // Who proposed before it stopped finds its proposal again.
            if let old = try site.groups.group("team").proposals.last, old.event.kind == .rotation {
                said = old.event.said
                return
            }
            said = try await site.groups.rotate("team", GroupRotationPlan(), now: groupMoment(20)).event.said
        }
        try await story.deliver()
        let event = try #require(said)
        for site in [world.bob, world.carol] {
            try await story.perform(site) { site in
                _ = try await site.groups.approve(event, now: groupMoment(21))
            }
            try await story.deliver()
        }
        let wasReached = world.sites[crashing].outage !== outage
        try await story.finish()
        try check(world, event)
        return wasReached
    }

    private func arm(_ site: GroupSite, _ moment: GroupOutage.Moment) -> GroupOutage {
        site.restart(moment)
        return site.outage
    }

    private func check(_ world: GroupWorld, _ said: SAID) throws {
        let aid = try world.alice.groups.group("team").aid
        for site in world.sites {
            #expect(try site.wallet.keyState(of: aid)?.said == said)
            let proposal = try #require(try site.groups.group("team").proposal(said))
            #expect(proposal.stage == .accepted)
            #expect(proposal.missing.isEmpty)
            #expect(Set(proposal.sentTo) == Set(try world.aids).subtracting([try site.aid]))
            #expect(try site.wallet.identifier("team").waitingEvent == nil)
            #expect(try site.wallet.store.read { $0.duplicities(of: nil) }.isEmpty)
        }
        #expect(world.bus.waiting.isEmpty)
    }

    @Test(arguments: 0..<3)
    func `An inception survives a stop at every step`(_ crashing: Int) async throws {
        try #require(await inception(crashing, .before(1)))
        var step = 1
        while try await inception(crashing, .behind(step)) { step += 1 }
        #expect(step > 5)
    }

    @Test(arguments: 0..<3)
    func `A rotation survives a stop at every step`(_ crashing: Int) async throws {
        try #require(await rotation(crashing, .before(1)))
        var step = 1
        while try await rotation(crashing, .behind(step)) { step += 1 }
        #expect(step > 5)
    }
}
