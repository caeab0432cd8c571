// SPDX-License-Identifier: Apache-2.0

internal import KelmarkConcurrency
public import Logging
internal import SPIFFE
public import ServiceLifecycle
private import Synchronization

/// Keeps bundle and statements in agreement: asks every two seconds whether something stands behind each authority, and
/// has the statements of revoked ones withdrawn, again and again until that is done, also after a restart.
/// `03-binding.md`, section 1, rule 2.
public final class AdmissionUpkeep: Service, Sendable {
    /// How often it is asked what stands.
    public static let interval = Duration.seconds(2)
    /// How long the drop of an authority that signs waits for a successor, so that agents that follow the bundle never
    /// see an empty one where another key is admitted.
    static let patience = Duration.seconds(3)

    private struct State {
        var retries: [StatedAuthority: RetryDelay] = [:]
        var isBlind = false
    }

    private let authorities: AuthorityService
    private let logger: Logger
    private let state = Mutex(State())
    /// Withdrawals wait for witnesses; what has fallen does not wait for them.
    private let withdrawalTurns = Turnstile()
    private let dropTurns = Turnstile()

    private var clock: any IssuerClock { authorities.clock }

    /// Upkeep of the admissions of these authorities.
    public init(authorities: AuthorityService, logger: Logger) {
        self.authorities = authorities
        self.logger = logger
    }

    /// Looks until it is told to stop.
    public func run() async {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in
                    while !Task.isCancelled {
                        await dropFallen()
                        do { try await clock.sleep(for: Self.interval) } catch { return }
                    }
                }
                group.addTask { [self] in
                    while !Task.isCancelled {
                        await withdrawRevoked()
                        do { try await clock.sleep(for: RotationService.interval) } catch { return }
                    }
                }
                group.addTask { [self] in
                    for await _ in authorities.states() { await withdrawRevoked() }
                }
            }
        }
    }

    /// Does what must be done before anybody is served. Composition calls it once.
    public func look() async { await dropFallen() }

    /// Drops the authorities that nothing stands behind any more. While that can't be told, all stay: whoever can make the
    /// gate unreadable must not be able to take a trust domain's bundle away.
    func dropFallen() async {
        await dropTurns.pass {
            do {
                let fallen = try await authorities.fallenStatements()
                if state.withLock({ $0.isBlind }) {
                    logger.notice("it can be told again what stands behind authorities")
                }
                state.withLock { $0.isBlind = false }
                guard !fallen.isEmpty else { return }
                try await withSuccessors(for: fallen) { try await authorities.drop(fallen) }
            } catch is CancellationError {
                return
            } catch {
                let isNew = state.withLock { state in
                    defer { state.isBlind = true }
                    return !state.isBlind
                }
                guard isNew else { return }
                logger.error("it can't be told what stands behind authorities", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// Runs `body` when the authorities that sign have successors, when there can be none, or when it took too long.
    private func withSuccessors(for fallen: Set<StatedAuthority>, _ body: () async throws -> Void) async throws {
        let ids = Set(fallen.map(\.authorityID))
        let kinds = authorities.kinds.filter { kind in
            let present = authorities.state[kind]
            func falls(_ entry: AuthorityEntry) -> Bool { ids.contains(entry.authorityID) }
            return present.active.map(falls) == true && present.prepared.map(falls) ?? true
        }
        guard !kinds.isEmpty else { return try await body() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [authorities, logger] in
                for kind in kinds {
                    do {
                        _ = try await authorities.prepare(kind)
                    } catch {
                        logger.warning(
                            "a fallen authority has no successor",
                            metadata: ["kind": "\(kind.rawValue)", "reason": "\(error)"])
                    }
                }
            }
            group.addTask { [clock] in try await clock.sleep(for: Self.patience) }
            defer { group.cancelAll() }
            try await group.next()
            try await body()
        }
    }

    /// Has the statements of revoked authorities withdrawn; what fails is tried again later.
    func withdrawRevoked() async {
        await withdrawalTurns.pass {
            for authority in authorities.withdrawals {
                let isDue = state.withLock {
                    $0.retries[authority, default: RetryDelay()].allows(at: clock.uptime())
                }
                guard isDue else { continue }
                do {
                    try await authorities.withdraw(authority)
                    state.withLock { $0.retries[authority] = nil }
                } catch {
                    guard !Task.isCancelled else { return }
                    state.withLock { $0.retries[authority, default: RetryDelay()].fail(at: clock.uptime()) }
                    logger.error(
                        "statement of a revoked authority could not be withdrawn",
                        metadata: [
                            "authority": "\(authority.authorityID)", "statement": "\(authority.statement)",
                            "reason": "\(error)",
                        ])
                }
            }
        }
    }
}
