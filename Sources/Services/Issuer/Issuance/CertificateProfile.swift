// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE
internal import SwiftASN1
internal import X509

/// What the issuer's certificates say. Facts (SPIFFE) 14.1; `03-binding.md`, section 1, rule 1.
enum CertificateProfile {
    /// How far certificates are dated back, in seconds, for peers whose clock is late.
    static let backdating: Int64 = 10
    /// Most DNS names of one certificate.
    static let mostDNSNames = 64

    /// Who issues: the name and key identifier that a certificate below points at.
    struct Issuer {
        let name: DistinguishedName
        let keyIdentifier: [UInt8]
        let notBefore: CertificateTime
        let notAfter: CertificateTime
    }

    /// First and last moment of a certificate.
    struct Validity: Hashable, Sendable {
        let notBefore: CertificateTime
        let notAfter: CertificateTime

        init(notBefore: CertificateTime, notAfter: CertificateTime) {
            self.notBefore = notBefore
            self.notAfter = notAfter
        }

        /// From 10 s ago for so many seconds from now, inside what the issuer has. Facts (SPIFFE) 14.3.
        init(now: CertificateTime, lifetime: Int64, within issuer: Issuer) {
            notBefore = max(now.advanced(by: -backdating), issuer.notBefore)
            notAfter = min(now.advanced(by: lifetime), issuer.notAfter)
        }
    }

    /// A self-signed authority.
    static func authority(
        publicKey: Certificate.PublicKey, trustDomain: TrustDomain, names: SubjectNames, units: [String],
        validity: Validity, serial: CertificateSerial, pathLength: Int
    ) throws -> CertificateContent {
        let name = try subject(names, units: units, serialNumber: decimal(serial))
        return CertificateContent(
            serial: serial, issuer: name, notBefore: validity.notBefore, notAfter: validity.notAfter, subject: name,
            publicKey: publicKey,
            extensions: try Certificate.Extensions {
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: pathLength))
                SubjectKeyIdentifier(hash: publicKey)
                SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.id.description)])
            })
    }

    /// An authority below another one, which may sign leaves only.
    static func downstream(
        publicKey: Certificate.PublicKey, trustDomain: TrustDomain, names: SubjectNames, issuer: Issuer,
        validity: Validity, serial: CertificateSerial
    ) throws -> CertificateContent {
        let unit = "DOWNSTREAM-" + decimal(serial)
        return CertificateContent(
            serial: serial, issuer: issuer.name, notBefore: validity.notBefore, notAfter: validity.notAfter,
            subject: try subject(names, units: [unit]), publicKey: publicKey,
            extensions: try Certificate.Extensions {
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: issuer.keyIdentifier[...])
                SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.id.description)])
            })
    }

    /// An X.509-SVID.
    static func leaf(
        publicKey: Certificate.PublicKey, id: SPIFFEID, dnsNames: [String], subject: DistinguishedName, issuer: Issuer,
        validity: Validity, serial: CertificateSerial
    ) throws -> CertificateContent {
        CertificateContent(
            serial: serial, issuer: issuer.name, notBefore: validity.notBefore, notAfter: validity.notAfter,
            subject: subject, publicKey: publicKey,
            extensions: try Certificate.Extensions {
                Critical(KeyUsage(digitalSignature: true, keyEncipherment: true, keyAgreement: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                Critical(BasicConstraints.notCertificateAuthority)
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: issuer.keyIdentifier[...])
                SubjectAlternativeNames(
                    dnsNames.map { GeneralName.dnsName($0) } + [.uniformResourceIdentifier(id.description)])
            })
    }

    // MARK: Subjects

    /// Country, organisation, units, common name, serial number: the order in which SPIRE writes them.
    static func subject(
        _ names: SubjectNames, units: [String] = [], commonName: String? = nil, serialNumber: String? = nil
    ) throws -> DistinguishedName {
        typealias Attribute = RelativeDistinguishedName.Attribute
        var attributes: [Attribute] = []
        if let country = names.country {
            attributes.append(try Attribute(type: .RDNAttributeType.countryName, printableString: country))
        }
        if let organization = names.organization {
            attributes.append(Attribute(type: .RDNAttributeType.organizationName, utf8String: organization))
        }
        attributes += units.map { Attribute(type: .RDNAttributeType.organizationalUnitName, utf8String: $0) }
        // X.520 bounds a common name at 64 characters; a longer DNS name stands in the SAN only.
        if let name = commonName ?? names.commonName, name.utf8.count <= 64 {
            attributes.append(Attribute(type: .RDNAttributeType.commonName, utf8String: name))
        }
        if let serialNumber {
            attributes.append(try Attribute(type: [2, 5, 4, 5], printableString: serialNumber))
        }
        return DistinguishedName(attributes.map { RelativeDistinguishedName($0) })
    }

    /// The serial number as SPIRE writes it into names.
    private static func decimal(_ serial: CertificateSerial) -> String {
        String(serial.magnitude.reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
    }
}
