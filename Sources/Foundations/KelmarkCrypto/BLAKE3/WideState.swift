// SPDX-License-Identifier: Apache-2.0

extension BLAKE3 {
    /// Four chunks side by side: every vector holds the same word of four states.
    ///
    /// Four lanes, because four is what every processor we build for has registers for; a left shift is written as a
    /// multiplication, because the standard library's shift works lane by lane and the compiler then leaves it so.
    struct WideState {
        typealias Vector = SIMD4<UInt32>
        static let lanes = 4

        var v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15: Vector

        /// The chaining values of the first four chunks of `bytes`; none of them may be the root.
        @inline(never)
        static func chainingValues(
            ofChunks bytes: UnsafeRawBufferPointer, key: ChainingValue, counter: UInt64, flags: Flags
        ) -> (ChainingValue, ChainingValue, ChainingValue, ChainingValue) {
            let counters = (counter, counter &+ 1, counter &+ 2, counter &+ 3)
            let low = Vector(
                UInt32(truncatingIfNeeded: counters.0), UInt32(truncatingIfNeeded: counters.1),
                UInt32(truncatingIfNeeded: counters.2), UInt32(truncatingIfNeeded: counters.3))
            let high = Vector(
                UInt32(truncatingIfNeeded: counters.0 >> 32), UInt32(truncatingIfNeeded: counters.1 >> 32),
                UInt32(truncatingIfNeeded: counters.2 >> 32), UInt32(truncatingIfNeeded: counters.3 >> 32))
            var h = WideValue(key)
            for block in 0..<(chunkByteCount / blockByteCount) {
                var flag = flags
                if block == 0 { flag.insert(.chunkStart) }
                if block == chunkByteCount / blockByteCount - 1 { flag.insert(.chunkEnd) }
                compress(&h, bytes, at: block &* blockByteCount, low: low, high: high, flags: flag)
            }
            return (h.lane(0), h.lane(1), h.lane(2), h.lane(3))
        }

        /// One block of each of the four chunks. Not inlined, or the optimiser takes the vectors apart to hand out lanes.
        @inline(never)
        private static func compress(
            _ h: inout WideValue, _ bytes: UnsafeRawBufferPointer, at offset: Int, low: Vector, high: Vector,
            flags: Flags
        ) {
            var s = WideState(
                v0: h.h0, v1: h.h1, v2: h.h2, v3: h.h3, v4: h.h4, v5: h.h5, v6: h.h6, v7: h.h7,
                v8: Vector(repeating: iv0), v9: Vector(repeating: iv1), v10: Vector(repeating: iv2),
                v11: Vector(repeating: iv3), v12: low, v13: high,
                v14: Vector(repeating: UInt32(blockByteCount)), v15: Vector(repeating: flags.rawValue))
            s.sevenRounds(WideBlock(bytes, at: offset))
            h = WideValue(
                h0: s.v0 ^ s.v8, h1: s.v1 ^ s.v9, h2: s.v2 ^ s.v10, h3: s.v3 ^ s.v11,
                h4: s.v4 ^ s.v12, h5: s.v5 ^ s.v13, h6: s.v6 ^ s.v14, h7: s.v7 ^ s.v15)
        }

        @inline(__always)
        private mutating func sevenRounds(_ m: WideBlock) {
            var words = m
            round(words)
            words.permute()
            round(words)
            words.permute()
            round(words)
            words.permute()
            round(words)
            words.permute()
            round(words)
            words.permute()
            round(words)
            words.permute()
            round(words)
        }

        @inline(__always)
        private mutating func round(_ m: WideBlock) {
            Self.mix(&v0, &v4, &v8, &v12, m.m0, m.m1)
            Self.mix(&v1, &v5, &v9, &v13, m.m2, m.m3)
            Self.mix(&v2, &v6, &v10, &v14, m.m4, m.m5)
            Self.mix(&v3, &v7, &v11, &v15, m.m6, m.m7)
            Self.mix(&v0, &v5, &v10, &v15, m.m8, m.m9)
            Self.mix(&v1, &v6, &v11, &v12, m.m10, m.m11)
            Self.mix(&v2, &v7, &v8, &v13, m.m12, m.m13)
            Self.mix(&v3, &v4, &v9, &v14, m.m14, m.m15)
        }

        @inline(__always)
        private static func mix(
            _ a: inout Vector, _ b: inout Vector, _ c: inout Vector, _ d: inout Vector, _ x: Vector, _ y: Vector
        ) {
            a = a &+ b &+ x
            d = rotate(d ^ a, 16)
            c = c &+ d
            b = rotate(b ^ c, 12)
            a = a &+ b &+ y
            d = rotate(d ^ a, 8)
            c = c &+ d
            b = rotate(b ^ c, 7)
        }

