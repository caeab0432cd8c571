// SPDX-License-Identifier: Apache-2.0

public import CESR
internal import KelmarkBytes
public import KelmarkCrypto
public import SPIFFE
internal import SwiftASN1
internal import X509

/// An issuer AID says: this key signs SVIDs of this trust domain from then to then. `03-binding.md`, section 2.
///
/// Members: `d t i td kind kid spki nb na cred log prev`. It counts while its SAID is sealed in the issuer's key
/// event log and no withdrawal is.
public struct AuthorityStatement: SealedRecord {
    /// The value of member `t`.
    public static let type = "km.statement.1"

    /// What the key signs.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// X.509-SVIDs.
        case x509
        /// JWT-SVIDs.
        case jwt
    }

    /// The digest that is sealed.
    public let said: Primitive
    /// The bytes that the digest is over.
    public let bytes: [UInt8]
    /// The issuer AID (`i`).
    public let issuer: Primitive
    /// The trust domain (`td`).
    public let trustDomain: TrustDomain
    /// What the key signs (`kind`).
    public let kind: Kind
    /// Id of the key in the bundle (`kid`): hex subject key identifier, or RFC 7638 thumbprint for JWT.
    public let keyID: String
    /// DER `subjectPublicKeyInfo` of the key (`spki`).
    public let subjectPublicKeyInfo: [UInt8]
    /// First moment of validity (`nb`).
    public let notBefore: CertificateTime
    /// Last moment of validity (`na`).
    public let notAfter: CertificateTime
    /// SAID of the authority credential that authorises the issuer (`cred`).
    public let credential: Primitive
    /// AID of the issuance log (`log`), nil without one.
    public let log: Primitive?
    /// SAID of the statement before this one (`prev`); for ordering only.
    public let previous: Primitive?

    /// Reads a statement.
    /// - Throws: ``RecordError``.
    public init(parsing bytes: [UInt8]) throws(RecordError) {
        let fields = try RecordFields(
            bytes, type: Self.type,
            labels: ["i", "td", "kind", "kid", "spki", "nb", "na", "cred", "log", "prev"])
        let issuer = try fields.aid("i")
        let trustDomain = try fields.trustDomain("td")
        guard let kind = Kind(rawValue: try fields.text("kind")) else { throw fields.wrong("kind") }
        let keyID = try fields.text("kid")
        let key = try fields.base64URL("spki")
        try Self.check(keyID: keyID, of: key, kind: kind, in: fields)
        let notBefore = try fields.time("nb")
        let notAfter = try fields.time("na")
        guard notBefore < notAfter else { throw fields.wrong("na") }
        let credential = try fields.said("cred")
        let log = try fields.optionalAID("log")
        let previous = try fields.optionalSAID("prev")
        said = fields.said
        self.bytes = bytes
        self.issuer = issuer
        self.trustDomain = trustDomain
        self.kind = kind
        self.keyID = keyID
        subjectPublicKeyInfo = key
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.credential = credential
        self.log = log
        self.previous = previous
    }

    private static func check(
        keyID: String, of key: [UInt8], kind: Kind, in fields: RecordFields
    ) throws(RecordError) {
        guard let keyKind = PublicKeyKind(subjectPublicKeyInfo: key),
            let publicKey = try? Certificate.PublicKey(derEncoded: key)
        else { throw fields.wrong("spki") }
        switch kind {
        case .x509:
            guard keyKind == .p256 else { throw fields.wrong("spki") }
            guard keyID == hexadecimal(SubjectKeyIdentifier(hash: publicKey).keyIdentifier) else {
                throw fields.wrong("kid")
            }
        case .jwt:
            guard keyID.utf8.count == 43, (try? Base64URL.decode(keyID.utf8.span)) != nil else {
                throw fields.wrong("kid")
            }
        }
    }

    /// Makes the statement of an X.509 signing key.
    ///
    /// - Parameters:
    ///   - issuer: the AID that will seal the statement.
    ///   - trustDomain: the trust domain that the key signs for.
    ///   - key: the signing key.
    ///   - notBefore: first moment of validity.
    ///   - notAfter: last moment of validity.
    ///   - credential: the authority credential that authorises the issuer.
    ///   - log: AID of the issuance log.
    ///   - previous: SAID of the statement before.
    /// - Throws: ``RecordError`` when a value breaks the rules; ``IssuanceError`` when the key is no P-256 key.
    public static func x509(
        issuer: Primitive, trustDomain: TrustDomain, key: some Signer, notBefore: CertificateTime,
        notAfter: CertificateTime, credential: Primitive, log: Primitive? = nil, previous: Primitive? = nil
    ) throws -> AuthorityStatement {
        let keyID = try key.x509KeyID()
        let subjectPublicKeyInfo = try key.subjectPublicKeyInfo()
        return try stating(
            .x509, issuer: issuer, trustDomain: trustDomain, keyID: keyID, subjectPublicKeyInfo: subjectPublicKeyInfo,
            notBefore: notBefore, notAfter: notAfter, credential: credential, log: log, previous: previous)
    }

    /// Makes a statement about a key of which only the public half is at hand.
    /// - Parameters:
    ///   - keyID: hex subject key identifier for certificates, RFC 7638 thumbprint for tokens.
    ///   - subjectPublicKeyInfo: the key in DER.
    /// - Throws: ``RecordError`` when a value breaks the rules.
    public static func stating(
        _ kind: Kind, issuer: Primitive, trustDomain: TrustDomain, keyID: String, subjectPublicKeyInfo: [UInt8],
        notBefore: CertificateTime, notAfter: CertificateTime, credential: Primitive, log: Primitive? = nil,
        previous: Primitive? = nil
    ) throws(RecordError) -> AuthorityStatement {
        try sealing([
            "i": .text(issuer.text), "td": .text(trustDomain.name), "kind": .text(kind.rawValue),
            "kid": .text(keyID), "spki": .text(Base64URL.encodedString(subjectPublicKeyInfo.span)),
            "nb": .text(notBefore.description), "na": .text(notAfter.description), "cred": .text(credential.text),
            "log": .text(log?.text ?? ""), "prev": .text(previous?.text ?? ""),
        ])
    }
}
