// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

@testable import KERINetwork

/// What witnesses show is compared, and only what is proven is reported.
struct WatcherDuplicityTests {
    /// Two branches behind one inception, shown by witnesses 0 and 1.
    private func scene(
        threshold: UInt32 = 1, _ one: (inout WatchedController) throws -> Void,
        _ other: (inout WatchedController) throws -> Void
    ) async throws -> (WatchScene, AID) {
        let scene = try WatchScene()
        var first = try WatchedController("a", witnesses: scene.witnesses, threshold: threshold)
        var second = first
        try scene.showEverywhere(first)
        try scene.watcher.add(first.aid, introducedBy: [scene.url(first.aid, by: 0)])
        await scene.watcher.poll(first.aid)
        try one(&first)
        try other(&second)
        try scene.show(0, log(first, by: [0]))
        try scene.show(1, log(second, by: [1]))
        return (scene, first.aid)
    }

    /// A log whose inception has all receipts and the rest those of some.
    private func log(_ controller: WatchedController, by places: [Int]) throws -> [UInt8] {
        try controller.events.enumerated().flatMap { place, signed in
            try WatchedController.message(
                signed, controller.witnesses, receiptedBy: place == 0 ? Array(controller.witnesses.indices) : places)
        }
    }

    private func ask(_ scene: WatchScene, _ aid: AID, _ places: [Int]) async {
        for place in places {
            await scene.watcher.ask(.init(aid: aid, source: .witness(scene.witnesses[place].watchedAID)))
        }
    }

    private static let orders = [[0, 1], [1, 0]]

    @Test(arguments: orders)
    func twoInteractionsAreReported(_ order: [Int]) async throws {
        let (scene, aid) = try await scene({ _ = try $0.interact("one") }, { _ = try $0.interact("other") })
        await ask(scene, aid, [order[0]])
        #expect(scene.watcher.duplicities().isEmpty)
        await ask(scene, aid, [order[1]])
        let found = try #require(scene.watcher.duplicities().first)
        #expect(found.accusesController(of: aid))
        #expect(try VerifiedDuplicity(reading: found.bytes) == found)
        #expect(scene.kinds() == [.keyState, .keyState, .duplicity])
        #expect(scene.view(aid, order[1])?.condition == .apart)
        // It is said once and kept for ever.
        await ask(scene, aid, [0, 1, 0, 1])
        #expect(scene.kinds().filter { $0 == .duplicity }.count == 1)
        #expect(scene.evidence.all() == [found])
        let again = try scene.restarted()
        #expect(again.duplicities() == [found])
        await again.poll(aid)
        #expect(again.views(of: aid).values.contains { !$0.unsettled.isEmpty })
        #expect(again.duplicities() == [found])
        #expect(scene.evidence.all() == [found])
        // First seen wins, whatever was shown later.
        let first = scene.view(aid, order[0])?.said
        #expect(try scene.watcher.keyState(of: aid)?.said == first)
    }

    /// Neither branch has the receipts that would let it into the log, and still the controller signed both.
    @Test(arguments: orders)
    func branchesWithoutReceiptsAreReported(_ order: [Int]) async throws {
        let (scene, aid) = try await scene(
            threshold: 3, { _ = try $0.rotate("one") }, { _ = try $0.rotate("other") })
        await ask(scene, aid, order)
        #expect(try scene.watcher.keyState(of: aid)?.sn == .zero)
        #expect(scene.watcher.duplicities().count == 1)
    }

    /// A rotation against a rotation behind an interaction, seen in either order.
    @Test(arguments: orders)
    func rotationsAtDifferentPlacesAreReported(_ order: [Int]) async throws {
        let (scene, aid) = try await scene(
            {
                _ = try $0.interact("one")
                _ = try $0.rotate("one")
            }, { _ = try $0.rotate("other") })
        await ask(scene, aid, order)
        let found = try #require(scene.watcher.duplicities().first)
        #expect(found.statement.sn.value == 1)
        #expect(scene.watcher.duplicities().count == 1)
    }

