// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes

/// An accepted registry event as a store keeps it: of a registry (vcp, vrt) or of one credential in it (iss, rev, bis,
/// brv).
///
/// The log of a credential belongs to one registry. Anybody can issue any digest in a registry of one's own; that says
/// nothing about the registry that the credential names.
public struct RegistryEventRecord: Sendable, Hashable {
    /// The registry.
    public let registry: SAID
    /// Whose log: the registry itself, or a credential.
    public let subject: SAID
    /// The position.
    public let sn: SequenceNumber
    /// Its digest.
    public let said: SAID
    /// What it does.
    public let kind: MessageKind
    /// When it was accepted here.
    public let seenAt: Timestamp
    /// The bytes as received.
    public let bytes: [UInt8]
    /// How they are serialised.
    public let format: DocumentFormat
    /// The event of the issuer's log that seals it.
    public let anchor: SealSource
    /// Verified signatures of backers, one for each index into the list in force.
    public var backerSignatures: [IndexedSignature]

    /// Collects a record, for stores that read one back.
    public init(
        registry: SAID, subject: SAID, sn: SequenceNumber, said: SAID, kind: MessageKind, seenAt: Timestamp,
        bytes: [UInt8], format: DocumentFormat, anchor: SealSource, backerSignatures: [IndexedSignature]
    ) {
        self.registry = registry
        self.subject = subject
        self.sn = sn
        self.said = said
        self.kind = kind
        self.seenAt = seenAt
        self.bytes = bytes
        self.format = format
        self.anchor = anchor
        self.backerSignatures = backerSignatures
    }

    /// The seal by which the issuer's log vouches for the event.
    public var seal: EventSeal { EventSeal(aid: AID(unchecked: subject.primitive), sn: sn, said: said) }

    /// What proves the event, as attachments: backers' signatures and where it is sealed.
    public var attachments: Attachments {
        var attachments = Attachments()
        attachments.witnessSignatures = backerSignatures
        attachments.sealSourceCouples = [SealSourceCouple(sn: anchor.sn.value, said: anchor.said.primitive)]
        return attachments
    }

    /// Body and attachments as one CESR message, wrapped as keripy replays it (facts 13.3).
    /// - Throws: when there are more signatures than a counter can tell.
    public func message() throws(CESRError) -> [UInt8] { bytes + (try attachments.encoded(isWrapped: true)) }
}
