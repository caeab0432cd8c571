// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// One group as it is written: a counter and its elements (facts 1.7).
public enum AttachmentGroup: Hashable, Sendable {
    /// Signatures by the controller's keys (`-A`).
    case controllerSignatures([IndexedSignature])
    /// Signatures by witnesses (`-B`).
    case witnessSignatures([IndexedSignature])
    /// Receipts with the signer's key (`-C`).
    case nonTransferableReceipts([NonTransferableReceipt])
    /// Receipts by transferable AIDs (`-D`).
    case transferableReceipts([TransferableReceipt])
    /// First-seen couples (`-E`).
    case firstSeenCouples([FirstSeenCouple])
    /// Signatures by transferable AIDs with the keys of a named event (`-F`).
    case transferableGroups([TransferableSignatureGroup])
    /// Sealing events (`-G`).
    case sealSourceCouples([SealSourceCouple])
    /// Signatures by transferable AIDs with their latest keys (`-H`).
    case lastEstablishmentGroups([LastEstablishmentGroup])
    /// Sealing events with the prefix of their log (`-I`).
    case sealSourceTriples([SealSourceTriple])
    /// A path and attachments for what it points at (`-L`).
    case pathed(PathedGroup)

    /// Which counter the group has.
    public var kind: GroupKind {
        switch self {
        case .controllerSignatures: .controllerSignatures
        case .witnessSignatures: .witnessSignatures
        case .nonTransferableReceipts: .nonTransferableReceipts
        case .transferableReceipts: .transferableReceipts
        case .firstSeenCouples: .firstSeenCouples
        case .transferableGroups: .transferableGroups
        case .sealSourceCouples: .sealSourceCouples
        case .lastEstablishmentGroups: .lastEstablishmentGroups
        case .sealSourceTriples: .sealSourceTriples
        case .pathed: .pathedMaterial
        }
    }

    /// The group in `domain` under the counters of `table`.
    /// - Throws: ``CESRError`` when there are more elements or bytes than a counter can tell.
    public func encoded(in domain: Domain = .text, table: CodeTable = .version1) throws(CESRError) -> [UInt8] {
        var result: [UInt8] = []
        try encode(in: domain, table: table, into: &result)
        return result
    }

    /// Appends the group in `domain` under the counters of `table`.
    /// - Throws: ``CESRError`` when there are more elements or bytes than a counter can tell; nothing is appended then.
    public func encode(
        in domain: Domain = .text, table: CodeTable = .version1, into target: inout [UInt8]
    ) throws(CESRError) {
        var writer = GroupWriter(domain: domain, table: table)
        var elements = 0
        switch self {
        case .controllerSignatures(let signatures), .witnessSignatures(let signatures):
            elements = signatures.count
            for signature in signatures { writer.put(signature) }
        case .nonTransferableReceipts(let receipts):
            elements = receipts.count
            for receipt in receipts {
                writer.put(receipt.key)
                writer.put(receipt.signature)
            }
        case .transferableReceipts(let receipts):
            elements = receipts.count
            for receipt in receipts {
                writer.put(receipt.prefix)
                writer.put(receipt.sn)
                writer.put(receipt.said)
                // Version 2 has a group of signatures where version 1 has one signature.
                if table == .version1 {
                    writer.put(receipt.signature)
                } else {
                    try writer.put([receipt.signature])
                }
            }
        case .firstSeenCouples(let couples):
            elements = couples.count
            for couple in couples {
                writer.put(couple.ordinal)
                writer.put(couple.dateTime.primitive)
            }
        case .transferableGroups(let groups):
            elements = groups.count
            for group in groups {
                writer.put(group.prefix)
                writer.put(group.sn)
                writer.put(group.said)
                try writer.put(group.signatures)
            }
        case .sealSourceCouples(let couples):
            elements = couples.count
            for couple in couples {
                writer.put(couple.sn)
                writer.put(couple.said)
            }
        case .lastEstablishmentGroups(let groups):
            elements = groups.count
            for group in groups {
                writer.put(group.prefix)
                try writer.put(group.signatures)
            }
        case .sealSourceTriples(let triples):
            elements = triples.count
            for triple in triples {
                writer.put(triple.prefix)
                writer.put(triple.sn)
                writer.put(triple.said)
            }
        case .pathed(let group):
            try writer.put(group)
        }
        try writer.finish(kind, elements: elements, into: &target)
    }

