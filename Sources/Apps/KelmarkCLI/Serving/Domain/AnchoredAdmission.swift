// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkCrypto
internal import Logging
internal import NodeAgent
internal import NodeLocal
internal import SPIFFE
internal import Synchronization
internal import TrustBinding

/// Admits those authorities of a trust domain that an organisation stands behind, by its AID alone: each must be named by
/// a statement of an issuer that the organisation authorised, as a proof shows it. `03-binding.md`, section 1, rule 2.
///
/// The proof is read again whenever a bundle is decided about. One takes the place of another only when it holds by
/// itself and has every event that was proven before: who stands in between can hold a newer one back, not bring an
/// older one. The last one is kept over restarts, so that this holds from the first contact on, and needs nobody then.
actor AnchoredAdmission: BundleAdmission {
    /// Whom the agent is bound to.
    struct Anchor: Hashable, Sendable {
        let root: AID
        let trustDomain: TrustDomain
    }

    /// What health endpoints and logs say.
    struct Standing: Hashable, Sendable {
        /// The events as of which something is proven; empty before there is a proof.
        var asOf: [EventPosition] = []
        var admitted = 0
        var refused = 0
        /// Why the newest proof could not be read or is not in use; nil when it is.
        var problem: String?
    }

    private struct Held {
        let bytes: [UInt8]
        let proof: BundleProof
    }

    private let anchor: Anchor
    private let document: ProofDocument
    /// Where the last proof is kept.
    private let keptPath: String
    private let clock: any AgentClock
    private let threads: BlockingThreads
    private let logger: Logger
    private var held: Held?
    private var hasLookedAtKept = false
    /// A document that was refused, by its digest: to be judged and complained about once.
    private var refused: [UInt8]?
    private let shown = Mutex(Standing())

    init(
        _ anchor: Anchor, document: ProofDocument, keptAt keptPath: String, clock: any AgentClock,
        threads: BlockingThreads, logger: Logger
    ) {
        self.anchor = anchor
        self.document = document
        self.keptPath = keptPath
        self.clock = clock
        self.threads = threads
        self.logger = logger
    }

    /// How things stand.
    nonisolated var standing: Standing { shown.withLock { $0 } }

    func decide(on bundle: TrustBundle, replacing current: TrustBundle?) async -> BundleDecision {
        guard bundle.trustDomain == anchor.trustDomain else {
            return .refused(reason: "a bundle of \(bundle.trustDomain), not of \(anchor.trustDomain)")
        }
        await refresh()
        guard let proof = held?.proof else {
            return .refused(reason: "no proof of \(anchor.root): \(standing.problem ?? "none was found")")
        }
        let now = clock.now()
        let verdicts: [AuthorityVerdict]
        do {
            verdicts = try await threads.run {
                bundle.authorities.map { authority in
                    let finding = proof.finding(about: authority, at: now)
                    return AuthorityVerdict(
                        authority, finding.verdict == .proven ? .admitted(.proven) : .refused,
                        reason: "\(finding.verdict.rawValue): \(finding.reasons.first?.description ?? "")")
                }
            }
        } catch {
            return .refused(reason: "\(error)")
        }
        let refusals = verdicts.count { $0.outcome == .refused }
        shown.withLock { standing in
            standing.admitted = verdicts.count - refusals
            standing.refused = refusals
        }
        return .admitting(bundle, by: verdicts)
    }

    // MARK: The proof

    private func refresh() async {
        if !hasLookedAtKept {
            hasLookedAtKept = true
            await takeUpKept()
        }
        let newest: (bytes: [UInt8], tag: String?)
        do {
            guard let read = try await document.read() else { return note(nil) }
            newest = read
        } catch {
            if held == nil || standing.problem == nil {
                logger.warning("The proof can't be read anew", metadata: ["error": "\(error)"])
            }
            return note("\(error)")
        }
        guard newest.bytes != held?.bytes else {
            await document.accept(newest.tag)
            return note(nil)
        }
        await judge(newest.bytes, tag: newest.tag)
    }

    /// The proof that was in use before a restart.
    private func takeUpKept() async {
        do {
            let bytes = try await threads.run { [keptPath] in
                try OpenFile.contents(of: keptPath, limit: ProofFileFormat.largestFile)
            }
            held = try await read(bytes)
        } catch {
            logger.info("No proof is kept that could be used", metadata: ["reason": "\(error)"])
        }
        guard let held else { return }
        shown.withLock { $0.asOf = held.proof.asOf }
    }

    private func judge(_ bytes: [UInt8], tag: String?) async {
        let digest = DigestAlgorithm.sha2_256.digest(bytes.span)
        guard digest != refused else { return }
        // Evidence of two histories stays: nothing that comes later makes it untrue.
        guard held?.proof.isDuplicitous != true else { return }
        let newest: Held
        do {
            newest = try await read(bytes)
            if let held, !newest.proof.isDuplicitous,
                let lost = held.proof.asOf.first(where: { !newest.proof.holds($0) })
            {
                throw AttestorError("it lacks \(lost), which was proven before: an older proof, or another history")
            }
        } catch {
            refused = digest
            note("\(error)")
            logger.error("The newest proof is not used", metadata: ["reason": "\(error)"])
            return
        }
        do {
            try await keep(bytes)
        } catch {
            note("\(error)")
            logger.error("The newest proof can't be kept, and is not used", metadata: ["reason": "\(error)"])
            return
        }
        held = newest
        refused = nil
        await document.accept(tag)
        shown.withLock { standing in
            standing.asOf = newest.proof.asOf
            standing.problem = newest.proof.isDuplicitous ? "the organisation has signed two histories" : nil
        }
        let metadata: Logger.Metadata = [
            "root": "\(anchor.root)", "as_of": .array(newest.proof.asOf.map { .string($0.description) }),
        ]
        if newest.proof.isDuplicitous {
            logger.critical("The organisation has signed two histories: nothing of it is trusted", metadata: metadata)
        } else {
            logger.info("Proof in use", metadata: metadata)
        }
    }

    private func read(_ bytes: [UInt8]) async throws -> Held {
        let (anchor, now) = (anchor, clock.now())
        return try await threads.run {
            Held(
                bytes: bytes,
                proof: try BundleProof(bytes, root: anchor.root, trustDomain: anchor.trustDomain, at: now))
        }
    }

    /// What is not on the disk would be forgotten by a restart, and an older proof could come back.
    private func keep(_ bytes: [UInt8]) async throws {
        try await threads.run { [keptPath] in
            try DurableFile.write(bytes, to: keptPath) { number, path in
                CommandFailure("KM-INPUT-UNWRITABLE", "\(path) can't be written: \(systemMessage(number))")
            }
        }
    }

    private func note(_ problem: String?) { shown.withLock { $0.problem = problem } }
}
