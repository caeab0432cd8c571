// SPDX-License-Identifier: Apache-2.0

/// What a group holds (facts 1.7, 14.2).
public enum GroupKind: UInt8, Hashable, Sendable, CaseIterable {
    /// Indexed signatures of the controller.
    case controllerSignatures
    /// Indexed signatures of witnesses.
    case witnessSignatures
    /// Couples of a non-transferable key and its signature.
    case nonTransferableReceipts
    /// Prefix, sequence number, SAID and one indexed signature each.
    case transferableReceipts
    /// Couples of first-seen ordinal and date-time.
    case firstSeenCouples
    /// Prefix, sequence number and SAID of an establishment event, then indexed signatures.
    case transferableGroups
    /// Couples of sequence number and SAID of the event that seals this one.
    case sealSourceCouples
    /// Prefix, then indexed signatures of its last establishment event's keys.
    case lastEstablishmentGroups
    /// Prefix, sequence number and SAID of the event that seals this one.
    case sealSourceTriples
    /// A path and a signature group over what it points at; legacy.
    case pathedSignature
    /// A root path and pathed signatures; legacy.
    case pathedSignatureGroup
    /// A path and attachments for what it points at.
    case pathedMaterial
    /// Attachment groups, wrapped to be skipped or sent as one; called pipelined in KERIpy.
    case attachments
    /// Payload of an encrypted and signed message.
    case essrPayload
    /// Anything, to be read as a stream.
    case generic
    /// A message body with its attachments.
    case bodyWithAttachments
    /// A part of a datagram.
    case datagramSegment
    /// Wrapper of an encrypted and signed message.
    case essrWrapper
    /// A native message body with fixed fields.
    case fixedBody
    /// A native message body with labelled fields.
    case mapBody
    /// A JSON, CBOR or MessagePack body.
    case nonNativeBody
    /// A native map.
    case genericMap
    /// A native list.
    case genericList
    /// Digest seals.
    case digestSeals
    /// Merkle root seals.
    case merkleRootSeals
    /// Seals by prefix alone: the last event.
    case lastSeals
    /// Seals of a registrar backer.
    case registrarSeals
    /// Digest seals with a type.
    case typedDigestSeals
    /// Blinded state: four values each.
    case blindedStates
    /// Bound blinded state: six values each.
    case boundStates
    /// Typed media: four values each.
    case typedMedia
    /// Not a group: from here on the tables of that genus and version are in force.
    case genusVersion

    /// The kind in words, for annotated output.
    public var name: String {
        switch self {
        case .controllerSignatures: "controller signatures"
        case .witnessSignatures: "witness signatures"
        case .nonTransferableReceipts: "receipts of non-transferable keys"
        case .transferableReceipts: "receipts of transferable AIDs"
        case .firstSeenCouples: "first seen"
        case .transferableGroups: "signatures of transferable AIDs"
        case .sealSourceCouples: "sealing events"
        case .lastEstablishmentGroups: "signatures of transferable AIDs, latest keys"
        case .sealSourceTriples: "sealing events with prefix"
        case .pathedSignature: "pathed signatures"
        case .pathedSignatureGroup: "pathed signatures under a root path"
        case .pathedMaterial: "pathed material"
        case .attachments: "attachments"
        case .essrPayload: "ESSR payload"
        case .generic: "generic group"
        case .bodyWithAttachments: "body with attachments"
        case .datagramSegment: "datagram segment"
        case .essrWrapper: "ESSR wrapper"
        case .fixedBody: "native body, fixed fields"
        case .mapBody: "native body, map"
        case .nonNativeBody: "non-native body"
        case .genericMap: "map"
        case .genericList: "list"
        case .digestSeals: "digest seals"
        case .merkleRootSeals: "Merkle root seals"
        case .lastSeals: "latest event seals"
        case .registrarSeals: "registrar seals"
        case .typedDigestSeals: "typed digest seals"
        case .blindedStates: "blinded states"
        case .boundStates: "bound states"
        case .typedMedia: "typed media"
        case .genusVersion: "genus and version"
        }
    }
}
