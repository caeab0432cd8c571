// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KelmarkBytes

/// An accepted event as a store keeps it.
public struct EventRecord: Sendable, Hashable {
    /// Whose log it is in.
    public let aid: AID
    /// Its position.
    public let sn: SequenceNumber
    /// Its digest.
    public let said: SAID
    /// What it does.
    public let kind: KeyEventKind
    /// Its place in the order of acceptance here, from 0 for each AID.
    public let ordinal: UInt64
    /// When it was accepted here.
    public let seenAt: Timestamp
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat
    /// What proves it.
    public var proof: EventProof

    /// Collects a record, for stores that read one back.
    public init(
        aid: AID, sn: SequenceNumber, said: SAID, kind: KeyEventKind, ordinal: UInt64, seenAt: Timestamp,
        bytes: [UInt8], format: DocumentFormat, proof: EventProof
    ) {
        self.aid = aid
        self.sn = sn
        self.said = said
        self.kind = kind
        self.ordinal = ordinal
        self.seenAt = seenAt
        self.bytes = bytes
        self.format = format
        self.proof = proof
    }

    init(_ event: KeyEvent, ordinal: UInt64, seenAt: Timestamp, proof: EventProof) {
        self.init(
            aid: event.aid, sn: event.sn, said: event.said, kind: event.kind, ordinal: ordinal, seenAt: seenAt,
            bytes: event.bytes, format: event.format, proof: proof)
    }
}

/// Signatures and receipts of one event, each of which has been verified.
public struct EventProof: Sendable, Hashable {
    /// Signatures of the controller's keys, one for each index.
    public var controllerSignatures: [IndexedSignature]
    /// Receipts of witnesses, one for each index into the list in force at the event.
    public var witnessSignatures: [IndexedSignature]
    /// Where the delegator sealed the event.
    public var sealSource: SealSource?
    /// Receipts of non-transferable AIDs that are no witnesses.
    public var receipts: [Receipt]
    /// Receipts of transferable AIDs.
    public var transferableReceipts: [TransferableReceipt]

    /// Collects a proof; empty by default.
    public init(
        controllerSignatures: [IndexedSignature] = [], witnessSignatures: [IndexedSignature] = [],
        sealSource: SealSource? = nil, receipts: [Receipt] = [], transferableReceipts: [TransferableReceipt] = []
    ) {
        self.controllerSignatures = controllerSignatures
        self.witnessSignatures = witnessSignatures
        self.sealSource = sealSource
        self.receipts = receipts
        self.transferableReceipts = transferableReceipts
    }

    /// A receipt by a non-transferable AID (`-C`).
    public struct Receipt: Sendable, Hashable {
        /// Who receipted.
        public let signer: AID
        /// The signature over the event.
        public let signature: Primitive

        /// Collects the two.
        public init(signer: AID, signature: Primitive) {
            self.signer = signer
            self.signature = signature
        }
    }

    /// A receipt by a transferable AID (`-F`, `-D`), with the establishment event whose key signed.
    public struct TransferableReceipt: Sendable, Hashable {
        /// Who receipted, and by which establishment event.
        public let signer: EventSeal
        /// The signature over the event; its index is a place in that event's keys.
        public let signature: IndexedSignature

        /// Collects the two.
        public init(signer: EventSeal, signature: IndexedSignature) {
            self.signer = signer
            self.signature = signature
        }
    }
}

/// The event of another log that seals this one (`-G`).
public struct SealSource: Sendable, Hashable {
    /// Its position.
    public let sn: SequenceNumber
    /// Its digest.
    public let said: SAID

    /// Collects the two.
    public init(sn: SequenceNumber, said: SAID) {
        self.sn = sn
        self.said = said
    }
}
