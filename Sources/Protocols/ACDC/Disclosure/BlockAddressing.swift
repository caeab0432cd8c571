// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes
private import KelmarkCrypto

/// Digests of blocks inside blocks, for those who write or fold up documents (facts 14.5). Who reads uses
/// ``CredentialParser``, which hashes the bytes as received.
///
/// A map is a block when its first member is `d`. Lists are data: what is in them is never folded up.
public enum BlockAddressing {
    /// The digest that a block names, nil for a map that is no block or whose digest is not filled in.
    public static func said(of map: OrderedMap) -> SAID? {
        guard let first = map.members.first, first.label == "d", case .text(let text) = first.value else { return nil }
        return SAID(text)
    }

    /// A copy with every block inside replaced by the digest that it names.
    public static func folded(_ map: OrderedMap) -> OrderedMap {
        var copy = OrderedMap()
        for member in map.members {
            if case .map(let inner) = member.value {
                copy[member.label] = said(of: inner).map { .text($0.text) } ?? .map(folded(inner))
            } else {
                copy[member.label] = member.value
            }
        }
        return copy
    }

    /// Fills in the digests of all blocks of a map whose `d` is empty, inside out, and then its own.
    ///
    /// - Parameters:
    ///   - map: the block; `d` has to be its first member, unless it is not to have a digest.
    ///   - addressing: over which form the digest of a block is that has others in it.
    ///   - code: the code of the digests.
    ///   - format: how the document is serialised that the block will stand in.
    /// - Throws: ``DocumentEncodingError`` when the format can't hold a value.
    public static func seal(
        _ map: inout OrderedMap, addressing: CredentialAddressing, code: PrimitiveCode = .blake3_256,
        format: DocumentFormat
    ) throws(DocumentEncodingError) {
        try seal(&map, addressing: addressing, code: code, format: format, depth: 0)
    }

    private static func seal(
        _ map: inout OrderedMap, addressing: CredentialAddressing, code: PrimitiveCode, format: DocumentFormat,
        depth: Int
    ) throws(DocumentEncodingError) {
        guard depth < DocumentIndex.deepestNesting else { throw .nestingTooDeep }
        for member in map.members {
            guard case .map(var inner) = member.value else { continue }
            try seal(&inner, addressing: addressing, code: code, format: format, depth: depth + 1)
            map[member.label] = .map(inner)
        }
        guard let first = map.members.first, first.label == "d", first.value == "" else { return }
        var hashed = addressing == .mostCompact ? folded(map) : map
        try SelfAddressing.seal(&hashed, code: code, format: format)
        map["d"] = hashed["d"]
    }

    /// Whether the digest of a block is that of its most compact form, and the digests of all blocks in it too.
    public static func isSealed(_ map: OrderedMap, format: DocumentFormat) -> Bool {
        for member in map.members {
            if case .map(let inner) = member.value, !isSealed(inner, format: format) { return false }
        }
        guard said(of: map) != nil else { return true }
        return SelfAddressing.isSealed(folded(map), format: format)
    }
}
