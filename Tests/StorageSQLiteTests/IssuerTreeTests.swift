// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import KelmarkCrypto
import SPIFFE
import Testing
import Transparency

@testable import Issuer
@testable import StorageSQLite

/// The tree of the log of issuances is that of its leaves, whatever happens between.
@Suite struct IssuerTreeTests {
    private struct Failure: Error {}
    private static let now = CertificateTime("2026-08-01T12:00:00Z")!

    private static func batch(_ numbers: Range<Int>) throws -> IssuanceBatch {
        let domain = try TrustDomain("example.org")
        var salt = [UInt8](repeating: 7, count: 32)
        let blinding = try LeafBlinding(log: "log", salt: try SecretBytes(moving: &salt))
        let id = try SPIFFEID(trustDomain: domain, path: "/w")
        return IssuanceBatch(
            issuances: numbers.map { number in
                let record = IssuanceRecord(
                    kind: .x509, id: id, digest: [1], serial: "\(number)", keyDigest: [2], dnsNames: [],
                    notBefore: now, notAfter: now.advanced(by: 60), authorityID: "a", statement: nil, entryID: nil,
                    node: nil, issuedAt: now)
                return (record, AuditEvent(at: now, actor: "actor", action: "issue", subject: "\(number)"))
            }, blinding: blinding)
    }

    private static func tree(of store: SQLiteIssuerStore) async throws -> MemoryTree {
        var tree = MemoryTree()
        for one in try await store.issuances(from: 0, limit: 10_000) { try tree.append(one.leaf) }
        return tree
    }

    private static func filled(_ path: String, _ count: Int) async throws -> TreeRoot {
        let store = try SQLiteIssuerStore(path: path)
        _ = try await store.commit(try batch(0..<count))
        return try await store.root()
    }

