// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// What an agent must not lose when it restarts.
public struct AgentRecord: Hashable, Sendable {
    /// The last bundle of the own trust domain.
    public var bundle: TrustBundle
    /// Its SVID; nil before it has one, and after it was told to leave.
    public var identity: StoredIdentity?

    /// The agent's SVID as it is stored: nobody has judged it yet.
    public struct StoredIdentity: Hashable, Sendable {
        /// The chain in DER, leaf first.
        public let chain: [[UInt8]]
        /// The leaf's key.
        public let key: SVIDKey
        /// Whether the node may attest again with the same data.
        public let isReattestable: Bool
    }

    /// Joins both.
    public init(bundle: TrustBundle, identity: StoredIdentity? = nil) {
        self.bundle = bundle
        self.identity = identity
    }
}

/// Keeps an agent's record.
public protocol AgentStore: Sendable {
    /// The record; nil when nothing was ever saved.
    /// - Throws: what reading fails with. A record that can't be read is an error, never an empty one.
    func load() async throws -> AgentRecord?
    /// Replaces the record; durable when it returns.
    /// - Throws: what writing fails with; the old record is as it was then.
    func save(_ record: AgentRecord) async throws
}

/// Keeps the record in memory: after a restart the agent has to attest again.
public actor MemoryAgentStore: AgentStore {
    private var record: AgentRecord?

    /// Starts with a record, or without one.
    public init(_ record: AgentRecord? = nil) { self.record = record }

    /// The last record that was saved.
    public func load() -> AgentRecord? { record }
    /// Replaces the record.
    public func save(_ record: AgentRecord) { self.record = record }
}
