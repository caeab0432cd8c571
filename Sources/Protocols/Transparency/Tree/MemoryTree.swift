// SPDX-License-Identifier: Apache-2.0

/// A tree that keeps every complete subtree in memory: for tests, and for verifiers that hold a whole log.
public struct MemoryTree: TreeReader, Sendable {
    /// The right edge, which knows size and root.
    public private(set) var frontier = TreeFrontier()
    /// Hashes by level, then by index.
    private var levels: [[TreeHash]] = []

    /// A tree without leaves.
    public init() {}

    /// Appends a leaf's data.
    /// - Throws: ``TreeError/tooLarge``.
    public mutating func append(_ data: [UInt8]) throws(TreeError) {
        for (node, hash) in try frontier.append(.leaf(data)) {
            if node.level == levels.count { levels.append([]) }
            levels[node.level].append(hash)
        }
    }

    /// The hash of a complete subtree; nil when the tree has none there.
    public func hash(of node: TreeNode) -> TreeHash? {
        guard node.level < levels.count, node.index < UInt64(levels[node.level].count) else { return nil }
        return levels[node.level][Int(node.index)]
    }
}
