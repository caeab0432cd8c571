// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// A point in time in the one spelling that KERI uses: `2024-01-01T00:00:00.000000+00:00`. Also called Dater in KERIpy.
///
/// Two values are equal when their spellings are; ``microseconds`` compares points in time across offsets.
public struct DateTime: Hashable, Sendable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z; leap seconds do not exist.
    public let microseconds: Int64
    /// Minutes that the spelled local time is ahead of UTC.
    public let offsetMinutes: Int

    /// The point in time `microseconds` after 1970-01-01T00:00:00Z, spelled in UTC.
    /// - Throws: ``CESRError`` when the year is not between 1 and 9999.
    public init(microseconds: Int64) throws(CESRError) {
        guard DateTime.range.contains(microseconds) else { throw CESRError(.invalidDateTime) }
        self.microseconds = microseconds
        self.offsetMinutes = 0
    }

    /// Reads the 32 characters `YYYY-MM-DDTHH:MM:SS.ffffff±HH:MM`.
    /// - Throws: ``CESRError`` for any other spelling and for dates that do not exist.
    public init(text: String) throws(CESRError) {
        try self.init(text.utf8.span, colon: UInt8(ascii: ":"), dot: UInt8(ascii: "."), plus: UInt8(ascii: "+"))
    }

    /// The date and time of a `1AAG` primitive.
    /// - Throws: ``CESRError`` when the code is another or the value is no date and time.
    public init(_ primitive: Primitive) throws(CESRError) {
        guard primitive.code == .dateTime else { throw CESRError(.misplacedCode) }
        // The 24 raw bytes are the Base64url decoding of the 32 characters.
        let text = Base64URL.encode(primitive.span)
        try self.init(text.span, colon: UInt8(ascii: "c"), dot: UInt8(ascii: "d"), plus: UInt8(ascii: "p"))
    }

    /// The `1AAG` primitive.
    public var primitive: Primitive {
        var storage = RawBytes(zeroes: 24)
        let text = characters(colon: UInt8(ascii: "c"), dot: UInt8(ascii: "d"), plus: UInt8(ascii: "p"))
        var word: UInt32 = 0
        var target = storage.mutableSpan
        for (index, character) in text.enumerated() {
            word = word << 6 | UInt32(Base64URL.sextet(of: character) ?? 0)
            if index % 4 == 3 {
                target[index / 4 * 3] = UInt8(truncatingIfNeeded: word >> 16)
                target[index / 4 * 3 + 1] = UInt8(truncatingIfNeeded: word >> 8)
                target[index / 4 * 3 + 2] = UInt8(truncatingIfNeeded: word)
            }
        }
        return Primitive(code: .dateTime, tag: "", storage: storage)
    }

    /// The 32 characters `YYYY-MM-DDTHH:MM:SS.ffffff±HH:MM`.
    public var text: String {
        String(
            decoding: characters(colon: UInt8(ascii: ":"), dot: UInt8(ascii: "."), plus: UInt8(ascii: "+")),
            as: UTF8.self)
    }

    /// The same as ``text``.
    public var description: String { text }

    /// 0001-01-01T00:00:00 to 9999-12-31T23:59:59.999999, UTC.
    private static let range: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

    private init(_ text: Span<UInt8>, colon: UInt8, dot: UInt8, plus: UInt8) throws(CESRError) {
        guard text.count == 32 else { throw CESRError(.invalidDateTime, offset: min(text.count, 32)) }
        let separators: [(Int, UInt8)] = [
            (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (10, UInt8(ascii: "T")), (13, colon), (16, colon),
            (19, dot), (29, colon),
        ]
        for (index, expected) in separators where text[index] != expected {
            throw CESRError(.invalidDateTime, offset: index)
        }
        let year = try DateTime.number(text, 0..<4, in: 1...9999)
        let month = try DateTime.number(text, 5..<7, in: 1...12)
        let day = try DateTime.number(text, 8..<10, in: 1...CivilDate.days(inMonth: month, of: year))
        let hour = try DateTime.number(text, 11..<13, in: 0...23)
        let minute = try DateTime.number(text, 14..<16, in: 0...59)
        let second = try DateTime.number(text, 17..<19, in: 0...59)
        let fraction = try DateTime.number(text, 20..<26, in: 0...999_999)
        guard text[26] == plus || text[26] == UInt8(ascii: "-") else { throw CESRError(.invalidDateTime, offset: 26) }
        var shift = try DateTime.number(text, 27..<29, in: 0...23) * 60
        shift += try DateTime.number(text, 30..<32, in: 0...59)
        if text[26] != plus {
            // `-00:00` would be a second spelling of `+00:00`.
            guard shift != 0 else { throw CESRError(.invalidDateTime, offset: 26) }
            shift = -shift
        }
        guard let date = CivilDate(year: year, month: month, day: day) else { throw CESRError(.invalidDateTime) }
        let seconds = ((date.dayNumber * 24 + hour) * 60 + minute - shift) * 60 + second
        self.microseconds = Int64(seconds) * 1_000_000 + Int64(fraction)
        self.offsetMinutes = shift
    }

    private static func number(
        _ text: Span<UInt8>, _ range: Range<Int>, in allowed: ClosedRange<Int>
    ) throws(CESRError) -> Int {
        var value = 0
        for index in range {
            guard text[index] >= 0x30, text[index] <= 0x39 else { throw CESRError(.invalidDateTime, offset: index) }
            value = value * 10 + Int(text[index] - 0x30)
        }
        guard allowed.contains(value) else { throw CESRError(.invalidDateTime, offset: range.lowerBound) }
        return value
    }

    private func characters(colon: UInt8, dot: UInt8, plus: UInt8) -> [UInt8] {
        let local = microseconds + Int64(offsetMinutes) * 60_000_000
        let (day, within) = local.flooredDivision(by: 86_400_000_000)
        let date = CivilDate(dayNumber: Int(day))
        let second = Int(within / 1_000_000)
        var result: [UInt8] = []
        result.reserveCapacity(32)
        func put(_ value: Int, _ width: Int) {
            var divisor = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                result.append(UInt8(0x30 + value / divisor % 10))
                divisor /= 10
            }
        }
        put(date.year, 4)
        result.append(UInt8(ascii: "-"))
        put(date.month, 2)
        result.append(UInt8(ascii: "-"))
        put(date.day, 2)
        result.append(UInt8(ascii: "T"))
        put(second / 3600, 2)
        result.append(colon)
        put(second / 60 % 60, 2)
        result.append(colon)
        put(second % 60, 2)
        result.append(dot)
        put(Int(within % 1_000_000), 6)
        result.append(offsetMinutes < 0 ? UInt8(ascii: "-") : plus)
        put(abs(offsetMinutes) / 60, 2)
        result.append(colon)
        put(abs(offsetMinutes) % 60, 2)
        return result
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
