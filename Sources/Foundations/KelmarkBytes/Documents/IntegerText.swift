// SPDX-License-Identifier: Apache-2.0

/// Integers as decimal text and as CBOR writes them.
enum IntegerText {
    /// What decimal text stands for.
    enum Value: Equatable {
        case unsigned(UInt64)
        /// −1 − the argument, as CBOR counts.
        case negative(UInt64)
        /// Beyond 64 bits: the shortest big-endian magnitude of n, or of −1 − n for a negative n.
        case large(negative: Bool, magnitude: [UInt8])
    }

    /// Reads text; nil unless it is a canonical integer of at most ``DocumentIndex/integerDigits`` digits.
    static func value(of text: String) -> Value? {
        guard isCanonical(text) else { return nil }
        let negative = text.utf8.first == UInt8(ascii: "-")
        let digits = negative ? text.dropFirst() : text[...]
        if let number = UInt64(digits) { return negative ? .negative(number - 1) : .unsigned(number) }
        var limbs: [UInt32] = []
        for digit in digits.utf8 {
            var carry = UInt64(digit - UInt8(ascii: "0"))
            for index in limbs.indices {
                carry += UInt64(limbs[index]) * 10
                limbs[index] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            if carry > 0 { limbs.append(UInt32(truncatingIfNeeded: carry)) }
        }
        if negative {
            for index in limbs.indices {
                let (difference, borrow) = limbs[index].subtractingReportingOverflow(1)
                limbs[index] = difference
                if !borrow { break }
            }
        }
        var magnitude: [UInt8] = []
        for limb in limbs.reversed() { BigEndian.append(UInt64(limb), bytes: 4, to: &magnitude) }
        magnitude.removeFirst(magnitude.prefix { $0 == 0 }.count)
        if magnitude.count <= 8 {
            // Only −2^64: one less than its magnitude still fits.
            return .negative(magnitude.reduce(0) { $0 << 8 | UInt64($1) })
        }
        return .large(negative: negative, magnitude: magnitude)
    }

    /// Whether text is `-?(0|[1-9][0-9]*)`, not `-0`, and not too long.
    static func isCanonical(_ text: String) -> Bool {
        var digits = text.utf8[...]
        let negative = digits.first == UInt8(ascii: "-")
        if negative { digits.removeFirst() }
        guard let first = digits.first, digits.count <= DocumentIndex.integerDigits,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return false }
        return first != UInt8(ascii: "0") || (digits.count == 1 && !negative)
    }

    /// Decimal text of the big-endian `magnitude`, or of −1 − magnitude.
    static func decimal(of magnitude: Span<UInt8>, negative: Bool) -> String {
        // Groups of nine digits, lowest first.
        var groups: [UInt32] = []
        for index in 0..<magnitude.count { multiply(&groups, by: 256, adding: UInt64(magnitude[index])) }
        if negative { multiply(&groups, by: 1, adding: 1) }
        var text = negative ? "-" : ""
        text += String(groups.last ?? 0)
        for group in groups.dropLast().reversed() {
            let digits = String(group)
            text += String(repeating: "0", count: 9 - digits.utf8.count) + digits
        }
        return text
    }

    private static func multiply(_ groups: inout [UInt32], by factor: UInt64, adding addend: UInt64) {
        var carry = addend
        for index in groups.indices {
            carry += UInt64(groups[index]) * factor
            groups[index] = UInt32(truncatingIfNeeded: carry % 1_000_000_000)
            carry /= 1_000_000_000
        }
        if carry > 0 { groups.append(UInt32(truncatingIfNeeded: carry)) }
    }
}
