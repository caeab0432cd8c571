// SPDX-License-Identifier: Apache-2.0

import IdentityGRPC
import KelmarkBytes
import Testing

@testable import KelmarkCLI

@Suite struct EntryFileTests {
    private func entries(_ text: String) throws -> [EntryRecord] { try EntryFile(Array(text.utf8), named: "f").entries }

    @Test func filesOfSPIREsToolAreRead() throws {
        let read = try entries(
            #"""
            {"entries": [{
                "selectors": [{"type": "unix", "value": "uid:1000"}], "spiffe_id": "spiffe://a.test/web",
                "parent_id": "spiffe://a.test/node", "x509_svid_ttl": 60, "jwt_svid_ttl": 30, "entry_expiry": 5,
                "federates_with": ["spiffe://b.test"], "admin": true, "downstream": true, "dns_names": ["w.test"],
                "store_svid": true, "hint": "h"
            }]}
            """#)
        var expected = EntryRecord(
            spiffeID: IDRecord(trustDomain: "a.test", path: "/web"),
            parentID: IDRecord(trustDomain: "a.test", path: "/node"),
            selectors: [SelectorRecord(type: "unix", value: "uid:1000")])
        expected.x509SVIDTTL = 60
        expected.jwtSVIDTTL = 30
        expected.expiresAt = 5
        expected.federatesWith = ["spiffe://b.test"]
        expected.isAdmin = true
        expected.isDownstream = true
        expected.dnsNames = ["w.test"]
        expected.storesSVID = true
        expected.hint = "h"
        #expect(read == [expected])
    }

    @Test func whatShowPrintedIsReadBack() throws {
        var entry = EntryViewTests.entry()
        entry.attributes = EntryRecord.Attributes(disablesPrefetch: true, includesTokenID: false)
        let read = try entries(EntryView.json([entry]).compactText)
        // Revision and creation are the server's own.
        entry.createdAt = 0
        #expect(read == [entry])
    }

    @Test func aSelectorKeepsItsParts() throws {
        #expect(throws: CommandFailure.self) {
            try entries(
                #"{"entries":[{"spiffe_id":"spiffe://a/b","parent_id":"spiffe://a/n","selectors":[{"type":"x:y","value":"z"}]}]}"#
            )
        }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"entries":{}}"#, #"{"entries":[1]}"#, #"{"entries":[{}]}"#, #"{"entries":[],"other":1}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b","parent_id":"spiffe://a/n"}]}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b","selectors":["u:1"]}]}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b/","parent_id":"spiffe://a/n","selectors":["u:1"]}]}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b","parent_id":"spiffe://a/n","selectors":["u1"]}]}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b","parent_id":"spiffe://a/n","selectors":["u:1"],"x509_ttl":1}]}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b","parent_id":"spiffe://a/n","selectors":["u:1"],"x509_svid_ttl":-1}]}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b","parent_id":"spiffe://a/n","selectors":["u:1"],"x509_svid_ttl":4294967296}]}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b","parent_id":"spiffe://a/n","selectors":["u:1"],"admin":1}]}"#,
        #"{"entries":[{"spiffe_id":"spiffe://a/b","spiffe_id":"spiffe://a/c","parent_id":"spiffe://a/n","selectors":["u:1"]}]}"#,
    ])
    func whatIsNoListOfEntriesIsRefused(text: String) {
        let failure = #expect(throws: CommandFailure.self) { try entries(text) }
        #expect(failure?.code == "KM-INPUT-ENTRIES")
        #expect(failure?.status == .usage)
    }
}
