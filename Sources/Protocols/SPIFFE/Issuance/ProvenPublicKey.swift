// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1
public import X509

/// A public key whose holder has shown that it holds the private half, by signing a PKCS#10 request. RFC 2986.
///
/// Nothing else of the request is read: what a certificate says beside the key is decided by whoever issues it.
public struct ProvenPublicKey: Hashable, Sendable {
    /// The key.
    public let publicKey: Certificate.PublicKey
    /// Which key that is.
    public let kind: PublicKeyKind
    /// DER `SubjectPublicKeyInfo` of the key.
    public let subjectPublicKeyInfo: [UInt8]

    /// Reads a request in DER and verifies its signature.
    /// - Throws: ``CertificateRequestError``.
    public init(requestDER der: [UInt8]) throws(CertificateRequestError) { self = try Self.read(der).key }

    /// The request beside the key that it proves.
    static func read(
        _ der: [UInt8]
    ) throws(CertificateRequestError) -> (request: CertificateSigningRequest, key: ProvenPublicKey) {
        guard der.count <= VerifiedCertificateRequest.largestRequest else { throw CertificateRequestError(.tooLarge) }
        let request: CertificateSigningRequest
        do {
            request = try CertificateSigningRequest(derEncoded: der)
            try checkSignatureIsWholeBytes(der)
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
        let key = ProvenPublicKey(
            publicKey: request.publicKey, kind: kind, subjectPublicKeyInfo: serializer.serializedBytes)
        return (request, key)
    }

    private init(publicKey: Certificate.PublicKey, kind: PublicKeyKind, subjectPublicKeyInfo: [UInt8]) {
        self.publicKey = publicKey
        self.kind = kind
        self.subjectPublicKeyInfo = subjectPublicKeyInfo
    }

    /// One request must not have several spellings.
    private static func checkSignatureIsWholeBytes(_ der: [UInt8]) throws {
        try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            guard nodes.next() != nil, nodes.next() != nil, let signature = nodes.next(),
                try ASN1BitString(derEncoded: signature).paddingBits == 0
            else { throw CertificateRequestError(.malformed) }
        }
    }
}