    private static func change(_ path: String, _ sql: String) async throws {
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: sql) }
    }

    @Test func theTreeSurvivesReopening() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        let root = try await Self.filled(path, 300)
        let store = try SQLiteIssuerStore(path: path)
        #expect(try await store.root() == root)
        #expect(try await store.verifyTree() == root)
        _ = try await store.commit(try Self.batch(300..<600))
        #expect(try await store.root() == (try await Self.tree(of: store).frontier.treeRoot))
        #expect(try await store.verifyTree().size == 600)
    }

    /// A file as the version before wrote it: without the tables of the tree.
    @Test func aFileWithoutATreeGetsOne() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        let root = try await Self.filled(path, 700)
        try await Self.change(
            path,
            """
            DROP TABLE tree_head; DROP TABLE tree_tiles; PRAGMA user_version = 3;
            DELETE FROM grdb_migrations WHERE identifier = 'tree of leaves'
            """)
        // Whoever only looks leaves it so: the version before may still serve it.
        for _ in 1...2 {
            #expect {
                try SQLiteIssuerStore(lookingInto: path)
            } throws: {
                ($0 as? IssuerStoreError)?.code == .unavailable
            }
        }
        let store = try SQLiteIssuerStore(path: path)
        #expect(try await store.root() == root)
        #expect(try await store.verifyTree() == root)
        let proven = try #require(try await store.inclusionProof(of: 300))
        #expect(proven.proof.isValid(leaf: proven.issuance.leafHash, root: root.hash))
    }

    /// The tree is completed a piece at a time; what stopped in between goes on when the file is opened again.
    @Test func aTreeIsCompletedPieceByPiece() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        let root = try await Self.filled(path, 700)
        try await Self.change(path, "UPDATE tree_head SET size = 0, hashes = x''; DELETE FROM tree_tiles")
        let pool = try DatabasePool(path: path)
        #expect(try SQLiteIssuerStore.addToTree(of: pool, atMost: 300) == 400)
        #expect(try SQLiteIssuerStore.addToTree(of: pool, atMost: 300) == 100)
        try pool.close()
        let store = try SQLiteIssuerStore(path: path)
        #expect(try await store.verifyTree() == root)
    }

    @Test func whatIsUndoneIsNotInTheTree() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteIssuerStore(path: folder.path("issuer.sqlite"))
        _ = try await store.commit(try Self.batch(0..<255))
        let root = try await store.root()
        await #expect(throws: Failure.self) {
            try await store.write { transaction in
                var frontier = try transaction.frontier()
                let leaf = try #require(try transaction.leaves(from: 0, limit: 1).first)
                _ = try? frontier.append(.leaf(leaf))
                try transaction.keep(frontier)
                throw Failure()
            }
        }
        #expect(try await store.root() == root)
        _ = try await store.commit(try Self.batch(255..<257))
        #expect(try await store.verifyTree().size == 257)
    }

    /// A commit for which there is no room leaves neither a leaf nor a part of the tree.
    @Test func aFullFileKeepsLeavesAndTreeTogether() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        let store = try SQLiteIssuerStore(path: path, options: .init(pageLimit: 120))
        var count = 0
        await #expect(throws: IssuerStoreError.self) {
            while count < 5_000 {
                _ = try await store.commit(try Self.batch(count..<(count + 50)))
                count += 50
            }
        }
        #expect(count > 256)
        #expect(try await store.leafCount() == UInt64(count))
        #expect(try await store.verifyTree().size == UInt64(count))
    }

    @Test(arguments: [
        ("DELETE FROM issuances WHERE leaf = 299", "there are 299 leaves, and the log's tree has 300"),
        ("DELETE FROM tree_head", "the head of the log's tree is missing"),
        ("UPDATE tree_head SET hashes = x'00'", "the stored value of hashes can't be read back"),
    ])
    func aTreeOfMoreLeavesIsFoundWhenOpening(_ sql: String, _ words: String) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        _ = try await Self.filled(path, 300)
        try await Self.change(path, sql)
        #expect(throws: IssuerStoreError(.corrupt, words)) { try SQLiteIssuerStore(path: path) }
    }

    @Test(arguments: [
        (
            "UPDATE issuances SET content = x'7b7d' WHERE leaf = 3",
            "a tile of the log's tree is not that of its leaves: tile/0/000"
        ),
        (
            "UPDATE issuances SET content = x'7b7d' WHERE leaf = 290",
            "the leaves do not lead to the root of the log's tree"
        ),
        (
            "UPDATE tree_tiles SET hashes = zeroblob(8192) WHERE level = 0",
            "a tile of the log's tree is not that of its leaves: tile/0/000"
        ),
        (
            "UPDATE tree_tiles SET hashes = zeroblob(32) WHERE level = 1",
            "a tile of the log's tree is not that of its leaves: tile/1/000.p/1"
        ),
        (
            "DELETE FROM tree_tiles WHERE level = 1",
            "a tile of the log's tree is not that of its leaves: tile/1/000.p/1"
        ),
        ("UPDATE tree_head SET hashes = zeroblob(128)", "the leaves do not lead to the root of the log's tree"),
        ("DELETE FROM issuances WHERE leaf = 7", "leaf 7 is missing"),
    ])
    func aTreeThatDoesNotFitIsFound(_ sql: String, _ words: String) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        _ = try await Self.filled(path, 300)
        try await Self.change(path, sql)
        let store = try SQLiteIssuerStore(path: path)
        await #expect(throws: IssuerStoreError(.corrupt, words)) { try await store.verifyTree() }
    }

    /// A proof is not made of what is not there.
    @Test func missingTilesGiveNoProof() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        _ = try await Self.filled(path, 600)
        try await Self.change(path, "DELETE FROM tree_tiles WHERE level = 1")
        let store = try SQLiteIssuerStore(path: path)
        await #expect { try await store.inclusionProof(of: 599) } throws: {
            ($0 as? IssuerStoreError)?.code == .corrupt
        }
    }

    /// Leaves that were changed before their tile was full do not become a tile, and nothing more is recorded.
    @Test func changedLeavesAreNotBuiltUpon() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        _ = try await Self.filled(path, 250)
        try await Self.change(path, "UPDATE issuances SET content = x'7b7d' WHERE leaf = 3")
        let store = try SQLiteIssuerStore(path: path)
        await #expect(
            throws: IssuerStoreError(.corrupt, "leaves from 0 on are not those that the log's tree was made of")
        ) { try await store.commit(try Self.batch(250..<260)) }
        #expect(try await store.leafCount() == 250)
    }

    /// An older version that still has the file open writes leaves without the tree.
    @Test func leavesWithoutTreeAreAdded() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteIssuerStore(path: folder.path("issuer.sqlite"))
        _ = try await store.commit(try Self.batch(0..<300))
        let root = try await store.root()
        try await store.write { transaction in
            try transaction.change("DELETE FROM tree_tiles") { _ in }
            try transaction.keep(TreeFrontier())
        }
        await #expect(
            throws: IssuerStoreError(.corrupt, "there are 300 leaves, and the log's tree has 0")
        ) { try await store.verifyTree() }
        _ = try await store.commit(try Self.batch(300..<301))
        #expect(try await store.verifyTree().size == 301)
        #expect(try await store.consistencyProof(from: 300)?.oldRoot == root.hash)
    }

    @Test func aTreeThatIsAheadIsNotBuiltUpon() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteIssuerStore(path: folder.path("issuer.sqlite"))
        _ = try await store.commit(try Self.batch(0..<3))
        try await store.write { transaction in
            var frontier = try transaction.frontier()
            _ = try frontier.append(.leaf([1]))
            try transaction.keep(frontier)
        }
        await #expect(throws: IssuerStoreError(.corrupt, "there are 3 leaves, and the log's tree has 4")) {
            try await store.commit(try Self.batch(3..<4))
        }
    }
}
