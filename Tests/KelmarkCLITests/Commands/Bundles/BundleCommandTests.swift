// SPDX-License-Identifier: Apache-2.0

import Foundation
import IdentityGRPC
import IssuerTestKit
import JOSE
import KelmarkBytes
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import KelmarkCLI

private typealias API = Spire_Api_Server_Bundle_V1_Bundle.Method

@Suite struct BundleCommandTests {
    private static func record(_ certificates: TestCertificates) throws -> BundleRecord {
        var record = BundleRecord(trustDomain: "example.org")
        record.x509Authorities = [BundleRecord.Certificate(der: certificates.authority.der)]
        record.jwtAuthorities = [
            BundleRecord.Key(
                publicKey: try PrivateKey(generating: .p256).publicKey.subjectPublicKeyInfo, keyID: "kid",
                expiresAt: 1_795_298_434)
        ]
        record.sequence = 1
        return record
    }

    @Test func theJSONIsTheAPIs() throws {
        let certificates = try TestCertificates()
        let record = try Self.record(certificates)
        let key = StandardBase64.encodedString(record.jwtAuthorities[0].publicKey)
        #expect(
            BundleView.json(record).compactText
                == #"{"jwt_authorities":[{"expires_at":"1795298434","key_id":"kid","public_key":"\#(key)","tainted":false}],"#
                + #""refresh_hint":"0","sequence_number":"1","trust_domain":"example.org","wit_authorities":[],"#
                + #""x509_authorities":[{"asn1":"\#(StandardBase64.encodedString(certificates.authority.der))","#
                + #""tainted":false}]}"#)
    }

    @Test func aBundleIsPrintedInBothForms() throws {
        let certificates = try TestCertificates()
        let record = try Self.record(certificates)
        #expect(try BundleView.text(record, .pem) + "\n" == certificates.authority.pem)
        let document = try BundleView.text(record, .spiffe)
        #expect(document.hasPrefix("{\n    \"keys\": [\n        {\n"))
        let read = try BundleDocument(parsing: Array(document.utf8), trustDomain: TrustDomain("example.org")).bundle
        #expect(BundleView.record(read).jwtAuthorities.map(\.keyID) == ["kid"])
    }

    @Test func otherDomainsStandInFrames() throws {
        let certificates = try TestCertificates()
        let record = try Self.record(certificates)
        let stars = String(repeating: "*", count: 40)
        #expect(try BundleView.text([], .pem).isEmpty)
        #expect(try BundleView.text([record], .pem).prefix(3) == [stars, "* spiffe://example.org", stars])
    }

    @Test func whatIsNoBundleIsNotPrinted() throws {
        var record = try Self.record(try TestCertificates())
        record.x509Authorities[0].der = [1, 2, 3]
        let failure = #expect(throws: CommandFailure.self) { try BundleView.text(record, .pem) }
        #expect(failure?.code == "KM-ADMIN-ANSWER")
    }

    @Test func setReadsStrictlyBeforeItSends() async throws {
        let certificates = try TestCertificates("other.test")
        let folder = try CommandFolder()
        let file = try folder.file("other.pem", certificates.authority.pem)
        let methods: [any ScriptedMethod] = [
            ScriptedCall(API.BatchSetFederatedBundle.descriptor) {
                (request: API.BatchSetFederatedBundle.Input) -> API.BatchSetFederatedBundle.Output in
                #expect(request.bundle.map(\.trustDomain) == ["other.test"])
                #expect(request.bundle[0].x509Authorities.map { Array($0.asn1) } == [certificates.authority.der])
                return .with { $0.results = [.init()] }
            }
        ]
        let set = try await CommandDrive.run(
            "bundle", "set", "-id", "spiffe://other.test", "-path", file, against: methods)
        #expect(set.text == ["bundle set."])
        let failure = await #expect(throws: CommandFailure.self) {
            try await CommandDrive.run(
                "bundle", "set", "--id", "other.test", "--path", file, "--format", "spiffe", against: methods)
        }
        #expect(failure?.code == "KM-INPUT-BUNDLE")
    }

    @Test func deletingEntriesTooAsksFirst() async throws {
        let methods: [any ScriptedMethod] = [
            ScriptedCall(Spire_Api_Server_Entry_V1_Entry.Method.CountEntries.descriptor) {
                (request: Spire_Api_Server_Entry_V1_CountEntriesRequest) in
                #expect(request.filter.byFederatesWith.trustDomains == ["other.test"])
                return Spire_Api_Server_Entry_V1_CountEntriesResponse.with { $0.count = 2 }
            },
            ScriptedCall(API.BatchDeleteFederatedBundle.descriptor) {
                (request: API.BatchDeleteFederatedBundle.Input) -> API.BatchDeleteFederatedBundle.Output in
                .with { $0.results = [.with { $0.status.code = request.mode == .restrict ? 9 : 0 }] }
            },
        ]
        let failure = await #expect(throws: CommandFailure.self) {
            try await CommandDrive.run("bundle", "delete", "--id", "other.test", "--mode", "delete", against: methods)
        }
        #expect(failure?.code == "KM-NEEDS-YES")
        #expect(failure?.cause == "2 entries that federate with other.test would be deleted too")
        let done = try await CommandDrive.run(
            "bundle", "delete", "--id", "other.test", "--mode", "delete", "--yes", against: methods)
        #expect(done.text == ["bundle deleted."])
        let restricted = try await CommandDrive.run("bundle", "delete", "-id", "other.test", against: methods)
        #expect(restricted.concern?.status == .conflict)
    }

    @Test func aBundleIsJudged() throws {
        let certificates = try TestCertificates()
        let domain = try TrustDomain("example.org")
        let now = try #require(CertificateTime(seconds: 1_795_213_300))
        func bundle(_ list: [X509Certificate], _ domain: TrustDomain) throws -> TrustBundle {
            try TrustBundle(trustDomain: domain, x509Authorities: list.map { X509Authority($0) })
        }
        let good = try bundle([certificates.authority], domain)
        #expect(BundleVerifyCommand.findings(of: good, at: now).isEmpty)
        #expect(BundleVerifyCommand.findings(of: good, at: now.advanced(by: 2 * 86_400)).count == 1)
        #expect(BundleVerifyCommand.findings(of: try bundle([], domain), at: now).count == 1)
        #expect(BundleVerifyCommand.findings(of: try bundle([certificates.leaf], domain), at: now).count == 2)
        let other = try bundle([certificates.authority], TrustDomain("other.test"))
        #expect(BundleVerifyCommand.findings(of: other, at: now).count == 1)
        #expect(BundleVerifyCommand.differences(of: good, from: good).isEmpty)
        let newer = try bundle([try TestCertificates().authority], domain)
        #expect(BundleVerifyCommand.differences(of: good, from: newer).count == 2)
    }

    @Test func aRequestForMintingIsForTheKeyThatWasMade() throws {
        let request = try MintRequest(id: IDRecord(trustDomain: "example.org", path: "/db"), dnsNames: ["db.test"])
        let proven = try ProvenPublicKey(requestDER: request.der)
        #expect(try PrivateKey(pkcs8: request.privateKey).publicKey.subjectPublicKeyInfo == proven.subjectPublicKeyInfo)
    }
}
