// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KelmarkBytes

/// One part of a proof file.
public struct ProofPart: Hashable, Sendable {
    /// What a part is; the raw value stands in the manifest.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A key event log: the messages themselves, with their attachments.
        case keyEventLog = "kel"
        /// A registry: its events and those of its credentials, with the seals of the organisation's log.
        case registry
        /// A credential with the seal of its issuance.
        case credential
        /// A JSON Schema of credentials.
        case schema
        /// A sealed record.
        case record
        /// The certificate of an issuing authority, DER.
        case authority = "x509-authority"
        /// The chain of an X.509-SVID, DER, leaf first, one behind the other.
        case svid = "x509-svid"

        /// Whether the part stands in the file as the messages that it consists of.
        var isRaw: Bool { self == .keyEventLog || self == .registry || self == .credential }
    }

    /// Which part: its kind and what it is about.
    public struct Name: Hashable, Sendable, CustomStringConvertible {
        /// What the part is.
        public let kind: Kind
        /// The AID of a log, the SAID of a registry, credential, schema or record, the hex SHA-256 of a first
        /// certificate.
        public let id: String

        /// Kind and identifier.
        public var description: String { "\(kind.rawValue) \(id)" }
    }

    /// Which part.
    public let name: Name
    /// Messages of a log or a registry, certificates of a chain, else 1.
    public let count: Int
    /// The content: what the digest of the manifest is over.
    public let content: [UInt8]
    /// Where the part begins in the file.
    public let offset: Int
    /// The messages of a log, a registry or a credential, in the order of the file; empty for other parts.
    let events: [LoggedEvent]
    /// The events of a registry, in the order of the file; empty for other parts.
    let transactions: [AnchoredEvent]
    /// The credential of a credential's part.
    let presented: PresentedCredential?

    init(
        name: Name, count: Int, content: [UInt8], offset: Int, events: [LoggedEvent] = [],
        transactions: [AnchoredEvent] = [], presented: PresentedCredential? = nil
    ) {
        self.name = name
        self.count = count
        self.content = content
        self.offset = offset
        self.events = events
        self.transactions = transactions
        self.presented = presented
    }

    /// SHA-256 of the content.
    public var sha256: [UInt8] { ProofFileFormat.sha256(content) }

    /// The message that carries the part in a file; nil for a part that is there as it is.
    var message: [UInt8]? {
        guard !name.kind.isRaw else { return nil }
        return ProofFileFormat.address([
            "v": "", "t": .text(ProofFileFormat.partType), "d": "", "kind": .text(name.kind.rawValue),
            "data": .text(Base64URL.encodedString(content.span)),
        ])
    }
}

/// One message of a log in a proof file: where it lies, and which event it claims to be.
struct LoggedEvent: Hashable, Sendable {
    /// Where the message lies in the content of its part, attachments included.
    let range: Range<Int>
    /// Where in the content its body ends and its attachments begin.
    let bodyEnd: Int
    /// What the body says of itself; not verified.
    let position: EventPosition
}

/// An event of a registry or of a credential, with the place in the organisation's log that it says it is sealed at.
struct AnchoredEvent: Hashable, Sendable {
    let event: RegistryEvent
    let anchor: SealSource
}

/// A credential, with what it says its issuance is.
struct PresentedCredential: Hashable, Sendable {
    let credential: Credential
    let issuance: EventSeal
}
