// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto

@testable import KERI
@testable import KERINetwork

typealias TestWitness = Witness<MemoryKeyEventStore, MemoryMailboxStore>

/// A witness behind its HTTP interface, without sockets.
struct WitnessScene {
    let clock = WatchClock()
    let store = MemoryKeyEventStore()
    let boxes = MemoryMailboxStore()
    /// The keys of three witnesses; the first one's is the witness of the scene.
    let keys: [CreatedKey]
    let policy: WitnessPolicy
    let witness: TestWitness
    let endpoint: WitnessEndpoint<MemoryKeyEventStore, MemoryMailboxStore>

    init(_ policy: WitnessPolicy = WitnessPolicy()) throws {
        self.policy = policy
        keys = try WatchedController.witnesses(3)
        witness = try Witness(key: keys[0], store: store, mailboxes: boxes, policy: policy, clock: clock)
        endpoint = WitnessEndpoint(witness)
    }

    /// The same store served again.
    func restarted(_ policy: WitnessPolicy = WitnessPolicy()) throws
        -> WitnessEndpoint<MemoryKeyEventStore, MemoryMailboxStore>
    {
        WitnessEndpoint(try Witness(key: keys[0], store: store, mailboxes: boxes, policy: policy, clock: clock))
    }

    func controller(
        _ name: String = "controller", witnesses: Int = 1, threshold: UInt32 = 1, delegator: AID? = nil
    ) throws -> WatchedController {
        try WatchedController(
            name, witnesses: Array(keys.prefix(witnesses)), threshold: threshold, delegator: delegator)
    }

    // MARK: Requests

