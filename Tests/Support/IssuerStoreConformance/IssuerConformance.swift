// SPDX-License-Identifier: Apache-2.0

public import Issuer
internal import KelmarkCrypto
internal import SPIFFE
internal import Transparency

/// What every store of an issuer's authorities and issuances has to do, as named checks that run against an empty store.
public struct IssuerConformance<Store: AuthorityStore & IssuanceStore>: Sendable {
    /// The checks.
    public enum Check: String, CaseIterable, Sendable, CustomStringConvertible {
        case empty = "an empty store answers everything"
        case documents = "a document is replaced as a whole, revision by revision"
        case conflicts = "a document that somebody else replaced is not overwritten"
        case issuances = "issuances come back equal, with the leaf of their index"
        case pages = "issuances and audit records come in pages, in order"
        case audit = "audit records are chained and lead to the head"
        case eventsAlone = "audit events need no issuance"
        case tree = "the log's tree is that of the leaves after every commit, and proves each of them"
        case growth = "the log's tree begins with every earlier one"
        case named = "issuances are found by serial number"
        case together = "batches that come together get every index once"

        public var description: String { rawValue }
    }

    let makeStore: @Sendable () throws -> Store

    /// A suite over stores that `makeStore` makes; each must be empty and independent of the others.
    public init(_ makeStore: @escaping @Sendable () throws -> Store) { self.makeStore = makeStore }

    /// Runs one check against a fresh store.
    /// - Throws: ``IssuerConformanceFailure``, and what the store throws.
    public func run(_ check: Check) async throws {
        let store = try makeStore()
        switch check {
        case .empty: try await empty(store)
        case .documents: try await documents(store)
        case .conflicts: try await conflicts(store)
        case .issuances: try await issuances(store)
        case .pages: try await pages(store)
        case .audit: try await audit(store)
        case .eventsAlone: try await eventsAlone(store)
        case .tree: try await tree(store)
        case .growth: try await growth(store)
        case .named: try await named(store)
        case .together: try await together(store)
        }
    }

    // MARK: Samples

    private static var now: CertificateTime { CertificateTime("2026-08-01T12:00:00Z") ?? .earliest }

