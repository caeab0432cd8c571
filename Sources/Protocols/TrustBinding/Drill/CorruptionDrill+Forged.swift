// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import Crypto
internal import KelmarkCrypto
internal import SPIFFE
internal import X509

extension CorruptionDrill {
    // MARK: Forged by somebody with other keys, manifest rebuilt

    func forgeries() async throws -> [(Corruption, [UInt8])] {
        guard case .statement(let statement)? = try? BindingRecord(parsing: file.parts[places.statement].content),
            let authority = try? X509Certificate(der: file.parts[places.authority].content),
            let ders = ProofFileReader.certificates(in: file.parts[places.svid].content),
            let leaf = try? X509Certificate(der: ders[0]), let id = try? SPIFFEID(leaf.uris[0]),
            let serial = CertificateSerial(random: [UInt8](repeating: 0x5a, count: 16))
        else { return [] }
        let rogue = try RogueKey()
        let forged = try await IssuingAuthority.selfSigned(
            key: rogue, trustDomain: trustDomain,
            hints: SubjectHints(aid: statement.issuer.text, statement: statement.said.text),
            notBefore: authority.notBefore, notAfter: authority.notAfter, serial: serial)
        let forgedLeaf = try await forged.issue(
            publicKey: leaf.certificate.publicKey, id: id, now: time, lifetime: 60, serial: serial)
        let longer = try AuthorityStatement.x509(
            issuer: statement.issuer, trustDomain: statement.trustDomain, keyID: statement.keyID,
            subjectPublicKeyInfo: statement.subjectPublicKeyInfo, notBefore: statement.notBefore,
            notAfter: statement.notAfter.advanced(by: 1),
            credential: statement.credential)
        let roguely = try AuthorityStatement.x509(
            issuer: statement.issuer, trustDomain: statement.trustDomain, key: rogue, notBefore: statement.notBefore,
            notAfter: statement.notAfter, credential: statement.credential)
        func rebuilt(_ changes: [(Int, [UInt8])]) throws -> [UInt8] {
            var parts = file.parts
            for (place, content) in changes { parts[place] = parts[place].replacing(content) }
            return try ProofFileWriter.file(of: parts)
        }
        return [
            (
                corruption("authority-forged", "authority and SVID of another key", .contradicted, .authority),
                try rebuilt([(places.authority, forged.certificate.der), (places.svid, forgedLeaf.der)])
            ),
            (
                corruption("svid-forged", "an SVID that another key signed", .contradicted, .svid),
                try rebuilt([(places.svid, forgedLeaf.der)])
            ),
            (
                corruption("statement-longer", "the statement made to last longer", .undecidable, .statement),
                try rebuilt([(places.statement, longer.bytes)])
            ),
            (
                corruption(
                    "statement-forged", "statement, authority and SVID of another key", .undecidable, .statement),
                try rebuilt([
                    (places.statement, roguely.bytes), (places.authority, forged.certificate.der),
                    (places.svid, forgedLeaf.der),
                ])
            ),
        ]
    }
}

/// A key that the organisation never heard of.
private struct RogueKey: Signer {
    let algorithm = SignatureAlgorithm.secp256r1
    let publicKey: [UInt8]
    private let key: P256.Signing.PrivateKey

    init() throws {
        key = try P256.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 0x42, count: 32))
        publicKey = Array(key.publicKey.compressedRepresentation)
    }

    func signature(over message: [UInt8]) async throws -> [UInt8] {
        Array(try key.signature(for: message).rawRepresentation)
    }
}
