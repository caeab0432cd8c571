// SPDX-License-Identifier: Apache-2.0

package import HTTPServing
package import Logging
internal import ServiceLifecycle

/// The HTTPS port of an issuer: its bundle for federation, and discovery for OpenID Connect.
///
/// Peers are not asked for certificates: what is here is public. Facts (SPIFFE) 7.1, 7.2.
package final class IdentityService: Service {
    private let server: HTTPServer

    /// Serves at an address; port 0 takes a free one, which ``boundPort()`` tells.
    /// - Parameters:
    ///   - bundle: What `GET /` answers; nil for nothing.
    ///   - discovery: What OpenID Connect clients find; nil for nothing.
    ///   - proof: What proves the bundle; nil for nothing.
    ///   - identity: The certificate, asked for at each connection.
    ///   - descriptor: A listening socket that was handed over, in place of host and port.
    package init(
        bundle: BundleEndpoint?, discovery: DiscoveryEndpoint?, proof: ProofEndpoint? = nil, identity: any TLSIdentity,
        host: String = "127.0.0.1", port: Int = 8443, descriptor: Int32? = nil, limits: ServerLimits = .identity,
        logger: Logger
    ) {
        let endpoints: [any HTTPEndpoint] = [bundle as (any HTTPEndpoint)?, discovery, proof].compactMap(\.self)
        server = HTTPServer(
            host: host, port: port, descriptor: descriptor, limits: limits, tls: { try await identity.tlsContext() },
            logger: logger
        ) { request in
            await endpoints.answer(request)
        }
    }

    /// The port, as soon as the server listens.
    /// - Throws: `ListenError`.
    package func boundPort() async throws -> Int { try await server.boundPort() }

    /// Listens until graceful shutdown.
    /// - Throws: `ListenError` when the address can't be listened at.
    package func run() async throws { try await server.run() }
}

/// The plain port for whoever looks after the process: health and metrics. It belongs on loopback.
package final class OperationsService: Service {
    private let server: HTTPServer

    /// Serves at an address; port 0 takes a free one, which ``boundPort()`` tells.
    /// - Parameter descriptor: A listening socket that was handed over, in place of host and port.
    package init(
        health: HealthEndpoint?, metrics: MetricsEndpoint?, host: String = "127.0.0.1", port: Int = 9464,
        descriptor: Int32? = nil, limits: ServerLimits = .identity, logger: Logger
    ) {
        let endpoints: [any HTTPEndpoint] = [health as (any HTTPEndpoint)?, metrics].compactMap(\.self)
        server = HTTPServer(host: host, port: port, descriptor: descriptor, limits: limits, logger: logger) { request in
            await endpoints.answer(request)
        }
    }

    /// The port, as soon as the server listens.
    /// - Throws: `ListenError`.
    package func boundPort() async throws -> Int { try await server.boundPort() }

    /// Listens until graceful shutdown.
    /// - Throws: `ListenError` when the address can't be listened at.
    package func run() async throws { try await server.run() }
}

extension ServerLimits {
    /// For requests that have no body and heads of a line or two.
    package static var identity: ServerLimits {
        var limits = ServerLimits()
        limits.connections = 1024
        limits.connectionsPerSource = 64
        limits.headBytes = 16 << 10
        limits.bodyBytes = 4 << 10
        limits.idle = .seconds(30)
        return limits
    }
}
