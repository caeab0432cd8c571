// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

@testable import KERINetwork

/// Groups over real witnesses and their mailboxes, without sockets.
struct GroupNetworkTests {
    private func members(_ network: GroupNetwork) async throws -> [NetworkMember] {
        let witnesses = network.hosts.values.map(\.witness.aid)
        var members: [NetworkMember] = []
        for name in ["alice", "bob", "carol"] {
            let member = try await NetworkMember(name, network)
            var plan = CreationPlan(name: name)
            plan.witnesses = witnesses
            plan.witnessThreshold = UInt32(witnesses.count)
            _ = try await member.wallet.create(plan, now: groupMoment())
            #expect(try await member.deliver(try member.aid).isMet)
            members.append(member)
        }
        try await meetAll(members)
        return members
    }

    private func meetAll(_ members: [NetworkMember]) async throws {
        for member in members {
            for other in members where other !== member {
                let witness = try #require(try other.wallet.keyState(of: other.aid)).witnesses[0]
                try await member.meet(try other.aid, at: witness)
            }
        }
    }

    /// The lead fetches the receipts, the others look at the log that the witnesses have then.
    private func complete(_ event: EventSeal, _ members: [NetworkMember]) async throws {
        let lead = members[0]
        let progress = try await lead.groups.resume(now: groupMoment(62))
        #expect(progress.contains { $0.next == .receipts(by: (try? lead.aid) ?? event.aid) && $0.isOurs })
        #expect(try await lead.deliver(event.aid).isMet)
        let witness = try #require(try lead.wallet.keyState(of: event.aid)).witnesses[0]
        for member in members {
            try await member.meet(event.aid, at: witness)
            _ = try await member.groups.resume(now: groupMoment(63))
            #expect(try member.wallet.keyState(of: event.aid)?.said == event.said)
            #expect(try member.groups.group("team").proposal(event.said)?.stage == .accepted)
            #expect(try WaitingList(wallet: member.wallet, groups: member.book).items().isEmpty)
        }
    }

    @Test func `A witnessed group is made, rotates and interacts by way of mailboxes`() async throws {
        let network = try GroupNetwork(2)
        let members = try await members(network)
        var plan = GroupPlan(name: "team", member: try members[0].aid, signing: try members.map { try $0.aid })
        plan.signingThreshold = .count(3)
        plan.nextThreshold = .count(3)
        plan.witnesses = network.hosts.values.map(\.witness.aid)
        plan.witnessThreshold = 2
        let inception = try await members[0].groups.incept(plan, now: groupMoment(50))
        #expect(inception.undelivered.isEmpty)
        func approve(_ event: EventSeal, named name: String? = nil) async throws {
            for member in members.dropFirst() {
                #expect(try await member.collect() > 0)
                let progress = try await member.groups.approve(event.said, named: name, now: groupMoment(61))
                #expect(progress.undelivered.isEmpty)
            }
            for member in members { _ = try await member.collect() }
            // Nothing comes twice.
            for member in members { #expect(try await member.collect() == 0) }
        }
        try await approve(inception.event, named: "team")
        try await complete(inception.event, members)

        for member in members {
            _ = try await Controller(member.wallet, member.name).rotate(RotationPlan(), now: groupMoment(64))
            #expect(try await member.deliver(try member.aid).isMet)
        }
        try await meetAll(members)
        let rotation = try await members[0].groups.rotate("team", GroupRotationPlan(), now: groupMoment(65))
        try await approve(rotation.event)
        try await complete(rotation.event, members)

        let anchor = try await members[0].groups.anchor(
            "team", [["d": .text(rotation.event.said.text)]], now: groupMoment(66))
        try await approve(anchor.event)
        try await complete(anchor.event, members)
    }

    @Test func `A message finds another witness, or waits until one can be reached`() async throws {
        let network = try GroupNetwork(2)
        let members = try await members(network)
        let witnesses = network.hosts.values.map(\.witness.aid)
        network.stopped.withLock { $0 = Set(witnesses) }
        var plan = GroupPlan(name: "team", member: try members[0].aid, signing: try members.map { try $0.aid })
        plan.signingThreshold = .count(2)
        let progress = try await members[0].groups.incept(plan, now: groupMoment(50))
        #expect(progress.undelivered.count == 2)
        network.stopped.withLock { $0 = [witnesses[0]] }
        let again = try await members[0].groups.resume(now: groupMoment(51))
        #expect(again.first?.undelivered.isEmpty == true)
        #expect(try await members[1].collect() == 1)
        #expect(try members[1].groups.list().first?.proposals.first?.stage == .proposed)
    }

    @Test func `Somebody without an address gets nothing`() async throws {
        let network = try GroupNetwork(1)
        let members = try await members(network)
        let lone = try await members[0].wallet.create(CreationPlan(name: "lone"), now: groupMoment()).event.aid
        let error = await #expect(throws: PostError.self) {
            try await members[0].postman.send(
                [], attachments: [], to: lone, from: try members[0].aid, topic: "multisig")
        }
        #expect(error?.code == .noAddress)
        let collecting = await #expect(throws: PostError.self) {
            try await MailCollector(
                members[0].wallet, transport: network, cursors: members[0].cursors, clock: GroupClock()
            ).collect(for: try members[0].aid, at: lone, topics: [], idle: .zero) { _, _ in }
        }
        #expect(collecting?.code == .noAddress)
    }

    @Test func `A message whose reader failed comes again`() async throws {
        struct Failure: Error {}
        let network = try GroupNetwork(1)
        let members = try await members(network)
        var plan = GroupPlan(name: "team", member: try members[0].aid, signing: try members.map { try $0.aid })
        plan.signingThreshold = .count(2)
        _ = try await members[0].groups.incept(plan, now: groupMoment(50))
        let host = try #require(network.hosts.values.first).witness.aid
        let collector = MailCollector(
            members[1].wallet, transport: network, cursors: members[1].cursors, clock: GroupClock())
        await #expect(throws: Failure.self) {
            try await collector.collect(for: try members[1].aid, at: host, topics: ["/multisig"], idle: .zero) { _, _ in
                throw Failure()
            }
        }
        #expect(try await members[1].collect() == 1)
        // A mailbox is read by its owner alone.
        await #expect(throws: (any Error).self) {
            try await collector.collect(for: try members[0].aid, at: host, topics: ["/multisig"], idle: .zero) { _, _ in
            }
        }
    }
}
