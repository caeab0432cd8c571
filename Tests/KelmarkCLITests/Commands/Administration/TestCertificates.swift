// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import SPIFFE
import SwiftASN1
import X509

/// Certificates for what is printed; nobody judges them here.
struct TestCertificates {
    let authority: X509Certificate
    let leaf: X509Certificate
    let leafKey: [UInt8]

    /// - Parameters:
    ///   - begin: of both, in seconds since 1970; the leaf lives for an hour, the authority for a day.
    init(_ domain: String = "example.org", _ path: String = "/web", from begin: Int64 = 1_795_213_298) throws {
        let key = P256.Signing.PrivateKey()
        let root = Certificate.PrivateKey(key)
        let start = Date(timeIntervalSince1970: TimeInterval(begin))
        let name = try DistinguishedName { CommonName(domain) }
        authority = try Self.certificate(
            Certificate(
                version: .v3, serialNumber: .init(), publicKey: root.publicKey, notValidBefore: start,
                notValidAfter: start + 86_400, issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: root.publicKey)
                    SubjectAlternativeNames([.uniformResourceIdentifier("spiffe://\(domain)")])
                }, issuerPrivateKey: root))
        let leafKey = P256.Signing.PrivateKey()
        leaf = try Self.certificate(
            Certificate(
                version: .v3, serialNumber: .init(), publicKey: Certificate.PrivateKey(leafKey).publicKey,
                notValidBefore: start, notValidAfter: start + 3600, issuer: name, subject: DistinguishedName(),
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    SubjectAlternativeNames([.uniformResourceIdentifier("spiffe://\(domain)\(path)")])
                }, issuerPrivateKey: root))
        self.leafKey = Array(leafKey.derRepresentation)
    }

    private static func certificate(_ certificate: Certificate) throws -> X509Certificate {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try X509Certificate(der: serializer.serializedBytes)
    }
}
