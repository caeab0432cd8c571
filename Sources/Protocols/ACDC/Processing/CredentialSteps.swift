// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

/// Carrying out decisions inside one transaction.
struct CredentialSteps<Transaction: CredentialTransaction> {
    var transaction: Transaction
    let limits: CredentialEscrowLimits
    let now: Timestamp
    /// What was accepted by these steps, and whom that may concern.
    var arrivals: [CredentialArrival] = []

    init(transaction: Transaction, limits: CredentialEscrowLimits, now: Timestamp) {
        self.transaction = transaction
        self.limits = limits
        self.now = now
    }

    // MARK: Registry events

    mutating func apply(
        _ event: RegistryEvent, signatures: [IndexedSignature], since: Timestamp
    ) throws -> CredentialOutcome {
        // Copies bring what is missing of each other's signatures; what is here comes first, so that nobody can crowd it
        // out.
        let waiting = try copies(of: event)
        let all = waiting.flatMap(\.signatures) + signatures
        let outcome: CredentialOutcome
        switch try RegistryDecision(transaction).decide(event, backerSignatures: all, now: now) {
        case .acceptRegistry(let record, let state):
            try transaction.append(record, leadingTo: state)
            arrivals.append(event.arrival)
            outcome = .accepted
        case .acceptStatus(let record, let status):
            try transaction.append(record, leadingTo: status)
            arrivals.append(event.arrival)
            outcome = .accepted
        case .duplicate(let record, let added):
            if added > 0 { try transaction.setBackerSignatures(of: record) }
            outcome = .duplicate
        case .reject(let reason): outcome = .rejected(reason)
        case .escrow(let escrow):
            outcome = try keep(event, escrow, since: waiting.map(\.entry.since).min().map { min($0, since) } ?? since)
            if outcome == .rejected(.escrowFull) { return outcome }
        }
        for copy in waiting where outcome != .escrowed(copy.entry.key.reason) {
            try transaction.removeCredentialEscrow(copy.entry.key)
        }
        return outcome
    }

    private func copies(
        of event: RegistryEvent
    ) throws -> [(entry: CredentialEscrowEntry, signatures: [IndexedSignature])] {
        try [CredentialEscrowReason.outOfOrder, .missingAnchor, .partialBackers].compactMap { reason in
            let key = CredentialEscrowKey(reason: reason, subject: event.subject, said: event.said)
            guard let entry = try transaction.credentialEscrow(key) else { return nil }
            return (entry, (try? StoredMessage(entry.message).attachments.witnessSignatures) ?? [])
        }
    }

    private mutating func keep(
        _ event: RegistryEvent, _ escrow: RegistryEscrow, since: Timestamp
    ) throws -> CredentialOutcome {
        // Where an event is sealed is looked up again later, so only signatures are kept.
        var attachments = Attachments()
        var known: Set<IndexedSignature> = []
        attachments.witnessSignatures = Array(
            escrow.backerSignatures.filter { known.insert($0).inserted }.prefix(EventProof.mergeLimit))
        return try put(
            CredentialEscrowEntry(
                key: CredentialEscrowKey(reason: escrow.reason, subject: event.subject, said: event.said),
                since: since, message: try attachments.following(event.bytes), missing: escrow.missing,
                issuer: escrow.issuer, waitsFor: escrow.waitsFor, isVerified: escrow.isVerified))
    }

    // MARK: Escrows

    /// Writes an entry unless the escrows are full. The time of its first arrival stays.
    mutating func put(_ entry: CredentialEscrowEntry) throws -> CredentialOutcome {
        var entry = entry
        let old = try transaction.credentialEscrow(entry.key)
        if let old {
            entry.since = min(entry.since, old.since)
            if entry == old { return .escrowed(entry.key.reason) }
        }
        if old?.isVerified != entry.isVerified || old?.issuer != entry.issuer, try !makeRoom(for: entry) {
            // What is there already stays what it was.
            return old == nil ? .rejected(.escrowFull) : .escrowed(entry.key.reason)
        }
        try transaction.putCredentialEscrow(entry)
        return .escrowed(entry.key.reason)
    }

    /// Whether there is room for a new entry. What an issuer's log vouches for has bounds of its own and stays until it
    /// leaves by itself. The rest is anybody's words: there the oldest makes room, of the same issuer first, so that
    /// nobody can lock others out by being first.
    private mutating func makeRoom(for entry: CredentialEscrowEntry) throws -> Bool {
        let issuer = entry.issuer
        if entry.isVerified {
            return try transaction.credentialEscrowCount(isVerified: true, issuer: issuer) < limits.perIssuer
                && transaction.credentialEscrowCount(isVerified: true, issuer: nil) < limits.total
        }
        guard entry.message.count <= limits.unverifiedBytes else { return false }
        while try transaction.credentialEscrowCount(isVerified: false, issuer: issuer) >= limits.unverifiedPerIssuer {
            guard try dropOldest(of: issuer) else { return false }
        }
        while try transaction.credentialEscrowCount(isVerified: false, issuer: nil) >= limits.unverifiedTotal {
            guard try dropOldest(of: nil) else { return false }
        }
        return true
    }

    private mutating func dropOldest(of issuer: AID?) throws -> Bool {
        guard let key = try transaction.oldestUnverifiedCredentialEscrow(issuer: issuer) else { return false }
        try transaction.removeCredentialEscrow(key)
        return true
    }
}
