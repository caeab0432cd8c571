// SPDX-License-Identifier: Apache-2.0

public import ACDC
public import KERI

/// What waits about credentials: registry events of ours on their way, and what strangers sent that lacks something.
public struct CredentialWaitingList<Store: CredentialStore>: Sendable {
    let store: Store
    let book: any RegistryBook
    let limits: CredentialEscrowLimits

    /// Most escrowed messages that are looked at.
    public static var limit: Int { 100_000 }

    /// Looks at a store and our registries.
    public init(store: Store, book: any RegistryBook, limits: CredentialEscrowLimits = CredentialEscrowLimits()) {
        self.store = store
        self.book = book
        self.limits = limits
    }

    /// Everything that waits, oldest first, optionally of one AID.
    /// - Throws: what store and book fail with.
    public func items(of aid: AID? = nil) throws -> [WaitingItem] {
        let pending = try book.load().pending
        let ours = Set(pending.map(\.said))
        let items = try store.read(credentials: { transaction in
            try pending.map { try item(of: $0, in: transaction) }
                + transaction.credentialEscrows(reason: nil, subject: nil, after: nil, limit: Self.limit)
                .filter { !ours.contains($0.entry.key.said) }.map { item(of: $0.entry) }
        })
        return items.filter { aid == nil || $0.aid == aid }.sorted { $0.since < $1.since }
    }

    private func item(of pending: PendingRegistryEvent, in transaction: Store.Transaction) throws -> WaitingItem {
        let escrowed = try transaction.credentialEscrows(
            reason: .partialBackers, subject: pending.subject, after: nil, limit: 1)
        let isSealed = !escrowed.isEmpty
        return WaitingItem(
            subject: .registryEvent(pending.said, pending.kind, of: pending.subject), aid: pending.owner, name: nil,
            reason: nil, credentialReason: isSealed ? .partialBackers : .missingAnchor,
            missing: isSealed ? .backers(pending.subject) : .sealOfRegistryEvent(pending.owner),
            detail: isSealed ? "more receipts of the registry's backers" : "the sealing event is not accepted yet",
            actor: .us(pending.owner), since: pending.since, until: nil, remedy: .resumeRegistry)
    }

    private func item(of entry: CredentialEscrowEntry) -> WaitingItem {
        let reason = entry.key.reason
        let lifetime = entry.isVerified ? limits.lifetime : limits.unverifiedLifetime
        let (missing, remedy) = need(of: entry)
        return WaitingItem(
            subject: reason.isOfCredentials
                ? .credential(entry.key.said) : .registryEvent(entry.key.said, entry.kind, of: entry.key.subject),
            aid: entry.issuer, name: nil, reason: nil, credentialReason: reason, missing: missing,
            detail: entry.missing, actor: .anybody, since: entry.since,
            until: entry.since.advanced(bySeconds: lifetime), remedy: remedy)
    }

    /// What is lacking: of several things the one that everything else stands on.
    private func need(of entry: CredentialEscrowEntry) -> (WaitingItem.Missing, WaitingItem.Remedy) {
        let ordered = entry.waitsFor.sorted { rank($0) < rank($1) }
        return switch ordered.first {
        case .keyEvents(let aid)?: (.sealOfRegistryEvent(aid), .resolve(aid))
        case .registry(let said)?: (.registry(said), .refreshCredential(entry.key.subject))
        case .status(let said)?: (.registry(said), .refreshCredential(said))
        case .schema(let said)?: (.schema(said), .resolveSchema(said))
        case .credential(let said)?: (.credential(said), .importCredential(said))
        case nil: (.nothing, .wait)
        }
    }

    private func rank(_ arrival: CredentialArrival) -> Int {
        switch arrival {
        case .registry: 0
        case .status: 1
        case .keyEvents: 2
        case .schema: 3
        case .credential: 4
        }
    }
}

extension CredentialEscrowReason {
    /// Whether credentials wait for it, not registry events.
    var isOfCredentials: Bool {
        switch self {
        case .missingRegistry, .missingSchema, .missingChain: true
        case .outOfOrder, .missingAnchor, .partialBackers: false
        }
    }
}

extension CredentialEscrowEntry {
    /// What the escrowed registry event says.
    var kind: MessageKind {
        guard case .registryEvent(let event)? = try? StoredMessage(message).message else { return .issuance }
        return event.kind
    }
}
