// SPDX-License-Identifier: Apache-2.0

import Crypto
import Testing

@testable import Transparency

/// The tree as RFC 6962 defines it, by recursion over all leaves: slow, and made without any code of the module.
enum Definition {
    static func root(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
        switch leaves.count {
        case 0: return Array(SHA256.hash(data: [UInt8]()))
        case 1: return Array(SHA256.hash(data: [0] + leaves[leaves.startIndex]))
        default:
            let middle = leaves.startIndex + split(leaves.count)
            return Array(SHA256.hash(data: [1] + root(leaves[..<middle]) + root(leaves[middle...])))
        }
    }

    /// PATH(m, D[n]).
    static func path(_ index: Int, _ leaves: ArraySlice<[UInt8]>) -> [[UInt8]] {
        guard leaves.count > 1 else { return [] }
        let middle = leaves.startIndex + split(leaves.count)
        return index < middle
            ? path(index, leaves[..<middle]) + [root(leaves[middle...])]
            : path(index, leaves[middle...]) + [root(leaves[..<middle])]
    }

    /// PROOF(m, D[n]).
    static func proof(_ old: Int, _ leaves: ArraySlice<[UInt8]>, isKnown: Bool = true) -> [[UInt8]] {
        if old == leaves.endIndex { return isKnown ? [] : [root(leaves)] }
        let middle = leaves.startIndex + split(leaves.count)
        return old <= middle
            ? proof(old, leaves[..<middle], isKnown: isKnown) + [root(leaves[middle...])]
            : proof(old, leaves[middle...], isKnown: false) + [root(leaves[..<middle])]
    }

    private static func split(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }
}

