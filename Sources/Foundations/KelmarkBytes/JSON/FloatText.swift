// SPDX-License-Identifier: Apache-2.0

/// Decimal text of binary64 numbers: the shortest digits that read back, laid out as Python or ECMAScript do.
enum FloatText {
    /// Most bytes that Python's `repr` of a float has (`-2.2250738585072014e-308`).
    static let longest = 24

    /// The value of decimal text, or nil when it is no number. Too large numbers are infinite.
    static func value(of bytes: Span<UInt8>, in range: Range<Int>) -> Double? {
        var text = ""
        text.reserveCapacity(range.count)
        for index in range { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        return Double(text)
    }

    /// `repr(value)` of Python: exponent form below 1e-4 and from 1e16 on, at least two exponent digits.
    static func python(_ value: Double) -> [UInt8] {
        Decimal(value).laidOut(exponentBelow: -4, from: 16, exponentDigits: 2, wholeSuffix: ".0")
    }

    /// `String(value)` of ECMAScript (RFC 8785 3.2.2.3): exponent form below 1e-6 and from 1e21 on; `-0` is `0`.
    static func ecmaScript(_ value: Double) -> [UInt8] {
        Decimal(value == 0 ? 0 : value).laidOut(exponentBelow: -6, from: 21, exponentDigits: 1, wholeSuffix: "")
    }

    /// Whether Python would write `value` as the given bytes.
    static func python(_ value: Double, equals bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
        let expected = python(value)
        guard expected.count == range.count else { return false }
        for index in expected.indices where bytes[range.lowerBound + index] != expected[index] { return false }
        return true
    }

    /// A finite number as digits d₁d₂…dₙ and the power of ten of d₁.
    private struct Decimal {
        let negative: Bool
        let digits: [UInt8]
        let exponent: Int

        /// Takes the digits from the standard library, whose description is the shortest text that reads back.
        init(_ value: Double) {
            var digits: [UInt8] = []
            var written = 0
            var point: Int?
            var inExponent = false
            var exponentIsNegative = false
            for byte in value.magnitude.description.utf8 {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"):
                    let digit = Int(byte - UInt8(ascii: "0"))
                    if inExponent { written = written * 10 + digit } else { digits.append(byte) }
                case UInt8(ascii: "."): point = digits.count
                case UInt8(ascii: "e"): inExponent = true
                case UInt8(ascii: "-"): exponentIsNegative = true
                default: break
                }
            }
            let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
            let power = (point ?? digits.count) - 1 - leadingZeros + (exponentIsNegative ? -written : written)
            digits.removeFirst(leadingZeros)
            while digits.last == UInt8(ascii: "0") { digits.removeLast() }
            negative = value.sign == .minus
            exponent = digits.isEmpty ? 0 : power
            self.digits = digits.isEmpty ? [UInt8(ascii: "0")] : digits
        }

        func laidOut(exponentBelow low: Int, from high: Int, exponentDigits: Int, wholeSuffix: String) -> [UInt8] {
            let zero = UInt8(ascii: "0")
            var text: [UInt8] = negative ? [UInt8(ascii: "-")] : []
            if exponent < low || exponent >= high {
                text.append(digits[0])
                if digits.count > 1 {
                    text.append(UInt8(ascii: "."))
                    text += digits.dropFirst()
                }
                text.append(UInt8(ascii: "e"))
                text.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
                let power = Array(String(exponent.magnitude).utf8)
                text += Array(repeating: zero, count: max(0, exponentDigits - power.count)) + power
            } else if exponent < 0 {
                text += [zero, UInt8(ascii: ".")] + Array(repeating: zero, count: -exponent - 1) + digits
            } else if digits.count <= exponent + 1 {
                text += digits + Array(repeating: zero, count: exponent + 1 - digits.count)
                text += Array(wholeSuffix.utf8)
            } else {
                text += digits[...exponent] + [UInt8(ascii: ".")] + digits[(exponent + 1)...]
            }
            return text
        }
    }
}
