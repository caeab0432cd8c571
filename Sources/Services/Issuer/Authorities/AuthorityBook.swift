// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE
private import Synchronization

/// What is known about the authorities: durable first, then visible.
///
/// Whoever replaces it does so inside ``AuthorityService``'s turnstile; everybody reads.
final class AuthorityBook: Sendable {
    private struct Content {
        var ledger: IssuerLedger
        var revision: UInt64?
    }

    private let content: Mutex<Content>
    let states: Broadcaster<IssuerState>
    let bundles: Broadcaster<TrustBundle>

    /// Reads what was kept, or begins.
    init(
        reading store: any AuthorityStore, domain: TrustDomain, refreshHint: Int64, held: Set<AuthorityKey>
    ) async throws {
        let document = try await store.authorityDocument()
        var ledger =
            try document.map { try IssuerLedger(parsing: $0.content, of: domain, isHeld: held.contains) }
            ?? IssuerLedger(trustDomain: domain, refreshHint: refreshHint)
        ledger.bundle = try ledger.bundle.changed { $0.refreshHint = refreshHint }
        content = Mutex(Content(ledger: ledger, revision: document?.revision))
        states = Broadcaster(IssuerState(ledger, number: document?.revision ?? 0))
        bundles = Broadcaster(ledger.bundle.trustBundle)
    }

    var ledger: IssuerLedger { content.withLock { $0.ledger } }

    /// Keeps a ledger, then shows it.
    func replace(with ledger: IssuerLedger, in store: any AuthorityStore) async throws {
        let bytes = try ledger.encoded()
        let revision = try await store.replaceAuthorityDocument(
            bytes, expecting: content.withLock { $0.revision })
        content.withLock { $0 = Content(ledger: ledger, revision: revision) }
        states.publish(IssuerState(ledger, number: revision))
        if bundles.value != ledger.bundle.trustBundle { bundles.publish(ledger.bundle.trustBundle) }
    }
}
