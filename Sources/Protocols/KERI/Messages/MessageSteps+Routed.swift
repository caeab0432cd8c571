// SPDX-License-Identifier: Apache-2.0

public import CESR
private import KelmarkBytes

// Queries and exchange messages: who signed, and whether what is asked for is here. What is done with them is the
// business of the services that own their routes.

extension MessageSteps {
    /// A query (facts 9.2). Its signature is checked, which no keripy version does.
    mutating func apply(query: Query, with attachments: Attachments, since: Timestamp) throws -> EventOutcome {
        // What is asked about a registry names it; the credential may be left open (facts 9.2).
        guard let subject = query.parameters.aid(query.route == "tels" ? "ri" : "i") else {
            return .rejected(.badPayload)
        }
        guard ["logs", "ksn", "mbx", "tels"].contains(query.route) else { return .rejected(.unknownRoute) }
        let wanted: WantedState
        do { wanted = try WantedState(query) } catch { return .rejected(error) }
        let asker: AID
        switch try signer(of: query.bytes, attachments) {
        case .valid(let aid): asker = aid
        case .unknown(let aid):
            return try escrow(
                query, asker: aid, attachments, since: since, missing: "the log of \(aid)",
                waitsFor: AwaitedPosition(aid: aid, sn: .zero), isVerified: false)
        case .invalid(let reason): return .rejected(reason)
        }
        if query.route != "tels", let (missing, sn) = try missing(wanted, about: subject) {
            return try escrow(
                query, asker: asker, attachments, since: since, missing: missing,
                waitsFor: AwaitedPosition(aid: subject, sn: sn), isVerified: true)
        }
        return .verified
    }

    private mutating func escrow(
        _ query: Query, asker: AID, _ attachments: Attachments, since: Timestamp, missing: String,
        waitsFor: AwaitedPosition, isVerified: Bool
    ) throws -> EventOutcome {
        // Only what says who asks; the rest could be more than fits one group.
        var kept = Attachments()
        kept.lastEstablishmentGroups = Array(attachments.lastEstablishmentGroups.suffix(1))
        if kept.isEmpty, let couple = attachments.receipts.last {
            kept.nonTransferableReceipts = [
                NonTransferableReceipt(key: couple.signer.primitive, signature: couple.signature)
            ]
        }
        return try put(
            EscrowEntry(
                key: EscrowKey(
                    reason: .queryNotFound, aid: asker, sn: .zero, said: query.said, source: query.route),
                since: since, message: try kept.following(query.bytes), missing: missing, waitsFor: waitsFor,
                isVerified: isVerified))
    }

    /// What must be here before a query can be answered, in words, and the position of the log before which it can't
    /// be; nil when all is here.
    private func missing(_ wanted: WantedState, about subject: AID) throws -> (String, SequenceNumber)? {
        guard let state = try transaction.keyState(of: subject) else { return ("the log of \(subject)", .zero) }
        if let seal = wanted.seal, seal != EventSeal(state), try transaction.trunkSealing(seal, by: state) == nil {
            return ("an event of \(subject) that seals \(seal.said)", .zero)
        }
        if let sn = wanted.sn, state.sn < sn { return ("event \(sn) of \(subject)", sn) }
        return nil
    }

    /// An exchange message (facts 11.1): signed by its sender, by the threshold of the establishment event it names.
    mutating func apply(exchange: Exchange, with attachments: Attachments, since: Timestamp) throws -> EventOutcome {
        if let couple = exchange.senderCouple(in: attachments) {
            let isValid = couple.signer.key?.verifies(couple.signature, over: exchange.bytes.span) ?? false
            return isValid ? .verified : .rejected(.noValidSignature)
        }
        guard let (signer, group) = exchange.senderGroup(in: attachments) else { return .rejected(.wrongSigner) }
        return try apply(exchange, signer: signer, group, attachments, since: since)
    }

