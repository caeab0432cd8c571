// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import JOSE
import SPIFFE
import SwiftASN1
import X509

@testable import NodeAgent

/// A certificate authority of a test, and a key that signs tokens.
struct TestAuthority: Sendable {
    let trustDomain: TrustDomain
    let certificate: X509Certificate
    let tokenAuthority: TokenAuthority
    private let key: P256.Signing.PrivateKey
    private let tokenSigner: LocalJWSSigner

    init(
        _ trustDomain: TrustDomain = Sample.domain, notBefore: CertificateTime = Sample.now.advanced(by: -3600),
        notAfter: CertificateTime = Sample.now.advanced(by: 30 * 86_400)
    ) {
        self.trustDomain = trustDomain
        let key = P256.Signing.PrivateKey()
        self.key = key
        let name = try! DistinguishedName {
            OrganizationName("test")
            CommonName(Self.hex(Array(SHA256.hash(data: key.publicKey.x963Representation)).prefix(8)))
        }
        certificate = Self.sign(
            publicKey: Certificate.PublicKey(key.publicKey), by: key, issuer: name, subject: name, notBefore, notAfter,
            try! Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.id.description)])
            })
        let tokenKey = try! PrivateKey(generating: .p256)
        tokenSigner = try! LocalJWSSigner(tokenKey)
        tokenAuthority = try! TokenAuthority(
            keyID: tokenKey.publicKey.thumbprint, key: tokenKey.publicKey)
    }

    /// The bundle with this authority, and others beside it.
    func bundle(
        and others: [TestAuthority] = [], tainted: Bool = false, sequence: UInt64? = nil
    ) -> TrustBundle {
        try! TrustBundle(
            trustDomain: trustDomain,
            x509Authorities: [X509Authority(certificate, isTainted: tainted)]
                + others.map { X509Authority($0.certificate) },
            jwtAuthorities: [tokenAuthority] + others.map(\.tokenAuthority), sequence: sequence)
    }

    /// A chain for the key of a PKCS#10 request.
    func chain(
        _ id: SPIFFEID, request der: [UInt8], notBefore: CertificateTime, lifetime: Int64 = 3600
    ) -> [[UInt8]] {
        let request = try! CertificateSigningRequest(derEncoded: try! DER.parse(der))
        let leaf = Self.sign(
            publicKey: request.publicKey, by: key, issuer: certificate.certificate.subject,
            subject: try! DistinguishedName { OrganizationName("SPIRE") }, notBefore,
            notBefore.advanced(by: lifetime),
            try! Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames([.uniformResourceIdentifier(id.description)])
            })
        return [leaf.der]
    }

    func token(_ id: SPIFFEID, audience: [String], at now: CertificateTime, lifetime: Int64 = 300) async
        -> IssuedJWTSVID
    {
        let end = now.advanced(by: lifetime)
        let profile = try! JWTSVIDProfile(subject: id, audiences: audience, issuedAt: now, expiresAt: end)
        let token = try! await profile.signed(by: tokenSigner, keyID: tokenAuthority.keyID)
        return IssuedJWTSVID(token: token, issuedAt: now, expiresAt: end)
    }

    private static func sign(
        publicKey: Certificate.PublicKey, by key: P256.Signing.PrivateKey, issuer: DistinguishedName,
        subject: DistinguishedName, _ notBefore: CertificateTime, _ notAfter: CertificateTime,
        _ extensions: Certificate.Extensions
    ) -> X509Certificate {
        let certificate = try! Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: Date(timeIntervalSince1970: Double(notBefore.seconds)),
            notValidAfter: Date(timeIntervalSince1970: Double(notAfter.seconds)), issuer: issuer, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
            issuerPrivateKey: Certificate.PrivateKey(key))
        var serializer = DER.Serializer()
        try! serializer.serialize(certificate)
        return try! X509Certificate(der: serializer.serializedBytes)
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { String($0, radix: 16) }.joined()
    }
}
