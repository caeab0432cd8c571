// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

// Waking: what waits for something is decided about again when that has arrived, and not before. What it waits for is
// kept with it, so that finding those to wake costs as much as there are of them.

extension CredentialSteps {
    /// Decides again about what waits for what has arrived, and for what is accepted thereby, at most `limit` entries in
    /// all.
    mutating func resume(_ wakeups: [CredentialWakeup], limit: Int) throws -> CredentialWakeupResult {
        var queue = wakeups
        var resumed: [ResumedCredentialMessage] = []
        var left = max(1, limit)
        arrivals = []
        while left > 0, let wakeup = queue.first {
            guard
                let (place, entry) = try transaction.nextCredentialEscrow(
                    waitingFor: wakeup.arrival, after: wakeup.after)
            else {
                queue.removeFirst()
                continue
            }
            left -= 1
            queue[0] = CredentialWakeup(wakeup.arrival, after: place)
            if let result = try retry(entry) { resumed.append(result) }
            for arrival in arrivals where !queue.contains(CredentialWakeup(arrival)) {
                queue.append(CredentialWakeup(arrival))
            }
            arrivals = []
        }
        return CredentialWakeupResult(resumed: resumed, remaining: queue)
    }

    /// The order in which escrows are looked at: events before what waits for them.
    private static var order: [CredentialEscrowReason] {
        [.outOfOrder, .missingAnchor, .partialBackers, .missingRegistry, .missingSchema, .missingChain]
    }

    /// Decides again about everything once, and then about what that has woken.
    mutating func resumeAll() throws -> [ResumedCredentialMessage] {
        var resumed: [ResumedCredentialMessage] = []
        var woken: [CredentialWakeup] = []
        var known: Set<CredentialWakeup> = []
        for reason in Self.order {
            var place: UInt64?
            while let (arrival, entry) = try transaction.credentialEscrows(
                reason: reason, subject: nil, after: place, limit: 1
            ).first {
                place = arrival
                arrivals = []
                if let result = try retry(entry) { resumed.append(result) }
                for arrival in arrivals where known.insert(CredentialWakeup(arrival)).inserted {
                    woken.append(CredentialWakeup(arrival))
                }
            }
        }
        while !woken.isEmpty {
            let round = try resume(woken, limit: .max)
            resumed += round.resumed
            woken = round.remaining
        }
        return resumed
    }

    /// Drops what has waited too long, at most `limit` entries.
    mutating func expire(limit: Int) throws -> [ResumedCredentialMessage] {
        var dropped: [ResumedCredentialMessage] = []
        for (isVerified, lifetime) in [(false, limits.unverifiedLifetime), (true, limits.lifetime)] {
            let keys = try transaction.credentialEscrowKeys(
                isVerified: isVerified, before: now.advanced(bySeconds: -lifetime), limit: limit - dropped.count)
            for key in keys {
                try transaction.removeCredentialEscrow(key)
                dropped.append(ResumedCredentialMessage(key: key, outcome: nil))
            }
        }
        return dropped
    }

    /// Decides about one entry again; nil when it stays where it is.
    private mutating func retry(_ entry: CredentialEscrowEntry) throws -> ResumedCredentialMessage? {
        let key = entry.key
        let lifetime = entry.isVerified ? limits.lifetime : limits.unverifiedLifetime
        guard entry.since.advanced(bySeconds: lifetime) >= now else {
            try transaction.removeCredentialEscrow(key)
            return ResumedCredentialMessage(key: key, outcome: nil)
        }
        guard let outcome = try decideAgain(entry) else {
            try transaction.removeCredentialEscrow(key)
            return ResumedCredentialMessage(key: key, outcome: nil)
        }
        if outcome == .escrowed(key.reason) { return nil }
        try transaction.removeCredentialEscrow(key)
        return ResumedCredentialMessage(key: key, outcome: outcome)
    }

    /// The outcome of another decision; nil for what can't be read back.
    private mutating func decideAgain(_ entry: CredentialEscrowEntry) throws -> CredentialOutcome? {
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: entry.message.span) else { return nil }
        let body = entry.message.span.extracting(frame.bodyRange)
        if frame.version.protocol == .acdc {
            var parser = CredentialParser()
            guard let credential = try? parser.parse(body, version: frame.version) else { return nil }
            return try apply(credential, with: Attachments(), since: entry.since).outcome
        }
        var parser = MessageParser()
        guard case .registryEvent(let event)? = try? parser.parse(body, version: frame.version) else { return nil }
        return try apply(event, signatures: [], since: entry.since)
    }
}
