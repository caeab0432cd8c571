// SPDX-License-Identifier: Apache-2.0

public import SPIFFE
internal import SwiftASN1
public import X509

/// A PKCS#10 request whose own signature verifies: whoever made it holds the private key. RFC 2986.
///
/// Only the key and the names are taken from a request; its subject and every other wish are passed over. A request
/// to become a certificate authority is refused.
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

    /// Reads and verifies a request in DER.
    /// - Throws: ``CertificateRequestError``.
    public init(der: [UInt8]) throws(CertificateRequestError) {
        guard der.count <= Self.largestRequest else { throw CertificateRequestError(.tooLarge) }
        let request: CertificateSigningRequest
        do {
            request = try CertificateSigningRequest(derEncoded: der)
            try Self.checkSignatureIsWholeBytes(der)
        } catch {
            throw CertificateRequestError(.malformed)
        }
        guard request.version == .v1 else { throw CertificateRequestError(.version) }
        var serializer = DER.Serializer()
        guard (try? serializer.serialize(request.publicKey)) != nil,
            let kind = PublicKeyKind(subjectPublicKeyInfo: serializer.serializedBytes)
        else { throw CertificateRequestError(.publicKey) }
        guard request.signatureAlgorithm != .sha1WithRSAEncryption,
            request.publicKey.isValidSignature(request.signature, for: request)
        else { throw CertificateRequestError(.signature) }

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
        publicKey = request.publicKey
        keyKind = kind
        id = ids.first
        self.dnsNames = dnsNames
    }

    /// One request must not have several spellings.
    private static func checkSignatureIsWholeBytes(_ der: [UInt8]) throws {
        try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            guard nodes.next() != nil, nodes.next() != nil, let signature = nodes.next(),
                try ASN1BitString(derEncoded: signature).paddingBits == 0
            else { throw CertificateRequestError(.malformed) }
        }
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

/// Why a certificate request is refused.
public struct CertificateRequestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable {
        /// More than ``VerifiedCertificateRequest/largestRequest`` bytes.
        case tooLarge = "request-too-large"
        /// Not one request in strict DER.
        case malformed = "request-malformed"
        /// A version other than 1.
        case version = "request-version"
        /// A key of a kind or size that is not used.
        case publicKey = "request-public-key"
        /// The request is not signed by the key that it names.
        case signature = "request-signature"
        /// Several or malformed lists of extensions.
        case extensions = "request-extensions"
        /// The request wants a certificate authority.
        case authority = "request-for-authority"
        /// A URI that is no ID of a workload.
        case id = "request-id"
        /// More than one URI.
        case severalIDs = "request-several-ids"
        /// A name of another kind, or a malformed DNS name.
        case name = "request-name"
    }

    /// What is wrong.
    public let code: Code

    init(_ code: Code) { self.code = code }

    /// The code.
    public var description: String { code.rawValue }
}
