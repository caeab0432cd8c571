// SPDX-License-Identifier: Apache-2.0

import Testing
import Transparency

struct HashTileTests {
    @Test(arguments: [
        (0, 0, 256, "tile/0/000"), (0, 1_234_067, 256, "tile/0/x001/x234/067"), (1, 999, 1, "tile/1/999.p/1"),
        (7, 0, 63, "tile/7/000.p/63"), (2, 1000, 112, "tile/2/x001/000.p/112"),
    ])
    func pathsAreThoseOfTheSpecification(_ level: Int, _ index: UInt64, _ width: Int, _ path: String) throws {
        let tile = try #require(HashTile(level: level, index: index, width: width))
        #expect(tile.path == path)
        #expect(HashTile(path: path) == tile)
        let entries = path.replacing("tile/0/", with: "tile/entries/")
        #expect(tile.entriesPath == (level == 0 ? entries : nil))
    }

    @Test(arguments: [
        "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/+0/000",
        "tile/8/000", "tile/-1/000", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/000.p/256",
        "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000/", "/tile/0/000",
        "tile/0/x-01/000", "tile/0/xx01/000", "tile/entries/000", "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/000?",
    ])
    func otherPathsAreRefused(_ path: String) {
        #expect(HashTile(path: path) == nil)
    }

    @Test func tilesAreBounded() {
        #expect(HashTile(level: 0, index: 0, width: 0) == nil)
        #expect(HashTile(level: 0, index: 0, width: 257) == nil)
        #expect(HashTile(level: 0, index: TreeNode.largestTree / 256 - 1) != nil)
        #expect(HashTile(level: 0, index: TreeNode.largestTree / 256, width: 1) == nil)
        #expect(HashTile(level: 0, index: .max, width: 1) == nil)
        #expect(HashTile(level: 7, index: 0, width: 64) != nil)
        #expect(HashTile(level: 7, index: 0, width: 65) == nil)
    }

    @Test func growingTreesNeedNewTiles() {
        let paths = { (level: Int, old: UInt64, new: UInt64) in
            HashTile.tiles(level: level, writtenFrom: old, to: new).map(\.path)
        }
        #expect(paths(0, 0, 0) == [])
        #expect(paths(0, 0, 3) == ["tile/0/000.p/3"])
        #expect(paths(0, 3, 256) == ["tile/0/000"])
        #expect(paths(0, 3, 514) == ["tile/0/000", "tile/0/001", "tile/0/002.p/2"])
        #expect(paths(0, 512, 514) == ["tile/0/002.p/2"])
        #expect(paths(1, 255, 512) == ["tile/1/000.p/2"])
        #expect(paths(1, 512, 767) == [])
        #expect(paths(8, 0, 1 << 61) == [] && paths(0, 3, 2) == [])
    }

    @Test func tilesHoldWhatTheTreeHolds() throws {
        var tree = MemoryTree()
        for leaf in 0..<600 { try tree.append([UInt8(leaf & 255), UInt8(leaf >> 8)]) }
        let size = tree.frontier.size
        for level in 0...1 {
            for tile in HashTile.tiles(level: level, to: size) {
                let hashes = try tile.nodes.map { try #require(tree.hash(of: $0)) }
                // Every subtree inside the tile can be made from it.
                for above in 0..<HashTile.height {
                    for index in 0..<(UInt64(tile.width) >> UInt64(above)) {
                        let first = (tile.index * 256 >> UInt64(above)) + index
                        let node = try #require(TreeNode(level: 8 * level + above, index: first))
                        #expect(HashTile.tile(for: node, inTreeOfSize: size) == tile)
                        #expect(tile.hash(of: node, in: hashes) == tree.hash(of: node))
                    }
                }
                let last = try #require(hashes.last)
                let node = try #require(tile.nodes.first)
                #expect(tile.hash(of: node, in: hashes + [last]) == nil)
                #expect(tile.hash(of: try #require(TreeNode(level: 8 * level + 8, index: 0)), in: hashes) == nil)
                let outside = try #require(TreeNode(level: 8 * level, index: tile.index * 256 + 256))
                #expect(tile.hash(of: outside, in: hashes) == nil)
            }
        }
        let edge = try #require(HashTile(level: 0, index: 2, width: 88))
        let hashes = try edge.nodes.map { try #require(tree.hash(of: $0)) }
        #expect(edge.hash(of: try #require(TreeNode(level: 7, index: 4)), in: hashes) == nil)
        #expect(HashTile.tile(for: try #require(TreeNode(level: 7, index: 4)), inTreeOfSize: size) == nil)
        #expect(HashTile.tile(for: try #require(TreeNode(level: 0, index: 600)), inTreeOfSize: size) == nil)
        #expect(HashTile.tile(for: try #require(TreeNode(level: 0, index: 0)), inTreeOfSize: .max) == nil)
    }
}
