// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import IssuerStoreConformance
import KERI
import KelmarkCrypto
import SPIFFE
import Synchronization
import Testing
import Transparency

@testable import Issuer
@testable import StorageSQLite

@Suite struct IssuerStoreTests {
    private struct Failure: Error {}

    @Test(arguments: IssuerConformance<SQLiteIssuerStore>.Check.allCases)
    func sqlite(_ check: IssuerConformance<SQLiteIssuerStore>.Check) async throws {
        let folder = try TemporaryFolder()
        try await IssuerConformance { try SQLiteIssuerStore(path: folder.path("\(UUID()).sqlite")) }.run(check)
    }

    @Test(arguments: IssuerConformance<MemoryIssuerStores>.Check.allCases)
    func memory(_ check: IssuerConformance<MemoryIssuerStores>.Check) async throws {
        try await IssuerConformance { MemoryIssuerStores() }.run(check)
    }

    private static let now = CertificateTime("2026-08-01T12:00:00Z")!

    private static func batch(_ number: Int) throws -> IssuanceBatch {
        let domain = try TrustDomain("example.org")
        let record = IssuanceRecord(
            kind: .x509, id: try SPIFFEID(trustDomain: domain, path: "/w"), digest: [1], serial: "\(number)",
            keyDigest: [2], dnsNames: [], notBefore: now, notAfter: now.advanced(by: 60), authorityID: "a",
            statement: nil, entryID: nil, node: nil, issuedAt: now)
        let event = AuditEvent(at: now, actor: "actor", action: "issue", subject: "\(number)")
        return IssuanceBatch(issuances: [(record: record, event: event)], blinding: try blinding())
    }

    private static func blinding() throws -> LeafBlinding {
        var salt = [UInt8](repeating: 7, count: 32)
        return try LeafBlinding(log: "log", salt: try SecretBytes(moving: &salt))
    }

