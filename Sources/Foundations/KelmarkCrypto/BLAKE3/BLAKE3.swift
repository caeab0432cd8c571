// SPDX-License-Identifier: Apache-2.0

/// The hash function BLAKE3, written from its paper (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, "BLAKE3: one function,
/// fast everywhere").
///
/// The input is cut into chunks of 1024 bytes, each chunk into blocks of 64. Chunks are the leaves of a binary tree
/// whose root can be squeezed for any number of bytes. One input may be hashed in three ways that never collide:
/// plain, keyed, and for the derivation of keys.
public enum BLAKE3 {
    /// Bytes of a usual digest.
    public static let byteCount = 32
    /// Bytes of the key of ``keyedHash(_:key:into:)``.
    public static let keyByteCount = 32

    static let blockByteCount = 64
    static let chunkByteCount = 1024

    /// Hashes `input` and fills `output`, however long it is. Nothing is allocated.
    public static func hash(_ input: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
        root(of: input, key: .initial, flags: []).squeeze(into: &output)
    }

    /// The first `count` bytes of the hash of `input`.
    public static func hash(_ input: Span<UInt8>, count: Int = byteCount) -> [UInt8] {
        root(of: input, key: .initial, flags: []).squeezed(count)
    }

    /// Hashes `input` under a secret key, a message authentication code, and fills `output`.
    /// - Throws: ``CryptoError/wrongLength(of:expected:found:)`` when the key has not ``keyByteCount`` bytes.
    public static func keyedHash(
        _ input: Span<UInt8>, key: Span<UInt8>, into output: inout MutableSpan<UInt8>
    ) throws(CryptoError) {
        root(of: input, key: try ChainingValue(key: key), flags: .keyedHash).squeeze(into: &output)
    }

    /// Derives a key from `material` for one purpose and fills `output`.
    ///
    /// `context` is a constant of the program, unique to the purpose, and never depends on input.
    public static func deriveKey(
        context: Span<UInt8>, material: Span<UInt8>, into output: inout MutableSpan<UInt8>
    ) {
        root(of: material, key: contextKey(context), flags: .deriveKeyMaterial).squeeze(into: &output)
    }

    /// The key that stands for a context string.
    static func contextKey(_ context: Span<UInt8>) -> ChainingValue {
        root(of: context, key: .initial, flags: .deriveKeyContext).chainingValue(extra: .root)
    }

    /// The root node of the tree over `input`.
    @inline(__always)
    static func root(of input: Span<UInt8>, key: ChainingValue, flags: Flags) -> Node {
        if input.count <= chunkByteCount {
            return input.withUnsafeBytes { bytes in
                lastNode(ofChunk: bytes, key: key, counter: 0, flags: flags)
            }
        }
        return rootOfTree(input, key: key, flags: flags)
    }

    @inline(never)
    private static func rootOfTree(_ input: Span<UInt8>, key: ChainingValue, flags: Flags) -> Node {
        var hasher = Hasher(key: key, flags: flags)
        hasher.update(input)
        return hasher.root()
    }

    /// Compresses all blocks of one chunk but the last, and gives the last as a node, because only the caller knows
    /// whether it is the root. `bytes` has at most 1024 bytes.
    static func lastNode(
        ofChunk bytes: UnsafeRawBufferPointer, key: ChainingValue, counter: UInt64, flags: Flags
    ) -> Node {
        var value = key
        var offset = 0
        var start = Flags.chunkStart
        while bytes.count - offset > blockByteCount {
            value = compress(
                value, BlockWords(full: bytes, at: offset), counter: counter, length: UInt32(blockByteCount),
                flags: flags.union(start))
            start = []
            offset += blockByteCount
        }
        return Node(
            value: value, block: BlockWords(partial: bytes, from: offset), counter: counter,
            length: UInt32(bytes.count - offset), flags: flags.union(start).union(.chunkEnd))
    }
}
