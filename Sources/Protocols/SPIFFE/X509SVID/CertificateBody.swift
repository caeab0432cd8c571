// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1

/// The parts of a certificate that are wanted as bytes or whole seconds, read from the same DER.
struct CertificateBody {
    var signatureAlgorithm: [UInt8]
    var outerSignatureAlgorithm: [UInt8]
    var notBefore: CertificateTime
    var notAfter: CertificateTime
    var subjectPublicKeyInfo: [UInt8]

    init(of der: [UInt8]) throws {
        self = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            guard let signed = nodes.next(), let algorithm = nodes.next(), let signature = nodes.next() else {
                throw X509CertificateError(.malformed)
            }
            // A signature is whole bytes; otherwise one certificate would have several spellings.
            guard try ASN1BitString(derEncoded: signature).paddingBits == 0 else {
                throw X509CertificateError(.malformed)
            }
            return try DER.sequence(signed, identifier: .sequence) { fields in
                try CertificateBody(fields: &fields, outer: algorithm)
            }
        }
    }

    private init(fields: inout ASN1NodeCollection.Iterator, outer: ASN1Node) throws {
        let version = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)
        var first = fields.next()
        if first?.identifier == version { first = fields.next() }
        guard first != nil, let algorithm = fields.next(), fields.next() != nil, let validity = fields.next(),
            fields.next() != nil, let key = fields.next()
        else { throw X509CertificateError(.malformed) }
        while fields.next() != nil {}
        signatureAlgorithm = Array(algorithm.encodedBytes)
        outerSignatureAlgorithm = Array(outer.encodedBytes)
        subjectPublicKeyInfo = Array(key.encodedBytes)
        (notBefore, notAfter) = try DER.sequence(validity, identifier: .sequence) { times in
            guard let start = times.next(), let end = times.next() else { throw X509CertificateError(.malformed) }
            return (try Self.time(start), try Self.time(end))
        }
    }

    private static func time(_ node: ASN1Node) throws -> CertificateTime {
        let moment: CertificateTime?
        if node.identifier == .utcTime {
            let time = try UTCTime(derEncoded: node)
            moment = CertificateTime(
                year: time.year, month: time.month, day: time.day, hour: time.hours, minute: time.minutes,
                second: time.seconds)
        } else {
            let time = try GeneralizedTime(derEncoded: node)
            moment =
                time.fractionalSeconds == 0
                ? CertificateTime(
                    year: time.year, month: time.month, day: time.day, hour: time.hours, minute: time.minutes,
                    second: time.seconds) : nil
        }
        guard let moment else { throw X509CertificateError(.validity) }
        return moment
    }
}
