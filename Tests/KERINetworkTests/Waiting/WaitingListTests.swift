// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import KERINetwork

/// What waits, for what, since when, and who must act.
struct WaitingListTests {
    private let witnesses = [
        "BBilc4-L3tFUnfM_wJr4S4OJanAv_VmF_dJNN6vkf2Ha", "BLskRTInXnMxWaGqcpSyMgo0nYbalW99cGZESrz3zapM",
        "BIKKuvBwpmDVA4Ds-EpL5bt9OqPzWPja2LigFYZN2YfX",
    ].compactMap { AID($0) }

    private func items(_ site: GroupSite) throws -> [WaitingItem] {
        try WaitingList(wallet: site.wallet, groups: site.book).items()
    }

    private func only(_ site: GroupSite) throws -> WaitingItem {
        let items = try items(site)
        try #require(items.count == 1)
        return items[0]
    }

    @Test func `Where nothing waits the list is empty`() async throws {
        let (world, _) = try await GroupWorld.incepted()
        for site in world.sites { #expect(try items(site).isEmpty) }
    }

    @Test func `Own events tell which witnesses have not receipted`() async throws {
        let world = try await GroupWorld(["alice"])
        var plan = CreationPlan(name: "seen")
        plan.witnesses = witnesses
        plan.witnessThreshold = 2
        let event = try await world.alice.wallet.create(plan, now: groupMoment(3)).event
        let item = try only(world.alice)
        #expect(item.subject == .event(EventSeal(aid: event.aid, sn: .zero, said: event.said), .inception))
        #expect(item.missing == .receipts(2, of: witnesses))
        #expect(item.actor == .others(witnesses))
        #expect(item.remedy == .publish(event.aid))
        #expect(item.since == groupMoment(3))
        #expect(item.until == nil)
        #expect(item.name == "seen")
        #expect(try WaitingList(wallet: world.alice.wallet).items(of: try world.alice.aid).isEmpty)
        #expect(try WaitingList(wallet: world.alice.wallet).items(of: event.aid).count == 1)
        // It is told from the book too, when the escrow has forgotten it.
        try world.alice.store.write { transaction in
            for entry in transaction.escrows(reason: nil, aid: nil, limit: 10) { transaction.removeEscrow(entry.key) }
        }
        #expect(try only(world.alice).subject == item.subject)
    }

    @Test func `A stranger's event waits for the log before it`() async throws {
        let world = try await GroupWorld(["alice"])
        let eve = GroupSite("eve", world.bus)
        try await eve.create()
        let first = try eve.wallet.export(try eve.aid)
        try await eve.rotate()
        let all = try eve.wallet.export(try eve.aid)
        let second = Array(all.dropFirst(first.count))
        _ = try world.alice.wallet.ingest(second, now: groupMoment(4))
        let item = try only(world.alice)
        #expect(item.missing == .log(try eve.aid))
        #expect(item.actor == .anybody)
        #expect(item.remedy == .resolve(try eve.aid))
        #expect(item.until == groupMoment(4 + 1200))
        #expect(item.name == nil)
        _ = try await Controller(eve.wallet, "eve").anchor([], now: groupMoment(5))
        let third = Array(try eve.wallet.export(try eve.aid).dropFirst(all.count))
        _ = try world.alice.wallet.ingest(first + third, now: groupMoment(6))
        #expect(try items(world.alice).isEmpty)
    }

    @Test func `A gap in a known log is told by its places`() async throws {
        let world = try await GroupWorld(["alice", "bob"])
        let before = try world.bob.wallet.export(try world.bob.aid)
        _ = try await Controller(world.bob.wallet, "bob").anchor([], now: groupMoment(5))
        let with = try world.bob.wallet.export(try world.bob.aid)
        _ = try await Controller(world.bob.wallet, "bob").anchor([], now: groupMoment(6))
        let last = Array(try world.bob.wallet.export(try world.bob.aid).dropFirst(with.count))
        #expect(with.count > before.count)
        _ = try world.alice.wallet.ingest(last, now: groupMoment(7))
        let one = SequenceNumber(1)
        #expect(try only(world.alice).missing == .events(try world.bob.aid, from: one, through: one))
    }

    @Test func `Delegations name the delegator, ours or another`() async throws {
        let world = try await GroupWorld(["alice", "bob"])
        let bob = try world.bob.aid
        var plan = CreationPlan(name: "delegate")
        plan.delegator = bob
        let event = try await world.alice.wallet.create(plan, now: groupMoment(3))
        let asking = try only(world.alice)
        #expect(asking.missing == .seal(bob))
        #expect(asking.actor == .others([bob]))
        #expect(asking.remedy == .requestApproval(event.event.aid, of: bob))
        _ = try world.bob.wallet.ingest(try event.message(), now: groupMoment(4))
        let asked = try only(world.bob)
        #expect(asked.missing == .seal(bob))
        #expect(asked.actor == .us(bob))
        #expect(asked.remedy == .approveDelegate(event.event.aid, as: bob))
        #expect(asked.until == nil)
        // A delegator whose log is not here.
        let eve = GroupSite("eve", world.bus)
        try await eve.create()
        _ = try eve.wallet.ingest(try event.message(), now: groupMoment(4))
        #expect(try only(eve).remedy == .resolve(bob))
        #expect(try only(eve).missing == .log(bob))
        _ = try eve.wallet.ingest(try world.bob.wallet.export(bob), now: groupMoment(5))
        #expect(try only(eve).remedy == .wait)
    }

    @Test func `Events of groups tell whose signatures are missing`() async throws {
        let world = try await GroupWorld()
        let aids = try world.aids
        world.alice.unreachable = [aids[2]]
        let progress = try await world.alice.groups.incept(
            try world.plan(world.alice, threshold: .count(3)), now: groupMoment(5))
        let subject = WaitingItem.Subject.groupEvent(progress.event, .inception)
        let mine = try items(world.alice)
        #expect(mine.map(\.subject) == [subject, subject])
        #expect(mine.map(\.missing) == [.members([aids[1], aids[2]]), .delivery([aids[2]])])
        #expect(mine.map(\.actor) == [.others([aids[1], aids[2]]), .us(aids[0])])
        #expect(mine.allSatisfy { $0.remedy == .resumeGroup(progress.event.aid) && $0.name == "team" })
        try await world.deliver()
        let theirs = try only(world.bob)
        #expect(theirs.missing == .decision)
        #expect(theirs.actor == .us(aids[1]))
        #expect(theirs.remedy == .decideGroupEvent(progress.event.aid, progress.event.said))
        #expect(theirs.since == groupMoment(10))
    }

    @Test func `A group's event that lacks receipts, and one that others completed`() async throws {
        let world = try await GroupWorld()
        var plan = try world.plan(world.alice)
        plan.witnesses = Array(witnesses.prefix(1))
        let event = try await world.alice.groups.incept(plan, now: groupMoment(5)).event
        try await world.deliver()
        _ = try await world.bob.groups.approve(event.said, named: "team", now: groupMoment(6))
        try await world.deliver()
        let item = try only(world.alice)
        #expect(item.missing == .receipts(1, of: Array(witnesses.prefix(1))))
        #expect(item.remedy == .publish(event.aid))

        let (other, aid) = try await GroupWorld.incepted()
        let anchor = try await other.alice.groups.anchor("team", [], now: groupMoment(20))
        _ = try await other.deliverOnce(to: other.bob)
        _ = try await other.bob.groups.approve(anchor.event.said, now: groupMoment(21))
        _ = other.bus.takeAll()
        _ = try other.carol.wallet.ingest(try other.bob.wallet.export(aid), now: groupMoment(22))
        let misfit = try only(other.carol)
        #expect(misfit.reason == .misfit)
        #expect(misfit.actor == .us(aid))
        #expect(misfit.remedy == .followGroup(aid))
    }

    @Test func `Messages wait for the logs of their signers`() async throws {
        let world = try await GroupWorld(["alice"])
        let eve = GroupSite("eve", world.bus)
        try await eve.create()
        let aid = try eve.aid
        let controller = try Controller(eve.wallet, "eve")
        let state = try controller.keyState()
        let alice = try world.alice.aid
        func signed(_ body: [UInt8], last: Bool = false) async throws -> [UInt8] {
            var attachments = Attachments()
            let signatures = try await controller.sign(body)
            if last {
                attachments.lastEstablishmentGroups = [
                    LastEstablishmentGroup(prefix: aid.primitive, signatures: signatures)
                ]
            } else {
                attachments.transferableGroups = [
                    TransferableSignatureGroup(
                        prefix: aid.primitive, sn: 0, said: state.said.primitive, signatures: signatures)
                ]
            }
            return body + (try attachments.encoded(in: .text))
        }
        let exchange = try MessageBuilder.exchange(
            sender: aid, recipient: nil, prior: nil, route: "/x", modifiers: [:], payload: [:], embeds: [:],
            dated: groupMoment(1))
        let query = try MessageBuilder.query(
            route: "logs", parameters: ["i": .text(alice.text), "src": .text(alice.text)], dated: groupMoment(1))
        let reply = try MessageBuilder.reply(
            route: "/loc/scheme",
            payload: ["eid": .text(aid.text), "scheme": "http", "url": "http://127.0.0.1:1/"], dated: groupMoment(1))
        let inception = try #require(try world.alice.wallet.keyState(of: alice))
        let seal = EventSeal(aid: alice, sn: .zero, said: inception.said)
        let event = try world.alice.store.read { try #require($0.record(of: alice, at: .zero)) }
        var receipted = Attachments()
        receipted.transferableGroups = [
            TransferableSignatureGroup(
                prefix: aid.primitive, sn: 0, said: state.said.primitive,
                signatures: try await controller.sign(event.bytes))
        ]
        let receipt = try MessageBuilder.receipt(of: seal) + receipted.encoded(in: .text)
        let stream = try await signed(exchange) + signed(query, last: true) + signed(reply) + receipt
        _ = try world.alice.wallet.ingest(stream, now: groupMoment(4))
        let waiting = try items(world.alice)
        #expect(waiting.count == 4)
        #expect(waiting.allSatisfy { $0.missing == .log(aid) && $0.remedy == .resolve(aid) && $0.actor == .anybody })
        let routes = waiting.map { item in
            switch item.subject {
            case .exchange(_, let route), .query(_, let route), .reply(_, let route): route
            case .receipt(let event): event == seal ? "receipt" : "other receipt"
            default: "something else"
            }
        }
        #expect(Set(routes) == ["/x", "logs", "/loc/scheme", "receipt"])
        _ = try world.alice.wallet.ingest(try eve.wallet.export(aid), now: groupMoment(5))
        #expect(try items(world.alice).isEmpty)
    }

    @Test func `Messages about groups that can't be judged wait for logs`() async throws {
        let world = try await GroupWorld()
        let eve = GroupSite("eve", world.bus)
        try await eve.create()
        for site in world.sites { _ = try eve.wallet.ingest(try site.wallet.export(site.aid), now: groupMoment(3)) }
        let message = try await GroupForger(site: eve).inception(try world.aids + [try eve.aid])
        _ = try await world.bob.groups.receive(message, now: groupMoment(4))
        let told = try items(world.bob).filter { $0.reason == nil }
        #expect(told.map(\.remedy) == [.resolve(try eve.aid)])
        #expect(told.map(\.until) == [groupMoment(4 + UnreadGroupMessage.lifetime)])
    }

    @Test func `Own events tell which keys have not signed`() async throws {
        let world = try await GroupWorld(["alice"])
        var plan = CreationPlan(name: "pair")
        plan.keyCount = 2
        plan.signingThreshold = .count(2)
        let other = GroupSite("other", world.bus)
        let event = try await other.wallet.create(plan, now: groupMoment(3))
        let half = AuthoredEvent(
            event: event.event, signatures: [event.signatures[1]], outcome: .escrowed(.partialSignatures), missing: nil)
        _ = try world.alice.wallet.ingest(try half.message(), now: groupMoment(4))
        let item = try only(world.alice)
        #expect(item.missing == .keys([0]))
        #expect(item.actor == .others([event.event.aid]))
        #expect(item.remedy == .wait)
    }
}
