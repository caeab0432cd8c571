// SPDX-License-Identifier: Apache-2.0

internal import CESR
private import KelmarkBytes

/// A moment in microseconds since 1970-01-01T00:00:00Z, written as KERI messages write it (facts 1.5, 5.2):
/// `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`, always 32 characters.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Microseconds since 1970, negative before.
    public let microseconds: Int64

    /// Wraps a number of microseconds since 1970.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Wraps a number of whole seconds since 1970.
    public init(seconds: Int64) { self.microseconds = seconds &* 1_000_000 }

    /// Orders by value.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// This moment moved by whole seconds.
    public func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(microseconds: microseconds &+ seconds &* 1_000_000)
    }

    /// The 32 characters, in UTC; years outside 1 to 9999 have none and are shown as a number.
    public var description: String { (try? DateTime(microseconds: microseconds))?.text ?? "\(microseconds) µs" }

    /// Reads `YYYY-MM-DDTHH:MM:SS[.f…]` with `Z` or an offset `±HH:MM`; nil for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        var position = 0
        func number(_ width: Int) -> Int64? {
            guard position + width <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[position..<(position + width)] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            position += width
            return value
        }
        func literal(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }
        guard let year = number(4), literal("-"), let month = number(2), literal("-"), let day = number(2),
            literal("T"), let hour = number(2), literal(":"), let minute = number(2), literal(":"),
            let second = number(2)
        else { return nil }
        guard let date = CivilDate(year: Int(year), month: Int(month), day: Int(day)), hour < 24, minute < 60,
            second < 60
        else { return nil }
        var fraction: Int64 = 0
        if literal(".") {
            var digits = 0
            while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
                guard digits < 6 else { return nil }
                fraction = fraction * 10 + Int64(bytes[position] - 0x30)
                digits += 1
                position += 1
            }
            guard digits > 0 else { return nil }
            for _ in digits..<6 { fraction *= 10 }
        }
        var offset: Int64 = 0
        if !literal("Z") {
            let sign: Int64
            if literal("+") { sign = 1 } else if literal("-") { sign = -1 } else { return nil }
            guard let hours = number(2), literal(":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard position == bytes.count else { return nil }
        let days = Int64(date.dayNumber)
        microseconds = ((days * 86_400) + hour * 3600 + minute * 60 + second - offset) * 1_000_000 + fraction
    }
}
