// SPDX-License-Identifier: Apache-2.0

/// Well-formed UTF-8 (RFC 3629), looked at in words.
enum UTF8Text {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Length of the well-formed multi-byte sequence at `position`, or 0 when none stands there before `end`.
    static func sequence(in bytes: Span<UInt8>, at position: Int, end: Int) -> Int {
        let lead = bytes[position]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch lead {
        case 0xc2...0xdf: length = 2
        case 0xe0: (length, second) = (3, 0xa0...0xbf)
        case 0xed: (length, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: length = 3
        case 0xf0: (length, second) = (4, 0x90...0xbf)
        case 0xf1...0xf3: length = 4
        case 0xf4: (length, second) = (4, 0x80...0x8f)
        default: return 0
        }
        guard length <= end - position, second.contains(bytes[position + 1]) else { return 0 }
        for index in 2..<max(2, length) where bytes[position + index] & 0xc0 != 0x80 { return 0 }
        return length
    }

    /// Checks that `start..<end` is well-formed.
    /// - Throws: ``DocumentError/Code/invalidUTF8`` at the first byte of the first bad sequence.
    @inline(__always)
    static func validate(_ bytes: Span<UInt8>, from start: Int, to end: Int) throws(DocumentError) {
        var position = start
        while position < end {
            if end &- position >= 8 {
                let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
                let marks = UInt64(littleEndian: word) & highBits
                position &+= marks.trailingZeroBitCount >> 3
                if marks == 0 { continue }
            } else if bytes[position] < 0x80 {
                position &+= 1
                continue
            }
            let length = sequence(in: bytes, at: position, end: end)
            guard length > 0 else { throw DocumentError(.invalidUTF8, at: position) }
            position &+= length
        }
    }
}