    private mutating func apply(
        _ exchange: Exchange, signer: EventSeal, _ group: TransferableSignatureGroup, _ attachments: Attachments,
        since: Timestamp
    ) throws -> EventOutcome {
        let key = EscrowKey(
            reason: .partialExchange, aid: signer.aid, sn: signer.sn, said: exchange.said, source: exchange.route)
        // Each controller of a group sends a copy with its own signature.
        var signatures = group.signatures
        if let earlier = try transaction.escrow(key), let stored = try? StoredMessage(earlier.message) {
            for old in stored.attachments.transferableGroups.flatMap(\.signatures)
            where signatures.count < EventProof.mergeLimit && !signatures.contains(old) {
                signatures.append(old)
            }
        }
        func escrow(
            _ signatures: [IndexedSignature], _ missing: String, waitsFor: AwaitedPosition? = nil
        ) throws -> EventOutcome {
            var kept = Attachments()
            kept.pathedGroups = attachments.pathedGroups
            kept.transferableGroups = [
                TransferableSignatureGroup(
                    prefix: group.prefix, sn: group.sn, said: group.said,
                    signatures: Array(signatures.prefix(EventProof.mergeLimit)))
            ]
            return try put(
                EscrowEntry(
                    key: key, since: since, message: try kept.following(exchange.bytes), missing: missing,
                    waitsFor: waitsFor, isVerified: waitsFor == nil))
        }
        switch try signerKeys(signer) {
        case .unknown:
            return try escrow(
                signatures, "event \(signer.sn) of \(signer.aid)",
                waitsFor: AwaitedPosition(aid: signer.aid, sn: signer.sn))
        case .mismatch: return .rejected(.signerEventMismatch)
        case .known(let keys, let threshold):
            let verified = VerifiedSignatures(signatures, over: exchange.bytes, known: [], key: keys.at)
            guard !verified.signatures.isEmpty else { return .rejected(.noValidSignature) }
            guard threshold.isSatisfied(by: verified.signers) else {
                return try escrow(
                    verified.signatures, "signatures: \(verified.signers.count) valid, \(threshold.summary) needed")
            }
            try transaction.removeEscrow(key)
            return .verified
        }
    }

    private enum Signer { case valid(AID), unknown(AID), invalid(Rejection) }

    /// Who signed a query: the last group of an AID's latest keys (`-H`), or else a couple (`-C`).
    private func signer(of bytes: [UInt8], _ attachments: Attachments) throws -> Signer {
        if let group = attachments.lastEstablishmentGroups.last {
            guard let aid = AID(group.prefix) else { return .invalid(.wrongSigner) }
            guard let state = try transaction.keyState(of: aid) else { return .unknown(aid) }
            let verified = VerifiedSignatures(group.signatures, over: bytes, known: [], key: state.keys.at)
            return state.signingThreshold.isSatisfied(by: verified.signers) ? .valid(aid) : .invalid(.noValidSignature)
        }
        guard let couple = attachments.receipts.last else { return .invalid(.wrongSigner) }
        let isValid = couple.signer.key?.verifies(couple.signature, over: bytes.span) ?? false
        return isValid ? .valid(couple.signer) : .invalid(.noValidSignature)
    }
}

extension Exchange {
    /// The establishment event that the sender names with its signatures (`-F`): the one whose keys are checked before
    /// the outcome is ``EventOutcome/verified``. Nil for a sender without a log. Its keys may have been replaced since;
    /// a service that wants the current ones compares it with the key state.
    public func signer(in attachments: Attachments) -> EventSeal? {
        senderCouple(in: attachments) == nil ? senderGroup(in: attachments)?.signer : nil
    }

    fileprivate func senderCouple(in attachments: Attachments) -> EventProof.Receipt? {
        attachments.receipts.first { $0.signer == sender }
    }

    fileprivate func senderGroup(
        in attachments: Attachments
    ) -> (signer: EventSeal, group: TransferableSignatureGroup)? {
        for group in attachments.transferableGroups {
            if let signer = EventSeal(group.prefix, group.sn, group.said), signer.aid == sender {
                return (signer, group)
            }
        }
        return nil
    }
}

/// How far a log must have come before it is worth sending (facts 9.2).
private struct WantedState {
    /// An event that it must seal, or end with.
    private(set) var seal: EventSeal?
    /// A position that it must have reached.
    private(set) var sn: SequenceNumber?

    init(_ query: Query) throws(Rejection) {
        guard query.route == "logs" else { return }
        if let member = query.parameters["a"] {
            guard let map = member.mapValue, let aid = map.aid("i"), let sn = map.sn("s"), let said = map.said("d")
            else { throw .badPayload }
            seal = EventSeal(aid: aid, sn: sn, said: said)
        }
        if query.parameters["s"] != nil {
            guard let position = query.parameters.sn("s") else { throw .badPayload }
            sn = position
        }
    }
}

extension EventSeal {
    /// The latest event of a key state.
    init(_ state: KeyState) { self.init(aid: state.aid, sn: state.sn, said: state.said) }
}
