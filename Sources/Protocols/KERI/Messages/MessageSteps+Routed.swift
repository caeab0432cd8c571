// SPDX-License-Identifier: Apache-2.0

internal import CESR
private import KelmarkBytes

// Queries and exchange messages: who signed, and whether what is asked for is here. What is done with them is the
// business of the services that own their routes.

extension MessageSteps {
    /// A query (facts 9.2). Its signature is checked, which no keripy version does.
    mutating func apply(query: Query, with attachments: Attachments, since: Timestamp) throws -> EventOutcome {
        guard let subject = query.parameters.aid("i") else { return .rejected(.badPayload) }
        guard ["logs", "ksn", "mbx"].contains(query.route) else { return .rejected(.unknownRoute) }
        let wanted: WantedState
        do { wanted = try WantedState(query) } catch { return .rejected(error) }
        let asker: AID
        switch try signer(of: query.bytes, attachments) {
        case .valid(let aid): asker = aid
        case .unknown(let aid):
            return try escrow(query, asker: aid, attachments, since: since, missing: "the log of \(aid)")
        case .invalid(let reason): return .rejected(reason)
        }
        if let missing = try missing(wanted, about: subject) {
            return try escrow(query, asker: asker, attachments, since: since, missing: missing)
        }
        return .verified
    }

    private mutating func escrow(
        _ query: Query, asker: AID, _ attachments: Attachments, since: Timestamp, missing: String
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
                since: since, message: try kept.following(query.bytes), missing: missing))
    }

    /// What must be here before a query can be answered, in words; nil when all is.
    private func missing(_ wanted: WantedState, about subject: AID) throws -> String? {
        guard let state = try transaction.keyState(of: subject) else { return "the log of \(subject)" }
        if let seal = wanted.seal, seal != EventSeal(state), try transaction.trunkSealing(seal, by: state) == nil {
            return "an event of \(subject) that seals \(seal.said)"
        }
        if let sn = wanted.sn, state.sn < sn { return "event \(sn) of \(subject)" }
        return nil
    }

    /// An exchange message (facts 11.1): signed by its sender, by the threshold of the establishment event it names.
    mutating func apply(exchange: Exchange, with attachments: Attachments, since: Timestamp) throws -> EventOutcome {
        for couple in attachments.receipts where couple.signer == exchange.sender {
            let isValid = couple.signer.key?.verifies(couple.signature, over: exchange.bytes.span) ?? false
            return isValid ? .verified : .rejected(.noValidSignature)
        }
        for group in attachments.transferableGroups {
            guard let signer = EventSeal(group.prefix, group.sn, group.said), signer.aid == exchange.sender else {
                continue
            }
            return try apply(exchange, signer: signer, group, attachments, since: since)
        }
        return .rejected(.wrongSigner)
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
        func escrow(_ signatures: [IndexedSignature], _ missing: String) throws -> EventOutcome {
            var kept = Attachments()
            kept.pathedGroups = attachments.pathedGroups
            kept.transferableGroups = [
                TransferableSignatureGroup(
                    prefix: group.prefix, sn: group.sn, said: group.said,
                    signatures: Array(signatures.prefix(EventProof.mergeLimit)))
            ]
            return try put(
                EscrowEntry(key: key, since: since, message: try kept.following(exchange.bytes), missing: missing))
        }
        switch try signerKeys(signer) {
        case .unknown: return try escrow(signatures, "event \(signer.sn) of \(signer.aid)")
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
