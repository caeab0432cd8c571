// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import Foundation
import GRDB
import KERI
import KelmarkBytes
import StoreConformance
import Testing

@testable import StorageSQLite

/// Credentials in a file: kept over closing, found when somebody changes them, added to files of older versions.
@Suite struct CredentialFileTests {
    private let now = SampleHistory.start

    /// A registry with an issued and a revoked credential, another credential in escrow, and a schema.
    private func fill(_ path: String) throws {
        let store = SQLiteCredentialStore(try SQLiteKeyEventStore(path: path))
        let processor = CredentialProcessor(store: store)
        let events = EventProcessor(store: store.keyEventLogs)
        let controller = SampleController("issuer")
        let inception = try controller.incept()
        _ = try events.process(.keyEvent(inception.event), with: inception.attachments, now: now)
        let aid = inception.event.aid
        func feed(_ event: RegistryEvent) throws {
            let state = try #require(try store.keyEventLogs.read { try $0.keyState(of: aid) })
            let sealing = try controller.interact(behind: state, anchors: [event.seal.value])
            _ = try events.process(.keyEvent(sealing.event), with: sealing.attachments, now: now)
            #expect(try processor.process(event, with: Attachments(), now: now) == .accepted)
        }
        let nonce = try Primitive(code: .salt128, raw: [UInt8](repeating: 1, count: 16))
        let registry = try RegistryEventBuilder.inception(issuer: aid, nonce: nonce)
        try feed(registry)
        let state = try #require(try store.read(credentials: { try $0.registry(registry.subject) }))
        for name in ["a", "b"] {
            try feed(RegistryEventBuilder.issuance(of: CredentialSample.said(name), in: state, dated: now))
        }
        let said = try CredentialSample.said("a")
        let status = try #require(try store.read(credentials: { try $0.status(of: said, in: registry.subject) }))
        try feed(RegistryEventBuilder.revocation(of: status, in: state, dated: now))
        try processor.learn(CredentialSample.schema("s"))
        let credential = try CredentialSample.credential(issuee: "x", note: "kept")
        try store.write(credentials: { try $0.putCredential(credential, seenAt: SampleHistory.start) })
        let waiting = try CredentialSample.credential(note: "waiting")
        #expect(
            try processor.process(waiting, with: Attachments(), now: now).outcome == .escrowed(.missingRegistry))
    }

    @Test func everythingIsThereAgain() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        try fill(path)
        let store = SQLiteCredentialStore(try SQLiteKeyEventStore(path: path))
        try store.read(credentials: { transaction in
            let state = try #require(try transaction.registries(of: nil, after: nil, limit: 9).first)
            let statuses = try transaction.statuses(in: state.registry, after: nil, limit: 9)
            #expect(statuses.filter(\.isRevoked).count == 1 && statuses.count == 2)
            #expect(try statuses.allSatisfy { try transaction.isAnchored($0) })
            #expect(try transaction.credentials(CredentialFilter(), after: nil, limit: 9).count == 1)
            #expect(try transaction.credentialEscrowCount(isVerified: false, issuer: nil) == 1)
        })
        let result = try store.keyEventLogs.verifyAll()
        #expect(result.problems == [])
        #expect(result.registryEvents == 4)
        #expect((result.credentials, result.credentialEscrows) == (1, 1))
    }

    /// Whatever somebody changes in the file is found.
    @Test(
        arguments: [
            ("UPDATE registry_events SET body = x'7b7d' WHERE id = 2", StoreProblem.Code.mismatch),
            ("UPDATE registry_events SET kind = 'rev' WHERE kind = 'iss'", .mismatch),
            ("UPDATE registry_events SET kind = 'xxx' WHERE id = 2", .unreadable),
            ("UPDATE registry_events SET signatures = x'00' WHERE id = 2", .unreadable),
            ("UPDATE registry_events SET anchor_sn = 3 WHERE id = 2", .refused),
            ("DELETE FROM registry_events WHERE kind = 'rev'", .mismatch),
            ("DELETE FROM registry_events WHERE kind = 'vcp'", .mismatch),
            ("UPDATE registries SET issuer = (SELECT said FROM registries)", .mismatch),
            ("UPDATE registries SET backerless = 0", .mismatch),
            ("UPDATE registries SET backers = 'x'", .unreadable),
            ("PRAGMA foreign_keys = OFF; DELETE FROM registries", .gap),
            ("UPDATE statuses SET kind = 'iss' WHERE kind = 'rev'", .mismatch),
            ("UPDATE statuses SET sn = 0 WHERE sn = 1", .mismatch),
            ("UPDATE statuses SET issuance_anchor_sn = 9", .mismatch),
            ("UPDATE statuses SET event = 'x'", .unreadable),
            ("UPDATE credentials SET issuee = NULL", .mismatch),
            ("UPDATE credentials SET issuer = schema", .mismatch),
            ("UPDATE credentials SET body = x'7b7d'", .unreadable),
            ("UPDATE schemas SET body = x'7b7d'", .unreadable),
            ("UPDATE credential_escrows SET message = x'00'", .unreadable),
            ("UPDATE credential_escrow_totals SET count = 7", .count),
        ] as [(String, StoreProblem.Code)]) func aChangedStore(_ change: String, _ expected: StoreProblem.Code) throws
    {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        try fill(path)
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: change) }
        try queue.close()
        let result = try SQLiteKeyEventStore(path: path).verifyAll()
        #expect(result.problems.contains { $0.code == expected }, "\(result.problems)")
    }

    @Test func unreadableRowsAreReported() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        try fill(path)
        let queue = try DatabaseQueue(path: path)
        try queue.write {
            try $0.execute(sql: "UPDATE credentials SET body = x'7b7d'; UPDATE schemas SET body = x'7b7d'")
            try $0.execute(sql: "UPDATE credential_waits SET arrival = 'x'")
        }
        try queue.close()
        let store = SQLiteCredentialStore(try SQLiteKeyEventStore(path: path))
        func code(_ body: (SQLiteKeyEventTransaction) throws -> Void) -> StoreError.Code? {
            do {
                try store.read(credentials: { try body($0) })
                return nil
            } catch { return (error as? StoreError)?.code }
        }
        #expect(code { _ = try $0.credentials(CredentialFilter(), after: nil, limit: 9) } == .corrupt)
        #expect(code { _ = try $0.schemas(after: nil, limit: 9) } == .corrupt)
        #expect(
            code { _ = try $0.credentialEscrows(reason: nil, subject: nil, after: nil, limit: 9) } == .corrupt)
    }

    /// A file of the version before has no such tables.
    @Test func olderFilesGetTheTables() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            if try Int.fetchOne(database, sql: "PRAGMA page_count") == 0 {
                try database.execute(sql: "PRAGMA application_id = \(StoreSchema.applicationID)")
            }
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try StoreSchema.migrator.migrate(queue, upTo: "what escrows wait for, sealed events")
        #expect(try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 3)
        try queue.close()
        try fill(path)
        #expect(try SQLiteKeyEventStore(path: path).verifyAll().isSound)
    }
}
