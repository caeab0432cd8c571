// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The shape of one kind of primitive in one table: how its text is divided.
public struct PrimitiveFormat: Sendable {
    /// The stable code.
    public let code: PrimitiveCode
    /// What the value is, in words, for annotated output.
    public let name: StaticString
    /// Characters of the whole text, or 0 when the soft part tells the size.
    let full: Int
    /// Characters between the stable code and the value: a tag with its filler, or the size.
    let soft: Int
    /// How many of the soft characters are filler, each `_`, in front of the tag.
    let filler: Int
    /// Zero bytes in front of the raw value.
    let lead: Int

    /// Whether the soft part holds the size.
    public var isVariable: Bool { full == 0 }

    /// Characters of the stable code and the soft part.
    var codeCount: Int { code.hardCount + soft }

    /// Bytes of the raw value, or nil when the size varies.
    public var rawCount: Int? {
        isVariable ? nil : (full - codeCount) * 3 / 4 - lead
    }

    init(_ code: StaticString, _ name: StaticString, full: Int, soft: Int = 0, filler: Int = 0, lead: Int = 0) {
        self.init(code: PrimitiveCode(code), name: name, full: full, soft: soft, filler: filler, lead: lead)
    }

    init(code: PrimitiveCode, name: StaticString, full: Int, soft: Int, filler: Int, lead: Int) {
        self.code = code
        self.name = name
        self.full = full
        self.soft = soft
        self.filler = filler
        self.lead = lead
    }

    /// The shape of `code` in `table`, or nil when the table does not have it.
    public init?(_ code: PrimitiveCode, table: CodeTable = .version1) {
        guard let found = PrimitiveIndex.of(table).format(packed: code.packed) else { return nil }
        self = found
    }

    static func isKnown(_ packed: UInt32) -> Bool {
        PrimitiveIndex.version1.format(packed: packed) != nil || PrimitiveIndex.version2.format(packed: packed) != nil
    }
}

/// A table arranged for lookup by the first characters of a primitive.
struct PrimitiveIndex: Sendable {
    static let version1 = PrimitiveIndex(.version1)
    static let version2 = PrimitiveIndex(.version2)

    static func of(_ table: CodeTable) -> PrimitiveIndex { table == .version1 ? version1 : version2 }

    /// By sextet: codes of one character, codes that start with `0`, codes that start with `1AA`.
    private var direct: [PrimitiveFormat?]
    /// All others.
    private var others: [UInt32: PrimitiveFormat]

    private init(_ table: CodeTable) {
        direct = [PrimitiveFormat?](repeating: nil, count: 192)
        others = [:]
        for format in version1FixedFormats { insert(format) }
        if table == .version2 {
            for format in version2FixedFormats { insert(format) }
            for code in version2WithdrawnCodes { others[PrimitiveCode(code).packed] = nil }
        }
        for family in variableFamilies where family.since.rawValue <= table.rawValue {
            for lead in 0...2 {
                for (text, soft) in [("\(4 + lead)\(family.letter)", 2), ("\(7 + lead)AA\(family.letter)", 4)] {
                    let code = PrimitiveCode(packed: PrimitiveCode.pack(text.utf8))
                    insert(
                        PrimitiveFormat(code: code, name: family.name, full: 0, soft: soft, filler: 0, lead: lead))
                }
            }
        }
    }

    private mutating func insert(_ format: PrimitiveFormat) {
        if let slot = PrimitiveIndex.slot(format.code.packed) {
            direct[slot] = format
        } else {
            others[format.code.packed] = format
        }
    }

    /// The entry with exactly this code.
    @inline(__always)
    func format(packed: UInt32) -> PrimitiveFormat? {
        if let slot = PrimitiveIndex.slot(packed) { direct[slot] } else { others[packed] }
    }

    /// The place in `direct` of a code, or nil for one that lies in `others`.
    @inline(__always)
    private static func slot(_ packed: UInt32) -> Int? {
        let first = UInt8(packed >> 24)
        if packed & 0x00ff_ffff == 0 { return Base64URL.sextet(of: first).map { Int($0) } }
        if packed & 0x0000_ffff == 0, first == UInt8(ascii: "0") {
            return Base64URL.sextet(of: UInt8(truncatingIfNeeded: packed >> 16)).map { 64 + Int($0) }
        }
        if packed >> 8 == 0x31_4141 {
            return Base64URL.sextet(of: UInt8(truncatingIfNeeded: packed)).map { 128 + Int($0) }
        }
        return nil
    }
}
