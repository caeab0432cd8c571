// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import SPIFFE
private import Synchronization

/// Gets the SVIDs that the cache lacks: makes keys, asks the issuer in batches, judges what comes.
final class SVIDSigner: Sendable {
    /// Most requests of one batch. Facts (SPIFFE) 20.2. RSA keys take long to make: nobody who comes meanwhile should
    /// wait for those of hundreds of others.
    static func largestBatch(_ keys: SVIDKey.Kind) -> Int { keys == .p256 ? 500 : 16 }

    private let cache: SVIDCache
    private let issuer: any IssuerClient
    private let clock: any AgentClock
    private let keyKind: SVIDKey.Kind
    private let threads: BlockingThreads
    private let jitter: Jitter
    private let logger: Logger
    private let batch: Mutex<Int>

    init(
        _ cache: SVIDCache, issuer: any IssuerClient, clock: any AgentClock, keyKind: SVIDKey.Kind,
        threads: BlockingThreads, jitter: Jitter, logger: Logger
    ) {
        self.cache = cache
        self.issuer = issuer
        self.clock = clock
        self.keyKind = keyKind
        self.threads = threads
        self.jitter = jitter
        self.logger = logger
        batch = Mutex(Self.largestBatch(keyKind))
    }

    /// How many requests the next batch has at most.
    var batchSize: Int { batch.withLock { $0 } }

    /// Signs what is due, batch after batch.
    /// - Throws: ``IssuerClientError`` when the issuer asks something of the agent's own identity, or can't take even
    ///   a single request now; what was not signed stays due.
    func signDue() async throws(IssuerClientError) {
        while !Task.isCancelled {
            let now = clock.now()
            cache.change { $0.expire(at: now) }
            let jobs = cache.read { $0.takeJobs(at: now, most: batchSize) } ?? []
            guard !jobs.isEmpty else { return }
            try await sign(jobs)
        }
    }

    private func sign(_ jobs: [RegistrationEntry]) async throws(IssuerClientError) {
        let prepared: [(entry: RegistrationEntry, key: SVIDKey, request: [UInt8])]
        do {
            let kind = keyKind
            prepared = try await threads.run {
                try jobs.map { entry in
                    let key = try SVIDKey.random(kind)
                    return (entry, key, try key.certificateRequest())
                }
            }
        } catch {
            settle(jobs, .released)
            throw IssuerClientError(.cancelled, "no keys could be made: \(error)")
        }
        let answers: [X509SVIDAnswer]
        do throws(IssuerClientError) {
            answers = try await issuer.newX509SVIDs(
                prepared.map { X509SVIDRequest(entryID: $0.entry.id, request: $0.request) })
            guard answers.count == prepared.count else {
                throw IssuerClientError(.malformedAnswer, "\(answers.count) answers to \(prepared.count) requests")
            }
        } catch {
            try refused(jobs, error)
            return
        }
        batch.withLock { $0 = min(Self.largestBatch(keyKind), $0 * 2) }
        for (job, answer) in zip(prepared, answers) { take(answer, for: job.entry, job.key) }
    }

    /// What to do when a whole batch was refused.
    private func refused(_ jobs: [RegistrationEntry], _ error: IssuerClientError) throws(IssuerClientError) {
        if error.code == .resourceExhausted, jobs.count > 1 {
            settle(jobs, .released)
            batch.withLock { $0 = max(1, min($0, jobs.count) / 2) }
            return
        }
        guard error.demand == nil, error.code != .cancelled else {
            settle(jobs, .released)
            throw error
        }
        settle(jobs, .failed(retryAfter: 5))
        logger.warning(
            "SVIDs could not be signed", metadata: ["count": "\(jobs.count)", "error": "\(error)"])
        throw error
    }

    private func settle(_ jobs: [RegistrationEntry], _ result: CacheState.SigningResult) {
        let now = clock.now()
        cache.change { state in
            jobs.reduce(into: []) { $0.formUnion(state.finish($1, result, at: now)) }
        }
    }

    private func take(_ answer: X509SVIDAnswer, for entry: RegistrationEntry, _ key: SVIDKey) {
        let now = clock.now()
        let result: CacheState.SigningResult
        do {
            guard let bundle = cache.read({ $0.trust.own?.x509Bundle }) ?? nil else {
                return settle([entry], .released)
            }
            switch answer {
            case .issued(let chain):
                let held = try HeldSVID(
                    chain: chain, for: entry, key: key, under: bundle, at: now, spread: jitter.factor(0.1))
                result = .signed(held)
            case .refused(let error): throw error
            }
        } catch {
            logger.warning(
                "SVID not issued",
                metadata: ["entry_id": "\(entry.id)", "spiffe_id": "\(entry.spiffeID)", "error": "\(error)"])
            let failures = cache.read { $0.failures(entry.id) } ?? 0
            result = .failed(retryAfter: min(5 << Int64(min(failures, 6)), CacheState.longestWait))
        }
        settle([entry], result)
    }
}
