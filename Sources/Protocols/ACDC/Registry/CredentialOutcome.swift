// SPDX-License-Identifier: Apache-2.0

/// What became of a registry event or a credential that was offered (facts 13.3, 13.5).
public enum CredentialOutcome: Sendable, Hashable {
    /// It holds and is kept.
    case accepted
    /// It is kept already.
    case duplicate
    /// Kept until what is missing arrives.
    case escrowed(CredentialEscrowReason)
    /// Dropped; nothing was kept.
    case rejected(CredentialRejection)
}

/// What an escrowed registry event or credential waits for. The raw values are stable codes.
public enum CredentialEscrowReason: String, Sendable, Hashable, CaseIterable {
    /// Registry event: an earlier event of the same log, or the registry itself.
    case outOfOrder = "tel-out-of-order"
    /// Registry event: the seal in the issuer's key event log.
    case missingAnchor = "missing-anchor"
    /// Registry event: more signatures of the registry's backers.
    case partialBackers = "partial-backers"
    /// Credential: its registry, or its issuance in it.
    case missingRegistry = "missing-registry"
    /// Credential: its schema, or one that the schema refers to.
    case missingSchema = "missing-schema"
    /// Credential: a credential that it builds upon, or a fuller disclosure of one.
    case missingChain = "missing-chain"
}

/// Why a registry event or a credential was dropped. The raw values are stable codes, documented in
/// `docs/reference/errors.md`.
public enum CredentialRejection: String, Error, Sendable, Hashable, CaseIterable {
    /// Another event stands at this place of the registry's or the credential's log.
    case likelyDuplicitous = "tel-likely-duplicitous"
    /// `p` is not the digest of the event before.
    case priorMismatch = "tel-prior-mismatch"
    /// An event of this kind can't stand at its place of the log.
    case wrongPosition = "tel-wrong-position"
    /// An event for backers in a registry without, or the other way.
    case wrongBacking = "wrong-backing"
    /// The backers or their threshold break the rules.
    case badBackers = "bad-backers"
    /// A credential event that names another registry than the issuance.
    case foreignRegistry = "foreign-registry"
    /// The credential's issuer does not own the registry.
    case issuerMismatch = "issuer-not-registry-owner"
    /// The credential names no registry, so that nothing can vouch for it.
    case noRegistry = "no-registry"
    /// The attached issuance seal is not the issuance in the registry.
    case issuanceMismatch = "issuance-mismatch"
    /// The body violates its schema.
    case schemaViolated = "schema-violated"
    /// The schema asks for more work than is allowed.
    case schemaTooHard = "schema-too-hard"
    /// A credential that it builds upon has been revoked.
    case edgeRevoked = "edge-revoked"
    /// A credential that it builds upon does not fit the edge: operator, schema or issuee.
    case edgeBroken = "edge-broken"
    /// An operator that is not known.
    case unknownOperator = "unknown-operator"
    /// The escrow is full.
    case escrowFull = "credential-escrow-full"
}
