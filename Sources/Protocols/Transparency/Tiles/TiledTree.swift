// SPDX-License-Identifier: Apache-2.0

/// A tree of which a store keeps tiles. Each tile is read once, so that a proof reads at most two for every eight levels.
///
/// For one answer: it remembers what it has read for as long as it lives.
public final class TiledTree: TreeReader {
    private let size: UInt64
    private let read: (HashTile) throws -> [TreeHash]?
    private var tiles: [HashTile: [TreeHash]] = [:]

    /// The tree of the first `size` leaves.
    /// - Parameter read: gives the hashes of a tile, as many as its width; nil when the store has no such tile.
    public init(size: UInt64, read: @escaping (HashTile) throws -> [TreeHash]?) {
        self.size = size
        self.read = read
    }

    /// How many tiles were read.
    public var readCount: Int { tiles.count }

    /// The hash of a complete subtree; nil when the tree has none there or the store lacks its tile.
    /// - Throws: whatever `read` throws.
    public func hash(of node: TreeNode) throws -> TreeHash? {
        guard let tile = HashTile.tile(for: node, inTreeOfSize: size) else { return nil }
        if let hashes = tiles[tile] { return tile.hash(of: node, in: hashes) }
        guard let hashes = try read(tile) else { return nil }
        tiles[tile] = hashes
        return tile.hash(of: node, in: hashes)
    }
}
