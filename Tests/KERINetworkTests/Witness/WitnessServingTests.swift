// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI
@testable import KERINetwork

/// OOBIs, open queries, operators' paths, limits (facts 9.4, 10).
struct WitnessServingTests {
    @Test func itsOwnIntroduction() async throws {
        let urls = ["http://127.0.0.1:5642/", "tcp://127.0.0.1:5632/"].compactMap { PeerURL($0) }
        let scene = try WitnessScene(WitnessPolicy(urls: urls))
        let answer = await scene.get("/oobi")
        #expect(answer.status == 200)
        #expect(answer.header("content-type") == "application/json+cesr")
        #expect(answer.header("keri-aid") == scene.witness.aid.text)
        let reader = MemoryKeyEventStore()
        var stream = StreamProcessor(EventProcessor(store: reader))
        try stream.process(answer.bytes, now: scene.clock.now())
        let said = try reader.read { $0.replies(of: scene.witness.aid) }
        #expect(Set(said.map(\.value)) == ["true", urls[0].description, urls[1].description])
        #expect(await scene.get("/oobi/\(scene.witness.aid)/controller").bytes == answer.bytes)
        // What is not served any more is taken back, and nothing is said twice.
        _ = try scene.restarted(WitnessPolicy(urls: [urls[0]]))
        let later = await scene.get("/oobi")
        #expect(!later.text.contains("tcp") && later.text.contains(urls[0].description))
        _ = try scene.restarted(WitnessPolicy(urls: [urls[0]]))
        #expect(await scene.get("/oobi").bytes == later.bytes)
    }

