// SPDX-License-Identifier: Apache-2.0

import KelmarkTestSupport
import Testing

@testable import SPIFFE

struct IDCase: Decodable, Sendable, CustomTestStringConvertible {
    let input: String
    let valid: Bool
    let trustDomain: String?
    let path: String?
    let why: String
    let tag: String

    enum CodingKeys: String, CodingKey {
        case input, valid, path, why, tag
        case trustDomain = "trust_domain"
    }

    var testDescription: String { "\(String(reflecting: input).prefix(60)) \(why)" }
    static let all = try! Vectors.decode([IDCase].self, from: "SPIFFE/spiffe_ids.json")
}

struct TrustDomainCase: Decodable, Sendable, CustomTestStringConvertible {
    let input: String
    let valid: Bool

    var testDescription: String { String(reflecting: input) }
    static let all = try! Vectors.decode([TrustDomainCase].self, from: "SPIFFE/trust_domains.json")
}

struct IdentifierTests {
    @Test(arguments: IDCase.all)
    func idVector(_ vector: IDCase) throws {
        guard vector.valid else {
            #expect(throws: SPIFFEIDError.self) { try SPIFFEID(vector.input) }
            return
        }
        let id = try SPIFFEID(vector.input)
        #expect(id.trustDomain.name == vector.trustDomain)
        #expect(id.path == vector.path)
        #expect(id.description == vector.input)
        #expect(try SPIFFEID(trustDomain: id.trustDomain, path: id.path) == id)
    }

    @Test(arguments: TrustDomainCase.all)
    func trustDomainVector(_ vector: TrustDomainCase) {
        #expect(((try? TrustDomain(vector.input)) != nil) == vector.valid)
    }

    @Test func everyVectorRuns() {
        #expect(IDCase.all.count == 60)
        #expect(TrustDomainCase.all.count == 13)
    }

    @Test(arguments: [
        ("http://a/b", SPIFFEIDError.Code.scheme, 0), ("spiffe://", .emptyTrustDomain, 9),
        ("spiffe://aB/c", .trustDomainCharacter, 10), ("spiffe://a/b c", .pathCharacter, 12),
        ("spiffe://a//b", .emptySegment, 10), ("spiffe://a/b//c", .emptySegment, 12),
        ("spiffe://a/../c", .dotSegment, 11), ("spiffe://a/b/.", .dotSegment, 13),
        ("spiffe://a/", .trailingSlash, 10), ("spiffe://a/b/", .trailingSlash, 12),
        ("spiffe://" + String(repeating: "a", count: 256), .trustDomainTooLong, 264),
        ("spiffe://a/" + String(repeating: "b", count: 2038), .tooLong, 2048),
    ])
    func errorsNameTheRuleAndThePlace(_ text: String, _ code: SPIFFEIDError.Code, _ offset: Int) {
        #expect(throws: SPIFFEIDError(code, at: offset)) { try SPIFFEID(text) }
    }

    @Test func aPathIsCheckedWhenJoined() throws {
        let domain = try TrustDomain("example.org")
        #expect(throws: SPIFFEIDError.self) { try SPIFFEID(trustDomain: domain, path: "a") }
        #expect(throws: SPIFFEIDError.self) { try SPIFFEID(trustDomain: domain, path: "/") }
        #expect(throws: SPIFFEIDError.self) { try SPIFFEID(trustDomain: domain, path: "/a/..") }
        let long = "/" + String(repeating: "a", count: 2048)
        #expect(throws: SPIFFEIDError.self) { try SPIFFEID(trustDomain: domain, path: long) }
    }

    @Test func aTrustDomainMayBeTypedAsID() throws {
        #expect(try TrustDomain(nameOrID: "spiffe://example.org").name == "example.org")
        #expect(try TrustDomain(nameOrID: "example.org").id.description == "spiffe://example.org")
        #expect(throws: SPIFFEIDError.self) { try TrustDomain(nameOrID: "spiffe://example.org/a") }
        #expect(throws: SPIFFEIDError.self) { try TrustDomain(nameOrID: "example.org/") }
    }
}

struct CertificateTimeTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        (1_700_000_000, "2023-11-14T22:13:20Z"), (-1, "1969-12-31T23:59:59Z"),
        (-631_152_000, "1950-01-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    ])
    func secondsAndText(_ seconds: Int64, _ text: String) {
        #expect(CertificateTime(seconds: seconds)?.description == text)
        #expect(CertificateTime(text)?.seconds == seconds)
    }

    @Test(arguments: [
        "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2023-04-31T00:00:00Z", "2023-00-01T00:00:00Z",
        "2023-13-01T00:00:00Z", "2023-01-00T00:00:00Z", "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z",
        "2023-01-01T00:00:60Z", "2023-01-01 00:00:00Z", "2023-01-01T00:00:00z", "2023-01-01T00:00:00+", "",
        "1949-12-31T23:59:59Z", "+023-01-01T00:00:00Z", "2023-01-01T00:00:00.0Z",
    ])
    func otherTextIsRefused(_ text: String) {
        #expect(CertificateTime(text) == nil)
    }

    @Test func everyDayOfFourHundredYearsComesBack() {
        for day in stride(from: Int64(0), to: 146_097, by: 1) {
            let time = CertificateTime(seconds: day * 86_400)
            #expect(time.flatMap { CertificateTime($0.description) } == time)
        }
    }

    @Test func movingStaysInsideTheBounds() {
        #expect(CertificateTime.latest.advanced(by: .max) == .latest)
        #expect(CertificateTime.earliest.advanced(by: .min) == .earliest)
        #expect(CertificateTime(seconds: 5)?.advanced(by: -10).seconds == -5)
        #expect(CertificateTime(seconds: .max) == nil)
    }
}
