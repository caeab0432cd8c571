// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import SPIFFE
import SwiftASN1
import Testing
import X509

@testable import TrustBinding

struct CertificateRequestTests {
    @Test func namesAreTakenAndTheRestIsPassedOver() throws {
        let request = try VerifiedCertificateRequest(
            der: Sample.request(names: [
                .dnsName("a.example"), .uniformResourceIdentifier("spiffe://example.org/web"), .dnsName("b.example"),
            ]))
        #expect(request.id == Sample.id)
        #expect(request.dnsNames == ["a.example", "b.example"])
        #expect(request.keyKind == .p256)
        #expect(try VerifiedCertificateRequest(der: Sample.request()).id == nil)
    }

    @Test(arguments: [
        ([GeneralName.uniformResourceIdentifier("https://example.org/a")], CertificateRequestError.Code.id),
        ([.uniformResourceIdentifier("spiffe://example.org")], .id),
        ([.uniformResourceIdentifier("spiffe://Example.org/a")], .id),
        (
            [.uniformResourceIdentifier("spiffe://a/b"), .uniformResourceIdentifier("spiffe://a/b")],
            .severalIDs
        ),
        ([.dnsName("-a.example")], .name), ([.dnsName("*.example")], .name), ([.dnsName("1.2.3.4")], .name),
        ([.dnsName("a..b")], .name), ([.dnsName("a.b.")], .name), ([.dnsName("")], .name),
        ([.dnsName(String(repeating: "a", count: 64))], .name), ([.rfc822Name("a@b")], .name),
    ])
    func unsuitableNamesAreRefused(_ names: [GeneralName], _ code: CertificateRequestError.Code) throws {
        let der = try Sample.request(names: names)
        #expect(throws: CertificateRequestError(code)) { try VerifiedCertificateRequest(der: der) }
    }

    @Test func aWishForAnAuthorityIsRefused() throws {
        let der = try Sample.request(isAuthority: true)
        #expect(throws: CertificateRequestError(.authority)) { try VerifiedCertificateRequest(der: der) }
    }

    @Test func aSignatureOfAnotherKeyIsRefused() throws {
        // The body of one request under the signature of another.
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let first = try CertificateSigningRequest(derEncoded: Sample.request())
        let second = try CertificateSigningRequest(derEncoded: Sample.request(key))
        let mixed = try CertificateSigningRequest(
            version: .v1, subject: first.subject, publicKey: first.publicKey, attributes: first.attributes,
            signatureAlgorithm: .ecdsaWithSHA256, signature: second.signature)
        var serializer = DER.Serializer()
        try serializer.serialize(mixed)
        #expect(throws: CertificateRequestError(.signature)) {
            try VerifiedCertificateRequest(der: serializer.serializedBytes)
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let der = try Sample.request(names: [.uniformResourceIdentifier("spiffe://example.org/web")])
        for count in 0..<der.count {
            #expect(throws: CertificateRequestError.self) { try VerifiedCertificateRequest(der: Array(der[..<count])) }
        }
        #expect(throws: CertificateRequestError(.malformed)) { try VerifiedCertificateRequest(der: der + [0]) }
        let large = [UInt8](repeating: 0x30, count: VerifiedCertificateRequest.largestRequest + 1)
        #expect(throws: CertificateRequestError(.tooLarge)) { try VerifiedCertificateRequest(der: large) }
    }

    @Test func everyFlippedByteIsRefused() throws {
        let der = try Sample.request(names: [.uniformResourceIdentifier("spiffe://example.org/web")])
        for place in der.indices {
            var damaged = der
            damaged[place] ^= 0x01
            #expect(throws: CertificateRequestError.self, "byte \(place)") {
                try VerifiedCertificateRequest(der: damaged)
            }
        }
    }

    @Test(arguments: [
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-256", "P-256"),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-384", "P-384"),
        ("-newkey rsa:2048", "RSA-2048"), ("-newkey ed25519", "Ed25519"),
    ])
    func requestsOfOpenSSLAreRead(_ key: String, _ kind: String) throws {
        let folder = try TemporaryFolder()
        let made = try openssl(
            [
                "req", "-new", "-nodes", "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=web", "-addext",
                "subjectAltName=URI:spiffe://example.org/web,DNS:web.example",
            ] + key.split(separator: " ").map(String.init),
            in: folder)
        try #require(made.status == 0, "openssl is needed: \(made.output)")
        let pem = try String(contentsOf: folder.url.appending(path: "request.pem"), encoding: .utf8)
        let request = try VerifiedCertificateRequest(pem: pem)
        #expect(request.id == Sample.id)
        #expect(request.keyKind.description == kind)
    }

    @Test func aShortRSAKeyIsRefused() throws {
        let folder = try TemporaryFolder()
        let made = try openssl(
            [
                "req", "-new", "-nodes", "-newkey", "rsa:1024", "-keyout", "key.pem", "-out", "request.pem", "-subj",
                "/CN=web",
            ],
            in: folder)
        try #require(made.status == 0, "openssl is needed: \(made.output)")
        let pem = try String(contentsOf: folder.url.appending(path: "request.pem"), encoding: .utf8)
        // swift-certificates refuses such a key itself.
        #expect(throws: CertificateRequestError.self) { try VerifiedCertificateRequest(pem: pem) }
        #expect(throws: CertificateRequestError(.malformed)) { try VerifiedCertificateRequest(pem: "no PEM") }
    }
}
