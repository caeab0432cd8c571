// SPDX-License-Identifier: Apache-2.0

public import KERI

/// A credential registry after its latest accepted event (facts 13.1).
public struct RegistryState: Hashable, Sendable {
    /// The registry.
    public let registry: SAID
    /// The AID that owns it and in whose log its events are sealed.
    public let issuer: AID
    /// Position of the latest event of the registry itself (vcp, vrt).
    public let sn: SequenceNumber
    /// Digest of that event.
    public let event: SAID
    /// Whether it has no backers and never will.
    public let isBackerless: Bool
    /// Who must receipt its events.
    public let backers: [AID]
    /// How many of them.
    public let backerThreshold: UInt32
    /// The event of the issuer's log that seals the latest event.
    public let anchor: SealSource

    package init(
        registry: SAID, issuer: AID, sn: SequenceNumber, event: SAID, isBackerless: Bool, backers: [AID],
        backerThreshold: UInt32, anchor: SealSource
    ) {
        self.registry = registry
        self.issuer = issuer
        self.sn = sn
        self.event = event
        self.isBackerless = isBackerless
        self.backers = backers
        self.backerThreshold = backerThreshold
        self.anchor = anchor
    }
}

/// What a registry says of one credential: the latest accepted event of its log.
public struct CredentialStatus: Hashable, Sendable {
    /// The credential.
    public let credential: SAID
    /// The registry that its issuance names.
    public let registry: SAID
    /// iss, rev, bis or brv.
    public let kind: MessageKind
    /// Position in the log of the credential: 0 issued, 1 revoked.
    public let sn: SequenceNumber
    /// Digest of the latest event.
    public let event: SAID
    /// Digest of the issuance.
    public let issuance: SAID
    /// When the issuer says that the latest event happened. Not verified by anybody.
    public let dated: Timestamp
    /// The event of the issuer's log that seals the latest event.
    public let anchor: SealSource
    /// The event of the issuer's log that seals the issuance.
    public let issuanceAnchor: SealSource
    /// Whether the credential has been revoked. Once accepted, a revocation stays, also when the event that seals it is
    /// superseded by a recovery; whether the issuance still stands is another question (``CredentialView/isAnchored(_:)-(CredentialStatus)``).
    public var isRevoked: Bool { kind.isRevocation }

    package init(
        credential: SAID, registry: SAID, kind: MessageKind, sn: SequenceNumber, event: SAID, issuance: SAID,
        dated: Timestamp, anchor: SealSource, issuanceAnchor: SealSource
    ) {
        self.credential = credential
        self.registry = registry
        self.kind = kind
        self.sn = sn
        self.event = event
        self.issuance = issuance
        self.dated = dated
        self.anchor = anchor
        self.issuanceAnchor = issuanceAnchor
    }
}
