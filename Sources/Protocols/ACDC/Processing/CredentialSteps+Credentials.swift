// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
private import KelmarkBytes
private import KelmarkCrypto

extension CredentialSteps {
    typealias Judgement = CredentialDecision<Transaction>.Judgement

    /// Decides about one copy of a credential. Copies that show different parts have one SAID; each waits for itself, so
    /// that nobody can take away what others sent by showing less. What is kept shows what all copies showed.
    mutating func apply(
        _ copy: Credential, with attachments: Attachments, since: Timestamp
    ) throws -> Judgement {
        var credential = copy
        if let kept = try transaction.credential(copy.said) {
            if let merged = try? kept.merged(with: copy) { credential = merged }
            guard credential.shownBlocks > kept.shownBlocks else {
                try removeCopies(of: copy, except: nil)
                return Judgement(outcome: .duplicate, reasons: [], waitsFor: [], isVouchedFor: true)
            }
        }
        let judgement = try CredentialDecision(transaction).decide(credential, attachments: attachments)
        switch judgement.outcome {
        case .accepted:
            try transaction.putCredential(credential, seenAt: now)
            arrivals.append(.credential(credential.said))
            try removeCopies(of: copy, except: nil)
        case .escrowed(let reason):
            let kept = try keep(copy, reason, judgement, since: since)
            guard kept != judgement.outcome else {
                try removeCopies(of: copy, except: reason)
                break
            }
            return Judgement(
                outcome: kept, reasons: judgement.reasons, waitsFor: [], isVouchedFor: judgement.isVouchedFor)
        // A wrong seal is the fault of whoever attached it.
        case .rejected(.issuanceMismatch), .duplicate: break
        case .rejected: try removeCopies(of: copy, except: nil)
        }
        return judgement
    }

    private func key(of credential: Credential, _ reason: CredentialEscrowReason) throws -> CredentialEscrowKey {
        let digest = DigestAlgorithm.blake3_256.digest(credential.bytes.span)
        return CredentialEscrowKey(
            reason: reason, subject: credential.said,
            said: SAID(unchecked: try Primitive(code: .blake3_256, raw: digest)))
    }

    private mutating func removeCopies(of credential: Credential, except kept: CredentialEscrowReason?) throws {
        for reason in [CredentialEscrowReason.missingRegistry, .missingSchema, .missingChain] where reason != kept {
            try transaction.removeCredentialEscrow(key(of: credential, reason))
        }
    }

    /// Whether there is room for one more copy of a credential. Whoever holds one can make as many of it as there are
    /// choices of blocks to show, and the issuer's log vouches for all; so only those that show most are kept.
    private mutating func makeRoom(for copy: Credential, under key: CredentialEscrowKey) throws -> Bool {
        guard copy.addressing == .mostCompact, try transaction.credentialEscrow(key) == nil else { return true }
        let copies = try transaction.credentialEscrows(
            reason: key.reason, subject: key.subject, after: nil, limit: limits.copiesPerCredential)
        guard copies.count >= limits.copiesPerCredential else { return true }
        let shown = copies.map { (key: $0.entry.key, blocks: Self.shownBlocks(of: $0.entry)) }
        guard let least = shown.min(by: { $0.blocks < $1.blocks }), least.blocks < copy.shownBlocks else {
            return false
        }
        try transaction.removeCredentialEscrow(least.key)
        return true
    }

    private static func shownBlocks(of entry: CredentialEscrowEntry) -> Int {
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: entry.message.span) else { return 0 }
        var parser = CredentialParser()
        let body = entry.message.span.extracting(frame.bodyRange)
        return (try? parser.parse(body, version: frame.version).shownBlocks) ?? 0
    }

    /// Keeps a copy without what was attached: where it was issued is looked up again later.
    private mutating func keep(
        _ credential: Credential, _ reason: CredentialEscrowReason, _ judgement: Judgement, since: Timestamp
    ) throws -> CredentialOutcome {
        let key = try key(of: credential, reason)
        guard try makeRoom(for: credential, under: key) else { return .rejected(.escrowFull) }
        return try put(
            CredentialEscrowEntry(
                key: key, since: since, message: credential.bytes,
                missing: judgement.missing, issuer: credential.issuer, waitsFor: judgement.waitsFor,
                isVerified: judgement.isVouchedFor))
    }
}
