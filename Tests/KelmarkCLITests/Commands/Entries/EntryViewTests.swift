// SPDX-License-Identifier: Apache-2.0

import IdentityGRPC
import KelmarkBytes
import Testing

@testable import KelmarkCLI

/// Texts and JSON as they were seen of SPIRE's own tool. Facts (SPIFFE) 18.
@Suite struct EntryViewTests {
    static func entry() -> EntryRecord {
        var entry = EntryRecord(
            id: "0bea1b9b-8601-4615-ba0d-c4667310609d",
            spiffeID: IDRecord(trustDomain: "example.org", path: "/obs1"),
            parentID: IDRecord(trustDomain: "example.org", path: "/node1"),
            selectors: [
                SelectorRecord(type: "unix", value: "gid:4001"), SelectorRecord(type: "unix", value: "uid:4001"),
            ])
        entry.x509SVIDTTL = 600
        entry.jwtSVIDTTL = 120
        entry.dnsNames = ["a.example.org", "b.example.org"]
        entry.hint = "h1"
        entry.createdAt = 1_795_213_231
        return entry
    }

    static let block = [
        "Entry ID                : 0bea1b9b-8601-4615-ba0d-c4667310609d",
        "SPIFFE ID               : spiffe://example.org/obs1",
        "Parent ID               : spiffe://example.org/node1",
        "Revision                : 0",
        "X509-SVID TTL           : 600",
        "JWT-SVID TTL            : 120",
        "Selector                : unix:gid:4001",
        "Selector                : unix:uid:4001",
        "DNS name                : a.example.org",
        "DNS name                : b.example.org",
        "Hint                    : h1",
        "",
    ]

    static let json =
        #"{"admin":false,"created_at":"1795213231","dns_names":["a.example.org","b.example.org"],"downstream":false,"#
        + #""expires_at":"0","federates_with":[],"hint":"h1","id":"0bea1b9b-8601-4615-ba0d-c4667310609d","#
        + #""jwt_svid_ttl":120,"parent_id":{"path":"/node1","trust_domain":"example.org"},"revision_number":"0","#
        + #""selectors":[{"type":"unix","value":"gid:4001"},{"type":"unix","value":"uid:4001"}],"#
        + #""spiffe_id":{"path":"/obs1","trust_domain":"example.org"},"store_svid":false,"x509_svid_ttl":600}"#

    @Test func anEntryIsABlockOfLines() { #expect(EntryView.block(Self.entry()) == Self.block) }

    @Test func whatIsDefaultIsCalledSoAndWhatIsNotSaidIsLeftOut() {
        var entry = Self.entry()
        entry.x509SVIDTTL = 0
        entry.jwtSVIDTTL = 0
        entry.hint = ""
        entry.dnsNames = []
        entry.isDownstream = true
        entry.isAdmin = true
        entry.storesSVID = true
        entry.expiresAt = 1_795_298_508
        entry.federatesWith = ["spiffe://unknown.test"]
        #expect(
            EntryView.block(entry).dropFirst(3) == [
                "Revision                : 0",
                "Downstream              : true",
                "X509-SVID TTL           : default",
                "JWT-SVID TTL            : default",
                "Expiration time         : 2026-11-21 22:01:48 +0000 UTC",
                "Selector                : unix:gid:4001",
                "Selector                : unix:uid:4001",
                "FederatesWith           : spiffe://unknown.test",
                "Admin                   : true",
                "StoreSvid               : true",
                "",
            ])
    }

    @Test func listsAreThoseOfTheAPI() {
        #expect(EntryView.json([Self.entry()]).compactText == #"{"entries":[\#(Self.json)],"next_page_token":""}"#)
        #expect(EntryView.json([]).compactText == #"{"entries":[],"next_page_token":""}"#)
        #expect(EntryView.found([]).text == ["Found 0 entries"])
        #expect(EntryView.found([Self.entry()]).text == ["Found 1 entry"] + Self.block)
    }

    @Test func whatWasMadeIsShown() {
        let entry = Self.entry()
        let answer = EntryView.written(
            [RecordResult(status: ItemStatus(code: 0, message: "OK"), item: entry)], of: [entry], verb: "create")
        #expect(answer.text == Self.block)
        #expect(answer.concern == nil)
        #expect(
            answer.json.compactText == #"{"results":[{"entry":\#(Self.json),"status":{"code":0,"message":"OK"}}]}"#)
    }

    @Test func whatWasRefusedIsShownAsItWasSent() {
        var sent = EntryRecord(
            spiffeID: IDRecord(trustDomain: "example.org", path: "/obs1"),
            parentID: IDRecord(trustDomain: "example.org", path: "/node1"),
            selectors: [
                SelectorRecord(type: "unix", value: "uid:4001"), SelectorRecord(type: "unix", value: "gid:4001"),
            ])
        sent.federatesWith = []
        let status = ItemStatus(code: 6, message: "similar entry already exists")
        let answer = EntryView.written(
            [RecordResult(status: status, item: Self.entry())], of: [sent], verb: "create")
        #expect(
            answer.complaints == [
                #"Failed to create the following entry (code: AlreadyExists, msg: "similar entry already exists"):"#,
                "Entry ID                : (none)",
                "SPIFFE ID               : spiffe://example.org/obs1",
                "Parent ID               : spiffe://example.org/node1",
                "Revision                : 0",
                "X509-SVID TTL           : default",
                "JWT-SVID TTL            : default",
                "Selector                : unix:uid:4001",
                "Selector                : unix:gid:4001",
                "",
            ])
        #expect(answer.text.isEmpty)
        #expect(answer.concern?.code == "KM-ADMIN-EXISTS")
        #expect(answer.concern?.status == .conflict)
    }

    @Test func quotesInRefusalsAreEscaped() {
        let status = ItemStatus(code: 13, message: #"unable to find federated bundle "spiffe://unknown.test""#)
        #expect(
            SPIREText.reason(status)
                == #"(code: Internal, msg: "unable to find federated bundle \"spiffe://unknown.test\"")"#)
    }

    @Test func deletionsAreCounted() {
        let ok = ItemStatus(code: 0, message: "OK")
        let id = "0bea1b9b-8601-4615-ba0d-c4667310609d"
        let done = EntryView.deleted([RecordResult(status: ok, item: id)], of: [id])
        #expect(done.text == ["Deleted entry with ID: \(id)", "", "", "Deleted 1 entries successfully"])
        #expect(done.json.compactText == #"{"results":[{"id":"\#(id)","status":{"code":0,"message":"OK"}}]}"#)
        let missing = ItemStatus(code: 5, message: "entry not found")
        let failed = EntryView.deleted([RecordResult(status: missing, item: id)], of: [id])
        #expect(
            failed.complaints == [
                #"Failed to delete entry with ID \#(id) (code: NotFound, msg: "entry not found")"#, "", "",
                "Failed to delete 1 entries",
            ])
        #expect(failed.concern?.status == .notFound)
    }

    @Test func namesFromTheServerCanNotControlTheTerminal() {
        var entry = Self.entry()
        entry.hint = "a\u{1B}[2Jb"
        #expect(!EntryView.block(entry).joined().contains("\u{1B}"))
        #expect(!EntryView.list([entry]).text.joined().contains("\u{1B}"))
    }
}
