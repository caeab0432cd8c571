// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto

@testable import KERI

/// The controller of an AID in watcher tests. A value: a copy made before an event is another branch of the same log.
struct WatchedController: Sendable {
    let name: String
    private(set) var keys: [CreatedKey]
    private(set) var next: [CreatedKey]
    let witnesses: [CreatedKey]
    let threshold: UInt32
    private(set) var state: KeyState
    /// Signed events without receipts.
    private(set) var events: [SignedEvent]
    private var generation = 1

    var aid: AID { state.aid }
    var latest: SignedEvent { events[events.count - 1] }

    static func key(_ name: String, isTransferable: Bool = true) throws -> CreatedKey {
        let seed = DigestAlgorithm.blake3_256.digest(Array(name.utf8).span)
        return try CreatedKey(seed: SecretBytes(copying: seed.span), isTransferable: isTransferable)
    }

    static func witnesses(_ count: Int) throws -> [CreatedKey] {
        try (0..<count).map { try key("witness \($0)", isTransferable: false) }
    }

    init(
        _ name: String, keys count: Int = 1, witnesses: [CreatedKey] = [], threshold: UInt32 = 0, delegator: AID? = nil
    ) throws {
        self.name = name
        keys = try (0..<count).map { try Self.key("\(name) 0 \($0)") }
        next = try (0..<count).map { try Self.key("\(name) 1 \($0)") }
        self.witnesses = witnesses
        self.threshold = threshold
        let stated = Establishment(
            signingThreshold: .count(UInt32(count)), keys: keys.map(\.verificationKey),
            nextThreshold: .count(UInt32(count)), nextDigests: next.map { KeyDigest(of: $0.verificationKey) },
            witnessThreshold: threshold, witnessesAdded: witnesses.map(\.watchedAID))
        let event = try EventBuilder.inception(stated, delegator: delegator)
        state = KeyState(inception: event, stated, ordinal: 0, seenAt: Timestamp(seconds: 0))
        events = []
        events.append(try signed(event))
    }

    private func signed(_ event: KeyEvent) throws -> SignedEvent {
        var attachments = Attachments()
        attachments.controllerSignatures = try keys.enumerated().map {
            try $1.indexedSignature(over: event.bytes, index: $0)
        }
        return SignedEvent(event: event, attachments: attachments)
    }

    @discardableResult
    mutating func interact(_ anchors: OrderedValue...) throws -> SignedEvent {
        try add(EventBuilder.interaction(of: state, anchors: anchors))
    }

    @discardableResult
    mutating func rotate(_ branch: String = "") throws -> SignedEvent {
        generation += 1
        let fresh = try keys.indices.map { try Self.key("\(name) \(generation)\(branch) \($0)") }
        let event = try EventBuilder.rotation(
            of: state,
            Establishment(
                signingThreshold: .count(UInt32(next.count)), keys: next.map(\.verificationKey),
                nextThreshold: .count(UInt32(next.count)), nextDigests: fresh.map { KeyDigest(of: $0.verificationKey) },
                witnessThreshold: threshold))
        keys = next
        next = fresh
        return try add(event)
    }

    private mutating func add(_ event: KeyEvent) throws -> SignedEvent {
        state.advance(
            to: event, witnesses: witnesses.map(\.watchedAID), ordinal: state.firstSeenOrdinal + 1,
            seenAt: Timestamp(seconds: 0))
        events.append(try signed(event))
        return latest
    }

    /// The events with receipts of these witnesses, as one shows its log.
    func log(receiptedBy places: [Int]) throws -> [UInt8] {
        try events.flatMap { try Self.message($0, witnesses, receiptedBy: places) }
    }

    static func message(
        _ signed: SignedEvent, _ witnesses: [CreatedKey], receiptedBy places: [Int], source: SealSource? = nil
    ) throws -> [UInt8] {
        var attachments = signed.attachments
        attachments.witnessSignatures = try places.map {
            try witnesses[$0].indexedSignature(over: signed.event.bytes, index: $0)
        }
        if let source {
            attachments.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)]
        }
        return try attachments.following(signed.event.bytes)
    }
}

extension CreatedKey {
    var watchedAID: AID { AID(unchecked: verificationKey.primitive) }

    /// A reply with this key's signature.
    func reply(_ route: String, _ payload: OrderedMap, dated: Timestamp) throws -> [UInt8] {
        let body = try MessageBuilder.reply(route: route, payload: payload, dated: dated)
        var attachments = Attachments()
        attachments.nonTransferableReceipts = [
            NonTransferableReceipt(
                key: verificationKey.primitive,
                signature: try Primitive(code: .ed25519Signature, raw: try signingKey.sign(body.span)))
        ]
        return try attachments.following(body)
    }
}
