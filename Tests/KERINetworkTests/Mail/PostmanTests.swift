// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

@testable import KERINetwork

/// Which endpoint gets a message, and what is read of a mailbox.
struct PostmanTests {
    /// Answers every request alike and hands out the same events.
    private final class Script: PeerTransport {
        let requests = Mutex<[PeerRequest]>([])
        let refusing: Set<UInt16>
        let stream: [ServerSentEvent]

        init(refusing: Set<UInt16> = [], stream: [ServerSentEvent] = []) {
            self.refusing = refusing
            self.stream = stream
        }

        func send(_ request: PeerRequest, timeout: Duration, limit: Int) async throws(TransportError) -> PeerResponse {
            requests.withLock { $0.append(request) }
            return PeerResponse(status: refusing.contains(request.url.port) ? 400 : 204)
        }

        func events(
            _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
        ) async throws(TransportError) {
            requests.withLock { $0.append(request) }
            for event in stream { guard await receive(event) else { return } }
        }

        func converse(
            _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
        ) async throws(TransportError) -> [UInt8] { throw TransportError(.unreachable, "\(url)") }

        var posts: [PeerRequest] { requests.withLock { $0 }.filter { $0.method == .post } }
    }

    /// Somebody with an agent, a mailbox and a witness, whose addresses the sender knows.
    private func recipient(
        of world: GroupWorld, roles: [(role: String, verb: String, port: Int)]
    ) async throws -> (AID, [String: AID]) {
        let bob = world.sites[1]
        let witness = try #require(RandomKeyCreator.keys(count: 1, isTransferable: false).first)
        var hosts: [String: CreatedKey] = ["witness": witness]
        var plan = CreationPlan(name: "served")
        plan.witnesses = [try #require(AID(witness.verificationKey.text))]
        plan.witnessThreshold = 1
        let event = try await bob.wallet.create(plan, now: groupMoment()).event
        var receipt = Attachments()
        receipt.witnessSignatures = [try witness.indexedSignature(over: event.bytes, index: 0)]
        let seal = EventSeal(aid: event.aid, sn: .zero, said: event.said)
        _ = try bob.wallet.ingest(
            try MessageBuilder.receipt(of: seal) + receipt.encoded(in: .text), now: groupMoment(1))
        let controller = try Controller(bob.wallet, "served")
        var stream = try bob.wallet.export(event.aid)
        for (role, verb, port) in roles {
            let key = try hosts[role] ?? #require(RandomKeyCreator.keys(count: 1, isTransferable: false).first)
            hosts[role] = key
            if role != "witness" {
                let body = try MessageBuilder.reply(
                    route: "/end/role/\(verb)",
                    payload: [
                        "cid": .text(event.aid.text), "role": .text(role), "eid": .text(key.verificationKey.text),
                    ], dated: groupMoment(2))
                var signed = Attachments()
                signed.transferableGroups = [
                    TransferableSignatureGroup(
                        prefix: event.aid.primitive, sn: 0, said: event.said.primitive,
                        signatures: try await controller.sign(body))
                ]
                stream += body + (try signed.encoded(in: .text))
            }
            let place = try MessageBuilder.reply(
                route: "/loc/scheme",
                payload: [
                    "eid": .text(key.verificationKey.text), "scheme": "http",
                    "url": .text("http://127.0.0.1:\(port)/"),
                ], dated: groupMoment(2))
            var couple = Attachments()
            let signature = try key.indexedSignature(over: place, index: 0).raw
            couple.nonTransferableReceipts = [
                NonTransferableReceipt(
                    key: key.verificationKey.primitive,
                    signature: try Primitive(code: .ed25519Signature, raw: signature))
            ]
            stream += place + (try couple.encoded(in: .text))
        }
        _ = try world.alice.wallet.ingest(stream, now: groupMoment(3))
        return (event.aid, hosts.compactMapValues { AID($0.verificationKey.text) })
    }

    private func send(_ world: GroupWorld, to recipient: AID, by script: Script, policy: DeliveryPolicy = .init())
        async throws
    {
        let sender = try world.alice.aid
        let body = try ExchangeBody.bytes(
            from: sender, route: "/x", embeds: [:], form: .withoutRecipient, dated: groupMoment(4))
        try await Postman(world.alice.wallet, transport: script, clock: GroupClock(), policy: policy).send(
            body, attachments: [UInt8]("-AAA".utf8), to: recipient, from: sender, topic: "multisig")
    }

    @Test func `An agent gets the message itself, a mailbox and a witness get it to keep`() async throws {
        let world = try await GroupWorld(["alice", "bob"])
        let (aid, hosts) = try await recipient(
            of: world, roles: [("agent", "add", 81), ("mailbox", "add", 82), ("witness", "add", 83)])
        var ports: [UInt16] = []
        for refusing in [[], [81], [81, 82]] as [Set<UInt16>] {
            let script = Script(refusing: refusing)
            try await send(world, to: aid, by: script)
            let last = try #require(script.posts.last)
            ports.append(last.url.port)
            let isForwarded = String(decoding: last.body, as: UTF8.self).contains("\"r\":\"/fwd\"")
            #expect(isForwarded == (last.url.port != 81))
            let host = try #require(last.headers.first { $0.name == "CESR-DESTINATION" }).value
            #expect(hosts.values.map(\.text).contains(host))
        }
        #expect(ports == [81, 82, 83])
        let error = await #expect(throws: PostError.self) {
            try await send(world, to: aid, by: Script(refusing: [81, 82, 83]))
        }
        #expect(error?.code == .notTaken)
    }

