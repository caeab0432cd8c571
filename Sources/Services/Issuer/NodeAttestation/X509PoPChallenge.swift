// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import JOSE
internal import KelmarkBytes
internal import SPIFFE
internal import SwiftASN1

/// A key that can sign the nonces of ``X509PoPAttestor``.
enum ProofKey: Sendable {
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case rsa(RSAPublicOperation)

    /// The key of a certificate; nil for kinds that sign in neither way.
    init?(_ certificate: X509Certificate) {
        let der = certificate.subjectPublicKeyInfo
        switch certificate.keyKind {
        case .p256:
            guard let key = try? P256.Signing.PublicKey(derRepresentation: der) else { return nil }
            self = .p256(key)
        case .p384:
            guard let key = try? P384.Signing.PublicKey(derRepresentation: der) else { return nil }
            self = .p384(key)
        case .p521:
            guard let key = try? P521.Signing.PublicKey(derRepresentation: der) else { return nil }
            self = .p521(key)
        case .rsa:
            guard let key = try? Self.rsa(der) else { return nil }
            self = .rsa(key)
        case .ed25519: return nil
        }
    }

    private static func rsa(_ der: [UInt8]) throws -> RSAPublicOperation {
        let key = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            guard nodes.next() != nil, let bits = nodes.next() else { throw X509PoPChallenge.Unreadable() }
            return Array(try ASN1BitString(derEncoded: bits).bytes)
        }
        let numbers = try DER.sequence(try DER.parse(key), identifier: .sequence) { nodes in
            guard let modulus = nodes.next(), let exponent = nodes.next() else { throw X509PoPChallenge.Unreadable() }
            return (
                Array(try ArraySlice<UInt8>(derEncoded: modulus)), Array(try ArraySlice<UInt8>(derEncoded: exponent))
            )
        }
        guard let operation = RSAPublicOperation(modulus: numbers.0, exponent: numbers.1) else {
            throw X509PoPChallenge.Unreadable()
        }
        return operation
    }

    /// The member of challenge and answer that is for this kind of key.
    var label: String {
        if case .rsa = self { "rsa_signature" } else { "ecdsa_signature" }
    }
}

/// The question of ``X509PoPAttestor``: sign our nonce and one of yours. Facts (SPIFFE) 12.3.
struct X509PoPChallenge: AttestationChallenge {
    struct Unreadable: Error {}

    let key: ProofKey
    let nonce: [UInt8]
    let node: AttestedNode

    func bytes() throws(IssuerError) -> [UInt8] {
        try AttestationJSON.write([key.label: ["nonce": .text(StandardBase64.encodedString(nonce))]])
    }

    func answered(_ response: [UInt8]) async throws(IssuerError) -> AttestationStep {
        guard let answer = try AttestationJSON(response, "challenge response").object(key.label) else {
            throw IssuerError(.invalidArgument, "missing \(key.label) in challenge response")
        }
        let own = try answer.bytes("nonce")
        guard own.count == AttestationLimits.nonceBytes else {
            throw IssuerError(.invalidArgument, "invalid response nonce size")
        }
        let digest = SHA256.hash(data: nonce + own)
        let isValid: Bool
        switch key {
        case .p256(let key):
            let raw = try Self.raw(answer, width: 32)
            isValid =
                raw.flatMap { try? P256.Signing.ECDSASignature(rawRepresentation: $0) }
                .map { key.isValidSignature($0, for: digest) } ?? false
        case .p384(let key):
            let raw = try Self.raw(answer, width: 48)
            isValid =
                raw.flatMap { try? P384.Signing.ECDSASignature(rawRepresentation: $0) }
                .map { key.isValidSignature($0, for: digest) } ?? false
        case .p521(let key):
            let raw = try Self.raw(answer, width: 66)
            isValid =
                raw.flatMap { try? P521.Signing.ECDSASignature(rawRepresentation: $0) }
                .map { key.isValidSignature($0, for: digest) } ?? false
        case .rsa(let key):
            isValid = RSASignatureCheck.isPSS(try answer.bytes("signature"), of: Array(digest), by: key)
        }
        guard isValid else { throw IssuerError(.permissionDenied, "challenge response verification failed") }
        return .attested(node)
    }

    /// `r` and `s`, magnitudes without leading zeros as Go writes them, in their fixed width; nil when one is too long.
    private static func raw(_ answer: AttestationJSON, width: Int) throws(IssuerError) -> [UInt8]? {
        var raw: [UInt8] = []
        for label in ["r", "s"] {
            let number = Array(try answer.bytes(label).drop { $0 == 0 })
            guard number.count <= width else { return nil }
            raw += [UInt8](repeating: 0, count: width - number.count) + number
        }
        return raw
    }
}
