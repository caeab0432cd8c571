// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1
public import X509

/// A PKCS#10 request whose own signature verifies: whoever made it holds the private key. RFC 2986.
///
/// The key, the names and the subject are read; every other wish is passed over. A request to become a certificate
/// authority is refused. Who wants nothing but the key uses ``ProvenPublicKey``.
public struct VerifiedCertificateRequest: Hashable, Sendable {
    /// Most bytes of a request that are read.
    public static let largestRequest = 64 << 10

    /// The key that the certificate will be for.
    public let publicKey: Certificate.PublicKey
    /// Which key that is.
    public let keyKind: PublicKeyKind
    /// The ID that the request asks for, if any.
    public let id: SPIFFEID?
    /// The DNS names that the request asks for.
    public let dnsNames: [String]
    /// The subject that the request asks for; may be empty.
    public let subject: DistinguishedName

    /// Reads and verifies a request in DER.
    /// - Throws: ``CertificateRequestError``.
    public init(der: [UInt8]) throws(CertificateRequestError) {
        let (request, key) = try ProvenPublicKey.read(der)
        let wishes = request.attributes.filter { $0.oid == .CSRAttributes.extensionRequest }
        guard wishes.count <= 1 else { throw CertificateRequestError(.extensions) }
        var names: [GeneralName] = []
        do {
            if let wish = wishes.first {
                let extensions = try ExtensionRequest(wish).extensions
                if case .isCertificateAuthority = try extensions.basicConstraints {
                    throw CertificateRequestError(.authority)
                }
                names = try extensions.subjectAlternativeNames.map(Array.init) ?? []
            }
        } catch let error as CertificateRequestError {
            throw error
        } catch {
            throw CertificateRequestError(.extensions)
        }

        var ids: [SPIFFEID] = []
        var dnsNames: [String] = []
        for name in names {
            switch name {
            case .uniformResourceIdentifier(let uri):
                guard let id = try? SPIFFEID(uri), !id.isTrustDomainID else { throw CertificateRequestError(.id) }
                ids.append(id)
            case .dnsName(let name):
                guard DNSName.isValid(name) else { throw CertificateRequestError(.name) }
                dnsNames.append(name)
            default: throw CertificateRequestError(.name)
            }
        }
        guard ids.count <= 1 else { throw CertificateRequestError(.severalIDs) }
        publicKey = key.publicKey
        keyKind = key.kind
        subject = request.subject
        id = ids.first
        self.dnsNames = dnsNames
    }

    /// Reads and verifies a request in PEM (`CERTIFICATE REQUEST`, one block).
    /// - Throws: ``CertificateRequestError``.
    public init(pem: String) throws(CertificateRequestError) {
        guard pem.utf8.count <= 2 * Self.largestRequest, let document = try? PEMDocument(pemString: pem),
            ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].contains(document.discriminator)
        else { throw CertificateRequestError(.malformed) }
        try self.init(der: document.derBytes)
    }
}
