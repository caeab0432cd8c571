// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// What becomes of entries that name a trust domain whose bundle is removed. Facts (SPIFFE) 15.4.
public enum BundleDeletion: Hashable, Sendable {
    /// The bundle stays while entries name it.
    case restrict
    /// The entries are removed too.
    case deleteEntries
    /// The entries name it no more.
    case dissociate
}

/// Bundles of foreign trust domains, and where they come from. Facts (SPIFFE) 7, 15.4, 17.
///
/// Batches are one transaction; each item has its own result.
public final class FederationService: Sendable {
    /// Most elements of a page for which no size was asked.
    static let readAtOnce = 500

    let directory: RegistrationDirectory
    let identifiers: IdentifierRules
    private let rules: RelationshipRules

    /// Serves the bundles and relationships of a directory.
    public init(_ directory: RegistrationDirectory) {
        self.directory = directory
        identifiers = IdentifierRules(trustDomain: directory.trustDomain)
        rules = RelationshipRules(identifiers: identifiers)
    }

    // MARK: Bundles

    /// The bundle of a foreign trust domain.
    /// - Throws: `invalidArgument` for a name that can't be read or is the own one, `notFound`.
    public func bundle(of domain: String) async throws(IssuerError) -> TrustBundle {
        let domain = try identifiers.foreignDomain(domain)
        guard let bundle = try await directory.read("read a bundle", { try $0.bundle(of: domain) }) else {
            throw Self.bundleMissing
        }
        return bundle
    }

    /// A page of the bundles of foreign trust domains, by name.
    /// - Throws: `invalidArgument` for a token that is none.
    public func bundles(pageSize: Int = 0, pageToken: String = "") async throws(IssuerError) -> Page<TrustBundle> {
        try await page(pageSize, pageToken, { try $0.bundles(after: $1, limit: $2) }, { $0.trustDomain })
    }

    /// How many foreign trust domains have a bundle here.
    public func bundleCount() async throws(IssuerError) -> Int {
        try await directory.read("count bundles") { try $0.bundleCount() }
    }

    /// Keeps bundles of trust domains that have none.
    public func createBundles(_ drafts: [BundleDraft]) async throws(IssuerError) -> [ItemResult<TrustBundle>] {
        try await change(drafts, "create bundles") { bundle, former throws(IssuerError) in
            guard former == nil else { throw IssuerError(.alreadyExists, "bundle already exists") }
            return bundle
        }
    }

    /// Changes the members of `mask` of bundles that are there; without a mask all of them.
    public func updateBundles(
        _ drafts: [BundleDraft], mask: BundleMask? = nil
    ) async throws(IssuerError) -> [ItemResult<TrustBundle>] {
        try await change(drafts, "update bundles") { bundle, former throws(IssuerError) in
            guard let former else { throw Self.bundleMissing }
            do {
                return try former.taking(mask ?? .all, from: bundle)
            } catch {
                throw IssuerError(.invalidArgument, "failed to convert bundle: \(error)")
            }
        }
    }

    /// Keeps bundles, in place of those that are there.
    public func setBundles(_ drafts: [BundleDraft]) async throws(IssuerError) -> [ItemResult<TrustBundle>] {
        try await change(drafts, "set bundles") { bundle, _ in bundle }
    }

    /// Removes bundles; the results name the trust domains as they were given.
    public func deleteBundles(
        of domains: [String], mode: BundleDeletion = .restrict
    ) async throws(IssuerError) -> [ItemResult<String>] {
        let identifiers = self.identifiers
        return try await directory.change("delete bundles") { edit in
            try domains.map { name in
                do {
                    try Self.deleteBundle(of: identifiers.foreignDomain(name), mode, edit)
                    return ItemResult(name)
                } catch let refusal as IssuerError {
                    return ItemResult(refusal, value: name)
                }
            }
        }
    }

    /// Throws an ``IssuerError`` before it has changed anything.
    private static func deleteBundle(
        of domain: TrustDomain, _ mode: BundleDeletion, _ edit: RegistrationEdit
    ) throws {
        guard try edit.records.bundle(of: domain) != nil else { throw bundleMissing }
        let naming = try edit.records.entries(federatingWith: domain)
        switch mode {
        case .restrict:
            guard naming.isEmpty else {
                throw IssuerError(
                    .failedPrecondition,
                    "cannot delete bundle; federated with \(naming.count) registration entries")
            }
        case .deleteEntries:
            for stored in naming { _ = try edit.deleteEntry(stored.entry.id) }
        case .dissociate:
            for stored in naming {
                var entry = stored.entry
                entry.federatesWith.remove(domain)
                entry.revision += 1
                _ = try edit.replace(entry)
            }
        }
        _ = try edit.records.deleteBundle(of: domain)
    }

    private func change(
        _ drafts: [BundleDraft], _ action: String,
        _ merge: @escaping @Sendable (_ new: TrustBundle, _ former: TrustBundle?) throws(IssuerError) -> TrustBundle
    ) async throws(IssuerError) -> [ItemResult<TrustBundle>] {
        let identifiers = self.identifiers
        return try await directory.change(action) { edit in
            try drafts.map { draft in
                do {
                    let bundle = try draft.bundle(identifiers)
                    let merged = try merge(bundle, edit.records.bundle(of: bundle.trustDomain))
                    try edit.records.put(merged)
                    return ItemResult(merged)
                } catch let refusal as IssuerError {
                    return ItemResult(refusal)
                }
            }
        }
    }

