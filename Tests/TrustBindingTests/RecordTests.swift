// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import SPIFFE
import Testing

@testable import TrustBinding

enum RecordSample {
    static func identifier(_ seed: UInt8) -> Primitive {
        try! Primitive(code: .blake3_256, raw: [UInt8](repeating: seed, count: 32))
    }

    static let issuer = identifier(1)
    static let credential = identifier(2)

    static func statement(
        key: UInt8 = 1, domain: TrustDomain = Sample.domain, issuer: Primitive = issuer,
        notBefore: CertificateTime = Sample.now.advanced(by: -3600),
        notAfter: CertificateTime = Sample.now.advanced(by: 86_400), log: Primitive? = nil
    ) throws -> AuthorityStatement {
        try AuthorityStatement.x509(
            issuer: issuer, trustDomain: domain, key: FakeAuthorityKey(key), notBefore: notBefore,
            notAfter: notAfter, credential: credential, log: log)
    }

    /// `record` with `label` set to `value` and the SAID made anew.
    static func changing(_ record: some SealedRecord, _ label: String, to value: OrderedValue?) throws -> [UInt8] {
        var map = try #require(try OrderedValue(parsing: record.bytes.span, format: .json).mapValue)
        map[label] = value
        return try #require(SelfAddressing.address(map, label: "d")).bytes
    }
}

