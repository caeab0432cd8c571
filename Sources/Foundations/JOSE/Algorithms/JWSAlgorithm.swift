// SPDX-License-Identifier: Apache-2.0

/// The nine asymmetric signature algorithms of RFC 7518 that an SVID may be signed with.
///
/// There is no case for `none`, for HMAC or for `EdDSA`: what is not here can't be asked for. Facts (SPIFFE) 4.
public enum JWSAlgorithm: String, Hashable, Sendable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = "RS256"
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    case rs384 = "RS384"
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    case rs512 = "RS512"
    /// ECDSA over P-256 with SHA-256.
    case es256 = "ES256"
    /// ECDSA over P-384 with SHA-384.
    case es384 = "ES384"
    /// ECDSA over P-521 with SHA-512.
    case es512 = "ES512"
    /// RSASSA-PSS with SHA-256, salt of 32 bytes.
    case ps256 = "PS256"
    /// RSASSA-PSS with SHA-384, salt of 48 bytes.
    case ps384 = "PS384"
    /// RSASSA-PSS with SHA-512, salt of 64 bytes.
    case ps512 = "PS512"

    /// Whether a key of this kind can make or check signatures of the algorithm: ECDSA is bound to one curve each.
    public func fits(_ kind: PublicKey.Kind) -> Bool {
        switch (self, kind) {
        case (.es256, .p256), (.es384, .p384), (.es512, .p521): true
        case (.rs256, .rsa), (.rs384, .rsa), (.rs512, .rsa), (.ps256, .rsa), (.ps384, .rsa), (.ps512, .rsa): true
        default: false
        }
    }

    /// What a key of this kind signs with unless told otherwise: ES256, ES384, ES512 or RS256; nil for Ed25519.
    public static func usual(for kind: PublicKey.Kind) -> JWSAlgorithm? {
        switch kind {
        case .p256: .es256
        case .p384: .es384
        case .p521: .es512
        case .rsa: .rs256
        case .ed25519: nil
        }
    }
}
