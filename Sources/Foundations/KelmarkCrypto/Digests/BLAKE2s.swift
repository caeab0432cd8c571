// SPDX-License-Identifier: Apache-2.0

/// BLAKE2s with 32 bytes of output and no key (RFC 7693), which libsodium lacks.
enum BLAKE2s {
    private static let blockByteCount = 64

    private static let initial = SIMD8<UInt32>(
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)

    /// The order in which each of the ten rounds takes the words of a block (RFC 7693, 2.7).
    private static let schedule: [[Int]] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ]

    /// Writes the hash of `input` to `output`, which has 32 bytes.
    static func hash(_ input: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
        var h = initial
        // Parameter block: digest length 32, no key, fanout 1, depth 1.
        h[0] ^= 0x0101_0020
        var offset = 0
        while input.count - offset > blockByteCount {
            compress(&h, words(input, from: offset), count: UInt64(offset + blockByteCount), isLast: false)
            offset += blockByteCount
        }
        compress(&h, words(input, from: offset), count: UInt64(input.count), isLast: true)
        for index in 0..<32 {
            output[index] = UInt8(truncatingIfNeeded: h[index / 4] >> UInt32(8 * (index % 4)))
        }
    }

    /// The block that begins at `offset`, with zeros behind the end of the input.
    private static func words(_ input: Span<UInt8>, from offset: Int) -> SIMD16<UInt32> {
        var words = SIMD16<UInt32>()
        for index in 0..<min(blockByteCount, input.count - offset) {
            words[index / 4] |= UInt32(input[offset + index]) << UInt32(8 * (index % 4))
        }
        return words
    }

    private static func compress(_ h: inout SIMD8<UInt32>, _ m: SIMD16<UInt32>, count: UInt64, isLast: Bool) {
        var v = SIMD16(lowHalf: h, highHalf: initial)
        v[12] ^= UInt32(truncatingIfNeeded: count)
        v[13] ^= UInt32(truncatingIfNeeded: count >> 32)
        if isLast { v[14] = ~v[14] }

        func mix(_ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt32, _ y: UInt32) {
            v[a] = v[a] &+ v[b] &+ x
            v[d] = BLAKE3.rotate(v[d] ^ v[a], 16)
            v[c] = v[c] &+ v[d]
            v[b] = BLAKE3.rotate(v[b] ^ v[c], 12)
            v[a] = v[a] &+ v[b] &+ y
            v[d] = BLAKE3.rotate(v[d] ^ v[a], 8)
            v[c] = v[c] &+ v[d]
            v[b] = BLAKE3.rotate(v[b] ^ v[c], 7)
        }
        for s in schedule {
            mix(0, 4, 8, 12, m[s[0]], m[s[1]])
            mix(1, 5, 9, 13, m[s[2]], m[s[3]])
            mix(2, 6, 10, 14, m[s[4]], m[s[5]])
            mix(3, 7, 11, 15, m[s[6]], m[s[7]])
            mix(0, 5, 10, 15, m[s[8]], m[s[9]])
            mix(1, 6, 11, 12, m[s[10]], m[s[11]])
            mix(2, 7, 8, 13, m[s[12]], m[s[13]])
            mix(3, 4, 9, 14, m[s[14]], m[s[15]])
        }
        h ^= v.lowHalf ^ v.highHalf
    }
}
