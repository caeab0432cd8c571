// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import KelmarkCrypto
internal import SPIFFE
internal import SwiftASN1
internal import X509

/// What a certificate will say, before it is signed. Always version 3, always ECDSA with SHA-256.
struct CertificateContent {
    var serial: CertificateSerial
    var issuer: DistinguishedName
    var notBefore: CertificateTime
    var notAfter: CertificateTime
    var subject: DistinguishedName
    var publicKey: Certificate.PublicKey
    var extensions: Certificate.Extensions

    /// Signs the content and reads the result back.
    func signed(by key: some Signer, publicKey authority: Certificate.PublicKey) async throws(IssuanceError)
        -> X509Certificate
    {
        guard notBefore < notAfter else { throw IssuanceError(.validity) }
        let body: [UInt8]
        do {
            var serializer = DER.Serializer()
            try write(to: &serializer)
            body = serializer.serializedBytes
        } catch {
            throw IssuanceError(.profile, "content can't be written")
        }
        let signature: [UInt8]
        do {
            signature = try await key.signature(over: body)
        } catch {
            throw IssuanceError(.signing, "the key refused")
        }
        guard signature.count == 64 else { throw IssuanceError(.signing, "not 64 bytes") }
        let certificate: X509Certificate
        do {
            certificate = try X509Certificate(der: try Self.assemble(body: body, signature: signature))
        } catch {
            throw IssuanceError(.selfCheck, "unreadable")
        }
        guard authority.isValidSignature(certificate.certificate.signature, for: certificate.certificate) else {
            throw IssuanceError(.signing, "the signature does not verify")
        }
        return certificate
    }

    private func write(to serializer: inout DER.Serializer) throws {
        try serializer.appendConstructedNode(identifier: .sequence) { body in
            try body.serialize(2, explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific)
            Self.writeInteger(serial.magnitude, to: &body)
            try Self.writeAlgorithm(to: &body)
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
    }

    private static func assemble(body: [UInt8], signature: [UInt8]) throws -> [UInt8] {
        var points = DER.Serializer()
        points.appendConstructedNode(identifier: .sequence) { sequence in
            writeInteger(Array(signature[..<32].drop { $0 == 0 }), to: &sequence)
            writeInteger(Array(signature[32...].drop { $0 == 0 }), to: &sequence)
        }
        let encoded = points.serializedBytes
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { certificate in
            certificate.serializeRawBytes(body)
            try writeAlgorithm(to: &certificate)
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

    private static func writeAlgorithm(to serializer: inout DER.Serializer) throws {
        try serializer.appendConstructedNode(identifier: .sequence) { algorithm in
            try algorithm.serialize(ecdsaWithSHA256)
        }
    }

    private static let ecdsaWithSHA256: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]

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

extension Signer {
    /// The public key as X.509 knows it.
    func certificateKey() throws(IssuanceError) -> Certificate.PublicKey {
        guard algorithm == .secp256r1, let key = try? P256.Signing.PublicKey(compressedRepresentation: publicKey) else {
            throw IssuanceError(.authorityKey)
        }
        return Certificate.PublicKey(key)
    }

    /// DER `subjectPublicKeyInfo` of the key, as an authority statement names it.
    /// - Throws: ``IssuanceError`` when the public key is no P-256 point.
    public func subjectPublicKeyInfo() throws(IssuanceError) -> [UInt8] {
        var serializer = DER.Serializer()
        do {
            try serializer.serialize(try certificateKey())
        } catch let error as IssuanceError {
            throw error
        } catch {
            throw IssuanceError(.authorityKey)
        }
        return serializer.serializedBytes
    }

    /// The key id of an X.509 authority: its subject key identifier (SHA-1 of the point, RFC 5280, 4.2.1.2) in hex.
    /// - Throws: ``IssuanceError`` when the public key is no P-256 point.
    public func x509KeyID() throws(IssuanceError) -> String {
        hexadecimal(SubjectKeyIdentifier(hash: try certificateKey()).keyIdentifier)
    }
}

/// Lower-case hex, two digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }.joined()
}
