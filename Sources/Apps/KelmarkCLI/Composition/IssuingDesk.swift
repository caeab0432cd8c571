// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import StorageSQLite

/// A wallet with its registries and credentials.
struct IssuingDesk: Sendable {
    let wallet: HomeWallet
    let store: SQLiteCredentialStore
    let issuing: Issuing<SQLiteCredentialStore>
    let isDryRun: Bool

    init(_ wallet: HomeWallet, home: HomeFolder) {
        self.wallet = wallet
        store = SQLiteCredentialStore(wallet.store)
        issuing = Issuing(wallet: wallet, store: store, book: StateFile(registriesOf: home))
        isDryRun = wallet.isDryRun
    }

    // MARK: Schemas

    /// Every schema that is kept.
    func schemas() throws -> [CredentialSchema] {
        var all: [CredentialSchema] = []
        while true {
            let page = try store.read(credentials: { try $0.schemas(after: all.last?.said, limit: 512) })
            all += page
            guard !page.isEmpty else { return all }
        }
    }

    /// A schema that is kept.
    func schema(_ said: SAID) throws -> CredentialSchema? { try store.read(credentials: { try $0.schema(said) }) }

    /// Keeps a schema and goes on with what waits for it.
    func learn(_ schema: CredentialSchema, now: Timestamp) throws {
        let processor = CredentialProcessor(store: store)
        try processor.learn(schema)
        _ = try processor.resume(after: [.schema(schema.said)], now: now)
    }

    // MARK: Credentials

    /// An accepted credential that is kept.
    func credential(_ said: SAID) throws -> Credential? { try store.read(credentials: { try $0.credential(said) }) }

    /// The accepted credentials that a filter admits, in the order in which they came.
    func credentials(_ filter: CredentialFilter) throws -> [Credential] {
        var all: [Credential] = []
        var last: UInt64?
        while true {
            let page = try store.read(credentials: { try $0.credentials(filter, after: last, limit: 512) })
            all += page.map(\.credential)
            guard let end = page.last else { return all }
            last = end.ordinal
        }
    }

    // MARK: Registries

    /// How many credentials a registry issued, and how many of them it revoked.
    func counts(in registry: SAID) throws -> (issued: Int, revoked: Int) {
        var (issued, revoked) = (0, 0)
        var last: SAID?
        while true {
            let page = try store.read(credentials: { try $0.statuses(in: registry, after: last, limit: 512) })
            issued += page.count
            revoked += page.count { $0.isRevoked }
            guard let end = page.last else { return (issued, revoked) }
            last = end.credential
        }
    }

    /// Brings the sealing event to the owner's witnesses, takes the registry event in, and tells how far it has come.
    func result(
        of issued: IssuedEvent, what: String, publish: PublishOptions, in context: CommandContext
    ) async throws -> CommandResult {
        let owner = issued.event.owner
        let name = try wallet.identifier(owner.text).name
        var stage = issued.stage
        var data: OrderedMap = [
            "subject": .text(issued.event.subject.text),
            "event": ["t": .text(issued.event.kind.rawValue), "d": .text(issued.event.said.text)],
            "owner": .text(owner.text),
        ]
        var delivery: [String] = []
        if case .waitsForSeal = stage, !publish.offline, !isDryRun,
            let report = try await context.publish(owner, of: wallet)
        {
            data["delivery"] = DeliveryView.data(of: report)
            delivery = DeliveryView.text(of: report)
            stage = try issuing.settle(issued.event, now: context.now)
        }
        if case .waits(.partialBackers) = stage, !publish.offline, !isDryRun {
            let backed = try await back(issued.event, in: context)
            data["backers"] = BackingView.data(of: backed)
            delivery += BackingView.text(of: backed)
            stage = try issuing.settle(issued.event, now: context.now)
        }
        var hints: [String] = []
        if case .accepted = stage, !publish.offline {
            let shared = try await share(of: issued.event, in: context)
            data["shared"] = RegistryView.data(of: shared)
            if shared.contains(where: { $0.result != .taken }) {
                hints.append(
                    "not every witness of \(name) and backer has heard of it: \(Product.command) registry publish")
            }
        }
        if let sealing = issued.sealing { data["sealing"] = .map(IdentifierView.data(of: sealing.event)) }
        data["outcome"] = .text(stage.word)
        if isDryRun { data["dryRun"] = true }
        let text =
            [
                "\(isDryRun ? "would write" : "wrote") the \(issued.event.kind.rawValue) of \(what)",
                "  subject  \(issued.event.subject)", "  event    \(issued.event.said)",
            ] + (issued.sealing.map { ["  sealed   at \($0.event.sn.hex) of \(name), \($0.event.said)"] } ?? [])
            + delivery
        return CommandResult(data: data, text: text, concern: concern(stage, what: what, owner: name), hints: hints)
    }

