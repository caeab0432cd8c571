// SPDX-License-Identifier: Apache-2.0

extension BLAKE3 {
    /// Hashes input that arrives in pieces. A copy continues on its own.
    public struct Hasher: Sendable {
        private let key: ChainingValue
        private let flags: Flags
        /// The current chunk. It is kept until more input follows, because the last one may be the root.
        private var chunk: ChunkState
        /// Roots of the complete subtrees to the left of the current chunk, the largest first. A length of 64 bits has at
        /// most 2^54 chunks, so no more than 54 wait.
        private var subtrees: InlineArray<54, ChainingValue>
        private var subtreeCount = 0

        /// Starts a plain hash.
        public init() {
            self.init(key: .initial, flags: [])
        }

        /// Starts a keyed hash.
        /// - Throws: ``CryptoError/wrongLength(of:expected:found:)`` when the key has not 32 bytes.
        public init(key: Span<UInt8>) throws(CryptoError) {
            self.init(key: try ChainingValue(key: key), flags: .keyedHash)
        }

        /// Starts the derivation of a key for one purpose; the input is the key material.
        public init(derivingKeyFor context: Span<UInt8>) {
            self.init(key: contextKey(context), flags: .deriveKeyMaterial)
        }

        init(key: ChainingValue, flags: Flags) {
            self.key = key
            self.flags = flags
            chunk = ChunkState(key: key, counter: 0, flags: flags)
            subtrees = InlineArray(repeating: key)
        }

        /// Adds `input`.
        public mutating func update(_ input: Span<UInt8>) {
            input.withUnsafeBytes { update($0) }
        }

        private mutating func update(_ input: UnsafeRawBufferPointer) {
            var offset = 0
            while offset < input.count {
                if chunk.byteCount == chunkByteCount {
                    finishChunk()
                }
                if chunk.byteCount == 0 {
                    offset = hashWide(input, from: offset)
                }
                let count = min(chunkByteCount - chunk.byteCount, input.count - offset)
                chunk.update(UnsafeRawBufferPointer(rebasing: input[offset..<(offset + count)]))
                offset += count
            }
        }

        /// Takes four chunks at a time while more input follows them, and answers where it stopped.
        private mutating func hashWide(_ input: UnsafeRawBufferPointer, from start: Int) -> Int {
            var offset = start
            while input.count - offset > WideState.lanes * chunkByteCount {
                let counter = chunk.counter
                let values = WideState.chainingValues(
                    ofChunks: UnsafeRawBufferPointer(rebasing: input[offset...]), key: key, counter: counter,
                    flags: flags)
                push(values.0, chunks: counter + 1)
                push(values.1, chunks: counter + 2)
                push(values.2, chunks: counter + 3)
                push(values.3, chunks: counter + 4)
                chunk.counter = counter + 4
                offset += WideState.lanes * chunkByteCount
            }
            return offset
        }

        private mutating func finishChunk() {
            let counter = chunk.counter + 1
            push(chunk.lastNode().chainingValue(), chunks: counter)
            chunk = ChunkState(key: key, counter: counter, flags: flags)
        }

        /// Adds a finished chunk that is not the last, and joins the subtrees it completes: one for every trailing zero
        /// of the number of chunks so far.
        private mutating func push(_ value: ChainingValue, chunks: UInt64) {
            var value = value
            var chunks = chunks
            while chunks & 1 == 0 {
                subtreeCount -= 1
                value = Node(left: subtrees[subtreeCount], right: value, key: key, flags: flags).chainingValue()
                chunks >>= 1
            }
            subtrees[subtreeCount] = value
            subtreeCount += 1
        }

        /// The root of the tree over everything added so far.
        func root() -> Node {
            var node = chunk.lastNode()
            var index = subtreeCount
            while index > 0 {
                index -= 1
                node = Node(left: subtrees[index], right: node.chainingValue(), key: key, flags: flags)
            }
            return node
        }

        /// Fills `output` with the hash of everything added so far, from byte `position` of the endless output on.
        /// More may be added afterwards.
        public func finalize(into output: inout MutableSpan<UInt8>, from position: UInt64 = 0) {
            root().squeeze(into: &output, from: position)
        }

        /// The first `count` bytes of the hash of everything added so far.
        public func finalize(count: Int = byteCount) -> [UInt8] {
            root().squeezed(count)
        }
    }

    /// A chunk that fills up.
    struct ChunkState: Sendable {
        private var value: ChainingValue
        private var buffer = InlineArray<64, UInt8>(repeating: 0)
        private var buffered = 0
        private var compressed = 0
        var counter: UInt64
        private let flags: Flags

        init(key: ChainingValue, counter: UInt64, flags: Flags) {
            value = key
            self.counter = counter
            self.flags = flags
        }

        /// How many bytes of the chunk have been seen.
        var byteCount: Int { compressed * blockByteCount + buffered }

        private var start: Flags { compressed == 0 ? .chunkStart : [] }

        /// Adds at most as many bytes as the chunk lacks.
        mutating func update(_ input: UnsafeRawBufferPointer) {
            var offset = 0
            while offset < input.count {
                if buffered == blockByteCount {
                    absorb(bufferedBlock())
                    buffered = 0
                }
                if buffered == 0 {
                    while input.count - offset > blockByteCount {
                        absorb(BlockWords(full: input, at: offset))
                        offset += blockByteCount
                    }
                }
                let count = min(blockByteCount - buffered, input.count - offset)
                for index in 0..<count { buffer[buffered + index] = input[offset + index] }
                buffered += count
                offset += count
            }
        }

        private mutating func absorb(_ words: BlockWords) {
            value = compress(
                value, words, counter: counter, length: UInt32(blockByteCount), flags: flags.union(start))
            compressed += 1
        }

        private func bufferedBlock() -> BlockWords {
            buffer.span.withUnsafeBytes {
                BlockWords(partial: UnsafeRawBufferPointer(rebasing: $0[..<buffered]), from: 0)
            }
        }

        /// The last compression of the chunk as it is now.
        func lastNode() -> Node {
            Node(
                value: value, block: bufferedBlock(), counter: counter, length: UInt32(buffered),
                flags: flags.union(start).union(.chunkEnd))
        }
    }
}