    @Test(arguments: orders)
    func recoveriesAreNotReported(_ order: [Int]) async throws {
        let (scene, aid) = try await scene({ _ = try $0.interact("stolen") }, { _ = try $0.rotate() })
        await ask(scene, aid, order + order)
        #expect(scene.watcher.duplicities().isEmpty)
        #expect(try scene.watcher.keyState(of: aid)?.latestKind == .rotation)
    }

    /// A fork behind events that all sources show but nobody's log has yet.
    @Test func forksBehindAWaitingEventAreFoundWhenItIsAccepted() async throws {
        let (scene, aid) = try await scene(
            threshold: 2,
            {
                _ = try $0.interact("same")
                _ = try $0.interact("one")
            },
            {
                _ = try $0.interact("same")
                _ = try $0.interact("other")
            })
        await ask(scene, aid, [0])
        #expect(scene.watcher.duplicities().isEmpty)
        await ask(scene, aid, [1])
        #expect(try scene.watcher.keyState(of: aid)?.sn.value == 1)
        #expect(scene.watcher.duplicities().map(\.statement.sn.value) == [2])
    }

    /// The fork is visible before the log has come to it; it is judged again when it has.
    @Test func forksAreJudgedAgainWhenTheLogHasCome() async throws {
        let (scene, aid) = try await scene(
            threshold: 3,
            {
                _ = try $0.interact("same")
                _ = try $0.interact("one")
            },
            {
                _ = try $0.interact("same")
                _ = try $0.interact("other")
            })
        await ask(scene, aid, [0, 1])
        #expect(try scene.watcher.keyState(of: aid)?.sn == .zero)
        #expect(scene.watcher.duplicities().isEmpty)
        var third = try WatchedController("a", witnesses: scene.witnesses, threshold: 3)
        try third.interact("same")
        try scene.show(2, log(third, by: [2]))
        await ask(scene, aid, [2, 0])
        #expect(try scene.watcher.keyState(of: aid)?.sn.value == 1)
        #expect(scene.watcher.duplicities().map(\.statement.sn.value) == [2])
    }

    /// A witness can write any event; without the controller's signatures it accuses nobody.
    @Test func inventedEventsAreNotReported() async throws {
        let (scene, aid) = try await scene({ _ = try $0.interact("one") }, { _ = try $0.interact("other") })
        var invented = try WatchedController("a", witnesses: scene.witnesses, threshold: 1)
        try invented.interact("invented")
        var attachments = Attachments()
        attachments.controllerSignatures = [
            try WatchedController.key("thief").indexedSignature(over: invented.latest.event.bytes, index: 0)
        ]
        let forged = SignedEvent(event: invented.latest.event, attachments: attachments)
        try scene.show(
            1,
            WatchedController.message(invented.events[0], scene.witnesses, receiptedBy: [0, 1, 2])
                + WatchedController.message(forged, scene.witnesses, receiptedBy: [1]))
        await ask(scene, aid, [0, 1, 0, 1])
        #expect(scene.watcher.duplicities().isEmpty)
        #expect(scene.view(aid, 1)?.condition == .apart)
    }

