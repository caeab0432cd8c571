// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import KERINetwork

/// Following logs through witnesses, and saying how that goes.
struct WatcherTests {
    @Test func logsAreFollowedThroughWitnesses() async throws {
        let scene = try WatchScene()
        var controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(controller)
        #expect(try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)]))
        #expect(try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)]) == false)
        await scene.watcher.poll(controller.aid)
        #expect(try scene.watcher.keyState(of: controller.aid)?.said == controller.state.said)
        for place in scene.witnesses.indices {
            let view = try #require(scene.view(controller.aid, place))
            #expect(view.condition == .even)
            #expect(view.heardAt == scene.clock.now())
            #expect(view.said == controller.state.said)
        }
        #expect(scene.kinds() == [.keyState])
        #expect(scene.network.asked.contains { $0.hasPrefix("w2.test /oobi/\(controller.aid)/witness/") })
        // Nothing new is no news; a rotation is.
        await scene.watcher.poll(controller.aid)
        #expect(scene.kinds() == [.keyState])
        try controller.rotate()
        try scene.showEverywhere(controller)
        await scene.watcher.poll(controller.aid)
        #expect(try scene.watcher.keyState(of: controller.aid)?.sn.value == 1)
        #expect(scene.kinds() == [.keyState, .keyState])
        #expect(scene.watcher.journal.events(after: 0, limit: 10).last?.said == controller.state.said)
        #expect(scene.watcher.duplicities().isEmpty)
    }

