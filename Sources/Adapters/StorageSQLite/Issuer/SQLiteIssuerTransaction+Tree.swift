// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import Transparency

extension IssuerMigration {
    /// The log's tree: its right edge, and tiles of 256 hashes. A tile of level 0 is written when it is full; until then
    /// its hashes are those of leaves. A tile of a higher level grows by one hash whenever one below it is full. The tree
    /// itself is built when the file is opened, see ``SQLiteIssuerStore/completeTree(of:)``.
    static let tree = IssuerMigration(
        name: "tree of leaves",
        sql: """
            CREATE TABLE tree_head (
                id INTEGER PRIMARY KEY CHECK (id = 0),
                size INTEGER NOT NULL,
                hashes BLOB NOT NULL
            ) STRICT;
            INSERT INTO tree_head VALUES (0, 0, x'');
            CREATE TABLE tree_tiles (
                level INTEGER NOT NULL,
                number INTEGER NOT NULL,
                hashes BLOB NOT NULL,
                PRIMARY KEY (level, number)
            ) STRICT;
            """)
}

// MARK: Growing

extension SQLiteIssuerTransaction {
    /// The right edge of the tree.
    func frontier() throws -> TreeFrontier {
        try query("SELECT size, hashes FROM tree_head WHERE id = 0") { statement in
            guard try statement.step() else { throw StoreError(.corrupt, "the head of the log's tree is missing") }
            guard let hashes = TreeHash.hashes(in: try statement.bytes(1)),
                let frontier = try? TreeFrontier(size: try statement.count(0), hashes: hashes)
            else { throw statement.unreadable(1) }
            return frontier
        }
    }

    /// Keeps the right edge.
    func keep(_ frontier: TreeFrontier) throws {
        try change("UPDATE tree_head SET size = ?, hashes = ? WHERE id = 0") { statement in
            try statement.bind(Int64(clamping: frontier.size))
            try statement.bind(TreeHash.bytes(of: frontier.hashes))
        }
    }

    /// The right edge of the tree of the first `count` leaves. Those that it lacks are added: an older version that still has
    /// the file open writes leaves without it.
    func frontier(reaching count: UInt64) throws -> TreeFrontier {
        var frontier = try frontier()
        guard frontier.size <= count else {
            throw StoreError(.corrupt, "there are \(count) leaves, and the log's tree has \(frontier.size)")
        }
        while frontier.size < count {
            let page = try leaves(from: frontier.size, limit: Int(min(256, count - frontier.size)))
            guard !page.isEmpty else { throw StoreError(.corrupt, "leaf \(frontier.size) is missing") }
            for leaf in page { try append(leaf, to: &frontier) }
        }
        return frontier
    }

    /// Appends a leaf that stands in its table already, and keeps the tiles that it completes; not yet the edge.
    func append(_ leaf: [UInt8], to frontier: inout TreeFrontier) throws {
        let complete: [(node: TreeNode, hash: TreeHash)]
        do throws(TreeError) {
            complete = try frontier.append(.leaf(leaf))
        } catch {
            throw StoreError(.full, "the log of issuances is at its end")
        }
        for (node, hash) in complete where node.level > 0 && node.level % HashTile.height == 0 {
            if node.level == HashTile.height { try keepLeafTile(under: node, hash) }
            try appendToTile(node, hash)
        }
    }

    /// Keeps the hashes of 256 leaves. Leaves that were changed since they were recorded would end up in proofs that
    /// nobody believes: then nothing is recorded.
    private func keepLeafTile(under node: TreeNode, _ hash: TreeHash) throws {
        let hashes = try leafHashes(from: node.firstLeaf, count: HashTile.fullWidth)
        var check = TreeFrontier()
        for hash in hashes { _ = try check.append(hash) }
        guard check.root == hash else {
            throw StoreError(
                .corrupt, "leaves from \(node.firstLeaf) on are not those that the log's tree was made of")
        }
        try keepTile(level: 0, number: node.index, TreeHash.bytes(of: hashes))
    }

