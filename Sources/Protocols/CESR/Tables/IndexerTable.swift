// SPDX-License-Identifier: Apache-2.0

/// The kind of an indexed signature: algorithm, which key lists its indexes mean, how wide they are (facts 1.6).
public enum IndexerCode: UInt8, Hashable, Sendable, CaseIterable {
    /// `A`: Ed25519, the same index in the current and the prior next key list.
    case ed25519
    /// `B`: Ed25519, index in the current key list only.
    case ed25519CurrentOnly
    /// `C`: secp256k1, the same index in both lists.
    case secp256k1
    /// `D`: secp256k1, current list only.
    case secp256k1CurrentOnly
    /// `E`: P-256, the same index in both lists.
    case secp256r1
    /// `F`: P-256, current list only.
    case secp256r1CurrentOnly
    /// `0A`: Ed448, an index of one character for each list.
    case ed448
    /// `0B`: Ed448, current list only.
    case ed448CurrentOnly
    /// `2A`: Ed25519, an index of two characters for each list.
    case ed25519Big
    /// `2B`: Ed25519, current list only, index of two characters.
    case ed25519BigCurrentOnly
    /// `2C`: secp256k1, an index of two characters for each list.
    case secp256k1Big
    /// `2D`: secp256k1, current list only, index of two characters.
    case secp256k1BigCurrentOnly
    /// `2E`: P-256, an index of two characters for each list.
    case secp256r1Big
    /// `2F`: P-256, current list only, index of two characters.
    case secp256r1BigCurrentOnly
    /// `3A`: Ed448, an index of three characters for each list.
    case ed448Big
    /// `3B`: Ed448, current list only, index of three characters.
    case ed448BigCurrentOnly

    /// The shape of the code's text.
    struct Format: Sendable {
        let text: StaticString
        let name: StaticString
        /// Characters of index and ondex together.
        let soft: Int
        /// Characters of the ondex.
        let other: Int
        /// Characters of the whole text.
        let full: Int
    }

    static let formats: [Format] = [
        Format(text: "A", name: "Ed25519 signature, both key lists", soft: 1, other: 0, full: 88),
        Format(text: "B", name: "Ed25519 signature, current keys only", soft: 1, other: 0, full: 88),
        Format(text: "C", name: "secp256k1 signature, both key lists", soft: 1, other: 0, full: 88),
        Format(text: "D", name: "secp256k1 signature, current keys only", soft: 1, other: 0, full: 88),
        Format(text: "E", name: "P-256 signature, both key lists", soft: 1, other: 0, full: 88),
        Format(text: "F", name: "P-256 signature, current keys only", soft: 1, other: 0, full: 88),
        Format(text: "0A", name: "Ed448 signature, both key lists", soft: 2, other: 1, full: 156),
        Format(text: "0B", name: "Ed448 signature, current keys only", soft: 2, other: 1, full: 156),
        Format(text: "2A", name: "Ed25519 signature, both key lists, big", soft: 4, other: 2, full: 92),
        Format(text: "2B", name: "Ed25519 signature, current keys only, big", soft: 4, other: 2, full: 92),
        Format(text: "2C", name: "secp256k1 signature, both key lists, big", soft: 4, other: 2, full: 92),
        Format(text: "2D", name: "secp256k1 signature, current keys only, big", soft: 4, other: 2, full: 92),
        Format(text: "2E", name: "P-256 signature, both key lists, big", soft: 4, other: 2, full: 92),
        Format(text: "2F", name: "P-256 signature, current keys only, big", soft: 4, other: 2, full: 92),
        Format(text: "3A", name: "Ed448 signature, both key lists, big", soft: 6, other: 3, full: 160),
        Format(text: "3B", name: "Ed448 signature, current keys only, big", soft: 6, other: 3, full: 160),
    ]

    var format: Format { IndexerCode.formats[Int(rawValue)] }

    /// The code spelled `text`, or nil. The codes that KERIpy keeps for its own tests are not among them.
    public init?(_ text: String) {
        guard let found = IndexerCode.allCases.first(where: { $0.text == text }) else { return nil }
        self = found
    }

    /// The characters of the code.
    public var text: String { "\(format.text)" }

    /// What the code means, in words.
    public var name: String { "\(format.name)" }

    /// Whether the signature counts for the current key list only.
    public var isCurrentOnly: Bool { rawValue & 1 == 1 }

    /// Whether both indexes are spelled, so that they may differ.
    public var isDual: Bool { !isCurrentOnly && format.other > 0 }

    /// The largest index that the code can carry.
    public var maximumIndex: Int { 1 << (6 * (format.soft - format.other)) - 1 }

    /// Bytes of the raw signature.
    public var rawCount: Int { (format.full - hardCount - format.soft) * 3 / 4 }

    var hardCount: Int { rawValue < 6 ? 1 : 2 }

    /// Appends the characters of the code.
    func write(into target: inout [UInt8]) {
        switch rawValue {
        case 0..<6: target.append(UInt8(ascii: "A") + rawValue)
        case 6..<8: target += [UInt8(ascii: "0"), UInt8(ascii: "A") + rawValue - 6]
        case 8..<14: target += [UInt8(ascii: "2"), UInt8(ascii: "A") + rawValue - 8]
        default: target += [UInt8(ascii: "3"), UInt8(ascii: "A") + rawValue - 14]
        }
    }

    /// The code whose hard part starts with these sextets.
    @inline(__always)
    static func find(_ first: UInt8, _ second: UInt8) -> IndexerCode? {
        if first < 6 { return IndexerCode(rawValue: first) }
        switch (first, second) {
        case (52, 0...1): return IndexerCode(rawValue: 6 + second)
        case (54, 0...5): return IndexerCode(rawValue: 8 + second)
        case (55, 0...1): return IndexerCode(rawValue: 14 + second)
        default: return nil
        }
    }
}
