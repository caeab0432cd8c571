// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1
package import X509

/// A PKCS#10 request before it is signed (RFC 2986). As with ``CertificateContent``, the private key may live anywhere.
package struct CertificateRequestContent {
    package var subject: DistinguishedName
    package var publicKey: Certificate.PublicKey
    /// The names that are asked for; none leaves the extension out.
    package var names: [GeneralName]

    package init(
        subject: DistinguishedName, publicKey: Certificate.PublicKey, names: [GeneralName]
    ) {
        self.subject = subject
        self.publicKey = publicKey
        self.names = names
    }

    /// The DER bytes that the key signs.
    package func body() throws -> [UInt8] {
        var attributes: [CertificateSigningRequest.Attribute] = []
        if !names.isEmpty {
            let wish = ExtensionRequest(extensions: try Certificate.Extensions { SubjectAlternativeNames(names) })
            attributes.append(try CertificateSigningRequest.Attribute(wish))
        }
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { body in
            try body.serialize(0)
            try body.serialize(subject)
            try body.serialize(publicKey)
            try body.serializeSetOf(
                attributes, identifier: ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific))
        }
        return serializer.serializedBytes
    }

    /// The request of a body and its signature, both as ``CertificateContent`` has them.
    package static func request(
        body: [UInt8], signature: [UInt8], algorithm: CertificateContent.SignatureAlgorithm
    ) throws -> [UInt8] {
        try CertificateContent.signedDocument(body: body, signature: signature, algorithm: algorithm)
    }
}
