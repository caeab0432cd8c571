// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// What the issuer signs with and what it publishes, at one moment. Immutable; servers follow a stream of them.
public struct IssuerState: Hashable, Sendable {
    /// The authorities of one kind.
    public struct Authorities: Hashable, Sendable {
        /// The one that signs.
        public let active: AuthorityEntry?
        /// The one that signs next.
        public let prepared: AuthorityEntry?
        /// The one that signed last.
        public let old: AuthorityEntry?

        init(_ slots: AuthoritySlots) {
            active = slots.active
            prepared = slots.prepared
            old = slots.old
        }
    }

    /// Grows with every change; equal numbers of one issuer mean equal states.
    public let number: UInt64
    /// The bundle of the issuer's own trust domain.
    public let bundle: TrustBundle
    /// The authorities of certificates.
    public let x509: Authorities
    /// The authorities of tokens.
    public let jwt: Authorities

    init(_ ledger: IssuerLedger, number: UInt64) {
        self.number = number
        bundle = ledger.bundle.trustBundle
        x509 = Authorities(ledger.x509)
        jwt = Authorities(ledger.jwt)
    }

    /// The authorities of a kind.
    public subscript(kind: AuthorityKind) -> Authorities {
        switch kind {
        case .x509: x509
        case .jwt: jwt
        }
    }
}