    static func request(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8] = [],
        attachments: String? = nil, type: String? = "application/cesr+json", source: String = "192.0.2.1"
    ) -> ServiceRequest {
        var headers: [(name: String, value: String)] = []
        if let type { headers.append(("content-type", type)) }
        if let attachments { headers.append(("cesr-attachment", attachments)) }
        return ServiceRequest(
            method: method, path: path, query: query, headers: headers, body: body, source: source)
    }

    func get(_ path: String, _ query: (name: String, value: String)...) async -> ServiceResponse {
        await endpoint.respond(to: Self.request("GET", path, query: query))
    }

    func post(
        _ path: String, _ body: [UInt8], _ attachments: Attachments, source: String = "192.0.2.1"
    ) async throws -> ServiceResponse {
        let text = String(decoding: try attachments.encoded(in: .text), as: UTF8.self)
        return await endpoint.respond(
            to: Self.request("POST", path, body: body, attachments: text, source: source))
    }

    func receipt(_ signed: SignedEvent) async throws -> ServiceResponse {
        try await post("/receipts", signed.event.bytes, signed.attachments)
    }

    func put(_ stream: [UInt8]) async -> ServiceResponse {
        await endpoint.respond(to: Self.request("PUT", "/", body: stream, type: "application/cesr"))
    }

    /// Round two: the receipts of other witnesses.
    func bring(_ signed: SignedEvent, by places: [Int]) async throws -> ServiceResponse {
        var attachments = Attachments()
        attachments.nonTransferableReceipts = try places.map { place in
            NonTransferableReceipt(
                key: keys[place].verificationKey.primitive,
                signature: try Primitive(
                    code: .ed25519Signature, raw: try keys[place].signingKey.sign(signed.event.bytes.span)))
        }
        let seal = EventSeal(aid: signed.event.aid, sn: signed.event.sn, said: signed.event.said)
        return try await post("/", try MessageBuilder.receipt(of: seal), attachments)
    }

    // MARK: Signed messages

    static func query(
        _ route: String, _ parameters: OrderedMap, by asker: WatchedController, dated: Timestamp,
        key: CreatedKey? = nil
    ) throws -> (body: [UInt8], attachments: Attachments) {
        let body = try MessageBuilder.query(route: route, parameters: parameters, dated: dated)
        var attachments = Attachments()
        attachments.lastEstablishmentGroups = [
            LastEstablishmentGroup(
                prefix: asker.aid.primitive,
                signatures: [try (key ?? asker.keys[0]).indexedSignature(over: body, index: 0)])
        ]
        return (body, attachments)
    }

    func ask(_ route: String, about subject: AID, by asker: WatchedController) async throws -> ServiceResponse {
        let (body, attachments) = try Self.query(
            route, ["i": .text(subject.text), "src": .text(witness.aid.text)], by: asker, dated: clock.now())
        return try await post("/", body, attachments)
    }

    func openMailbox(
        of owner: WatchedController, _ topics: OrderedMap, by reader: WatchedController? = nil, age: Int64 = 0,
        key: CreatedKey? = nil
    ) async throws -> ServiceResponse {
        let (body, attachments) = try Self.query(
            "mbx", ["pre": .text(owner.aid.text), "topics": .map(topics), "i": .text(owner.aid.text)],
            by: reader ?? owner, dated: clock.now().advanced(bySeconds: -age), key: key)
        return try await post("/", body, attachments)
    }

    /// A `/fwd` message that carries `embedded` and its attachments.
    func forward(
        _ embedded: [UInt8], _ inner: [UInt8], to recipient: String, topic: String = "credential",
        by sender: WatchedController, namesRecipient: Bool = true
    ) throws -> (body: [UInt8], attachments: Attachments) {
        let value = try OrderedValue(parsing: embedded.span, format: .json)
        var block: OrderedMap = ["evt": value, "d": ""]
        try SelfAddressing.seal(&block)
        var members: [(String, OrderedValue)] = [("d", ""), ("i", .text(sender.aid.text))]
        if namesRecipient { members.append(("rp", "")) }
        members += [
            ("p", ""), ("dt", .text(clock.now().description)), ("r", "/fwd"),
            ("q", ["pre": .text(recipient), "topic": .text(topic)]), ("a", .map(OrderedMap())), ("e", .map(block)),
        ]
        let body = try MessageBuilder.body(.exchange, members, digests: ["d"])
        var attachments = Attachments()
        let first = sender.events[0].event
        attachments.transferableGroups = [
            TransferableSignatureGroup(
                prefix: first.aid.primitive, sn: 0, said: first.said.primitive,
                signatures: [try sender.keys[0].indexedSignature(over: body, index: 0)])
        ]
        attachments.pathedGroups = [
            PathedGroup(
                domain: .text, content: Array(try FieldPath(["e", "evt"]).primitive.text.utf8) + inner)
        ]
        return (body, attachments)
    }

    // MARK: What is there

    func mail(_ recipient: AID, _ topic: String) -> [[UInt8]] {
        boxes.messages(in: Mailbox(recipient: recipient, topic: topic), from: 0, limit: .max).map(\.message)
    }

    func record(_ event: KeyEvent) throws -> EventRecord? {
        try store.read { $0.record(of: event.aid, at: event.sn, said: event.said) }
    }

    func sn(of aid: AID) throws -> SequenceNumber? { try store.read { $0.keyState(of: aid)?.sn } }
}

extension ServiceResponse {
    var bytes: [UInt8] {
        if case .bytes(let bytes) = body { bytes } else { [] }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }

    var events: AsyncStream<ServerSentEvent>? {
        if case .events(let events) = body { events } else { nil }
    }

    /// Whether the answer is a receipt of `event` by `witness` that verifies.
    func receipts(_ event: KeyEvent, by witness: CreatedKey) throws -> Bool {
        guard status == 200 else { return false }
        let stored = try StoredMessage(bytes)
        guard case .receipt(let receipt) = stored.message, receipt.event.said == event.said,
            let couple = stored.attachments.nonTransferableReceipts.first,
            couple.key == witness.verificationKey.primitive
        else { return false }
        return witness.verificationKey.verifies(couple.signature, over: event.bytes.span)
    }
}
