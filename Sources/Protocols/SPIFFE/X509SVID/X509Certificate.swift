// SPDX-License-Identifier: Apache-2.0

public import SwiftASN1
public import X509

/// One certificate as received: its exact bytes beside what they say.
///
/// Parsing proves form only (strict DER, one certificate, no byte left, version 3 where there are extensions, inner
/// and outer signature algorithm equal, each extension at most once). Nothing here is trusted.
public struct X509Certificate: Hashable, Sendable {
    /// Most bytes of one certificate that are read.
    public static let largestCertificate = 64 << 10

    /// The DER bytes as received.
    public let der: [UInt8]
    /// What the bytes say.
    public let certificate: Certificate
    /// The DER bytes of `subjectPublicKeyInfo` as received.
    public let subjectPublicKeyInfo: [UInt8]
    /// Which key that is.
    public let keyKind: PublicKeyKind
    /// First moment of validity.
    public let notBefore: CertificateTime
    /// Last moment of validity.
    public let notAfter: CertificateTime
    /// Every URI of the subject alternative name, in order, repeated ones too.
    public let uris: [String]
    /// The other subject alternative names, in order.
    public let otherNames: [GeneralName]
    /// Basic constraints; nil where the extension is absent.
    public let basicConstraints: BasicConstraints?
    /// Key usage; nil where the extension is absent.
    public let keyUsage: KeyUsage?
    /// Extended key usages; nil where the extension is absent.
    public let extendedKeyUsages: [ExtendedKeyUsage.Usage]?
    /// Name constraints; nil where the extension is absent.
    public let nameConstraints: NameConstraints?
    /// Subject key identifier; nil where the extension is absent.
    public let subjectKeyIdentifier: [UInt8]?
    /// Object identifiers of critical extensions that no rule here reads.
    public let unreadCriticalExtensions: [ASN1ObjectIdentifier]

    /// Reads one certificate.
    /// - Throws: ``X509CertificateError`` when the bytes are no certificate in strict DER.
    public init(der: [UInt8]) throws(X509CertificateError) {
        guard der.count <= Self.largestCertificate else { throw X509CertificateError(.tooLarge) }
        let certificate: Certificate
        let body: CertificateBody
        do {
            certificate = try Certificate(derEncoded: der)
            body = try CertificateBody(of: der)
        } catch let error as X509CertificateError {
            throw error
        } catch {
            throw X509CertificateError(.malformed)
        }
        guard body.signatureAlgorithm == body.outerSignatureAlgorithm else {
            throw X509CertificateError(.signatureAlgorithmMismatch)
        }
        guard certificate.version == .v3 || certificate.extensions.isEmpty else {
            throw X509CertificateError(.version)
        }
        guard let kind = PublicKeyKind(subjectPublicKeyInfo: body.subjectPublicKeyInfo) else {
            throw X509CertificateError(.publicKey)
        }
        guard body.notBefore <= body.notAfter else { throw X509CertificateError(.validity) }
        self.der = der
        self.certificate = certificate
        subjectPublicKeyInfo = body.subjectPublicKeyInfo
        keyKind = kind
        notBefore = body.notBefore
        notAfter = body.notAfter
        let extensions = certificate.extensions
        do {
            let names = try extensions.subjectAlternativeNames.map(Array.init) ?? []
            uris = names.compactMap {
                if case .uniformResourceIdentifier(let uri) = $0 { uri } else { nil }
            }
            otherNames = names.filter {
                if case .uniformResourceIdentifier = $0 { false } else { true }
            }
            basicConstraints = try extensions.basicConstraints
            keyUsage = try extensions.keyUsage
            extendedKeyUsages = try extensions.extendedKeyUsage.map(Array.init)
            nameConstraints = try extensions.nameConstraints
            subjectKeyIdentifier = try extensions.subjectKeyIdentifier.map { Array($0.keyIdentifier) }
        } catch {
            throw X509CertificateError(.extensionMalformed)
        }
        let read: Set<ASN1ObjectIdentifier> = [
            .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage,
            .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.nameConstraints,
        ]
        unreadCriticalExtensions = extensions.filter { $0.critical && !read.contains($0.oid) }.map(\.oid)
    }

    /// Whether basic constraints call this a certificate authority.
    public var isAuthority: Bool {
        if case .isCertificateAuthority = basicConstraints { true } else { false }
    }

    /// `pathLenConstraint` of a certificate authority; nil where there is none.
    public var pathLength: Int? {
        if case .isCertificateAuthority(let length) = basicConstraints { length } else { nil }
    }

    /// Whether subject and issuer are the same name.
    public var isSelfIssued: Bool { certificate.subject == certificate.issuer }

    /// Whether `time` lies inside the validity, both ends included.
    public func isValid(at time: CertificateTime) -> Bool { notBefore <= time && time <= notAfter }

    /// Whether the key of `issuer` made this certificate's signature. Says nothing about names or rights.
    public func hasSignature(by issuer: X509Certificate) -> Bool {
        guard certificate.signatureAlgorithm != .sha1WithRSAEncryption else { return false }
        return issuer.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
    }

    /// Equal bytes.
    public static func == (left: X509Certificate, right: X509Certificate) -> Bool { left.der == right.der }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

/// Why bytes are no certificate that can be judged.
public struct X509CertificateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable {
        /// More than ``X509Certificate/largestCertificate`` bytes.
        case tooLarge = "certificate-too-large"
        /// Not one certificate in strict DER.
        case malformed = "certificate-malformed"
        /// The signature algorithm inside the signed part is not the one beside the signature.
        case signatureAlgorithmMismatch = "certificate-signature-algorithm"
        /// Extensions in a certificate that is not version 3.
        case version = "certificate-version"
        /// A key of a kind or size that is not used.
        case publicKey = "certificate-public-key"
        /// A time outside 1950 to 9999, with a fraction, or an end before the beginning.
        case validity = "certificate-validity"
        /// An extension that is read has the wrong content.
        case extensionMalformed = "certificate-extension"
    }

    /// What is wrong.
    public let code: Code

    init(_ code: Code) { self.code = code }

    /// The code.
    public var description: String { code.rawValue }
}

extension X509Certificate {
    /// The certificate in PEM, as files of trust bundles and chains hold it.
    public var pem: String { PEMDocument(type: "CERTIFICATE", derBytes: der).pemString + "\n" }
}
