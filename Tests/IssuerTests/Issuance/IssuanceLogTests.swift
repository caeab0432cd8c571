// SPDX-License-Identifier: Apache-2.0

import Crypto
import KelmarkBytes
import KelmarkCrypto
import SPIFFE
import Testing
import Transparency

@testable import Issuer

@Suite struct IssuanceLogTests {
    private static func salt(_ byte: UInt8) throws -> SecretBytes {
        var bytes = [UInt8](repeating: byte, count: 32)
        return try SecretBytes(moving: &bytes)
    }

    private static let now = CertificateTime("2026-08-01T12:00:00Z")!

    private static func record(_ kind: IssuanceRecord.Kind = .x509, dns: [String] = ["a.example"]) -> IssuanceRecord {
        IssuanceRecord(
            kind: kind, id: IssuerFixture.web, digest: [UInt8](repeating: 1, count: 32), serial: "0a",
            keyDigest: kind == .jwt ? [] : [UInt8](repeating: 2, count: 32), dnsNames: dns, notBefore: now,
            notAfter: now.advanced(by: 60), authorityID: "authority", statement: IssuerFixture.statement,
            entryID: "entry-1", node: IssuerFixture.agent, issuedAt: now)
    }

    @Test func aLeafIsCanonicalAndHidesNames() throws {
        let blinding = try LeafBlinding(log: "log", salt: try Self.salt(7))
        let leaf = try Self.record().leaf(at: 3, blinding: blinding)
        let text = String(decoding: leaf, as: UTF8.self)
        // The key of the leaf and a blinded name, computed apart from the code under test.
        var code = HMAC<SHA256>(key: SymmetricKey(data: [UInt8](repeating: 7, count: 32)))
        code.update(data: Array("log".utf8) + [0, 0, 0, 0, 0, 0, 0, 3])
        let key = Array(code.finalize())
        #expect(blinding.key(of: 3) == key)
        func blinded(_ name: String) -> String {
            Hexadecimal.text(SHA256.hash(data: key + Array(name.utf8)))
        }
        let ones = String(repeating: "01", count: 32)
        let twos = String(repeating: "02", count: 32)
        #expect(
            text == """
                {"at":\(Self.now.seconds),"bid":"\(blinded("spiffe://example.org/web"))","dns":["a.example"],\
                "entry":"\(blinded("entry-1"))","na":\(Self.now.seconds + 60),"nb":\(Self.now.seconds),\
                "node":"\(blinded("spiffe://example.org/spire/agent/one"))","serial":"0a","spki_sha256":"\(twos)",\
                "stmt":"\(IssuerFixture.statement)","svid":"\(ones)","type":"x509-svid"}
                """)
        #expect(!text.contains("web"))
        #expect(try CanonicalJSON.encode(OrderedValue(parsing: leaf.span, format: .json)) == leaf)
    }

    @Test func tokensAreNamedByTheirIdentifier() throws {
        let blinding = try LeafBlinding(log: "log", salt: try Self.salt(7))
        let leaf = try Self.record(.jwt, dns: []).leaf(at: 0, blinding: blinding)
        let map = try #require(try OrderedValue(parsing: leaf.span, format: .json).mapValue)
        #expect(map["jti"]?.textValue == "0a")
        #expect(map["type"]?.textValue == "jwt-svid")
        for absent in ["serial", "dns", "spki_sha256"] { #expect(map[absent] == nil) }
    }

    @Test func eachLeafAndLogHasAKeyOfItsOwn() throws {
        let one = try LeafBlinding(log: "log", salt: try Self.salt(7))
        let keys = [
            one.key(of: 0), one.key(of: 1), try LeafBlinding(log: "other", salt: try Self.salt(7)).key(of: 0),
            try LeafBlinding(log: "log", salt: try Self.salt(8)).key(of: 0),
        ]
        #expect(Set(keys).count == 4)
        #expect(throws: IssuerError.self) {
            try LeafBlinding(log: "log", salt: try SecretBytes.random(count: 31))
        }
    }

    @Test func theSaltIsKept() async throws {
        let vault = InMemoryVault()
        let first = try await LeafBlinding.open(log: "log", in: vault)
        let second = try await LeafBlinding.open(log: "log", in: vault)
        #expect(first.key(of: 9) == second.key(of: 9))
    }

    @Test func theHashOfALeafIsThatOfTheTree() throws {
        let leaf = try Self.record().leaf(at: 0, blinding: LeafBlinding(log: "log", salt: try Self.salt(7)))
        let stored = StoredIssuance(index: 0, record: Self.record(), leaf: leaf)
        #expect(stored.leafHash.bytes == Array(SHA256.hash(data: [0x00] + leaf)))
    }

    // MARK: Audit

    private static func chain(_ count: Int) throws -> [AuditRecord] {
        var records: [AuditRecord] = []
        var previous = AuditRecord.origin
        for number in 0..<count {
            let event = AuditEvent(at: now, actor: "a", action: "issue-x509", subject: "s \(number)")
            let record = AuditRecord(index: UInt64(number), previous: previous, content: try event.encoded())
            previous = record.digest
            records.append(record)
        }
        return records
    }

    @Test func anUnbrokenChainIsFollowed() throws {
        let records = try Self.chain(5)
        let end = try AuditChain.follow(records)
        #expect(end == AuditChain.Position(count: 5, digest: records[4].digest))
        let middle = try AuditChain.follow(records[..<2])
        #expect(try AuditChain.follow(records[2...], from: middle) == end)
        #expect(try AuditChain.follow([AuditRecord]()) == .start)
    }

    @Test func whatWasChangedIsFound() throws {
        for place in 0..<5 {
            var records = try Self.chain(5)
            let one = records[place]
            records[place] = AuditRecord(
                index: one.index, previous: one.previous, content: one.content + [0x20], digest: one.digest)
            #expect(throws: AuditChain.Fault(index: UInt64(place), detail: "was changed")) {
                try AuditChain.follow(records)
            }
        }
    }

    /// Who changes a record and its digest has to change all that follow.
    @Test func whatWasChangedWithItsDigestIsFound() throws {
        var records = try Self.chain(5)
        records[1] = AuditRecord(index: 1, previous: records[1].previous, content: [0x7b, 0x7d])
        #expect(throws: AuditChain.Fault(index: 2, detail: "does not follow the one before")) {
            try AuditChain.follow(records)
        }
    }

    @Test func whatWasDroppedIsFound() throws {
        for place in 0..<4 {
            var records = try Self.chain(5)
            records.remove(at: place)
            #expect(throws: AuditChain.Fault(index: UInt64(place), detail: "missing; \(place + 1) stands in its place"))
            {
                try AuditChain.follow(records)
            }
        }
    }

    @Test func whatWasSwappedIsFound() throws {
        var records = try Self.chain(5)
        records.swapAt(1, 2)
        #expect(throws: AuditChain.Fault(index: 1, detail: "missing; 2 stands in its place")) {
            try AuditChain.follow(records)
        }
        let other = try Self.chain(5)
        let (one, two) = (other[1], other[2])
        records[1] = AuditRecord(index: 1, previous: two.previous, content: two.content)
        records[2] = AuditRecord(index: 2, previous: records[1].digest, content: one.content)
        #expect(throws: AuditChain.Fault(index: 1, detail: "does not follow the one before")) {
            try AuditChain.follow(records)
        }
    }

    @Test func anIssuanceAndItsAuditNameEachOther() async throws {
        let fixture = try await IssuerFixture()
        let issued = try await fixture.issued()
        let records = try await fixture.issuanceStore.auditRecords(from: 0, limit: 10)
        let last = try #require(records.last)
        let text = String(decoding: last.content, as: UTF8.self)
        #expect(text.contains("\"leaf\":\"\(issued.leafIndex)\""))
        #expect(text.contains("\"actor\":\"spiffe://example.org/spire/agent/one\""))
        #expect(try await fixture.issuanceStore.auditHead() == AuditChain.follow(records))
    }

    @Test func audibleTextsAreBounded() throws {
        let long = String(repeating: "é", count: 5_000)
        let event = AuditEvent(
            at: Self.now, actor: long, action: "a", subject: "s",
            details: Dictionary(uniqueKeysWithValues: (0..<100).map { ("k\($0)", long) }))
        #expect(event.actor.utf8.count <= 4_100)
        #expect(event.details.count == 32)
        #expect(try event.encoded().count < 200_000)
    }
}
