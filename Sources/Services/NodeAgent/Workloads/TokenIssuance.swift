// SPDX-License-Identifier: Apache-2.0

internal import KelmarkConcurrency
internal import Logging
internal import SPIFFE
private import Synchronization

/// Gets tokens from the issuer, and keeps them for who asks again. Facts (SPIFFE) 8.3.
final class TokenIssuance: Sendable {
    /// Most tokens of one entry that the issuer is asked for at once: who asks and goes away, again and again, must not
    /// pile up calls to an issuer that does not answer.
    static let mostPending = 256

    /// How often the bundle is looked at again for a key that signed.
    static let looksForKey = 12

    private let cache: SVIDCache
    private let issuer: any IssuerClient
    private let clock: any AgentClock
    private let patience: Duration
    private let logger: Logger
    /// Rung when the issuer signs with a key that the bundle here does not have yet.
    private let news: Bell
    private let askedAt = Mutex<CertificateTime?>(nil)
    private let tokens: Mutex<JWTSVIDCache>
    private let pending = Mutex<[String: Int]>([:])
    private let failures = ExplanationLimit()

    init(
        _ cache: SVIDCache, issuer: any IssuerClient, clock: any AgentClock, policy: WorkloadPolicy, news: Bell,
        logger: Logger
    ) {
        self.cache = cache
        self.issuer = issuer
        self.clock = clock
        patience = policy.patience
        self.news = news
        self.logger = logger
        tokens = Mutex(JWTSVIDCache(capacity: policy.mostTokens))
    }

    /// How many tokens are kept.
    var count: Int { tokens.withLock { $0.count } }

    /// Forgets tokens whose key is tainted or gone.
    func keepOnly(keyIDs: Set<String>) { tokens.withLock { $0.keepOnly(keyIDs: keyIDs) } }

    /// A token of an entry: a kept one in the first half of its life, else a new one; a kept one that is still valid
    /// when no new one can be had.
    func token(for entry: RegistrationEntry, audience: [String]) async throws(WorkloadDenial) -> String {
        let key = JWTSVIDCache.Key(entryID: entry.id, id: entry.spiffeID, audience: audience)
        let now = clock.now()
        let kept = entry.includesTokenID ? nil : tokens.withLock { $0.token(for: key, at: now) }
        if let kept, kept.isFresh { return kept.issued.token }
        do {
            try begin(entry.id)
            defer { end(entry.id) }
            let (issued, keyID) = try await issue(entry, Self.unique(audience))
            if !entry.includesTokenID { tokens.withLock { $0.put(issued, keyID: keyID, for: key) } }
            return issued.token
        } catch {
            logger.ofCall.log(
                level: .warning, "JWT-SVID not issued", within: failures, at: clock.now(), of: nil
            ) { ["entry_id": "\(entry.id)", "spiffe_id": "\(entry.spiffeID)", "error": "\(error)"] }
            // A refusal counts; only an issuer that can't answer now leaves the old token in use. Whether it still may be
            // used is asked again: its key may have been tainted meanwhile.
            let isPassing = (error as? IssuerClientError)?.isPassing ?? (error is TimeIsUp)
            let now = clock.now()
            guard isPassing, kept != nil, let still = tokens.withLock({ $0.token(for: key, at: now) }) else {
                throw .unavailable("could not fetch JWT-SVID")
            }
            return still.issued.token
        }
    }

    private func issue(
        _ entry: RegistrationEntry, _ audience: [String]
    ) async throws -> (issued: IssuedJWTSVID, keyID: String) {
        let issued = try await clock.within(patience) { [issuer] in
            try await issuer.newJWTSVID(entryID: entry.id, audience: audience)
        }
        var outcome = judged(issued, audience)
        // A key may sign moments after it was published. Nobody could verify the token before they have the key.
        for _ in 0..<Self.looksForKey where outcome.faults.contains(where: { $0.code == .unknownKey }) {
            askForNews()
            try await clock.sleep(for: .milliseconds(250))
            outcome = judged(issued, audience)
        }
        guard let svid = outcome.svid else {
            throw IssuerClientError(
                .malformedAnswer, outcome.faults.map(\.description).joined(separator: "; "))
        }
        guard svid.id == entry.spiffeID else {
            throw IssuerClientError(.malformedAnswer, "the token is for \(svid.id)")
        }
        // One audience more than was asked for could use the token at all others.
        guard Set(svid.audiences) == Set(audience) else {
            throw IssuerClientError(.malformedAnswer, "the token is for other audiences")
        }
        return (issued, svid.authority.keyID)
    }

    /// Asks for a round of the agent, once in a second however many tokens wait.
    private func askForNews() {
        let now = clock.now()
        let isFirst = askedAt.withLock { asked in
            defer { asked = now }
            return asked != now
        }
        if isFirst { news.ring() }
    }

    private func judged(_ issued: IssuedJWTSVID, _ audience: [String]) -> JWTSVIDOutcome {
        let bundle = cache.read { $0.trust.own?.jwtBundle } ?? nil
        return JWTSVIDOutcome.verifying(issued.token, audience: audience.first ?? "", at: clock.now()) {
            $0 == bundle?.trustDomain ? bundle : nil
        }
    }

    private func begin(_ entryID: String) throws(IssuerClientError) {
        let hasRoom = pending.withLock { pending in
            guard pending[entryID, default: 0] < Self.mostPending else { return false }
            pending[entryID, default: 0] += 1
            return true
        }
        guard hasRoom else { throw IssuerClientError(.resourceExhausted, "too many tokens of the entry at once") }
    }

    private func end(_ entryID: String) {
        pending.withLock { pending in
            let left = pending[entryID, default: 1] - 1
            pending[entryID] = left > 0 ? left : nil
        }
    }

    /// Each audience once, in order.
    private static func unique(_ audience: [String]) -> [String] {
        var seen: Set<[UInt8]> = []
        return audience.filter { seen.insert(Array($0.utf8)).inserted }
    }
}
