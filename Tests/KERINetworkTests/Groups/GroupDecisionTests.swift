// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import KERINetwork

/// What a person asks for and does not get, and where events may stand.
struct GroupDecisionTests {
    private func expect(
        _ code: GroupError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: GroupError.self, sourceLocation: sourceLocation) { try await body() }
        #expect(error?.code == code, sourceLocation: sourceLocation)
    }

    // MARK: Expectations

    @Test func `What was expected otherwise is not signed`() async throws {
        let world = try await GroupWorld(["alice", "bob", "carol", "dora"])
        let aids = try world.aids
        let witness = try #require(AID("BBilc4-L3tFUnfM_wJr4S4OJanAv_VmF_dJNN6vkf2Ha"))
        var plan = GroupPlan(name: "team", member: aids[0], signing: Array(aids.prefix(3)))
        plan.rotation = Array(aids.prefix(2))
        plan.signingThreshold = .count(2)
        plan.nextThreshold = .count(1)
        plan.witnesses = [witness]
        plan.delegator = aids[3]
        plan.anchors = [["d": .text(aids[0].text)]]
        let said = try await world.alice.groups.incept(plan, now: groupMoment(5)).event.said
        try await world.deliver()
        var right = GroupExpectation()
        right.signing = plan.signing
        right.rotation = plan.rotation
        right.signingThreshold = .count(2)
        right.nextThreshold = .count(1)
        right.witnesses = [witness]
        right.witnessThreshold = 1
        right.delegator = aids[3]
        right.anchors = plan.anchors
        let changes: [(GroupError.Code, (inout GroupExpectation) -> Void)] = [
            (.otherMembers, { $0.signing = [aids[1], aids[0], aids[2]] }),
            (.otherNextMembers, { $0.rotation = aids }),
            (.otherThreshold, { $0.signingThreshold = .count(3) }),
            (.otherNextThreshold, { $0.nextThreshold = .count(2) }),
            (.otherWitnesses, { $0.witnesses = [] }),
            (.otherWitnesses, { $0.witnessThreshold = 0 }),
            (.otherDelegator, { $0.delegator = aids[0] }),
            (.otherAnchors, { $0.anchors = [] }),
        ]
        for (code, change) in changes {
            var wrong = right
            change(&wrong)
            await expect(code) {
                _ = try await world.bob.groups.approve(said, named: "team", expecting: wrong, now: groupMoment(6))
            }
        }
        #expect(try world.bob.groups.list().first?.proposals.first?.stage == .proposed)
        #expect(world.bus.waiting.isEmpty)
        let progress = try await world.bob.groups.approve(said, named: "team", expecting: right, now: groupMoment(6))
        #expect(progress.signed.count == 2)
    }

    @Test func `Names and proposals`() async throws {
        let world = try await GroupWorld()
        let said = try await world.alice.groups.incept(try world.plan(world.alice), now: groupMoment(5)).event.said
        try await world.deliver()
        await expect(.nameMissing) { _ = try await world.bob.groups.approve(said, now: groupMoment(6)) }
        await #expect(throws: ControllerError.self) {
            try await world.bob.groups.approve(said, named: "bob", now: groupMoment(6))
        }
        await #expect(throws: ControllerError.self) {
            try await world.bob.groups.approve(said, named: "../x", now: groupMoment(6))
        }
        await expect(.proposalUnknown) {
            _ = try await world.bob.groups.approve(try #require(SAID(world.bus.someSAID)), now: groupMoment(6))
        }
        await expect(.groupUnknown) { _ = try await world.bob.groups.anchor("other", [], now: groupMoment(6)) }
        try world.bob.groups.decline(said)
        await expect(.proposalSettled) { try world.bob.groups.decline(said) }
        await expect(.proposalSettled) {
            _ = try await world.bob.groups.approve(said, named: "team", now: groupMoment(6))
        }
        var plan = try world.plan(world.bob)
        plan.member = try world.alice.aid
        await expect(.notOurs) { _ = try await world.bob.groups.incept(plan, now: groupMoment(7)) }
    }

    @Test func `A group is made of logs that are here`() async throws {
        let world = try await GroupWorld()
        let dave = GroupSite("dave", world.bus)
        try await dave.create()
        var plan = try world.plan(world.alice)
        plan.signing.append(try dave.aid)
        await expect(.memberUnknown) { _ = try await world.alice.groups.incept(plan, now: groupMoment(5)) }
        plan.signing = [try world.bob.aid, try world.carol.aid]
        await expect(.noPlace) { _ = try await world.alice.groups.incept(plan, now: groupMoment(5)) }
        #expect(try world.alice.groups.list().isEmpty)
    }

    // MARK: Rotations

    @Test func `Who has not rotated is named`() async throws {
        let (world, _) = try await GroupWorld.incepted()
        await expect(.memberNotMoved) {
            _ = try await world.alice.groups.rotate("team", GroupRotationPlan(), now: groupMoment(20))
        }
        try await world.alice.rotate()
        try await world.bob.rotate()
        try world.shareLogs()
        do {
            _ = try await world.alice.groups.rotate("team", GroupRotationPlan(), now: groupMoment(20))
            Issue.record("a member that did not rotate took part")
        } catch let error as GroupError {
            #expect(error.code == .memberNotMoved)
            #expect(error.actor == (try world.carol.aid))
        }
        // A proposal that passes over it is refused by the others too.
        let forger = GroupForger(site: world.alice)
        let state = try #require(try world.alice.wallet.keyState(of: world.alice.groups.group("team").aid))
        let event = try EventBuilder.rotation(of: state, try forger.establishment(world.aids))
        let message = try await forger.message(try await forger.proposal(event, signing: world.aids))
        let outcome = try await world.bob.groups.receive(message, now: groupMoment(21))
        #expect(outcome.isRefused)
        #expect(outcome.error?.code == .memberNotMoved)
        #expect(world.bus.waiting.isEmpty)
    }

    @Test func `Too few pre-rotated keys`() async throws {
        let (world, _) = try await GroupWorld.incepted()
        try await world.rotateMembers()
        try await world.bob.rotate()
        try await world.carol.rotate()
        try world.shareLogs()
        await expect(.nextThreshold) {
            _ = try await world.alice.groups.rotate("team", GroupRotationPlan(), now: groupMoment(20))
        }
    }

    @Test func `Another threshold than the group committed to is refused where it can't hold`() async throws {
        let (world, _) = try await GroupWorld.incepted()
        try await world.rotateMembers()
        var plan = GroupRotationPlan()
        plan.signingThreshold = .count(4)
        await expect(.badThreshold) {
            _ = try await world.alice.groups.rotate("team", plan, now: groupMoment(20))
        }
    }

    @Test func `A rotation that KERI refuses binds nobody`() async throws {
        let (world, _) = try await GroupWorld.incepted()
        try await world.rotateMembers()
        let before = try world.alice.book.load()
        var plan = GroupRotationPlan()
        plan.witnessesCut = [try #require(AID(someAID))]
        await expect(.invalidEvent) {
            _ = try await world.alice.groups.rotate("team", plan, now: groupMoment(20))
        }
        #expect(try world.alice.book.load() == before)
        _ = try await world.alice.groups.rotate("team", GroupRotationPlan(), now: groupMoment(21))
    }

    // MARK: Places

    @Test func `Two events for one place`() async throws {
        let (world, aid) = try await GroupWorld.incepted(threshold: .count(3))
        let first = try await world.alice.groups.anchor("team", [["d": .text(aid.text)]], now: groupMoment(20)).event
        let second = try await world.bob.groups.anchor("team", [], now: groupMoment(20)).event
        try await world.deliver()
        // Who has agreed to one does not agree to the other, by whichever way it is asked.
        await expect(.conflict) { _ = try await world.alice.groups.approve(second.said, now: groupMoment(21)) }
        await expect(.conflict) { _ = try await world.bob.groups.approve(first.said, now: groupMoment(21)) }
        await expect(.conflict) {
            _ = try await world.alice.groups.anchor("team", [["d": .text(second.said.text)]], now: groupMoment(21))
        }
        _ = try await world.carol.groups.approve(first.said, now: groupMoment(22))
        try await world.deliver()
        #expect(try world.alice.wallet.keyState(of: aid)?.sn == .zero)
        // When its members agree to let one go, the other can be completed.
        try world.bob.groups.withdraw(second.said)
        await expect(.proposalSettled) { try world.bob.groups.withdraw(second.said) }
        _ = try await world.bob.groups.approve(first.said, now: groupMoment(23))
        try await world.deliver()
        for site in world.sites {
            _ = try await site.groups.resume(now: groupMoment(24))
            #expect(try site.wallet.keyState(of: aid)?.said == first.said)
            let proposals = try site.groups.group("team").proposals
            #expect(proposals.first { $0.event.said == second.said }?.stage.isSettled == true)
        }
        await expect(.proposalSettled) { try world.bob.groups.withdraw(first.said) }
    }

    @Test func `Places that are taken, ahead, or of another log`() async throws {
        let (world, aid) = try await GroupWorld.incepted()
        let first = try await world.alice.groups.anchor("team", [], now: groupMoment(20))
        try await world.deliver()
        _ = try await world.bob.groups.approve(first.event.said, now: groupMoment(21))
        try await world.deliver()
        let forger = GroupForger(site: world.alice)
        let aids = try world.aids
        let keys = try #require(try world.alice.wallet.keyState(of: aid)).keys
        func outcome(_ event: KeyEvent, signing: [AID]? = nil, at site: GroupSite) async throws -> GroupOutcome {
            let proposal = try await forger.proposal(
                event, signing: signing ?? aids, keys: keys, isSigned: signing == nil)
            return try await site.groups.receive(try await forger.message(proposal), now: groupMoment(30))
        }
        let old = try world.alice.store.read { try #require(try $0.trunkState(of: aid, through: .zero)) }
        let taken = try EventBuilder.interaction(of: old, anchors: [["d": .text(aid.text)]])
        #expect(try await outcome(taken, at: world.bob).error?.code == .overtaken)
        // Carol has not agreed to the first event, so the second is ahead of her log.
        let state = try #require(try world.alice.wallet.keyState(of: aid))
        let ahead = try EventBuilder.interaction(of: state, anchors: [])
        #expect(try await outcome(ahead, at: world.carol).error?.code == .groupBehind)
        _ = try await world.carol.groups.approve(first.event.said, now: groupMoment(31))
        _ = try await world.carol.groups.resume(now: groupMoment(32))
        #expect(try world.carol.groups.group("team").proposal(ahead.said)?.stage == .proposed)

        var map = try #require(try OrderedValue(parsing: ahead.bytes.span, format: .json).mapValue)
        map["p"] = .text(aid.text)
        let forked = try SelfAddressing.seal(&map, version: true)
        guard case .keyEvent(let fork) = try StoredMessage(forked).message else { return }
        #expect(try await outcome(fork, at: world.bob).error?.code == .priorMismatch)
        #expect(
            try await outcome(ahead, signing: aids.reversed(), at: world.bob).error?.code == .membersDiffer)

        let dave = GroupSite("dave", world.bus)
        try await dave.create()
        try world.shareLogs(with: [dave])
        _ = try dave.wallet.ingest(try world.alice.wallet.export(try world.alice.aid), now: groupMoment(33))
        let foreign = try await forger.proposal(ahead, signing: aids + [try dave.aid], keys: keys)
        let outcome = try await dave.groups.receive(try await forger.message(foreign), now: groupMoment(34))
        #expect(outcome.error?.code == .groupUnknown)
    }

    @Test func `Nobody fills the books`() async throws {
        let (world, aid) = try await GroupWorld.incepted()
        let forger = GroupForger(site: world.alice)
        let state = try #require(try world.alice.wallet.keyState(of: aid))
        var outcomes: [GroupOutcome] = []
        for number in 0...GroupLedger.proposalLimit {
            let event = try EventBuilder.interaction(of: state, anchors: [["x": OrderedValue(number)]])
            let proposal = try await forger.proposal(event, signing: world.aids, keys: state.keys)
            outcomes.append(
                try await world.bob.groups.receive(try await forger.message(proposal), now: groupMoment(30)))
        }
        #expect(outcomes.count { $0.isProposed } == GroupLedger.proposalLimit)
        #expect(outcomes.last?.error?.code == .tooMany)
        for number in 0...GroupLedger.invitationLimit.perProposer {
            let message = try await forger.inception(world.aids) { $0.traits = ["T\(number)"] }
            outcomes.append(try await world.bob.groups.receive(message, now: groupMoment(30)))
        }
        #expect(outcomes.last?.error?.code == .tooMany)
        #expect(try world.bob.groups.list().count == 1 + GroupLedger.invitationLimit.perProposer)
        // Who says no has room again.
        let declined = try #require(try world.bob.groups.list().last?.proposals.first?.event.said)
        try world.bob.groups.decline(declined)
        let more = try await forger.inception(world.aids) { $0.traits = ["more"] }
        #expect(try await world.bob.groups.receive(more, now: groupMoment(30)).isProposed)
        let large = try await forger.inception(world.aids) {
            $0.traits = [String(repeating: "T", count: GroupLedger.largestEvent)]
        }
        #expect(try await world.bob.groups.receive(large, now: groupMoment(30)).error?.code == .tooMany)
        // Strangers only push out each other.
        let eve = GroupSite("eve", world.bus)
        try await eve.create()
        for site in world.sites { _ = try eve.wallet.ingest(try site.wallet.export(site.aid), now: groupMoment(3)) }
        for number in 0...UnreadGroupMessage.limit.perSender {
            let message = try await GroupForger(site: eve).inception(try world.aids + [try eve.aid]) {
                $0.traits = ["T\(number)"]
            }
            #expect(try await world.bob.groups.receive(message, now: groupMoment(30)).isKept)
        }
        #expect(try world.bob.book.load().unread.count == UnreadGroupMessage.limit.perSender)
        _ = try await world.bob.groups.resume(now: groupMoment(30 + UnreadGroupMessage.lifetime + 1))
        #expect(try world.bob.book.load().unread.isEmpty)
    }

    @Test func `Many proposers push out the oldest invitation only`() throws {
        var ledger = GroupLedger()
        let member = try #require(AID("EKcui4S--aMhBVRpjP8r2Q9buW8W1nwHU_W-Udd_0qHm"))
        let aids = try (0..<(GroupLedger.invitationLimit.total + 2)).map { number in
            var map: OrderedMap = ["d": "", "n": OrderedValue(number)]
            try SelfAddressing.seal(&map)
            return try #require(map["d"]?.textValue.flatMap { AID($0) })
        }
        ledger.groups = aids.prefix(GroupLedger.invitationLimit.total).map {
            GroupRecord(aid: $0, name: nil, member: member)
        }
        ledger.groups.insert(GroupRecord(aid: member, name: "ours", member: member), at: 0)
        try ledger.makeRoom(forInvitationBy: member)
        #expect(ledger.groups.count == GroupLedger.invitationLimit.total)
        #expect(ledger.group(member) != nil && ledger.group(aids[0]) == nil && ledger.group(aids[1]) != nil)
        try ledger.makeRoom(forInvitationBy: member)
        #expect(ledger.groups.count == GroupLedger.invitationLimit.total)
    }

    // MARK: Own logs

    @Test func `What the network sends moves the group's log only after our own word`() async throws {
        let (world, aid) = try await GroupWorld.incepted()
        let anchor = try await world.alice.groups.anchor("team", [], now: groupMoment(20))
        _ = try await world.deliverOnce(to: world.bob)
        _ = try await world.bob.groups.approve(anchor.event.said, now: groupMoment(21))
        // Carol's messages are lost; she sees the log of the group elsewhere.
        _ = world.bus.takeAll()
        let log = try world.bob.wallet.export(aid)
        _ = try world.carol.wallet.ingest(log, now: groupMoment(22))
        _ = try await world.carol.groups.resume(now: groupMoment(23))
        #expect(try world.carol.wallet.keyState(of: aid)?.sn == .zero)
        #expect(try world.carol.groups.completedByOthers("team") == [anchor.event])
        let followed = try await world.carol.groups.follow("team", now: groupMoment(24))
        #expect(followed.map(\.event) == [anchor.event])
        #expect(try world.carol.wallet.keyState(of: aid)?.said == anchor.event.said)
        #expect(try world.carol.groups.completedByOthers("team").isEmpty)
    }

    @Test func `A rotation by others is followed with its members`() async throws {
        let (world, aid) = try await GroupWorld.incepted()
        try await world.alice.rotate()
        try await world.bob.rotate()
        try world.shareLogs()
        var plan = GroupRotationPlan()
        plan.signing = Array(try world.aids.prefix(2))
        plan.rotation = try world.aids
        let rotation = try await world.alice.groups.rotate("team", plan, now: groupMoment(20))
        _ = try await world.deliverOnce(to: world.bob)
        _ = try await world.bob.groups.approve(rotation.event.said, now: groupMoment(21))
        _ = world.bus.takeAll()
        _ = try world.carol.wallet.ingest(try world.bob.wallet.export(aid), now: groupMoment(22))
        _ = try await world.carol.groups.follow("team", now: groupMoment(23))
        let group = try world.carol.groups.group("team")
        #expect(group.signing == plan.signing)
        #expect(group.rotation == plan.rotation)
        #expect(try world.carol.wallet.keyState(of: aid)?.said == rotation.event.said)
    }

    @Test func `What came before the group was ours does not move its log`() async throws {
        let world = try await GroupWorld()
        for site in [world.alice, world.bob] {
            _ = try await site.groups.incept(try world.plan(site), now: groupMoment(5))
        }
        let items = world.bus.takeAll()
        for item in items where item.recipient != (try world.carol.aid) {
            _ = try await world.site(item.recipient).groups.receive(item.message, now: groupMoment(6))
        }
        let aid = try world.alice.groups.group("team").aid
        let anchor = try await world.alice.groups.anchor("team", [], now: groupMoment(7))
        _ = try await world.deliverOnce(to: world.bob)
        _ = try await world.bob.groups.approve(anchor.event.said, now: groupMoment(8))
        _ = world.bus.takeAll()
        // Out of order at Carol's, for whom the group is a stranger's.
        let log = try world.bob.wallet.export(aid)
        let second = try #require(
            String(decoding: log, as: UTF8.self).ranges(of: "{\"v\":").last.map {
                Array(String(decoding: log, as: UTF8.self)[$0.lowerBound...].utf8)
            })
        let report = try world.carol.wallet.ingest(second, now: groupMoment(9))
        guard case .decided(_, _, .escrowed(.outOfOrder))? = report.messages.first?.result else {
            Issue.record("not out of order")
            return
        }
        for item in items where item.recipient == (try world.carol.aid) {
            _ = try await world.carol.groups.receive(item.message, now: groupMoment(10))
        }
        let said = try #require(try world.alice.groups.group("team").proposals.first).event.said
        _ = try await world.carol.groups.approve(said, named: "team", now: groupMoment(11))
        _ = try await world.carol.groups.resume(now: groupMoment(12))
        #expect(try world.carol.wallet.keyState(of: aid)?.sn == .zero)
    }

    @Test func `A group that takes establishment events only, or a plan with a witness twice`() async throws {
        let world = try await GroupWorld()
        var plan = try world.plan(world.alice, threshold: .count(1))
        plan.traits = ["EO"]
        plan.witnesses = [AID](repeating: try #require(AID("BBilc4-L3tFUnfM_wJr4S4OJanAv_VmF_dJNN6vkf2Ha")), count: 2)
        await #expect(throws: ControllerError.self) { try await world.alice.groups.incept(plan, now: groupMoment(5)) }
        plan.witnesses = []
        _ = try await world.alice.groups.incept(plan, now: groupMoment(5))
        let error = await #expect(throws: ControllerError.self) {
            try await world.alice.groups.anchor("team", [], now: groupMoment(6))
        }
        #expect(error?.code == .establishmentOnly)
    }

    @Test func `Signatures of others that don't verify are not counted`() async throws {
        let (world, aid) = try await GroupWorld.incepted(threshold: .count(3))
        let progress = try await world.alice.groups.anchor("team", [], now: groupMoment(20))
        _ = world.bus.takeAll()
        let forger = GroupForger(site: world.bob)
        let proposal = try #require(try world.alice.groups.group("team").proposal(progress.event.said))
        let keys = try #require(try world.bob.wallet.keyState(of: aid)).keys
        var copy = try await forger.proposal(proposal.event, signing: proposal.signing, keys: keys)
        let bad = try IndexedSignature(code: .ed25519, index: 2, raw: [UInt8](repeating: 7, count: 64))
        copy.add(bad)
        let outcome = try await world.alice.groups.receive(try await forger.message(copy), now: groupMoment(21))
        guard case .merged(let merged) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(merged.signed == [try world.alice.aid, try world.bob.aid])
        #expect(merged.next == .signatures([try world.carol.aid]))
    }

    @Test func `Ledgers whose groups or proposals don't fit are refused`() async throws {
        let (world, _) = try await GroupWorld.incepted()
        _ = try await world.alice.groups.anchor("team", [], now: groupMoment(20))
        let ledger = try world.alice.book.load()
        #expect(try GroupLedgerCoding.decode(GroupLedgerCoding.encode(ledger)) == ledger)
        func isRefused(_ change: (inout OrderedValue) -> Void) -> Bool {
            var map = GroupLedgerCoding.encode(ledger)
            guard var group = map["groups"]?[0] else { return false }
            change(&group)
            map["groups"] = .list([group])
            return (try? GroupLedgerCoding.decode(map)) == nil
        }
        #expect(!isRefused { _ in })
        #expect(isRefused { $0["proposals"] = .list(($0["proposals"]?.listValue ?? []) + [.map([:])]) })
        #expect(isRefused { $0["aid"] = .text(self.someAID) })
        #expect(isRefused { $0["name"] = 1 })
        #expect(
            isRefused { group in
                guard var proposal = group["proposals"]?[0] else { return }
                proposal["signatures"] = .list((proposal["signatures"]?.listValue ?? []) + ["AAA"])
                group["proposals"] = .list([proposal])
            })
        var twice = GroupLedgerCoding.encode(ledger)
        twice["groups"] = .list((twice["groups"]?.listValue ?? []) + (twice["groups"]?.listValue ?? []))
        #expect((try? GroupLedgerCoding.decode(twice)) == nil)
    }

    private var someAID: String { "BBilc4-L3tFUnfM_wJr4S4OJanAv_VmF_dJNN6vkf2Ha" }

    @Test func `Damaged ledgers are refused`() throws {
        let whole = GroupLedgerCoding.encode(GroupLedger())
        func code(_ change: (inout OrderedMap) -> Void) -> GroupError.Code? {
            var map = whole
            change(&map)
            do {
                _ = try GroupLedgerCoding.decode(map)
                return nil
            } catch { return error.code }
        }
        #expect(code { _ in } == nil)
        #expect(code { $0["version"] = nil } == .bookDamaged)
        #expect(code { $0["version"] = 2 } == .bookTooNew)
        #expect(code { $0["groups"] = nil } == .bookDamaged)
        #expect(code { $0["groups"] = .list([1]) } == .bookDamaged)
        #expect(code { $0["unread"] = .list([.map([:])]) } == .bookDamaged)
    }
}
