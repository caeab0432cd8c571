// SPDX-License-Identifier: Apache-2.0

/// Counters of version 1 (facts 1.7): up to `K` they count elements, the others quadlets or triplets. `T` to `W` and `Z`
/// without `V` come from later KERIpy.
let version1Counters: [(letter: UInt8, kind: GroupKind)] = [
    (UInt8(ascii: "A"), .controllerSignatures),
    (UInt8(ascii: "B"), .witnessSignatures),
    (UInt8(ascii: "C"), .nonTransferableReceipts),
    (UInt8(ascii: "D"), .transferableReceipts),
    (UInt8(ascii: "E"), .firstSeenCouples),
    (UInt8(ascii: "F"), .transferableGroups),
    (UInt8(ascii: "G"), .sealSourceCouples),
    (UInt8(ascii: "H"), .lastEstablishmentGroups),
    (UInt8(ascii: "I"), .sealSourceTriples),
    (UInt8(ascii: "J"), .pathedSignature),
    (UInt8(ascii: "K"), .pathedSignatureGroup),
    (UInt8(ascii: "L"), .pathedMaterial),
    (UInt8(ascii: "T"), .generic),
    (UInt8(ascii: "U"), .bodyWithAttachments),
    (UInt8(ascii: "V"), .attachments),
    (UInt8(ascii: "W"), .nonNativeBody),
    (UInt8(ascii: "Z"), .essrPayload),
]
