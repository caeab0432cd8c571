// SPDX-License-Identifier: Apache-2.0

/// Where a JSON number ends and what it is.
struct JSONNumber {
    /// Behind the last byte of the number.
    let end: Int
    /// Whether it has a fraction or an exponent.
    let isFloat: Bool

    /// Longest text that a float may have: Python's `repr` needs 24 bytes; other writers may pad with digits.
    static let floatBytes = 1024

    /// Reads the number at `start`; when `canonical`, it must be spelt as Python spells it.
    init(in bytes: Span<UInt8>, from start: Int, canonical: Bool) throws(DocumentError) {
        let end = bytes.count
        var position = start
        let negative = bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        let whole = position
        position = try Self.skipDigits(in: bytes, from: position)
        let digits = position - whole
        if bytes[whole] == UInt8(ascii: "0"), digits > 1 {
            throw DocumentError(.nonCanonicalInteger, at: whole)
        }
        var isFloat = false
        if position < end, bytes[position] == UInt8(ascii: ".") {
            isFloat = true
            position = try Self.skipDigits(in: bytes, from: position + 1)
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            position = try Self.skipDigits(in: bytes, from: position)
        }
        self.end = position
        self.isFloat = isFloat
        if isFloat {
            guard position - start <= (canonical ? FloatText.longest : Self.floatBytes) else {
                throw DocumentError(.nonCanonicalFloat, at: start)
            }
            guard let value = FloatText.value(of: bytes, in: start..<position), value.isFinite else {
                throw DocumentError(.nonFiniteNumber, at: start)
            }
            if canonical {
                guard FloatText.python(value, equals: bytes, in: start..<position) else {
                    throw DocumentError(.nonCanonicalFloat, at: start)
                }
            }
        } else {
            guard digits <= DocumentIndex.integerDigits else { throw DocumentError(.integerTooLong, at: start) }
            if canonical, negative, bytes[whole] == UInt8(ascii: "0") {
                throw DocumentError(.nonCanonicalInteger, at: start)
            }
        }
    }

    /// Skips one or more digits.
    private static func skipDigits(in bytes: Span<UInt8>, from start: Int) throws(DocumentError) -> Int {
        var position = start
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        guard position > start else {
            if position < bytes.count, bytes[position] == UInt8(ascii: "I") {
                throw DocumentError(.nonFiniteNumber, at: position)
            }
            throw DocumentError(position < bytes.count ? .unexpectedByte : .truncated, at: position)
        }
        return position
    }
}
