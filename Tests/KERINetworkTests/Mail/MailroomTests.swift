// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

@testable import KERINetwork

/// What mailboxes hold reaches whoever acts on it, and what is strange stops nobody.
struct MailroomTests {
    private func pair() async throws -> (alice: NetworkMember, bob: NetworkMember) {
        let network = try GroupNetwork(2)
        let (alice, bob) = (try await NetworkMember("alice", network), try await NetworkMember("bob", network))
        try await alice.incept()
        try await bob.incept()
        try await alice.meet(bob)
        try await bob.meet(alice)
        return (alice, bob)
    }

    @Test func `Unknown routes and refused requests are passed over`() async throws {
        let (alice, bob) = try await pair()
        for (route, payload) in [
            ("/nobody/reads/this", [:]), ("/delegate/request", ["delpre": "x"]), ("/challenge/response", ["i": "x"]),
        ] as [(String, OrderedMap)] {
            let body = try ExchangeBody.bytes(
                from: bob.aid, route: route, payload: payload, form: .withoutRecipient, dated: groupMoment(61))
            try await bob.postman.send(
                body, attachments: try await Controller(bob.wallet, "bob").proof(of: body), to: alice.aid,
                from: bob.aid, topic: "challenge")
        }
        let words = try alice.challenges.give(now: groupMoment(61))
        try await bob.challenges.answer(words, to: alice.aid, as: "bob", now: groupMoment(61))
        let contents = try await alice.readMail().map(\.content)
        #expect(contents.count { if case .refused = $0 { true } else { false } } == 3)
        #expect(contents.count { if case .challenge = $0 { true } else { false } } == 1)
        // Read is read.
        #expect(try await alice.readMail().isEmpty)
    }

    @Test func `What is too large to keep, or to write again, is passed over`() async throws {
        let (alice, bob) = try await pair()
        let stranger = try await NetworkMember("eve", alice.network)
        try await stranger.incept()
        // An event of a group with more signatures than one group of them can count, by somebody who is not known.
        let key = try #require(RandomKeyCreator.keys(count: 1).first)
        let event = try EventBuilder.inception(
            Establishment(
                signingThreshold: .count(1), keys: [key.verificationKey], nextThreshold: .count(1),
                nextDigests: [KeyDigest(of: key.verificationKey)]))
        let signature = try key.indexedSignature(over: event.bytes, index: 0)
        var embed = OrderedMap()
        embed["icp"] = try OrderedValue(parsing: event.bytes.span, format: .json)
        let body = try ExchangeBody.bytes(
            from: stranger.aid, route: "/multisig/icp",
            payload: [
                "gid": .text(event.aid.text), "smids": [.text(try stranger.aid.text), .text(try alice.aid.text)],
            ],
            embeds: embed, form: .withoutRecipient, dated: groupMoment(61))
        let exchange = try StoredMessage(body + (try await Controller(stranger.wallet, "eve").proof(of: body)))
        var attachments = exchange.attachments
        attachments.controllerSignatures = Array(repeating: signature, count: 5000)
        guard case .exchange(let message) = exchange.message else { return }
        guard case .refused(let error) = try await alice.groups.receive(message, attachments, now: groupMoment(62))
        else {
            throw GroupError(.malformed, "it was kept")
        }
        #expect(error.code == .malformed)
        attachments.controllerSignatures = Array(repeating: signature, count: 2000)
        guard case .refused = try await alice.groups.receive(message, attachments, now: groupMoment(62)) else {
            throw GroupError(.malformed, "it was kept")
        }
        attachments.controllerSignatures = [signature]
        guard case .kept = try await alice.groups.receive(message, attachments, now: groupMoment(62)) else {
            throw GroupError(.malformed, "it was not kept")
        }
        _ = bob
    }

    @Test func `A host that is away is told of, the others are read`() async throws {
        let (alice, bob) = try await pair()
        let witnesses = try #require(try alice.wallet.keyState(of: alice.aid)).witnesses
        _ = alice.network.stopped.withLock { $0.insert(witnesses[0]) }
        let words = try alice.challenges.give(now: groupMoment(61))
        try await bob.challenges.answer(words, to: alice.aid, as: "bob", now: groupMoment(61))
        let items = try await alice.readMail()
        #expect(
            items.contains { if case .unread = $0.content { $0.host == witnesses[0] } else { false } })
        #expect(items.contains { if case .challenge = $0.content { $0.host == witnesses[1] } else { false } })
    }

    @Test func `Cursors are read back as they were`() throws {
        let aid = try #require(AID("BDg3H7Sr-eES0XWXiO8nvMxW6mD_1LxLeE1nuiZxhGp4"))
        let cursors: [MailCursor: UInt64] = [
            MailCursor(recipient: aid, host: aid, topic: "/multisig"): 7,
            MailCursor(recipient: aid, host: aid, topic: "/challenge"): 0,
        ]
        let document = MailCursorCoding.encode(cursors)
        #expect(try MailCursorCoding.decode(document) == cursors)
        for (member, value) in [
            ("version", 2), ("version", .null), ("cursors", .null), ("cursors", [["for": "x"]]),
            ("cursors", [["for": .text(aid.text), "at": .text(aid.text), "topic": "/x", "next": -1]]),
        ] as [(String, OrderedValue)] {
            var broken = document
            broken[member] = value
            #expect(throws: ControllerError.self) { try MailCursorCoding.decode(broken) }
        }
    }
}
