// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// A hash of a Merkle tree over SHA-256 (RFC 6962, 2.1; the same in RFC 9162).
public struct TreeHash: Hashable, Sendable {
    /// Bytes of a hash.
    public static let byteCount = 32
    /// The root of the tree without leaves: the hash of nothing.
    public static let empty = TreeHash(SHA256.hash(data: [UInt8]()))

    /// The 32 bytes.
    public let bytes: [UInt8]

    /// A hash from its bytes; nil unless these are 32.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(_ digest: SHA256.Digest) { bytes = Array(digest) }

    /// The hash of a leaf's data. A leaf can't be passed off as a node: the two are prefixed by different bytes.
    public static func leaf(_ data: [UInt8]) -> TreeHash {
        var hash = SHA256()
        hash.update(data: [UInt8(0)])
        hash.update(data: data)
        return TreeHash(hash.finalize())
    }

    /// The hash of a node of two children.
    public static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        var hash = SHA256()
        hash.update(data: [UInt8(1)] + left.bytes + right.bytes)
        return TreeHash(hash.finalize())
    }
}
