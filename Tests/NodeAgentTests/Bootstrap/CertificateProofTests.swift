// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import JOSE
import SPIFFE
import SwiftASN1
import Testing
import X509

@testable import NodeAgent

struct CertificateProofTests {
    let authority = TestAuthority()
    let theirs = [UInt8](repeating: 7, count: 32)
    let ours = [UInt8](repeating: 9, count: 32)

    private func proof(_ kind: SVIDKey.Kind) throws -> (proof: CertificateProof, key: PublicKey, chain: [[UInt8]]) {
        let key = try SVIDKey.random(kind)
        let chain = authority.chain(
            try SPIFFEID("spiffe://example.org/node"), request: try key.certificateRequest(), notBefore: Sample.now)
        let ours = ours
        return (
            try CertificateProof(chain: chain, key: try PrivateKey(pkcs8: key.pkcs8)) { ours },
            try PublicKey(subjectPublicKeyInfo: key.subjectPublicKeyInfo), chain
        )
    }

    private func challenge(_ name: String, _ nonce: [UInt8]) -> [UInt8] {
        Array(
            #"{"rsa_signature":null,"ecdsa_signature":null,"\#(name)":{"nonce":"\#(Data(nonce).base64EncodedString())"}}"#
                .replacing(#""\#(name)":null,"#, with: "").utf8)
    }

    private func read(_ answer: [UInt8], _ name: String) throws -> [String: Data] {
        let map = try #require(try JSONSerialization.jsonObject(with: Data(answer)) as? [String: [String: String]])
        return try #require(map[name]).compactMapValues { Data(base64Encoded: $0) }
    }

    @Test func `the chain comes first`() throws {
        let (proof, _, chain) = try proof(.p256)
        let data = try proof.data()
        #expect(data.type == "x509pop")
        #expect(
            String(decoding: data.payload, as: UTF8.self)
                == #"{"certificates":["\#(Data(chain[0]).base64EncodedString())"]}"#)
    }

    @Test func `an EC key signs both random values`() throws {
        let (proof, key, _) = try proof(.p256)
        let answer = try read(try proof.answer(challenge("ecdsa_signature", theirs)), "ecdsa_signature")
        #expect(answer["nonce"] == Data(ours))
        let parts = [answer["r"], answer["s"]].compactMap { $0 }
        let signature = parts.flatMap { [UInt8](repeating: 0, count: 32 - $0.count) + $0 }
        #expect(key.isValidSignature(signature, over: theirs + ours, algorithm: .es256))
        #expect(parts.allSatisfy { $0.first != 0 })
    }

    @Test func `an RSA key signs both random values`() throws {
        let (proof, key, _) = try proof(.rsa2048)
        let answer = try read(try proof.answer(challenge("rsa_signature", theirs)), "rsa_signature")
        let signature = try #require(answer["signature"])
        #expect(key.isValidSignature([UInt8](signature), over: theirs + ours, algorithm: .ps256))
    }

    @Test func `another challenge is not answered`() throws {
        let (proof, _, _) = try proof(.p256)
        for bytes in [
            challenge("rsa_signature", theirs), challenge("ecdsa_signature", [1]), Array("{}".utf8), [],
            [UInt8](repeating: 0x20, count: 5000),
        ] {
            #expect(throws: AttestorError.self) { try proof.answer(bytes) }
        }
    }

    @Test func `another key, another kind of key, or no certificate is refused`() throws {
        let (_, _, chain) = try proof(.p256)
        #expect(throws: AttestorError.self) {
            try CertificateProof(chain: chain, key: try PrivateKey(generating: .p256))
        }
        #expect(throws: AttestorError.self) { try CertificateProof(chain: [], key: try PrivateKey(generating: .p256)) }
        #expect(throws: AttestorError.self) {
            try CertificateProof(chain: [[1]], key: try PrivateKey(generating: .p256))
        }
    }

    @Test func `a key of another curve is refused`() throws {
        let key = P384.Signing.PrivateKey()
        let request = try CertificateSigningRequest(
            version: .v1, subject: DistinguishedName { CommonName("node") }, privateKey: Certificate.PrivateKey(key),
            attributes: CertificateSigningRequest.Attributes([]))
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        let chain = authority.chain(
            try SPIFFEID("spiffe://example.org/node"), request: serializer.serializedBytes, notBefore: Sample.now)
        #expect(throws: AttestorError.self) {
            try CertificateProof(chain: chain, key: try PrivateKey(pkcs8: [UInt8](key.derRepresentation)))
        }
    }
}
