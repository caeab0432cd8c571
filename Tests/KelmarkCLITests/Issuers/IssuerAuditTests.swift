// SPDX-License-Identifier: Apache-2.0

import Foundation
import Issuer
import KelmarkBytes
import SPIFFE
import StorageSQLite
import Testing

@testable import KelmarkCLI

/// `doctor` follows the chain of what an issuer did.
@Suite(.timeLimit(.minutes(2))) struct IssuerAuditTests {
    private static func findings(_ issuer: AuthorisedIssuer) async throws -> [String: String] {
        let found = try await issuer.run("doctor").data["findings"]?.listValue ?? []
        var grades: [String: String] = [:]
        for finding in found {
            grades[finding["subject"]?.textValue ?? ""] =
                "\(finding["grade"]?.textValue ?? ""): \(finding["text"]?.textValue ?? "")"
        }
        return grades
    }

    @Test func aChangedRecordIsFound() async throws {
        let issuer = try await AuthorisedIssuer()
        let folder = issuer.context.home.path + "/served/acme.example"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = folder + "/issuer.sqlite"
        do {
            let store = try SQLiteIssuerStore(path: file)
            for actor in ["alice", "bob", "carol"] {
                let event = AuditEvent(at: SystemIssuerClock().now(), actor: actor, action: "test", subject: "nothing")
                _ = try await store.commit(IssuanceBatch(events: [event]))
            }
        }
        #expect(
            try await Self.findings(issuer)["audit of acme.example"] == "ok: 3 records, none changed, dropped or moved")
        #expect(try await Self.findings(issuer)["log of acme.example"] == "ok: 0 leaves, and the tree is made of them")
        // Somebody else did it: the record in the middle, so that the head still fits.
        var bytes = try Data(contentsOf: URL(filePath: file))
        let place = try #require(bytes.firstRange(of: Data("\"actor\":\"bob\"".utf8)))
        bytes.replaceSubrange(place, with: Data("\"actor\":\"eve\"".utf8))
        try bytes.write(to: URL(filePath: file))
        #expect(
            try await Self.findings(issuer)["audit of acme.example"]?.contains("audit record 1: was changed") == true)
    }
}
