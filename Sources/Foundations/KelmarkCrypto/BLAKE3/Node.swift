// SPDX-License-Identifier: Apache-2.0

extension BLAKE3 {
    /// The last compression of a chunk or of a parent, not done yet: as the root it is done with another flag and can
    /// be repeated for more output.
    struct Node {
        var value: ChainingValue
        var block: BlockWords
        var counter: UInt64
        var length: UInt32
        var flags: Flags

        /// The node above two subtrees.
        @inline(__always)
        init(left: ChainingValue, right: ChainingValue, key: ChainingValue, flags: Flags) {
            self.init(
                value: key, block: BlockWords(left, right), counter: 0, length: UInt32(blockByteCount),
                flags: flags.union(.parent))
        }

        @inline(__always)
        init(value: ChainingValue, block: BlockWords, counter: UInt64, length: UInt32, flags: Flags) {
            self.value = value
            self.block = block
            self.counter = counter
            self.length = length
            self.flags = flags
        }

        /// What this node hands to its parent (or, with `.root`, the first 32 bytes of output as words).
        @inline(__always)
        func chainingValue(extra: Flags = []) -> ChainingValue {
            compress(value, block, counter: counter, length: length, flags: flags.union(extra))
        }

        /// Fills `output` with the bytes of the root's output that begin at `position`.
        @inline(__always)
        func squeeze(into output: inout MutableSpan<UInt8>, from position: UInt64 = 0) {
            output.withUnsafeMutableBytes { squeeze(into: $0, from: position) }
        }

        @inline(__always)
        private func squeeze(into bytes: UnsafeMutableRawBufferPointer, from position: UInt64) {
            if bytes.count == BLAKE3.byteCount, position == 0 {
                chainingValue(extra: .root).store(to: bytes)
            } else {
                squeezeBlocks(into: bytes, from: position)
            }
        }

        /// The first `count` bytes of the root's output.
        func squeezed(_ count: Int) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                squeeze(
                    into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]),
                    from: 0)
                initialized = count
            }
        }

        private func squeezeBlocks(into bytes: UnsafeMutableRawBufferPointer, from position: UInt64) {
            var done = 0
            while done < bytes.count {
                let place = position &+ UInt64(done)
                let skip = Int(place % UInt64(blockByteCount))
                var words = outputBlock(place / UInt64(blockByteCount))
                withUnsafeBytes(of: &words) { block in
                    let count = min(blockByteCount - skip, bytes.count - done)
                    UnsafeMutableRawBufferPointer(rebasing: bytes[done..<(done + count)])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: block[skip..<(skip + count)]))
                    done += count
                }
            }
        }

        /// All sixteen words of one output block, in little-endian order.
        private func outputBlock(_ index: UInt64) -> BlockWords {
            let s = rounds(value, block, counter: index, length: length, flags: flags.union(.root))
            return BlockWords(
                m0: (s.v0 ^ s.v8).littleEndian, m1: (s.v1 ^ s.v9).littleEndian,
                m2: (s.v2 ^ s.v10).littleEndian, m3: (s.v3 ^ s.v11).littleEndian,
                m4: (s.v4 ^ s.v12).littleEndian, m5: (s.v5 ^ s.v13).littleEndian,
                m6: (s.v6 ^ s.v14).littleEndian, m7: (s.v7 ^ s.v15).littleEndian,
                m8: (s.v8 ^ value.h0).littleEndian, m9: (s.v9 ^ value.h1).littleEndian,
                m10: (s.v10 ^ value.h2).littleEndian, m11: (s.v11 ^ value.h3).littleEndian,
                m12: (s.v12 ^ value.h4).littleEndian, m13: (s.v13 ^ value.h5).littleEndian,
                m14: (s.v14 ^ value.h6).littleEndian, m15: (s.v15 ^ value.h7).littleEndian)
        }
    }
}

extension BLAKE3.ChainingValue {
    /// Writes the words as 32 bytes; `bytes` has exactly as many.
    @inline(__always)
    func store(to bytes: UnsafeMutableRawBufferPointer) {
        @inline(__always) func put(_ word: UInt32, _ index: Int) {
            bytes.storeBytes(of: word.littleEndian, toByteOffset: 4 &* index, as: UInt32.self)
        }
        put(h0, 0)
        put(h1, 1)
        put(h2, 2)
        put(h3, 3)
        put(h4, 4)
        put(h5, 5)
        put(h6, 6)
        put(h7, 7)
    }
}
