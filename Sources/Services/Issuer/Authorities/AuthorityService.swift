// SPDX-License-Identifier: Apache-2.0

internal import JOSE
public import Logging
internal import SPIFFE
internal import X509

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
    private let gate: any AuthorityGate
    private let store: any AuthorityStore
    private let audit: (any IssuanceStore)?
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

    /// Those that sign, or would sign next, and that the gate stands behind no more.
    func fallen(_ kind: AuthorityKind) async -> Set<String> {
        var fallen: Set<String> = []
        for entry in [ledger[kind].active, ledger[kind].prepared].compactMap({ $0 }) {
            do {
                if try await !gate.stands(entry.admission) { fallen.insert(entry.authorityID) }
            } catch {
                logger.warning(
                    "it can't be told whether an authority stands",
                    metadata: ["authority": "\(entry.authorityID)", "reason": "\(error)"])
            }
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

    private func prepareUnaudited(_ kind: AuthorityKind) async throws -> AuthorityEntry {
        try check(kind)
        return try await moves(kind).pass {
            let (proposal, admission) = try await admittedCandidate(in: ledger[kind].placeForNext)
            let entry = try await entry(of: proposal, admission)
            try await publish(entry.0, roots: entry.roots)
            await adopt(proposal.key)
            logger.info(
                "authority prepared",
                metadata: ["kind": "\(kind.rawValue)", "authority": "\(proposal.key.authorityID)"])
            return entry.0
        }
    }

    /// Lets the prepared authority sign.
    /// - Parameter id: must name it, so that nobody activates what somebody else prepared meanwhile.
    /// - Throws: ``IssuerError``: `invalidArgument` for any other name, `unavailable` when the store fails.
    public func activate(
        _ kind: AuthorityKind, _ id: String, by requester: Requester = .issuer
    ) async throws -> AuthorityEntry {
        try await audited("activate-\(kind.rawValue)", id, by: requester) { try await activateUnaudited(kind, id) }
    }

    private func activateUnaudited(_ kind: AuthorityKind, _ id: String) async throws -> AuthorityEntry {
        try check(kind)
        return try await moves(kind).pass {
            if let next = ledger[kind].prepared, next.authorityID == id { try await keys.adopt(next.key) }
            let ledger = try await change { (ledger) throws(IssuerError) in
                var next = ledger
                try next[kind].activate(id)
                return next
            }
            guard let active = ledger[kind].active else { throw IssuerError(.internal, "no authority is active") }
            logger.info("authority activated", metadata: ["kind": "\(kind.rawValue)", "authority": "\(id)"])
            return active
        }
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
    /// - Throws: ``IssuerError``: `failedPrecondition` without an upstream, `invalidArgument` for the one in use,
    ///   `notFound`.
    public func taintUpstream(_ id: String, by requester: Requester = .issuer) async throws {
        try await audited("taint-upstream", id, by: requester) { try await endUpstream(id, .taint) }
    }

    /// Takes a root elsewhere out of the bundle, as ``taintUpstream(_:)``.
    /// - Throws: ``IssuerError``.
    public func revokeUpstream(_ id: String, by requester: Requester = .issuer) async throws {
        try await audited("revoke-upstream", id, by: requester) { try await endUpstream(id, .revoke) }
    }

    // MARK: Audit

    /// Runs `body` and records what came of it. What is done is done: when the record can't be kept, the log says so.
    private func audited<R>(
        _ action: String, _ id: String, by requester: Requester, _ body: () async throws -> R
    ) async throws -> R {
        let result: Result<R, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        guard let audit else { return try result.get() }
        var outcome = "done"
        var details: [String: String] = [:]
        var subject = id
        switch result {
        case .success(let value): if let entry = value as? AuthorityEntry { subject = entry.authorityID }
        case .failure(let error):
            outcome = (error as? IssuerError)?.code.rawValue ?? IssuerError.Code.internal.rawValue
            details["reason"] = (error as? IssuerError)?.message ?? "\(error)"
        }
        let event = AuditEvent(
            at: clock.now(), actor: requester.name, action: action, subject: subject, outcome: outcome,
            details: details)
        do {
            _ = try await audit.commit(IssuanceBatch(events: [event]))
        } catch {
            logger.error("audit could not be kept", metadata: ["action": "\(action)", "reason": "\(error)"])
        }
        return try result.get()
    }

    // MARK: Steps

    private func check(_ kind: AuthorityKind) throws(IssuerError) {
        guard kinds.contains(kind) else { throw IssuerError(.unimplemented, "JWT-SVIDs are disabled") }
    }

    private func moves(_ kind: AuthorityKind) -> Turnstile { kind == .x509 ? x509Moves : jwtMoves }

    /// A key that nobody has seen yet. One that is left from an attempt before is used, so that a gate that refuses for
    /// days costs one key.
    private func candidate(in slot: AuthoritySlot) async throws -> AuthorityKey {
        let algorithm = algorithm(of: slot.kind)
        if let left = try await keys.content(of: slot).candidate {
            if ledger[slot.kind].entries.contains(where: { $0.key == left }) {
                try await keys.adopt(left)
            } else if left.algorithm == algorithm {
                return left
            }
        }
        return try await keys.generateCandidate(in: slot, algorithm: algorithm)
    }

    /// Puts a published key into use. What was published is not taken back when that fails: the key signs as a candidate
    /// too, and whoever needs its place or activates it tries again.
    private func adopt(_ key: AuthorityKey) async {
        do {
            try await keys.adopt(key)
        } catch {
            logger.error(
                "authority key could not be put into use",
                metadata: ["authority": "\(key.authorityID)", "reason": "\(error)"])
        }
    }

    private func algorithm(of kind: AuthorityKind) -> AuthorityKeyAlgorithm {
        kind == .x509 ? configuration.x509KeyAlgorithm : configuration.jwtKeyAlgorithm
    }

    /// A key with what the gate says of it. A candidate that is left over may be past use, because what was stated about it
    /// has ended while the issuer or its witnesses were away; offered again and again, it would keep its place for ever.
    private func admittedCandidate(in slot: AuthoritySlot) async throws -> (PreparedKey, Admission) {
        let left = try await candidate(in: slot)
        if case .success(let found) = try await admitted(left) { return found }
        logger.notice("authority key is given up before its use", metadata: ["authority": "\(left.authorityID)"])
        let fresh = try await keys.generateCandidate(in: slot, algorithm: algorithm(of: slot.kind))
        return try await admitted(fresh).get()
    }

    /// What the gate says of a key: a failure where this key can't become an authority any more, and another one may.
    private func admitted(_ key: AuthorityKey) async throws -> Result<(PreparedKey, Admission), IssuerError> {
        let now = clock.now()
        let proposal = PreparedKey(
            key: key, trustDomain: configuration.trustDomain,
            notBefore: now.advanced(by: -CertificateProfile.backdating),
            notAfter: now.advanced(by: configuration.authorityLifetime),
            allowsDownstream: key.slot.kind == .x509 && configuration.allowsDownstream)
        let kind = key.slot.kind.title
        do {
            let admission = try await withTimeLimit { [gate] in try await gate.admit(proposal) }
            let notAfter = admission.notAfter ?? proposal.notAfter
            guard admission.notBefore ?? proposal.notBefore < notAfter, clock.now() < notAfter else {
                return .failure(IssuerError(.failedPrecondition, "authority was admitted for a time that is over"))
            }
            return .success((proposal, admission))
        } catch let refusal as AdmissionRefusal {
            let error = IssuerError(.failedPrecondition, "\(kind) authority was not admitted: \(refusal)")
            guard refusal.isKeySpent else { throw error }
            return .failure(error)
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.unavailable, "\(kind) authority could not be admitted", cause: error)
        }
    }

    private func withTimeLimit<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        let (clock, limit) = (clock, configuration.admissionTimeout)
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await clock.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else {
                throw IssuerError(.deadlineExceeded, "admission of the authority took too long")
            }
            return result
        }
    }

    /// The authority that the key becomes, and the roots that its SVIDs end at.
    private func entry(
        of proposal: PreparedKey, _ admission: Admission
    ) async throws -> (AuthorityEntry, roots: [X509Certificate]) {
        let notBefore = admission.notBefore ?? proposal.notBefore
        let notAfter = admission.notAfter ?? proposal.notAfter
        let key = proposal.key
        let start = notBefore.advanced(by: CertificateProfile.backdating)
        guard key.slot.kind == .x509 else {
            return (
                AuthorityEntry(key: key, status: .prepared, issuedAt: start, notAfter: notAfter, admission: admission),
                []
            )
        }
        if let upstream {
            return try await certified(proposal, by: upstream, admission, until: notAfter)
        }
        let content: CertificateContent
        do {
            content = try CertificateProfile.authority(
                publicKey: try key.certificateKey(), trustDomain: configuration.trustDomain,
                names: configuration.authoritySubject, units: admission.units,
                validity: .init(notBefore: notBefore, notAfter: notAfter), serial: try random.serial(),
                pathLength: proposal.allowsDownstream ? 1 : 0)
        } catch {
            throw IssuerError(.internal, "certificate can't be made", cause: error)
        }
        let certificate = try await CertificateSigner(keys: keys).sign(content, by: key)
        guard certificate.hasSignature(by: certificate) else {
            throw IssuerError(.internal, "certificate can't be signed", detail: "the signature does not verify")
        }
        return (
            AuthorityEntry(
                key: key, status: .prepared, issuedAt: start, notAfter: notAfter, admission: admission,
                certificate: certificate), [certificate]
        )
    }

    /// Bundle and journal change together.
    private func publish(_ entry: AuthorityEntry, roots: [X509Certificate]) async throws {
        let kind = entry.key.slot.kind
        try await change { (ledger) throws(IssuerError) in
            var next = ledger
            next.bundle = try ledger.bundle.changed { (draft) throws(IssuerError) in
                for root in roots { try draft.append(X509Authority(root), isOwn: true) }
                if kind == .jwt { try draft.append(Self.tokenAuthority(entry), isOwn: true) }
            }
            try next[kind].prepare(entry)
            return next
        }
    }

    private static func tokenAuthority(_ entry: AuthorityEntry) throws(IssuerError) -> TokenAuthority {
        do {
            return try TokenAuthority(
                keyID: entry.authorityID, key: entry.key.publicKey, expiresAt: entry.notAfter.seconds)
        } catch {
            throw IssuerError(.internal, "authority key is unusable", cause: error)
        }
    }

    private func end(
        _ kind: AuthorityKind, _ id: String, _ ending: AuthoritySlots.Ending
    ) async throws -> AuthorityEntry {
        try check(kind)
        if kind == .x509, upstream != nil {
            throw IssuerError(
                .failedPrecondition, "local authority can't be \(ending.participle) if there is an upstream authority")
        }
        var found: AuthorityEntry?
        try await change { (ledger) throws(IssuerError) in
            let entry = try ledger[kind].ending(id, ending)
            found = entry
            var next = ledger
            next.bundle = try Self.ending(kind, id, ending, in: ledger.bundle, missing: .internal)
            return next
        }
        guard let found else { throw IssuerError(.internal, "authority is missing") }
        logger.notice(
            "authority \(ending.participle)", metadata: ["kind": "\(kind.rawValue)", "authority": "\(id)"])
        return found
    }

    private func endUpstream(_ id: String, _ ending: AuthoritySlots.Ending) async throws {
        guard upstream != nil else { throw IssuerError(.failedPrecondition, "upstream authority is not configured") }
        guard !id.isEmpty else { throw IssuerError(.invalidArgument, "no subject key ID provided") }
        try await change { (ledger) throws(IssuerError) in
            let inUse = [ledger.x509.active, ledger.x509.prepared].compactMap { $0?.upstreamAuthorityID }
            guard !inUse.contains(id) else {
                throw IssuerError(.invalidArgument, "unable to \(ending.rawValue) upstream authority that is in use")
            }
            var next = ledger
            next.bundle = try Self.ending(.x509, id, ending, in: ledger.bundle, missing: .notFound)
            return next
        }
        logger.notice("upstream authority \(ending.participle)", metadata: ["authority": "\(id)"])
    }

    private static func ending(
        _ kind: AuthorityKind, _ id: String, _ ending: AuthoritySlots.Ending, in bundle: DomainBundle,
        missing: IssuerError.Code
    ) throws(IssuerError) -> DomainBundle {
        var isThere = false
        let next = try bundle.changed { (draft) throws(IssuerError) in
            isThere = ending == .taint ? draft.taint(kind, id) : draft.remove(kind, id)
        }
        guard isThere else {
            let what =
                kind == .jwt ? "JWT Key found with provided key ID" : "root CA found with provided subject key ID"
            throw IssuerError(missing, "failed to \(ending.rawValue) \(kind.title) authority: no \(what)")
        }
        return next
    }

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
