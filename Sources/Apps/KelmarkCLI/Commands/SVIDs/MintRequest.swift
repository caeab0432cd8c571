// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import IdentityGRPC
internal import SwiftASN1
internal import X509

/// A fresh P-256 key, and the PKCS#10 request that shows that it is ours and whom it is for.
struct MintRequest {
    /// The request.
    let der: [UInt8]
    /// The key as PKCS#8.
    let privateKey: [UInt8]

    init(id: IDRecord, dnsNames: [String]) throws {
        let key = P256.Signing.PrivateKey()
        let names: [GeneralName] = [.uniformResourceIdentifier(id.description)] + dnsNames.map { .dnsName($0) }
        let extensions = try Certificate.Extensions { SubjectAlternativeNames(names) }
        let request = try CertificateSigningRequest(
            version: .v1, subject: DistinguishedName(), privateKey: Certificate.PrivateKey(key),
            attributes: CertificateSigningRequest.Attributes([.init(ExtensionRequest(extensions: extensions))]),
            signatureAlgorithm: .ecdsaWithSHA256)
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        der = serializer.serializedBytes
        privateKey = Array(key.derRepresentation)
    }
}
