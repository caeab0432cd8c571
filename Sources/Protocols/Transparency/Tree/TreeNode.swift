// SPDX-License-Identifier: Apache-2.0

/// A complete subtree: the 2^`level` leaves from `index` · 2^`level` on. Once complete, its hash never changes.
public struct TreeNode: Hashable, Sendable {
    /// Most leaves of a tree: 2^62, so that no position overflows.
    public static let largestTree: UInt64 = 1 << 62

    /// Height above the leaves: 0 for a leaf.
    public let level: Int
    /// How many subtrees of that height stand to the left.
    public let index: UInt64

    /// A node; nil when no tree of at most ``largestTree`` leaves has it.
    public init?(level: Int, index: UInt64) {
        guard (0...62).contains(level), index < Self.largestTree >> UInt64(level) else { return nil }
        self.level = level
        self.index = index
    }

    init(checkedLevel level: Int, index: UInt64) {
        self.level = level
        self.index = index
    }

    /// The first leaf below.
    public var firstLeaf: UInt64 { index << UInt64(level) }
    /// How many leaves are below.
    public var leafCount: UInt64 { 1 << UInt64(level) }
}
