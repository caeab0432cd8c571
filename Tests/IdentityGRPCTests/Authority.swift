// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import IdentityGRPC
import SPIFFE
import SwiftASN1
import X509

/// A certificate authority of a test.
struct Authority: Sendable {
    static let now = CertificateTime("2026-08-01T12:00:00Z")!

    let trustDomain: TrustDomain
    let certificate: X509Certificate
    private let key = P256.Signing.PrivateKey()

    init(_ name: String = "example.org") throws {
        let trustDomain = try TrustDomain(name)
        self.trustDomain = trustDomain
        certificate = try Self.sign(
            key.publicKey, by: key, issuer: "authority of \(name)", subject: "authority of \(name)", lifetime: 86_400,
            Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.id.description)])
            })
    }

    var bundle: X509Bundle { X509Bundle(trustDomain: trustDomain, authorities: [certificate]) }

    /// An SVID with its key.
    func credentials(_ path: String, lifetime: Int64 = 3600) throws -> TLSCredentials {
        let leafKey = P256.Signing.PrivateKey()
        let leaf = try Self.sign(
            leafKey.publicKey, by: key, issuer: "authority of \(trustDomain)", subject: "leaf", lifetime: lifetime,
            Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.id.description + path)])
            })
        return TLSCredentials(chain: [leaf], privateKey: Array(leafKey.derRepresentation))
    }

    private static func sign(
        _ publicKey: P256.Signing.PublicKey, by key: P256.Signing.PrivateKey, issuer: String, subject: String,
        lifetime: Int64, _ extensions: Certificate.Extensions
    ) throws -> X509Certificate {
        let start = now.advanced(by: -60)
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(publicKey),
            notValidBefore: Date(timeIntervalSince1970: Double(start.seconds)),
            notValidAfter: Date(timeIntervalSince1970: Double(now.seconds + lifetime)),
            issuer: try DistinguishedName { CommonName(issuer) },
            subject: try DistinguishedName { CommonName(subject) }, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: extensions, issuerPrivateKey: .init(key))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try X509Certificate(der: serializer.serializedBytes)
    }
}