        @inline(__always)
        private static func rotate(_ x: Vector, _ n: UInt32) -> Vector {
            (x &>> Vector(repeating: n)) | (x &* Vector(repeating: 1 &<< (32 &- n)))
        }
    }

    /// Four chaining values, word by word.
    struct WideValue {
        var h0, h1, h2, h3, h4, h5, h6, h7: SIMD4<UInt32>

        @inline(__always)
        init(_ value: ChainingValue) {
            self.init(
                h0: SIMD4(repeating: value.h0), h1: SIMD4(repeating: value.h1), h2: SIMD4(repeating: value.h2),
                h3: SIMD4(repeating: value.h3), h4: SIMD4(repeating: value.h4), h5: SIMD4(repeating: value.h5),
                h6: SIMD4(repeating: value.h6), h7: SIMD4(repeating: value.h7))
        }

        @inline(__always)
        init(
            h0: SIMD4<UInt32>, h1: SIMD4<UInt32>, h2: SIMD4<UInt32>, h3: SIMD4<UInt32>, h4: SIMD4<UInt32>,
            h5: SIMD4<UInt32>, h6: SIMD4<UInt32>, h7: SIMD4<UInt32>
        ) {
            self.h0 = h0
            self.h1 = h1
            self.h2 = h2
            self.h3 = h3
            self.h4 = h4
            self.h5 = h5
            self.h6 = h6
            self.h7 = h7
        }

        @inline(__always)
        func lane(_ i: Int) -> ChainingValue {
            ChainingValue(
                h0: h0[i], h1: h1[i], h2: h2[i], h3: h3[i], h4: h4[i], h5: h5[i], h6: h6[i], h7: h7[i])
        }
    }

    /// The same block of four chunks, word by word.
    struct WideBlock {
        var m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15: SIMD4<UInt32>

        /// The blocks at `offset` of four chunks that lie one behind the other.
        @inline(__always)
        init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
            (m0, m1, m2, m3) = Self.words(bytes, at: offset)
            (m4, m5, m6, m7) = Self.words(bytes, at: offset &+ 16)
            (m8, m9, m10, m11) = Self.words(bytes, at: offset &+ 32)
            (m12, m13, m14, m15) = Self.words(bytes, at: offset &+ 48)
        }

        /// Four words of each chunk, turned so that each vector holds one word of all four.
        @inline(__always)
        private static func words(
            _ bytes: UnsafeRawBufferPointer, at offset: Int
        ) -> (SIMD4<UInt32>, SIMD4<UInt32>, SIMD4<UInt32>, SIMD4<UInt32>) {
            @inline(__always) func row(_ chunk: Int) -> SIMD4<UInt32> {
                let row = bytes.loadUnaligned(
                    fromByteOffset: offset &+ chunk &* chunkByteCount, as: SIMD4<UInt32>.self)
                return SIMD4(
                    row.x.littleEndian, row.y.littleEndian, row.z.littleEndian, row.w.littleEndian)
            }
            let (a, b, c, d) = (row(0), row(1), row(2), row(3))
            return (
                SIMD4(a.x, b.x, c.x, d.x), SIMD4(a.y, b.y, c.y, d.y), SIMD4(a.z, b.z, c.z, d.z),
                SIMD4(a.w, b.w, c.w, d.w)
            )
        }

        @inline(__always)
        private init(
            _ m0: SIMD4<UInt32>, _ m1: SIMD4<UInt32>, _ m2: SIMD4<UInt32>, _ m3: SIMD4<UInt32>, _ m4: SIMD4<UInt32>,
            _ m5: SIMD4<UInt32>, _ m6: SIMD4<UInt32>, _ m7: SIMD4<UInt32>, _ m8: SIMD4<UInt32>, _ m9: SIMD4<UInt32>,
            _ m10: SIMD4<UInt32>, _ m11: SIMD4<UInt32>, _ m12: SIMD4<UInt32>, _ m13: SIMD4<UInt32>,
            _ m14: SIMD4<UInt32>, _ m15: SIMD4<UInt32>
        ) {
            (self.m0, self.m1, self.m2, self.m3) = (m0, m1, m2, m3)
            (self.m4, self.m5, self.m6, self.m7) = (m4, m5, m6, m7)
            (self.m8, self.m9, self.m10, self.m11) = (m8, m9, m10, m11)
            (self.m12, self.m13, self.m14, self.m15) = (m12, m13, m14, m15)
        }

        @inline(__always)
        mutating func permute() {
            self = WideBlock(m2, m6, m3, m10, m7, m0, m4, m13, m1, m11, m12, m5, m9, m14, m15, m8)
        }
    }
}
