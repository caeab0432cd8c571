// SPDX-License-Identifier: Apache-2.0

extension BLAKE3 {
    /// The domain flags of one compression (paper, table 3).
    struct Flags: OptionSet {
        let rawValue: UInt32

        static let chunkStart = Flags(rawValue: 1 << 0)
        static let chunkEnd = Flags(rawValue: 1 << 1)
        static let parent = Flags(rawValue: 1 << 2)
        static let root = Flags(rawValue: 1 << 3)
        static let keyedHash = Flags(rawValue: 1 << 4)
        static let deriveKeyContext = Flags(rawValue: 1 << 5)
        static let deriveKeyMaterial = Flags(rawValue: 1 << 6)
    }

    /// Eight words that one compression hands to the next; also the form of a key.
    struct ChainingValue {
        var h0, h1, h2, h3, h4, h5, h6, h7: UInt32

        /// The initial value, the same words as in SHA-256.
        static let initial = ChainingValue(
            h0: BLAKE3.iv0, h1: BLAKE3.iv1, h2: BLAKE3.iv2, h3: BLAKE3.iv3, h4: 0x510e_527f, h5: 0x9b05_688c,
            h6: 0x1f83_d9ab,
            h7: 0x5be0_cd19)
    }

    /// The sixteen words of a block of the message.
    struct BlockWords {
        var m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15: UInt32
    }

    /// The sixteen words that the rounds work on.
    struct State {
        var v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15: UInt32
    }

    /// The four words of the initial value that every compression starts with.
    static let iv0: UInt32 = 0x6a09_e667
    static let iv1: UInt32 = 0xbb67_ae85
    static let iv2: UInt32 = 0x3c6e_f372
    static let iv3: UInt32 = 0xa54f_f53a

    /// One compression, down to a chaining value.
    @inline(__always)
    static func compress(
        _ h: ChainingValue, _ m: BlockWords, counter: UInt64, length: UInt32, flags: Flags
    ) -> ChainingValue {
        let s = rounds(h, m, counter: counter, length: length, flags: flags)
        return ChainingValue(
            h0: s.v0 ^ s.v8, h1: s.v1 ^ s.v9, h2: s.v2 ^ s.v10, h3: s.v3 ^ s.v11,
            h4: s.v4 ^ s.v12, h5: s.v5 ^ s.v13, h6: s.v6 ^ s.v14, h7: s.v7 ^ s.v15)
    }

    /// Seven rounds; the order of the message words in each follows from permuting them after every round.
    @inline(never)
    static func rounds(
        _ h: ChainingValue, _ m: BlockWords, counter: UInt64, length: UInt32, flags: Flags
    ) -> State {
        var s = State(
            v0: h.h0, v1: h.h1, v2: h.h2, v3: h.h3, v4: h.h4, v5: h.h5, v6: h.h6, v7: h.h7,
            v8: iv0, v9: iv1, v10: iv2, v11: iv3,
            v12: UInt32(truncatingIfNeeded: counter), v13: UInt32(truncatingIfNeeded: counter >> 32),
            v14: length, v15: flags.rawValue)
        var words = m
        s.round(words)
        words.permute()
        s.round(words)
        words.permute()
        s.round(words)
        words.permute()
        s.round(words)
        words.permute()
        s.round(words)
        words.permute()
        s.round(words)
        words.permute()
        s.round(words)
        return s
    }

    /// The quarter round.
    @inline(__always)
    static func mix(
        _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32, _ x: UInt32, _ y: UInt32
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

    /// Rotates right.
    @inline(__always)
    static func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { (x &>> n) | (x &<< (32 &- n)) }
}

extension BLAKE3.State {
    /// Columns, then diagonals.
    @inline(__always)
    mutating func round(_ m: BLAKE3.BlockWords) {
        BLAKE3.mix(&v0, &v4, &v8, &v12, m.m0, m.m1)
        BLAKE3.mix(&v1, &v5, &v9, &v13, m.m2, m.m3)
        BLAKE3.mix(&v2, &v6, &v10, &v14, m.m4, m.m5)
        BLAKE3.mix(&v3, &v7, &v11, &v15, m.m6, m.m7)
        BLAKE3.mix(&v0, &v5, &v10, &v15, m.m8, m.m9)
        BLAKE3.mix(&v1, &v6, &v11, &v12, m.m10, m.m11)
        BLAKE3.mix(&v2, &v7, &v8, &v13, m.m12, m.m13)
        BLAKE3.mix(&v3, &v4, &v9, &v14, m.m14, m.m15)
    }
}

extension BLAKE3.BlockWords {
    /// The permutation between rounds (paper, table 2).
    @inline(__always)
    mutating func permute() {
        self = BLAKE3.BlockWords(
            m0: m2, m1: m6, m2: m3, m3: m10, m4: m7, m5: m0, m6: m4, m7: m13,
            m8: m1, m9: m11, m10: m12, m11: m5, m12: m9, m13: m14, m14: m15, m15: m8)
    }

    /// The 64 bytes at `offset`, which the caller knows to be there.
    @inline(__always)
    init(full bytes: UnsafeRawBufferPointer, at offset: Int) {
        @inline(__always) func word(_ index: Int) -> UInt32 {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 4 &* index, as: UInt32.self))
        }
        self.init(
            m0: word(0), m1: word(1), m2: word(2), m3: word(3), m4: word(4), m5: word(5), m6: word(6), m7: word(7),
            m8: word(8), m9: word(9), m10: word(10), m11: word(11), m12: word(12), m13: word(13), m14: word(14),
            m15: word(15))
    }

    /// What is left from `offset`, at most 64 bytes, with zeros behind.
    @inline(__always)
    init(partial bytes: UnsafeRawBufferPointer, from offset: Int) {
        if bytes.count &- offset == BLAKE3.blockByteCount {
            self.init(full: bytes, at: offset)
            return
        }
        var block = (UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        self = withUnsafeMutableBytes(of: &block) { target in
            if bytes.count > offset {
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
            }
            return Self(full: UnsafeRawBufferPointer(target), at: 0)
        }
    }

    /// Two chaining values side by side: the block of a parent.
    @inline(__always)
    init(_ l: BLAKE3.ChainingValue, _ r: BLAKE3.ChainingValue) {
        self.init(
            m0: l.h0, m1: l.h1, m2: l.h2, m3: l.h3, m4: l.h4, m5: l.h5, m6: l.h6, m7: l.h7,
            m8: r.h0, m9: r.h1, m10: r.h2, m11: r.h3, m12: r.h4, m13: r.h5, m14: r.h6, m15: r.h7)
    }
}

extension BLAKE3.ChainingValue {
    /// The words of a 32-byte key.
    init(key: Span<UInt8>) throws(CryptoError) {
        guard key.count == BLAKE3.keyByteCount else {
            throw .wrongLength(of: .key, expected: BLAKE3.keyByteCount, found: key.count)
        }
        self = key.withUnsafeBytes { bytes in
            func word(_ index: Int) -> UInt32 {
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
            }
            return Self(
                h0: word(0), h1: word(1), h2: word(2), h3: word(3), h4: word(4), h5: word(5), h6: word(6),
                h7: word(7))
        }
    }
}