    @Test func `An endpoint that was taken back gets nothing`() async throws {
        let world = try await GroupWorld(["alice", "bob"])
        let (aid, _) = try await recipient(of: world, roles: [("agent", "cut", 81), ("witness", "add", 83)])
        let script = Script()
        try await send(world, to: aid, by: script)
        #expect(Set(script.requests.withLock { $0 }.map(\.url.port)) == [83])
    }

    @Test func `Each message is handled once, in order, and only of topics that were asked for`() async throws {
        let world = try await GroupWorld(["alice", "bob"])
        let (_, hosts) = try await recipient(of: world, roles: [("witness", "add", 83)])
        let host = try #require(hosts["witness"])
        let alice = try world.alice.aid
        let script = Script(stream: [
            ServerSentEvent(retry: 5000), ServerSentEvent(id: "4", name: "/multisig", data: "old"),
            ServerSentEvent(id: "5", name: "/multisig", data: "first"),
            ServerSentEvent(id: "5", name: "/multisig", data: "again"),
            ServerSentEvent(id: "6", name: "/other", data: "other"),
            ServerSentEvent(id: "x", name: "/multisig", data: "nowhere"),
            ServerSentEvent(id: "4611686018427387904", name: "/multisig", data: "made up"),
            ServerSentEvent(id: "18446744073709551615", name: "/multisig", data: "made up"),
            ServerSentEvent(
                id: "6", name: "/multisig",
                data: String(repeating: "x", count: MailCollector<GroupFaultyStore>.largest + 1)),
            ServerSentEvent(id: "7", name: "/multisig", data: "second"),
            ServerSentEvent(id: "8", name: "/multisig", data: "too many"),
        ])
        let cursors = MemoryMailCursors()
        let cursor = MailCursor(recipient: alice, host: host, topic: "/multisig")
        cursors.advance(cursor, to: 5)
        let seen = Mutex<[String]>([])
        let count = try await MailCollector(
            world.alice.wallet, transport: script, cursors: cursors, clock: GroupClock()
        ).collect(for: alice, at: host, topics: ["/multisig"], idle: .zero, most: 3) { _, message in
            seen.withLock { $0.append(String(decoding: message, as: UTF8.self)) }
        }
        #expect(count == 3)
        #expect(seen.withLock { $0 } == ["first", "second"])
        #expect(cursors.next(cursor) == 8)
        let asked = String(decoding: try #require(script.posts.last).body, as: UTF8.self)
        #expect(asked.contains("\"topics\":{\"/multisig\":5}"))
    }
}
