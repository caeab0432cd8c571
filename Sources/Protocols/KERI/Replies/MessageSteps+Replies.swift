// SPDX-License-Identifier: Apache-2.0

internal import CESR

// Replies: the best data available, by read, update and nullify (facts 9.3). Nothing is ever deleted, and an older
// statement never replaces a newer one.

extension MessageSteps {
    mutating func apply(reply: Reply, with attachments: Attachments, since: Timestamp) throws -> EventOutcome {
        let statement: ReplyStatement
        do { statement = try ReplyStatement(reply) } catch { return .rejected(error) }
        guard reply.dated <= now.advanced(bySeconds: policy.futureTolerance) else { return .rejected(.futureDated) }
        if statement.key.route == "/ksn", let fault = try faultInNotice(statement) { return fault }
        var outcome = EventOutcome.rejected(.wrongSigner)
        for couple in attachments.receipts where couple.signer == statement.signer {
            guard let key = couple.signer.key, key.verifies(couple.signature, over: reply.bytes.span) else {
                outcome = .rejected(.noValidSignature)
                continue
            }
            var kept = Attachments()
            kept.nonTransferableReceipts = [
                NonTransferableReceipt(key: couple.signer.primitive, signature: couple.signature)
            ]
            return try keep(reply, statement, signerSn: nil, kept)
        }
        for group in attachments.transferableGroups {
            guard let signer = EventSeal(group.prefix, group.sn, group.said), signer.aid == statement.signer else {
                continue
            }
            outcome = try apply(reply, statement, signer: signer, group, since: since)
            if outcome == .verified { return outcome }
        }
        return outcome
    }

    private mutating func apply(
        _ reply: Reply, _ statement: ReplyStatement, signer: EventSeal, _ group: TransferableSignatureGroup,
        since: Timestamp
    ) throws -> EventOutcome {
        let key = EscrowKey(
            reason: .partialReply, aid: signer.aid, sn: signer.sn, said: reply.said, source: statement.key.route)
        // The earlier come first, so that nobody can crowd them out.
        var signatures: [IndexedSignature] = []
        if let earlier = try transaction.escrow(key), let stored = try? StoredMessage(earlier.message) {
            signatures = stored.attachments.transferableGroups.flatMap(\.signatures)
        }
        for signature in group.signatures
        where signatures.count < EventProof.mergeLimit && !signatures.contains(signature) {
            signatures.append(signature)
        }
        func escrow(
            _ signatures: [IndexedSignature], _ missing: String, waitsFor: AwaitedPosition? = nil
        ) throws -> EventOutcome {
            var kept = Attachments()
            kept.transferableGroups = [
                TransferableSignatureGroup(
                    prefix: group.prefix, sn: group.sn, said: group.said,
                    signatures: Array(signatures.prefix(EventProof.mergeLimit)))
            ]
            return try put(
                EscrowEntry(
                    key: key, since: since, message: try kept.following(reply.bytes), missing: missing,
                    waitsFor: waitsFor, isVerified: waitsFor == nil))
        }
        switch try signerKeys(signer) {
        case .unknown:
            return try escrow(
                signatures, "event \(signer.sn) of \(signer.aid)",
                waitsFor: AwaitedPosition(aid: signer.aid, sn: signer.sn))
        case .mismatch: return .rejected(.signerEventMismatch)
        case .known(let keys, let threshold):
            let verified = VerifiedSignatures(signatures, over: reply.bytes, known: [], key: keys.at)
            guard !verified.signatures.isEmpty else { return .rejected(.noValidSignature) }
            guard threshold.isSatisfied(by: verified.signers) else {
                return try escrow(
                    verified.signatures,
                    "signatures: \(verified.signers.count) valid, \(threshold.summary) needed")
            }
            var kept = Attachments()
            kept.transferableGroups = [
                TransferableSignatureGroup(
                    prefix: group.prefix, sn: group.sn, said: group.said, signatures: verified.signatures)
            ]
            let outcome = try keep(reply, statement, signerSn: signer.sn, kept)
            try transaction.removeEscrow(key)
            return outcome
        }
    }

    /// Keeps a reply whose signatures hold, if it is newer than the one kept.
    private mutating func keep(
        _ reply: Reply, _ statement: ReplyStatement, signerSn: SequenceNumber?, _ attachments: Attachments
    ) throws -> EventOutcome {
        let record = ReplyRecord(
            key: statement.key, dated: reply.dated, signerSn: signerSn, value: statement.value,
            message: try attachments.following(reply.bytes))
        if let old = try transaction.reply(statement.key) {
            guard record.isNewer(than: old) else { return .rejected(.staleReply) }
        }
        try transaction.putReply(record)
        return .verified
    }

    /// A key state may be told by the AID itself or by one of its witnesses.
    private func faultInNotice(_ statement: ReplyStatement) throws -> EventOutcome? {
        if statement.key.aid == statement.signer { return nil }
        guard let state = try transaction.keyState(of: statement.key.aid) else { return .rejected(.wrongSigner) }
        return state.witnesses.contains(statement.signer) ? nil : .rejected(.wrongSigner)
    }
}

extension ReplyRecord {
    /// Whether this one was made later: under a later establishment event, or with a later date under the same.
    func isNewer(than old: ReplyRecord) -> Bool {
        if let mine = signerSn, let other = old.signerSn, mine != other { return mine > other }
        return dated > old.dated
    }
}