    @Test func everythingSurvivesReopening() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("made/issuer.sqlite")
        do {
            let store = try SQLiteIssuerStore(path: path)
            _ = try await store.replaceAuthorityDocument([1, 2], expecting: nil)
            for number in 0..<5 { _ = try await store.commit(try Self.batch(number)) }
        }
        let store = try SQLiteIssuerStore(path: path)
        #expect(try await store.authorityDocument()?.content == [1, 2])
        #expect(try await store.issuances(from: 0, limit: 9).map(\.record.serial) == ["0", "1", "2", "3", "4"])
        #expect(try await store.verifyAudit() == 5)
        #expect(try await store.commit(try Self.batch(5)) == [5])
    }

    @Test func everyCommitIsSynchronised() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteIssuerStore(path: folder.path("issuer.sqlite"))
        let (synchronous, journal) = try await store.pool.writeWithoutTransaction {
            (try Int.fetchOne($0, sql: "PRAGMA synchronous"), try String.fetchOne($0, sql: "PRAGMA journal_mode"))
        }
        #expect(synchronous == 2)
        #expect(journal == "wal")
        #expect(store.commitCount == 0)
        try await store.write { _ in }
        #expect(store.commitCount == 0)
        _ = try await store.commit(try Self.batch(0))
        #expect(store.commitCount == 1)
    }

    @Test func theFileIsForItsOwnerOnlyAndMarked() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        do {
            let store = try SQLiteIssuerStore(path: path)
            _ = try await store.commit(try Self.batch(0))
            for end in ["", "-wal", "-shm"] {
                let mode = try FileManager.default.attributesOfItem(atPath: path + end)[.posixPermissions] as? Int
                #expect(mode == 0o600)
            }
        }
        let header = try Data(contentsOf: URL(filePath: path)).prefix(100)
        #expect(header[68..<72].elementsEqual("KLMI".utf8))
        #expect(Int(header[63]) == SQLiteIssuerStore.formatVersion)
    }

    @Test func otherFilesAreRefused() async throws {
        let folder = try TemporaryFolder()
        let foreign = folder.path("foreign.db")
        do { _ = try SQLiteKeyEventStore(path: foreign) }
        #expect { try SQLiteIssuerStore(path: foreign) } throws: { ($0 as? IssuerStoreError)?.code == .unavailable }
        let path = folder.path("issuer.sqlite")
        do { _ = try SQLiteIssuerStore(path: path) }
        #expect { try SQLiteKeyEventStore(path: path) } throws: { ($0 as? StoreError)?.code == .unavailable }
        do {
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "PRAGMA user_version = 99") }
        }
        #expect { try SQLiteIssuerStore(path: path) } throws: { ($0 as? IssuerStoreError)?.code == .tooNew }
        let text = folder.path("text")
        try Data(repeating: 0x41, count: 4_096).write(to: URL(filePath: text))
        #expect { try SQLiteIssuerStore(path: text) } throws: { ($0 as? IssuerStoreError)?.code == .corrupt }
    }

    // MARK: Shared commits

    /// The first holds the queue until all others have lined up: they share one commit, and one that throws is undone
    /// alone.
    @Test func writersShareACommitAndFailAlone() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteIssuerStore(path: folder.path("issuer.sqlite"))
        let gate = DispatchSemaphore(value: 0)
        let isInside = Atomic<Bool>(false)
        async let first: Void = store.write { transaction in
            isInside.store(true, ordering: .sequentiallyConsistent)
            gate.wait()
            try transaction.insert(0)
        }
        while !isInside.load(ordering: .sequentiallyConsistent) { await Task.yield() }
        let results = await withTaskGroup(of: (Int, Bool).self) { group in
            for number in 1...20 {
                group.addTask {
                    do {
                        try await store.write { transaction in
                            try transaction.insert(number)
                            if number % 5 == 0 { throw Failure() }
                        }
                        return (number, true)
                    } catch is Failure {
                        return (number, false)
                    } catch {
                        return (number, true)
                    }
                }
            }
            while store.waitingCount < 20 { await Task.yield() }
            gate.signal()
            var results: [Int: Bool] = [:]
            for await (number, isDone) in group { results[number] = isDone }
            return results
        }
        try await first
        #expect(store.commitCount == 2)
        for number in 1...20 { #expect(results[number] == (number % 5 != 0)) }
        let kept = try await store.read { try $0.numbers() }
        #expect(kept == (0...20).filter { $0 == 0 || $0 % 5 != 0 })
    }

    @Test func theLineOfWritersIsBounded() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteIssuerStore(path: folder.path("issuer.sqlite"), longestLine: 2)
        let gate = DispatchSemaphore(value: 0)
        let isInside = Atomic<Bool>(false)
        async let first: Void = store.write { _ in
            isInside.store(true, ordering: .sequentiallyConsistent)
            gate.wait()
        }
        while !isInside.load(ordering: .sequentiallyConsistent) { await Task.yield() }
        await withTaskGroup(of: Void.self) { group in
            for number in 1...2 { group.addTask { try? await store.write { try $0.insert(number) } } }
            while store.waitingCount < 2 { await Task.yield() }
            await #expect(throws: IssuerStoreError(.unavailable, "too many writers wait")) {
                try await store.write { try $0.insert(3) }
            }
            gate.signal()
        }
        try await first
        #expect(try await store.read { try $0.numbers() } == [1, 2])
    }

    @Test func anErrorThatWasSwallowedStillUndoes() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteIssuerStore(path: folder.path("issuer.sqlite"))
        try await store.write { try $0.insert(1) }
        await #expect(throws: IssuerStoreError.self) {
            try await store.write { transaction in
                try transaction.insert(2)
                try? transaction.insert(1)
            }
        }
        #expect(try await store.read { try $0.numbers() } == [1])
    }

    @Test func readersDoNotWrite() async throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteIssuerStore(path: folder.path("issuer.sqlite"))
        await #expect(throws: IssuerStoreError(.unavailable, "a read transaction can't write")) {
            try await store.read { try $0.insert(1) }
        }
    }

    // MARK: Audit

    /// Changes the file behind the store's back.
    private func tamper(_ sql: String) async throws -> (open: Result<SQLiteIssuerStore, any Error>, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.sqlite")
        do {
            let store = try SQLiteIssuerStore(path: path)
            for number in 0..<6 { _ = try await store.commit(try Self.batch(number)) }
        }
        do {
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: sql) }
        }
        return (Result { try SQLiteIssuerStore(path: path) }, folder)
    }

    @Test(arguments: [
        "DELETE FROM audit WHERE number = 5",
        "UPDATE audit SET content = x'7b7d' WHERE number = 5",
        "UPDATE audit SET digest = zeroblob(32) WHERE number = 5",
        "UPDATE audit_head SET count = 5",
        "UPDATE audit_head SET digest = zeroblob(32)",
        "DELETE FROM audit_head",
        "INSERT INTO audit SELECT 6, previous, content, digest FROM audit WHERE number = 5",
    ])
    func aHeadThatDoesNotFitIsFoundWhenOpening(_ sql: String) async throws {
        let (opened, folder) = try await tamper(sql)
        #expect { try opened.get() } throws: { ($0 as? IssuerStoreError)?.code == .corrupt }
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: [
        ("DELETE FROM audit WHERE number = 2", "audit record 2: missing; 3 stands in its place"),
        ("UPDATE audit SET content = x'7b7d' WHERE number = 3", "audit record 3: was changed"),
        (
            """
            UPDATE audit SET number = -1 WHERE number = 1; UPDATE audit SET number = 1 WHERE number = 2;
            UPDATE audit SET number = 2 WHERE number = -1
            """, "audit record 1: does not follow the one before"
        ),
    ])
    func aRecordThatDoesNotFitIsFound(_ sql: String, _ words: String) async throws {
        let (opened, folder) = try await tamper(sql)
        let store = try opened.get()
        await #expect(throws: IssuerStoreError(.corrupt, words)) { try await store.verifyAudit() }
        withExtendedLifetime(folder) {}
    }
}