    static func record(_ number: Int, kind: IssuanceRecord.Kind = .x509) throws -> IssuanceRecord {
        let domain = try TrustDomain("example.org")
        return IssuanceRecord(
            kind: kind, id: kind == .downstream ? domain.id : try SPIFFEID(trustDomain: domain, path: "/w/\(number)"),
            digest: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32), serial: "s\(number)",
            keyDigest: kind == .jwt ? [] : [1, 2, 3], dnsNames: kind == .x509 ? ["a.example", "b\"é.example"] : [],
            notBefore: now, notAfter: now.advanced(by: 60), authorityID: "authority",
            statement: kind == .jwt ? nil : "statement", entryID: kind == .downstream ? nil : "entry",
            node: kind == .downstream ? nil : try SPIFFEID(trustDomain: domain, path: "/spire/agent/a"),
            issuedAt: now)
    }

    static func event(_ number: Int) -> AuditEvent {
        AuditEvent(
            at: now, actor: "actor", action: "issue", subject: "subject \(number)", details: ["number": "\(number)"])
    }

    static func blinding() throws -> LeafBlinding {
        var salt = [UInt8](repeating: 7, count: 32)
        return try LeafBlinding(log: "log", salt: try SecretBytes(moving: &salt))
    }

    static func batch(_ numbers: Range<Int>) throws -> IssuanceBatch {
        IssuanceBatch(
            issuances: try numbers.map { (record: try record($0), event: event($0)) }, blinding: try blinding())
    }

    // MARK: Checks

    private func empty(_ store: Store) async throws {
        try expect(try await store.authorityDocument() == nil)
        try expect(try await store.leafCount() == 0)
        try expect(try await store.issuances(from: 0, limit: 10).isEmpty)
        try expect(try await store.issuances(from: .max, limit: 10).isEmpty)
        try expect(try await store.auditRecords(from: 0, limit: 10).isEmpty)
        try expect(try await store.auditRecords(from: .max, limit: -1).isEmpty)
        try expect(try await store.auditHead() == .start)
        try expect(try await store.root() == .empty)
        try expect(try await store.inclusionProof(of: 0) == nil)
        try expect(try await store.consistencyProof(from: 0) == nil)
        try expect(try await store.consistencyProof(from: 1) == nil)
        try expect(try await store.leaves(named: "s0").isEmpty)
        try expect(try await store.commit(IssuanceBatch(blinding: try Self.blinding())).isEmpty)
        try expect(try await store.auditHead() == .start)
    }

    private func documents(_ store: Store) async throws {
        let first = try await store.replaceAuthorityDocument([1], expecting: nil)
        try expect(try await store.authorityDocument() == AuthorityDocument(revision: first, content: [1]))
        let second = try await store.replaceAuthorityDocument([], expecting: first)
        try expect(second > first)
        try expect(try await store.authorityDocument() == AuthorityDocument(revision: second, content: []))
    }

    private func conflicts(_ store: Store) async throws {
        func refuses(_ revision: UInt64?) async throws {
            do {
                _ = try await store.replaceAuthorityDocument([9], expecting: revision)
            } catch let error as IssuerStoreError where error.code == .conflict {
                return
            }
            try expect(false)
        }
        try await refuses(1)
        let first = try await store.replaceAuthorityDocument([1], expecting: nil)
        try await refuses(nil)
        try await refuses(first + 1)
        try expect(try await store.authorityDocument() == AuthorityDocument(revision: first, content: [1]))
    }

    private func issuances(_ store: Store) async throws {
        let records = try IssuanceRecord.Kind.allCases.enumerated().map { try Self.record($0.offset, kind: $0.element) }
        let indexes = try await store.commit(
            IssuanceBatch(
                issuances: records.enumerated().map { (record: $0.element, event: Self.event($0.offset)) },
                blinding: try Self.blinding()))
        try expect(indexes == [0, 1, 2])
        let stored = try await store.issuances(from: 0, limit: 10)
        try expect(stored.map(\.record) == records)
        try expect(stored.map(\.index) == indexes)
        for one in stored {
            try expect(one.leaf == (try one.record.leaf(at: one.index, blinding: try Self.blinding())))
        }
        try expect(try await store.leafCount() == 3)
    }

    private func pages(_ store: Store) async throws {
        for start in stride(from: 0, to: 30, by: 3) {
            let indexes = try await store.commit(try Self.batch(start..<(start + 3)))
            try expect(indexes == (start..<(start + 3)).map(UInt64.init))
        }
        try expect(try await store.issuances(from: 28, limit: 10).map(\.index) == [28, 29])
        try expect(try await store.issuances(from: 4, limit: 3).map(\.record.serial) == ["s4", "s5", "s6"])
        try expect(try await store.auditRecords(from: 4, limit: 3).map(\.index) == [4, 5, 6])
        try expect(try await store.auditRecords(from: 0, limit: 0).isEmpty)
    }

    private func audit(_ store: Store) async throws {
        for start in stride(from: 0, to: 9, by: 3) { _ = try await store.commit(try Self.batch(start..<(start + 3))) }
        let records = try await store.auditRecords(from: 0, limit: 100)
        try expect(records.count == 9)
        try expect(try AuditChain.follow(records) == (try await store.auditHead()))
        for (number, record) in records.enumerated() {
            let text = String(decoding: record.content, as: UTF8.self)
            try expect(text.contains("\"subject\":\"subject \(number)\""))
            try expect(text.contains("\"leaf\":\"\(number)\""))
        }
    }

    private func eventsAlone(_ store: Store) async throws {
        let batch = IssuanceBatch(events: [Self.event(0), Self.event(1)], blinding: try Self.blinding())
        try expect(try await store.commit(batch).isEmpty)
        try expect(try await store.leafCount() == 0)
        try expect(try await store.auditHead().count == 2)
        try expect(try await store.commit(try Self.batch(0..<1)) == [0])
        try expect(try AuditChain.follow(try await store.auditRecords(from: 0, limit: 9)).count == 3)
    }

    /// Past one full tile of 256 leaves, with batches that end before, at and behind its edge.
    private func tree(_ store: Store) async throws {
        var tree = MemoryTree()
        var count = 0
        for size in [1, 2, 100, 153, 1, 3, 252, 6] {
            _ = try await store.commit(try Self.batch(count..<(count + size)))
            for one in try await store.issuances(from: UInt64(count), limit: size) { try tree.append(one.leaf) }
            count += size
            try expect(try await store.root() == tree.frontier.treeRoot)
            try expect(try await store.root().size == UInt64(count))
        }
        _ = try await store.commit(IssuanceBatch(events: [Self.event(0)]))
        try expect(try await store.root() == tree.frontier.treeRoot)
        for index in [0, 1, 255, 256, 257, 511, 512, count - 1] {
            guard let proven = try await store.inclusionProof(of: UInt64(index)) else { return try expect(false) }
            try expect(proven.issuance.index == UInt64(index))
            try expect(proven.issuance == (try await store.issuances(from: UInt64(index), limit: 1).first))
            try expect(proven.root == tree.frontier.root)
            try expect(proven.proof == (try InclusionProof(ofLeaf: UInt64(index), size: UInt64(count), from: tree)))
            try expect(proven.proof.isValid(leaf: proven.issuance.leafHash, root: proven.root))
        }
        try expect(try await store.inclusionProof(of: UInt64(count)) == nil)
        try expect(try await store.inclusionProof(of: .max) == nil)
    }

    private func growth(_ store: Store) async throws {
        var roots: [TreeRoot] = []
        for start in stride(from: 0, to: 520, by: 40) {
            _ = try await store.commit(try Self.batch(start..<(start + 40)))
            roots.append(try await store.root())
        }
        guard let now = roots.last else { return try expect(false) }
        for root in roots {
            guard let growth = try await store.consistencyProof(from: root.size) else { return try expect(false) }
            try expect(growth.oldRoot == root.hash && growth.newRoot == now.hash)
            try expect(growth.proof.oldSize == root.size && growth.proof.newSize == now.size)
            try expect(growth.proof.isValid(oldRoot: root.hash, newRoot: now.hash))
        }
        try expect(try await store.consistencyProof(from: 0) == nil)
        try expect(try await store.consistencyProof(from: now.size + 1) == nil)
        try expect(try await store.consistencyProof(from: .max) == nil)
    }

    private func named(_ store: Store) async throws {
        _ = try await store.commit(try Self.batch(0..<3))
        _ = try await store.commit(try Self.batch(1..<2))
        try expect(try await store.leaves(named: "s1") == [1, 3])
        try expect(try await store.leaves(named: "s9").isEmpty)
    }

    private func together(_ store: Store) async throws {
        let indexes = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for number in 0..<64 {
                group.addTask { try await store.commit(try Self.batch(number..<(number + 1 + number % 3))) }
            }
            var all: [UInt64] = []
            for try await one in group {
                try expect(one == Array((one.first ?? 0)..<((one.first ?? 0) + UInt64(one.count))))
                all += one
            }
            return all
        }
        let count = (0..<64).reduce(0) { $0 + 1 + $1 % 3 }
        try expect(indexes.sorted() == (0..<count).map(UInt64.init))
        let records = try await store.auditRecords(from: 0, limit: 1_000)
        try expect(try AuditChain.follow(records) == (try await store.auditHead()))
        var tree = MemoryTree()
        for one in try await store.issuances(from: 0, limit: 1_000) { try tree.append(one.leaf) }
        try expect(try await store.root() == tree.frontier.treeRoot)
    }
}

/// A store does not do what it has to.
public struct IssuerConformanceFailure: Error, CustomStringConvertible {
    /// Where.
    public let description: String
}

func expect(_ condition: Bool, line: Int = #line, file: String = #fileID) throws {
    guard condition else { throw IssuerConformanceFailure(description: "\(file):\(line): expectation failed") }
}
