// SPDX-License-Identifier: Apache-2.0

/// That a tree begins with all leaves of an earlier one, unchanged and in the same order (RFC 6962, 2.1.2).
public struct ConsistencyProof: Hashable, Sendable {
    /// Most hashes of a proof.
    public static let longest = 63

    /// Leaves of the earlier tree; not 0: the empty tree needs no proof and gives none.
    public let oldSize: UInt64
    /// Leaves of the later tree.
    public let newSize: UInt64
    /// From below.
    public let hashes: [TreeHash]

    /// A proof as received; nothing is proven before ``isValid(oldRoot:newRoot:)`` says so.
    public init(oldSize: UInt64, newSize: UInt64, hashes: [TreeHash]) {
        self.oldSize = oldSize
        self.newSize = newSize
        self.hashes = hashes
    }

    /// Makes the proof between two sizes of one tree; without hashes when they are equal.
    /// - Throws: ``TreeError/outOfRange`` unless 0 < `oldSize` ≤ `newSize`; ``TreeError/tooLarge``,
    ///   ``TreeError/missing(_:)``, whatever the store throws.
    public init(from oldSize: UInt64, to newSize: UInt64, in store: some TreeReader) throws {
        guard newSize <= TreeNode.largestTree else { throw TreeError.tooLarge }
        guard oldSize > 0 else { throw TreeError.outOfRange }
        guard oldSize <= newSize else { throw TreeError.outOfRange }
        var hashes: [TreeHash] = []
        var range = 0..<newSize
        // Downwards along the edge of the earlier tree, until it fills a whole node.
        while range.upperBound > oldSize {
            let middle = range.lowerBound + SubtreeHash.split(range.upperBound - range.lowerBound)
            let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
            hashes.append(try SubtreeHash.of(oldSize <= middle ? right : left, from: store))
            range = oldSize <= middle ? left : right
        }
        // A node that is the whole earlier tree is known to whoever has its root.
        if range.lowerBound > 0 { hashes.append(try SubtreeHash.of(range, from: store)) }
        self.init(oldSize: oldSize, newSize: newSize, hashes: hashes.reversed())
    }

    /// Whether the tree with `newRoot` begins with the tree with `oldRoot`. False for a proof of any other length than the
    /// right one.
    public func isValid(oldRoot: TreeHash, newRoot: TreeHash) -> Bool {
        guard newSize <= TreeNode.largestTree, oldSize > 0, oldSize <= newSize else { return false }
        guard oldSize < newSize else {
            guard hashes.isEmpty else { return false }
            return oldRoot == newRoot
        }
        // RFC 9162, 2.1.4.2.
        var path = hashes[...]
        var position = oldSize - 1
        var last = newSize - 1
        while position & 1 == 1 {
            position >>= 1
            last >>= 1
        }
        // An earlier tree that is complete begins with its own root, which is not sent.
        guard let first = oldSize.nonzeroBitCount == 1 ? oldRoot : path.popFirst() else { return false }
        var old = first
        var new = first
        for hash in path {
            if last == 0 { return false }
            if position & 1 == 1 || position == last {
                old = .node(hash, old)
                new = .node(hash, new)
                while position & 1 == 0, position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                new = .node(new, hash)
            }
            position >>= 1
            last >>= 1
        }
        guard last == 0, old == oldRoot else { return false }
        return new == newRoot
    }
}
