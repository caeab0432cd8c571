// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1

/// The encodings in which chains, bundles and keys travel. Facts (SPIFFE) 3.3.
public enum CertificateEncoding {
    /// Certificates in DER, one behind the other, as the Workload API carries chains and bundles.
    public static func concatenatedDER(_ certificates: [X509Certificate]) -> [UInt8] {
        certificates.flatMap(\.der)
    }

    /// Parts DER certificates that stand one behind the other. They are not read further.
    /// - Throws: ``X509CertificateError``: too many or too large ones, or bytes that are no DER sequence.
    public static func certificates(
        inConcatenatedDER bytes: [UInt8], most: Int = X509SVIDOutcome.longestChain
    ) throws(X509CertificateError) -> [[UInt8]] {
        var certificates: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard certificates.count < most else { throw X509CertificateError(.tooLarge) }
            let length = try sequenceLength(rest)
            certificates.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return certificates
    }

    /// Certificates in PEM, one behind the other.
    public static func pem(_ certificates: [X509Certificate]) -> String { certificates.map(\.pem).joined() }

    /// An unencrypted PKCS#8 key in PEM.
    public static func pem(pkcs8: [UInt8]) -> String {
        PEMDocument(type: "PRIVATE KEY", derBytes: pkcs8).pemString + "\n"
    }

    /// The DER certificates of a PEM text, in order.
    /// - Throws: ``X509CertificateError``: no PEM, or a document in it that is no certificate.
    public static func certificates(
        inPEM text: String, most: Int = X509SVIDOutcome.longestChain
    ) throws(X509CertificateError) -> [[UInt8]] {
        let documents = try documents(text)
        guard documents.count <= most else { throw X509CertificateError(.tooLarge) }
        guard documents.allSatisfy({ $0.discriminator == "CERTIFICATE" }) else {
            throw X509CertificateError(.malformed)
        }
        return documents.map(\.derBytes)
    }

    /// The one PKCS#8 key of a PEM text.
    /// - Throws: ``X509CertificateError`` when it holds anything else.
    public static func pkcs8(inPEM text: String) throws(X509CertificateError) -> [UInt8] {
        let documents = try documents(text)
        guard documents.count == 1 else { throw X509CertificateError(.malformed) }
        guard documents[0].discriminator == "PRIVATE KEY" else { throw X509CertificateError(.malformed) }
        return documents[0].derBytes
    }

    private static func documents(_ text: String) throws(X509CertificateError) -> [PEMDocument] {
        guard let documents = try? PEMDocument.parseMultiple(pemString: text) else {
            throw X509CertificateError(.malformed)
        }
        return documents
    }

    /// Bytes of the DER sequence at the beginning, head included.
    private static func sequenceLength(_ bytes: ArraySlice<UInt8>) throws(X509CertificateError) -> Int {
        var iterator = bytes.makeIterator()
        guard iterator.next() == 0x30, let first = iterator.next() else { throw X509CertificateError(.malformed) }
        var length = Int(first)
        var head = 2
        if first >= 0x80 {
            // A certificate has more than 127 and at most 65,536 bytes: two or three of length.
            guard (0x81...0x83).contains(first) else { throw X509CertificateError(.malformed) }
            length = 0
            for _ in 0..<(first & 0x7f) {
                guard let byte = iterator.next() else { throw X509CertificateError(.malformed) }
                length = length << 8 | Int(byte)
                head += 1
            }
        }
        guard head + length <= X509Certificate.largestCertificate else { throw X509CertificateError(.tooLarge) }
        guard head + length <= bytes.count else { throw X509CertificateError(.malformed) }
        return head + length
    }
}
