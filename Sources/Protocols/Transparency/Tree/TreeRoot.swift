// SPDX-License-Identifier: Apache-2.0

/// Size and root of a tree: what its proofs are judged by, and what a checkpoint says of it.
public struct TreeRoot: Hashable, Sendable {
    /// How many leaves there are.
    public let size: UInt64
    /// The root over them.
    public let hash: TreeHash

    /// The root of the tree without leaves.
    public static let empty = TreeRoot(size: 0, hash: .empty)

    /// Joins the two.
    public init(size: UInt64, hash: TreeHash) {
        self.size = size
        self.hash = hash
    }
}

extension TreeFrontier {
    /// Size and root of the tree.
    public var treeRoot: TreeRoot { TreeRoot(size: size, hash: root) }
}
