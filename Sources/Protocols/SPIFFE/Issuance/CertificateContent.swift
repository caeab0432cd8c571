// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1
package import X509

/// What a certificate will say, before it is signed. Always version 3.
///
/// It is signed in two steps, so that the private key may live anywhere: ``body(for:)`` gives the bytes that the key
/// signs, ``certificate(body:signature:algorithm:)`` joins them with the signature.
package struct CertificateContent {
    package var serial: CertificateSerial
    package var issuer: DistinguishedName
    package var notBefore: CertificateTime
    package var notAfter: CertificateTime
    package var subject: DistinguishedName
    package var publicKey: Certificate.PublicKey
    package var extensions: Certificate.Extensions

    package init(
        serial: CertificateSerial, issuer: DistinguishedName, notBefore: CertificateTime, notAfter: CertificateTime,
        subject: DistinguishedName, publicKey: Certificate.PublicKey, extensions: Certificate.Extensions
    ) {
        self.serial = serial
        self.issuer = issuer
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.subject = subject
        self.publicKey = publicKey
        self.extensions = extensions
    }

    /// How certificates are signed: one algorithm for each kind of key.
    package enum SignatureAlgorithm: Hashable, Sendable {
        /// ECDSA with SHA-256, by keys of P-256.
        case ecdsaWithSHA256
        /// ECDSA with SHA-384, by keys of P-384.
        case ecdsaWithSHA384
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        case rsaWithSHA256
    }

    /// The DER bytes that the issuer's key signs.
    package func body(for algorithm: SignatureAlgorithm) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { body in
            try body.serialize(2, explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific)
            Self.writeInteger(serial.magnitude, to: &body)
            try algorithm.write(to: &body)
            try body.serialize(issuer)
            try body.appendConstructedNode(identifier: .sequence) { validity in
                try Self.writeTime(notBefore, to: &validity)
                try Self.writeTime(notAfter, to: &validity)
            }
            try body.serialize(subject)
            try body.serialize(publicKey)
            try body.serialize(explicitlyTaggedWithTagNumber: 3, tagClass: .contextSpecific) { tagged in
                try tagged.serializeSequenceOf(extensions)
            }
        }
        return serializer.serializedBytes
    }

    /// The certificate of a body and its signature: r and s of equal width behind one another, or an RSA signature.
    /// Whether the signature is right is not looked at.
    package static func certificate(
        body: [UInt8], signature: [UInt8], algorithm: SignatureAlgorithm
    ) throws -> X509Certificate {
        try X509Certificate(der: try signedDocument(body: body, signature: signature, algorithm: algorithm))
    }

    /// What certificates and requests have in common: the body, the algorithm, the signature.
    static func signedDocument(
        body: [UInt8], signature: [UInt8], algorithm: SignatureAlgorithm
    ) throws -> [UInt8] {
        var encoded = signature
        if algorithm != .rsaWithSHA256 {
            var points = DER.Serializer()
            points.appendConstructedNode(identifier: .sequence) { sequence in
                let width = signature.count / 2
                writeInteger(Array(signature[..<width].drop { $0 == 0 }), to: &sequence)
                writeInteger(Array(signature[width...].drop { $0 == 0 }), to: &sequence)
            }
            encoded = points.serializedBytes
        }
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { certificate in
            certificate.serializeRawBytes(body)
            try algorithm.write(to: &certificate)
            try certificate.serialize(ASN1BitString(bytes: encoded[...]))
        }
        return serializer.serializedBytes
    }

    /// A number that is not negative, from its big-endian bytes without leading zeros.
    private static func writeInteger(_ magnitude: [UInt8], to serializer: inout DER.Serializer) {
        serializer.appendPrimitiveNode(identifier: .integer) { bytes in
            if magnitude.first.map({ $0 >= 0x80 }) ?? true { bytes.append(0) }
            bytes.append(contentsOf: magnitude)
        }
    }

    /// RFC 5280, 4.1.2.5: two digits of the year until 2049, four from 2050 on.
    private static func writeTime(_ time: CertificateTime, to serializer: inout DER.Serializer) throws {
        let parts = time.parts
        if parts.year < 2050 {
            try serializer.serialize(
                UTCTime(
                    year: parts.year, month: parts.month, day: parts.day, hours: parts.hour, minutes: parts.minute,
                    seconds: parts.second))
        } else {
            try serializer.serialize(
                GeneralizedTime(
                    year: parts.year, month: parts.month, day: parts.day, hours: parts.hour, minutes: parts.minute,
                    seconds: parts.second, fractionalSeconds: 0))
        }
    }
}

extension CertificateContent.SignatureAlgorithm {
    fileprivate func write(to serializer: inout DER.Serializer) throws {
        try serializer.appendConstructedNode(identifier: .sequence) { algorithm in
            switch self {
            case .ecdsaWithSHA256: try algorithm.serialize([1, 2, 840, 10045, 4, 3, 2] as ASN1ObjectIdentifier)
            case .ecdsaWithSHA384: try algorithm.serialize([1, 2, 840, 10045, 4, 3, 3] as ASN1ObjectIdentifier)
            case .rsaWithSHA256:
                try algorithm.serialize([1, 2, 840, 113549, 1, 1, 11] as ASN1ObjectIdentifier)
                try algorithm.serialize(ASN1Null())
            }
        }
    }
}
