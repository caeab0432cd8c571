// SPDX-License-Identifier: Apache-2.0

package import CESR
private import KelmarkBytes

/// One complete CESR message, body and attachments, read back from where it was kept.
package struct StoredMessage {
    package let message: Message
    package let attachments: Attachments

    package init(_ bytes: [UInt8]) throws {
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: bytes.span) else {
            throw StoreError(.corrupt, "not one message")
        }
        var parser = MessageParser()
        message = try parser.parse(bytes.span.extracting(frame.bodyRange), version: frame.version)
        attachments = frame.attachments
    }
}

extension Attachments {
    /// A complete message: `body`, then these attachments as text.
    package func following(_ body: [UInt8]) throws(CESRError) -> [UInt8] { body + (try encoded(in: .text)) }

    /// The attachments that prove a key event, unverified. The last seal source couple counts, as in KERIpy.
    package func proof() -> EventProof {
        EventProof(
            controllerSignatures: controllerSignatures, witnessSignatures: witnessSignatures,
            sealSource: sealSourceCouples.last.flatMap(SealSource.init), receipts: receipts)
    }

    /// Couples whose key is that of a non-transferable AID; others can't be receipts (facts 8.1).
    var receipts: [EventProof.Receipt] {
        nonTransferableReceipts.compactMap { couple in
            guard let signer = AID(couple.key), signer.isNonTransferable else { return nil }
            return EventProof.Receipt(signer: signer, signature: couple.signature)
        }
    }
}

extension SealSource {
    init?(_ couple: SealSourceCouple) {
        guard let said = SAID(couple.said) else { return nil }
        self.init(sn: SequenceNumber(couple.sn), said: said)
    }
}

extension AttachedProof {
    init(_ attachments: Attachments) {
        controllerSignatures = attachments.controllerSignatures
        witnessSignatures = attachments.witnessSignatures
        couples = attachments.nonTransferableReceipts.isEmpty ? [] : attachments.receipts
        sealSource = attachments.sealSourceCouples.last.flatMap(SealSource.init)
    }
}

extension EventProof {
    /// The proof as attachments.
    package var attachments: Attachments {
        var attachments = Attachments()
        attachments.controllerSignatures = controllerSignatures
        attachments.witnessSignatures = witnessSignatures
        if let source = sealSource {
            attachments.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)]
        }
        attachments.nonTransferableReceipts = receipts.map {
            NonTransferableReceipt(key: $0.signer.primitive, signature: $0.signature)
        }
        attachments.transferableReceipts = transferableReceipts.map {
            CESR.TransferableReceipt(
                prefix: $0.signer.aid.primitive, sn: $0.signer.sn.value, said: $0.signer.said.primitive,
                signature: $0.signature)
        }
        return attachments
    }

    /// Most signatures of each sort kept with one escrowed event: nobody may fill an escrow by sending bad ones again
    /// and again, and one counter tells them all.
    package static var mergeLimit: Int { 1024 }
    /// Most receipts by others than witnesses that are kept for one event, of each kind: anybody can make any number.
    package static var strangersLimit: Int { 32 }

    /// Adds what another copy of the same event brought. Unverified signatures of one index may differ; both are kept,
    /// for only one of them may be good.
    mutating func merge(_ other: EventProof) {
        Self.merge(other.controllerSignatures, into: &controllerSignatures)
        Self.merge(other.witnessSignatures, into: &witnessSignatures)
        Self.merge(other.receipts, into: &receipts)
        Self.merge(other.transferableReceipts, into: &transferableReceipts)
        if sealSource == nil { sealSource = other.sealSource }
    }

    private static func merge<Item: Hashable>(_ more: [Item], into list: inout [Item]) {
        if list.isEmpty, more.count == 1 {
            list = more
            return
        }
        var known = Set(list)
        for item in more where list.count < mergeLimit && known.insert(item).inserted { list.append(item) }
    }
}
