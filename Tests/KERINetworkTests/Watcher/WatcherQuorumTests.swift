// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import KERINetwork

/// Several watchers, some of which are wrong, old or silent.
struct WatcherQuorumTests {
    /// Watchers `o0.test`… that state what they are told to.
    private struct Panel {
        let clock = WatchClock()
        let network = WatchedNetwork()
        var members: [WatcherQuorum.Member] = []
        var identities: [WatcherIdentity] = []
        let controller: WatchedController

        init(_ count: Int) async throws {
            controller = try WatchedController("a", witnesses: WatchedController.witnesses(3), threshold: 2)
            for place in 0..<count {
                let identity = try await WatcherIdentity(
                    signer: WatchedController.key("observer \(place)", isTransferable: false).signingKey,
                    now: clock.now())
                identities.append(identity)
                members.append(
                    WatcherQuorum.Member(aid: identity.aid, url: try #require(PeerURL("http://o\(place).test/"))))
            }
        }

        var aid: AID { controller.aid }
        var seal: EventSeal { EventSeal(aid: aid, sn: controller.state.sn, said: controller.state.said) }

        func quorum(_ needed: Int) -> WatcherQuorum {
            WatcherQuorum(members, needed: needed, freshness: .seconds(30), transport: network, clock: clock)
        }

        func statement(
            _ place: Int, _ branch: WatchedController? = nil, dated: Timestamp? = nil, heardAt: Timestamp? = nil,
            witnesses: Int = 3
        ) async throws -> [UInt8] {
            let state = (branch ?? controller).state
            let now = dated ?? clock.now()
            let heard = controller.witnesses.prefix(witnesses).map {
                WatcherStatement.Heard(witness: $0.watchedAID, sn: state.sn, said: state.said, at: heardAt ?? now)
            }
            return try await WatcherStatement.make(
                state, heard: heard, contradictions: 0, by: identities[place], now: now)
        }

        func state(_ place: Int, _ bytes: [UInt8], evidence: [UInt8]? = nil) {
            network.set("o\(place).test") { request in
                if request.target.hasPrefix("/ksn/") { return .answer(200, bytes) }
                return evidence.map { .answer(200, $0) } ?? .answer(404, [])
            }
        }
    }

    @Test func enoughThatAgreeAreBelieved() async throws {
        let panel = try await Panel(3)
        for place in 0..<2 { panel.state(place, try await panel.statement(place)) }
        let report = await panel.quorum(2).ask(about: panel.aid)
        #expect(report.outcome == .agreed(panel.seal))
        #expect(report.answers[panel.members[2].aid] == .failure(.unreachable))
        #expect(await panel.quorum(3).ask(about: panel.aid).outcome == .undecidable)
    }

    @Test func whatTheAskerHasIsCompared() async throws {
        let panel = try await Panel(2)
        var later = panel.controller
        try later.interact()
        for place in 0..<2 { panel.state(place, try await panel.statement(place)) }
        let known = EventSeal(aid: panel.aid, sn: later.state.sn, said: later.state.said)
        #expect(await panel.quorum(2).ask(about: panel.aid, known: known).outcome == .behind(panel.seal))
        #expect(await panel.quorum(2).ask(about: panel.aid, known: panel.seal).outcome == .agreed(panel.seal))
        let other = EventSeal(aid: panel.aid, sn: panel.seal.sn, said: known.said)
        #expect(await panel.quorum(2).ask(about: panel.aid, known: other).outcome == .undecidable)
        for place in 0..<2 { panel.state(place, try await panel.statement(place, later)) }
        #expect(await panel.quorum(2).ask(about: panel.aid, known: panel.seal).outcome == .agreed(known))
    }

    @Test func disagreementIsUndecidable() async throws {
        let panel = try await Panel(2)
        var later = panel.controller
        try later.interact()
        panel.state(0, try await panel.statement(0))
        panel.state(1, try await panel.statement(1, later))
        #expect(await panel.quorum(2).ask(about: panel.aid).outcome == .undecidable)
        // Two answers with one vote each are no answer.
        #expect(await panel.quorum(1).ask(about: panel.aid).outcome == .undecidable)
    }

    @Test func aWatcherCountsOnce() async throws {
        var panel = try await Panel(1)
        panel.members += [
            WatcherQuorum.Member(aid: panel.members[0].aid, url: try #require(PeerURL("http://o1.test/")))
        ]
        let bytes = try await panel.statement(0)
        panel.state(0, bytes)
        panel.state(1, bytes)
        #expect(await panel.quorum(2).ask(about: panel.aid).outcome == .undecidable)
    }

    @Test func oldStatementsDoNotCount() async throws {
        let panel = try await Panel(1)
        let now = panel.clock.now()
        func reason(_ bytes: [UInt8]) async -> Result<WatcherStatement, QuorumReason>? {
            panel.state(0, bytes)
            return await panel.quorum(1).ask(about: panel.aid).answers[panel.members[0].aid]
        }
        let old = now.advanced(bySeconds: -31)
        #expect(await reason(try await panel.statement(0, dated: old)) == .failure(.stale))
        #expect(await reason(try await panel.statement(0, dated: now.advanced(bySeconds: 31))) == .failure(.stale))
        #expect(await reason(try await panel.statement(0, heardAt: old)) == .failure(.stale))
        // Fewer witnesses heard than must receipt an event.
        #expect(await reason(try await panel.statement(0, witnesses: 1)) == .failure(.stale))
        #expect(try await reason(panel.statement(0, witnesses: 2))?.get() != nil)
    }

    @Test func answersThatAreNoneDoNotCount() async throws {
        let panel = try await Panel(2)
        let good = try await panel.statement(0)
        func reason(_ reply: WatchedNetwork.Reply) async -> QuorumReason? {
            panel.network.set("o0.test") { _ in reply }
            guard case .failure(let reason) = await panel.quorum(1).ask(about: panel.aid).answers[panel.members[0].aid]
            else { return nil }
            return reason
        }
        #expect(await reason(.answer(200, good)) == nil)
        #expect(await reason(.answer(404, [])) == .unknown)
        #expect(await reason(.answer(500, [])) == .refused)
        #expect(await reason(.fails(.timedOut)) == .unreachable)
        #expect(await reason(.answer(200, [])) == .unreadable)
        #expect(await reason(.answer(200, Array("junk".utf8))) == .unreadable)
        #expect(await reason(.answer(200, good + good)) == .unreadable)
        #expect(await reason(.answer(200, try panel.controller.log(receiptedBy: []))) == .unreadable)
        #expect(await reason(.answer(200, try await panel.statement(1))) == .unsigned)
        // One of the two replies alone, and both in the wrong order.
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: good.span) else { return }
        let (first, second) = (Array(good[..<frame.range.upperBound]), Array(good[frame.range.upperBound...]))
        #expect(await reason(.answer(200, first)) == .unreadable)
        // The right signer over something else.
        let (body, other) = (Array(good[frame.bodyRange]), Array(good[frame.attachmentRange]))
        let forged = try await panel.statement(0, dated: panel.clock.now().advanced(bySeconds: 1))
        var tail = StreamReader()
        guard case .message(let late) = tail.next(in: forged.span) else { return }
        #expect(other != Array(forged[late.attachmentRange]))
        #expect(await reason(.answer(200, body + forged[late.attachmentRange] + second)) == .unsigned)
        #expect(await reason(.answer(200, second + first)) == .unreadable)
        let later = try await panel.statement(0, dated: panel.clock.now().advanced(bySeconds: 1))
        #expect(await reason(.answer(200, first + later[frame.range.upperBound...])) == .unreadable)
    }

    @Test func aboutAnotherAIDDoesNotCount() async throws {
        let panel = try await Panel(1)
        let other = try WatchedController("b", witnesses: WatchedController.witnesses(3), threshold: 2)
        panel.state(0, try await panel.statement(0, other))
        let report = await panel.quorum(1).ask(about: panel.aid)
        #expect(report.answers[panel.members[0].aid] == .failure(.aboutAnother))
    }

    /// One watcher with evidence outweighs all that agree, for the evidence proves itself.
    @Test func evidenceOutweighsAgreement() async throws {
        let panel = try await Panel(3)
        var (one, other) = (panel.controller, panel.controller)
        try one.interact("one")
        try other.interact("other")
        let store = MemoryKeyEventStore()
        var stream = StreamProcessor(EventProcessor(store: store))
        try stream.process(one.log(receiptedBy: [0, 1]) + other.log(receiptedBy: [0, 1]), now: panel.clock.now())
        let record = try #require(try store.read { $0.duplicities(of: panel.aid) }.first)
        let proof = try store.read { try $0.evidence(of: record) }
        for place in 0..<3 { panel.state(place, try await panel.statement(place)) }
        panel.state(2, try await panel.statement(2), evidence: Array("not evidence".utf8))
        #expect(await panel.quorum(2).ask(about: panel.aid).outcome == .agreed(panel.seal))
        panel.state(2, try await panel.statement(2), evidence: proof.bytes)
        #expect(await panel.quorum(2).ask(about: panel.aid).outcome == .duplicitous([proof]))
        // Evidence about somebody else is not the answer.
        let another = try await Panel(1)
        let stranger = try WatchedController("b", witnesses: WatchedController.witnesses(3), threshold: 2)
        another.network.set("o0.test") { _ in .answer(200, proof.bytes) }
        #expect(await another.quorum(1).ask(about: stranger.aid).outcome == .undecidable)
    }
}
