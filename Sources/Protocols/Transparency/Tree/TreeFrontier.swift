// SPDX-License-Identifier: Apache-2.0

/// The right edge of a tree: all that is needed to append leaves and to know the root, at most 62 hashes.
public struct TreeFrontier: Hashable, Sendable {
    /// How many leaves there are.
    public private(set) var size: UInt64
    /// The largest complete subtrees from left to right: one for each bit of `size`, the highest first.
    public private(set) var hashes: [TreeHash]

    /// The edge of the empty tree.
    public init() {
        size = 0
        hashes = []
    }

    /// An edge that was stored.
    /// - Throws: ``TreeError/frontier`` when the number of hashes is not that of the bits of `size`;
    ///   ``TreeError/tooLarge``.
    public init(size: UInt64, hashes: [TreeHash]) throws(TreeError) {
        guard size <= TreeNode.largestTree else { throw .tooLarge }
        guard hashes.count == size.nonzeroBitCount else { throw .frontier }
        self.size = size
        self.hashes = hashes
    }

    /// Reads the edge of a tree of `size` leaves.
    /// - Throws: ``TreeError/missing(_:)``, ``TreeError/tooLarge``, whatever the store throws.
    public init(size: UInt64, from store: some TreeReader) throws {
        guard size <= TreeNode.largestTree else { throw TreeError.tooLarge }
        var hashes: [TreeHash] = []
        for node in Self.nodes(ofSize: size) {
            guard let hash = try store.hash(of: node) else { throw TreeError.missing(node) }
            hashes.append(hash)
        }
        try self.init(size: size, hashes: hashes)
    }

    /// The complete subtrees whose hashes an edge holds, from left to right.
    public static func nodes(ofSize size: UInt64) -> [TreeNode] {
        var nodes: [TreeNode] = []
        var first: UInt64 = 0
        for level in (0...62).reversed() where size >> UInt64(level) & 1 == 1 {
            nodes.append(TreeNode(checkedLevel: level, index: first >> UInt64(level)))
            first += 1 << UInt64(level)
        }
        return nodes
    }

    /// Appends a leaf by its hash and gives every subtree that became complete, the leaf first: what has to be stored.
    /// - Throws: ``TreeError/tooLarge``; nothing is appended then.
    public mutating func append(_ leaf: TreeHash) throws(TreeError) -> [(node: TreeNode, hash: TreeHash)] {
        guard size < TreeNode.largestTree else { throw .tooLarge }
        var hash = leaf
        var complete = [(node: TreeNode(checkedLevel: 0, index: size), hash: leaf)]
        // One complete subtree of each height on which the carry of size + 1 ripples through.
        for level in 0..<size.trailingOnes {
            let left = hashes.removeLast()
            hash = .node(left, hash)
            complete.append((TreeNode(checkedLevel: level + 1, index: size >> UInt64(level + 1)), hash))
        }
        hashes.append(hash)
        size += 1
        return complete
    }

    /// The root of the tree.
    public var root: TreeHash {
        guard var root = hashes.last else { return .empty }
        for hash in hashes.dropLast().reversed() { root = .node(hash, root) }
        return root
    }
}

extension UInt64 {
    fileprivate var trailingOnes: Int { (~self).trailingZeroBitCount }
}
