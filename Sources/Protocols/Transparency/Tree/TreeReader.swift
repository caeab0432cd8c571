// SPDX-License-Identifier: Apache-2.0

/// Gives the hashes of complete subtrees: a table, a set of tiles, memory.
public protocol TreeReader {
    /// The hash of a complete subtree; nil when there is none.
    /// - Throws: whatever keeps the store from answering.
    func hash(of node: TreeNode) throws -> TreeHash?
}
