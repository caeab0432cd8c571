// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI
@testable import KERINetwork

/// Messages that are no requests for receipts: events, receipts of others, replies, queries, forwarding (facts 9, 10).
struct WitnessMessageTests {
    @Test func whoPostsAnEventFindsItsReceiptInTheMailboxOnce() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller()
        for _ in 0..<3 {
            #expect(try await scene.post("/", alice.latest.event.bytes, alice.latest.attachments).status == 204)
        }
        let mail = scene.mail(alice.aid, "/receipt")
        #expect(mail.count == 1)
        let stored = try StoredMessage(mail[0])
        #expect(stored.attachments.nonTransferableReceipts.count == 1)
        let bad = try scene.controller("bad").latest
        #expect(try await scene.post("/", bad.event.bytes, alice.latest.attachments).status == 400)
        #expect(
            await scene.endpoint.respond(
                to: WitnessScene.request("POST", "/", body: alice.latest.event.bytes)
            ).status == 412)
    }

    @Test func streamsOfManyMessages() async throws {
        let scene = try WitnessScene(WitnessPolicy(maximumMessages: 4))
        var alice = try scene.controller()
        try alice.interact()
        try alice.rotate()
        let stream = try alice.log(receiptedBy: [])
        #expect(await scene.put(stream).status == 204)
        #expect(try scene.sn(of: alice.aid) == SequenceNumber(2))
        try alice.interact()
        try alice.interact()
        #expect(await scene.put(try alice.log(receiptedBy: [])).status == 400)
        #expect(await scene.put([]).status == 204)
        let wrong = await scene.endpoint.respond(
            to: WitnessScene.request("PUT", "/", body: stream, type: "text/plain"))
        #expect(wrong.status == 406)
    }

    @Test func repliesAreKeptAndOlderOnesRefused() async throws {
        let scene = try WitnessScene()
        func say(_ url: String, _ second: Int64) async throws -> Int {
            let message = try scene.keys[1].reply(
                "/loc/scheme",
                ["eid": .text(scene.keys[1].watchedAID.text), "scheme": "http", "url": .text(url)],
                dated: Timestamp(seconds: 1_759_999_000 + second))
            let stored = try StoredMessage(message)
            guard case .reply(let reply) = stored.message else { return 0 }
            return try await scene.post("/", reply.bytes, stored.attachments).status
        }
        #expect(try await say("http://one.test:1/", 1) == 204)
        #expect(try await say("http://one.test:1/", 1) == 204)
        #expect(try await say("http://two.test:1/", 2) == 204)
        #expect(try await say("http://one.test:1/", 1) == 409)
        #expect(try await say("ftp://x/", 3) == 400)
        #expect(try await say("http://three.test:1/", 99_999_999) == 400)
    }

    @Test func logsAndKeyStatesGoToTheMailboxOfWhoAsks() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller()
        let bob = try WatchedController("bob")
        _ = try await scene.receipt(alice.latest)
        #expect(await scene.put(try bob.log(receiptedBy: [])).status == 204)
        #expect(try await scene.ask("logs", about: alice.aid, by: bob).status == 204)
        #expect(try await scene.ask("ksn", about: alice.aid, by: bob).status == 204)
        let replay = scene.mail(bob.aid, "/replay")
        #expect(replay.count == 1)
        #expect(replay.first == (try LogReplay.stream(of: alice.aid, from: scene.store)))
        let notice = try StoredMessage(try #require(scene.mail(bob.aid, "/reply").first))
        guard case .reply(let reply) = notice.message else {
            Issue.record("no reply")
            return
        }
        #expect(reply.route == "/ksn/\(scene.witness.aid)")
        let state = try #require(try scene.store.read { $0.keyState(of: alice.aid) })
        #expect(reply.payload == state.record)
        let verifier = EventProcessor(store: MemoryKeyEventStore())
        _ = try verifier.process(
            .keyEvent(alice.latest.event), with: StoredMessage(replay[0]).attachments, now: scene.clock.now())
        #expect(
            try verifier.process(notice.message, with: notice.attachments, now: scene.clock.now()) == .verified)
    }

    @Test func queriesAreAnsweredToWhoSignedThem() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller()
        let bob = try WatchedController("bob")
        _ = try await scene.receipt(alice.latest)
        _ = await scene.put(try bob.log(receiptedBy: []))
        let (body, attachments) = try WitnessScene.query(
            "logs", ["i": .text(alice.aid.text), "src": .text(scene.witness.aid.text)], by: bob,
            dated: scene.clock.now(), key: WatchedController.key("evil"))
        #expect(try await scene.post("/", body, attachments).status == 400)
        #expect(try await scene.post("/", body, Attachments()).status == 400)
        #expect(scene.mail(bob.aid, "/replay").isEmpty)
        // Whoever has no log here has no mailbox.
        let nobody = try WatchedController.key("nobody", isTransferable: false)
        var couple = Attachments()
        couple.nonTransferableReceipts = [
            NonTransferableReceipt(
                key: nobody.verificationKey.primitive,
                signature: try Primitive(code: .ed25519Signature, raw: try nobody.signingKey.sign(body.span)))
        ]
        #expect(try await scene.post("/", body, couple).status == 204)
        #expect(scene.mail(nobody.watchedAID, "/replay").isEmpty)
    }

    @Test func aQueryWaitsForTheLogAndItsReceipts() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller(witnesses: 3, threshold: 2)
        let bob = try WatchedController("bob")
        _ = await scene.put(try bob.log(receiptedBy: []))
        #expect(try await scene.ask("logs", about: alice.aid, by: bob).status == 204)
        _ = try await scene.receipt(alice.latest)
        #expect(scene.mail(bob.aid, "/replay").isEmpty)
        #expect(try await scene.bring(alice.latest, by: [1]).status == 200)
        #expect(scene.mail(bob.aid, "/replay").count == 1)
        #expect(try scene.store.read { $0.escrowCount(aid: nil) } == 0)
    }

    @Test func aParkedQueryIsDroppedInTime() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller(witnesses: 3, threshold: 2)
        let bob = try WatchedController("bob")
        _ = await scene.put(try bob.log(receiptedBy: []))
        _ = try await scene.receipt(alice.latest)
        #expect(try await scene.ask("logs", about: alice.aid, by: bob).status == 204)
        scene.clock.advance(by: .seconds(200))
        try await scene.witness.resume()
        try await scene.witness.expire()
        #expect(try scene.store.read { $0.escrowCount(aid: nil) } == 1)
        scene.clock.advance(by: .seconds(101))
        try await scene.witness.expire()
        #expect(try scene.store.read { $0.escrowCount(aid: nil) } == 0)
    }

    @Test func aQueryThatIsTooOldIsNotParked() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller(witnesses: 3, threshold: 2)
        let bob = try WatchedController("bob")
        _ = await scene.put(try bob.log(receiptedBy: []))
        _ = try await scene.receipt(alice.latest)
        let (body, attachments) = try WitnessScene.query(
            "logs", ["i": .text(alice.aid.text), "src": .text(scene.witness.aid.text)], by: bob,
            dated: scene.clock.now().advanced(bySeconds: -301))
        #expect(try await scene.post("/", body, attachments).status == 204)
        #expect(try scene.store.read { $0.escrowCount(aid: nil) } == 0)
    }

    @Test func whatAnEarlierProcessLeftIsDecidedAbout() async throws {
        let scene = try WitnessScene()
        var alice = try scene.controller()
        let inception = alice.latest
        try alice.interact()
        #expect(try await scene.receipt(alice.latest).status == 202)
        // The process ended before it could wake what waited for this.
        let processor = EventProcessor(
            store: scene.store, policy: ProcessingPolicy(witnessing: [scene.witness.aid]))
        _ = try processor.process(.keyEvent(inception.event), with: inception.attachments, now: scene.clock.now())
        let old = scene.clock.now().advanced(bySeconds: -8 * 86_400)
        _ = try scene.boxes.append([0x7B], to: Mailbox(recipient: alice.aid, topic: "/old"), now: old)
        let work = Task { await scene.witness.maintain() }
        await scene.clock.someoneSleeps()
        #expect(try scene.sn(of: alice.aid) == SequenceNumber(1))
        #expect(scene.mail(alice.aid, "/receipt").count == 1)
        #expect(scene.mail(alice.aid, "/old").isEmpty)
        work.cancel()
        await work.value
    }

    @Test func delegatesAreReceiptedAheadOfTheirDelegator() async throws {
        let scene = try WitnessScene()
        var delegator = try WatchedController("delegator")
        let delegate = try scene.controller("delegate", delegator: delegator.aid)
        let event = delegate.latest.event
        #expect(try await scene.receipt(delegate.latest).receipts(event, by: scene.keys[0]))
        try delegator.interact(EventSeal(aid: event.aid, sn: event.sn, said: event.said).value)
        #expect(await scene.put(try delegator.log(receiptedBy: [])).status == 204)
        #expect(try scene.sn(of: delegate.aid) == .zero)
        #expect(try await scene.receipt(delegate.latest).receipts(event, by: scene.keys[0]))
        // The log of the delegator comes first.
        let shown = await scene.get("/oobi/\(delegate.aid)")
        #expect(shown.status == 200)
        #expect(try StoredMessage(shown.bytes).message.subject?.aid == delegator.aid)
    }

    // MARK: Forwarding

    @Test(arguments: [true, false]) func forwardedMessagesWaitForTheirRecipient(namesRecipient: Bool) async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller()
        let bob = try WatchedController("bob")
        _ = try await scene.receipt(alice.latest)
        _ = await scene.put(try bob.log(receiptedBy: []))
        let inner = try bob.latest.attachments.encoded(in: .text)
        let (body, attachments) = try scene.forward(
            bob.latest.event.bytes, inner, to: alice.aid.text, by: bob, namesRecipient: namesRecipient)
        #expect(try await scene.post("/", body, attachments).status == 204)
        #expect(scene.mail(alice.aid, "/credential") == [bob.latest.event.bytes + inner])
        // Anybody could send it again.
        #expect(try await scene.post("/", body, attachments).status == 204)
        #expect(scene.mail(alice.aid, "/credential").count == 1)
    }

    @Test func whatCanNotBeForwarded() async throws {
        let scene = try WitnessScene(WitnessPolicy(maximumMail: 600))
        let alice = try scene.controller()
        let bob = try WatchedController("bob")
        _ = try await scene.receipt(alice.latest)
        _ = await scene.put(try bob.log(receiptedBy: []))
        let inner = try bob.latest.attachments.encoded(in: .text)
        func send(
            _ embedded: [UInt8], _ inner: [UInt8], to recipient: String? = nil, topic: String = "credential"
        ) async throws -> Int {
            let (body, attachments) = try scene.forward(
                embedded, inner, to: recipient ?? alice.aid.text, topic: topic, by: bob)
            return try await scene.post("/", body, attachments).status
        }
        let event = bob.latest.event.bytes
        #expect(try await send(event, inner, topic: "") == 400)
        #expect(try await send(event, inner, topic: "Evil topic") == 400)
        #expect(try await send(event, inner, topic: String(repeating: "a", count: 65)) == 400)
        #expect(try await send(event, inner, to: "nobody") == 400)
        #expect(try await send(event, inner, to: scene.keys[2].watchedAID.text) == 503)
        #expect(try await send(event, inner + inner + inner + inner + inner) == 400)
        #expect(try await send(event, Array("-AABAAAA".utf8)) == 400)
        #expect(try await send(Array("{\"v\":\"x\"}".utf8), inner) == 400)
        #expect(try await send(event, inner + Array("{\"v\"".utf8)) == 400)
        #expect(scene.mail(alice.aid, "/credential").isEmpty)
        let binary = try bob.latest.attachments.encoded(in: .binary)
        #expect(try await send(event, binary + binary + binary + binary) == 400)
        #expect(try await send(event, inner) == 204)
    }

    @Test func messagesOfStrangersWaitForTheirLog() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller()
        let bob = try WatchedController("bob")
        _ = try await scene.receipt(alice.latest)
        let inner = try bob.latest.attachments.encoded(in: .text)
        let (body, attachments) = try scene.forward(bob.latest.event.bytes, inner, to: alice.aid.text, by: bob)
        #expect(try await scene.post("/", body, attachments).status == 204)
        #expect(scene.mail(alice.aid, "/credential").isEmpty)
        _ = await scene.put(try bob.log(receiptedBy: []))
        #expect(scene.mail(alice.aid, "/credential").count == 1)
    }
}
