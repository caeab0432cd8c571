// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation
internal import JOSE
public import SPIFFE
internal import SwiftASN1
internal import X509

/// A trust domain of a test: an authority of certificates, a key of tokens, and what they sign.
public struct TestTrustDomain: Sendable {
    /// Its name.
    public let trustDomain: TrustDomain
    /// The authority.
    public let certificate: X509Certificate
    /// The key that tokens are verified by.
    public let tokenAuthority: TokenAuthority
    private let key: P256.Signing.PrivateKey
    private let tokenSigner: LocalJWSSigner

    /// Makes one with fresh keys, valid from yesterday to tomorrow.
    public init(_ name: String = "example.org") throws {
        let trustDomain = try TrustDomain(name)
        self.trustDomain = trustDomain
        key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName {
            OrganizationName("test")
            CommonName(name)
        }
        certificate = try Self.sign(
            Certificate.PublicKey(key.publicKey), by: key, issuer: subject, subject: subject,
            Self.now.advanced(by: -86_400), Self.now.advanced(by: 86_400),
            Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.id.description)])
            })
        let tokenKey = try PrivateKey(generating: .p256)
        tokenSigner = try LocalJWSSigner(tokenKey)
        tokenAuthority = try TokenAuthority(keyID: tokenKey.publicKey.thumbprint, key: tokenKey.publicKey)
    }

    /// The time of day.
    public static var now: CertificateTime {
        CertificateTime(seconds: Int64(Date().timeIntervalSince1970)) ?? .earliest
    }

    /// Both authorities, and those of others of the same name.
    /// - Parameters:
    ///   - others: of the same name, with keys of their own: what an authority becomes by rotation.
    ///   - sequence: the number of the bundle, if it has one.
    public func bundle(and others: [TestTrustDomain] = [], sequence: UInt64? = nil) throws -> TrustBundle {
        let all = [self] + others
        return try TrustBundle(
            trustDomain: trustDomain, x509Authorities: all.map { X509Authority($0.certificate) },
            jwtAuthorities: all.map(\.tokenAuthority), sequence: sequence, refreshHint: 300)
    }

    /// The authority alone, as certificates are verified under it.
    public var x509Bundle: X509Bundle { X509Bundle(trustDomain: trustDomain, authorities: [certificate]) }

    /// An SVID with a fresh key.
    /// - Parameters:
    ///   - path: of its SPIFFE ID, with the slash.
    ///   - start: from when it is valid; ten seconds ago unless said.
    ///   - lifetime: in seconds from `start`; may be over already.
    ///   - hint: what the Workload API says of it beside.
    public func svid(
        _ path: String, from start: CertificateTime? = nil, lifetime: Int64 = 3600, hint: String = ""
    ) throws -> X509SVID {
        let id = try SPIFFEID(trustDomain: trustDomain, path: path)
        let start = start ?? Self.now.advanced(by: -10)
        let leafKey = P256.Signing.PrivateKey()
        let leaf = try leaf(leafKey, [.uniformResourceIdentifier(id.description)], start, lifetime)
        return try X509SVID(chain: [leaf.der], pkcs8: [UInt8](leafKey.derRepresentation), hint: hint)
    }

    /// A certificate as web servers have them, and its key in PKCS#8.
    package func webCertificate(_ name: String = "localhost") throws -> (certificate: X509Certificate, pkcs8: [UInt8]) {
        let leafKey = P256.Signing.PrivateKey()
        let leaf = try leaf(leafKey, [.dnsName(name)], Self.now.advanced(by: -10), 3600)
        return (leaf, [UInt8](leafKey.derRepresentation))
    }

    /// A certificate of this authority with these URIs, however many: what no authority should sign.
    package func certificate(uris: [String]) throws -> X509Certificate {
        try leaf(
            P256.Signing.PrivateKey(), uris.map { .uniformResourceIdentifier($0) }, Self.now.advanced(by: -10), 3600)
    }

    /// A JWT-SVID.
    /// - Parameters:
    ///   - path: of the subject's SPIFFE ID, with the slash.
    ///   - audiences: for whom it is.
    ///   - start: when it is issued; now unless said.
    ///   - lifetime: in seconds from `start`.
    public func token(
        _ path: String, audiences: [String], from start: CertificateTime? = nil, lifetime: Int64 = 300
    ) async throws -> String {
        let start = start ?? Self.now
        let profile = try JWTSVIDProfile(
            subject: SPIFFEID(trustDomain: trustDomain, path: path), audiences: audiences, issuedAt: start,
            expiresAt: start.advanced(by: lifetime))
        return try await profile.signed(by: tokenSigner, keyID: tokenAuthority.keyID)
    }

    private func leaf(
        _ leafKey: P256.Signing.PrivateKey, _ names: [GeneralName], _ start: CertificateTime, _ lifetime: Int64
    ) throws -> X509Certificate {
        try Self.sign(
            Certificate.PublicKey(leafKey.publicKey), by: key, issuer: certificate.certificate.subject,
            subject: DistinguishedName { OrganizationName("test") }, start, start.advanced(by: lifetime),
            Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames(names)
            })
    }

    private static func sign(
        _ publicKey: Certificate.PublicKey, by key: P256.Signing.PrivateKey, issuer: DistinguishedName,
        subject: DistinguishedName, _ notBefore: CertificateTime, _ notAfter: CertificateTime,
        _ extensions: Certificate.Extensions
    ) throws -> X509Certificate {
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: Date(timeIntervalSince1970: Double(notBefore.seconds)),
            notValidAfter: Date(timeIntervalSince1970: Double(notAfter.seconds)), issuer: issuer, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
            issuerPrivateKey: Certificate.PrivateKey(key))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try X509Certificate(der: serializer.serializedBytes)
    }
}
