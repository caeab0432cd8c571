// SPDX-License-Identifier: Apache-2.0

private import Crypto
public import SPIFFE

/// What an agent must not lose when it restarts.
public struct AgentRecord: Hashable, Sendable {
    /// The last bundle of the own trust domain.
    public var bundle: TrustBundle
    /// The SHA-256 digests of authorities that left the bundle, the latest last: a file from before must not bring them back.
    public internal(set) var revoked: [[UInt8]] = []
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

    /// Most authorities that are remembered as gone. One lives for a day or more, and files of then are not used for long.
    static let mostRevoked = 256

    /// Takes another bundle in the place of the last one, and remembers which authorities are gone.
    mutating func follow(_ next: TrustBundle) {
        let present = Set(next.x509Authorities.map { Self.digest($0.certificate) })
        let before = bundle.x509Authorities.map { Self.digest($0.certificate) }
        revoked = (revoked + before.filter { !revoked.contains($0) }).filter { !present.contains($0) }
        revoked.removeFirst(max(0, revoked.count - Self.mostRevoked))
        bundle = next
    }

    /// What stands for an authority among those that are gone.
    static func digest(_ certificate: X509Certificate) -> [UInt8] { Array(SHA256.hash(data: certificate.der)) }
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
