// SPDX-License-Identifier: Apache-2.0

public import KERI

/// Something whose arrival may make an escrowed registry event or credential worth another decision.
public enum CredentialArrival: Sendable, Hashable {
    /// The key event log of an AID has grown.
    case keyEvents(AID)
    /// A registry has been accepted or has changed.
    case registry(SAID)
    /// A registry has said something new of a credential.
    case status(SAID)
    /// A credential has been accepted.
    case credential(SAID)
    /// A schema has been learnt.
    case schema(SAID)
}

/// Under what an escrowed message is kept: there is at most one for each.
public struct CredentialEscrowKey: Sendable, Hashable {
    /// What it waits for.
    public let reason: CredentialEscrowReason
    /// Whose log, or the credential.
    public let subject: SAID
    /// Which message: the digest of a registry event, or that of all bytes of this copy of a credential.
    public let said: SAID

    /// Collects a key.
    public init(reason: CredentialEscrowReason, subject: SAID, said: SAID) {
        self.reason = reason
        self.subject = subject
        self.said = said
    }
}

/// A registry event or a credential that can't be decided yet, with everything that a later decision needs.
public struct CredentialEscrowEntry: Sendable, Hashable {
    /// Under what it is kept.
    public let key: CredentialEscrowKey
    /// When it first arrived.
    public internal(set) var since: Timestamp
    /// The body and its attachments as one CESR message; replay feeds it to the same decision as any other.
    public let message: [UInt8]
    /// What is missing, in words for the operator.
    public let missing: String
    /// Whose it is, or claims to be; a registry stands for its unknown owner.
    public let issuer: AID
    /// What makes another decision worth it.
    public let waitsFor: Set<CredentialArrival>
    /// Whether the issuer's key event log vouches for it, so that it is more than a stranger's words. What nobody could
    /// check has a quota and a lifetime of its own (``CredentialEscrowLimits``).
    public let isVerified: Bool

    /// Collects an entry.
    public init(
        key: CredentialEscrowKey, since: Timestamp, message: [UInt8], missing: String, issuer: AID,
        waitsFor: Set<CredentialArrival>, isVerified: Bool
    ) {
        self.key = key
        self.since = since
        self.message = message
        self.missing = missing
        self.issuer = issuer
        self.waitsFor = waitsFor
        self.isVerified = isVerified
    }
}

/// How much may be escrowed, and for how long. keripy has no bound for either (facts 13.3, 18).
///
/// Messages that an issuer's log vouches for are counted apart from those that nobody could check yet. When the first
/// are too many, new ones are refused; when the second are, the oldest of them is dropped.
public struct CredentialEscrowLimits: Sendable, Hashable {
    /// Most messages for one issuer that its log vouches for.
    public var perIssuer: Int
    /// Most messages in all that an issuer's log vouches for.
    public var total: Int
    /// Most messages for one issuer that nobody could check.
    public var unverifiedPerIssuer: Int
    /// Most messages in all that nobody could check.
    public var unverifiedTotal: Int
    /// Largest message that is kept though nobody could check it, in bytes.
    public var unverifiedBytes: Int
    /// Most copies of one credential that show different parts of it and wait for the same.
    public var copiesPerCredential: Int
    /// How long messages are kept that an issuer's log vouches for, in seconds; a week by default.
    public var lifetime: Int64
    /// How long messages are kept that nobody could check, in seconds; an hour by default.
    public var unverifiedLifetime: Int64

    /// Creates the bounds.
    public init(
        perIssuer: Int = 4096, total: Int = 65_536, unverifiedPerIssuer: Int = 1024, unverifiedTotal: Int = 8192,
        unverifiedBytes: Int = 65_536, copiesPerCredential: Int = 8, lifetime: Int64 = 604_800,
        unverifiedLifetime: Int64 = 3600
    ) {
        self.perIssuer = perIssuer
        self.total = total
        self.unverifiedPerIssuer = unverifiedPerIssuer
        self.unverifiedTotal = unverifiedTotal
        self.unverifiedBytes = unverifiedBytes
        self.copiesPerCredential = copiesPerCredential
        self.lifetime = lifetime
        self.unverifiedLifetime = unverifiedLifetime
    }
}
