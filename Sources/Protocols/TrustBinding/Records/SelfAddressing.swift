// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KelmarkBytes
internal import KelmarkCrypto

/// SAIDs of JSON objects of ours: BLAKE3-256 over the bytes with 44 `#` in place of the SAID (facts/keri.md, 4).
enum SelfAddressing {
    /// Characters of a SAID.
    static let length = 44
    /// What stands in place of the SAID while the digest is made.
    static let dummy = String(repeating: "#", count: length)

    /// The SAID of a digest.
    static func said(ofDigest digest: [UInt8]) -> Primitive? {
        try? Primitive(code: .blake3_256, raw: digest)
    }

    /// Puts the SAID into `label` of `map`, which must have that member, and writes the map.
    /// - Returns: nil when the map can't be written as JSON.
    static func address(_ map: OrderedMap, label: String) -> (bytes: [UInt8], said: Primitive)? {
        var map = map
        map[label] = .text(dummy)
        guard let dummied = try? map.encoded(as: .json), let said = said(ofDigest: BLAKE3.hash(dummied.span)) else {
            return nil
        }
        map[label] = .text(said.text)
        guard let bytes = try? map.encoded(as: .json) else { return nil }
        return (bytes, said)
    }

    /// The SAID at `range` of `bytes`, if it is the digest of those bytes.
    static func verified(at range: Range<Int>, of bytes: [UInt8]) -> Primitive? {
        guard range.count == length, let said = try? Primitive(text: bytes.span.extracting(range)),
            said.code == .blake3_256
        else { return nil }
        var dummied = bytes
        for place in range { dummied[place] = UInt8(ascii: "#") }
        return BLAKE3.hash(dummied.span) == said.raw ? said : nil
    }
}
