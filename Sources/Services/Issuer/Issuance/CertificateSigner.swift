// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import SPIFFE
internal import SwiftASN1
internal import X509

/// Signs certificates and tokens with keys that may live elsewhere.
struct CertificateSigner: Sendable {
    let keys: any AuthorityKeys

    /// The signed certificate, read back. Whether its signature is right is for the caller to check, against the
    /// certificate of the issuer.
    func sign(_ content: CertificateContent, by key: AuthorityKey) async throws -> X509Certificate {
        guard content.notBefore < content.notAfter else {
            throw IssuerError(.unavailable, "authority has ended", detail: key.authorityID)
        }
        let algorithm = key.algorithm.certificateAlgorithm
        let body: [UInt8]
        do {
            body = try content.body(for: algorithm)
        } catch {
            throw IssuerError(.internal, "certificate can't be written", cause: error)
        }
        let signature = try await keys.signature(over: body, by: key)
        guard signature.count == key.publicKey.signatureByteCount else {
            throw IssuerError(.internal, "certificate can't be signed", detail: "a signature of the wrong length")
        }
        do {
            return try CertificateContent.certificate(body: body, signature: signature, algorithm: algorithm)
        } catch {
            throw IssuerError(.internal, "certificate can't be read back", cause: error)
        }
    }
}

/// An authority's key as something that signs tokens.
struct AuthorityTokenSigner: JWSSigner {
    let keys: any AuthorityKeys
    let key: AuthorityKey

    var algorithm: JWSAlgorithm { key.algorithm.signatureAlgorithm }
    var publicKey: PublicKey { key.publicKey }

    func signature(over signingInput: [UInt8]) async throws -> [UInt8] {
        try await keys.signature(over: signingInput, by: key)
    }
}

extension AuthorityKeyAlgorithm {
    var certificateAlgorithm: CertificateContent.SignatureAlgorithm {
        switch self {
        case .p256: .ecdsaWithSHA256
        case .p384: .ecdsaWithSHA384
        case .rsa2048, .rsa4096: .rsaWithSHA256
        }
    }
}

extension AuthorityKey {
    /// The public key as certificates hold it.
    func certificateKey() throws(IssuerError) -> Certificate.PublicKey {
        do {
            return try Certificate.PublicKey(derEncoded: subjectPublicKeyInfo)
        } catch {
            throw IssuerError(.internal, "authority key is unusable", cause: error)
        }
    }
}
