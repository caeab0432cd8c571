// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// A node agent that was attested: what it may be known by, and which of its SVIDs count. Facts (SPIFFE) 12.
public struct AttestedAgent: Hashable, Sendable {
    /// One SVID of the agent.
    public struct SVIDRecord: Hashable, Sendable {
        /// Serial number of the leaf in decimal.
        public let serialNumber: String
        /// Seconds since 1970 at which it expires.
        public let expiresAt: Int64

        /// Joins the parts.
        public init(serialNumber: String, expiresAt: Int64) {
            self.serialNumber = serialNumber
            self.expiresAt = expiresAt
        }
    }

    /// Which SVIDs of an agent count.
    public enum Standing: Hashable, Sendable {
        /// The one it was last seen with, and the one that it was given since and has not used yet.
        case active(current: SVIDRecord, next: SVIDRecord?)
        /// None, for good, until an operator evicts the agent.
        case banned
    }

    /// Under `/spire/agent/`.
    public let id: SPIFFEID
    /// How it was attested.
    public var attestationType: String
    /// What was found of its node.
    public var selectors: Set<Selector>
    /// Which SVIDs count.
    public var standing: Standing
    /// Seconds since 1970 at which its current SVID expires; kept when it is banned.
    public var expiresAt: Int64
    /// Whether it may attest again instead of renewing.
    public var canReattest: Bool
    /// What it says of itself; empty until it does.
    public var version: String

    /// Collects what is known of an agent.
    public init(
        id: SPIFFEID, attestationType: String, selectors: Set<Selector> = [], standing: Standing, expiresAt: Int64,
        canReattest: Bool, version: String = ""
    ) {
        self.id = id
        self.attestationType = attestationType
        self.selectors = selectors
        self.standing = standing
        self.expiresAt = expiresAt
        self.canReattest = canReattest
        self.version = version
    }

    /// Whether it is banned.
    public var isBanned: Bool { standing == .banned }

    /// The serial number of its current SVID; empty when it is banned.
    public var serialNumber: String {
        if case .active(let current, _) = standing { current.serialNumber } else { "" }
    }

    /// What entries under the server are matched against: an agent that joined by a token is known by its ID alone.
    var matchedSelectors: Set<Selector> {
        guard attestationType == JoinTokenAttestor.type,
            let own = try? Selector(type: "spiffe_id", value: id.description)
        else { return selectors }
        return selectors.union([own])
    }
}

/// A secret that lets one node attest once. Facts (SPIFFE) 12.3.
public struct JoinToken: Hashable, Sendable {
    /// The secret; becomes a part of the agent's ID.
    public let value: String
    /// Seconds since 1970 from which on it counts no more.
    public let expiresAt: Int64

    /// Joins the parts.
    public init(value: String, expiresAt: Int64) {
        self.value = value
        self.expiresAt = expiresAt
    }
}