    /// Witness 1 receipts both branches.
    @Test func witnessesThatReceiptBothAreReported() async throws {
        let (scene, aid) = try await scene({ _ = try $0.interact("one") }, { _ = try $0.interact("other") })
        var first = try WatchedController("a", witnesses: scene.witnesses, threshold: 1)
        try first.interact("one")
        try scene.show(0, log(first, by: [0, 1]))
        await ask(scene, aid, [0, 1])
        let accused = scene.watcher.duplicities().map(\.statement.accusedAID)
        #expect(accused == [aid, scene.witnesses[1].watchedAID])
        for found in scene.watcher.duplicities() { #expect(try VerifiedDuplicity(reading: found.bytes) == found) }
        #expect(scene.watcher.duplicities(about: scene.witnesses[1].watchedAID).count == 1)
        let last = scene.watcher.journal.events(after: 0, limit: 100).last
        #expect(last?.witness == scene.witnesses[1].watchedAID)
    }

    /// An OOBI is refused while receipts are missing; then the plain query shows the log.
    @Test func queriesShowWhatIntroductionsHide() async throws {
        let (scene, aid) = try await scene(
            threshold: 3, { _ = try $0.interact("one") }, { _ = try $0.interact("other") })
        for place in 0..<2 {
            var branch = try WatchedController("a", witnesses: scene.witnesses, threshold: 3)
            try branch.interact(place == 0 ? "one" : "other")
            let log = try log(branch, by: [place])
            scene.network.set(WatchScene.host(place)) { request in
                request.target == "/query?typ=kel&pre=\(aid)" ? .answer(200, log) : .answer(404, [])
            }
        }
        await ask(scene, aid, [0, 1])
        #expect(scene.watcher.duplicities().count == 1)
    }

    @Test func recordsOfOneAccusedAreBounded() async throws {
        let scene = try WatchScene(policy: WatcherPolicy(mostContradictions: 2))
        var first = try WatchedController("a", witnesses: scene.witnesses, threshold: 1)
        var branches = [first]
        for number in 0..<4 {
            var branch = first
            try branch.interact(.text("branch \(number)"))
            branches.append(branch)
        }
        try first.interact("one")
        try scene.showEverywhere(first)
        try scene.watcher.add(first.aid, introducedBy: [scene.url(first.aid, by: 0)])
        await scene.watcher.poll(first.aid)
        for branch in branches.dropFirst() {
            try scene.show(1, log(branch, by: [1]))
            await ask(scene, first.aid, [1])
        }
        #expect(scene.watcher.duplicities().filter { $0.accusesController(of: first.aid) }.count == 2)
    }

    @Test func whatOneWitnessShowsIsBounded() async throws {
        let scene = try WatchScene(policy: WatcherPolicy(mostUnsettled: 4))
        var first = try WatchedController("a", witnesses: scene.witnesses, threshold: 3)
        try scene.showEverywhere(first)
        try scene.watcher.add(first.aid, introducedBy: [scene.url(first.aid, by: 0)])
        await scene.watcher.poll(first.aid)
        for number in 0..<10 { try first.interact(.text("\(number)")) }
        try scene.show(1, log(first, by: [1]))
        await ask(scene, first.aid, [1])
        #expect(scene.view(first.aid, 1)?.unsettled.count == 4)
    }

    /// Both branches become visible while another witness hangs: the report comes within two seconds of the clock.
    @Test(.timeLimit(.minutes(1))) func reportsComeWithinTwoSeconds() async throws {
        let (scene, aid) = try await scene({ _ = try $0.interact("one") }, { _ = try $0.interact("other") })
        scene.network.set("w2.test") { _ in .hangs }
        let shownAt = scene.clock.now()
        await withTaskGroup { group in
            group.addTask { await scene.watcher.run() }
            while scene.watcher.duplicities().isEmpty, scene.clock.now() < shownAt.advanced(by: .seconds(60)) {
                await scene.clock.someoneSleeps()
                scene.clock.advance(by: scene.watcher.policy.tick)
                // Everybody but the one that hangs has been heard before time goes on.
                while scene.watcher.state.withLock({
                    $0.asking.contains { $0.source.witness != scene.witnesses[2].watchedAID }
                }) {
                    await Task.yield()
                }
            }
            group.cancelAll()
        }
        #expect(scene.watcher.duplicities().count == 1)
        #expect(scene.clock.now() <= shownAt.advanced(by: .seconds(2)))
        #expect(
            scene.watcher.duplicities(about: aid).first?.statement.seenAt ?? shownAt
                <= shownAt.advanced(by: .seconds(2)))
    }
}