/// Both stores in memory as one.
struct MemoryIssuerStores: AuthorityStore, IssuanceStore {
    let authorities = MemoryAuthorityStore()
    let inner = MemoryIssuanceStore()

    func authorityDocument() async throws -> AuthorityDocument? { authorities.authorityDocument() }
    func replaceAuthorityDocument(_ content: [UInt8], expecting revision: UInt64?) async throws -> UInt64 {
        try authorities.replaceAuthorityDocument(content, expecting: revision)
    }
    func commit(_ batch: IssuanceBatch) async throws -> [UInt64] { try inner.commit(batch) }
    func leafCount() async throws -> UInt64 { inner.leafCount() }
    func root() async throws -> TreeRoot { inner.root() }
    func inclusionProof(of index: UInt64) async throws -> ProvenIssuance? { try inner.inclusionProof(of: index) }
    func consistencyProof(from size: UInt64) async throws -> ProvenGrowth? { try inner.consistencyProof(from: size) }
    func leaves(named serial: String) async throws -> [UInt64] { inner.leaves(named: serial) }
    func issuances(from index: UInt64, limit: Int) async throws -> [StoredIssuance] {
        inner.issuances(from: index, limit: limit)
    }
    func auditRecords(from index: UInt64, limit: Int) async throws -> [AuditRecord] {
        inner.auditRecords(from: index, limit: limit)
    }
    func auditHead() async throws -> AuditChain.Position { inner.auditHead() }
}

extension SQLiteIssuerTransaction {
    /// Some row with a number.
    fileprivate func insert(_ number: Int) throws {
        try change("INSERT INTO audit (number, previous, content, digest) VALUES (?, x'00', x'00', x'00')") {
            try $0.bind(Int64(number))
        }
    }

    fileprivate func numbers() throws -> [Int] {
        try query("SELECT number FROM audit ORDER BY number") { statement in
            var numbers: [Int] = []
            while try statement.step() { numbers.append(Int(try statement.integer(0))) }
            return numbers
        }
    }
}
