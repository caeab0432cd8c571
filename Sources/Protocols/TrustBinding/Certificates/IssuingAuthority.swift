// SPDX-License-Identifier: Apache-2.0

public import KelmarkCrypto
public import SPIFFE
internal import SwiftASN1
internal import X509

/// One signing key of an issuer with its self-signed certificate: a bundle root of its own.
///
/// Profile of `03-binding.md`, section 1, rule 1; `facts/spiffe.md`, section 14.1. The caller says what time it is
/// and brings the random serials. The key is P-256 and may live anywhere that a `Signer` reaches.
public struct IssuingAuthority<Key: Signer>: Sendable {
    /// How far certificates are dated back, in seconds, for peers whose clock is late.
    public static var backdating: Int64 { 10 }

    /// The authority's certificate.
    public let certificate: X509Certificate
    /// The trust domain that it signs for.
    public let trustDomain: TrustDomain
    let key: Key

    /// Joins a certificate made earlier with its key.
    /// - Throws: ``IssuanceError`` when the certificate is none of this profile or has another key.
    public init(certificate: X509Certificate, key: Key) throws(IssuanceError) {
        guard try certificate.subjectPublicKeyInfo == key.subjectPublicKeyInfo() else {
            throw IssuanceError(.keyMismatch)
        }
        let faults = AuthorityCertificateFault.check(certificate, trustDomain: nil)
        guard faults.isEmpty, let uri = certificate.uris.first, let id = try? SPIFFEID(uri) else {
            throw IssuanceError(.selfCheck, faults.map(\.rawValue).joined(separator: " "))
        }
        self.certificate = certificate
        trustDomain = id.trustDomain
        self.key = key
    }

    /// Makes the self-signed certificate of `key`.
    ///
    /// - Parameters:
    ///   - key: the signing key.
    ///   - trustDomain: becomes the only URI of the certificate.
    ///   - hints: AID of the issuer and SAID of the statement.
    ///   - notBefore: first moment of validity; the statement says the same.
    ///   - notAfter: last moment of validity.
    ///   - serial: random.
    ///   - pathLength: 0, or 1 where a downstream issuer is authorised.
    /// - Throws: ``IssuanceError``.
    public static func selfSigned(
        key: Key, trustDomain: TrustDomain, hints: SubjectHints, notBefore: CertificateTime, notAfter: CertificateTime,
        serial: CertificateSerial, pathLength: Int = 0
    ) async throws(IssuanceError) -> IssuingAuthority {
        guard (0...1).contains(pathLength), let units = hints.attributes() else { throw IssuanceError(.profile) }
        let publicKey = try key.certificateKey()
        let keyID = SubjectKeyIdentifier(hash: publicKey)
        let name = DistinguishedName(
            ([RelativeDistinguishedName.Attribute(type: .RDNAttributeType.organizationName, utf8String: "SPIFFE")]
                + units).map { RelativeDistinguishedName($0) })
        let extensions: Certificate.Extensions
        do {
            extensions = try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: pathLength))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                keyID
                AuthorityKeyIdentifier(keyIdentifier: keyID.keyIdentifier)
                SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.id.description)])
            }
        } catch {
            throw IssuanceError(.profile)
        }
        let content = CertificateContent(
            serial: serial, issuer: name, notBefore: notBefore, notAfter: notAfter, subject: name,
            publicKey: publicKey, extensions: extensions)
        return try IssuingAuthority(certificate: try await content.signed(by: key, publicKey: publicKey), key: key)
    }

    /// Signs the X.509-SVID of a workload.
    ///
    /// - Parameters:
    ///   - request: whose key and, when it asks for one, whose ID; a verified signature proves possession of the key.
    ///   - id: who the workload is; the caller has decided that.
    ///   - dnsNames: further names; the first becomes the common name.
    ///   - hints: AID and binding of a bound path.
    ///   - now: the present; the certificate begins 10 s earlier.
    ///   - lifetime: seconds from now; cut at the end of the authority's validity.
    ///   - serial: random.
    /// - Throws: ``IssuanceError``; nothing is handed out that this library itself would refuse.
    public func issue(
        to request: VerifiedCertificateRequest, id: SPIFFEID, dnsNames: [String] = [],
        hints: SubjectHints = SubjectHints(), now: CertificateTime, lifetime: Int64, serial: CertificateSerial
    ) async throws(IssuanceError) -> X509Certificate {
        if let requested = request.id, requested != id { throw IssuanceError(.id, "the request names another ID") }
        return try await issue(
            publicKey: request.publicKey, id: id, dnsNames: dnsNames, hints: hints, now: now, lifetime: lifetime,
            serial: serial)
    }

    /// The same for a key whose possession has been shown otherwise.
    func issue(
        publicKey: Certificate.PublicKey, id: SPIFFEID, dnsNames: [String] = [], hints: SubjectHints = SubjectHints(),
        now: CertificateTime, lifetime: Int64, serial: CertificateSerial
    ) async throws(IssuanceError) -> X509Certificate {
        guard id.trustDomain == trustDomain, !id.isTrustDomainID else { throw IssuanceError(.id) }
        guard lifetime > 0 else { throw IssuanceError(.validity) }
        guard certificate.isValid(at: now) else { throw IssuanceError(.authorityValidity) }
        for name in dnsNames where !DNSName.isValid(name) { throw IssuanceError(.dnsName) }
        guard let units = hints.attributes() else { throw IssuanceError(.profile) }
        let authorityKey = try key.certificateKey()
        let extensions: Certificate.Extensions
        do {
            extensions = try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true, keyEncipherment: true, keyAgreement: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: authorityKey).keyIdentifier)
                SubjectAlternativeNames(
                    dnsNames.map { GeneralName.dnsName($0) } + [.uniformResourceIdentifier(id.description)])
            }
        } catch {
            throw IssuanceError(.profile)
        }
        let content = CertificateContent(
            serial: serial, issuer: certificate.certificate.subject,
            notBefore: max(now.advanced(by: -Self.backdating), certificate.notBefore),
            notAfter: min(now.advanced(by: lifetime), certificate.notAfter),
            subject: Self.subject(units: units, commonName: dnsNames.first), publicKey: publicKey,
            extensions: extensions)
        let leaf = try await content.signed(by: key, publicKey: authorityKey)
        let outcome = X509SVIDOutcome.verifying(
            chain: [leaf], against: X509Bundle(trustDomain: trustDomain, authorities: [certificate]), at: now)
        guard let svid = outcome.svid, svid.id == id else {
            throw IssuanceError(.selfCheck, outcome.faults.map(\.description).joined(separator: " "))
        }
        return leaf
    }

    private static func subject(
        units: [RelativeDistinguishedName.Attribute], commonName: String?
    ) -> DistinguishedName {
        var attributes = [
            RelativeDistinguishedName.Attribute(type: .RDNAttributeType.organizationName, utf8String: "SPIFFE")
        ]
        attributes += units
        // X.520 bounds a common name at 64 characters.
        if let commonName, commonName.utf8.count <= 64 {
            attributes.append(
                RelativeDistinguishedName.Attribute(type: .RDNAttributeType.commonName, utf8String: commonName))
        }
        return DistinguishedName(attributes.map { RelativeDistinguishedName($0) })
    }
}
