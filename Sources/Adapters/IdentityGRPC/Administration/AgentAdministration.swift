// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

/// A node agent, as who administers it sees it: calls to SPIRE's agent API over the agent's admin socket. It works with
/// SPIRE's own agent as well.
///
/// Every call throws ``AdministrationError``, also when nothing has come for as long as the connection's patience.
package struct AgentAdministration: Sendable {
    private let connection: LocalConnection

    /// Runs `body` with a connection to the agent at a socket.
    /// - Parameters:
    ///   - patience: how long each call may take.
    package static func connected<Result: Sendable>(
        toSocket path: String, patience: Duration = .seconds(30),
        _ body: (AgentAdministration) async throws -> Result
    ) async throws -> Result {
        try await LocalConnection.open(.unix(path: path), patience: patience) {
            try await body(AgentAdministration(connection: $0))
        }
    }

    private var loggers: Spire_Api_Agent_Logger_V1_Logger.Client<LocalConnection.Transport> {
        .init(wrapping: connection.client)
    }

    /// What the agent logs.
    package func logger() async throws -> LoggerRecord {
        try await connection.call { LoggerRecord(try await loggers.getLogger(.init(), options: connection.options)) }
    }

    /// Changes what the agent logs until it ends, or until ``resetLogLevel()``.
    package func setLogLevel(_ level: LogLevelRecord) async throws -> LoggerRecord {
        try await connection.call {
            LoggerRecord(
                try await loggers.setLogLevel(.with { $0.newLevel = level.message }, options: connection.options))
        }
    }

    /// Has the agent log what it logged when it began.
    package func resetLogLevel() async throws -> LoggerRecord {
        try await connection.call {
            LoggerRecord(try await loggers.resetLogLevel(.init(), options: connection.options))
        }
    }

    /// What the agent tells of itself.
    package func info() async throws -> AgentInfo {
        try await connection.call {
            let client = Spire_Agent_Debug_V1_Debug.Client(wrapping: connection.client)
            let info = try await client.getInfo(.init(), options: connection.options)
            return AgentInfo(
                uptime: info.uptime, x509SVIDs: info.cachedX509SvidsCount, jwtSVIDs: info.cachedJwtSvidsCount,
                synchronisedAt: info.lastSyncSuccess,
                chain: info.svidChain.map {
                    ServerInfo.Certificate(id: IDRecord($0.id), expiresAt: $0.expiresAt, subject: $0.subject)
                })
        }
    }
}

/// What an agent tells of itself.
package struct AgentInfo: Hashable, Sendable {
    /// Seconds since it began.
    package var uptime: Int32
    /// Certificates that it keeps for workloads.
    package var x509SVIDs: Int32
    /// Tokens that it keeps for workloads.
    package var jwtSVIDs: Int32
    /// When the issuer last answered a whole round, in seconds since 1970; 0 for never.
    package var synchronisedAt: Int64
    package var chain: [ServerInfo.Certificate]

    package init(
        uptime: Int32, x509SVIDs: Int32, jwtSVIDs: Int32, synchronisedAt: Int64, chain: [ServerInfo.Certificate]
    ) {
        self.uptime = uptime
        self.x509SVIDs = x509SVIDs
        self.jwtSVIDs = jwtSVIDs
        self.synchronisedAt = synchronisedAt
        self.chain = chain
    }
}
