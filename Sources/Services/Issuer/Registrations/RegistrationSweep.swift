// SPDX-License-Identifier: Apache-2.0

public import Logging
internal import SPIFFE
public import ServiceLifecycle

/// Removes what has outlived its time: entries, join tokens, and agents where that was asked for. Facts (SPIFFE) 11.1,
/// 12.4.
public struct RegistrationSweep: Service {
    /// Seconds between two sweeps.
    static let seconds: Int64 = 300
    /// Most that one transaction removes.
    static let batch = 1000

    /// When agents are forgotten.
    public struct AgentPruning: Hashable, Sendable {
        /// Seconds since an agent's SVID expired.
        public var expiredFor: Int64
        /// Whether agents are forgotten too that could attest only once, and then can once more.
        public var includesFirstUse: Bool

        /// Joins the settings.
        public init(expiredFor: Int64, includesFirstUse: Bool = false) {
            self.expiredFor = expiredFor
            self.includesFirstUse = includesFirstUse
        }
    }

    private let entries: EntryService
    private let agents: AgentService
    private let pruning: AgentPruning?
    private let clock: any IssuerClock
    private let logger: Logger

    /// - Parameter pruning: when agents are forgotten; nil for never.
    public init(
        entries: EntryService, agents: AgentService, pruning: AgentPruning? = nil, clock: any IssuerClock,
        logger: Logger
    ) {
        self.entries = entries
        self.agents = agents
        self.pruning = pruning
        self.clock = clock
        self.logger = logger
    }

    /// Sweeps until the task is cancelled or the service group shuts down.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do throws(IssuerError) {
                    try await sweep()
                } catch {
                    logger.warning("Expired registrations can't be removed", metadata: ["cause": "\(error)"])
                }
                do {
                    try await clock.sleep(for: .seconds(Self.seconds))
                } catch {
                    return
                }
            }
        }
    }

    /// Removes everything whose time is over now.
    func sweep() async throws(IssuerError) {
        while try await entries.removeExpired(limit: Self.batch).count == Self.batch {}
        _ = try await agents.removeExpiredTokens()
        guard let pruning else { return }
        let before = clock.now().advanced(by: -max(0, pruning.expiredFor)).seconds
        while try await agents.purge(
            expiredBefore: before, includingFirstUse: pruning.includesFirstUse, limit: Self.batch
        ).count == Self.batch {}
    }
}
