// SPDX-License-Identifier: Apache-2.0

internal import KelmarkConcurrency
public import Logging
internal import SPIFFE

/// The issuer's authorities: makes their keys, has them admitted, publishes them, and lets them sign one after the other.
///
/// A key is prepared, admitted by the gate, published in the bundle, and only then active. When any step fails, the key
/// that signs goes on signing. What is known is durable before anybody is told. Facts (SPIFFE) 13; `03-binding.md`,
/// section 1.
public final class AuthorityService: Sendable {
    /// How the issuer signs.
    public let configuration: IssuerConfiguration
    let keys: any AuthorityKeys
    let clock: any IssuerClock
    let random: RandomSource
    let logger: Logger
    let upstream: (any UpstreamAuthority)?
    let gate: any AuthorityGate
    private let store: any AuthorityStore
    let audit: (any IssuanceStore)?
    private let book: AuthorityBook
    /// Only one change of the book at a time.
    private let changes = Turnstile()
    /// Only one key of a kind is on its way at a time, and none is activated meanwhile.
    private let x509Moves = Turnstile()
    private let jwtMoves = Turnstile()

    private init(
        configuration: IssuerConfiguration, keys: any AuthorityKeys, store: any AuthorityStore,
        gate: any AuthorityGate, upstream: (any UpstreamAuthority)?, audit: (any IssuanceStore)?,
        clock: any IssuerClock, random: RandomSource, logger: Logger, book: AuthorityBook
    ) {
        self.configuration = configuration
        self.keys = keys
        self.store = store
        self.gate = gate
        self.upstream = upstream
        self.audit = audit
        self.clock = clock
        self.random = random
        self.logger = logger
        self.book = book
    }

    /// Finds the authorities again that were there before. Nothing is made: that is for ``RotationService``.
    ///
    /// - Parameters:
    ///   - configuration: how to sign.
    ///   - keys: where private keys are.
    ///   - store: where the bundle and the journal are kept.
    ///   - gate: who admits keys; ``OpenGate`` for a plain SPIFFE server.
    ///   - upstream: who certifies X.509 authorities; nil for roots of our own.
    ///   - audit: where it is recorded who moved authorities; nil for nowhere.
    ///   - clock: time.
    ///   - random: serial numbers.
    ///   - logger: takes what an operator should see.
    /// - Throws: ``IssuerError``: a configuration out of bounds, a store or keys that can't be read.
    public static func open(
        configuration: IssuerConfiguration, keys: any AuthorityKeys, store: any AuthorityStore,
        gate: any AuthorityGate, upstream: (any UpstreamAuthority)? = nil, audit: (any IssuanceStore)? = nil,
        clock: any IssuerClock, random: RandomSource = .system, logger: Logger
    ) async throws -> AuthorityService {
        try configuration.check()
        var held: Set<AuthorityKey> = []
        for slot in AuthoritySlot.allCases {
            let content = try await keys.content(of: slot)
            held.formUnion([content.inUse, content.candidate].compactMap { $0 })
        }
        let book: AuthorityBook
        do {
            book = try await AuthorityBook(
                reading: store, domain: configuration.trustDomain, refreshHint: configuration.refreshHint, held: held)
        } catch let error as IssuerStoreError {
            throw IssuerError(error, while: "authorities can't be read")
        }
        for warning in configuration.warnings { logger.warning("configuration", metadata: ["value": "\(warning)"]) }
        return AuthorityService(
            configuration: configuration, keys: keys, store: store, gate: gate, upstream: upstream, audit: audit,
            clock: clock, random: random, logger: logger, book: book)
    }

    // MARK: Looking

    /// What the issuer signs with and publishes now.
    public var state: IssuerState { book.states.value }

    /// The state now, then each newer one; a reader that is slow misses those between.
    public func states() -> AsyncStream<IssuerState> { book.states.values() }

    /// The bundle now, then each newer one.
    func bundles() -> AsyncStream<TrustBundle> { book.bundles.values() }

    var ledger: IssuerLedger { book.ledger }

    /// The kinds of authority that this issuer has.
    public var kinds: [AuthorityKind] { configuration.signsTokens ? [.x509, .jwt] : [.x509] }

