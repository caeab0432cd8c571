// SPDX-License-Identifier: Apache-2.0

/// What stands behind the body of a message: signatures, receipts, seals (facts 1.7, 6).
///
/// Groups of one kind may be sent in several parts; they are concatenated in the order they came in. Where KERIpy takes
/// only one of several (the last first-seen couple, seal couple, seal triple, latest-key group) the last element of the
/// array is that one.
public struct Attachments: Hashable, Sendable {
    /// Signatures by the controller's keys.
    public var controllerSignatures: [IndexedSignature] = []
    /// Signatures by witnesses; the index points into the witness list.
    public var witnessSignatures: [IndexedSignature] = []
    /// Everything that most messages do not have, so that passing those around stays cheap: none or one.
    private var others: [OtherAttachments] = []

    /// Nothing attached.
    public init() {}

    /// Whether nothing is attached.
    public var isEmpty: Bool {
        controllerSignatures.isEmpty && witnessSignatures.isEmpty && other == OtherAttachments.none
    }

    /// Whether both have the same elements.
    public static func == (left: Attachments, right: Attachments) -> Bool {
        left.controllerSignatures == right.controllerSignatures && left.witnessSignatures == right.witnessSignatures
            && left.other == right.other
    }

    /// Feeds all elements.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(controllerSignatures)
        hasher.combine(witnessSignatures)
        hasher.combine(other)
    }

    private var other: OtherAttachments { others.first ?? .none }

    private mutating func makeOther() {
        if others.isEmpty { others.append(.none) }
    }
}

extension Attachments {
    /// Receipts by witnesses and watchers, with their key.
    public var nonTransferableReceipts: [NonTransferableReceipt] {
        get { other.nonTransferableReceipts }
        _modify {
            makeOther()
            yield &others[0].nonTransferableReceipts
        }
    }

    /// Receipts by transferable AIDs, one signature each.
    public var transferableReceipts: [TransferableReceipt] {
        get { other.transferableReceipts }
        _modify {
            makeOther()
            yield &others[0].transferableReceipts
        }
    }

    /// When the sender first saw the event.
    public var firstSeenCouples: [FirstSeenCouple] {
        get { other.firstSeenCouples }
        _modify {
            makeOther()
            yield &others[0].firstSeenCouples
        }
    }

    /// Signatures by transferable AIDs with the keys of a named establishment event.
    public var transferableGroups: [TransferableSignatureGroup] {
        get { other.transferableGroups }
        _modify {
            makeOther()
            yield &others[0].transferableGroups
        }
    }

    /// Where the event is sealed: in the delegator's or the issuer's key event log.
    public var sealSourceCouples: [SealSourceCouple] {
        get { other.sealSourceCouples }
        _modify {
            makeOther()
            yield &others[0].sealSourceCouples
        }
    }

    /// Signatures by transferable AIDs with their latest keys.
    public var lastEstablishmentGroups: [LastEstablishmentGroup] {
        get { other.lastEstablishmentGroups }
        _modify {
            makeOther()
            yield &others[0].lastEstablishmentGroups
        }
    }

    /// Where the message is sealed, with the prefix of the log.
    public var sealSourceTriples: [SealSourceTriple] {
        get { other.sealSourceTriples }
        _modify {
            makeOther()
            yield &others[0].sealSourceTriples
        }
    }

    /// Attachments for parts of the body, not yet read.
    public var pathedGroups: [PathedGroup] {
        get { other.pathedGroups }
        _modify {
            makeOther()
            yield &others[0].pathedGroups
        }
    }
}

/// The attachments that most messages do not have.
private struct OtherAttachments: Hashable, Sendable {
    static let none = OtherAttachments()

