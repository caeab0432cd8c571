// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI
@testable import KERINetwork

/// Event streams of mailboxes (facts 9.5).
struct WitnessMailboxTests {
    private func scene(
        _ policy: WitnessPolicy = WitnessPolicy()
    ) async throws -> (WitnessScene, WatchedController) {
        let scene = try WitnessScene(policy)
        let alice = try scene.controller()
        _ = try await scene.post("/", alice.latest.event.bytes, alice.latest.attachments)
        return (scene, alice)
    }

    @Test func messagesComeInOrderAndAsTheyArrive() async throws {
        let (scene, alice) = try await scene()
        let answer = try await scene.openMailbox(of: alice, ["/receipt": 0, "/replay": 0])
        #expect(answer.status == 200)
        #expect(answer.header("content-type") == "text/event-stream")
        var events = try #require(answer.events).makeAsyncIterator()
        #expect(await events.next() == ServerSentEvent(retry: 5000))
        let receipt = String(decoding: scene.mail(alice.aid, "/receipt")[0], as: UTF8.self)
        #expect(
            await events.next() == ServerSentEvent(id: "0", name: "/receipt", data: receipt, retry: 5000))
        #expect(scene.witness.metrics.streams == 1)
        // The next one is waited for.
        #expect(try await scene.ask("logs", about: alice.aid, by: alice).status == 204)
        let next = await events.next()
        #expect(next?.id == "0" && next?.name == "/replay")
        #expect(try await scene.ask("logs", about: alice.aid, by: alice).status == 204)
        #expect(await events.next()?.id == "1")
        // Another reader goes on where it stopped.
        var later = try #require(try await scene.openMailbox(of: alice, ["/replay": 1]).events).makeAsyncIterator()
        #expect(await later.next()?.retry == 5000)
        #expect(await later.next()?.id == "1")
    }

    @Test func somethingComesWhenNothingDoes() async throws {
        let (scene, alice) = try await scene()
        let events = try #require(try await scene.openMailbox(of: alice, ["/credential": 0]).events)
        let reader = Task { () -> [ServerSentEvent] in
            var found: [ServerSentEvent] = []
            for await event in events {
                found.append(event)
                if found.count == 2 { break }
            }
            return found
        }
        await scene.clock.someoneSleeps()
        scene.clock.advance(by: .seconds(15))
        #expect(await reader.value == [ServerSentEvent(retry: 5000), ServerSentEvent(retry: 5000)])
    }

    @Test func aReaderThatLeavesEndsItsStream() async throws {
        let (scene, alice) = try await scene()
        let events = try #require(try await scene.openMailbox(of: alice, ["/credential": 0]).events)
        let reader = Task {
            var count = 0
            for await _ in events { count += 1 }
            return count
        }
        await scene.clock.someoneSleeps()
        reader.cancel()
        #expect(await reader.value == 1)
    }

    @Test func onlyItsOwnerReadsAMailbox() async throws {
        let (scene, alice) = try await scene()
        let bob = try WatchedController("bob")
        _ = await scene.put(try bob.log(receiptedBy: []))
        #expect(try await scene.openMailbox(of: alice, ["/receipt": 0], by: bob).status == 403)
        let evil = try WatchedController.key("evil")
        #expect(try await scene.openMailbox(of: alice, ["/receipt": 0], key: evil).status == 400)
        let (body, _) = try WitnessScene.query(
            "mbx", ["pre": .text(alice.aid.text), "topics": .map(["/receipt": 0]), "i": .text(alice.aid.text)],
            by: alice, dated: scene.clock.now())
        #expect(try await scene.post("/", body, Attachments()).status == 403)
        let stranger = try WatchedController("stranger")
        #expect(try await scene.openMailbox(of: stranger, ["/receipt": 0]).status == 404)
    }

    @Test func anOverheardQueryIsOfNoUseForLong() async throws {
        let (scene, alice) = try await scene()
        #expect(try await scene.openMailbox(of: alice, ["/receipt": 0], age: 900).status == 200)
        #expect(try await scene.openMailbox(of: alice, ["/receipt": 0], age: 901).status == 403)
        #expect(try await scene.openMailbox(of: alice, ["/receipt": 0], age: -901).status == 403)
    }

    @Test func aQueryForAnotherWitnessIsOfNoUseHere() async throws {
        let (scene, alice) = try await scene()
        for (src, status) in [(scene.witness.aid.text, 200), (alice.aid.text, 403), ("", 403)] {
            let (body, attachments) = try WitnessScene.query(
                "mbx",
                [
                    "pre": .text(alice.aid.text), "topics": .map(["/receipt": 0]), "i": .text(alice.aid.text),
                    "src": .text(src),
                ], by: alice, dated: scene.clock.now())
            #expect(try await scene.post("/", body, attachments).status == status)
        }
    }

    @Test func malformedTopics() async throws {
        let (scene, alice) = try await scene()
        #expect(try await scene.openMailbox(of: alice, ["/receipt": "0"]).status == 400)
        #expect(try await scene.openMailbox(of: alice, ["/receipt": -1]).status == 400)
        var many = OrderedMap()
        for number in 0..<65 { many["/t\(number)"] = 0 }
        #expect(try await scene.openMailbox(of: alice, many).status == 400)
    }

    @Test func placesAreCountedAndGivenBack() async throws {
        let (scene, alice) = try await scene(
            WitnessPolicy(streams: MailboxStreamLimits(total: 3, perSource: 2)))
        var open: [ServiceResponse] = []
        for _ in 0..<2 { open.append(try await scene.openMailbox(of: alice, ["/receipt": 0])) }
        #expect(open.allSatisfy { $0.status == 200 })
        #expect(try await scene.openMailbox(of: alice, ["/receipt": 0]).status == 429)
        #expect(scene.witness.metrics.streams == 2)
        open.removeLast()
        #expect(scene.witness.metrics.streams == 1)
        open.append(try await scene.openMailbox(of: alice, ["/receipt": 0]))
        #expect(open.last?.status == 200)
        // Another source has places, until all are taken.
        let (body, attachments) = try WitnessScene.query(
            "mbx", ["pre": .text(alice.aid.text), "topics": .map(["/receipt": 0]), "i": .text(alice.aid.text)],
            by: alice, dated: scene.clock.now())
        open.append(try await scene.post("/", body, attachments, source: "192.0.2.2"))
        #expect(open.last?.status == 200)
        #expect(try await scene.post("/", body, attachments, source: "192.0.2.3").status == 429)
    }
}
