// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI
@testable import KERINetwork

/// Receipts for what was accepted and nothing else (facts 8, 10).
struct WitnessReceiptTests {
    @Test func aNewEventIsReceiptedAndTheSameReceiptGivenAgain() async throws {
        let scene = try WitnessScene()
        var alice = try scene.controller()
        let first = try await scene.receipt(alice.latest)
        #expect(first.status == 200)
        #expect(first.header("content-type") == "application/json+cesr")
        #expect(try first.receipts(alice.latest.event, by: scene.keys[0]))
        #expect(try scene.record(alice.latest.event)?.proof.witnessSignatures.count == 1)
        #expect(try await scene.receipt(alice.latest).bytes == first.bytes)
        try alice.interact()
        #expect(try await scene.receipt(alice.latest).receipts(alice.latest.event, by: scene.keys[0]))
        try alice.rotate()
        #expect(try await scene.receipt(alice.latest).receipts(alice.latest.event, by: scene.keys[0]))
        #expect(scene.witness.metrics.outcomes == [.receipted: 3, .repeated: 1])
        #expect(scene.witness.metrics.buckets.last == 4)
    }

    @Test func attachmentsMayFollowTheBody() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller()
        let message = try alice.latest.attachments.following(alice.latest.event.bytes)
        let answer = await scene.endpoint.respond(
            to: WitnessScene.request("POST", "/receipts", body: message, type: "application/cesr; charset=utf-8"))
        #expect(try answer.receipts(alice.latest.event, by: scene.keys[0]))
    }

    @Test func whatIsNoEventForAReceipt() async throws {
        let scene = try WitnessScene()
        let alice = try scene.controller()
        let event = alice.latest.event
        let text = String(decoding: try alice.latest.attachments.encoded(in: .text), as: UTF8.self)
        let wrongType = await scene.endpoint.respond(
            to: WitnessScene.request(
                "POST", "/receipts", body: event.bytes, attachments: text, type: "application/json"))
        #expect(wrongType.status == 406)
        let noType = await scene.endpoint.respond(
            to: WitnessScene.request("POST", "/receipts", body: event.bytes, attachments: text, type: nil))
        #expect(noType.status == 406)
        let noHeader = await scene.endpoint.respond(
            to: WitnessScene.request("POST", "/receipts", body: event.bytes))
        #expect(noHeader.status == 412)
        #expect(noHeader.header("content-type") == "application/json")
        #expect(noHeader.text.hasPrefix("{\"title\":\"Precondition Failed\",\"description\":"))
        let receipt = try MessageBuilder.receipt(of: EventSeal(aid: event.aid, sn: event.sn, said: event.said))
        #expect(try await scene.post("/receipts", receipt, alice.latest.attachments).status == 400)
        let two = try alice.latest.attachments.following(event.bytes)
        let twice = await scene.endpoint.respond(
            to: WitnessScene.request("POST", "/receipts", body: two + two, type: "application/cesr"))
        #expect(twice.status == 400)
        let none = await scene.endpoint.respond(
            to: WitnessScene.request("POST", "/receipts", type: "application/cesr"))
        #expect(none.status == 400)
        #expect(await scene.endpoint.respond(to: WitnessScene.request("DELETE", "/receipts")).status == 405)
        #expect(try scene.sn(of: alice.aid) == nil)
        #expect(scene.witness.metrics.outcomes == [.malformed: 5, .refused: 1])
    }

    @Test func nobodyIsReceiptedWhoDoesNotNameThisWitness() async throws {
        let scene = try WitnessScene()
        let other = try WatchedController("other", witnesses: [scene.keys[1]], threshold: 1)
        #expect(try await scene.receipt(other.latest).status == 400)
        #expect(try scene.store.read { $0.escrowCount(aid: nil) } == 0)
        let bare = try WatchedController("bare")
        #expect(try await scene.receipt(bare.latest).status == 400)
        #expect(try scene.sn(of: bare.aid) == nil)
        // A rotation that cuts this witness is the business of those that stay.
        let alice = try scene.controller()
        _ = try await scene.receipt(alice.latest)
        let cut = try EventBuilder.rotation(
            of: alice.state,
            Establishment(
                signingThreshold: .count(1), keys: alice.next.map(\.verificationKey), nextThreshold: .count(0),
                nextDigests: [], witnessesCut: [scene.witness.aid]))
        var attachments = Attachments()
        attachments.controllerSignatures = [try alice.next[0].indexedSignature(over: cut.bytes, index: 0)]
        #expect(try await scene.post("/receipts", cut.bytes, attachments).status == 400)
        #expect(try scene.sn(of: alice.aid) == .zero)
        // Brought as a message it is followed, for nobody else's receipts are needed any more; still without receipt.
        #expect(try await scene.post("/", cut.bytes, attachments).status == 204)
        #expect(try scene.sn(of: alice.aid) == SequenceNumber(1))
        #expect(try scene.record(cut)?.proof.witnessSignatures.isEmpty == true)
    }

    /// The abuse of `witness_equivocate.py`, which keripy's witnesses fall for.
    @Test func whatWasNotAcceptedGetsNoReceipt() async throws {
        let scene = try WitnessScene()
        let evil = try WatchedController.key("evil")
        var alice = try scene.controller()
        _ = try await scene.receipt(alice.latest)
        var branch = alice
        try alice.interact()
        let honest = try await scene.receipt(alice.latest)
        try branch.interact(["d": .text("another")])
        func signed(_ event: KeyEvent, by key: CreatedKey) throws -> Attachments {
            var attachments = Attachments()
            attachments.controllerSignatures = [try key.indexedSignature(over: event.bytes, index: 0)]
            return attachments
        }
        let other = branch.latest.event
        for key in [evil, branch.keys[0]] {
            let answer = try await scene.post("/receipts", other.bytes, try signed(other, by: key))
            #expect((400...409).contains(answer.status))
        }
        #expect(try await scene.receipt(branch.latest).status == 409)
        #expect(try scene.record(other) == nil)
        try branch.interact()
        try branch.interact()
        let far = branch.latest.event
        let farAnswer = try await scene.post("/receipts", far.bytes, try signed(far, by: evil))
        #expect(farAnswer.status != 200)
        #expect(!farAnswer.text.contains("-CAB"))
        #expect(try await scene.receipt(alice.latest).bytes == honest.bytes)
        let stolen = try scene.controller("stolen").latest.event
        #expect(try await scene.post("/receipts", stolen.bytes, try signed(stolen, by: evil)).status == 400)
        #expect(try scene.sn(of: stolen.aid) == nil)
    }

    /// The abuse of `witness_hang.py`, and every other way of cutting off what is sent.
    @Test func whatIsCutOffIsRefusedAndNobodyHangs() async throws {
        let scene = try WitnessScene(WitnessPolicy(rate: RequestRate(perSecond: 1e6, burst: 1e6)))
        let alice = try scene.controller()
        let body = alice.latest.event.bytes
        let text = String(decoding: try alice.latest.attachments.encoded(in: .text), as: UTF8.self)
        let hang = await scene.endpoint.respond(
            to: WitnessScene.request("POST", "/receipts", body: body, attachments: "-AABAA"))
        #expect(hang.status == 400)
        for length in 0..<text.utf8.count {
            let answer = await scene.endpoint.respond(
                to: WitnessScene.request("POST", "/receipts", body: body, attachments: String(text.prefix(length))))
            #expect(answer.status == 400)
        }
        for length in stride(from: 0, to: body.count, by: 7) {
            for path in ["/receipts", "/"] {
                let answer = await scene.endpoint.respond(
                    to: WitnessScene.request("POST", path, body: Array(body.prefix(length)), attachments: text))
                #expect(answer.status == 400)
            }
        }
        let whole = body + Array(text.utf8)
        for length in stride(from: 1, to: whole.count, by: 5) {
            #expect(await scene.put(Array(whole.prefix(length))).status == 400 || length == body.count)
        }
        #expect(try scene.sn(of: alice.aid) == nil)
        #expect(await scene.get("/oobi").status == 200)
        #expect(try await scene.receipt(alice.latest).status == 200)
    }

    @Test func whatWaitsIsNotReceipted() async throws {
        let scene = try WitnessScene()
        var alice = try scene.controller()
        let inception = alice.latest
        try alice.interact()
        let early = try await scene.receipt(alice.latest)
        #expect(early.status == 202)
        #expect(early.text.contains("out-of-order"))
        #expect(try scene.record(alice.latest.event) == nil)
        // What comes before it wakes it; its receipt is fetched or found in the mailbox.
        #expect(try await scene.receipt(inception).status == 200)
        #expect(try scene.sn(of: alice.aid) == SequenceNumber(1))
        #expect(try scene.record(alice.latest.event)?.proof.witnessSignatures.count == 1)
        #expect(scene.mail(alice.aid, "/receipt").count == 1)
        #expect(try await scene.receipt(alice.latest).receipts(alice.latest.event, by: scene.keys[0]))
    }

    @Test func onlyARecoveryIsReceiptedForAPlaceThatHasAReceipt() async throws {
        let scene = try WitnessScene()
        var alice = try scene.controller()
        _ = try await scene.receipt(alice.latest)
        var owner = alice
        var third = alice
        let stolen = try alice.interact()
        let former = try await scene.receipt(stolen)
        try third.interact(["d": .text("never seen")])
        try owner.rotate()
        #expect(try await scene.receipt(owner.latest).receipts(owner.latest.event, by: scene.keys[0]))
        #expect(try scene.sn(of: alice.aid) == SequenceNumber(1))
        // The receipt that was given stands; a new one for what is no longer in force is not made.
        #expect(try await scene.receipt(stolen).bytes == former.bytes)
        #expect(try await scene.receipt(third.latest).status != 200)
        #expect(try await scene.receipt(owner.latest).status == 200)
    }

    @Test func aRestartForgetsNothing() async throws {
        let scene = try WitnessScene()
        var alice = try scene.controller()
        _ = try await scene.receipt(alice.latest)
        var branch = alice
        try alice.interact()
        let receipt = try await scene.receipt(alice.latest)
        try branch.interact(["d": .text("another")])
        let again = try scene.restarted()
        func ask(_ signed: SignedEvent) async throws -> ServiceResponse {
            let text = String(decoding: try signed.attachments.encoded(in: .text), as: UTF8.self)
            return await again.respond(
                to: WitnessScene.request("POST", "/receipts", body: signed.event.bytes, attachments: text))
        }
        #expect(try await ask(alice.latest).bytes == receipt.bytes)
        #expect(try await ask(branch.latest).status == 409)
        #expect(try scene.sn(of: scene.witness.aid) == .zero)
        #expect(try scene.store.read { $0.records(of: scene.witness.aid, from: 0, limit: 9).count } == 1)
    }

    @Test func onlyThoseOnTheListAreServed() async throws {
        let alice = try WatchedController("controller", witnesses: WatchedController.witnesses(1), threshold: 1)
        let scene = try WitnessScene(WitnessPolicy(controllers: [alice.aid]))
        let mallory = try scene.controller("mallory")
        #expect(try await scene.receipt(alice.latest).status == 200)
        #expect(try await scene.receipt(mallory.latest).status == 403)
        // Others are followed as by one who is no witness: with the receipts that they need.
        #expect(try await scene.post("/", mallory.latest.event.bytes, mallory.latest.attachments).status == 204)
        #expect(try scene.sn(of: mallory.aid) == nil)
        try await scene.witness.resume()
        #expect(try scene.sn(of: mallory.aid) == nil)
        let bare = try WatchedController("bare")
        #expect(try await scene.post("/", bare.latest.event.bytes, bare.latest.attachments).status == 204)
        #expect(try scene.sn(of: bare.aid) == .zero)
        let (body, attachments) = try scene.forward(
            alice.latest.event.bytes, try alice.latest.attachments.encoded(in: .text), to: bare.aid.text, by: bare)
        #expect(try await scene.post("/", body, attachments).status == 400)
        #expect(scene.mail(bare.aid, "/credential").isEmpty)
    }

    @Test func manyAtOnce() async throws {
        let scene = try WitnessScene()
        let controllers = try (0..<40).map { try scene.controller("c\($0)") }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for one in controllers + controllers {
                group.addTask { try await scene.receipt(one.latest).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.allSatisfy { $0 == 200 } && statuses.count == 80)
        for one in controllers {
            #expect(try scene.record(one.latest.event)?.proof.witnessSignatures.count == 1)
        }
        #expect(scene.witness.metrics.outcomes == [.receipted: 40, .repeated: 40])
    }

    @Test func aWitnessHasAKeyThatStays() throws {
        let clock = WatchClock()
        #expect(throws: WitnessError.self) {
            try Witness(
                key: WatchedController.key("k"), store: MemoryKeyEventStore(), mailboxes: MemoryMailboxStore(),
                clock: clock)
        }
        let seed = DigestAlgorithm.blake3_256.digest(Array("r1".utf8).span)
        let key = try CreatedKey(
            seed: SecretBytes(copying: seed.span), algorithm: .secp256r1, isTransferable: false)
        #expect(throws: WitnessError.self) {
            try Witness(key: key, store: MemoryKeyEventStore(), mailboxes: MemoryMailboxStore(), clock: clock)
        }
    }

    @Test func storedReceipts() async throws {
        let scene = try WitnessScene()
        var alice = try scene.controller(witnesses: 3, threshold: 2)
        _ = try await scene.receipt(alice.latest)
        #expect(try await scene.bring(alice.latest, by: [1, 2]).status == 200)
        for _ in 0..<11 {
            try alice.interact()
            _ = try await scene.receipt(alice.latest)
        }
        let aid = alice.aid.text
        let first = await scene.get("/receipts", ("pre", aid), ("sn", "0"))
        #expect(first.status == 200)
        #expect(try StoredMessage(first.bytes).attachments.witnessSignatures.count == 3)
        let tenth = await scene.get("/receipts", ("pre", aid), ("sn", "10"))
        guard case .receipt(let receipt) = try StoredMessage(tenth.bytes).message else {
            Issue.record("no receipt")
            return
        }
        #expect(receipt.event.said == alice.events[10].event.said)
        let said = alice.events[3].event.said.text
        #expect(await scene.get("/receipts", ("pre", aid), ("said", said)).status == 200)
        #expect(await scene.get("/receipts", ("pre", aid), ("sn", "3"), ("said", said)).status == 200)
        #expect(await scene.get("/receipts", ("pre", aid), ("sn", "4"), ("said", said)).status == 404)
        #expect(await scene.get("/receipts", ("pre", aid), ("sn", "12")).status == 404)
        let unknown = try scene.controller("unknown").aid.text
        #expect(await scene.get("/receipts", ("pre", aid), ("said", unknown)).status == 404)
        #expect(await scene.get("/receipts", ("pre", scene.keys[1].watchedAID.text), ("sn", "0")).status == 404)
        #expect(await scene.get("/receipts", ("pre", aid)).status == 400)
        #expect(await scene.get("/receipts", ("pre", "nobody"), ("sn", "0")).status == 400)
        #expect(await scene.get("/receipts", ("pre", aid), ("sn", "a")).status == 400)
        #expect(await scene.get("/receipts", ("pre", aid), ("said", "x")).status == 400)
    }
}
