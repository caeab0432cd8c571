// SPDX-License-Identifier: Apache-2.0

public import Logging
internal import SPIFFE
public import ServiceLifecycle
private import Synchronization

/// Keeps this issuer in step with one above it: takes over its roots and keys, and hands ours up. Facts (SPIFFE) 16.3.
public final class UpstreamSync: Service, Sendable {
    /// How often the issuer above is asked.
    public static let interval = Duration.seconds(5)

    private let authorities: AuthorityService
    private let upstream: any UpstreamIssuer
    private let logger: Logger
    /// Whether the last round failed: it is logged once, not every five seconds.
    private let isAway = Mutex(false)

    /// Follows an issuer.
    public init(authorities: AuthorityService, upstream: any UpstreamIssuer, logger: Logger) {
        self.authorities = authorities
        self.upstream = upstream
        self.logger = logger
    }

    /// Follows it until it is told to stop.
    public func run() async {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                await look()
                do { try await authorities.clock.sleep(for: Self.interval) } catch { return }
            }
        }
    }

    /// One round. What fails stays as it is.
    func look() async {
        do {
            for key in try await authorities.follow(upstream) {
                try await upstream.publish(key)
                logger.info("JWT authority handed to the issuer above", metadata: ["authority": "\(key.keyID)"])
            }
            if isAway.withLock({ away in
                defer { away = false }
                return away
            }) {
                logger.notice("the issuer above can be followed again")
            }
        } catch {
            let isNew = isAway.withLock { away in
                defer { away = true }
                return !away
            }
            guard isNew, !Task.isCancelled else { return }
            logger.error("the issuer above can't be followed", metadata: ["reason": "\(error)"])
        }
    }
}
