// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import KelmarkCrypto
internal import SPIFFE
internal import SwiftASN1
internal import X509

extension CertificateContent {
    /// Signs the content with ECDSA and SHA-256, and reads the result back.
    func signed(by key: some Signer, publicKey authority: Certificate.PublicKey) async throws(IssuanceError)
        -> X509Certificate
    {
        guard notBefore < notAfter else { throw IssuanceError(.validity) }
        let body: [UInt8]
        do {
            body = try self.body(for: .ecdsaWithSHA256)
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
            certificate = try Self.certificate(body: body, signature: signature, algorithm: .ecdsaWithSHA256)
        } catch {
            throw IssuanceError(.selfCheck, "unreadable")
        }
        guard authority.isValidSignature(certificate.certificate.signature, for: certificate.certificate) else {
            throw IssuanceError(.signing, "the signature does not verify")
        }
        return certificate
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
