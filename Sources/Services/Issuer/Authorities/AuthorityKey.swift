// SPDX-License-Identifier: Apache-2.0

public import JOSE

/// What kind of key an authority has; the raw values are those of SPIRE's configuration.
public enum AuthorityKeyAlgorithm: String, Hashable, Sendable, CaseIterable {
    case p256 = "ec-p256"
    case p384 = "ec-p384"
    case rsa2048 = "rsa-2048"
    case rsa4096 = "rsa-4096"

    /// The one algorithm that such a key signs with, certificates as well as tokens: each key has one use, and no
    /// caller can ask for a weaker hash.
    public var signatureAlgorithm: JWSAlgorithm {
        switch self {
        case .p256: .es256
        case .p384: .es384
        case .rsa2048, .rsa4096: .rs256
        }
    }

    var privateKind: PrivateKey.Kind {
        switch self {
        case .p256: .p256
        case .p384: .p384
        case .rsa2048: .rsa2048
        case .rsa4096: .rsa4096
        }
    }

    init?(_ kind: PublicKey.Kind) {
        switch kind {
        case .p256: self = .p256
        case .p384: self = .p384
        case .rsa(bits: 2048): self = .rsa2048
        case .rsa(bits: 4096): self = .rsa4096
        default: return nil
        }
    }
}

/// The public half of an authority's key, and where its private half is.
public struct AuthorityKey: Hashable, Sendable {
    /// Where the private half is.
    public let slot: AuthoritySlot
    /// What kind of key it is.
    public let algorithm: AuthorityKeyAlgorithm
    /// The public key.
    public let publicKey: PublicKey
    /// DER `SubjectPublicKeyInfo`.
    public let subjectPublicKeyInfo: [UInt8]
    /// SHA-1 of the key's bits (RFC 5280, 4.2.1.2), which certificates name the key by.
    public let subjectKeyIdentifier: [UInt8]
    /// Names the authority: the subject key identifier in hex for certificates, the RFC 7638 thumbprint for tokens.
    /// Facts (SPIFFE) 13.4; `03-binding.md`, section 2.
    public let authorityID: String

    /// The key with this DER `SubjectPublicKeyInfo`.
    /// - Throws: ``IssuerError`` for a key of a kind that authorities do not have.
    public init(slot: AuthoritySlot, subjectPublicKeyInfo der: [UInt8]) throws(IssuerError) {
        let key: PublicKey
        do throws(KeyError) {
            key = try PublicKey(subjectPublicKeyInfo: der)
        } catch {
            throw IssuerError(.internal, "authority key is unusable", cause: error)
        }
        guard let algorithm = AuthorityKeyAlgorithm(key.kind) else {
            throw IssuerError(.internal, "authority key is unusable", detail: "\(key.kind)")
        }
        self.slot = slot
        self.algorithm = algorithm
        publicKey = key
        subjectPublicKeyInfo = der
        let identifier = KeyIdentifier.subjectKeyIdentifier(of: key)
        subjectKeyIdentifier = identifier
        authorityID =
            switch slot.kind {
            case .x509: Hexadecimal.text(identifier)
            case .jwt: key.thumbprint
            }
    }

    /// Equal bytes in the same place.
    public static func == (left: AuthorityKey, right: AuthorityKey) -> Bool {
        left.slot == right.slot && left.subjectPublicKeyInfo == right.subjectPublicKeyInfo
    }

    /// Hashes what ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(slot)
        hasher.combine(subjectPublicKeyInfo)
    }
}