    private func appendToTile(_ node: TreeNode, _ hash: TreeHash) throws {
        let level = node.level / HashTile.height
        let width = UInt64(HashTile.fullWidth)
        let known = node.index % width == 0 ? [] : try tileBytes(level: level, number: node.index / width) ?? []
        guard UInt64(known.count) == node.index % width * UInt64(TreeHash.byteCount) else {
            throw StoreError(.corrupt, "a tile of the log's tree does not fit: level \(level), \(node.index / width)")
        }
        try keepTile(level: level, number: node.index / width, known + hash.bytes)
    }

    private func keepTile(level: Int, number: UInt64, _ bytes: [UInt8]) throws {
        try change(
            "INSERT INTO tree_tiles (level, number, hashes) VALUES (?, ?, ?) "
                + "ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes"
        ) { statement in
            try statement.bind(Int64(level))
            try statement.bind(Int64(clamping: number))
            try statement.bind(bytes)
        }
    }

    // MARK: Reading

    /// The tree of the first `size` leaves.
    func tree(ofSize size: UInt64) -> TiledTree {
        TiledTree(size: size) { tile in
            guard let bytes = try self.tileBytes(level: tile.level, number: tile.index) else {
                guard tile.level == 0 else { return nil }
                return try self.leafHashes(from: tile.index * UInt64(HashTile.fullWidth), count: tile.width)
            }
            // The tile may have grown since the tree had that size.
            guard let hashes = TreeHash.hashes(in: bytes), hashes.count >= tile.width else {
                throw StoreError(.corrupt, "a tile of the log's tree can't be read back: \(tile.path)")
            }
            return Array(hashes.prefix(tile.width))
        }
    }

    private func tileBytes(level: Int, number: UInt64) throws -> [UInt8]? {
        try query("SELECT hashes FROM tree_tiles WHERE level = ? AND number = ?") { statement in
            try statement.bind(Int64(level))
            try statement.bind(Int64(clamping: number))
            return try statement.step() ? try statement.bytes(0) : nil
        }
    }

    /// The hashes of a full tile, or of what there is of one; nil where there is none.
    func tileHashes(level: Int, number: UInt64) throws -> [TreeHash]? {
        try tileBytes(level: level, number: number).flatMap(TreeHash.hashes)
    }

    private func leafHashes(from index: UInt64, count: Int) throws -> [TreeHash] {
        let hashes = try leaves(from: index, limit: count).map(TreeHash.leaf)
        guard hashes.count == count else {
            throw StoreError(.corrupt, "leaves from \(index) on are missing")
        }
        return hashes
    }

    /// Leaves in order, as many as follow one another without a gap.
    func leaves(from index: UInt64, limit: Int) throws -> [[UInt8]] {
        try query("SELECT leaf, content FROM issuances WHERE leaf >= ? ORDER BY leaf LIMIT ?") { statement in
            try statement.bind(Int64(clamping: index))
            try statement.bind(Int64(max(0, limit)))
            var leaves: [[UInt8]] = []
            while try statement.step(), try statement.count(0) == index + UInt64(leaves.count) {
                leaves.append(try statement.bytes(1))
            }
            return leaves
        }
    }
}

extension TreeHash {
    /// Hashes one after the other; nil for a length that no number of hashes has.
    fileprivate static func hashes(in bytes: [UInt8]) -> [TreeHash]? {
        guard bytes.count % byteCount == 0 else { return nil }
        return stride(from: 0, to: bytes.count, by: byteCount).compactMap {
            TreeHash(bytes: Array(bytes[$0..<($0 + byteCount)]))
        }
    }

    fileprivate static func bytes(of hashes: [TreeHash]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hashes.count * byteCount)
        for hash in hashes { bytes += hash.bytes }
        return bytes
    }
}
