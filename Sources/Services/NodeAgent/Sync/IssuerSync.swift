// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import SPIFFE
private import Synchronization

/// One round of asking the issuer what is new: the own bundle, the entries, the other trust domains' bundles.
/// Facts (SPIFFE) 20.2.
final class IssuerSync: Sendable {
    let trustDomain: TrustDomain
    let cache: SVIDCache
    let tokens: TokenIssuance
    let issuer: any IssuerClient
    let admission: any BundleAdmission
    let clock: any AgentClock
    let logger: Logger
    /// Why authorities are not admitted, as it was logged last: a round comes every few seconds.
    private let told = Mutex<Set<String>>([])

    init(
        trustDomain: TrustDomain, cache: SVIDCache, tokens: TokenIssuance, issuer: any IssuerClient,
        admission: any BundleAdmission, clock: any AgentClock, logger: Logger
    ) {
        self.trustDomain = trustDomain
        self.cache = cache
        self.tokens = tokens
        self.issuer = issuer
        self.admission = admission
        self.clock = clock
        self.logger = logger
    }

    /// Asks once. What was learnt before a failure is kept.
    /// - Parameter keep: is given the own bundle as soon as it is known.
    /// - Throws: ``IssuerClientError`` when the issuer gives no bundle or no entries; a missing bundle of another trust
    ///   domain is only logged, and the last one stays in use.
    func run(keep: (TrustBundle) async -> Void = { _ in }) async throws(IssuerClientError) {
        await keep(try await followBundle(try await issuer.bundle()))
        let known = cache.read { $0.revisions } ?? []
        let changes = try await issuer.syncEntries(known: known)
        let ours = changes.updated.filter { $0.spiffeID.trustDomain == trustDomain }
        if ours.count < changes.updated.count {
            logger.error(
                "Entries of another trust domain left out", metadata: ["count": "\(changes.updated.count - ours.count)"]
            )
        }
        cache.change { $0.apply(EntryChanges(updated: ours, removed: changes.removed)) }
        await followFederation()
        cache.work.ring()
    }

    /// Decides once more about the bundle that came last. An authority may be revoked while nobody can be asked for
    /// another bundle: it is then that whoever holds its key would like to go on being trusted.
    func decideAgain(keep: (TrustBundle) async -> Void = { _ in }) async {
        guard let received = cache.read({ $0.trust.received }) ?? nil else { return }
        do throws(IssuerClientError) {
            await keep(try await followBundle(received))
            cache.work.ring()
        } catch {
            logger.error("Bundle could not be decided about again", metadata: ["error": "\(error)"])
        }
    }

    /// Takes the own bundle in, as far as it is admitted.
    /// - Returns: the own bundle in its present state.
    /// - Throws: ``IssuerClientError`` when it is another trust domain's, or nothing of it is admitted and there was none.
    private func followBundle(_ received: TrustBundle) async throws(IssuerClientError) -> TrustBundle {
        guard received.trustDomain == trustDomain else {
            throw IssuerClientError(.malformedAnswer, "the bundle of \(received.trustDomain)")
        }
        let before = cache.read { $0.trust } ?? TrustState()
        var trust = before
        switch await admission.decide(on: received, replacing: before.own) {
        case .admitted(let bundle, let verdicts):
            tell(Set(verdicts.filter { $0.outcome == .refused }.map(\.reason)))
            // An older one would be decided about again in vain, and the newer one no more.
            if !trust.isOlder(received) { trust.received = received }
            do {
                try trust.setOwn(bundle) { try TombstoneAuthority.make($0, at: clock.now()) }
            } catch {
                throw IssuerClientError(.failed, "no tombstone authority could be made: \(error)")
            }
        case .refused(let reason):
            logger.error("Bundle not admitted", metadata: ["reason": "\(reason)"])
        }
        guard let own = trust.own else {
            throw IssuerClientError(.untrustedIssuer, "nothing of the bundle is admitted")
        }
        cache.change { $0.apply(trust) }
        tokens.keepOnly(keyIDs: trust.tokenKeyIDs)
        return own
    }

    /// Logs why authorities are not admitted, as far as that is new.
    private func tell(_ reasons: Set<String>) {
        let news = told.withLock { told in
            defer { told = reasons }
            return reasons.subtracting(told)
        }
        for reason in news.sorted() { logger.error("Authority not admitted", metadata: ["reason": "\(reason)"]) }
    }

    /// How many bundles of other trust domains are asked for at once.
    private static let width = 8

    private func followFederation() async {
        let domains = (cache.read { $0.book.federatedDomains } ?? []).subtracting([trustDomain]).sorted()
        var answers: [TrustDomain: TrustBundle?] = [:]
        await withTaskGroup(of: (TrustDomain, TrustBundle??).self) { group in
            var waiting = domains[...]
            func askNext() {
                guard let domain = waiting.popFirst() else { return }
                group.addTask { (domain, await self.federatedBundle(of: domain)) }
            }
            for _ in 0..<Self.width { askNext() }
            for await (domain, answer) in group {
                if let answer { answers[domain] = .some(answer) }
                askNext()
            }
        }
        cache.change { state in
            var trust = state.trust
            trust.keepFederated(Set(domains))
            for (domain, bundle) in answers { trust.setFederated(bundle, of: domain) }
            return state.apply(trust)
        }
    }

    /// What the issuer has of another trust domain; nil in nil when it has nothing, nil when it can't be told.
    private func federatedBundle(of domain: TrustDomain) async -> TrustBundle?? {
        do throws(IssuerClientError) {
            let bundle = try await issuer.federatedBundle(of: domain)
            if let bundle, bundle.trustDomain != domain {
                throw IssuerClientError(.malformedAnswer, "the bundle of \(bundle.trustDomain)")
            }
            return .some(bundle)
        } catch {
            guard error.code != .notFound else { return .some(nil) }
            logger.warning(
                "Bundle of another trust domain not updated",
                metadata: ["trust_domain": "\(domain)", "error": "\(error)"])
            return nil
        }
    }
}
