// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

@testable import KERINetwork

/// Delegates and delegators that know each other by their witnesses only.
struct DelegationsTests {
    private func pair() async throws -> (acme: NetworkMember, bob: NetworkMember) {
        let network = try GroupNetwork(2)
        let (acme, bob) = (try await NetworkMember("acme", network), try await NetworkMember("bob", network))
        try await acme.incept()
        try await bob.incept()
        try await bob.meet(acme)
        return (acme, bob)
    }

    private func delegate(_ bob: NetworkMember, of acme: NetworkMember) async throws -> KeyEvent {
        try await delegateNamed("issuer", bob, of: acme)
    }

    private func delegateNamed(_ name: String, _ bob: NetworkMember, of acme: NetworkMember) async throws -> KeyEvent {
        var plan = CreationPlan(name: name)
        plan.delegator = try acme.aid
        plan.witnesses = bob.network.hosts.values.map(\.witness.aid)
        plan.witnessThreshold = 1
        let authored = try await bob.wallet.create(plan, now: groupMoment(61))
        #expect(authored.waitsFor == .partialDelegation)
        return authored.event
    }

    private func approve(_ event: KeyEvent, by acme: NetworkMember) async throws {
        let items = try await acme.readMail()
        #expect(
            items.contains { if case .delegation(let seal) = $0.content { seal.said == event.said } else { false } })
        _ = try await acme.introducer.refresh(event.aid)
        _ = try acme.wallet.refresh(now: groupMoment(62))
        let request = try #require(try acme.wallet.delegationRequests().first { $0.event.said == event.said })
        #expect(request.delegator == (try acme.aid))
        _ = try await Controller(acme.wallet, "acme").approve(event.aid, now: groupMoment(62))
        #expect(try await acme.deliver(acme.aid).isMet)
    }

    private func settle(_ bob: NetworkMember, _ aid: AID, with acme: NetworkMember) async throws {
        _ = try await bob.introducer.refresh(acme.aid)
        #expect(try await bob.deliver(aid).isMet)
    }

    @Test func `A delegate asks, the delegator approves, inception and rotation`() async throws {
        let (acme, bob) = try await pair()
        let event = try await delegate(bob, of: acme)
        let asked = try await bob.delegations.request("issuer", from: "bob", now: groupMoment(61))
        #expect(asked.delegator == (try acme.aid) && asked.event.said == event.said)
        try await approve(event, by: acme)
        try await settle(bob, event.aid, with: acme)
        #expect(try bob.wallet.keyState(of: event.aid)?.said == event.said)

        // From now on it speaks for itself.
        let rotated = try await Controller(bob.wallet, "issuer").rotate(RotationPlan(), now: groupMoment(63))
        #expect(rotated.waitsFor == .partialDelegation)
        _ = try await bob.delegations.request("issuer", from: nil, now: groupMoment(63))
        try await approve(rotated.event, by: acme)
        try await settle(bob, event.aid, with: acme)
        #expect(try bob.wallet.keyState(of: event.aid)?.said == rotated.event.said)
        // Who delegated can follow its delegate.
        _ = try await acme.introducer.refresh(event.aid)
        #expect(try acme.wallet.keyState(of: event.aid)?.said == rotated.event.said)
    }

    @Test func `Of several events only the one that is named is sealed`() async throws {
        let (acme, bob) = try await pair()
        try await acme.meet(bob)
        let key = try #require(RandomKeyCreator.keys(count: 1).first)
        var events: [KeyEvent] = []
        // Whoever has the keys can ask for two rotations of one place, or for two inceptions with one name.
        for weight in [UInt32(1), 0] {
            let event = try EventBuilder.inception(
                Establishment(
                    signingThreshold: .count(1), keys: [key.verificationKey], nextThreshold: .count(weight),
                    nextDigests: weight == 1 ? [KeyDigest(of: key.verificationKey)] : []),
                delegator: try acme.aid)
            var attachments = Attachments()
            attachments.controllerSignatures = [try key.indexedSignature(over: event.bytes, index: 0)]
            _ = try acme.wallet.ingest(event.bytes + attachments.encoded(in: .text), now: groupMoment(61))
            events.append(event)
        }
        let first = try await delegate(bob, of: acme)
        _ = try acme.wallet.ingest(
            try #require(try bob.wallet.identifier("issuer").waitingEvent), now: groupMoment(61))
        let controller = try Controller(acme.wallet, "acme")
        let before = try #require(try acme.wallet.keyState(of: acme.aid)).sn
        await #expect(throws: ControllerError.self) {
            try await controller.approve(first.aid, event: events[0].said, now: groupMoment(62))
        }
        #expect(try acme.wallet.keyState(of: acme.aid)?.sn == before)
        let approved = try await controller.approve(first.aid, event: first.said, now: groupMoment(62)).approved
        #expect(approved.map(\.said) == [first.said])
    }

    @Test func `The delegator gets the complete event, inception and rotation`() async throws {
        let (acme, bob) = try await pair()
        let post = PostBag()
        let delegations = Delegations(bob.wallet, courier: post)
        func told(_ said: SAID, from proxy: String?) async throws -> Bool {
            let told = try await delegations.report("issuer", from: proxy)
            let (bytes, recipient) = try #require(post.sent.withLock { $0.popLast() })
            #expect(told.delegator == recipient && told.event.said == said)
            _ = try acme.wallet.ingest(bytes, now: groupMoment(64))
            return try acme.wallet.keyState(of: told.event.aid)?.said == said
        }
        let event = try await delegate(bob, of: acme)
        _ = try await bob.delegations.request("issuer", from: "bob", now: groupMoment(61))
        // What waits is told only once it counts.
        await #expect(throws: ControllerError.self) { try await delegations.report("issuer", from: "bob") }
        await #expect(throws: ControllerError.self) { try await delegations.report("bob", from: nil) }
        try await approve(event, by: acme)
        try await settle(bob, event.aid, with: acme)
        #expect(try acme.wallet.keyState(of: event.aid) == nil)
        #expect(try await told(event.said, from: "bob"))

        let rotated = try await Controller(bob.wallet, "issuer").rotate(RotationPlan(), now: groupMoment(63))
        _ = try await bob.delegations.request("issuer", from: nil, now: groupMoment(63))
        await #expect(throws: ControllerError.self) { try await delegations.report("issuer", from: nil) }
        try await approve(rotated.event, by: acme)
        try await settle(bob, event.aid, with: acme)
        #expect(try await told(rotated.event.said, from: nil))
    }

    @Test func `Witnesses receipt ahead of the seal, and the receipts travel with the request`() async throws {
        let (acme, bob) = try await pair()
        let receiptor = Receiptor(bob.wallet, transport: bob.network, clock: GroupClock())
        #expect(try await receiptor.collectAhead(bob.aid) == 0)
        let event = try await delegate(bob, of: acme)
        let hosts = bob.network.hosts.values.map(\.witness.aid)
        bob.network.stopped.withLock { $0 = [hosts[0]] }
        #expect(try await receiptor.collectAhead(event.aid) == 1)
        bob.network.stopped.withLock { $0 = [] }
        #expect(try await receiptor.collectAhead(event.aid) == 2)
        // Ahead of the seal it counts for nobody, its own controller among them.
        #expect(try bob.wallet.keyState(of: event.aid) == nil)
        await #expect(throws: IntroductionError.self) { try await acme.meet(event.aid, at: hosts[0]) }

        let post = PostBag()
        let sender = Delegations(bob.wallet, courier: post)
        _ = try await sender.request("issuer", from: "bob", now: groupMoment(61))
        let last = try StoredMessage(try #require(post.sent.withLock { $0.last }).bytes)
        #expect(last.message.subject?.aid == event.aid && last.attachments.witnessSignatures.count == 2)
        _ = try await bob.delegations.request("issuer", from: "bob", now: groupMoment(61))
        try await approve(event, by: acme)
        // With the seal nothing is missing any more, and the witnesses get to know it.
        _ = try await bob.introducer.refresh(acme.aid)
        _ = try bob.wallet.refresh(now: groupMoment(63))
        #expect(try bob.wallet.keyState(of: event.aid)?.said == event.said)
        try await receiptor.bringSeal(of: event.aid)
        for host in bob.network.hosts.values {
            let record = try host.witness.store.read { $0.record(of: event.aid, at: .zero) }
            #expect(record?.proof.sealSource != nil)
        }
    }

    @Test func `Nothing is asked for what does not wait`() async throws {
        let (acme, bob) = try await pair()
        await #expect(throws: ControllerError.self) {
            try await bob.delegations.request("bob", from: nil, now: groupMoment(61))
        }
        _ = try await delegate(bob, of: acme)
        // Its own inception is not known to anybody: it can't send for itself.
        await #expect(throws: ControllerError.self) {
            try await bob.delegations.request("issuer", from: nil, now: groupMoment(61))
        }
        bob.network.stopped.withLock { $0 = Set(bob.network.hosts.values.map(\.witness.aid)) }
        await #expect(throws: PostError.self) {
            try await bob.delegations.request("issuer", from: "bob", now: groupMoment(61))
        }
    }

    @Test func `Requests for others, or that are not what they say, are left alone`() async throws {
        let (acme, bob) = try await pair()
        try await acme.meet(bob)
        let event = try await delegate(bob, of: acme)
        let stored = try StoredMessage(try #require(try bob.wallet.identifier("issuer").waitingEvent))
        let groups = try stored.attachments.encoded(in: .text)
        let good = try OrderedValue(parsing: event.bytes.span, format: .json)
        var forged = try #require(good.mapValue)
        forged["bt"] = "0"
        let inception = try LogReplayBody.inception(of: bob)
        let ordinary = try OrderedValue(parsing: inception.span, format: .json)
        for (delpre, embed, isTaken) in [
            (try acme.aid, good, true), (try bob.aid, good, false), (try acme.aid, .map(forged), false),
            (try acme.aid, ordinary, false), (try acme.aid, "x", false),
        ] as [(AID, OrderedValue, Bool)] {
            let body = try ExchangeBody.bytes(
                from: bob.aid, route: "/delegate/request", payload: ["delpre": .text(delpre.text)],
                embeds: ["evt": embed], form: .withoutRecipient, dated: groupMoment(61))
            let proof = try await Controller(bob.wallet, "bob").proof(
                of: body, embedding: [(label: "evt", attachments: groups)])
            let message = try StoredMessage(body + proof)
            guard case .exchange(let exchange) = message.message else { continue }
            let seal = try acme.delegations.receive(exchange, message.attachments, now: groupMoment(62))
            #expect((seal != nil) == isTaken, "\(delpre) \(embed)")
        }
        #expect(try acme.wallet.delegationRequests().count == 1)
        // An event whose own signature is wrong asks for nothing, whoever brings it.
        let other = try await delegateNamed("other", bob, of: acme)
        let body = try ExchangeBody.bytes(
            from: bob.aid, route: "/delegate/request", payload: ["delpre": .text(try acme.aid.text)],
            embeds: ["evt": try OrderedValue(parsing: other.bytes.span, format: .json)], form: .withoutRecipient,
            dated: groupMoment(61))
        let proof = try await Controller(bob.wallet, "bob").proof(
            of: body, embedding: [(label: "evt", attachments: groups)])
        let message = try StoredMessage(body + proof)
        guard case .exchange(let exchange) = message.message else { return }
        #expect(try acme.delegations.receive(exchange, message.attachments, now: groupMoment(62)) == nil)
    }
}

private enum LogReplayBody {
    static func inception(of member: NetworkMember) throws -> [UInt8] {
        let aid = try member.aid
        return try #require(try member.wallet.store.read { $0.record(of: aid, at: .zero) }).bytes
    }
}

/// Keeps what is sent.
private final class PostBag: GroupCourier {
    let sent = Mutex<[(bytes: [UInt8], recipient: AID)]>([])

    func form(for peer: AID) async -> ExchangeForm { .withoutRecipient }

    func send(
        _ exchange: [UInt8], attachments: [UInt8], to recipient: AID, from sender: AID, topic: String
    ) async throws {
        sent.withLock { $0.append((exchange + attachments, recipient)) }
    }
}
