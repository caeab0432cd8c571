// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkConcurrency
public import Logging
internal import SPIFFE
public import ServiceLifecycle
private import Synchronization

/// Keeps authorities and the server's own identity young: looks every ten seconds, and at once when authorities change.
///
/// What fails is tried again later and meanwhile stays as it is. Facts (SPIFFE) 13.2.
public final class RotationService: Service, Sendable {
    /// How often it looks.
    public static let interval = Duration.seconds(10)
    /// How long after the start the bundle is pruned first.
    static let firstPruning = Duration.seconds(600)
    /// How often the bundle is pruned.
    static let pruningInterval = Duration.seconds(6 * 3_600)
    /// How long the server still shows an identity whose authority was dropped, so that agents hear of it by somebody whom
    /// they trust yet: some rounds of theirs.
    static let farewell = Duration.seconds(30)
    /// By how many seconds time of day and uptime may part before the clock counts as set.
    static let toleratedJump: Int64 = 60

    private struct State {
        var paces: [AuthorityKind: MintingPace] = [:]
        var retries: [AuthorityKind: RetryDelay] = [:]
        var identityRetry = RetryDelay()
        var orphanedAt: Duration?
        var nextPruning: Duration?
        var lastLook: (now: CertificateTime, uptime: Duration)?
    }

    private let authorities: AuthorityService
    private let issuing: IssuingService
    private let bundles: BundleService
    private let logger: Logger
    private let state = Mutex(State())
    private let identity = Broadcaster<ServerIdentity?>(nil)
    private let turns = Turnstile()
    private let identityTurns = Turnstile()

    private var clock: any IssuerClock { authorities.clock }

    /// Rotation of these authorities.
    public init(authorities: AuthorityService, issuing: IssuingService, logger: Logger) {
        self.authorities = authorities
        self.issuing = issuing
        bundles = BundleService(authorities)
        self.logger = logger
    }

    /// The server's own identity; nil until the first look.
    public var serverIdentity: ServerIdentity? { identity.value }

    /// The server's own identity now, then each newer one.
    public func serverIdentities() -> AsyncStream<ServerIdentity?> { identity.values() }

    /// Looks until it is told to stop.
    public func run() async {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in
                    while !Task.isCancelled {
                        await look()
                        do { try await clock.sleep(for: Self.interval) } catch { return }
                    }
                }
                group.addTask { [self] in
                    // An authority that was dropped has to be replaced at once, and so has what it signed.
                    for await state in authorities.states() {
                        if authorities.kinds.contains(where: { state[$0].active == nil }) {
                            await look()
                        } else {
                            await renewIdentity()
                        }
                    }
                }
            }
        }
    }

    /// Does what is due now. Composition calls it once before listeners open, so that they have an identity.
    public func look() async {
        await turns.pass {
            for kind in authorities.kinds { await rotate(kind) }
            await pruneIfDue()
        }
        await renewIdentity()
    }

    // MARK: Authorities

    private func rotate(_ kind: AuthorityKind) async {
        let uptime = clock.uptime()
        let fallen = await authorities.fallen(kind)
        let step = RotationStep.next(for: authorities.ledger[kind], at: clock.now(), fallen: fallen)
        guard step != .wait, state.withLock({ $0.retries[kind, default: RetryDelay()].allows(at: uptime) }) else {
            return
        }
        let makesKey = step != .activate
        if makesKey {
            let pace = state.withLock { $0.paces[kind] } ?? newPace
            guard pace.allows(at: uptime) else {
                logger.warning("authority is not made yet: too many were made", metadata: ["kind": "\(kind.rawValue)"])
                return
            }
        }
        do {
            var next = authorities.state[kind].prepared
            if makesKey {
                next = try await authorities.prepare(kind)
                state.withLock { $0.paces[kind, default: newPace].count(at: uptime) }
            }
            if step != .prepare, let next { _ = try await authorities.activate(kind, next.authorityID) }
            state.withLock { $0.retries[kind] = nil }
        } catch {
            state.withLock { $0.retries[kind, default: RetryDelay()].fail(at: clock.uptime()) }
            logger.error(
                "authority could not be rotated", metadata: ["kind": "\(kind.rawValue)", "reason": "\(error)"])
        }
    }

    private var newPace: MintingPace { MintingPace(lifetime: authorities.configuration.authorityLifetime) }

    // MARK: Bundle

    /// A clock that was just set may be wrong, and what is pruned is gone: then nothing is pruned for a while.
    private func pruneIfDue() async {
        let (now, uptime) = (clock.now(), clock.uptime())
        let isDue = state.withLock { state in
            let due = state.nextPruning ?? uptime + Self.firstPruning
            state.nextPruning = due
            if let last = state.lastLook {
                let passed = (uptime - last.uptime).components.seconds
                if abs(now.seconds - last.now.seconds - passed) > Self.toleratedJump {
                    state.nextPruning = uptime + Self.pruningInterval
                }
            }
            state.lastLook = (now, uptime)
            guard let next = state.nextPruning, uptime >= next else { return false }
            state.nextPruning = uptime + Self.pruningInterval
            return true
        }
        guard isDue else { return }
        do {
            if try await bundles.prune() { logger.info("bundle pruned") }
        } catch {
            logger.error("bundle could not be pruned", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: The server's identity

    private func renewIdentity() async {
        await identityTurns.pass {
            let present = authorities.state
            guard present.x509.active != nil else { return }
            if let identity = identity.value, !identity.isDue(at: clock.now(), in: present) { return }
            let uptime = clock.uptime()
            if identity.value?.isOrphaned(at: clock.now(), in: present) == true {
                let since = state.withLock { state in
                    state.orphanedAt = state.orphanedAt ?? uptime
                    return state.orphanedAt ?? uptime
                }
                guard uptime - since >= Self.farewell else { return }
            }
            guard state.withLock({ $0.identityRetry.allows(at: uptime) }) else { return }
            do {
                let key = try PrivateKey(generating: .p256)
                let issued = try await issuing.newServerSVID(key: key.publicKey)
                let svid = try X509SVID(chain: issued.chain.map(\.der), pkcs8: key.pkcs8)
                identity.publish(ServerIdentity(svid: svid, rootID: issued.rootID))
                state.withLock { state in
                    state.identityRetry.succeed()
                    state.orphanedAt = nil
                }
                logger.info("server identity renewed", metadata: ["expires": "\(issued.leaf.notAfter)"])
            } catch {
                state.withLock { $0.identityRetry.fail(at: uptime) }
                logger.error("server identity could not be renewed", metadata: ["reason": "\(error)"])
            }
        }
    }
}
