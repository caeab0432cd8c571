// SPDX-License-Identifier: Apache-2.0

internal import CESR

// Receipts (facts 8.1): signatures over an event by others than its controller.

extension MessageSteps {
    mutating func apply(
        receipt: ReceiptMessage, with attachments: Attachments, since: Timestamp
    ) throws -> EventOutcome {
        if let record = try trunkRecord(receipt.event) {
            guard record.said == receipt.event.said else { return .rejected(.staleReceipt) }
            let added = try addReceipts(of: attachments, to: record, withWitnesses: true, since: since)
            guard added == 0 else { return .duplicate(added: added) }
            let isWaiting = try attachments.allTransferableReceipts.contains {
                if case .unknown = try signerKeys($0.signer) { true } else { false }
            }
            return isWaiting ? .escrowed(.unverifiedTransferableReceipt) : .duplicate(added: 0)
        }
        return try escrow(receipt: receipt.event, attachments, since: since)
    }

    private func trunkRecord(_ seal: EventSeal) throws -> EventRecord? {
        guard let state = try transaction.keyState(of: seal.aid), seal.sn <= state.sn else { return nil }
        return try transaction.record(of: seal.aid, at: seal.sn)
    }

    /// Adds every receipt in `attachments` that verifies to an event of the log; returns how many were new.
    ///
    /// Behind an event the witnesses' signatures have been checked by the decision about it; `withWitnesses` is false
    /// then, so that no signature is checked twice.
    @discardableResult
    mutating func addReceipts(
        of attachments: Attachments, to record: EventRecord, withWitnesses: Bool, since: Timestamp
    ) throws -> Int {
        guard
            (withWitnesses && !attachments.witnessSignatures.isEmpty) || !attachments.nonTransferableReceipts.isEmpty
                || !attachments.transferableReceipts.isEmpty || !attachments.transferableGroups.isEmpty
        else { return 0 }
        guard let state = try transaction.trunkState(of: record.aid, through: record.sn) else { return 0 }
        var proof = record.proof
        let attached = AttachedProof(attachments)
        if withWitnesses {
            let witnesses = VerifiedSignatures(
                attached.witnessSignatures + attached.indexedCouples(in: state.witnesses), over: record.bytes,
                known: [], key: state.witnesses.key)
            proof.add(witnessSignatures: witnesses.signatures)
        }
        for couple in attached.couples where !state.witnesses.contains(couple.signer) {
            guard proof.receipts.count < EventProof.strangersLimit,
                !proof.receipts.contains(where: { $0.signer == couple.signer }),
                let key = couple.signer.key, key.verifies(couple.signature, over: record.bytes.span)
            else { continue }
            proof.receipts.append(couple)
        }
        var findings: [EventSeal: SignerFinding] = [:]
        for receipt in attachments.allTransferableReceipts {
            let finding = try findings[receipt.signer] ?? signerKeys(receipt.signer)
            findings[receipt.signer] = finding
            switch Self.standing(of: receipt, over: record.bytes, finding) {
            case .valid:
                if proof.transferableReceipts.count < EventProof.strangersLimit,
                    !proof.transferableReceipts.contains(where: { $0.isSameSigner(as: receipt) })
                {
                    proof.transferableReceipts.append(receipt)
                }
            case .unknownSigner:
                let seal = EventSeal(aid: record.aid, sn: record.sn, said: record.said)
                _ = try escrow(transferable: receipt, of: seal, since: since)
            case .invalid: break
            }
        }
        let added = proof.signatureCount - record.proof.signatureCount
        if added > 0 { try transaction.setProof(proof, of: record.aid, ordinal: record.ordinal) }
        return added
    }

    private enum Standing { case valid, invalid, unknownSigner }

    /// Checks a receipt by a transferable AID with the keys of the establishment event that it names.
    private static func standing(
        of receipt: EventProof.TransferableReceipt, over bytes: [UInt8], _ finding: SignerFinding
    ) -> Standing {
        switch finding {
        case .unknown: return .unknownSigner
        case .mismatch: return .invalid
        case .known(let keys, _):
            guard let key = keys.at(receipt.signature.index) else { return .invalid }
            return key.verifies(receipt.signature, over: bytes.span) ? .valid : .invalid
        }
    }

    enum SignerFinding {
        case unknown
        case mismatch
        case known([VerificationKey], Threshold)
    }

    /// The keys and the threshold of an establishment event that a signer names.
    func signerKeys(_ seal: EventSeal) throws -> SignerFinding {
        guard let state = try transaction.keyState(of: seal.aid), seal.sn <= state.sn,
            let record = try transaction.record(of: seal.aid, at: seal.sn)
        else { return .unknown }
        guard record.said == seal.said, record.kind.isEstablishment else { return .mismatch }
        var parser = MessageParser()
        guard case .keyEvent(let event)? = try? parser.parse(stored: record), let stated = event.establishment else {
            throw StoreError(.corrupt, "event \(seal.sn) of \(seal.aid) can't be read back")
        }
        return .known(stated.keys, stated.signingThreshold)
    }

    // MARK: Escrow

