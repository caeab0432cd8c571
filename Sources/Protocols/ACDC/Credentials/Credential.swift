// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes

/// An authentic chained data container whose form and SAIDs are right (facts 13.4). Whether its issuer stands behind it
/// is decided with its registry: ``CredentialDecision``.
public struct Credential: Hashable, Sendable {
    /// Digest of the credential (`d`).
    public let said: SAID
    /// Salt that makes the digests unguessable (`u`); a credential with one is private.
    public let nonce: Primitive?
    /// Who issues it (`i`).
    public let issuer: AID
    /// The registry in which it is issued and revoked (`ri`).
    public let registry: SAID?
    /// The schema (`s`).
    public let schema: SAID
    /// The attributes (`a`).
    public let attributes: CredentialSection?
    /// The attributes that can be disclosed one by one (`A`).
    public let aggregate: CredentialSection?
    /// Other credentials that this one builds upon (`e`).
    public let edges: CredentialSection?
    /// What parties agree to (`r`).
    public let rules: CredentialSection?
    /// To whom it is issued (`a.i`), nil when it is untargeted or the attributes are not disclosed.
    public let issuee: AID?
    /// When its issuer says it was made (`a.dt`).
    public let dated: Timestamp?
    /// Over which form its SAID is.
    public let addressing: CredentialAddressing
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat

    package init(
        said: SAID, nonce: Primitive?, issuer: AID, registry: SAID?, schema: SAID, attributes: CredentialSection?,
        aggregate: CredentialSection?, edges: CredentialSection?, rules: CredentialSection?, issuee: AID?,
        dated: Timestamp?, addressing: CredentialAddressing, bytes: [UInt8], format: DocumentFormat
    ) {
        self.said = said
        self.nonce = nonce
        self.issuer = issuer
        self.registry = registry
        self.schema = schema
        self.attributes = attributes
        self.aggregate = aggregate
        self.edges = edges
        self.rules = rules
        self.issuee = issuee
        self.dated = dated
        self.addressing = addressing
        self.bytes = bytes
        self.format = format
    }
}

/// A section of a credential as this copy shows it.
public enum CredentialSection: Hashable, Sendable {
    /// Only its digest is shown.
    case compact(SAID)
    /// The block itself: its digest (nil for a block without `d`) and where its bytes lie in the credential.
    case block(SAID?, Range<Int>)

    /// The digest, nil for a block without one.
    public var said: SAID? {
        switch self {
        case .compact(let said): said
        case .block(let said, _): said
        }
    }
}

/// Over which form of a credential its SAID was made.
public enum CredentialAddressing: Hashable, Sendable {
    /// Over the body as it stands (keripy 1.x): another form of the same credential has another SAID.
    case asSerialized
    /// Over the most compact form (ACDC specification): every form has the same SAID (facts 14.5).
    case mostCompact
}
