// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import Logging
package import NodeAgent
package import SPIFFE
internal import ServiceLifecycle
internal import Synchronization

/// An issuer over SPIRE's API: ours, or a SPIRE server. Facts (SPIFFE) 12, 15.4, 20.1.
///
/// Runs as a service; calls that are made while it does not run fail when their time is over. New credentials make new
/// connections, and those with the old ones end when their calls have.
package final class GRPCIssuerClient: Service {
    private struct State {
        var connection: IssuerConnection?
        var credentials: IssuerCredentials?
        var isStopped = false
    }

    /// How long one call may take that does without our SVID.
    static let strangersPatience = Duration.seconds(5)

    let trustDomain: TrustDomain
    let logger: Logger
    private let address: IssuerAddress
    private let patience: Duration
    private let now: @Sendable () -> CertificateTime
    private let state = Mutex(State())
    private let opened: AsyncStream<IssuerConnection>
    private let open: AsyncStream<IssuerConnection>.Continuation

    /// - Parameters:
    ///   - patience: how long one call may take.
    ///   - now: the time, for the issuer's certificate.
    package init(
        of trustDomain: TrustDomain, at address: IssuerAddress, patience: Duration = .seconds(30),
        now: @escaping @Sendable () -> CertificateTime, logger: Logger
    ) {
        self.address = address
        self.trustDomain = trustDomain
        self.patience = patience
        self.now = now
        self.logger = logger
        // One element for each change of credentials, and those are rare.
        (opened, open) = AsyncStream.makeStream()
    }

    /// Keeps connections until graceful shutdown.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await connection in opened {
                    group.addTask { [logger] in
                        do {
                            try await connection.client.runConnections()
                        } catch {
                            logger.debug("connections to the issuer ended", metadata: ["error": "\(error)"])
                        }
                    }
                }
            }
        } onGracefulShutdown: { [self] in
            let last = state.withLock { state in
                state.isStopped = true
                return state.connection
            }
            last?.client.beginGracefulShutdown()
            open.finish()
        }
    }

    /// See `IssuerClient`.
    package func use(_ credentials: IssuerCredentials) async {
        let connection: IssuerConnection
        do {
            connection = try IssuerConnection(
                to: address, trustDomain: trustDomain, credentials: credentials, now: now)
        } catch {
            logger.error("credentials can't be used", metadata: ["error": "\(error)"])
            return
        }
        let former = state.withLock { state -> IssuerConnection? in
            guard !state.isStopped else { return connection }
            let former = state.connection
            state.connection = connection
            state.credentials = credentials
            open.yield(connection)
            return former
        }
        former?.client.beginGracefulShutdown()
    }

    /// Makes one call, with a deadline, over the connections of now.
    func call<Answer: Sendable>(
        _ body: @Sendable (IssuerConnection.Client, CallOptions) async throws -> Answer
    ) async throws(IssuerClientError) -> Answer {
        guard let connection = state.withLock({ $0.isStopped ? nil : $0.connection }) else {
            throw IssuerClientError(.unavailable, "not connected")
        }
        do {
            return try await body(connection.client, Self.options(within: patience))
        } catch let error as IssuerClientError {
            throw error
        } catch let error as RPCError {
            if let own = error.cause as? IssuerClientError { throw own }
            let failure = IssuerClientError(error)
            if failure.code == .unavailable || failure.code == .deadline, let distrust = connection.distrust {
                throw IssuerClientError(.untrustedIssuer, distrust.description)
            }
            throw failure
        } catch let error as RuntimeError where error.code == .clientIsStopped {
            throw IssuerClientError(.unavailable, "the connection was replaced")
        } catch is CancellationError {
            throw IssuerClientError(.cancelled)
        } catch {
            throw IssuerClientError(.failed, "\(error)")
        }
    }

    /// Makes one call over a connection of its own that does not show who we are. Whom we trust stays the same.
    func callAsStranger<Answer: Sendable>(
        _ body: @Sendable (IssuerConnection.Client, CallOptions) async throws -> Answer
    ) async throws -> Answer {
        guard let credentials = state.withLock({ $0.isStopped ? nil : $0.credentials }), credentials.identity != nil
        else { throw IssuerClientError(.unavailable, "there is no SVID to leave out") }
        let connection = try IssuerConnection(
            to: address, trustDomain: trustDomain,
            credentials: IssuerCredentials(trust: credentials.trust, identity: nil), now: now)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await connection.client.runConnections() }
            defer { group.cancelAll() }
            let answer = try await body(
                connection.client, Self.options(within: min(patience, Self.strangersPatience)))
            connection.client.beginGracefulShutdown()
            return answer
        }
    }

    private static func options(within patience: Duration) -> CallOptions {
        var options = CallOptions.defaults
        options.timeout = patience
        // Bundles and entries of many may be longer than gRPC's 4 MiB. Facts (SPIFFE) 22.5.
        options.maxResponseMessageBytes = 64 << 20
        return options
    }
}