    // MARK: Relationships

    /// The relationship with a trust domain, and its bundle if there is one.
    /// - Throws: `invalidArgument` for a name that can't be read or is the own one, `notFound`.
    public func relationship(
        with domain: String
    ) async throws(IssuerError) -> (relationship: FederationRelationship, bundle: TrustBundle?) {
        let domain = try identifiers.foreignDomain(domain)
        let found = try await directory.read("read a federation relationship") { view in
            (try view.relationship(with: domain), try view.bundle(of: domain))
        }
        guard let relationship = found.0 else { throw Self.relationshipMissing }
        return (relationship, found.1)
    }

    /// A page of the relationships, by name of the trust domain.
    /// - Throws: `invalidArgument` for a token that is none.
    public func relationships(
        pageSize: Int = 0, pageToken: String = ""
    ) async throws(IssuerError) -> Page<FederationRelationship> {
        try await page(pageSize, pageToken, { try $0.relationships(after: $1, limit: $2) }, { $0.trustDomain })
    }

    /// Makes relationships, and keeps the bundles that came with them.
    public func createRelationships(
        _ drafts: [RelationshipDraft]
    ) async throws(IssuerError) -> [ItemResult<FederationRelationship>] {
        let rules = self.rules
        return try await directory.change("create federation relationships") { edit in
            try drafts.map { draft in
                do {
                    let (relationship, bundle) = try rules.relationship(draft)
                    guard try edit.records.relationship(with: relationship.trustDomain) == nil else {
                        throw IssuerError(.alreadyExists, "federation relationship already exists")
                    }
                    if let bundle { try edit.records.put(bundle) }
                    try edit.records.put(relationship)
                    return ItemResult(relationship)
                } catch let refusal as IssuerError {
                    return ItemResult(refusal)
                }
            }
        }
    }

    /// Changes the members of `mask` of relationships; without a mask all of them. A bundle that is not given stays.
    public func updateRelationships(
        _ drafts: [RelationshipDraft], mask: RelationshipMask? = nil
    ) async throws(IssuerError) -> [ItemResult<FederationRelationship>] {
        let rules = self.rules
        let mask = mask ?? .all
        return try await directory.change("update federation relationships") { edit in
            try drafts.map { draft in
                do {
                    let domain = try rules.identifiers.foreignDomain(draft.trustDomain)
                    guard var relationship = try edit.records.relationship(with: domain) else {
                        throw Self.relationshipMissing
                    }
                    if mask.contains(.endpointURL) {
                        relationship.endpointURL = try RelationshipRules.url(draft.endpointURL)
                    }
                    if mask.contains(.profile) {
                        relationship.profile = try RelationshipRules.profile(draft.profile)
                    }
                    if mask.contains(.bundle), let bundle = draft.bundle {
                        try edit.records.put(rules.bundle(bundle, of: domain))
                    }
                    try edit.records.put(relationship)
                    return ItemResult(relationship)
                } catch let refusal as IssuerError {
                    return ItemResult(refusal)
                }
            }
        }
    }

    /// Ends relationships: nothing is fetched any more, the bundle is removed, and no entry names the trust domain any
    /// more. Facts (SPIFFE) 7.1.
    public func deleteRelationships(with domains: [String]) async throws(IssuerError) -> [ItemResult<String>] {
        let identifiers = self.identifiers
        return try await directory.change("delete federation relationships") { edit in
            try domains.map { name in
                do {
                    let domain = try identifiers.foreignDomain(name)
                    guard try edit.records.deleteRelationship(with: domain) else { throw Self.relationshipMissing }
                    if try edit.records.bundle(of: domain) != nil {
                        try Self.deleteBundle(of: domain, .dissociate, edit)
                    }
                    return ItemResult(name)
                } catch let refusal as IssuerError {
                    return ItemResult(refusal, value: name)
                }
            }
        }
    }

    // MARK: Parts

    static var bundleMissing: IssuerError { IssuerError(.notFound, "bundle not found") }
    static var relationshipMissing: IssuerError { IssuerError(.notFound, "federation relationship does not exist") }

    private func page<Element: Sendable>(
        _ size: Int, _ token: String,
        _ read: @escaping @Sendable (any RegistrationView, TrustDomain?, Int) throws -> [Element],
        _ name: @escaping @Sendable (Element) -> TrustDomain
    ) async throws(IssuerError) -> Page<Element> {
        guard size >= 0 else { throw IssuerError(.invalidArgument, "page size must not be negative") }
        var start: TrustDomain?
        if !token.isEmpty {
            guard let domain = try? TrustDomain(token) else {
                throw IssuerError(.invalidArgument, "could not parse token '\(token)'")
            }
            start = domain
        }
        let first = start
        let found = try await directory.read("list federation") { view in
            guard size == 0 else { return try read(view, first, min(size, .max - 1) + 1) }
            var all: [Element] = []
            var last = first
            while true {
                let some = try read(view, last, Self.readAtOnce)
                all += some
                guard some.count == Self.readAtOnce, let end = some.last else { return all }
                last = name(end)
            }
        }
        guard size > 0, found.count > size else { return Page(found) }
        return Page(Array(found.prefix(size)), nextToken: name(found[size - 1]).name)
    }
}
