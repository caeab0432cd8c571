// SPDX-License-Identifier: Apache-2.0

/// One tile of hashes of a C2SP `tlog-tiles` log: up to 256 neighbours of every eighth level of the tree.
///
/// Full tiles never change; a partial one has its width in its name.
public struct HashTile: Hashable, Sendable {
    /// Levels of the tree that one tile spans.
    public static let height = 8
    /// Hashes of a full tile.
    public static let fullWidth = 256
    /// Highest level of tiles: 0 to 7 hold all of a tree of 2^62 leaves.
    public static let highestLevel = 7

    /// 0 for hashes of leaves, 1 for those of complete subtrees of 256 leaves, and so on.
    public let level: Int
    /// How many tiles of the level stand to the left.
    public let index: UInt64
    /// How many hashes it has: 1 to 256.
    public let width: Int

    /// A tile; nil outside the bounds of a tree of ``TreeNode/largestTree`` leaves.
    public init?(level: Int, index: UInt64, width: Int = fullWidth) {
        guard (0...Self.highestLevel).contains(level) else { return nil }
        guard (1...Self.fullWidth).contains(width) else { return nil }
        let hashes = TreeNode.largestTree >> UInt64(Self.height * level)
        guard index <= hashes / UInt64(Self.fullWidth), index * 256 + UInt64(width) <= hashes else { return nil }
        self.level = level
        self.index = index
        self.width = width
    }

    /// The tiles of a level that have to be written when a tree grows: those that became full, and a partial one at the
    /// right edge. From 0 on, these are all tiles of the level.
    public static func tiles(level: Int, writtenFrom oldSize: UInt64 = 0, to newSize: UInt64) -> [HashTile] {
        guard (0...highestLevel).contains(level), oldSize <= newSize else { return [] }
        let old = oldSize >> UInt64(height * level)
        let new = newSize >> UInt64(height * level)
        guard old < new else { return [] }
        var tiles = (old / 256..<new / 256).compactMap { HashTile(level: level, index: $0) }
        if new % 256 > 0, let edge = HashTile(level: level, index: new / 256, width: Int(new % 256)) {
            tiles.append(edge)
        }
        return tiles
    }

    /// The tile of a tree of `size` leaves in which a complete subtree's hash stands, or can be made from: nil when the
    /// tree has no such subtree.
    public static func tile(for node: TreeNode, inTreeOfSize size: UInt64) -> HashTile? {
        guard size <= TreeNode.largestTree, node.leafCount <= size, node.index < size >> UInt64(node.level) else {
            return nil
        }
        let level = node.level / height
        let index = node.firstLeaf >> UInt64(height * (level + 1))
        let hashes = size >> UInt64(height * level)
        return HashTile(level: level, index: index, width: Int(min(256, hashes - index * 256)))
    }

    /// The subtrees whose hashes the tile holds, from left to right.
    public var nodes: [TreeNode] {
        (0..<UInt64(width)).map { TreeNode(checkedLevel: Self.height * level, index: index * 256 + $0) }
    }

    /// The hash of a subtree that lies inside the tile, made from the tile's hashes; nil when it does not, or when the
    /// number of hashes is not the tile's width.
    public func hash(of node: TreeNode, in hashes: [TreeHash]) -> TreeHash? {
        let above = node.level - Self.height * level
        guard hashes.count == width, (0..<Self.height).contains(above) else { return nil }
        let first = node.index << UInt64(above)
        guard first / 256 == index else { return nil }
        let start = Int(first % 256)
        guard start + (1 << above) <= width else { return nil }
        var row = Array(hashes[start..<(start + (1 << above))])
        while row.count > 1 {
            row = stride(from: 0, to: row.count, by: 2).map { .node(row[$0], row[$0 + 1]) }
        }
        return row.first
    }

    /// `tile/LEVEL/INDEX`, with `.p/WIDTH` behind it when partial.
    public var path: String { "tile/\(level)/\(Self.spelt(index))\(partialSuffix)" }

    /// Path of the entries below a tile of level 0: `tile/entries/INDEX`, with `.p/WIDTH` when partial; nil on other levels.
    public var entriesPath: String? { level == 0 ? "tile/entries/\(Self.spelt(index))\(partialSuffix)" : nil }

    private var partialSuffix: String { width == Self.fullWidth ? "" : ".p/\(width)" }

    /// Reads a ``path`` in its only spelling; nil for anything else.
    public init?(path: String) {
        // Longest: level, seven groups of an index, a width.
        guard path.utf8.count <= 64 else { return nil }
        var parts = path.split(separator: "/", omittingEmptySubsequences: false)
        var width = Self.fullWidth
        if parts.count >= 4, parts[parts.count - 2].hasSuffix(".p") {
            guard let partial = Int(parts[parts.count - 1]), partial < Self.fullWidth else { return nil }
            width = partial
            parts.removeLast()
            parts[parts.count - 1].removeLast(2)
        }
        guard parts.count >= 3, parts[0] == "tile", let level = Int(parts[1]) else { return nil }
        var index: UInt64 = 0
        for part in parts[2...] {
            guard let group = UInt64(part.hasPrefix("x") ? part.dropFirst() : part), group < 1000 else { return nil }
            let (product, overflow) = index.multipliedReportingOverflow(by: 1000)
            let (sum, carry) = product.addingReportingOverflow(group)
            guard !overflow, !carry else { return nil }
            index = sum
        }
        self.init(level: level, index: index, width: width)
        // Signs, leading zeros, a missing x: whatever is not spelt as we spell it.
        guard self.path == path else { return nil }
    }

    /// An index as groups of three digits, all but the last behind an `x`: 1234067 is `x001/x234/067`.
    private static func spelt(_ index: UInt64) -> String {
        func group(_ number: UInt64) -> String {
            let digits = String(number)
            return String(repeating: "0", count: 3 - digits.count) + digits
        }
        var text = group(index % 1000)
        var rest = index / 1000
        while rest > 0 {
            text = "x\(group(rest % 1000))/" + text
            rest /= 1000
        }
        return text
    }
}