    /// Wraps groups in one that tells their size (`-V`), so that a receiver knows that nothing follows.
    ///
    /// `groups` are encoded groups, all of them in `domain`.
    /// - Throws: ``CESRError`` when they are larger than a counter can tell or not whole quadlets or triplets.
    public static func wrapped(
        _ groups: [UInt8], in domain: Domain = .text, table: CodeTable = .version1
    ) throws(CESRError) -> [UInt8] {
        guard groups.count % domain.unit == 0 else { throw CESRError(.wrongLength(expected: 0, found: groups.count)) }
        var result: [UInt8] = []
        let counter = try Counter(.attachments, count: groups.count / domain.unit, table: table)
        counter.encode(in: domain, into: &result)
        return result + groups
    }

    /// The same groups in the other domain.
    ///
    /// `groups` are whole groups, all of them in `domain`.
    /// - Throws: ``CESRError`` when they are not whole groups of that domain.
    public static func transcoded(
        _ groups: Span<UInt8>, from domain: Domain, table: CodeTable = .version1, limits: Limits = .standard
    ) throws(CESRError) -> [UInt8] {
        var cursor = ByteCursor(groups)
        var reader = AttachmentReader(structureOnly: true, limits: limits)
        reader.begin(at: 0, table: table)
        while !cursor.isAtEnd {
            // Each group by itself, so that its domain can be checked.
            guard ColdStart(groups[cursor.offset]).counterDomain == domain else {
                throw CESRError(.notACounter, offset: cursor.offset)
            }
            try reader.readGroup(&cursor)
        }
        switch domain {
        case .text:
            do throws(Base64Error) { return try Base64URL.decode(groups) } catch {
                throw CESRError(.invalidCharacter, offset: error.offset)
            }
        case .binary: return Base64URL.encode(groups)
        }
    }
}

/// Writes the content of one group, then its counter in front.
private struct GroupWriter {
    let domain: Domain
    let table: CodeTable
    var content: [UInt8] = []

    mutating func put(_ primitive: Primitive) { primitive.encode(in: domain, into: &content) }

    mutating func put(_ signature: IndexedSignature) { signature.encode(in: domain, into: &content) }

    mutating func put(_ ordinal: UInt128) { put(Primitive(ordinal: ordinal)) }

    /// A nested group of signatures.
    mutating func put(_ signatures: [IndexedSignature]) throws(CESRError) {
        try AttachmentGroup.controllerSignatures(signatures).encode(in: domain, table: table, into: &content)
    }

    mutating func put(_ group: PathedGroup) throws(CESRError) {
        if group.domain == domain {
            content += group.content
        } else if domain == .text {
            content += Base64URL.encode(group.content.span)
        } else {
            do throws(Base64Error) { content += try Base64URL.decode(group.content.span) } catch {
                throw CESRError(.invalidCharacter, offset: error.offset)
            }
        }
        guard content.count % domain.unit == 0 else {
            throw CESRError(.wrongLength(expected: content.count / domain.unit * domain.unit, found: content.count))
        }
    }

    mutating func finish(_ kind: GroupKind, elements: Int, into target: inout [UInt8]) throws(CESRError) {
        let countsElements = table == .version1 && kind != .pathedMaterial
        let counter = try Counter(kind, count: countsElements ? elements : content.count / domain.unit, table: table)
        counter.encode(in: domain, into: &target)
        target += content
    }
}
