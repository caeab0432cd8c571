// SPDX-License-Identifier: Apache-2.0

/// Base64url without padding (RFC 4648 section 5), strict in both directions.
///
/// Each byte string has exactly one accepted text: only the 64 characters, no `=`, no line breaks, unused trailing
/// bits zero.
public enum Base64URL {
    // MARK: Single characters

    /// The value 0–63 of an alphabet character, or nil for any other byte.
    @inline(__always)
    public static func sextet(of character: UInt8) -> UInt8? {
        let value = sextetOfCharacter[Int(character)]
        return value < 64 ? value : nil
    }

    /// The character that spells the low six bits of `sextet`.
    @inline(__always)
    public static func character(of sextet: UInt8) -> UInt8 {
        characterOfSextet[Int(sextet & 63)]
    }

    // MARK: Lengths

    /// How many characters spell `count` bytes.
    public static func encodedCount(of count: Int) -> Int { (count * 4 + 2) / 3 }

    /// How many bytes `count` characters spell.
    /// - Throws: ``Base64Error`` when no byte string has a text of that length.
    public static func decodedCount(of count: Int) throws(Base64Error) -> Int {
        guard count % 4 != 1 else { throw Base64Error(.invalidLength, offset: count) }
        return count / 4 * 3 + max(0, count % 4 - 1)
    }

    // MARK: Encoding

    /// The text of `bytes` as ASCII.
    public static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        [UInt8](capacity: encodedCount(of: bytes.count)) { target in encode(bytes, to: &target) }
    }

    /// The text of `bytes`.
    public static func encodedString(_ bytes: Span<UInt8>) -> String {
        String(decoding: encode(bytes), as: UTF8.self)
    }

    /// Appends the text of `bytes` to `target`, which must have room for ``encodedCount(of:)`` characters.
    @_lifetime(target: copy target)
    public static func encode(_ bytes: Span<UInt8>, to target: inout OutputSpan<UInt8>) {
        var index = 0
        while index + 3 <= bytes.count {
            let word =
                UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            target.append(characterOfSextet[Int(word >> 18)])
            target.append(characterOfSextet[Int(word >> 12 & 63)])
            target.append(characterOfSextet[Int(word >> 6 & 63)])
            target.append(characterOfSextet[Int(word & 63)])
            index += 3
        }
        switch bytes.count - index {
        case 1:
            let word = UInt32(bytes[index]) << 4
            target.append(characterOfSextet[Int(word >> 6)])
            target.append(characterOfSextet[Int(word & 63)])
        case 2:
            let word = UInt32(bytes[index]) << 10 | UInt32(bytes[index + 1]) << 2
            target.append(characterOfSextet[Int(word >> 12)])
            target.append(characterOfSextet[Int(word >> 6 & 63)])
            target.append(characterOfSextet[Int(word & 63)])
        default: break
        }
    }

    // MARK: Decoding

    /// The bytes that `text` spells.
    /// - Throws: ``Base64Error`` for anything but the one text of those bytes.
    public static func decode(_ text: Span<UInt8>) throws(Base64Error) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: try decodedCount(of: text.count))
        var target = result.mutableSpan
        try decode(text, into: &target)
        return result
    }

    /// Writes the bytes that `text` spells over all of `target`, which must have exactly their count.
    /// - Throws: ``Base64Error``; `target` then holds unspecified bytes.
    @_lifetime(target: copy target)
    public static func decode(_ text: Span<UInt8>, into target: inout MutableSpan<UInt8>) throws(Base64Error) {
        guard try decodedCount(of: text.count) == target.count else {
            throw Base64Error(.wrongTargetLength, offset: text.count)
        }
        let quads = text.count / 4
        var seen: UInt8 = 0
        // All indexes are below the counts that were compared above: `quads` times four characters, three bytes. The
        // bounds checks would cost half of the time.
        unsafe text.withUnsafeBufferPointer { source in
            unsafe target.withUnsafeMutableBufferPointer { result in
                for quad in 0..<quads {
                    let a = unsafe sextetOfCharacter[Int(source[quad &* 4])]
                    let b = unsafe sextetOfCharacter[Int(source[quad &* 4 &+ 1])]
                    let c = unsafe sextetOfCharacter[Int(source[quad &* 4 &+ 2])]
                    let d = unsafe sextetOfCharacter[Int(source[quad &* 4 &+ 3])]
                    seen |= a | b | c | d
                    unsafe result[quad &* 3] = a << 2 | b >> 4
                    unsafe result[quad &* 3 &+ 1] = b << 4 | c >> 2
                    unsafe result[quad &* 3 &+ 2] = c << 6 | d
                }
            }
        }
        let from = quads * 4
        let to = quads * 3
        var spare: UInt8 = 0
        let rest = text.count - from
        if rest >= 2 {
            let a = sextetOfCharacter[Int(text[from])]
            let b = sextetOfCharacter[Int(text[from + 1])]
            seen |= a | b
            target[to] = a << 2 | b >> 4
            spare = b & 15
            if rest == 3 {
                let c = sextetOfCharacter[Int(text[from + 2])]
                seen |= c
                target[to + 1] = b << 4 | c >> 2
                spare = c & 3
            }
        }
        guard seen < 64 else { throw Base64Error(.invalidCharacter, offset: firstInvalid(in: text)) }
        guard spare == 0 else { throw Base64Error(.nonZeroTrailingBits, offset: text.count - 1) }
    }

    /// Whether every byte of `text` is in the alphabet.
    public static func isAlphabet(_ text: Span<UInt8>) -> Bool { firstInvalid(in: text) == text.count }

    /// Index of the first byte outside the alphabet, or the count.
    @inline(never)
    private static func firstInvalid(in text: Span<UInt8>) -> Int {
        for index in text.indices where sextetOfCharacter[Int(text[index])] > 63 { return index }
        return text.count
    }
}