/// Members with values that break their rules.
enum WrongValues {
    static let statement: [(String, OrderedValue)] = [
        ("i", "x"), ("i", 1), ("i", ""), ("i", "0ABAAAAAAAAAAAAAAAAAAAAA"), ("td", "Example.org"), ("td", ""),
        ("kind", "ssh"), ("kid", "00"), ("kid", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ("spki", "AAAA"),
        ("spki", "!"), ("spki", ""), ("nb", "2026-08-01 11:00:00Z"), ("nb", "2026-08-02T12:00:00Z"), ("na", ""),
        ("cred", ""), ("cred", "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ("log", "x"), ("prev", "x"),
        ("prev", .null), ("log", false),
    ]
    static let withdrawal: [(String, OrderedValue)] = [
        ("i", ""), ("td", "a b"), ("subject", ""), ("log", "x"), ("size", "0"), ("size", 1), ("size", -1),
        ("reason", .text(String(repeating: "a", count: 1025))), ("reason", .null),
    ]
    static let suspension: [(String, OrderedValue)] = [("i", ""), ("td", ""), ("subject", ""), ("at", "now")]
}

struct RecordTests {
    @Test func aStatementIsWrittenAsSpecified() throws {
        let statement = try RecordSample.statement()
        let spki = Base64URL.encodedString(statement.subjectPublicKeyInfo.span)
        let expected = """
            {"d":"\(statement.said.text)","t":"km.statement.1","i":"\(RecordSample.issuer.text)","td":"example.org",\
            "kind":"x509","kid":"\(statement.keyID)","spki":"\(spki)","nb":"2026-08-01T11:00:00Z",\
            "na":"2026-08-02T12:00:00Z","cred":"\(RecordSample.credential.text)","log":"","prev":""}
            """
        #expect(String(decoding: statement.bytes, as: UTF8.self) == expected)
        #expect(try AuthorityStatement(parsing: statement.bytes) == statement)
        #expect(try BindingRecord(parsing: statement.bytes) == .statement(statement))
        #expect(statement.keyID.utf8.count == 40)
        // The value that this very record has had since the format was fixed.
        #expect(statement.said.text == "EDOaRsno-6w_URefMqUisKjhnvTIOwmhBnk8g6fmesqr")
    }

    @Test func withdrawalAndSuspensionComeBack() throws {
        let statement = try RecordSample.statement()
        let withdrawal = try Withdrawal(
            author: RecordSample.issuer, trustDomain: Sample.domain, subject: statement.said, reason: "key \"lost\" ü\n"
        )
        #expect(try BindingRecord(parsing: withdrawal.bytes) == .withdrawal(withdrawal))
        #expect(withdrawal.reason == "key \"lost\" ü\n")
        #expect(withdrawal.said.text == "ELjrDFYzksNIkeIdUxvQ6x92VcB-KpFbOvw-CKomT20U")
        let logged = try Withdrawal(
            author: RecordSample.issuer, trustDomain: Sample.domain, subject: statement.said,
            log: RecordSample.credential, logSize: .max, reason: "")
        #expect(logged.logSize == .max)
        let suspension = try Suspension(
            organisation: RecordSample.issuer, trustDomain: Sample.domain, subject: statement.said, begins: Sample.now)
        #expect(try BindingRecord(parsing: suspension.bytes) == .suspension(suspension))
        #expect(suspension.said.text == "EFnUf6bt3MbopoAFp0JSrgn2WfRjJfbykI8UB1fyMiuO")
        #expect(suspension.isInForce(at: Sample.now) && suspension.isInForce(at: Sample.now.advanced(by: 86_400)))
        #expect(!suspension.isInForce(at: Sample.now.advanced(by: -1)))
        #expect(!suspension.isInForce(at: Sample.now.advanced(by: 86_401)))
    }

    @Test(arguments: WrongValues.statement)
    func aWrongValueOfAStatementIsRefused(_ label: String, _ value: OrderedValue) throws {
        let bytes = try RecordSample.changing(try RecordSample.statement(), label, to: value)
        let error = #expect(throws: RecordError.self) { try AuthorityStatement(parsing: bytes) }
        #expect(error?.code == .value)
        #expect(error?.member == (label == "nb" && value == "2026-08-02T12:00:00Z" ? "na" : label))
    }

    @Test func aJWTStatementNeedsAThumbprint() throws {
        let statement = try RecordSample.statement()
        var map = try #require(try OrderedValue(parsing: statement.bytes.span, format: .json).mapValue)
        map["kind"] = "jwt"
        let hex = try #require(SelfAddressing.address(map, label: "d")).bytes
        #expect(throws: RecordError.self) { try AuthorityStatement(parsing: hex) }
        map["kid"] = .text(String(repeating: "A", count: 43))
        let thumbprint = try #require(SelfAddressing.address(map, label: "d")).bytes
        #expect(try AuthorityStatement(parsing: thumbprint).kind == .jwt)
    }

    @Test(arguments: WrongValues.withdrawal)
    func aWrongValueOfAWithdrawalIsRefused(_ label: String, _ value: OrderedValue) throws {
        let withdrawal = try Withdrawal(
            author: RecordSample.issuer, trustDomain: Sample.domain, subject: RecordSample.credential, reason: "")
        let bytes = try RecordSample.changing(withdrawal, label, to: value)
        let error = #expect(throws: RecordError.self) { try Withdrawal(parsing: bytes) }
        #expect(error?.code == .value)
        #expect(error?.member == label)
    }

    @Test(arguments: WrongValues.suspension)
    func aWrongValueOfASuspensionIsRefused(_ label: String, _ value: OrderedValue) throws {
        let suspension = try Suspension(
            organisation: RecordSample.issuer, trustDomain: Sample.domain, subject: RecordSample.credential,
            begins: Sample.now)
        let bytes = try RecordSample.changing(suspension, label, to: value)
        let error = #expect(throws: RecordError.self) { try Suspension(parsing: bytes) }
        #expect(error?.code == .value)
        #expect(error?.member == label)
    }

    @Test func membersAreExactAndInOrder() throws {
        let statement = try RecordSample.statement()
        for label in ["i", "prev", "kid"] {
            let bytes = try RecordSample.changing(statement, label, to: nil)
            #expect(try #require(throws: RecordError.self) { try AuthorityStatement(parsing: bytes) }.code == .members)
        }
        let longer = try RecordSample.changing(statement, "note", to: "x")
        #expect(try #require(throws: RecordError.self) { try AuthorityStatement(parsing: longer) }.code == .members)
        let nested = try RecordSample.changing(statement, "log", to: ["x"])
        #expect(try #require(throws: RecordError.self) { try AuthorityStatement(parsing: nested) }.code == .members)
        var map = try #require(try OrderedValue(parsing: statement.bytes.span, format: .json).mapValue)
        let issuer = map["i"]
        map["i"] = nil
        map["i"] = issuer
        let moved = try #require(SelfAddressing.address(map, label: "d")).bytes
        #expect(try #require(throws: RecordError.self) { try AuthorityStatement(parsing: moved) }.code == .members)
        #expect(
            try #require(throws: RecordError.self) { try BindingRecord(parsing: Array("[]".utf8)) }.code == .document)
        #expect(
            try #require(throws: RecordError.self) { try AuthorityStatement(parsing: Array("[]".utf8)) }.code
                == .members)
    }

    @Test func theTypeIsChecked() throws {
        let statement = try RecordSample.statement()
        let other = try RecordSample.changing(statement, "t", to: "km.statement.2")
        #expect(try #require(throws: RecordError.self) { try AuthorityStatement(parsing: other) }.code == .unknownType)
        #expect(try #require(throws: RecordError.self) { try BindingRecord(parsing: other) }.code == .unknownType)
    }

    @Test func everyFlippedByteIsRefused() throws {
        let statement = try RecordSample.statement()
        for place in statement.bytes.indices {
            var damaged = statement.bytes
            damaged[place] ^= 0x01
            #expect(throws: RecordError.self, "byte \(place)") { try BindingRecord(parsing: damaged) }
        }
        for count in 0..<statement.bytes.count {
            #expect(throws: RecordError.self) { try BindingRecord(parsing: Array(statement.bytes[..<count])) }
        }
        #expect(throws: RecordError.self) { try BindingRecord(parsing: statement.bytes + [0x20]) }
    }

    @Test func theSAIDIsOfTheRightKind() throws {
        // A right digest of another algorithm is no SAID of a record.
        let statement = try RecordSample.statement()
        var map = try #require(try OrderedValue(parsing: statement.bytes.span, format: .json).mapValue)
        map["d"] = .text(try Primitive(code: .sha2_256, raw: [UInt8](repeating: 0, count: 32)).text)
        let bytes = try map.encoded(as: .json)
        #expect(try #require(throws: RecordError.self) { try AuthorityStatement(parsing: bytes) }.code == .said)
    }

    @Test func largeRecordsAreRefused() throws {
        let large = [UInt8](repeating: UInt8(ascii: " "), count: RecordFields.largestRecord + 1)
        #expect(try #require(throws: RecordError.self) { try BindingRecord(parsing: large) }.code == .tooLarge)
        #expect(try #require(throws: RecordError.self) { try Suspension(parsing: large) }.code == .tooLarge)
    }

    @Test func schemasNameThemselves() throws {
        #expect(RecordSchema.all.map(\.type) == ["km.statement.1", "km.withdrawal.1", "km.suspension.1"])
        #expect(RecordSchema(type: "km.other.1") == nil)
        for schema in RecordSchema.all {
            let map = try #require(try OrderedValue(parsing: schema.bytes.span, format: .json).mapValue)
            #expect(map["$id"]?.textValue == schema.said.text)
            #expect(SelfAddressing.address(map, label: "$id")?.said == schema.said)
            // Every member of the record is described and required, in order.
            let required = map["required"]?.listValue?.compactMap(\.textValue)
            #expect(required == map["properties"]?.mapValue?.labels)
        }
        let statement = try RecordSample.statement().bytes
        let schema = RecordSchema.all[0].bytes
        let labels = try OrderedValue(parsing: statement.span, format: .json).mapValue?.labels
        let described = try OrderedValue(parsing: schema.span, format: .json).value(at: "properties")?.mapValue?.labels
        #expect(labels == described)
        #expect(
            RecordSchema.all.map(\.said.text) == [
                "ELPEKaRMDqSAOWF_FjJmMaKSBrQoLYvf75bF9K1Adtoj", "EEfCHIFUmlFnDFNrfVoHongcAQM8rZZIeiCRFTCLOamz",
                "EAP6zzA715ep3JQVM7YzGczqpbKqHrS5Q0APlgzB7D5j",
            ])
    }
}
