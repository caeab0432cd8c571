// SPDX-License-Identifier: Apache-2.0

import Testing
import Transparency

@Suite struct TiledTreeTests {
    /// A tree in memory whose tiles a test can take away.
    private struct Kept {
        var tree = MemoryTree()
        var missing: Set<HashTile> = []

        init(leaves: Int) throws {
            for number in 0..<leaves {
                try tree.append([UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)])
            }
        }

        func tiled(size: UInt64) -> TiledTree {
            TiledTree(size: size) { tile in missing.contains(tile) ? nil : tile.nodes.compactMap { tree.hash(of: $0) } }
        }
    }

    @Test(arguments: [1, 255, 256, 257, 600, 1_000] as [UInt64])
    func tilesGiveWhatTheTreeHas(_ size: UInt64) throws {
        let kept = try Kept(leaves: 1_000)
        let small = try Kept(leaves: Int(size)).tree
        let tiled = kept.tiled(size: size)
        for level in 0..<10 {
            for index in 0...(size >> UInt64(level)) {
                let node = try #require(TreeNode(level: level, index: index))
                #expect(try tiled.hash(of: node) == small.hash(of: node))
            }
        }
        let root = small.frontier.root
        for index in [0, size / 2, size - 1] {
            let node = try #require(TreeNode(level: 0, index: index))
            let leaf = try #require(small.hash(of: node))
            #expect(try InclusionProof(ofLeaf: index, size: size, from: tiled).isValid(leaf: leaf, root: root))
        }
        #expect(try TreeFrontier(size: size, from: tiled) == small.frontier)
    }

    /// However many leaves there are: the tile of the leaf, that of the edge, and those above.
    @Test func aProofReadsFewTiles() throws {
        let kept = try Kept(leaves: 66_000)
        let tiled = kept.tiled(size: 66_000)
        _ = try InclusionProof(ofLeaf: 30_000, size: 66_000, from: tiled)
        #expect(tiled.readCount <= 5)
        _ = try InclusionProof(ofLeaf: 30_000, size: 66_000, from: tiled)
        #expect(tiled.readCount <= 5)
    }

    @Test func whatIsMissingIsNotMadeUp() throws {
        var kept = try Kept(leaves: 600)
        let tile = try #require(HashTile(level: 0, index: 1))
        kept.missing = [tile]
        let node = try #require(TreeNode(level: 0, index: 300))
        #expect(try kept.tiled(size: 600).hash(of: node) == nil)
        let beside = try #require(TreeNode(level: 7, index: 3))
        #expect(throws: TreeError.missing(beside)) {
            _ = try InclusionProof(ofLeaf: 300, size: 600, from: kept.tiled(size: 600))
        }
    }
}
