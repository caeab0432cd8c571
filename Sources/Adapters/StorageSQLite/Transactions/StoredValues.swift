// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

// How the values of records are written in columns.

extension KeyState {
    /// The key state record as JSON.
    var storedBytes: [UInt8] {
        get throws {
            do {
                return try record.encoded(as: .json)
            } catch {
                throw StoreError(.corrupt, "the key state of \(aid) can't be written: \(error)")
            }
        }
    }

    init?(storedBytes: [UInt8]) {
        guard let value = try? OrderedValue(parsing: storedBytes.span, format: .json, limits: .standard),
            case .map(let record) = value
        else { return nil }
        self.init(stored: record)
    }
}

extension EventProof {
    /// The proof as CESR groups.
    var stored: [UInt8] {
        get throws {
            do {
                return try attachments.encoded(in: .text)
            } catch {
                throw StoreError(.unavailable, "a proof has too many signatures to be stored: \(error)")
            }
        }
    }

    init?(stored: [UInt8]) {
        guard let attachments = try? Attachments(stored.span) else { return nil }
        self = attachments.proof()
        guard receipts.count == attachments.nonTransferableReceipts.count else { return nil }
        for receipt in attachments.transferableReceipts {
            guard let aid = AID(receipt.prefix), let said = SAID(receipt.said) else { return nil }
            let signer = EventSeal(aid: aid, sn: SequenceNumber(receipt.sn), said: said)
            transferableReceipts.append(TransferableReceipt(signer: signer, signature: receipt.signature))
        }
    }
}

extension DocumentFormat {
    /// The name in version strings.
    var storedName: String {
        switch self {
        case .json: "JSON"
        case .cbor: "CBOR"
        case .messagePack: "MGPK"
        }
    }

    init?(storedName: String) {
        switch storedName {
        case "JSON": self = .json
        case "CBOR": self = .cbor
        case "MGPK": self = .messagePack
        default: return nil
        }
    }
}
