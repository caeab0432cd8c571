// SPDX-License-Identifier: Apache-2.0

/// Position of an event in a key event log or transaction event log (facts 5.2): 0 at the inception, at most 2^128-1.
public struct SequenceNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public let value: UInt128

    /// Wraps a number.
    public init(_ value: UInt128) { self.value = value }

    /// The inception.
    public static let zero = SequenceNumber(0)

    /// The position after this one, or nil at the end of the range.
    public var next: SequenceNumber? {
        let (sum, overflow) = value.addingReportingOverflow(1)
        return overflow ? nil : SequenceNumber(sum)
    }

    /// The position before this one, or nil at the inception.
    public var previous: SequenceNumber? { value == 0 ? nil : SequenceNumber(value - 1) }

    /// Lower-case hexadecimal without leading zeros, the form of the members `s`, `f` and `bt`.
    public var hex: String { String(value, radix: 16) }

    /// The same as ``hex``.
    public var description: String { hex }

    /// Orders by value.
    public static func < (left: SequenceNumber, right: SequenceNumber) -> Bool { left.value < right.value }

    /// Reads the canonical form: 1 to 32 lower-case hexadecimal digits without leading zeros; nil for anything else.
    public init?(hex text: Span<UInt8>) {
        guard let value = Hexadecimal.canonical(text) else { return nil }
        self.value = value
    }

    /// Reads the canonical form from text, as ``init(hex:)-(Span<UInt8>)``.
    public init?(hex text: String) {
        self.init(hex: text.utf8.span)
    }
}

/// Numbers as KERI bodies write them.
enum Hexadecimal {
    /// 1 to 32 lower-case digits without leading zeros, or nil.
    static func canonical(_ text: Span<UInt8>) -> UInt128? {
        guard text.count >= 1, text.count <= 32 else { return nil }
        guard text.count == 1 || text[0] != UInt8(ascii: "0") else { return nil }
        var value: UInt128 = 0
        for index in 0..<text.count {
            let byte = text[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            value = value << 4 | UInt128(digit)
        }
        return value
    }
}
