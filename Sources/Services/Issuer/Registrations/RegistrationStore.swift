// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Durable registrations: entries, agents, join tokens, foreign bundles and relationships.
///
/// What a write returned for is on the medium, whole or not at all; writes happen one after the other. A store serves
/// one issuer. Its errors are its own; the services above say `internal` to callers and the cause to the log.
public protocol RegistrationStore: Sendable {
    /// Runs `body` on one consistent state.
    func read<R: Sendable>(_ body: @escaping @Sendable (any RegistrationView) throws -> R) async throws -> R
    /// Runs `body` and keeps what it changed; nothing of it when it throws.
    func write<R: Sendable>(_ body: @escaping @Sendable (any RegistrationTransaction) throws -> R) async throws -> R
}

/// What can be read of registrations.
public protocol RegistrationView: EntryView, AgentView, FederationView {}

/// What can be changed of registrations.
public protocol RegistrationTransaction: RegistrationView, EntryTransaction, AgentTransaction, FederationTransaction {}

/// An entry as stored: with its place in the order of creation.
public struct StoredEntry: Hashable, Sendable {
    /// Counts up with each entry that is made; never used twice, not even after deletions.
    public let place: Int64
    /// The entry.
    public let entry: RegistrationEntry

    /// Joins the two.
    public init(place: Int64, entry: RegistrationEntry) {
        self.place = place
        self.entry = entry
    }
}

/// Entries as stored.
public protocol EntryView {
    /// The entry of an ID.
    func entry(_ id: String) throws -> StoredEntry?
    /// The entry with exactly this identity, parent and set of selectors; there is at most one.
    func entry(like entry: RegistrationEntry) throws -> StoredEntry?
    /// At most `limit` entries behind a place, in the order of their places.
    func entries(after place: Int64, limit: Int) throws -> [StoredEntry]
    /// At most `limit` entries whose expiry is set and not after a moment (seconds since 1970).
    func entries(expiredAt seconds: Int64, limit: Int) throws -> [StoredEntry]
    /// The entries that federate with a trust domain.
    func entries(federatingWith domain: TrustDomain) throws -> [StoredEntry]
}

/// Changes of entries.
public protocol EntryTransaction: EntryView {
    /// Keeps a new entry and gives it its place.
    /// - Throws: when an entry of that ID, or one like it, is there.
    func insert(_ entry: RegistrationEntry) throws -> StoredEntry
    /// Puts an entry in place of the one with its ID; it keeps its place.
    /// - Throws: when there is none of that ID, or another entry is like it.
    func replace(_ entry: RegistrationEntry) throws -> StoredEntry
    /// Forgets the entry of an ID; says whether there was one.
    func deleteEntry(_ id: String) throws -> Bool
}

/// Agents and join tokens as stored.
public protocol AgentView {
    /// The agent of an ID.
    func agent(_ id: SPIFFEID) throws -> AttestedAgent?
    /// At most `limit` agents whose IDs lie behind one (nil: from the first), in the order of the bytes of their IDs.
    func agents(after id: SPIFFEID?, limit: Int) throws -> [AttestedAgent]
}

/// Changes of agents and join tokens.
public protocol AgentTransaction: AgentView {
    /// Keeps an agent, in place of what was known of it.
    func put(_ agent: AttestedAgent) throws
    /// Forgets an agent; says whether there was one.
    func deleteAgent(_ id: SPIFFEID) throws -> Bool
    /// Keeps a token; says false, and keeps nothing, when its value is taken.
    func insert(_ token: JoinToken) throws -> Bool
    /// Forgets a token and hands it out; nil when there is none of that value.
    func takeJoinToken(_ value: String) throws -> JoinToken?
    /// Forgets the tokens that expired before a moment (seconds since 1970); says how many.
    func deleteJoinTokens(expiredBefore seconds: Int64) throws -> Int
}

/// Foreign bundles and relationships as stored.
public protocol FederationView {
    /// The bundle of a foreign trust domain.
    func bundle(of domain: TrustDomain) throws -> TrustBundle?
    /// At most `limit` bundles behind a name (nil: from the first), in the order of the names.
    func bundles(after domain: TrustDomain?, limit: Int) throws -> [TrustBundle]
    /// How many foreign bundles there are.
    func bundleCount() throws -> Int
    /// The relationship with a trust domain.
    func relationship(with domain: TrustDomain) throws -> FederationRelationship?
    /// At most `limit` relationships behind a name (nil: from the first), in the order of the names.
    func relationships(after domain: TrustDomain?, limit: Int) throws -> [FederationRelationship]
}

/// Changes of foreign bundles and relationships.
public protocol FederationTransaction: FederationView {
    /// Keeps a bundle in place of the one that its trust domain had.
    func put(_ bundle: TrustBundle) throws
    /// Forgets the bundle of a trust domain; says whether there was one.
    func deleteBundle(of domain: TrustDomain) throws -> Bool
    /// Keeps a relationship in place of the one with its trust domain.
    func put(_ relationship: FederationRelationship) throws
    /// Forgets the relationship with a trust domain; says whether there was one.
    func deleteRelationship(with domain: TrustDomain) throws -> Bool
}