    /// Those that sign, or would sign next, and that the gate stands behind no more, or whose root elsewhere is tainted.
    func fallen(_ kind: AuthorityKind) async -> Set<String> {
        let ledger = self.ledger
        let entries = [ledger[kind].active, ledger[kind].prepared].compactMap { $0 }
        guard !entries.isEmpty else { return [] }
        let tainted = ledger.bundle.taintedRoots
        var fallen = Set(
            entries.filter { $0.upstreamAuthorityID.map(tainted.contains) ?? false }.map(\.authorityID))
        do {
            let standing = try await gate.standing(of: Set(entries.map(\.admission)))
            fallen.formUnion(entries.filter { standing[$0.admission] != .stands }.map(\.authorityID))
        } catch {
            logger.warning(
                "it can't be told whether authorities stand",
                metadata: ["kind": "\(kind.rawValue)", "reason": "\(error)"])
        }
        return fallen
    }

    // MARK: Moving

    /// Makes a key ready, has it admitted, and publishes it. Nothing changes for what is signed now.
    /// - Throws: ``IssuerError``: `failedPrecondition` with the reasons when the gate refuses, `deadlineExceeded` when it
    ///   takes too long, `unavailable` when it or the store fails. The active authority stays in each case.
    public func prepare(
        _ kind: AuthorityKind, by requester: Requester = .issuer
    ) async throws -> AuthorityEntry {
        try await audited("prepare-\(kind.rawValue)", "", by: requester) { try await prepareUnaudited(kind) }
    }

    /// Lets the prepared authority sign.
    /// - Parameter id: must name it, so that nobody activates what somebody else prepared meanwhile.
    /// - Throws: ``IssuerError``: `invalidArgument` for any other name, `unavailable` when the store fails.
    public func activate(
        _ kind: AuthorityKind, _ id: String, by requester: Requester = .issuer
    ) async throws -> AuthorityEntry {
        try await audited("activate-\(kind.rawValue)", id, by: requester) { try await activateUnaudited(kind, id) }
    }

    /// Tells everybody to replace what an authority that signs no more has signed; it stays valid.
    /// - Throws: ``IssuerError``: `invalidArgument` unless `id` names an old authority, `failedPrecondition` where roots
    ///   are elsewhere.
    public func taint(
        _ kind: AuthorityKind, _ id: String, by requester: Requester = .issuer
    ) async throws -> AuthorityEntry {
        try await audited("taint-\(kind.rawValue)", id, by: requester) { try await end(kind, id, .taint) }
    }

    /// Takes an authority that signs no more out of the bundle: nothing that it signed is trusted any more.
    /// - Throws: ``IssuerError`` as ``taint(_:_:)``; `internal` when it is out already, as SPIRE answers.
    public func revoke(
        _ kind: AuthorityKind, _ id: String, by requester: Requester = .issuer
    ) async throws -> AuthorityEntry {
        try await audited("revoke-\(kind.rawValue)", id, by: requester) { try await end(kind, id, .revoke) }
    }

    /// Taints a root elsewhere that our authorities no longer hang from.
    /// - Parameter id: its hex subject key identifier.
    /// - Throws: ``IssuerError``: `failedPrecondition` without an upstream, and below an issuer whose bundle is ours,
    ///   `invalidArgument` for the one in use, `notFound`.
    public func taintUpstream(_ id: String, by requester: Requester = .issuer) async throws {
        try await audited("taint-upstream", id, by: requester) { try await endUpstream(id, .taint) }
    }

    /// Takes a root elsewhere out of the bundle, as ``taintUpstream(_:)``.
    /// - Throws: ``IssuerError``.
    public func revokeUpstream(_ id: String, by requester: Requester = .issuer) async throws {
        try await audited("revoke-upstream", id, by: requester) { try await endUpstream(id, .revoke) }
    }

    // MARK: Parts

    func check(_ kind: AuthorityKind) throws(IssuerError) {
        guard kinds.contains(kind) else { throw IssuerError(.unimplemented, "JWT-SVIDs are disabled") }
    }

    func moves(_ kind: AuthorityKind) -> Turnstile { kind == .x509 ? x509Moves : jwtMoves }

    // MARK: The book

    /// Changes bundle and journal; durable when it returns, and only then visible.
    @discardableResult
    func change(
        _ body: (IssuerLedger) throws(IssuerError) -> IssuerLedger
    ) async throws -> IssuerLedger {
        try await changes.pass {
            let present = book.ledger
            let next = try body(present)
            guard next != present else { return present }
            do {
                try await book.replace(with: next, in: store)
            } catch let error as IssuerStoreError {
                throw IssuerError(error, while: "authorities can't be kept")
            }
            return next
        }
    }
}
