// SPDX-License-Identifier: Apache-2.0

internal import SPIREAPI
internal import SwiftProtobuf

/// A node whose agent has attested. Facts (SPIFFE) 12.
package struct NodeRecord: Hashable, Sendable {
    package var id: IDRecord
    package var attestationType = ""
    /// Of the agent's X.509-SVID; decimal, empty when banned.
    package var serialNumber = ""
    /// Seconds since 1970 at which the agent's SVID ends.
    package var expiresAt: Int64 = 0
    package var selectors: [SelectorRecord] = []
    package var isBanned = false
    package var canReattest = false
    package var agentVersion = ""

    package init(id: IDRecord) { self.id = id }

    init(_ agent: Spire_Api_Types_Agent) {
        id = IDRecord(agent.id)
        attestationType = agent.attestationType
        serialNumber = agent.x509SvidSerialNumber
        expiresAt = agent.x509SvidExpiresAt
        selectors = agent.selectors.map(SelectorRecord.init)
        isBanned = agent.banned
        canReattest = agent.canReattest
        agentVersion = agent.agentVersion
    }
}

/// A token by which a node may join once.
package struct JoinTokenRecord: Hashable, Sendable {
    package var value: String
    /// Seconds since 1970.
    package var expiresAt: Int64

    package init(value: String, expiresAt: Int64) {
        self.value = value
        self.expiresAt = expiresAt
    }
}

extension IssuerAdministration {
    private var agents: Spire_Api_Server_Agent_V1_Agent.Client<LocalConnection.Transport> {
        .init(wrapping: connection.client)
    }

    /// The nodes that a filter lets through, all pages of them.
    package func listNodes(_ filter: NodeQuery = NodeQuery()) async throws -> [NodeRecord] {
        try await pages { token in
            let answer = try await connection.call {
                try await agents.listAgents(
                    .with {
                        if !filter.isEmpty {
                            $0.filter = .with {
                                $0.byAttestationType = filter.attestationType
                                if let match = filter.selectorMatch { $0.bySelectorMatch = match }
                                if let isBanned = filter.isBanned { $0.byBanned = .init(isBanned) }
                                if let canReattest = filter.canReattest { $0.byCanReattest = .init(canReattest) }
                                $0.byExpiresBefore = filter.expiresBefore
                            }
                        }
                        $0.pageSize = Int32(Self.pageSize)
                        $0.pageToken = token
                    }, options: connection.options)
            }
            return (answer.agents.map(NodeRecord.init), answer.nextPageToken)
        }
    }

    /// How many nodes a filter lets through.
    package func countNodes(_ filter: NodeQuery = NodeQuery()) async throws -> Int {
        try await connection.call {
            Int(
                try await agents.countAgents(
                    .with {
                        guard !filter.isEmpty else { return }
                        $0.filter = .with {
                            $0.byAttestationType = filter.attestationType
                            if let match = filter.selectorMatch { $0.bySelectorMatch = match }
                            if let isBanned = filter.isBanned { $0.byBanned = .init(isBanned) }
                            if let canReattest = filter.canReattest { $0.byCanReattest = .init(canReattest) }
                            $0.byExpiresBefore = filter.expiresBefore
                        }
                    }, options: connection.options
                ).count)
        }
    }

    /// One node.
    package func node(_ id: IDRecord) async throws -> NodeRecord {
        try await connection.call {
            NodeRecord(try await agents.getAgent(.with { $0.id = id.message }, options: connection.options))
        }
    }

    /// Refuses a node for good; it stays in the list.
    package func banNode(_ id: IDRecord) async throws {
        try await connection.call {
            _ = try await agents.banAgent(.with { $0.id = id.message }, options: connection.options)
        }
    }

    /// Forgets a node, which may attest again.
    package func evictNode(_ id: IDRecord) async throws {
        try await connection.call {
            _ = try await agents.deleteAgent(.with { $0.id = id.message }, options: connection.options)
        }
    }

    /// Makes a join token.
    /// - Parameters:
    ///   - lifetime: in seconds.
    ///   - alias: a further ID that the node gets.
    ///   - value: the token itself; empty lets the server choose.
    package func createJoinToken(
        lifetime: Int32, alias: IDRecord? = nil, value: String = ""
    ) async throws -> JoinTokenRecord {
        try await connection.call {
            let token = try await agents.createJoinToken(
                .with {
                    $0.ttl = lifetime
                    $0.token = value
                    if let alias { $0.agentID = alias.message }
                }, options: connection.options)
            return JoinTokenRecord(value: token.value, expiresAt: token.expiresAt)
        }
    }
}
