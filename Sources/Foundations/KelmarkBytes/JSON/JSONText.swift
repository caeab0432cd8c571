// SPDX-License-Identifier: Apache-2.0

/// The inside of JSON text: runs without escapes, escapes in Python's spelling, escapes in any spelling.
enum JSONText {
    /// First position at or behind `start` that is not a plain ASCII character of JSON text (a quote, a backslash,
    /// a control character, a non-ASCII byte), or the byte count.
    @inline(__always)
    static func plainEnd(in bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        let end = bytes.count
        while end &- position >= 8 {
            let loaded = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
            let word = UInt64(littleEndian: loaded)
            let quotes = word ^ (UTF8Text.ones &* 0x22)
            let slashes = word ^ (UTF8Text.ones &* 0x5c)
            // A high bit marks a byte of interest. Borrows can only make false marks behind a true one.
            let marks =
                ((quotes &- UTF8Text.ones) & ~quotes)
                | ((slashes &- UTF8Text.ones) & ~slashes)
                | ((word &- UTF8Text.ones &* 0x20) & ~word)
                | word
            let found = marks & UTF8Text.highBits
            if found != 0 { return position &+ (found.trailingZeroBitCount >> 3) }
            position &+= 8
        }
        while position < end, isPlain(bytes[position]) { position &+= 1 }
        return position
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Skips the escape or multi-byte character at `position`; returns the position behind it.
    @inline(never)
    static func skipSpecial(
        in bytes: Span<UInt8>, at position: Int, canonical: Bool
    ) throws(DocumentError) -> Int {
        let byte = bytes[position]
        guard byte >= 0x20 else { throw DocumentError(.controlCharacter, at: position) }
        guard byte == UInt8(ascii: "\\") else {
            let length = UTF8Text.sequence(in: bytes, at: position, end: bytes.count)
            guard length > 0 else { throw DocumentError(.invalidUTF8, at: position) }
            return position + length
        }
        let escape = try Escape(in: bytes, at: position)
        if canonical {
            guard escape.isCanonical else { throw DocumentError(.nonCanonicalEscape, at: position) }
        }
        return position + escape.byteCount
    }

    /// One escape, or a pair of them that spells a character beyond U+FFFF.
    struct Escape {
        /// The character that it stands for.
        let scalar: Unicode.Scalar
        /// Bytes from the backslash on.
        let byteCount: Int
        /// Whether `json.dumps` spells the character like that.
        let isCanonical: Bool

        /// Reads the escape whose backslash is at `position`.
        init(in bytes: Span<UInt8>, at position: Int) throws(DocumentError) {
            guard position + 1 < bytes.count else { throw DocumentError(.truncated, at: bytes.count) }
            let letter = bytes[position + 1]
            if letter != UInt8(ascii: "u") {
                guard let scalar = Self.named(letter) else { throw DocumentError(.invalidEscape, at: position) }
                self.scalar = scalar
                byteCount = 2
                isCanonical = letter != UInt8(ascii: "/")
                return
            }
            let (unit, lowerCase) = try Self.unit(in: bytes, at: position + 2)
            if let scalar = Unicode.Scalar(unit) {
                self.scalar = scalar
                byteCount = 6
                isCanonical = unit < 0x20 && lowerCase && Self.letter(for: UInt8(unit)) == nil
                return
            }
            // A lead surrogate needs its trail right behind it.
            guard unit < 0xdc00, position + 7 < bytes.count, bytes[position + 6] == UInt8(ascii: "\\"),
                bytes[position + 7] == UInt8(ascii: "u")
            else { throw DocumentError(.loneSurrogate, at: position) }
            let (trail, _) = try Self.unit(in: bytes, at: position + 8)
            guard (0xdc00...0xdfff).contains(trail),
                let scalar = Unicode.Scalar(0x10000 + ((UInt32(unit) - 0xd800) << 10) + (UInt32(trail) - 0xdc00))
            else { throw DocumentError(.loneSurrogate, at: position) }
            self.scalar = scalar
            byteCount = 12
            isCanonical = false
        }

        private static func unit(
            in bytes: Span<UInt8>, at start: Int
        ) throws(DocumentError) -> (unit: UInt16, lowerCase: Bool) {
            var unit: UInt16 = 0
            var lowerCase = true
            for index in start..<(start + 4) {
                guard index < bytes.count else { throw DocumentError(.truncated, at: bytes.count) }
                let digit: UInt8
                switch bytes[index] {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"):
                    digit = bytes[index] - UInt8(ascii: "A") + 10
                    lowerCase = false
                default: throw DocumentError(.invalidEscape, at: index)
                }
                unit = unit << 4 | UInt16(digit)
            }
            return (unit, lowerCase)
        }

        private static func named(_ letter: UInt8) -> Unicode.Scalar? {
            switch letter {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): Unicode.Scalar(letter)
            case UInt8(ascii: "b"): "\u{8}"
            case UInt8(ascii: "f"): "\u{c}"
            case UInt8(ascii: "n"): "\n"
            case UInt8(ascii: "r"): "\r"
            case UInt8(ascii: "t"): "\t"
            default: nil
            }
        }

        /// The letter of the short escape of a character that must be escaped, if it has one.
        static func letter(for byte: UInt8) -> UInt8? {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
            case 0x08: UInt8(ascii: "b")
            case 0x0c: UInt8(ascii: "f")
            case 0x0a: UInt8(ascii: "n")
            case 0x0d: UInt8(ascii: "r")
            case 0x09: UInt8(ascii: "t")
            default: nil
            }
        }
    }

    /// Appends `"text"` as `json.dumps(text, ensure_ascii=False)` writes it; RFC 8785 writes the same.
    static func append(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        let utf8 = text.utf8.span
        if plainEnd(in: utf8, from: 0) == utf8.count {
            output.append(contentsOf: text.utf8)
            output.append(UInt8(ascii: "\""))
            return
        }
        for byte in text.utf8 {
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                output.append(byte)
            } else if let letter = Escape.letter(for: byte) {
                output.append(UInt8(ascii: "\\"))
                output.append(letter)
            } else {
                output.append(contentsOf: "\\u00".utf8)
                output.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
                let low = byte & 15
                output.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