    private mutating func escrow(
        receipt event: EventSeal, _ attachments: Attachments, since: Timestamp
    ) throws -> EventOutcome {
        var outcome = EventOutcome.rejected(.noValidReceipt)
        for signature in attachments.witnessSignatures {
            var kept = Attachments()
            kept.witnessSignatures = [signature]
            outcome = try escrow(
                receipt: event, .unverifiedWitnessReceipt, kept, source: signature.text, missing: event,
                waitsFor: event.comesBehind, since: since)
        }
        for couple in attachments.receipts {
            var kept = Attachments()
            kept.nonTransferableReceipts = [
                NonTransferableReceipt(key: couple.signer.primitive, signature: couple.signature)
            ]
            outcome = try escrow(
                receipt: event, .unverifiedReceipt, kept, source: couple.signer.text, missing: event,
                waitsFor: event.comesBehind, since: since)
        }
        for receipt in attachments.allTransferableReceipts {
            outcome = try escrow(transferable: receipt, of: event, since: since)
        }
        return outcome
    }

    private mutating func escrow(
        transferable receipt: EventProof.TransferableReceipt, of event: EventSeal, since: Timestamp
    ) throws -> EventOutcome {
        var kept = Attachments()
        kept.transferableGroups = [
            TransferableSignatureGroup(
                prefix: receipt.signer.aid.primitive, sn: receipt.signer.sn.value,
                said: receipt.signer.said.primitive, signatures: [receipt.signature])
        ]
        let missing = try trunkRecord(event) != nil ? receipt.signer : event
        return try escrow(
            receipt: event, .unverifiedTransferableReceipt, kept,
            source: "\(receipt.signer.aid) \(receipt.signature.index)", missing: missing,
            waitsFor: AwaitedPosition(aid: missing.aid, sn: missing.sn), since: since)
    }

    private mutating func escrow(
        receipt event: EventSeal, _ reason: EscrowReason, _ attachments: Attachments, source: String,
        missing: EventSeal, waitsFor: AwaitedPosition, since: Timestamp
    ) throws -> EventOutcome {
        try put(
            EscrowEntry(
                key: EscrowKey(reason: reason, aid: event.aid, sn: event.sn, said: event.said, source: source),
                since: since,
                message: try attachments.following(try MessageBuilder.receipt(of: event)),
                missing: "event \(missing.sn) of \(missing.aid)", waitsFor: waitsFor))
    }

    /// Gives a receipt whose event waits for witnesses to that event, when it is one of a witness and verifies; nil
    /// when it stays in its own escrow.
    mutating func applyToEscrowedEvent(_ entry: EscrowEntry) throws -> EventOutcome? {
        guard entry.key.reason == .unverifiedWitnessReceipt || entry.key.reason == .unverifiedReceipt else {
            return nil
        }
        let key = EscrowKey(reason: .partialWitnesses, aid: entry.key.aid, sn: entry.key.sn, said: entry.key.said)
        guard let waiting = try transaction.escrow(key), let event = try? StoredMessage(waiting.message),
            let receipt = try? StoredMessage(entry.message), case .keyEvent(let body) = event.message
        else { return nil }
        var attachments = event.attachments
        attachments.witnessSignatures += receipt.attachments.witnessSignatures
        attachments.nonTransferableReceipts += receipt.attachments.nonTransferableReceipts
        let decision = try EventValidator(store: transaction).decide(body, with: AttachedProof(attachments), now: now)
        let verified: EventProof
        var missing = waiting.missing
        switch decision {
        case .accept(_, let proof): verified = proof
        case .escrow(.partialWitnesses, let proof, let words): (verified, missing) = (proof, words)
        default: return nil
        }
        let added = verified.witnessSignatures.count - event.attachments.witnessSignatures.count
        guard added > 0 else {
            // It is no receipt that the event needs; it is looked at again when the event is in the log.
            var entry = entry
            entry.waitsFor = AwaitedPosition(aid: entry.key.aid, sn: entry.key.sn)
            try transaction.putEscrow(entry)
            return nil
        }
        var proof = verified
        proof.merge(event.attachments.proof())
        try transaction.putEscrow(
            EscrowEntry(
                key: key, since: waiting.since, message: try proof.attachments.following(body.bytes),
                missing: missing, waitsFor: waiting.waitsFor, isVerified: waiting.isVerified))
        return .duplicate(added: added)
    }
}

extension EventProof {
    /// How many signatures there are of all sorts.
    var signatureCount: Int {
        controllerSignatures.count + witnessSignatures.count + receipts.count + transferableReceipts.count
    }
}

extension EventSeal {
    /// Where the log must be before the event can be waiting for its receipts, be it in escrow.
    fileprivate var comesBehind: AwaitedPosition { AwaitedPosition(aid: aid, sn: sn.previous ?? .zero) }
}

extension EventProof.TransferableReceipt {
    func isSameSigner(as other: Self) -> Bool {
        signer == other.signer && signature.index == other.signature.index
    }
}

extension Attachments {
    /// Receipts by transferable AIDs in both of their forms: behind an event (`-D`) and in a receipt message (`-F`).
    var allTransferableReceipts: [EventProof.TransferableReceipt] {
        if transferableReceipts.isEmpty, transferableGroups.isEmpty { return [] }
        return transferableReceipts.compactMap { receipt in
            EventSeal(receipt.prefix, receipt.sn, receipt.said).map {
                EventProof.TransferableReceipt(signer: $0, signature: receipt.signature)
            }
        }
            + transferableGroups.flatMap { group in
                guard let seal = EventSeal(group.prefix, group.sn, group.said) else {
                    return [EventProof.TransferableReceipt]()
                }
                return group.signatures.map { EventProof.TransferableReceipt(signer: seal, signature: $0) }
            }
    }
}

extension EventSeal {
    init?(_ prefix: Primitive, _ sn: UInt128, _ said: Primitive) {
        guard let aid = AID(prefix), let said = SAID(said) else { return nil }
        self.init(aid: aid, sn: SequenceNumber(sn), said: said)
    }
}
