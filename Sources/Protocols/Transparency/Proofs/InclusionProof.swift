// SPDX-License-Identifier: Apache-2.0

/// That a leaf stands at a place in a tree: the hashes beside the way from the leaf to the root (RFC 6962, 2.1.1).
public struct InclusionProof: Hashable, Sendable {
    /// Most hashes of a proof.
    public static let longest = 62

    /// Which leaf, counted from 0.
    public let index: UInt64
    /// How many leaves the tree has.
    public let size: UInt64
    /// From the leaf upwards.
    public let hashes: [TreeHash]

    /// A proof as received; nothing is proven before ``isValid(leaf:root:)`` says so.
    public init(index: UInt64, size: UInt64, hashes: [TreeHash]) {
        self.index = index
        self.size = size
        self.hashes = hashes
    }

    /// Makes the proof for a leaf of a tree.
    /// - Throws: ``TreeError/outOfRange``, ``TreeError/tooLarge``, ``TreeError/missing(_:)``, whatever the store throws.
    public init(ofLeaf index: UInt64, size: UInt64, from store: some TreeReader) throws {
        guard size <= TreeNode.largestTree else { throw TreeError.tooLarge }
        guard index < size else { throw TreeError.outOfRange }
        var hashes: [TreeHash] = []
        var range = 0..<size
        // Downwards: at each node the half without the leaf is a part of the proof.
        while range.upperBound - range.lowerBound > 1 {
            let middle = range.lowerBound + SubtreeHash.split(range.upperBound - range.lowerBound)
            let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
            hashes.append(try SubtreeHash.of(index < middle ? right : left, from: store))
            range = index < middle ? left : right
        }
        self.init(index: index, size: size, hashes: hashes.reversed())
    }

    /// Whether a tree of this size with that root has the leaf at this place. False for a proof of any other length than
    /// the right one.
    public func isValid(leaf: TreeHash, root: TreeHash) -> Bool {
        guard size <= TreeNode.largestTree, index < size else { return false }
        // RFC 9162, 2.1.3.2: `position` and `last` are the leaf's and the last leaf's place, one level higher each turn.
        var position = index
        var last = size - 1
        var hash = leaf
        for sibling in hashes {
            if last == 0 { return false }
            if position & 1 == 1 || position == last {
                hash = .node(sibling, hash)
                while position & 1 == 0, position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                hash = .node(hash, sibling)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }
}
