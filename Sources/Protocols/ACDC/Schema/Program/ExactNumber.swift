// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// A decimal number as it is written: digits and a power of ten, nothing rounded. 0.3 is a multiple of 0.1.
struct ExactNumber: Hashable, Sendable {
    /// Whether it is below zero.
    let isNegative: Bool
    /// The digits without zeros at either end, when there are at most 19 of them; 0 for zero.
    let mantissa: UInt64
    /// The digits (0…9) when there are more.
    let long: [UInt8]
    /// Power of ten of the last digit.
    let exponent: Int

    private static let shortDigits = 19
    /// No number that can be scanned comes near.
    private static let largestExponent = 1_000_000

    /// Reads `-?digits[.digits][e[+-]digits]`; nil for anything else.
    init?(_ bytes: Span<UInt8>, in range: Range<Int>) {
        var position = range.lowerBound
        let end = range.upperBound
        let negative = position < end && bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        var mantissa: UInt64 = 0
        var long: [UInt8] = []
        var count = 0
        var zeros = 0
        var scale = 0
        var sawPoint = false
        var sawDigit = false
        var written = 0
        reading: while position < end {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "0"):
                sawDigit = true
                if sawPoint { scale += 1 }
                if count > 0 { zeros += 1 }
            case UInt8(ascii: "1")...UInt8(ascii: "9"):
                sawDigit = true
                if sawPoint { scale += 1 }
                while zeros > 0 {
                    Self.append(0, &mantissa, &long, &count)
                    zeros -= 1
                }
                Self.append(byte - UInt8(ascii: "0"), &mantissa, &long, &count)
            case UInt8(ascii: "."):
                if sawPoint { return nil }
                sawPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                guard let power = Self.power(bytes, position..<end) else { return nil }
                written = power
                break reading
            default: return nil
            }
        }
        guard sawDigit else { return nil }
        isNegative = negative && count > 0
        self.mantissa = long.isEmpty ? mantissa : 0
        self.long = long
        exponent = count == 0 ? 0 : written + zeros - scale
    }

    /// A whole number.
    init(_ value: Int) {
        var mantissa = UInt64(value.magnitude)
        var exponent = 0
        while mantissa != 0, mantissa.isMultiple(of: 10) {
            mantissa /= 10
            exponent += 1
        }
        isNegative = value < 0
        self.mantissa = mantissa
        long = []
        self.exponent = exponent
    }

    /// Whether it is zero.
    var isZero: Bool { mantissa == 0 && long.isEmpty }
    /// Whether it has no fraction, however it is written.
    var isInteger: Bool { exponent >= 0 }

    /// Its value when it is a whole number from 0 up; the largest `Int` when it is larger than that.
    var count: Int? {
        guard isInteger, !isNegative else { return nil }
        guard long.isEmpty, exponent <= Self.shortDigits else { return .max }
        var value = mantissa
        for _ in 0..<exponent {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return .max }
            value = product
        }
        return Int(clamping: value)
    }

    /// Whether it is a whole multiple of a number that is above zero and has at most 19 digits.
    func isMultiple(of divisor: ExactNumber) -> Bool {
        if isZero { return true }
        // Neither has a zero at its end, so a smaller last place can't be made up for.
        guard exponent >= divisor.exponent, divisor.mantissa > 0 else { return false }
        let modulus = divisor.mantissa
        var rest = mantissa % modulus
        if !long.isEmpty {
            rest = 0
            for digit in long {
                rest = Self.product(rest, 10, modulo: modulus)
                let (sum, overflow) = rest.addingReportingOverflow(UInt64(digit))
                rest = overflow ? sum &+ (0 &- modulus) : sum % modulus
            }
        }
        var factor = 10 % modulus
        var power = exponent - divisor.exponent
        while power > 0, rest != 0 {
            if power & 1 == 1 { rest = Self.product(rest, factor, modulo: modulus) }
            factor = Self.product(factor, factor, modulo: modulus)
            power >>= 1
        }
        return rest == 0
    }

    /// Negative when `left` is smaller, 0 when they are equal, positive when it is larger.
    static func compare(_ left: ExactNumber, _ right: ExactNumber) -> Int {
        if left.isZero || right.isZero || left.isNegative != right.isNegative {
            return left.sign - right.sign
        }
        return compareMagnitudes(left, right) * left.sign
    }

    private var sign: Int { isZero ? 0 : isNegative ? -1 : 1 }

    private var digits: [UInt8] { long.isEmpty ? String(mantissa).utf8.map { $0 - UInt8(ascii: "0") } : long }

    private static func compareMagnitudes(_ left: ExactNumber, _ right: ExactNumber) -> Int {
        if left.exponent == right.exponent, left.long.isEmpty, right.long.isEmpty {
            return left.mantissa == right.mantissa ? 0 : left.mantissa < right.mantissa ? -1 : 1
        }
        let one = left.digits
        let other = right.digits
        let tops = (one.count + left.exponent, other.count + right.exponent)
        if tops.0 != tops.1 { return tops.0 < tops.1 ? -1 : 1 }
        for index in 0..<min(one.count, other.count) where one[index] != other[index] {
            return one[index] < other[index] ? -1 : 1
        }
        return one.count - other.count
    }

    private static func product(_ left: UInt64, _ right: UInt64, modulo modulus: UInt64) -> UInt64 {
        let full = left.multipliedFullWidth(by: right)
        return modulus.dividingFullWidth((full.high % modulus, full.low)).remainder
    }

    private static func append(_ digit: UInt8, _ mantissa: inout UInt64, _ long: inout [UInt8], _ count: inout Int) {
        if count < shortDigits {
            mantissa = mantissa * 10 + UInt64(digit)
        } else {
            if count == shortDigits { long = String(mantissa).utf8.map { $0 - UInt8(ascii: "0") } }
            long.append(digit)
        }
        count += 1
    }

    private static func power(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var position = range.lowerBound
        guard position < range.upperBound else { return nil }
        let negative = bytes[position] == UInt8(ascii: "-")
        if negative || bytes[position] == UInt8(ascii: "+") { position += 1 }
        guard position < range.upperBound else { return nil }
        var value = 0
        while position < range.upperBound {
            let byte = bytes[position]
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = min(largestExponent, value * 10 + Int(byte - UInt8(ascii: "0")))
            position += 1
        }
        return negative ? -value : value
    }
}

extension DocumentIndex {
    /// The number at a token in any of the formats; nil for any other value.
    func exactNumber(_ token: DocumentToken, in bytes: Span<UInt8>) -> ExactNumber? {
        switch (token.kind, format) {
        case (.integer, .json), (.float, .json): return ExactNumber(bytes, in: token.range)
        case (.integer, _):
            let text = Array(integerText(of: token, in: bytes).utf8)
            return ExactNumber(text.span, in: 0..<text.count)
        case (.float, _):
            let text = Array(floatText(of: token, in: bytes).utf8)
            return ExactNumber(text.span, in: 0..<text.count)
        default: return nil
        }
    }
}
