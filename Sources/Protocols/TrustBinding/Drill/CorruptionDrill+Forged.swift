// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import Crypto
internal import KERI
internal import KelmarkBytes
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
        let longer = try AuthorityStatement.stating(
            .x509, issuer: statement.issuer, trustDomain: statement.trustDomain, keyID: statement.keyID,
            subjectPublicKeyInfo: statement.subjectPublicKeyInfo, notBefore: statement.notBefore,
            notAfter: statement.notAfter.advanced(by: 1),
            credential: statement.credential)
        let roguely = try AuthorityStatement.x509(
            issuer: statement.issuer, trustDomain: statement.trustDomain, key: rogue,
            notBefore: statement.notBefore,
            notAfter: statement.notAfter, credential: statement.credential)
        let wider = try widerCredential()
        let founded = try AuthorityStatement.stating(
            .x509, issuer: statement.issuer, trustDomain: statement.trustDomain, keyID: statement.keyID,
            subjectPublicKeyInfo: statement.subjectPublicKeyInfo, notBefore: statement.notBefore,
            notAfter: statement.notAfter, credential: wider.said)
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
                corruption("credential-wider", "a credential with wider limits", .undecidable, .registry),
                try rebuilt([(places.credential, wider.message)])
            ),
            (
                corruption(
                    "credential-forged", "a credential with wider limits, and a statement of it", .undecidable,
                    .credential),
                try rebuilt([(places.credential, wider.message), (places.statement, founded.bytes)])
            ),
            (
                corruption(
                    "revocation-forged", "a revocation that the organisation did not seal", .contradicted, .registry),
                try rebuilt([(places.registry, file.parts[places.registry].content + (try forgedRevocation()))])
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

    /// The authority credential with one key more, and all digests right.
    private func widerCredential() throws -> (said: Primitive, message: [UInt8]) {
        guard let presented = file.parts[places.credential].presented,
            var body = try OrderedValue(parsing: presented.credential.bytes.span, format: .json).mapValue,
            var attributes = body["a"]?.mapValue, let keys = attributes["maxKeys"]?.integerValue
        else { throw ProofFileError(.credentialMalformed, at: 0) }
        attributes["maxKeys"] = OrderedValue(keys + 1)
        try KERI.SelfAddressing.seal(&attributes)
        body["a"] = .map(attributes)
        let bytes = try KERI.SelfAddressing.seal(&body, version: true)
        guard let said = body["d"]?.textValue.flatMap({ SAID($0) }) else {
            throw ProofFileError(.credentialMalformed, at: 0)
        }
        let issuance = presented.issuance
        var attachments = Attachments()
        attachments.sealSourceTriples = [
            SealSourceTriple(prefix: said.primitive, sn: issuance.sn.value, said: issuance.said.primitive)
        ]
        return (said.primitive, bytes + (try attachments.encoded()))
    }

    /// A revocation of the credential that names the seal of the issuance as its own.
    private func forgedRevocation() throws -> [UInt8] {
        let issuance = file.parts[places.registry].transactions[places.issuance]
        let bytes = try MessageBuilder.body(
            .revocation,
            [
                ("d", ""), ("i", .text(issuance.event.subject.text)), ("s", "1"),
                ("ri", .text(file.parts[places.registry].name.id)), ("p", .text(issuance.event.said.text)),
                ("dt", .text(Timestamp(seconds: time.seconds).description)),
            ], digests: ["d"])
        var attachments = Attachments()
        attachments.sealSourceCouples = [
            SealSourceCouple(sn: issuance.anchor.sn.value, said: issuance.anchor.said.primitive)
        ]
        return bytes + (try attachments.encoded())
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