    /// Receipts that each witness shows by itself are joined until they are enough.
    @Test func receiptsOfAllWitnessesCount() async throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 3)
        for place in 0..<3 { try scene.show(place, controller.log(receiptedBy: [place])) }
        try scene.watcher.add(
            controller.aid, introducedBy: (0..<3).map { try scene.url(controller.aid, by: $0) })
        await scene.watcher.poll(controller.aid)
        #expect(try scene.watcher.keyState(of: controller.aid)?.said == controller.state.said)
    }

    @Test func whatWasFollowedIsFollowedAfterARestart() async throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(controller)
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
        let again = try scene.restarted()
        #expect(again.identifiers == scene.watcher.identifiers)
        #expect(again.views(of: controller.aid).keys.filter(\.isWitness).count == 3)
        #expect(again.journal.latest >= UInt64(scene.clock.now().microseconds) - 1)
        #expect(try again.remove(controller.aid))
        #expect(try !again.remove(controller.aid))
        #expect(try scene.restarted().identifiers.isEmpty)
    }

    @Test func strangersAreNotStored() async throws {
        let scene = try WatchScene(witnesses: 1)
        var boss = try WatchedController("boss")
        let delegate = try WatchedController("a", witnesses: scene.witnesses, threshold: 1, delegator: boss.aid)
        let seal = try boss.interact(delegate.latest.event.seal.value)
        let stranger = try WatchedController("stranger")
        let source = SealSource(sn: seal.event.sn, said: seal.event.said)
        let log = try WatchedController.message(delegate.latest, scene.witnesses, receiptedBy: [0], source: source)
        try scene.show(0, boss.log(receiptedBy: []) + stranger.log(receiptedBy: []) + log)
        try scene.watcher.add(delegate.aid, introducedBy: [scene.url(delegate.aid, by: 0)])
        await scene.watcher.poll(delegate.aid)
        #expect(try scene.watcher.keyState(of: delegate.aid) != nil)
        #expect(try scene.watcher.keyState(of: boss.aid) != nil)
        #expect(try scene.watcher.keyState(of: stranger.aid) == nil)
        #expect(try scene.store.read { $0.escrowCount(aid: nil) } == 0)
    }

    /// An introduction by one witness names only itself; where the others listen is asked of it.
    @Test func locationsOfOtherWitnessesAreLearnt() async throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        let log = try controller.log(receiptedBy: [0, 1, 2])
        let locations = try scene.locations
        for place in scene.witnesses.indices {
            scene.network.set(WatchScene.host(place)) { request in
                .answer(200, request.target.hasSuffix("/witness") ? log + locations : log)
            }
        }
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 1)])
        await scene.watcher.poll(controller.aid)
        for place in scene.witnesses.indices { #expect(scene.view(controller.aid, place)?.condition == .even) }
    }

    // MARK: Conditions

    @Test func silentWitnessesAreReportedOnce() async throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(controller)
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
        let cursor = scene.watcher.journal.latest
        scene.network.set("w1.test") { _ in .fails(.unreachable) }
        await scene.watcher.poll(controller.aid)
        #expect(scene.kinds(after: cursor).isEmpty)
        await scene.watcher.poll(controller.aid)
        await scene.watcher.poll(controller.aid)
        #expect(scene.kinds(after: cursor) == [.witnessUnreachable])
        #expect(scene.view(controller.aid, 1)?.condition == .unreachable)
        #expect(scene.view(controller.aid, 1)?.fault?.contains("unreachable") == true)
        try scene.showEverywhere(controller)
        await scene.watcher.poll(controller.aid)
        #expect(scene.kinds(after: cursor) == [.witnessUnreachable, .witnessBack])
        #expect(scene.watcher.journal.events(after: cursor, limit: 1).first?.witness == scene.witnesses[1].watchedAID)
    }

    @Test func witnessesThatStayBehindAreReported() async throws {
        let scene = try WatchScene()
        var controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(controller)
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
        try controller.interact()
        for place in 0..<2 { try scene.show(place, controller.log(receiptedBy: [0, 1])) }
        for place in [0, 2] {
            await scene.watcher.ask(
                .init(aid: controller.aid, source: .witness(scene.witnesses[place].watchedAID)))
        }
        // Once is no news.
        #expect(scene.view(controller.aid, 2)?.condition == .behind)
        #expect(scene.kinds() == [.keyState, .keyState])
        await scene.watcher.poll(controller.aid)
        await scene.watcher.poll(controller.aid)
        let cursor = scene.watcher.journal.events(after: 0, limit: 10)
        #expect(cursor.map(\.kind) == [.keyState, .keyState, .witnessBehind])
        #expect(cursor.last?.witness == scene.witnesses[2].watchedAID)
        #expect(scene.view(controller.aid, 2)?.condition == .behind)
    }

    @Test(arguments: ["", "garbage", #"{"title":"Not Found"}"#])
    func answersWithoutALogAreNothing(_ body: String) async throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        scene.network.show("w0.test", Array(body.utf8))
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
        let view = try #require(scene.watcher.views(of: controller.aid).values.first)
        #expect(view.condition == .nothing)
        #expect(view.fault != nil)
        #expect(try scene.watcher.keyState(of: controller.aid) == nil)
    }

    /// The log of somebody else under the asked AID's introduction teaches nothing.
    @Test func answersAboutOthersAreNothing() async throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        let other = try WatchedController("b", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(other)
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
        #expect(scene.watcher.views(of: controller.aid).values.first?.condition == .nothing)
        #expect(try scene.watcher.keyState(of: other.aid) == nil)
    }

    @Test func silenceOfAllIsStale() async throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(controller)
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
        scene.clock.advance(by: scene.watcher.policy.staleAfter)
        scene.watcher.reportStale()
        #expect(scene.kinds() == [.keyState])
        scene.clock.advance(by: .seconds(1))
        scene.watcher.reportStale()
        scene.watcher.reportStale()
        #expect(scene.kinds() == [.keyState, .stale])
        await scene.watcher.poll(controller.aid)
        scene.clock.advance(by: .seconds(121))
        scene.watcher.reportStale()
        #expect(scene.kinds() == [.keyState, .stale, .stale])
    }

    // MARK: Pace

    @Test func thePaceFollowsWhatHappens() async throws {
        let policy = WatcherPolicy(quickest: .seconds(1), slowest: .seconds(30), quickFor: .seconds(10))
        let scene = try WatchScene(policy: policy)
        var controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(controller)
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
        #expect(scene.view(controller.aid, 0)?.pace == .seconds(1))
        var paces: [Duration] = []
        for _ in 0..<6 {
            scene.clock.advance(by: .seconds(10))
            await scene.watcher.poll(controller.aid)
            paces.append(try #require(scene.view(controller.aid, 0)).pace)
        }
        #expect(paces == [2, 4, 8, 16, 30, 30].map { Duration.seconds($0) })
        try controller.interact()
        try scene.showEverywhere(controller)
        await scene.watcher.poll(controller.aid)
        for place in 0..<3 {
            let due = try #require(scene.view(controller.aid, place)).due
            #expect(due <= scene.clock.now().advanced(by: .seconds(1)))
        }
        scene.network.set("w1.test") { _ in .fails(.timedOut) }
        for _ in 0..<3 { await scene.watcher.poll(controller.aid) }
        #expect(scene.view(controller.aid, 1)?.pace == .seconds(8))
    }

    @Test func onlyWhatIsDueIsAsked() async throws {
        let scene = try WatchScene(policy: WatcherPolicy(parallelism: 2))
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(controller)
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        let first = scene.watcher.takeDue()
        #expect(first.count == 1)
        #expect(scene.watcher.takeDue().isEmpty)
        for question in first { await scene.watcher.ask(question) }
        // Three witnesses are due now, two at a time.
        #expect(scene.watcher.takeDue().count == 2)
        #expect(scene.watcher.takeDue().isEmpty)
    }

    // MARK: Bounds

    @Test func privateAddressesAreNotAsked() async throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        let url = try #require(PeerURL("http://127.0.0.1:5642/oobi/\(controller.aid)"))
        #expect(throws: WatcherError(.privateAddress, "\(url) is a private address")) {
            try scene.watcher.add(controller.aid, introducedBy: [url])
        }
        // Nor when a witness says that it listens there.
        let witness = scene.witnesses[1]
        let lie = try witness.reply(
            "/loc/scheme",
            ["eid": .text(witness.watchedAID.text), "scheme": "http", "url": "http://169.254.169.254/"],
            dated: Timestamp(seconds: 1_759_999_500))
        try scene.showEverywhere(controller)
        scene.network.show("w0.test", try controller.log(receiptedBy: [0, 1, 2]) + scene.locations + lie)
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
        #expect(scene.view(controller.aid, 1)?.condition == .unreachable)
        #expect(!scene.network.asked.contains { $0.hasPrefix("169.") })
        let open = try WatchScene(policy: WatcherPolicy(allowsPrivateAddresses: true))
        #expect(try open.watcher.add(controller.aid, introducedBy: [url]))
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("10.1.2.3", true), ("172.16.0.1", true), ("172.32.0.1", false), ("192.168.1.1", true),
        ("169.254.1.1", true), ("100.64.0.1", true), ("8.8.8.8", false), ("0.0.0.0", true), ("239.1.1.1", true),
        ("localhost", true), ("a.localhost", true), ("printer.local", true), ("w0.test", false), ("[::1]", true),
        ("[fe80::1]", true), ("[fd00::1]", true), ("[2001:db8::1]", false), ("[::ffff:127.0.0.1]", true),
        ("2130706433", true), ("127.1", true), ("0x7f000001", true), ("face.example", false),
    ])
    func privateHostsAreRecognised(_ host: String, _ isPrivate: Bool) throws {
        #expect(try #require(PeerURL("http://\(host):80/")).isPrivate == isPrivate, "\(host)")
    }

    @Test func listsAreBounded() throws {
        let scene = try WatchScene(policy: WatcherPolicy(mostAIDs: 1))
        let (one, other) = (try WatchedController("a"), try WatchedController("b"))
        #expect(try scene.watcher.add(one.aid, introducedBy: [scene.url(one.aid, by: 0)]))
        #expect(throws: WatcherError(.full, "1 AIDs are followed")) {
            try scene.watcher.add(other.aid, introducedBy: [scene.url(other.aid, by: 0)])
        }
        let many = try (0..<17).map { try #require(PeerURL("http://w0.test/oobi/\(one.aid)/controller/\($0)")) }
        #expect(throws: WatcherError.self) { try scene.watcher.add(one.aid, introducedBy: many) }
        #expect(throws: WatcherError.self) {
            try scene.watcher.add(one.aid, introducedBy: [try #require(PeerURL("tcp://w0.test:5632"))])
        }
    }

    @Test func somebodyMustBeKnownToAsk() throws {
        let scene = try WatchScene()
        let controller = try WatchedController("a")
        #expect(throws: WatcherError.self) { try scene.watcher.add(controller.aid) }
    }
}
