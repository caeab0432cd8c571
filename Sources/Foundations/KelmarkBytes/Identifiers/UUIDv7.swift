// SPDX-License-Identifier: Apache-2.0

/// A version 7 UUID (RFC 9562 5.7): 48 bits of Unix time in milliseconds, then random bits.
///
/// Ordering is that of the 128 bits, which is also the order of the texts and, by millisecond, of time.
public struct UUIDv7: Hashable, Sendable {
    /// Latest time that fits, in milliseconds since 1970.
    public static let latestMilliseconds: UInt64 = (1 << 48) - 1

    /// The 128 bits, most significant first.
    public let bits: UInt128

    /// Joins a time in milliseconds since 1970 with the low 74 of the given random bits.
    /// - Throws: ``UUIDv7Error/timeOutOfRange`` beyond ``latestMilliseconds``.
    public init(millisecondsSince1970 time: UInt64, randomBits: UInt128) throws(UUIDv7Error) {
        guard time <= Self.latestMilliseconds else { throw .timeOutOfRange }
        let high = (randomBits >> 62) & 0xfff
        let low = randomBits & ((1 << 62) - 1)
        bits = UInt128(time) << 80 | 7 << 76 | high << 64 | 2 << 62 | low
    }

    /// Joins a time in milliseconds since 1970 with bits of `generator`.
    /// - Throws: ``UUIDv7Error/timeOutOfRange`` beyond ``latestMilliseconds``.
    public init(
        millisecondsSince1970 time: UInt64, using generator: inout some RandomNumberGenerator
    ) throws(UUIDv7Error) {
        try self.init(millisecondsSince1970: time, randomBits: .random(in: 0...UInt128.max, using: &generator))
    }

    /// Reads the 36 characters of the one text form: lower-case hex digits in groups of 8, 4, 4, 4 and 12.
    /// - Throws: ``UUIDv7Error`` for any other text, version or variant.
    public init(parsing text: Span<UInt8>) throws(UUIDv7Error) {
        guard text.count == 36 else { throw .wrongLength }
        var bits: UInt128 = 0
        for offset in 0..<36 {
            let byte = text[offset]
            if Self.isHyphen(offset) {
                guard byte == UInt8(ascii: "-") else { throw .unexpectedByte(offset: offset) }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: throw .unexpectedByte(offset: offset)
            }
            bits = bits << 4 | UInt128(digit)
        }
        try self.init(bits: bits)
    }

    /// Reads the text form.
    /// - Throws: ``UUIDv7Error`` as ``init(parsing:)``.
    public init(_ text: String) throws(UUIDv7Error) {
        let bytes = Array(text.utf8)
        try self.init(parsing: bytes.span)
    }

    /// Takes 16 bytes, most significant first.
    /// - Throws: ``UUIDv7Error`` for another length, version or variant.
    public init(bytes: Span<UInt8>) throws(UUIDv7Error) {
        guard bytes.count == 16 else { throw .wrongLength }
        var bits: UInt128 = 0
        for index in 0..<16 { bits = bits << 8 | UInt128(bytes[index]) }
        try self.init(bits: bits)
    }

    private init(bits: UInt128) throws(UUIDv7Error) {
        guard (bits >> 76) & 15 == 7 else { throw .wrongVersion }
        guard (bits >> 62) & 3 == 2 else { throw .wrongVariant }
        self.bits = bits
    }

    /// Milliseconds since 1970.
    public var millisecondsSince1970: UInt64 { UInt64(truncatingIfNeeded: bits >> 80) }

    /// The 74 bits that are not time, version or variant.
    public var randomBits: UInt128 { ((bits >> 64) & 0xfff) << 62 | bits & ((1 << 62) - 1) }

    /// The 16 bytes, most significant first.
    public var bytes: [UInt8] {
        (0..<16).map { UInt8(truncatingIfNeeded: bits >> (120 - 8 * UInt128($0))) }
    }

    private static func isHyphen(_ offset: Int) -> Bool {
        offset == 8 || offset == 13 || offset == 18 || offset == 23
    }
}

extension UUIDv7: CustomStringConvertible {
    /// The text form.
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        var shift: UInt128 = 128
        for offset in 0..<36 {
            if Self.isHyphen(offset) {
                text.append(UInt8(ascii: "-"))
            } else {
                shift -= 4
                let digit = UInt8(truncatingIfNeeded: bits >> shift) & 15
                text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension UUIDv7: Comparable {
    /// Order of the 128 bits.
    public static func < (one: UUIDv7, other: UUIDv7) -> Bool { one.bits < other.bits }
}

/// Why something is no version 7 UUID.
public enum UUIDv7Error: Error, Hashable, Sendable {
    /// Not 36 characters or 16 bytes.
    case wrongLength
    /// Neither a lower-case hex digit nor a hyphen in its place.
    case unexpectedByte(offset: Int)
    /// A UUID of another version.
    case wrongVersion
    /// Not the variant of RFC 9562.
    case wrongVariant
    /// The time does not fit 48 bits of milliseconds.
    case timeOutOfRange
}