    @Test func introductionsOfControllers() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller(witnesses: 3, threshold: 2)
        let aid = alice.aid.text
        #expect(await scene.get("/oobi/\(aid)").status == 404)
        _ = try await scene.receipt(alice.latest)
        #expect(await scene.get("/oobi/\(aid)").status == 404)
        _ = try await scene.bring(alice.latest, by: [1, 2])
        for place in [1, 2] {
            let location = try StoredMessage(
                try scene.keys[place].reply(
                    "/loc/scheme",
                    [
                        "eid": .text(scene.keys[place].watchedAID.text), "scheme": "http",
                        "url": .text("http://w\(place).test:1/"),
                    ], dated: Timestamp(seconds: 1_759_999_000)))
            guard case .reply(let reply) = location.message else { continue }
            #expect(try await scene.post("/", reply.bytes, location.attachments).status == 204)
        }
        let answer = await scene.get("/oobi/\(aid)/witness")
        #expect(answer.status == 200)
        #expect(answer.header("keri-aid") == aid)
        #expect(answer.text.contains("w1.test") && answer.text.contains("w2.test"))
        let one = await scene.get("/oobi/\(aid)/witness/\(scene.keys[1].watchedAID)")
        // Who is sent to one witness learns of the others too, to compare them.
        #expect(one.text.contains("w1.test") && one.text.contains("w2.test"))
        #expect(await scene.get("/oobi/\(aid)/agent").text.contains("w1.test") == false)
        #expect(await scene.get("/.well-known/keri/oobi/\(aid)").status == 200)
        #expect(await scene.get("/oobi/\(aid)/witness/x").status == 400)
        #expect(await scene.get("/oobi/x").status == 400)
        #expect(await scene.get("/oobi/\(aid)/witness/\(aid)/more").status == 404)
        let bare = try WatchedController("bare")
        _ = await scene.put(try bare.log(receiptedBy: []))
        #expect(await scene.get("/oobi/\(bare.aid)").status == 406)
    }

    @Test func openQueriesOnlyWhereAllowed() async throws {
        var alice = try WatchedController("controller", witnesses: WatchedController.witnesses(1), threshold: 1)
        let closed = try WitnessScene()
        _ = try await closed.receipt(alice.latest)
        #expect(await closed.get("/query", ("typ", "kel"), ("pre", alice.aid.text)).status == 403)
        let scene = try WitnessScene(WitnessPolicy(answersUnsignedQueries: true))
        #expect(await scene.get("/query", ("typ", "kel"), ("pre", alice.aid.text)).status == 404)
        _ = try await scene.receipt(alice.latest)
        try alice.interact()
        _ = try await scene.receipt(alice.latest)
        let all = await scene.get("/query", ("typ", "kel"), ("pre", alice.aid.text))
        #expect(all.status == 200)
        #expect(all.bytes == (try LogReplay.stream(of: alice.aid, from: scene.store)))
        let tail = await scene.get("/query", ("typ", "kel"), ("pre", alice.aid.text), ("sn", "1"))
        #expect(tail.status == 200)
        #expect(try StoredMessage(tail.bytes).message.subject?.said == alice.latest.event.said)
        #expect(await scene.get("/query", ("typ", "kel"), ("pre", alice.aid.text), ("sn", "2")).status == 404)
        #expect(await scene.get("/query", ("typ", "kel"), ("pre", alice.aid.text), ("sn", "x")).status == 400)
        #expect(await scene.get("/query", ("typ", "tel"), ("pre", alice.aid.text)).status == 400)
        #expect(await scene.get("/query", ("typ", "kel"), ("pre", "x")).status == 400)
    }

    @Test func forOperators() async throws {
        let scene = try WitnessScene()
        #expect(await scene.get("/livez").status == 200)
        #expect(await scene.get("/readyz").status == 200)
        let alice = try scene.controller()
        _ = try await scene.receipt(alice.latest)
        let metrics = await scene.get("/metrics")
        #expect(metrics.status == 200)
        #expect(metrics.text.contains("\nkelmark_witness_receipts_total{outcome=\"receipted\"} 1\n"))
        #expect(metrics.text.contains("\nkelmark_witness_receipt_seconds_bucket{le=\"+Inf\"} 1\n"))
        #expect(metrics.text.contains("\nkelmark_witness_requests_total 1\n"))
        #expect(metrics.text.hasSuffix("# EOF\n"))
        let quiet = WitnessEndpoint(scene.witness, showsMetrics: false)
        #expect(await quiet.respond(to: WitnessScene.request("GET", "/metrics")).status == 404)
        #expect(await scene.get("/nothing").status == 404)
        #expect(await scene.endpoint.respond(to: WitnessScene.request("DELETE", "/")).status == 405)
    }

    @Test func whoAsksTooOften() async throws {
        let scene = try WitnessScene(WitnessPolicy(rate: RequestRate(perSecond: 1, burst: 3)))
        func ask(_ source: String) async -> Int {
            await scene.endpoint.respond(to: WitnessScene.request("GET", "/nothing", source: source)).status
        }
        for _ in 0..<3 { #expect(await ask("192.0.2.1") == 404) }
        #expect(await ask("192.0.2.1") == 429)
        #expect(await ask("192.0.2.2") == 404)
        scene.clock.advance(by: .seconds(1))
        #expect(await ask("192.0.2.1") == 404)
        #expect(await ask("192.0.2.1") == 429)
        #expect(scene.witness.metrics.limited == 2)
        #expect(await scene.get("/livez").status == 200)
    }

    @Test func largeAnswersCountAsSeveral() async throws {
        let scene = try WitnessScene(
            WitnessPolicy(answersUnsignedQueries: true, rate: RequestRate(perSecond: 0, burst: 60)))
        var alice = try scene.controller()
        for _ in 0..<40 { try alice.interact() }
        _ = await scene.put(try alice.log(receiptedBy: []))
        var answers = 0
        while await scene.get("/oobi/\(alice.aid)").status == 200, answers < 60 { answers += 1 }
        #expect((1...20).contains(answers))
    }

    @Test func networksOfSources() {
        #expect(RateLimiter.network(of: "192.0.2.1") == "192.0.2.1")
        #expect(RateLimiter.network(of: "::ffff:192.0.2.1") == "::ffff:192.0.2.1")
        #expect(RateLimiter.network(of: "2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64")
        #expect(RateLimiter.network(of: "2001:db8:1:2::6") == "2001:db8:1:2::/64")
        #expect(RateLimiter.network(of: "2001:db8::3:4:5:6") == "2001:db8:0:0::/64")
        #expect(RateLimiter.network(of: "fe80::1%eth0") == "fe80:0:0:0::/64")
    }

    @Test func onlyBusySourcesTakeMemory() {
        let limiter = RateLimiter(RequestRate(perSecond: 1, burst: 2, sources: 8))
        let now = Timestamp(seconds: 0)
        // More than fit: those that rested longest are forgotten, and the busy one is not.
        for number in 0..<8 { #expect(limiter.admits("old \(number)", at: now)) }
        let later = now.advanced(bySeconds: 1)
        #expect(limiter.admits("busy", at: later) && limiter.admits("busy", at: later))
        for number in 0..<6 { #expect(limiter.admits("new \(number)", at: later)) }
        #expect(!limiter.admits("busy", at: later))
    }
}

/// Bytes over TCP (facts 10).
struct WitnessStreamTests {
    @Test func newEventsAreAnsweredByAnIntroductionAndReceipts() async throws {
        let scene = try WitnessScene()
        let talk = WitnessStream(scene.witness).open(from: "192.0.2.1")
        var alice = try scene.controller()
        try alice.interact()
        var sent: [UInt8] = []
        for signed in alice.events {
            sent += signed.event.bytes + (try signed.attachments.encoded(in: .text, isWrapped: true))
        }
        var received: [UInt8] = []
        for start in stride(from: 0, to: sent.count, by: 50) {
            received += try #require(await talk.receive(Array(sent[start..<min(sent.count, start + 50)])))
        }
        var reader = StreamReader()
        var parser = MessageParser()
        var kinds: [MessageKind] = []
        while case .message(let frame) = reader.next(in: received.span) {
            kinds.append(try parser.parse(received.span.extracting(frame.bodyRange), version: frame.version).kind)
        }
        #expect(kinds == [.inception, .receipt, .receipt])
        // Who sends events again gets the same receipts again, but no second introduction.
        let again = try #require(await talk.receive(sent))
        #expect(received.suffix(again.count) == again[...])
        let (body, attachments) = try WitnessScene.query(
            "logs", ["i": .text(alice.aid.text), "src": .text(scene.witness.aid.text)], by: alice,
            dated: scene.clock.now())
        let answer = await talk.receive(body + (try attachments.encoded(in: .text, isWrapped: true)))
        #expect(answer == (try LogReplay.stream(of: alice.aid, from: scene.store)))
        #expect(scene.mail(alice.aid, "/replay").isEmpty)
    }

    @Test func whoSendsRubbishIsLeft() async throws {
        let scene = try WitnessScene()
        let talk = WitnessStream(scene.witness).open(from: "192.0.2.1")
        var alice = try scene.controller()
        try alice.interact()
        let message = try alice.events[0].attachments.following(alice.events[0].event.bytes)
        var isOver = false
        for _ in 0..<40 where !isOver {
            isOver = await talk.receive(Array("rubbish ".utf8) + message.prefix(400)) == nil
        }
        #expect(isOver)
        #expect(await scene.get("/oobi").status == 200)
    }

    @Test func whoSendsTooMuchIsLeft() async throws {
        let scene = try WitnessScene(WitnessPolicy(rate: RequestRate(perSecond: 0, burst: 1)))
        let talk = WitnessStream(scene.witness).open(from: "192.0.2.1")
        let alice = try scene.controller()
        let message =
            alice.latest.event.bytes + (try alice.latest.attachments.encoded(in: .text, isWrapped: true))
        #expect(await talk.receive(message)?.isEmpty == false)
        #expect(await talk.receive(message) == nil)
    }
}

/// Writers that share transactions.
struct WriteQueueTests {
    private struct Refused: Error {}

    @Test func eachIsUndoneAlone() async throws {
        let store = MemoryKeyEventStore()
        let queue = WriteQueue(store, most: 8)
        let keys = try (0..<60).map { try WatchedController.key("k\($0)", isTransferable: false).watchedAID }
        let failures = await withTaskGroup(of: Bool.self) { group in
            for (number, aid) in keys.enumerated() {
                group.addTask {
                    do {
                        try await queue.run { transaction in
                            transaction.putReply(
                                ReplyRecord(
                                    key: ReplyKey(route: "/test", aid: aid, detail: ""),
                                    dated: Timestamp(seconds: 0), signerSn: nil, value: "", message: []))
                            if number % 7 == 0 { throw Refused() }
                        }
                        return false
                    } catch { return true }
                }
                if number % 10 == 0 {
                    group.addTask { (try? await queue.runAlone { try store.read { _ in true } }) != true }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 9)
        for (number, aid) in keys.enumerated() {
            #expect(try store.read { $0.replies(of: aid).count } == (number % 7 == 0 ? 0 : 1))
        }
    }
}
