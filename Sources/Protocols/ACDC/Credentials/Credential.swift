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
    /// Whether it is only the metadata of a private credential that is offered: its `u` is empty.
    public let isMetadata: Bool
    /// Who issues it (`i`).
    public let issuer: AID
    /// The registry in which it is issued and revoked (`ri`).
    public let registry: SAID?
    /// The schema (`s`).
    public let schema: SAID
    /// Where the bytes of the schema lie when the credential carries it itself.
    public let embeddedSchema: Range<Int>?
    /// The attributes (`a`).
    public let attributes: CredentialSection?
    /// The attributes that can be disclosed one by one (`A`).
    public let aggregate: CredentialSection?
    /// Other credentials that this one builds upon (`e`).
    public let edges: CredentialSection?
    /// What parties agree to (`r`).
    public let rules: CredentialSection?
    /// To whom it is issued, as far as this copy shows.
    public let target: CredentialTarget
    /// When its issuer says it was made (`a.dt`).
    public let dated: Timestamp?
    /// Over which form its SAID is.
    public let addressing: CredentialAddressing
    /// How many of its blocks with digests of their own this copy shows.
    public let shownBlocks: Int
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat

    /// To whom it is issued (`a.i`), nil when it is untargeted, the attributes are not disclosed or it names no AID.
    public var issuee: AID? { if case .issuee(let aid) = target { aid } else { nil } }

    /// Whether its `u` makes it unguessable.
    public var isPrivate: Bool { nonce != nil }

    package init(
        said: SAID, nonce: Primitive?, isMetadata: Bool, issuer: AID, registry: SAID?, schema: SAID,
        embeddedSchema: Range<Int>?, attributes: CredentialSection?, aggregate: CredentialSection?,
        edges: CredentialSection?, rules: CredentialSection?, target: CredentialTarget, dated: Timestamp?,
        addressing: CredentialAddressing, shownBlocks: Int, bytes: [UInt8], format: DocumentFormat
    ) {
        self.said = said
        self.nonce = nonce
        self.isMetadata = isMetadata
        self.issuer = issuer
        self.registry = registry
        self.schema = schema
        self.embeddedSchema = embeddedSchema
        self.attributes = attributes
        self.aggregate = aggregate
        self.edges = edges
        self.rules = rules
        self.target = target
        self.dated = dated
        self.addressing = addressing
        self.shownBlocks = shownBlocks
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

    /// Whether more than the digest is shown.
    public var isShown: Bool { if case .block = self { true } else { false } }
}

/// To whom a credential is issued.
public enum CredentialTarget: Hashable, Sendable {
    /// To nobody in particular.
    case untargeted
    /// To an AID.
    case issuee(AID)
    /// To somebody that is not named by an AID.
    case other
    /// The part of the credential that would tell is not shown.
    case undisclosed

    /// Whether somebody may hand the credential over: of a targeted one only its issuer and the one to whom it is issued.
    /// Where the target is not shown, or no AID, nobody but the issuer is known to be one of them.
    public func mayBeHandedOver(by sender: AID, issuer: AID) -> Bool {
        switch self {
        case .untargeted: true
        case .issuee(let issuee): sender == issuer || sender == issuee
        case .other, .undisclosed: sender == issuer
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
