// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import FoundationEssentials
internal import SPIFFE
private import SwiftASN1
private import X509

/// A valid authority of a trust domain under which nothing can ever be issued: its key is gone before anybody sees it.
///
/// Workloads get it when the last authority was revoked, because stock clients go on trusting the old authorities when
/// they see an empty bundle. (Binding 5.)
enum TombstoneAuthority {
    /// Makes one, valid from a minute ago for ten years.
    /// - Throws: what the certificate library fails with.
    static func make(_ trustDomain: TrustDomain, at now: CertificateTime) throws -> X509Certificate {
        // The only reference to the key ends with this function; the crypto library wipes it then.
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName {
            CountryName("US")
            OrganizationName("SPIFFE")
            OrganizationalUnitName("tombstone")
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: date(now.advanced(by: -60)), notValidAfter: date(now.advanced(by: 3650 * 86_400)),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.id.description)])
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: key)
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try X509Certificate(der: serializer.serializedBytes)
    }

    private static func date(_ time: CertificateTime) -> Date {
        Date(timeIntervalSince1970: Double(time.seconds))
    }
}
