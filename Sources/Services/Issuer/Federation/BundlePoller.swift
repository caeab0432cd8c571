// SPDX-License-Identifier: Apache-2.0

public import Logging
public import SPIFFE
public import ServiceLifecycle
internal import Synchronization

/// Fetches the bundle document of a foreign trust domain; composition fills it.
public protocol BundleFetcher: Sendable {
    /// The document that the endpoint of a relationship serves, within some seconds and bounded. Profile and rules of
    /// TLS: facts (SPIFFE) 7.1.
    /// - Parameter authorities: for `https_spiffe`, the authorities of the endpoint ID's trust domain; nil otherwise.
    func fetch(_ relationship: FederationRelationship, authorities: X509Bundle?) async throws -> [UInt8]
}

/// Keeps the bundles of foreign trust domains up to date: looks again four times in each refresh hint, one look at a
/// time for each beside those that operators ask for, and never sooner because one failed. Facts (SPIFFE) 7.1, 7.3.
public final class BundlePoller: Service {
    /// Seconds between two looks at the list of relationships.
    static let listSeconds: Int64 = 10
    /// Least and greatest hint that is followed, in seconds.
    static let hints: ClosedRange<Int64> = 60...86_400
    /// Most looks at the same time.
    static let mostAtOnce = 8

    private let directory: RegistrationDirectory
    private let identifiers: IdentifierRules
    private let fetcher: any BundleFetcher
    private let admission: any BundleAdmission
    private let ownBundle: @Sendable () async throws -> X509Bundle
    private let clock: any IssuerClock
    private let logger: Logger
    /// When each trust domain is looked at next.
    private let dueAt = Mutex<[TrustDomain: Duration]>([:])

    /// - Parameters:
    ///   - admission: decides which authorities of a fetched bundle are kept.
    ///   - ownBundle: the own trust domain's authorities, for endpoints with an identity of it.
    public init(
        _ directory: RegistrationDirectory, fetcher: any BundleFetcher,
        admission: any BundleAdmission = OpenBundleAdmission(),
        ownBundle: @escaping @Sendable () async throws -> X509Bundle,
        clock: any IssuerClock, logger: Logger
    ) {
        self.directory = directory
        identifiers = IdentifierRules(trustDomain: directory.trustDomain)
        self.fetcher = fetcher
        self.admission = admission
        self.ownBundle = ownBundle
        self.clock = clock
        self.logger = logger
    }

    /// Looks until the task is cancelled or the service group shuts down.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.look()
                do {
                    try await self.clock.sleep(for: .seconds(Self.listSeconds))
                } catch {
                    return
                }
            }
        }
    }

    /// Fetches the bundle of one trust domain at once.
    /// - Throws: `notFound` without a relationship, `unavailable` when the look failed.
    public func refresh(_ domain: String) async throws(IssuerError) {
        let domain = try identifiers.foreignDomain(domain)
        let found = try await directory.read("read a federation relationship") { try $0.relationship(with: domain) }
        guard let relationship = found else { throw FederationService.relationshipMissing }
        if let reason = await look(at: relationship) {
            throw IssuerError(.unavailable, "failed to refresh the bundle", detail: reason)
        }
    }

    /// Looks at every trust domain whose time has come.
    func look() async {
        let relationships: [FederationRelationship]
        do {
            relationships = try await FederationService(directory).relationships().elements
        } catch {
            logger.warning("The list of foreign trust domains can't be read", metadata: ["cause": "\(error)"])
            return
        }
        let now = clock.uptime()
        let due = dueAt.withLock { dueAt in
            let names = Set(relationships.map(\.trustDomain))
            dueAt = dueAt.filter { names.contains($0.key) }
            return relationships.filter { dueAt[$0.trustDomain] ?? .zero <= now }
        }
        await withTaskGroup { group in
            var left = due[...]
            for relationship in left.prefix(Self.mostAtOnce) { group.addTask { _ = await self.look(at: relationship) } }
            left = left.dropFirst(Self.mostAtOnce)
            while await group.next() != nil {
                guard !Task.isCancelled, let next = left.popFirst() else { continue }
                group.addTask { _ = await self.look(at: next) }
            }
        }
    }

    /// Fetches, judges and keeps one bundle.
    /// - Returns: why it failed; nil when it did not.
    private func look(at relationship: FederationRelationship) async -> String? {
        let domain = relationship.trustDomain
        var reason: String?
        var hint = TrustBundle.usualRefreshHint
        do {
            hint = try await update(relationship) ?? hint
        } catch {
            reason = "\(error)"
            if let stored = try? await directory.read("read a bundle", { try $0.bundle(of: domain) }) {
                hint = stored.refreshHint ?? hint
            }
        }
        let wait = max(Self.hints.lowerBound, min(hint, Self.hints.upperBound)) / 4
        dueAt.withLock { $0[domain] = clock.uptime() + .seconds(wait) }
        if let reason {
            logger.warning(
                "A foreign bundle can't be fetched", metadata: ["trust_domain": "\(domain)", "cause": "\(reason)"])
        }
        return reason
    }

    /// - Returns: the hint of the fetched bundle.
    private func update(_ relationship: FederationRelationship) async throws -> Int64? {
        let domain = relationship.trustDomain
        let document = try await fetcher.fetch(relationship, authorities: authorities(for: relationship))
        let fetched = try BundleDocument(parsing: document, trustDomain: domain).bundle
        let current = try await directory.read("read a bundle") { try $0.bundle(of: domain) }
        let admitted: TrustBundle
        switch await admission.decide(on: fetched, replacing: current) {
        case .admitted(let bundle, _): admitted = bundle
        case .refused(let reason): throw IssuerError(.permissionDenied, "the bundle is refused: \(reason)")
        }
        guard admitted.trustDomain == domain else {
            throw IssuerError(.internal, "the bundle is of another trust domain")
        }
        // Only news is written.
        if admitted != current {
            try await directory.change("keep a foreign bundle") { edit in
                // While we looked, the relationship may have ended, and its bundle with it, or become another.
                guard try edit.records.relationship(with: domain) == relationship else { return }
                // What was decided was decided about what stood there: an operator, or another look, may have been faster.
                guard try edit.records.bundle(of: domain) == current else { return }
                try edit.records.put(admitted)
            }
        }
        return fetched.refreshHint
    }

    /// The authorities that an endpoint is judged by.
    private func authorities(for relationship: FederationRelationship) async throws -> X509Bundle? {
        guard case .httpsSPIFFE(let endpoint) = relationship.profile else { return nil }
        if endpoint.trustDomain == directory.trustDomain { return try await ownBundle() }
        let stored = try await directory.read("read a bundle") { try $0.bundle(of: endpoint.trustDomain) }
        guard let stored else {
            throw IssuerError(.failedPrecondition, "local copy of bundle not found: \(endpoint.trustDomain)")
        }
        return stored.x509Bundle
    }
}
