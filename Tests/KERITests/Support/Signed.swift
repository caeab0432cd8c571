// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto

@testable import KERI

/// A key event with what is attached to it.
struct Signed: Sendable {
    var event: KeyEvent
    var attachments = Attachments()

    init(_ event: KeyEvent) { self.event = event }

    /// The complete message.
    var bytes: [UInt8] {
        get throws { try attachments.following(event.bytes) }
    }

    var seal: EventSeal { EventSeal(aid: event.aid, sn: event.sn, said: event.said) }
    /// Where this event is, for those that it seals.
    var source: SealSource { SealSource(sn: event.sn, said: event.said) }

    /// The same event with these controller signatures only.
    func signed(by signers: [Signer]) throws -> Signed {
        var copy = self
        copy.attachments.controllerSignatures = try signers.map { try $0.signature(over: event.bytes) }
        return copy
    }

    /// The same event with the first keys' signatures, in their order.
    func signed(by keys: [CreatedKey], at places: [Int]? = nil) throws -> Signed {
        try signed(by: (places ?? Array(keys.indices)).map { Signer(keys[$0], $0) })
    }

    /// The same event without any attachment.
    var bare: Signed { Signed(event) }

    /// The same event with witness signatures of these places of a list.
    func witnessed(by list: [CreatedKey], at places: [Int]? = nil) throws -> Signed {
        var copy = self
        copy.attachments.witnessSignatures = try (places ?? Array(list.indices)).map {
            try list[$0].indexedSignature(over: event.bytes, index: $0)
        }
        return copy
    }

    /// The same event with receipts by keys that can't rotate.
    func receipted(by keys: [CreatedKey]) throws -> Signed {
        var copy = self
        copy.attachments.nonTransferableReceipts = try keys.map { try $0.couple(over: event.bytes) }
        return copy
    }

    /// The same event pointing at the event that seals it.
    func sealed(in source: Signed?) -> Signed {
        var copy = self
        copy.attachments.sealSourceCouples =
            source.map {
                [SealSourceCouple(sn: $0.event.sn.value, said: $0.event.said.primitive)]
            } ?? []
        return copy
    }

    /// The same event with its members changed and its digests made right again.
    func edited(digests: [String] = ["d"], _ edit: (inout OrderedMap) -> Void) throws -> Signed {
        var map = try event.members
        edit(&map)
        let bytes = try SelfAddressing.seal(&map, labels: digests, format: event.format, version: true)
        var parser = MessageParser()
        guard case .keyEvent(let made) = try parser.parse(bytes.span, format: event.format) else {
            throw MessageError(.unknownKind)
        }
        return Signed(made)
    }
}

/// Who signs, and for which places.
struct Signer: Sendable {
    let key: CreatedKey
    let index: Int
    let ondex: Int?
    let isCurrentOnly: Bool

    /// `ondex` is the place among the prior next digests: the same place when nil.
    init(_ key: CreatedKey, _ index: Int, ondex: Int? = nil, isCurrentOnly: Bool = false) {
        self.key = key
        self.index = index
        self.ondex = ondex
        self.isCurrentOnly = isCurrentOnly
    }

    func signature(over message: [UInt8]) throws -> IndexedSignature {
        try key.indexedSignature(over: message, index: index, ondex: ondex, currentOnly: isCurrentOnly)
    }
}

extension KeyEvent {
    /// The body as a map.
    var members: OrderedMap {
        get throws {
            guard case .map(let map) = try OrderedValue(parsing: bytes.span, format: format) else {
                throw MessageError(.notAMessage)
            }
            return map
        }
    }
}