    /// Shows an accepted event, and what it follows, to the witnesses of the owner and the backers.
    private func share(of event: PendingRegistryEvent, in context: CommandContext) async throws -> [Shared] {
        guard try issuing.ledger().registry(event.subject.text) == nil else {
            return try await share(event.subject, of: event.owner, in: context)
        }
        for registry in try issuing.ledger().registries where registry.owner == event.owner {
            guard try status(of: event.subject, in: registry.said) != nil else { continue }
            return try await share(registry.said, event.subject, of: event.owner, in: context)
        }
        return []
    }

    /// What became of registry events at one witness.
    typealias Shared = (witness: AID, result: RegistryPublisher<SQLiteCredentialStore>.Result)

    /// Shows the events of a registry, and of a credential in it, to the witnesses of the owner and the backers.
    func share(
        _ registry: SAID, _ credential: SAID? = nil, of owner: AID, in context: CommandContext
    ) async throws -> [Shared] {
        try await context.reachingPeers { transport in
            var policy = DeliveryPolicy()
            policy.attempts = 2
            return try await RegistryPublisher(
                wallet, store: store, transport: transport, clock: SystemClock(), policy: policy
            ).publish(registry, credential: credential, of: owner)
        }
    }

    /// The credentials of a registry.
    func credentials(in registry: SAID) throws -> [SAID] {
        var all: [SAID] = []
        while true {
            let page = try store.read(credentials: { try $0.statuses(in: registry, after: all.last, limit: 512) })
            guard !page.isEmpty else { return all }
            all += page.map(\.credential)
        }
    }

    /// What a registry says of a credential.
    func status(of credential: SAID, in registry: SAID) throws -> CredentialStatus? {
        try store.read(credentials: { try $0.status(of: credential, in: registry) })
    }

    private func concern(_ stage: IssuedEvent.Stage, what: String, owner: String) -> CommandFailure? {
        switch stage {
        case .planned, .accepted: nil
        case .waitsForSeal:
            CommandFailure(
                ErrorTranslation.code(for: .missingAnchor as CredentialEscrowReason),
                "\(what) waits for the seal in the log of \(owner)", next: "\(Product.command) registry resume")
        case .waits(let reason):
            CommandFailure(
                ErrorTranslation.code(for: reason), "\(what) is sealed, but \(reason.rawValue)",
                next: "\(Product.command) registry resume")
        case .refused(let rejection):
            CommandFailure(ErrorTranslation.code(for: rejection), "\(what) was refused: \(rejection.rawValue)")
        }
    }
}

extension IssuedEvent.Stage {
    /// The word for scripts.
    var word: String {
        switch self {
        case .planned: "planned"
        case .accepted: "accepted"
        case .waitsForSeal, .waits: "waiting"
        case .refused: "refused"
        }
    }
}

extension CommandContext {
    /// A desk for reading: no passphrase is needed.
    func readingIssuing() throws -> IssuingDesk { IssuingDesk(try readingWallet(), home: home) }

    /// Runs `body` with a desk that may change the home folder; what was sealed meanwhile is taken in first.
    func issuing<R>(
        keys: Bool = true, dryRun: Bool = false, _ body: (IssuingDesk) async throws -> R
    ) async throws -> R {
        try await changing(keys: keys, dryRun: dryRun) { try await issuing(from: $0, body) }
    }

    /// The same with a vault that is open already.
    func issuing<R>(with vault: any KeyVault, _ body: (IssuingDesk) async throws -> R) async throws -> R {
        try await changing(with: vault) { try await issuing(from: $0, body) }
    }

    private func issuing<R>(
        from wallet: HomeWallet, _ body: (IssuingDesk) async throws -> R
    ) async throws -> R {
        let desk = IssuingDesk(wallet, home: home)
        try desk.issuing.settle(now: now)
        return try await body(desk)
    }
}