    var nonTransferableReceipts: [NonTransferableReceipt] = []
    var transferableReceipts: [TransferableReceipt] = []
    var firstSeenCouples: [FirstSeenCouple] = []
    var transferableGroups: [TransferableSignatureGroup] = []
    var sealSourceCouples: [SealSourceCouple] = []
    var lastEstablishmentGroups: [LastEstablishmentGroup] = []
    var sealSourceTriples: [SealSourceTriple] = []
    var pathedGroups: [PathedGroup] = []
}

/// A key that is its own prefix, and its signature over the body.
public struct NonTransferableReceipt: Hashable, Sendable {
    /// The verification key.
    public var key: Primitive
    /// The signature.
    public var signature: Primitive

    /// Puts the parts together.
    public init(key: Primitive, signature: Primitive) {
        self.key = key
        self.signature = signature
    }
}

/// A receipt with one signature of a transferable AID.
public struct TransferableReceipt: Hashable, Sendable {
    /// The signer's AID.
    public var prefix: Primitive
    /// Sequence number of the establishment event whose keys signed.
    public var sn: UInt128
    /// SAID of that event.
    public var said: Primitive
    /// The signature.
    public var signature: IndexedSignature

    /// Puts the parts together.
    public init(prefix: Primitive, sn: UInt128, said: Primitive, signature: IndexedSignature) {
        self.prefix = prefix
        self.sn = sn
        self.said = said
        self.signature = signature
    }
}

/// When an event was first seen.
public struct FirstSeenCouple: Hashable, Sendable {
    /// Position in the sender's order of first seeing.
    public var ordinal: UInt128
    /// The sender's time.
    public var dateTime: DateTime

    /// Puts the parts together.
    public init(ordinal: UInt128, dateTime: DateTime) {
        self.ordinal = ordinal
        self.dateTime = dateTime
    }
}

/// Signatures of a transferable AID with the keys of a named establishment event.
public struct TransferableSignatureGroup: Hashable, Sendable {
    /// The signer's AID.
    public var prefix: Primitive
    /// Sequence number of the establishment event.
    public var sn: UInt128
    /// SAID of that event.
    public var said: Primitive
    /// The signatures.
    public var signatures: [IndexedSignature]

    /// Puts the parts together.
    public init(prefix: Primitive, sn: UInt128, said: Primitive, signatures: [IndexedSignature]) {
        self.prefix = prefix
        self.sn = sn
        self.said = said
        self.signatures = signatures
    }
}

/// The event in which this one is sealed; its log is known from the context.
public struct SealSourceCouple: Hashable, Sendable {
    /// Sequence number of the sealing event.
    public var sn: UInt128
    /// SAID of the sealing event.
    public var said: Primitive

    /// Puts the parts together.
    public init(sn: UInt128, said: Primitive) {
        self.sn = sn
        self.said = said
    }
}

/// Signatures of a transferable AID with its latest keys.
public struct LastEstablishmentGroup: Hashable, Sendable {
    /// The signer's AID.
    public var prefix: Primitive
    /// The signatures.
    public var signatures: [IndexedSignature]

    /// Puts the parts together.
    public init(prefix: Primitive, signatures: [IndexedSignature]) {
        self.prefix = prefix
        self.signatures = signatures
    }
}

/// The event in which a message is sealed, with the prefix of its log.
public struct SealSourceTriple: Hashable, Sendable {
    /// The AID or registry whose log has the event.
    public var prefix: Primitive
    /// Sequence number of the event.
    public var sn: UInt128
    /// SAID of the event.
    public var said: Primitive

    /// Puts the parts together.
    public init(prefix: Primitive, sn: UInt128, said: Primitive) {
        self.prefix = prefix
        self.sn = sn
        self.said = said
    }
}

/// A path and the attachments of what it points at, kept as received.
public struct PathedGroup: Hashable, Sendable {
    /// How the content is spelled.
    public var domain: Domain
    /// The content behind the counter: the path, then groups.
    public var content: [UInt8]

    /// Puts the parts together.
    public init(domain: Domain, content: [UInt8]) {
        self.domain = domain
        self.content = content
    }
}
