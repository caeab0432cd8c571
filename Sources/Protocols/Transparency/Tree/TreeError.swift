// SPDX-License-Identifier: Apache-2.0

/// Why a tree can't answer.
public enum TreeError: Error, Hashable, Sendable {
    /// A tree of more than ``TreeNode/largestTree`` leaves.
    case tooLarge
    /// A leaf or a size beyond the tree.
    case outOfRange
    /// The store lacks a subtree that a tree of this size has.
    case missing(TreeNode)
    /// A frontier with another number of hashes than its size has.
    case frontier
}
