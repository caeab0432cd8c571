// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// The stable part of a primitive's derivation code: which kind of value it is. One, two or four characters.
///
/// Every value of this type is a code of the version 1 or version 2 tables; sizes are in ``PrimitiveFormat``.
public struct PrimitiveCode: Hashable, Sendable, CustomStringConvertible {
    /// The characters, left-justified ASCII, zero behind the last.
    let packed: UInt32

    init(packed: UInt32) { self.packed = packed }

    /// A code of the tables, for table literals only: no check is made.
    init(_ literal: StaticString) {
        self.packed = PrimitiveCode.pack("\(literal)".utf8)
    }

    /// The code spelled `text`, or nil when neither table has it.
    public init?(_ text: String) {
        let packed = PrimitiveCode.pack(text.utf8)
        guard text.utf8.count <= 4, PrimitiveFormat.isKnown(packed) else { return nil }
        self.packed = packed
    }

    /// The characters of the code.
    public var text: String { String(decoding: characters, as: UTF8.self) }

    /// The characters of the code.
    public var description: String { text }

    /// How many characters the code has: 1, 2 or 4.
    public var hardCount: Int { 4 - packed.trailingZeroBitCount / 8 }

    /// The characters as ASCII.
    var characters: [UInt8] { (0..<hardCount).map { UInt8(truncatingIfNeeded: packed >> (24 - 8 * UInt32($0))) } }

    /// Appends the characters of the code.
    func write(into target: inout [UInt8]) {
        for place in 0..<UInt32(hardCount) { target.append(UInt8(truncatingIfNeeded: packed >> (24 - 8 * place))) }
    }

    static func pack(_ characters: some Sequence<UInt8>) -> UInt32 {
        var packed: UInt32 = 0
        var shift: UInt32 = 32
        for character in characters.prefix(4) {
            shift -= 8
            packed |= UInt32(character) << shift
        }
        return packed
    }
}