struct MerkleTreeTests {
    /// The inputs of the test tree that RFC 6962's own implementation publishes.
    static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57], Array(0x60...0x6f),
    ]
    static let many = leaves + (0..<25).map { [UInt8($0)] }

    static func tree(_ count: Int) throws -> MemoryTree {
        var tree = MemoryTree()
        for leaf in many.prefix(count) { try tree.append(leaf) }
        return tree
    }

    static func hex(_ hash: TreeHash) -> String {
        hash.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @Test(arguments: [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ])
    func knownRoots(_ count: Int, _ root: String) throws {
        #expect(Self.hex(try Self.tree(count).frontier.root) == root)
    }

    @Test(arguments: 0...33)
    func everySizeIsAsDefined(_ size: Int) throws {
        let leaves = Self.many[..<size]
        let tree = try Self.tree(33)
        let small = try Self.tree(size)
        #expect(small.frontier.root.bytes == Definition.root(leaves))
        // The edge that is read back from the larger tree is that of the smaller one.
        #expect(try TreeFrontier(size: UInt64(size), from: tree) == small.frontier)
        let root = small.frontier.root
        for index in 0..<size {
            let proof = try InclusionProof(ofLeaf: UInt64(index), size: UInt64(size), from: tree)
            #expect(proof.hashes.map(\.bytes) == Definition.path(index, leaves))
            #expect(proof.isValid(leaf: .leaf(Self.many[index]), root: root))
            #expect(!proof.isValid(leaf: .leaf([0xff]), root: root))
            #expect(!proof.isValid(leaf: .leaf(Self.many[index]), root: .empty))
            try expectForgeriesRefused(proof, leaf: .leaf(Self.many[index]), root: root)
        }
        for old in 1..<max(size, 1) {
            let oldRoot = try Self.tree(old).frontier.root
            let proof = try ConsistencyProof(from: UInt64(old), to: UInt64(size), in: tree)
            #expect(proof.hashes.map(\.bytes) == Definition.proof(old, leaves))
            #expect(proof.isValid(oldRoot: oldRoot, newRoot: root))
            #expect(!proof.isValid(oldRoot: root, newRoot: oldRoot))
            #expect(!proof.isValid(oldRoot: .empty, newRoot: root))
            #expect(!proof.isValid(oldRoot: oldRoot, newRoot: .empty))
            for hashes in Self.forgeries(of: proof.hashes) {
                let forged = ConsistencyProof(oldSize: UInt64(old), newSize: UInt64(size), hashes: hashes)
                #expect(!forged.isValid(oldRoot: oldRoot, newRoot: root))
            }
        }
    }

    /// One hash more, less, or another one.
    static func forgeries(of hashes: [TreeHash]) -> [[TreeHash]] {
        var forgeries = [hashes + [.empty], [.empty] + hashes]
        for index in hashes.indices {
            var changed = hashes
            changed[index] = .empty
            forgeries.append(changed)
            changed.remove(at: index)
            forgeries.append(changed)
        }
        return forgeries
    }

    func expectForgeriesRefused(_ proof: InclusionProof, leaf: TreeHash, root: TreeHash) throws {
        for hashes in Self.forgeries(of: proof.hashes) {
            let forged = InclusionProof(index: proof.index, size: proof.size, hashes: hashes)
            #expect(!forged.isValid(leaf: leaf, root: root))
        }
        for index in 0..<proof.size where index != proof.index {
            let moved = InclusionProof(index: index, size: proof.size, hashes: proof.hashes)
            #expect(!moved.isValid(leaf: leaf, root: root))
        }
    }

    @Test func proofsOfNoTreeAreRefused() throws {
        let tree = try Self.tree(8)
        let root = tree.frontier.root
        let leaf = TreeHash.leaf([])
        #expect(!InclusionProof(index: 0, size: 0, hashes: []).isValid(leaf: leaf, root: leaf))
        #expect(!InclusionProof(index: 1, size: 1, hashes: []).isValid(leaf: leaf, root: leaf))
        #expect(InclusionProof(index: 0, size: 1, hashes: []).isValid(leaf: leaf, root: leaf))
        #expect(!InclusionProof(index: 0, size: .max, hashes: []).isValid(leaf: leaf, root: leaf))
        #expect(!ConsistencyProof(oldSize: 0, newSize: 8, hashes: []).isValid(oldRoot: .empty, newRoot: root))
        #expect(!ConsistencyProof(oldSize: 9, newSize: 8, hashes: []).isValid(oldRoot: root, newRoot: root))
        #expect(ConsistencyProof(oldSize: 8, newSize: 8, hashes: []).isValid(oldRoot: root, newRoot: root))
        #expect(!ConsistencyProof(oldSize: 8, newSize: 8, hashes: [root]).isValid(oldRoot: root, newRoot: root))
        #expect(!ConsistencyProof(oldSize: 8, newSize: 8, hashes: []).isValid(oldRoot: .empty, newRoot: root))
        #expect(!ConsistencyProof(oldSize: 1, newSize: .max, hashes: []).isValid(oldRoot: root, newRoot: root))
        #expect(!ConsistencyProof(oldSize: 3, newSize: 8, hashes: []).isValid(oldRoot: root, newRoot: root))
        #expect(throws: TreeError.outOfRange) { try InclusionProof(ofLeaf: 8, size: 8, from: tree) }
        #expect(throws: TreeError.missing(TreeNode(level: 3, index: 1)!)) {
            try InclusionProof(ofLeaf: 0, size: 16, from: tree)
        }
        #expect(throws: TreeError.tooLarge) { try InclusionProof(ofLeaf: 0, size: .max, from: tree) }
        #expect(throws: TreeError.outOfRange) { try ConsistencyProof(from: 0, to: 8, in: tree) }
        #expect(throws: TreeError.outOfRange) { try ConsistencyProof(from: 9, to: 8, in: tree) }
        #expect(throws: TreeError.tooLarge) { try ConsistencyProof(from: 9, to: .max, in: tree) }
    }

    @Test func noProofGoesHigherThanItsTree() throws {
        // Proofs with a hash too many, and roots that would fit them.
        let leaves = (0..<4).map { TreeHash.leaf([$0]) }
        let extra = TreeHash.leaf([9])
        let above = InclusionProof(index: 0, size: 1, hashes: [extra])
        #expect(!above.isValid(leaf: leaves[0], root: .node(extra, leaves[0])))
        let pair = TreeHash.node(leaves[0], leaves[1])
        let old = TreeHash.node(pair, leaves[2])
        let new = TreeHash.node(pair, .node(leaves[2], leaves[3]))
        let right = ConsistencyProof(oldSize: 3, newSize: 4, hashes: [leaves[2], leaves[3], pair])
        #expect(right.isValid(oldRoot: old, newRoot: new))
        let higher = ConsistencyProof(oldSize: 3, newSize: 4, hashes: right.hashes + [extra])
        #expect(!higher.isValid(oldRoot: .node(extra, old), newRoot: .node(extra, new)))
    }

    @Test func frontiersAreChecked() throws {
        #expect(throws: TreeError.frontier) { try TreeFrontier(size: 3, hashes: [.empty]) }
        #expect(throws: TreeError.tooLarge) { try TreeFrontier(size: .max, hashes: []) }
        #expect(throws: TreeError.tooLarge) { try TreeFrontier(size: .max, from: MemoryTree()) }
        #expect(throws: TreeError.missing(TreeNode(level: 0, index: 0)!)) {
            try TreeFrontier(size: 1, from: MemoryTree())
        }
        var full = try TreeFrontier(size: TreeNode.largestTree, hashes: [.empty])
        #expect(throws: TreeError.tooLarge) { try full.append(.empty) }
        #expect(full.size == TreeNode.largestTree)
        #expect(TreeFrontier.nodes(ofSize: 6) == [TreeNode(level: 2, index: 0), TreeNode(level: 1, index: 2)])
        #expect(TreeHash(bytes: [1]) == nil && TreeHash(bytes: TreeHash.empty.bytes) == .empty)
        #expect(TreeNode(level: 63, index: 0) == nil && TreeNode(level: -1, index: 0) == nil)
        #expect(TreeNode(level: 62, index: 0) != nil && TreeNode(level: 62, index: 1) == nil)
    }

    @Test func appendingTellsWhatBecameComplete() throws {
        var frontier = TreeFrontier()
        var nodes: [TreeNode] = []
        for leaf in Self.many.prefix(8) { nodes += try frontier.append(.leaf(leaf)).map(\.node) }
        let levels = nodes.map { [$0.level, Int($0.index)] }
        #expect(
            levels == [
                [0, 0], [0, 1], [1, 0], [0, 2], [0, 3], [1, 1], [2, 0], [0, 4], [0, 5], [1, 2], [0, 6], [0, 7], [1, 3],
                [2, 1], [3, 0],
            ])
        #expect(frontier.hashes.count == 1 && frontier.size == 8)
    }
}
