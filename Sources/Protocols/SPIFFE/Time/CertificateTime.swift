// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// A moment in whole seconds of UTC, as certificates count it: 1970-01-01 is 0; years 1950 to 9999.
///
/// Nothing here reads a clock: the caller says what time it is.
public struct CertificateTime: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 1950-01-01T00:00:00Z, the first moment that a certificate can name.
    public static let earliest = CertificateTime(clamped: -631_152_000)
    /// 9999-12-31T23:59:59Z, the last one.
    public static let latest = CertificateTime(clamped: 253_402_300_799)

    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    public let seconds: Int64

    private init(clamped seconds: Int64) {
        self.seconds = seconds
    }

    /// A moment by its seconds since 1970; nil outside the years 1950 to 9999.
    public init?(seconds: Int64) {
        guard (Self.earliest.seconds...Self.latest.seconds).contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// Reads exactly `YYYY-MM-DDThh:mm:ssZ`; nil for any other spelling or a date that does not exist.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 else { return nil }
        for (place, separator) in zip([4, 7, 10, 13, 16, 19], "--T::Z".utf8) where bytes[place] != separator {
            return nil
        }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for byte in bytes[range] {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19)
        else { return nil }
        self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    }

    /// A moment by its parts in the Gregorian calendar; nil when there is no such date.
    public init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        guard (1950...9999).contains(year), (0..<24).contains(hour), (0..<60).contains(minute),
            (0..<60).contains(second), let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        self.init(seconds: Int64(date.dayNumber) * 86_400 + Int64(hour * 3600 + minute * 60 + second))
    }

    /// Year, month, day, hour, minute and second in UTC.
    public var parts: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        var rest = Int(seconds % 86_400)
        if rest < 0 { rest += 86_400 }
        let date = CivilDate(dayNumber: (Int(seconds) - rest) / 86_400)
        return (date.year, date.month, date.day, rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// This moment moved by `seconds`, kept inside the years 1950 to 9999.
    public func advanced(by seconds: Int64) -> CertificateTime {
        let (sum, overflow) = self.seconds.addingReportingOverflow(seconds)
        if overflow { return seconds > 0 ? .latest : .earliest }
        return CertificateTime(clamped: min(max(sum, Self.earliest.seconds), Self.latest.seconds))
    }

    /// `YYYY-MM-DDThh:mm:ssZ`.
    public var description: String {
        let parts = self.parts
        func pad(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return "\(pad(parts.year, 4))-\(pad(parts.month, 2))-\(pad(parts.day, 2))"
            + "T\(pad(parts.hour, 2)):\(pad(parts.minute, 2)):\(pad(parts.second, 2))Z"
    }

    /// Earlier.
    public static func < (left: CertificateTime, right: CertificateTime) -> Bool { left.seconds < right.seconds }
}
