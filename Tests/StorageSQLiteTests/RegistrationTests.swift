// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Issuer
import IssuerStoreConformance
import SPIFFE
import StorageSQLite
import Testing

@Suite struct RegistrationTests {
    @Test(arguments: RegistrationConformance<SQLiteIssuerStore>.Check.allCases)
    func sqlite(_ check: RegistrationConformance<SQLiteIssuerStore>.Check) async throws {
        let folder = try TemporaryFolder()
        try await RegistrationConformance { try SQLiteIssuerStore(path: folder.path("\(UUID()).db")) }.run(check)
    }

    @Test(arguments: RegistrationConformance<MemoryRegistrationStore>.Check.allCases)
    func memory(_ check: RegistrationConformance<MemoryRegistrationStore>.Check) async throws {
        try await RegistrationConformance { MemoryRegistrationStore() }.run(check)
    }

    private static func entry(_ id: String) throws -> RegistrationEntry {
        RegistrationEntry(
            id: id, spiffeID: try SPIFFEID("spiffe://example.org/\(id)"),
            parentID: try SPIFFEID("spiffe://example.org/n"),
            selectors: [try Selector("a:1")])
    }

    @Test func survivesReopening() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.db")
        do {
            let store = try SQLiteIssuerStore(path: path)
            _ = try await store.write { transaction in
                for id in ["a", "b"] { _ = try transaction.insert(Self.entry(id)) }
                return try transaction.deleteEntry("b")
            }
        }
        let store = try SQLiteIssuerStore(path: path)
        let directory = try await RegistrationDirectory.open(trustDomain: TrustDomain("example.org"), store: store)
        #expect(directory.snapshot.count == 1)
        #expect(directory.snapshot["a"] == (try Self.entry("a")))
        // The place of what was deleted last is not given out again.
        #expect(try await store.write { try $0.insert(Self.entry("c")) }.place == 3)
    }

    /// What nobody of ours wrote is named as damage, not read as something else.
    @Test(arguments: [
        "UPDATE registration_entries SET spiffe_id = 'x'", "UPDATE registration_entries SET selectors = x'00'",
        "UPDATE registration_entries SET selectors = x'0000000161'",
        "UPDATE registration_entries SET x509_ttl = 4294967296",
        "UPDATE registration_entries SET dns_names = x'000000ff'", "UPDATE registration_entries SET parent_id = ''",
        "INSERT INTO registration_federation VALUES (1, 'NO')",
    ])
    func refusesDamage(_ sql: String) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("issuer.db")
        do {
            let store = try SQLiteIssuerStore(path: path)
            _ = try await store.write { try $0.insert(Self.entry("a")) }
        }
        do {
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: sql) }
        }
        let store = try SQLiteIssuerStore(path: path)
        let error = await #expect(throws: IssuerStoreError.self) { try await store.read { try $0.entry("a") } }
        #expect(error?.code == .corrupt)
    }
}
