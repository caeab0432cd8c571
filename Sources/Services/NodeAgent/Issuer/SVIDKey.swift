// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import CryptoExtras
private import SwiftASN1
private import X509

/// The private key of an SVID, made here and known to nobody but the workload that gets it.
///
/// The bytes stay in the crypto library's own memory until ``pkcs8`` is asked for.
public struct SVIDKey: Hashable, Sendable {
    /// Which key is made. The raw values are those of SPIRE's `workload_x509_svid_key_type`.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// ECDSA on P-256.
        case p256 = "ec-p256"
        /// RSA with 2048 bits.
        case rsa2048 = "rsa-2048"
    }

    private enum Storage: Sendable {
        case p256(P256.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
    }

    private let storage: Storage
    /// The public key as `subjectPublicKeyInfo` in DER.
    public let subjectPublicKeyInfo: [UInt8]

    private init(_ storage: Storage) {
        self.storage = storage
        subjectPublicKeyInfo =
            switch storage {
            case .p256(let key): [UInt8](key.publicKey.derRepresentation)
            case .rsa(let key): [UInt8](key.publicKey.derRepresentation)
            }
    }

    /// A fresh key. RSA takes a good part of a second: not on a thread that others wait for.
    /// - Throws: what the crypto library fails with.
    public static func random(_ kind: Kind) throws -> SVIDKey {
        switch kind {
        case .p256: SVIDKey(.p256(P256.Signing.PrivateKey()))
        case .rsa2048: SVIDKey(.rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048)))
        }
    }

    /// Reads a P-256 key in PKCS#8, as ``pkcs8`` writes it; nil when it is none.
    init?(p256PKCS8 der: [UInt8]) {
        guard let key = try? P256.Signing.PrivateKey(derRepresentation: der) else { return nil }
        self.init(.p256(key))
    }

    /// The key as PKCS#8 in DER. The caller wipes it.
    public var pkcs8: [UInt8] {
        switch storage {
        case .p256(let key): [UInt8](key.derRepresentation)
        case .rsa(let key): [UInt8](key.pkcs8DERRepresentation)
        }
    }

    /// A PKCS#10 request in DER, signed by the key. It names nobody: the issuer takes nothing but the key from it.
    /// - Throws: what the certificate library fails with.
    func certificateRequest() throws -> [UInt8] {
        let key: Certificate.PrivateKey =
            switch storage {
            case .p256(let key): Certificate.PrivateKey(key)
            case .rsa(let key): Certificate.PrivateKey(key)
            }
        let name = try DistinguishedName {
            CountryName("US")
            OrganizationName("SPIRE")
        }
        let request = try CertificateSigningRequest(
            version: .v1, subject: name, privateKey: key, attributes: CertificateSigningRequest.Attributes([]))
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        return serializer.serializedBytes
    }

    /// The same public key.
    public static func == (left: SVIDKey, right: SVIDKey) -> Bool {
        left.subjectPublicKeyInfo == right.subjectPublicKeyInfo
    }

    /// Hashes the public key.
    public func hash(into hasher: inout Hasher) { hasher.combine(subjectPublicKeyInfo) }
}
