// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import SPIREAPI
internal import SwiftProtobuf

/// An X.509-SVID that was minted by hand.
package struct MintedX509SVID: Hashable, Sendable {
    package var id: IDRecord
    /// Leaf first, in DER.
    package var chain: [[UInt8]]
    /// Seconds since 1970.
    package var expiresAt: Int64
}

/// A JWT-SVID that was minted by hand.
package struct MintedJWTSVID: Hashable, Sendable {
    package var id: IDRecord
    package var token: String
    /// Seconds since 1970.
    package var expiresAt: Int64
    /// Seconds since 1970.
    package var issuedAt: Int64
    package var hint: String
}

/// How much a server logs.
package enum LogLevelRecord: String, Hashable, Sendable, CaseIterable {
    case panic, fatal, error, warn, info, debug, trace
}

/// What a server logs now, and what it logged when it began; nil for a level that is not known.
package struct LoggerRecord: Hashable, Sendable {
    package var current: LogLevelRecord?
    package var launch: LogLevelRecord?

    package init(current: LogLevelRecord?, launch: LogLevelRecord?) {
        self.current = current
        self.launch = launch
    }
}

/// What a server tells of itself.
package struct ServerInfo: Hashable, Sendable {
    /// Seconds since it began.
    package var uptime: Int32
    package var nodes: Int32
    package var entries: Int32
    package var federatedBundles: Int32
    package var chain: [Certificate]

    /// A certificate of the server's own chain.
    package struct Certificate: Hashable, Sendable {
        package var id: IDRecord
        /// Seconds since 1970.
        package var expiresAt: Int64
        package var subject: String

        package init(id: IDRecord, expiresAt: Int64, subject: String) {
            self.id = id
            self.expiresAt = expiresAt
            self.subject = subject
        }
    }

    package init(uptime: Int32, nodes: Int32, entries: Int32, federatedBundles: Int32, chain: [Certificate]) {
        self.uptime = uptime
        self.nodes = nodes
        self.entries = entries
        self.federatedBundles = federatedBundles
        self.chain = chain
    }
}

extension IssuerAdministration {
    private var svids: Spire_Api_Server_Svid_V1_SVID.Client<LocalConnection.Transport> {
        .init(wrapping: connection.client)
    }
    private var loggers: Spire_Api_Server_Logger_V1_Logger.Client<LocalConnection.Transport> {
        .init(wrapping: connection.client)
    }

    /// Signs the X.509-SVID that a PKCS#10 request asks for.
    /// - Parameters:
    ///   - lifetime: in seconds; 0 for the server's default.
    package func mintX509SVID(request: [UInt8], lifetime: Int32) async throws -> MintedX509SVID {
        try await connection.call {
            let svid = try await svids.mintX509SVID(
                .with {
                    $0.csr = Data(request)
                    $0.ttl = lifetime
                }, options: connection.options
            ).svid
            return MintedX509SVID(
                id: IDRecord(svid.id), chain: svid.certChain.map { Array($0) }, expiresAt: svid.expiresAt)
        }
    }

    /// Signs a JWT-SVID.
    /// - Parameters:
    ///   - lifetime: in seconds; 0 for the server's default.
    package func mintJWTSVID(_ id: IDRecord, audience: [String], lifetime: Int32) async throws -> MintedJWTSVID {
        try await connection.call {
            let svid = try await svids.mintJWTSVID(
                .with {
                    $0.id = id.message
                    $0.audience = audience
                    $0.ttl = lifetime
                }, options: connection.options
            ).svid
            return MintedJWTSVID(
                id: IDRecord(svid.id), token: svid.token, expiresAt: svid.expiresAt, issuedAt: svid.issuedAt,
                hint: svid.hint)
        }
    }

    /// What the server logs.
    package func logger() async throws -> LoggerRecord {
        try await connection.call { LoggerRecord(try await loggers.getLogger(.init(), options: connection.options)) }
    }

    /// Changes what the server logs until it ends, or until ``resetLogLevel()``.
    package func setLogLevel(_ level: LogLevelRecord) async throws -> LoggerRecord {
        try await connection.call {
            LoggerRecord(
                try await loggers.setLogLevel(
                    .with { $0.newLevel = level.message }, options: connection.options))
        }
    }

    /// Has the server log what it logged when it began.
    package func resetLogLevel() async throws -> LoggerRecord {
        try await connection.call {
            LoggerRecord(try await loggers.resetLogLevel(.init(), options: connection.options))
        }
    }

    /// What the server tells of itself.
    package func info() async throws -> ServerInfo {
        try await connection.call {
            let client = Spire_Api_Server_Debug_V1_Debug.Client(wrapping: connection.client)
            let info = try await client.getInfo(.init(), options: connection.options)
            return ServerInfo(
                uptime: info.uptime, nodes: info.agentsCount, entries: info.entriesCount,
                federatedBundles: info.federatedBundlesCount,
                chain: info.svidChain.map {
                    ServerInfo.Certificate(id: IDRecord($0.id), expiresAt: $0.expiresAt, subject: $0.subject)
                })
        }
    }
}

extension LoggerRecord {
    init(_ logger: Spire_Api_Types_Logger) {
        current = LogLevelRecord(logger.currentLevel)
        launch = LogLevelRecord(logger.launchLevel)
    }
}

extension LogLevelRecord {
    init?(_ level: Spire_Api_Types_LogLevel) {
        switch level {
        case .panic: self = .panic
        case .fatal: self = .fatal
        case .error: self = .error
        case .warn: self = .warn
        case .info: self = .info
        case .debug: self = .debug
        case .trace: self = .trace
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }

    var message: Spire_Api_Types_LogLevel {
        switch self {
        case .panic: .panic
        case .fatal: .fatal
        case .error: .error
        case .warn: .warn
        case .info: .info
        case .debug: .debug
        case .trace: .trace
        }
    }
}
