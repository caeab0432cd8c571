// SPDX-License-Identifier: Apache-2.0

internal import GRDB
public import Issuer
internal import KERI
public import Transparency

extension SQLiteIssuerStore {
    /// Size and root of the log's tree.
    /// - Throws: `IssuerStoreError`.
    public func root() async throws -> TreeRoot { try await read { try $0.frontier().treeRoot } }

    /// Proves that the tree of now has a leaf at a place; nil when there is no such leaf.
    /// - Throws: `IssuerStoreError`.
    public func inclusionProof(of index: UInt64) async throws -> ProvenIssuance? {
        try await proving { transaction in
            let root = try transaction.frontier().treeRoot
            guard index < root.size else { return nil }
            guard let issuance = try transaction.issuances(from: index, limit: 1).first, issuance.index == index else {
                throw StoreError(.corrupt, "leaf \(index) is missing")
            }
            return ProvenIssuance(
                issuance: issuance,
                proof: try InclusionProof(ofLeaf: index, size: root.size, from: transaction.tree(ofSize: root.size)),
                root: root.hash)
        }
    }

    /// Proves that the tree of now begins with the first `size` leaves.
    /// - Throws: `IssuerStoreError`.
    public func consistencyProof(from size: UInt64) async throws -> ProvenGrowth? {
        try await proving { transaction in
            let root = try transaction.frontier().treeRoot
            return try ProvenGrowth(from: size, to: root, in: transaction.tree(ofSize: root.size))
        }
    }

    /// Places of the issuances with a serial number or `jti`. Looks at every issuance: an index over random numbers would
    /// slow every commit down.
    /// - Throws: `IssuerStoreError`.
    public func leaves(named serial: String) async throws -> [UInt64] {
        try await read { transaction in
            try transaction.query("SELECT leaf FROM issuances WHERE serial = ? ORDER BY leaf LIMIT 1000") { statement in
                try statement.bind(serial)
                var leaves: [UInt64] = []
                while try statement.step() { leaves.append(try statement.count(0)) }
                return leaves
            }
        }
    }

    /// What a tree lacks is the store's fault.
    private func proving<R: Sendable>(
        _ body: @escaping @Sendable (SQLiteIssuerTransaction) throws -> R
    ) async throws -> R {
        try await read { transaction in
            do {
                return try body(transaction)
            } catch let error as TreeError {
                throw StoreError(.corrupt, "the log's tree does not answer: \(error)")
            }
        }
    }

    // MARK: Opening

    /// Most leaves that one transaction adds to a tree.
    static let leavesAtOnce = 8_192

    /// Adds to the tree the leaves that an older version wrote, a piece at a time.
    static func completeTree(of pool: DatabasePool) throws {
        while try missingLeaves(of: pool) > 0 { _ = try addToTree(of: pool, atMost: leavesAtOnce) }
    }

    /// How many leaves the tree lacks. A tree that has more leaves than there are is refused.
    private static func missingLeaves(of pool: DatabasePool) throws -> UInt64 {
        try pool.read { database in
            let transaction = SQLiteIssuerTransaction(database, isWritable: false)
            let size = try transaction.frontier().size
            let count = try transaction.leafCount()
            guard size <= count else {
                throw IssuerStoreError(.corrupt, "there are \(count) leaves, and the log's tree has \(size)")
            }
            return count - size
        }
    }

    /// Adds some leaves to the tree in one transaction.
    /// - Returns: how many it still lacks.
    static func addToTree(of pool: DatabasePool, atMost limit: Int) throws -> UInt64 {
        try pool.write { database in
            let transaction = SQLiteIssuerTransaction(database, isWritable: true)
            let count = try transaction.leafCount()
            let size = try transaction.frontier().size
            let frontier = try transaction.frontier(reaching: min(count, size + UInt64(limit)))
            try transaction.keep(frontier)
            return count - frontier.size
        }
    }

    // MARK: Verifying

    /// Makes the tree of all leaves anew and compares it with what is kept: the edge, and every tile.
    /// - Returns: the root of the tree.
    /// - Throws: `IssuerStoreError`, `corrupt` with the first place that does not fit.
    public func verifyTree() async throws -> TreeRoot {
        let (head, count) = try await read { (try $0.frontier(), try $0.leafCount()) }
        guard head.size == count else {
            throw IssuerStoreError(.corrupt, "there are \(count) leaves, and the log's tree has \(head.size)")
        }
        var frontier = TreeFrontier()
        var check = TileCheck()
        while frontier.size < head.size {
            let (from, wanted) = (frontier.size, Int(min(UInt64(1_024), head.size - frontier.size)))
            let leaves = try await read { try $0.leaves(from: from, limit: wanted) }
            guard leaves.count == wanted else {
                throw IssuerStoreError(.corrupt, "leaf \(from + UInt64(leaves.count)) is missing")
            }
            for leaf in leaves {
                let full: [HashTile]
                do throws(TreeError) {
                    full = check.take(try frontier.append(.leaf(leaf)))
                } catch {
                    throw IssuerStoreError(.corrupt, "the log of issuances is at its end")
                }
                for tile in full { try await compare(tile, &check) }
            }
        }
        for tile in check.unfinished() { try await compare(tile, &check) }
        guard frontier == head else {
            throw IssuerStoreError(.corrupt, "the leaves do not lead to the root of the log's tree")
        }
        return head.treeRoot
    }

    private func compare(_ tile: HashTile, _ check: inout TileCheck) async throws {
        let hashes = check.hashes(of: tile)
        let stored = try await read { try $0.tileHashes(level: tile.level, number: tile.index) }
        guard let stored, stored.count >= hashes.count, Array(stored.prefix(hashes.count)) == hashes else {
            throw IssuerStoreError(.corrupt, "a tile of the log's tree is not that of its leaves: \(tile.path)")
        }
    }
}

/// The tiles at the right edge while a tree is made anew.
private struct TileCheck {
    /// The hashes of the tile at the edge, by level.
    private var edges: [[TreeHash]] = []
    /// How many tiles of the level are full.
    private var counts: [UInt64] = []

    /// Takes what became complete; gives the tiles that are full now.
    mutating func take(_ complete: [(node: TreeNode, hash: TreeHash)]) -> [HashTile] {
        var full: [HashTile] = []
        for (node, hash) in complete where node.level % HashTile.height == 0 {
            let level = node.level / HashTile.height
            if level == edges.count {
                edges.append([])
                counts.append(0)
            }
            edges[level].append(hash)
            if edges[level].count == HashTile.fullWidth, let tile = HashTile(level: level, index: counts[level]) {
                full.append(tile)
            }
        }
        return full
    }

    /// The tiles above the leaves that are not full; those of level 0 are not kept.
    func unfinished() -> [HashTile] {
        edges.indices.dropFirst().compactMap { level in
            edges[level].isEmpty ? nil : HashTile(level: level, index: counts[level], width: edges[level].count)
        }
    }

    /// The hashes of a tile that ``take(_:)`` or ``unfinished()`` gave; it is forgotten then.
    mutating func hashes(of tile: HashTile) -> [TreeHash] {
        let hashes = edges[tile.level]
        edges[tile.level] = []
        counts[tile.level] += 1
        return hashes
    }
}
