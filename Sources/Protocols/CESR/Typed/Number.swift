// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// An unsigned number of up to 128 bits as a primitive of the smallest size that holds it (facts 1.5).
public struct Number: Hashable, Sendable, CustomStringConvertible {
    /// The number.
    public let value: UInt128

    /// Wraps a number.
    public init(_ value: UInt128) { self.value = value }

    /// The number in a primitive, or nil when its code is no number or the value needs more than 128 bits.
    ///
    /// A code larger than necessary is accepted: senders may use fixed sizes.
    public init?(_ primitive: Primitive) {
        guard primitive.code.isNumber else { return nil }
        var value: UInt128 = 0
        let bytes = primitive.span
        for index in bytes.indices {
            guard value >> 120 == 0 else { return nil }
            value = value << 8 | UInt128(bytes[index])
        }
        self.value = value
    }

    /// Reads lower-case hex digits without leading zeros, as KERI bodies spell numbers.
    /// - Throws: ``CESRError`` for any other text, also for more than 32 digits.
    public init(hex: String) throws(CESRError) {
        guard !hex.isEmpty, hex.utf8.count <= 32, hex == "0" || !hex.hasPrefix("0") else {
            throw CESRError(.invalidNumber)
        }
        var value: UInt128 = 0
        for (offset, digit) in hex.utf8.enumerated() {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt128(digit - 0x30)
            case 0x61...0x66: value = value << 4 | UInt128(digit - 0x57)
            default: throw CESRError(.invalidNumber, offset: offset)
            }
        }
        self.value = value
    }

    /// Lower-case hex digits without leading zeros.
    public var hex: String { String(value, radix: 16) }

    /// The same as ``hex``.
    public var description: String { hex }

    /// The primitive with the smallest code of `codes` that holds the number.
    public func primitive(_ choice: Choice = .version1) -> Primitive {
        for (code, count) in choice.codes where count >= 16 || value >> (8 * UInt128(count)) == 0 {
            return primitive(code, count)
        }
        return primitive(.salt128, 16)
    }

    /// The primitive with the given code.
    /// - Throws: ``CESRError`` when the code is no number or too small for this one.
    public func primitive(as code: PrimitiveCode) throws(CESRError) -> Primitive {
        guard let count = Choice.version2.codes.first(where: { $0.0 == code })?.1 else {
            throw CESRError(.misplacedCode)
        }
        guard count >= 16 || value >> (8 * UInt128(count)) == 0 else { throw CESRError(.outOfRange) }
        return primitive(code, count)
    }

    /// From which codes the smallest one is chosen.
    public enum Choice: Sendable {
        /// `M 0H N 0A`, as KERIpy 1.1.
        case version1
        /// `M 0H R N S T 0A U`, as later versions.
        case version2

        var codes: [(PrimitiveCode, Int)] {
            switch self {
            case .version1: [(.short, 2), (.long, 4), (.big, 8), (.salt128, 16)]
            case .version2:
                [
                    (.short, 2), (.long, 4), (.tall, 5), (.big, 8), (.large, 11), (.great, 14), (.salt128, 16),
                    (.vast, 17),
                ]
            }
        }
    }

    private func primitive(_ code: PrimitiveCode, _ count: Int) -> Primitive {
        var storage = RawBytes(zeroes: count)
        var target = storage.mutableSpan
        for index in 0..<min(count, 16) {
            target[count - 1 - index] = UInt8(truncatingIfNeeded: value >> (8 * UInt128(index)))
        }
        return Primitive(code: code, tag: "", storage: storage)
    }
}
